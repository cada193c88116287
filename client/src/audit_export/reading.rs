//! Reading an export part by part.

use std::io::{self, Read};

use keys::Unreadable;
use keys::export::{ExportKey, ExportOpener, ExportRefused, FRAME, PartKind, START, read_frame};
use sync::wire::ExportHead;

/// Why a file cannot be checked at all; what is wrong with a log that can is a [`super::Finding`].
#[derive(Debug, thiserror::Error)]
pub enum ExportProblem {
    /// The file could not be read.
    #[error("the file cannot be read ({0})")]
    Disk(#[from] io::Error),
    /// It is no export, or one of a later version.
    #[error("the file is not an export that this version knows: {0}")]
    NotAnExport(Unreadable),
    /// The head does not open.
    #[error("the file does not open: another key, or its beginning is damaged")]
    WrongKey,
    /// The root in it is not the one that is known.
    #[error("the export is of a practice with another root")]
    OtherRoot,
}

/// An export that is being read.
pub(super) struct Reading<'a> {
    file: &'a mut dyn Read,
    opener: ExportOpener<'a>,
}

/// What comes next in an export.
pub(super) enum Next {
    /// Entries, as they stand in the part.
    Entries(Vec<u8>),
    /// Marks of entries that came before, as they stand in the part.
    Marks(Vec<u8>),
    /// The end: the blob with the signature.
    End(Vec<u8>),
    /// Nothing that opens: the file was cut or changed here.
    Broken,
}

impl<'a> Reading<'a> {
    /// Opens the head.
    pub(super) fn begin(
        file: &'a mut dyn Read,
        key: &'a ExportKey,
    ) -> Result<(Self, ExportHead), ExportProblem> {
        let mut start = [0; START];
        read_whole(file, &mut start)?.then_some(()).ok_or(ExportProblem::NotAnExport(Unreadable::Damaged))?;
        let opener = ExportOpener::begin(key, &start).map_err(|refused| match refused {
            ExportRefused::Unreadable(why) => ExportProblem::NotAnExport(why),
            ExportRefused::NotOpened => ExportProblem::WrongKey,
        })?;
        let mut reading = Self { file, opener };
        let Some((PartKind::Head, blob)) = reading.part()? else { return Err(ExportProblem::WrongKey) };
        let json = reading.opener.open(PartKind::Head, &blob).map_err(|_| ExportProblem::WrongKey)?;
        let head = serde_json::from_slice(&json);
        Ok((reading, head.map_err(|_| ExportProblem::NotAnExport(Unreadable::Damaged))?))
    }

    /// The next part.
    pub(super) fn next(&mut self) -> Result<Next, ExportProblem> {
        Ok(match self.part()? {
            Some((PartKind::Entries, blob)) => {
                self.opener.open(PartKind::Entries, &blob).map_or(Next::Broken, Next::Entries)
            }
            Some((PartKind::Marks, blob)) => {
                self.opener.open(PartKind::Marks, &blob).map_or(Next::Broken, Next::Marks)
            }
            Some((PartKind::End, blob)) => Next::End(blob),
            Some((PartKind::Head, _)) | None => Next::Broken,
        })
    }

    /// What opens the parts, for the signature at the end.
    pub(super) fn opener(&self) -> &ExportOpener<'a> {
        &self.opener
    }

    /// Whether something follows the end.
    pub(super) fn has_more(&mut self) -> Result<bool, ExportProblem> {
        Ok(read_whole(self.file, &mut [0])?)
    }

    fn part(&mut self) -> Result<Option<(PartKind, Vec<u8>)>, ExportProblem> {
        let mut frame = [0; FRAME];
        if !read_whole(self.file, &mut frame)? {
            return Ok(None);
        }
        let Ok((kind, length)) = read_frame(frame) else { return Ok(None) };
        let mut blob = vec![0; length];
        Ok(read_whole(self.file, &mut blob)?.then_some((kind, blob)))
    }
}

/// Fills the buffer; `false` where the file ends before.
fn read_whole(file: &mut dyn Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
