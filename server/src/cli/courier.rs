//! The command that takes in what a courier brought, at the server itself.

use super::{Data, print};
use crate::carrying::take_items;
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use clap::Subcommand;
use keys::courier::{Found, Item, read_file};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use sync::wire::ItemStanding;

/// Items that are taken in at a time.
const AT_ONCE: usize = 256;

#[derive(Debug, Subcommand)]
pub(super) enum CourierCommand {
    /// Take in a courier's file, or every `.ckitem` and `.ckcourier` file of a folder. May be done again: what came
    /// before changes nothing. Exit status 1 where something was not taken in; the rest is.
    Import {
        #[command(flatten)]
        data: Data,
        /// The file or folder.
        from: PathBuf,
        /// Where the answers for the workstations go, to be carried back.
        #[arg(long, value_name = "FILE")]
        answers: Option<PathBuf>,
    },
}

pub(super) fn run(
    command: CourierCommand,
    open: &dyn Fn(&Data) -> Result<Practice, Failure>,
) -> Result<(), Failure> {
    let CourierCommand::Import { data, from, answers } = command;
    let practice = open(&data)?;
    let (mut items, mut bad) = (Vec::new(), Vec::new());
    for path in files(&from)? {
        let bytes =
            fs::read(&path).map_err(|error| Failure::disk("The courier's file cannot be read.", &error))?;
        for found in read_file(&bytes) {
            match found {
                Found::Item(item) => items.push(item),
                Found::Bad { offset, name } => {
                    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    bad.push(json!({ "file": file, "offset": offset, "name": name }));
                }
            }
        }
    }
    // Over several portions, too: what something stands on goes first.
    items.sort_by_key(|item: &Item| item.header);
    let items: Vec<Vec<u8>> = items.iter().map(Item::to_bytes).collect();
    let (mut results, mut back) = (Vec::new(), Vec::new());
    for some in items.chunks(AT_ONCE) {
        let response = take_items(&practice, some)?;
        results.extend(response.results);
        back.extend(response.answers.into_iter().flat_map(|item| item.0));
    }
    if let Some(answers) = answers {
        crate::data_dir::write_private(&answers, &back)
            .map_err(|error| Failure::disk("The answers cannot be written.", &error))?;
    }
    let count = |wanted| results.iter().filter(|result| result.standing == wanted).count();
    let not_held: Vec<_> = results.iter().filter(|result| result.standing != ItemStanding::Held).collect();
    print(&json!({ "held": count(ItemStanding::Held), "not_held": not_held, "unreadable": bad }))?;
    if not_held.is_empty() && bad.is_empty() {
        return Ok(());
    }
    let advice = "Keep the file. What is named above was not taken in; bring it once more from where it was collected.";
    Err(Failure::new(Kind::Incomplete, "Not all of what the courier brought was taken in.", advice))
}

fn files(from: &Path) -> Result<Vec<PathBuf>, Failure> {
    let cannot = |error| Failure::disk("The courier's file or folder cannot be read.", &error);
    if !fs::metadata(from).map_err(cannot)?.is_dir() {
        return Ok(vec![from.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(from).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let known = path.extension().is_some_and(|name| name == "ckitem" || name == "ckcourier");
        if known {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
