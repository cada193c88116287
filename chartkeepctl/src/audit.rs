//! Audit logs by file: written from a data folder, and checked against the practice's root alone.

use crate::cli::{DataFolder, print};
use crate::failure::Failure;
use crate::files::create_new;
use client::audit_export::{ExportKey, ExportProblem, Finding, Purged, Report, StartKeys, check};
use client::keyring::OsKeyring;
use client::{Clock as _, SystemClock, audit_export};
use indicatif::{ProgressBar, ProgressStyle};
use keys::SecretBytes;
use records::id::DeviceId;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;

/// Writes the log of a workstation.
pub(crate) fn export(of: &DataFolder, to: &Path) -> Result<(), Failure> {
    let cannot = |error| Failure::disk("The export cannot be written.", &error);
    let mut file = BufWriter::new(create_new(to).map_err(cannot)?);
    let (keyring, bar) = (OsKeyring::new(&of.keyring_service), progress("writing"));
    let now = SystemClock::new().now();
    let exported = audit_export::export(&of.data_dir, &keyring, &mut file, now, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })?;
    file.flush().and_then(|()| file.get_ref().sync_all()).map_err(cannot)?;
    bar.finish_and_clear();
    // EXPOSE: printed once, for the person who carries it another way than the file.
    let key = exported.key.to_text();
    print(&json!({ "entries": exported.entries, "confirmed": exported.confirmed, "key": key.expose() }))
}

/// Checks an export, and says what was found.
pub(crate) fn verify(
    file: &Path,
    key_file: &Path,
    root: &str,
    start_keys: Option<&Path>,
) -> Result<(), Failure> {
    let (key, root) = (read_key(key_file)?, read_root(root)?);
    let starts = start_keys.map(read_start_keys).transpose()?.unwrap_or_default();
    let opened = File::open(file).map_err(|error| Failure::disk("The export cannot be read.", &error))?;
    let bar = progress("checking");
    let report = check(&mut BufReader::new(opened), &key, root, &starts, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let report = report.map_err(|problem| cannot_check(&problem))?;
    print(&words(&report))?;
    let Some(first) = report.findings.first() else { return Ok(()) };
    let advice = "Keep the file, the key and what they came from as they are, and tell the privacy officer.";
    Err(Failure::finding("log-broken", first.to_string(), advice))
}

fn words(report: &Report) -> Value {
    let finding = |finding: &Finding| json!({ "code": finding.code(), "message": finding.to_string() });
    let head = &report.head;
    json!({
        "ok": report.findings.is_empty(),
        "log": head.log.to_string(),
        "device": head.device.as_ref().map(DeviceId::to_string),
        "made_by": head.made_by,
        "made_at": head.made_at.to_string(),
        "entries": report.entries,
        "root": report.root,
        "confirmed": report.confirmed.map(|(size, _)| size),
        "confirmed_at": report.confirmed.map(|(_, at)| at.to_string()),
        "marked": report.marked,
        "unmarked": report.unmarked,
        "purged": report.purged.iter().map(purged).collect::<Vec<_>>(),
        "first_bad": report.first_bad(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn purged(run: &Purged) -> Value {
    json!({
        "from": run.from,
        "until": run.until,
        "purge": run.purge,
        "asked_by": run.asked_by.to_string(),
        "agreed_by": run.agreed_by.to_string(),
        "purged_at": run.at.to_string(),
    })
}

fn cannot_check(problem: &ExportProblem) -> Failure {
    let (code, advice) = match problem {
        ExportProblem::Disk(_) => ("disk", "Check the path, and who may read there."),
        ExportProblem::NotAnExport(_) => {
            ("not-an-export", "Check the path, and whether a newer version wrote it.")
        }
        ExportProblem::WrongKey => {
            ("wrong-key", "Use the key that was printed when this very file was written.")
        }
        ExportProblem::OtherRoot => (
            "other-root",
            "Compare the root with the practice's own copy. Do not take one that came with the file.",
        ),
    };
    Failure::usage(code, format!("It could not be checked: {problem}."), advice)
}

fn read_key(path: &Path) -> Result<ExportKey, Failure> {
    let mut bytes = Vec::new();
    let read = match path.to_str() {
        Some("-") => io::stdin().read_to_end(&mut bytes),
        Some(_) | None => File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)),
    };
    read.map_err(|error| Failure::disk("The key cannot be read.", &error))?;
    let bytes = SecretBytes::new(bytes);
    let advice = "It begins with ckx1. and was printed at the export.";
    // EXPOSE: what was typed is text.
    let key = std::str::from_utf8(bytes.expose()).ok().and_then(|text| text.parse().ok());
    key.ok_or_else(|| Failure::usage("not-a-key", "This is not the key of an export.", advice))
}

fn read_start_keys(path: &Path) -> Result<StartKeys, Failure> {
    let read = fs::read(path).map_err(|error| Failure::disk("The start keys cannot be read.", &error))?;
    let bytes = SecretBytes::new(read);
    let advice = "`chartkeep-server audit start-keys` writes such a file.";
    // EXPOSE: what is in the file is text.
    let keys = std::str::from_utf8(bytes.expose()).ok().and_then(StartKeys::read);
    keys.ok_or_else(|| Failure::usage("not-start-keys", "These are no start keys of marks.", advice))
}

fn read_root(root: &str) -> Result<[u8; 32], Failure> {
    if let Some(fingerprint) = from_hex(root) {
        return Ok(fingerprint);
    }
    let certificate =
        fs::read(root).map_err(|error| Failure::disk("The root certificate cannot be read.", &error))?;
    Ok(keys::certificate::fingerprint(&certificate))
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() == 64)?;
    let bytes: Option<Vec<u8>> =
        digits.chunks(2).map(|pair| u8::try_from(pair.first()? * 16 + pair.last()?).ok()).collect();
    bytes?.try_into().ok()
}

fn progress(what: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    let template = format!("{what} {{bar:40}} {{pos}}/{{len}} entries, {{eta}} left");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}
