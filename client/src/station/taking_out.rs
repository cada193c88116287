//! The audit log of this workstation as a file, for a person who may take it out.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::Station;
use crate::ClientError;
use crate::audit_export::{Part, head_of, write_log};
use crate::view::AuditExportView;

impl Station {
    /// Writes the log into a new file. Under its own name it is there whole, or not at all.
    pub(crate) fn export_log(&self) -> Result<AuditExportView, ClientError> {
        let log = self.identity().log;
        self.ask(move |session| session.take_log_out(log))?;
        let name = self.now().to_zoned(self.clock().time_zone()).strftime("audit-%Y%m%d-%H%M%S.ckaudit");
        let path = self.settings().export_dir.join(name.to_string());
        let begun = path.with_extension("ckaudit.part");
        let file = create(&begun)?;
        let written = self.write_log_into(file).and_then(|written| {
            fs::rename(&begun, &path)?;
            Ok(written)
        });
        if written.is_err() {
            // Half an export opens for nobody; whether it could be taken away says nothing more.
            fs::remove_file(&begun).unwrap_or_default();
        }
        let written = written?;
        Ok(AuditExportView { path: path.display().to_string(), ..written })
    }

    fn write_log_into(&self, file: File) -> Result<AuditExportView, ClientError> {
        let (now, trust) = (self.now(), self.trust());
        let head = head_of(&self.device(), now, trust.root_certificate())?;
        let mut part = |first, most| Part::of(&self.device(), first, most);
        let mut out = Digested { out: BufWriter::new(file), digest: Sha256::new() };
        let (key, entries) =
            write_log(&head, &self.keys().checkpoint, &mut part, &mut out, &mut |_written, _all| {})?;
        out.flush()?;
        out.out.get_ref().sync_all()?;
        Ok(AuditExportView {
            path: String::new(),
            entries,
            confirmed: self.device().delivered_size()?.min(entries),
            sha256: out.digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
            // EXPOSE: shown once, for the person who carries it another way than the file.
            key: key.to_text().expose().to_owned(),
        })
    }
}

/// A new file that this account alone reads, in a folder that it alone reads.
fn create(path: &Path) -> io::Result<File> {
    let folder = path.parent().map(PathBuf::from).unwrap_or_default();
    let (mut builder, mut options) = (DirBuilder::new(), OpenOptions::new());
    builder.recursive(true);
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        builder.mode(0o700);
        options.mode(0o600);
    }
    builder.create(folder)?;
    options.open(path)
}

/// What is written, and its digest.
struct Digested<W> {
    out: W,
    digest: Sha256,
}

impl<W: Write> Write for Digested<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
