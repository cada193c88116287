//! A courier's file, or a folder of items such as a mirror: looked through once, then read item by item, so that a scan of many
//! megabytes is never held as a whole.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keys::courier::{Found, Item, ItemHeader, Placed, scan};

use crate::ClientError;

/// What lies on a stick.
#[derive(Debug, Default)]
pub struct Stick {
    places: Vec<Place>,
    /// What on it is no item.
    pub bad: Vec<NoItem>,
}

/// Bytes that are no item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoItem {
    /// The name of the file they are in.
    pub file: String,
    /// Where in it they begin.
    pub offset: u64,
    /// What they say they are, where that much can be read.
    pub name: Option<String>,
}

#[derive(Debug)]
struct Place {
    header: ItemHeader,
    path: Arc<Path>,
    offset: u64,
    length: u64,
}

impl Stick {
    /// Looks through a file, or through every `.ckitem` and `.ckcourier` file of a folder.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn look_through(from: &Path) -> io::Result<Self> {
        let mut stick = Self::default();
        for path in files(from)? {
            stick.look_through_file(&path)?;
        }
        // Over several requests, too: what something stands on goes first.
        stick.places.sort_by_key(|place| place.header);
        Ok(stick)
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The items, each read when it is asked for, in the order in which they are to be brought.
    pub fn items(&self) -> impl Iterator<Item = Result<Item, ClientError>> {
        self.places.iter().map(Place::read)
    }

    fn look_through_file(&mut self, path: &Path) -> io::Result<()> {
        let (file, path) = (File::open(path)?, Arc::<Path>::from(path));
        scan(file, |placed| self.note(&path, placed))
    }

    fn note(&mut self, path: &Arc<Path>, Placed { offset, length, found }: Placed) {
        match found {
            Found::Item(item) => {
                self.places.push(Place { header: item.header, path: path.clone(), offset, length });
            }
            Found::Bad { offset, name } => {
                let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                self.bad.push(NoItem { file, offset, name });
            }
        }
    }
}

impl Place {
    fn read(&self) -> Result<Item, ClientError> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        file.take(self.length).read_to_end(&mut bytes)?;
        // Somebody else may write on the stick.
        let item = Item::parse(&bytes).ok().filter(|item| item.header == self.header);
        Ok(item.ok_or(io::Error::from(io::ErrorKind::InvalidData))?)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_item_is_named_with_its_file_and_other_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.ckitem"), b"nothing").unwrap();
        fs::write(folder.path().join("letter.txt"), b"nothing").unwrap();
        let stick = Stick::look_through(folder.path()).unwrap();
        let bad = NoItem { file: "a.ckitem".to_owned(), offset: 0, name: None };
        assert_eq!((stick.is_empty(), stick.bad), (true, vec![bad]));
        assert!(Stick::look_through(&folder.path().join("gone")).is_err());
    }
}
