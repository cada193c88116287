//! The courier's three ways: collect, deliver, return.

use crate::cli::{DataFolder, print};
use crate::failure::Failure;
use crate::files::create_new;
use client::courier::{self, Item, LeftOut, NoItem, Stick};
use client::keyring::OsKeyring;
use client::{Clock as _, SystemClock};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::io::{self, Write as _};
use std::path::Path;

/// Collects into a new file, or into a folder.
pub(crate) fn collect(of: &DataFolder, to: &Path, with_keyring: bool) -> Result<(), Failure> {
    let keyring = OsKeyring::new(&of.keyring_service);
    let keyring = with_keyring.then_some(&keyring as &dyn client::keyring::Keyring);
    let collected = courier::collect(&of.data_dir, keyring, SystemClock::new().now())?;
    let cannot = |error| Failure::disk("What was collected cannot be written.", &error);
    if to.is_dir() {
        for item in collected.items() {
            let item = item?;
            let path = to.join(format!("{}.ckitem", item.header.text()));
            // Collected before: the same item, which changes nothing at the server.
            if !path.exists() {
                write_new(&path, &item.to_bytes()).map_err(cannot)?;
            }
        }
    } else {
        let mut file = create_new(to).map_err(cannot)?;
        for item in collected.items() {
            file.write_all(&item?.to_bytes()).map_err(cannot)?;
        }
        file.sync_all().map_err(cannot)?;
    }
    let left_out: Vec<Value> = collected.left_out.iter().map(words).collect();
    print(&json!({
        "changes": collected.changes,
        "events": collected.events,
        "files": collected.files,
        "left_out": left_out,
    }))
}

fn words(left_out: &LeftOut) -> Value {
    let all_of = |what: &str, error: &client::ClientError| json!({ what: "all", "why": error.code.as_str(), "message": error.message, "advice": error.advice });
    match left_out {
        LeftOut::File(name) => json!({ "file": name, "why": "not an envelope" }),
        LeftOut::Events(error) => all_of("events", error),
        LeftOut::Files(error) => all_of("files", error),
        LeftOut::Attachment { change, attachment } => {
            json!({ "change": change.to_string(), "attached": attachment.to_string(), "why": "damaged or gone" })
        }
    }
}

/// Delivers from a file or folder.
pub(crate) fn deliver(from: &Path, of: &DataFolder, answers: Option<&Path>) -> Result<(), Failure> {
    let stick = look_through(from)?;
    let bar = progress(stick.len());
    let keyring = OsKeyring::new(&of.keyring_service);
    let delivered =
        courier::deliver(&of.data_dir, &keyring, stick.items(), |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    if let Some(path) = answers {
        let bytes: Vec<u8> = delivered.answers.iter().flat_map(Item::to_bytes).collect();
        write_new(path, &bytes).map_err(|error| Failure::disk("The answers cannot be written.", &error))?;
    }
    let not_held: Vec<Value> = delivered
        .results
        .iter()
        .filter(|result| !result.is_held())
        .map(|result| json!({ "name": result.name, "standing": result.words() }))
        .collect();
    let held = delivered.results.len() - not_held.len();
    let bad: Vec<Value> = stick.bad.iter().map(no_item).collect();
    let incomplete: Vec<Value> = delivered
        .files
        .iter()
        .filter(|file| !file.is_whole())
        .map(|file| json!({ "change": file.change.to_string(), "attached": file.attachment.to_string(), "held": file.held }))
        .collect();
    print(&json!({ "held": held, "not_held": not_held, "unreadable": bad, "files_not_whole": incomplete }))?;
    let Some(first) = bad.first().or(not_held.first()).or(incomplete.first()) else { return Ok(()) };
    let advice = "Keep the file. What is named was not taken in; collect it once more where it came from.";
    Err(Failure::finding("incomplete", format!("Not everything was taken in, first {first}."), advice))
}

/// Takes answers back.
pub(crate) fn take_back(from: &Path, of: &DataFolder) -> Result<(), Failure> {
    let stick = look_through(from)?;
    let items = stick.items().collect::<Result<Vec<Item>, _>>()?;
    let keyring = OsKeyring::new(&of.keyring_service);
    let taken = courier::take_back(&of.data_dir, &keyring, &items, SystemClock::new().now())?;
    let bad: Vec<Value> = stick.bad.iter().map(no_item).collect();
    print(&json!({
        "changes": taken.changes,
        "files": taken.files,
        "events": taken.events,
        "outdated": taken.outdated,
        "not_ours": taken.not_ours,
        "unreadable": bad,
    }))
}

fn look_through(from: &Path) -> Result<Stick, Failure> {
    Stick::look_through(from).map_err(|error| Failure::disk("The courier's file cannot be read.", &error))
}

fn no_item(bad: &NoItem) -> Value {
    json!({ "file": bad.file, "offset": bad.offset, "name": bad.name })
}

/// Writes a file that was not there, readable by its owner alone, and waits until the disk has it.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn progress(items: usize) -> ProgressBar {
    let bar = ProgressBar::new(items as u64);
    if let Ok(style) = ProgressStyle::with_template("delivering {bar:40} {pos}/{len} items, {eta} left") {
        bar.set_style(style);
    }
    bar
}
