//! Taking a courier's file apart, piece by piece: never more than one item of it is held.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::{BODY_LIMIT, FORMAT, HEADER_LENGTH, Item, ItemHeader, START, read_header};
use crate::Unreadable;
use crate::layout::Reader;

/// How many times its own length a file may make us hash in vain.
const MOST_TIMES_IN_VAIN: u64 = 4;
/// How much of a file is read at a time, in bytes.
const PIECE: usize = 1 << 20;

/// What stands at one place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// An item.
    Item(Item),
    /// Bytes that are none: cut short, changed, or never one.
    Bad {
        /// Where they begin, in bytes from the start of the file.
        offset: u64,
        /// What they say they are, where that much can be read. Nothing vouches for it.
        name: Option<String>,
    },
}

/// What was found, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Where it begins, in bytes from the start of the file.
    pub offset: u64,
    /// How long an item is, in bytes.
    pub length: u64,
    /// What it is.
    pub found: Found,
}

/// Takes a file apart that is there as a whole.
#[must_use]
pub fn read_file(bytes: &[u8]) -> Vec<Found> {
    let mut scanner = Scanner::default();
    scanner.feed(bytes);
    scanner.end();
    std::iter::from_fn(|| scanner.find()).map(|placed| placed.found).collect()
}

/// Takes a file apart while it is read; `note` is told of each place in it.
///
/// # Errors
/// When it cannot be read.
pub fn scan(mut file: impl Read, mut note: impl FnMut(Placed)) -> io::Result<()> {
    let (mut scanner, mut piece) = (Scanner::default(), vec![0; PIECE]);
    loop {
        let read = file.read(&mut piece)?;
        match piece.get(..read) {
            None | Some([]) => scanner.end(),
            Some(read) => scanner.feed(read),
        }
        while let Some(placed) = scanner.find() {
            note(placed);
        }
        if read == 0 {
            return Ok(());
        }
    }
}

/// The first item of these bytes, and how long it is.
pub(super) fn first(bytes: &[u8]) -> Result<(Item, usize), Unreadable> {
    Frame::read(bytes)?.checked()
}

/// Takes a file apart as it is read. After bytes that are no item the next one is looked for, so that one bad item costs only
/// itself.
///
/// What begins like an item and is none has been hashed in vain. Damage seldom makes that happen; a file that is made for it
/// could do it at every place, so after some times its own length the rest of the file is one bad place.
#[derive(Debug, Default)]
pub struct Scanner {
    /// What was fed and is not done with: it begins at `start` of the file, and is done with up to `at`.
    held: Vec<u8>,
    start: u64,
    at: usize,
    in_vain: u64,
    looks_for: LooksFor,
    is_at_end: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum LooksFor {
    /// An item at this very place.
    #[default]
    Item,
    /// The next place where one begins.
    Start,
    /// Nothing any more.
    Nothing,
}

impl Scanner {
    /// Gives it what comes next in the file.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.held.drain(..self.at);
        self.start += as_u64(self.at);
        self.at = 0;
        if self.looks_for != LooksFor::Nothing {
            self.held.extend_from_slice(bytes);
        }
    }

    /// Says that the file ends here.
    pub fn end(&mut self) {
        self.is_at_end = true;
    }

    /// What stands next in the file; `None` when more has to be read first, and at its end.
    pub fn find(&mut self) -> Option<Placed> {
        if self.looks_for == LooksFor::Start && !self.go_to_start() {
            return None;
        }
        let rest = self.held.get(self.at..).filter(|rest| !rest.is_empty())?;
        if !self.is_at_end && !Frame::is_whole(rest) {
            return None;
        }
        let offset = self.start + as_u64(self.at);
        let frame = Frame::read(rest);
        let hashed = frame.as_ref().map_or(0, |frame| as_u64(frame.covered.len()));
        let (length, found) = match frame.and_then(Frame::checked) {
            Ok((item, length)) => {
                self.at += length;
                (as_u64(length), Found::Item(item))
            }
            Err(_) => {
                let name = Reader::begin(rest, &FORMAT).and_then(|mut reader| read_header(&mut reader));
                self.step_over(hashed);
                (0, Found::Bad { offset, name: name.ok().map(|header| header.text()) })
            }
        };
        Some(Placed { offset, length, found })
    }

    fn step_over(&mut self, hashed: u64) {
        self.in_vain = self.in_vain.saturating_add(hashed);
        let read = self.start + as_u64(self.held.len());
        let most = read.saturating_mul(MOST_TIMES_IN_VAIN).saturating_add(as_u64(BODY_LIMIT));
        self.at += 1;
        self.looks_for = LooksFor::Start;
        if self.in_vain > most {
            self.looks_for = LooksFor::Nothing;
            self.at = self.held.len();
        }
    }

    /// Goes to where an item seems to begin. Says `false` where it has to be looked for in what is not read yet.
    fn go_to_start(&mut self) -> bool {
        let rest = self.held.get(self.at..).unwrap_or_default();
        match rest.windows(START.len()).position(|window| window == START) {
            Some(place) => {
                self.at += place;
                self.looks_for = LooksFor::Item;
                true
            }
            None => {
                // The end of it may be the beginning of one.
                let kept = if self.is_at_end { 0 } else { rest.len().min(START.len() - 1) };
                self.at = self.held.len() - kept;
                false
            }
        }
    }
}

/// The parts of an item where one seems to begin; whether it is one, only the hash over all of it tells.
struct Frame<'a> {
    header: ItemHeader,
    body: &'a [u8],
    covered: &'a [u8],
    hash: [u8; 32],
}

impl<'a> Frame<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let mut reader = Reader::begin(bytes, &FORMAT)?;
        let header = read_header(&mut reader)?;
        let body = reader.bytes()?;
        if body.len() > header.kind.body_limit() {
            return Err(Unreadable::Damaged);
        }
        let covered = reader.read_so_far();
        let hash = reader.array()?;
        Ok(Self { header, body, covered, hash })
    }

    /// Whether more bytes would change nothing: all of the item is there, or it can be none.
    fn is_whole(bytes: &[u8]) -> bool {
        if bytes.len() < HEADER_LENGTH + 4 {
            return !bytes.iter().zip(START).all(|(byte, start)| byte == start);
        }
        let mut reader = Reader::new(bytes);
        let length = Reader::begin(bytes, &FORMAT).and_then(|mut reader| {
            let header = read_header(&mut reader)?;
            Ok((header.kind.body_limit(), reader.u32()?))
        });
        match length {
            Ok((limit, length)) => usize::try_from(length)
                .is_ok_and(|length| length > limit || reader.raw(HEADER_LENGTH + 4 + length + 32).is_ok()),
            Err(_) => true,
        }
    }

    fn checked(self) -> Result<(Item, usize), Unreadable> {
        let expected: [u8; 32] = Sha256::digest(self.covered).into();
        if self.hash != expected {
            return Err(Unreadable::Damaged);
        }
        let item = Item { header: self.header, body: self.body.to_vec() };
        if item.agrees_with_itself() { Ok((item, self.covered.len() + 32)) } else { Err(Unreadable::Damaged) }
    }
}

fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
