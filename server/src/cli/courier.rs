//! The command that takes in what a courier brought, at the server itself.

use super::{Data, print};
use crate::carrying::take_items;
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use clap::Subcommand;
use keys::courier::{Found, ItemHeader, Placed, scan};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use sync::wire::{CourierResponse, FileReceipt, ItemResult, ItemStanding};

/// Items that are taken in at a time, and about so many bytes of them.
const AT_ONCE: usize = 256;
const MOST_BYTES: u64 = 16 << 20;

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
    let cannot = |error| Failure::disk("The courier's file cannot be read.", &error);
    let (mut places, mut bad) = (Vec::new(), Vec::new());
    for path in files(&from)? {
        look_through(&path, &mut places, &mut bad).map_err(cannot)?;
    }
    // Over several portions, too: what something stands on goes first.
    places.sort_by_key(|place| place.header);
    let mut brought = Brought::default();
    let mut rest = places.as_slice();
    while !rest.is_empty() {
        let (portion, after) = rest.split_at(portion_of(rest));
        let items = portion.iter().map(Place::read).collect::<io::Result<Vec<_>>>().map_err(cannot)?;
        brought.add(take_items(&practice, &items)?);
        rest = after;
    }
    if let Some(answers) = answers {
        crate::data_dir::write_private(&answers, &brought.answers)
            .map_err(|error| Failure::disk("The answers cannot be written.", &error))?;
    }
    brought.tell(&bad)
}

/// An item of a file.
struct Place {
    header: ItemHeader,
    path: PathBuf,
    offset: u64,
    length: u64,
}

impl Place {
    fn read(&self) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        file.take(self.length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// How many of these go at once; at least one.
fn portion_of(places: &[Place]) -> usize {
    let mut bytes = 0_u64;
    let fits = places.iter().take(AT_ONCE).take_while(|place| {
        bytes = bytes.saturating_add(place.length);
        bytes <= MOST_BYTES
    });
    fits.count().max(1)
}

/// Finds the items of a file; no more than one of them is held at a time.
fn look_through(path: &Path, places: &mut Vec<Place>, bad: &mut Vec<Value>) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    scan(File::open(path)?, |Placed { offset, length, found }| match found {
        Found::Item(item) => {
            places.push(Place { header: item.header, path: path.to_owned(), offset, length });
        }
        Found::Bad { offset, name: says } => {
            bad.push(json!({ "file": name, "offset": offset, "name": says }));
        }
    })
}

/// What became of everything.
#[derive(Default)]
struct Brought {
    results: Vec<ItemResult>,
    answers: Vec<u8>,
    files: Vec<FileReceipt>,
}

impl Brought {
    fn add(&mut self, response: CourierResponse) {
        self.results.extend(response.results);
        self.answers.extend(response.answers.into_iter().flat_map(|item| item.0));
        for file in response.files {
            file.replace_in(&mut self.files);
        }
    }

    fn tell(&self, bad: &[Value]) -> Result<(), Failure> {
        let (held, not_held): (Vec<_>, Vec<_>) =
            self.results.iter().partition(|result| result.standing == ItemStanding::Held);
        let not_whole: Vec<_> = self.files.iter().filter(|file| !file.is_whole()).map(in_words).collect();
        print(&json!({
            "held": held.len(),
            "not_held": not_held,
            "unreadable": bad,
            "files_not_whole": not_whole,
        }))?;
        if not_held.is_empty() && bad.is_empty() && not_whole.is_empty() {
            return Ok(());
        }
        let advice = "Keep the file. What is named above was not taken in; bring it once more from where it was collected.";
        Err(Failure::new(Kind::Incomplete, "Not all of what the courier brought was taken in.", advice))
    }
}

fn in_words(file: &FileReceipt) -> Value {
    json!({ "change": file.change, "attached": file.attachment, "held": file.held })
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
