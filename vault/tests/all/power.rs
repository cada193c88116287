//! The power goes at any point: what was synced is there, of the rest any part, and nothing that was said to be done is
//! lost.
//!
//! A writer works under a recorder (`disk.c`) that notes every change of a file or a name, and every sync. From the notes
//! the folder is built as a disk may hold it when the power goes after any of them. What POSIX promises is there: the
//! bytes of a file up to its last fsync, and the names in a folder up to the folder's last fsync. Of what came later
//! anything may be there: nothing, all, the first of it, or any mixture, with writes torn at sectors of 512 or 4096
//! bytes, a file's length without its bytes, a name without the file's bytes, a rename without the removal before it.
//! That is stricter than the file systems we know. SQLite's `-shm` is mapped into memory and so not recorded; it is
//! derived, and rebuilt by whoever opens first.
//!
//! `CHARTKEEP_POWER_ROUNDS` sets how often.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use keys::Random;

use crate::clinic::{Clinic, fast_folder};
use crate::disk::{self, Op, again_on, read_ops};
use crate::writer::{Writer, check};

const TEST: &str = "power::whenever_the_power_goes_nothing_that_was_said_to_be_done_is_lost";
const SEED: &str = "CHARTKEEP_TEST_SEED";
const CUTS_A_RECORD: u32 = 20;
const THINGS_A_RECORD: u32 = 40;

#[test]
fn whenever_the_power_goes_nothing_that_was_said_to_be_done_is_lost() {
    if let Some(root) = disk::root() {
        let seed: u128 = std::env::var(SEED).unwrap().parse().unwrap();
        let mut writer = Writer::begin(Clinic::at(&root), seed * 100_000);
        return (0..THINGS_A_RECORD).for_each(|_| writer.work());
    }
    let rounds = disk::rounds("CHARTKEEP_POWER_ROUNDS", 60);
    for seed in 1..=rounds.div_ceil(CUTS_A_RECORD) {
        let folder = fast_folder();
        let root = folder.path().join("disk");
        fs::create_dir(&root).unwrap();
        let record = folder.path().join("record");
        let number = seed.to_string();
        let more = [("DISK_RECORD", record.as_os_str()), (SEED, OsStr::new(&number))];
        let Some(output) = again_on(&root, TEST, &more) else { return };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        cut(&root, &read_ops(&record), seed);
    }
}

/// Cuts the power at random points of one record.
#[expect(clippy::print_stdout, reason = "where it failed is needed to try it again")]
fn cut(root: &Path, ops: &[Op], seed: u32) {
    let mut random = Random::from_seed([u8::try_from(seed % 251).unwrap(); 32]);
    let last = u32::try_from(ops.len()).unwrap();
    assert!(last > 500, "only {last} changes were recorded");
    let mut cuts: Vec<u32> = (0..CUTS_A_RECORD).map(|_| below(&mut random, last)).collect();
    cuts.sort_unstable();
    let mut disk = Disk::new(root);
    let mut at = 0;
    for cut in cuts {
        while at < cut as usize {
            disk.take(&ops[at]);
            at += 1;
        }
        let said = disk.said();
        let after = fast_folder();
        let how = disk.fail(after.path(), &mut random);
        println!("seed {seed}, cut {cut} of {last}, {how:?}");
        check(&mut Clinic::at(after.path()), &said);
    }
}

fn below(random: &mut Random, end: u32) -> u32 {
    u32::from_le_bytes(random.bytes()) % end
}

/// What of the unsynced a power cut leaves.
#[derive(Debug, Clone, Copy)]
enum Left {
    Nothing,
    All,
    First,
    Any { sector: u64 },
}

#[derive(Debug, Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

#[derive(Debug, Clone)]
enum NameChange {
    Add(PathBuf, usize),
    Remove(PathBuf),
    Move(PathBuf, PathBuf, usize),
}

#[derive(Debug, Default)]
struct Inode {
    is_folder: bool,
    synced: Vec<u8>,
    unsynced: Vec<Change>,
}

/// A disk with what it holds for sure, and what it may hold.
struct Disk {
    root: PathBuf,
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    synced_names: BTreeMap<PathBuf, usize>,
    unsynced_names: BTreeMap<PathBuf, Vec<NameChange>>,
    open: BTreeMap<u32, usize>,
}

impl Disk {
    fn new(root: &Path) -> Self {
        let names = BTreeMap::from([(root.to_owned(), 0)]);
        Self {
            root: root.to_owned(),
            inodes: vec![Inode { is_folder: true, ..Inode::default() }],
            synced_names: names.clone(),
            names,
            unsynced_names: BTreeMap::new(),
            open: BTreeMap::new(),
        }
    }

    fn take(&mut self, op: &Op) {
        const CREATE: u64 = 0o100;
        const TRUNCATE: u64 = 0o1000;
        match op {
            Op::Open { fd, path, flags } => {
                if flags & CREATE != 0 && !self.names.contains_key(path) {
                    self.add(path, false);
                }
                // A name that was made before the recorder began.
                let Some(inode) = self.names.get(path).copied() else { return };
                if flags & TRUNCATE != 0 {
                    self.inodes[inode].unsynced.push(Change::Length(0));
                }
                self.open.insert(*fd, inode);
            }
            Op::Close { fd } => drop(self.open.remove(fd)),
            Op::Write { fd, at, bytes } => self.change(*fd, Change::Write(*at, bytes.clone())),
            Op::Length { fd, length } => self.change(*fd, Change::Length(*length)),
            Op::Sync { fd } => self.sync(*fd),
            Op::Folder { path } => self.add(path, true),
            Op::Unlink { path } => {
                self.names.remove(path);
                self.note(path, NameChange::Remove(path.clone()));
            }
            Op::Link { from, to } => {
                let inode = self.names[from];
                self.names.insert(to.clone(), inode);
                self.note(to, NameChange::Add(to.clone(), inode));
            }
            Op::Rename { from, to } => {
                let inode = self.names.remove(from).unwrap();
                self.names.insert(to.clone(), inode);
                assert_eq!(from.parent(), to.parent(), "a move between folders is not made here");
                self.note(to, NameChange::Move(from.clone(), to.clone(), inode));
            }
        }
    }

