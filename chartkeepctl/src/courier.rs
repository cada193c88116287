//! The courier's three ways: collect, deliver, return.

use crate::cli::{DataFolder, print};
use crate::failure::Failure;
use crate::files::create_new;
use client::courier::{self, Found, Item, LeftOut, read_file};
use client::keyring::OsKeyring;
use client::{Clock as _, SystemClock};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Collects into a new file, or into a folder.
pub(crate) fn collect(of: &DataFolder, to: &Path, with_keyring: bool) -> Result<(), Failure> {
    let keyring = OsKeyring::new(&of.keyring_service);
    let keyring = with_keyring.then_some(&keyring as &dyn client::keyring::Keyring);
    let collected = courier::collect(&of.data_dir, keyring, SystemClock::new().now())?;
    let cannot = |error| Failure::disk("What was collected cannot be written.", &error);
    if to.is_dir() {
        for item in &collected.items {
            let path = to.join(format!("{}.ckitem", item.header.text()));
            // Collected before: the same item, which changes nothing at the server.
            if !path.exists() {
                write_new(&path, &item.to_bytes()).map_err(cannot)?;
            }
        }
    } else {
        let bytes: Vec<u8> = collected.items.iter().flat_map(Item::to_bytes).collect();
        write_new(to, &bytes).map_err(cannot)?;
    }
    let left_out: Vec<Value> = collected.left_out.iter().map(words).collect();
    print(&json!({ "changes": collected.changes, "events": collected.events, "left_out": left_out }))
}

fn words(left_out: &LeftOut) -> Value {
    match left_out {
        LeftOut::File(name) => json!({ "file": name, "why": "not an envelope" }),
        LeftOut::Events(error) => {
            json!({ "events": "all", "why": error.code.as_str(), "message": error.message, "advice": error.advice })
        }
    }
}

/// Delivers from a file or folder.
pub(crate) fn deliver(from: &Path, of: &DataFolder, answers: Option<&Path>) -> Result<(), Failure> {
    let (items, bad) = read(from)?;
    let bar = progress(items.len());
    let keyring = OsKeyring::new(&of.keyring_service);
    let delivered = courier::deliver(&of.data_dir, &keyring, &items, |done| bar.set_position(done as u64))?;
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
    print(&json!({ "held": held, "not_held": not_held, "unreadable": bad }))?;
    if not_held.is_empty() && bad.is_empty() {
        return Ok(());
    }
    let first = bad.first().or(not_held.first()).map(Value::to_string).unwrap_or_default();
    let advice = "Keep the file. What is named was not taken in; collect it once more where it came from.";
    Err(Failure::finding("incomplete", format!("Not everything was taken in, first {first}."), advice))
}

/// Takes answers back.
pub(crate) fn take_back(from: &Path, of: &DataFolder) -> Result<(), Failure> {
    let (items, bad) = read(from)?;
    let keyring = OsKeyring::new(&of.keyring_service);
    let taken = courier::take_back(&of.data_dir, &keyring, &items, SystemClock::new().now())?;
    print(&json!({
        "changes": taken.changes,
        "events": taken.events,
        "not_ours": taken.not_ours,
        "unreadable": bad,
    }))
}

/// The items of a file, or of all item files of a folder; and what in them is none.
fn read(from: &Path) -> Result<(Vec<Item>, Vec<Value>), Failure> {
    let (mut items, mut bad) = (Vec::new(), Vec::new());
    let cannot = |error| Failure::disk("The courier's file cannot be read.", &error);
    for path in files(from).map_err(cannot)? {
        for found in read_file(&fs::read(&path).map_err(cannot)?) {
            match found {
                Found::Item(item) => items.push(item),
                Found::Bad { offset, name } => {
                    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    bad.push(json!({ "file": file, "offset": offset, "name": name }));
                }
            }
        }
    }
    // Over several requests, too: what something stands on goes first.
    items.sort_by_key(|item: &Item| item.header);
    Ok((items, bad))
}

fn files(from: &Path) -> io::Result<Vec<PathBuf>> {
    if !fs::metadata(from)?.is_dir() {
        return Ok(vec![from.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let known = path.extension().is_some_and(|name| name == "ckitem" || name == "ckcourier");
        files.extend(known.then_some(path));
    }
    files.sort();
    Ok(files)
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