    fn add(&mut self, path: &Path, is_folder: bool) {
        let inode = self.inodes.len();
        self.inodes.push(Inode { is_folder, ..Inode::default() });
        self.names.insert(path.to_owned(), inode);
        self.note(path, NameChange::Add(path.to_owned(), inode));
    }

    fn note(&mut self, path: &Path, change: NameChange) {
        self.unsynced_names.entry(path.parent().unwrap().to_owned()).or_default().push(change);
    }

    fn change(&mut self, fd: u32, change: Change) {
        let inode = self.open[&fd];
        self.inodes[inode].unsynced.push(change);
    }

    fn sync(&mut self, fd: u32) {
        let number = self.open[&fd];
        let inode = &mut self.inodes[number];
        let Inode { synced, unsynced, is_folder } = inode;
        for change in unsynced.drain(..) {
            apply(synced, &change);
        }
        if *is_folder {
            let folder = self.names.iter().find(|(_, inode)| **inode == number).unwrap().0.clone();
            for change in self.unsynced_names.remove(&folder).unwrap_or_default() {
                rename(&mut self.synced_names, &change);
            }
        }
    }

    /// What the writer has said until now: that went to a person, and no power cut takes it back.
    fn said(&self) -> String {
        let Some(inode) = self.names.get(&self.root.join("said")) else { return String::new() };
        let mut bytes = self.inodes[*inode].synced.clone();
        self.inodes[*inode].unsynced.iter().for_each(|change| apply(&mut bytes, change));
        String::from_utf8(bytes).unwrap()
    }

    /// The power goes: writes under `to` what is found when it is back.
    fn fail(&self, to: &Path, random: &mut Random) -> Left {
        let left = match below(random, 6) {
            0 => Left::Nothing,
            1 => Left::All,
            2 => Left::First,
            3 => Left::Any { sector: 512 },
            _ => Left::Any { sector: 4096 },
        };
        let mut names = self.synced_names.clone();
        for changes in self.unsynced_names.values() {
            for change in chosen(changes, left, random) {
                rename(&mut names, change);
            }
        }
        for (path, number) in &names {
            let is_reached = path.ancestors().skip(1).take_while(|up| up.starts_with(&self.root));
            if !is_reached.into_iter().all(|up| names.contains_key(up)) {
                continue;
            }
            let inode = &self.inodes[*number];
            let here = to.join(path.strip_prefix(&self.root).unwrap());
            if inode.is_folder {
                fs::create_dir_all(here).unwrap();
            } else {
                fs::write(here, inode.after(left, random)).unwrap();
            }
        }
        left
    }
}

impl Inode {
    fn after(&self, left: Left, random: &mut Random) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        for change in chosen(&self.unsynced, left, random) {
            match (change, left) {
                (Change::Write(at, written), Left::Any { sector }) => {
                    for (from, part) in sectors(*at, written, sector) {
                        if below(random, 4) != 0 {
                            apply(&mut bytes, &Change::Write(from, part.to_vec()));
                        }
                    }
                }
                (change, _) => apply(&mut bytes, change),
            }
        }
        bytes
    }
}

/// The parts of a write that lie in one sector each.
fn sectors(at: u64, bytes: &[u8], sector: u64) -> Vec<(u64, &[u8])> {
    let (mut from, mut rest, mut parts) = (at, bytes, Vec::new());
    while !rest.is_empty() {
        let length = usize::try_from(sector - from % sector).unwrap().min(rest.len());
        let (part, after) = rest.split_at(length);
        parts.push((from, part));
        from += length as u64;
        rest = after;
    }
    parts
}

fn chosen<'a, T>(changes: &'a [T], left: Left, random: &mut Random) -> Vec<&'a T> {
    let all = changes.iter();
    match left {
        Left::Nothing => Vec::new(),
        Left::All => all.collect(),
        Left::First => {
            let count = below(random, u32::try_from(changes.len()).unwrap() + 1);
            all.take(count as usize).collect()
        }
        Left::Any { .. } => all.filter(|_| below(random, 2) == 0).collect(),
    }
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(at, written) => {
            let from = usize::try_from(*at).unwrap();
            let end = from + written.len();
            bytes.resize(bytes.len().max(end), 0);
            bytes[from..end].copy_from_slice(written);
        }
        Change::Length(length) => bytes.resize(usize::try_from(*length).unwrap(), 0),
    }
}

fn rename(names: &mut BTreeMap<PathBuf, usize>, change: &NameChange) {
    match change {
        NameChange::Add(path, inode) => drop(names.insert(path.clone(), *inode)),
        NameChange::Remove(path) => drop(names.remove(path)),
        NameChange::Move(from, to, inode) => {
            names.remove(from);
            names.insert(to.clone(), *inode);
        }
    }
}
