//! Checking an exported log from its bytes up: every entry, every checkpoint, every receipt, and who signed the file.

use std::fmt;
use std::io::Read;

use jiff::Timestamp;
use keys::VerifyingKey;
use keys::certificate;
use keys::checkpoint::Checkpoint;
use keys::export::{ExportKey, ExportedEntry, read_entries};
use keys::trust::TrustBundle;
use records::log::{LogPosition, NodeHash, Tree, audit_leaf_hash};
use sync::wire::{Base64Bytes, ExportHead, ExportedBy, checkpoint_key_name, checkpoint_origin};
use vault::LogHead;

use super::marking::{Marking, StartKeys};
use super::purging::{Purged, Purging};
use super::reading::{ExportProblem, Next, Reading};
use crate::receipts::vouched_head;

/// Something that is wrong with a log. Numbers are indices of entries, from 0, or numbers of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// This entry is not there: another position stands in its place.
    EntryMissing(u64),
    /// The bytes of this entry are not those that its hash was made of.
    EntryChanged(u64),
    /// The server has confirmed, or the workstation has signed, other entries than these.
    EntriesReplaced {
        /// The first that nothing vouches for.
        from: u64,
        /// The number of entries that was vouched for.
        until: u64,
        /// Whether it was the server.
        by_server: bool,
    },
    /// More entries were vouched for than there are: the end is gone.
    CutOff {
        /// How many there are.
        at: u64,
        /// How many were vouched for.
        vouched: u64,
    },
    /// The mark of this entry is not one that the key of its epoch made.
    MarkBroken(u64),
    /// This entry has no mark, and later ones have.
    MarkMissing(u64),
    /// The entries are not those that the head of the file names.
    HeadDiffers(u64),
    /// A certificate of a purge is not the server's; its number in the file, from 0.
    BadPurge(u64),
    /// A receipt for so many entries is not the server's.
    BadReceipt(u64),
    /// A checkpoint is not the workstation's; its number in the file, from 0.
    BadCheckpoint(u64),
    /// The file itself was cut or changed after so many entries.
    FileBroken(u64),
    /// The file is not signed by who it says has made it.
    NotSigned,
}

impl Finding {
    /// The code, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::EntryMissing(_) => "entry-missing",
            Self::EntryChanged(_) => "entry-changed",
            Self::EntriesReplaced { .. } => "entries-replaced",
            Self::CutOff { .. } => "cut-off",
            Self::MarkBroken(_) => "mark-broken",
            Self::MarkMissing(_) => "mark-missing",
            Self::HeadDiffers(_) => "head-differs",
            Self::BadPurge(_) => "bad-purge",
            Self::BadReceipt(_) => "bad-receipt",
            Self::BadCheckpoint(_) => "bad-checkpoint",
            Self::FileBroken(_) => "file-broken",
            Self::NotSigned => "not-signed",
        }
    }

    /// The first entry that is not what it should be, where it is about one.
    #[must_use]
    pub fn entry(&self) -> Option<u64> {
        match self {
            Self::EntryMissing(at)
            | Self::EntryChanged(at)
            | Self::EntriesReplaced { from: at, .. }
            | Self::MarkBroken(at)
            | Self::MarkMissing(at)
            | Self::CutOff { at, .. }
            | Self::FileBroken(at) => Some(*at),
            Self::HeadDiffers(_)
            | Self::BadPurge(_)
            | Self::BadReceipt(_)
            | Self::BadCheckpoint(_)
            | Self::NotSigned => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EntryMissing(at) => write!(f, "Entry {at} is missing."),
            Self::EntryChanged(at) => write!(f, "Entry {at} was changed."),
            Self::EntriesReplaced { from, until, by_server } => {
                let who = if *by_server { "the server confirmed" } else { "the workstation signed" };
                write!(f, "An entry from {from} on, below {until}, is not the one that {who}.")
            }
            Self::CutOff { at, vouched } => {
                write!(f, "The log ends before entry {at}; it once had {vouched} entries.")
            }
            Self::MarkBroken(at) => write!(f, "Entry {at} is not the one that its epoch's key has marked."),
            Self::MarkMissing(at) => write!(f, "Entry {at} has no mark, and later ones have."),
            Self::HeadDiffers(size) => write!(f, "The file names another head than its {size} entries have."),
            Self::BadPurge(number) => write!(f, "The certificate of purge {number} is not the practice's."),
            Self::BadReceipt(size) => write!(f, "The receipt for {size} entries is not the server's."),
            Self::BadCheckpoint(number) => write!(f, "Checkpoint {number} is not the workstation's."),
            Self::FileBroken(at) => write!(f, "The file was cut or changed after {at} entries."),
            Self::NotSigned => f.write_str("The file is not signed by who it says has made it."),
        }
    }
}

/// What checking an export found.
#[derive(Debug)]
pub struct Report {
    /// What the file says it is.
    pub head: ExportHead,
    /// How many entries were read.
    pub entries: u64,
    /// The root over them, as lower-case hex.
    pub root: String,
    /// How many of them the server has confirmed, and when it did so last.
    pub confirmed: Option<(u64, Timestamp)>,
    /// Up to which entry the marks were checked; `None` without a start key of them.
    pub marked: Option<u64>,
    /// Runs of entries before that which have no marks, each from an index up to another: the keyring of the workstation had failed.
    pub unmarked: Vec<(u64, u64)>,
    /// Runs of entries that gave up what they said because their time was over, and by whose word.
    pub purged: Vec<Purged>,
    /// What is wrong, in the order in which it was found.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The first entry that is not what it should be.
    #[must_use]
    pub fn first_bad(&self) -> Option<u64> {
        self.findings.iter().filter_map(Finding::entry).min()
    }
}

/// Checks an export. `starts` are keys with which marks begin, from the server; without one marks are not looked at. `root` is the SHA-256 of the practice's root certificate, known from elsewhere; `progress` hears how many
/// entries of how many were checked.
///
/// # Errors
/// [`ExportProblem`] when it cannot be checked at all. What is wrong with the log is no error but the answer.
pub fn check(
    file: &mut dyn Read,
    key: &ExportKey,
    root: [u8; 32],
    starts: &StartKeys,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, ExportProblem> {
    let (mut reading, head) = Reading::begin(file, key)?;
    let bundles = trusted(&head, root)?;
    let mut checking = Checking::of(&head, &bundles, starts);
    let checked = loop {
        match reading.next()? {
            Next::Entries(part) => match read_entries(&part) {
                Ok(entries) => checking.take_part(&entries),
                Err(_) => break checking.broken(),
            },
            Next::Marks(part) => checking.take_marks(&part),
            Next::End(blob) => {
                let opener = reading.opener();
                let is_signed = |key: &VerifyingKey| opener.is_signed(&blob, key).unwrap_or(false);
                let signed = signers(&head, &bundles).iter().any(is_signed);
                if !signed || reading.has_more()? {
                    checking.findings.push(Finding::NotSigned);
                }
                break checking.end();
            }
            Next::Broken => break checking.broken(),
        }
        progress(checking.tree.size(), head.size);
    };
    let Checked { entries, root, confirmed, marked, unmarked, purged, findings } = checked;
    Ok(Report { head, entries, root, confirmed, marked, unmarked, purged, findings })
}

/// The bundles in the file, each signed by the root that is known.
fn trusted(head: &ExportHead, root: [u8; 32]) -> Result<Vec<TrustBundle>, ExportProblem> {
    let certificate = head.root_certificate.as_slice();
    if certificate::fingerprint(certificate) != root {
        return Err(ExportProblem::OtherRoot);
    }
    let verify = |bundle: &Base64Bytes| {
        TrustBundle::verify(bundle.as_slice(), certificate, head.practice.uuid(), None)
            .map_err(|_| ExportProblem::OtherRoot)
    };
    head.trust_bundles.iter().map(verify).collect()
}

fn signers(head: &ExportHead, bundles: &[TrustBundle]) -> Vec<VerifyingKey> {
    match head.made_by {
        ExportedBy::Server => bundles.iter().map(|bundle| bundle.directive_key).collect(),
        ExportedBy::Workstation => device_keys(head),
    }
}

fn device_keys(head: &ExportHead) -> Vec<VerifyingKey> {
    let key = |bytes: &Base64Bytes| VerifyingKey::from_bytes(bytes.to_array()?).ok();
    head.checkpoint_keys.iter().filter_map(key).collect()
}

/// A head that somebody vouches for.
struct Vouched {
    head: LogHead,
    by_server: bool,
}

struct Checking<'a> {
    of: &'a ExportHead,
    tree: Tree,
    /// What is still to come, smallest first from the end.
    vouched: Vec<Vouched>,
    /// How many entries are vouched for so far.
    good: u64,
    /// An entry that is wrong was named; that no root fits after it says nothing more.
    is_named: bool,
    confirmed: Option<(u64, Timestamp)>,
    findings: Vec<Finding>,
    marking: Marking<'a>,
    purging: Purging,
}

impl<'a> Checking<'a> {
    fn of(head: &'a ExportHead, bundles: &[TrustBundle], starts: &'a StartKeys) -> Self {
        let witnesses: Vec<VerifyingKey> = bundles.iter().map(|bundle| bundle.witness_key).collect();
        let (mut vouched, mut findings, mut confirmed) = (Vec::new(), Vec::new(), None);
        for receipt in &head.receipts {
            match vouched_head(receipt, head.practice, &witnesses).filter(|_| receipt.log == head.log) {
                Some(found) => {
                    confirmed = confirmed.max(Some((found.size, receipt.received_at)));
                    vouched.push(Vouched { head: found, by_server: true });
                }
                None => findings.push(Finding::BadReceipt(receipt.size)),
            }
        }
        for (number, note) in (0..).zip(&head.checkpoints) {
            match checkpoint(head, note) {
                Some(found) => vouched.push(Vouched { head: found, by_server: false }),
                None => findings.push(Finding::BadCheckpoint(number)),
            }
        }
        let (purging, bad) = Purging::of(head, bundles);
        findings.extend(bad.into_iter().map(Finding::BadPurge));
        // Of nothing there is nothing to compare.
        vouched.retain(|one| one.head.size > 0);
        vouched.sort_by_key(|one| std::cmp::Reverse(one.head.size));
        let marking = Marking::of(starts, head.log, head.made_by == ExportedBy::Server);
        let (tree, good, is_named) = (Tree::new(), 0, false);
        Self { of: head, tree, vouched, good, is_named, confirmed, findings, marking, purging }
    }

    fn take_part(&mut self, entries: &[ExportedEntry]) {
        self.marking.begin_part(self.tree.size());
        entries.iter().for_each(|entry| self.take(entry));
    }

    fn take_marks(&mut self, part: &[u8]) {
        let Some(finding) = self.marking.follow(part) else { return };
        // What was confirmed in one says no more than below where the entry stands; its mark says which it is.
        if let (Some(Finding::EntriesReplaced { from, until, .. }), Finding::MarkBroken(at)) =
            (self.findings.last_mut(), finding)
            && (*from..*until).contains(&at)
        {
            *from = at;
            self.findings.push(finding);
        }
        self.name(finding);
    }

    fn take(&mut self, entry: &ExportedEntry) {
        let index = self.tree.size();
        let leaf = match self.purging.takes(entry) {
            true => NodeHash(entry.leaf),
            false => audit_leaf_hash(LogPosition { log: self.of.log, index }, &entry.event),
        };
        if entry.position != index {
            self.name(Finding::EntryMissing(index));
        } else if leaf.0 != entry.leaf {
            self.name(Finding::EntryChanged(index));
        }
        self.tree.push(leaf);
        self.marking.take(leaf);
        while let Some(one) = self.vouched.pop_if(|one| one.head.size == self.tree.size()) {
            if one.head.root == self.tree.root() {
                self.good = one.head.size;
            } else {
                let (from, until, by_server) = (self.good, one.head.size, one.by_server);
                self.name(Finding::EntriesReplaced { from, until, by_server });
            }
        }
    }

    fn name(&mut self, finding: Finding) {
        if !std::mem::replace(&mut self.is_named, true) {
            self.findings.push(finding);
        }
    }

    fn broken(mut self) -> Checked {
        self.findings.push(Finding::FileBroken(self.tree.size()));
        self.checked()
    }

    fn end(mut self) -> Checked {
        let size = self.tree.size();
        if let Some(most) = self.vouched.first().filter(|one| one.head.size > size) {
            self.findings.push(Finding::CutOff { at: size, vouched: most.head.size });
        }
        let differs = (size, self.tree.root().to_string()) != (self.of.size, self.of.root.clone());
        if differs && !self.is_named {
            self.findings.push(Finding::HeadDiffers(size));
        }
        self.checked()
    }

    fn checked(self) -> Checked {
        Checked {
            entries: self.tree.size(),
            root: self.tree.root().to_string(),
            confirmed: self.confirmed,
            marked: self.marking.marked(),
            unmarked: self.marking.unmarked().to_vec(),
            purged: self.purging.into_purged(),
            findings: self.findings,
        }
    }
}

struct Checked {
    entries: u64,
    root: String,
    confirmed: Option<(u64, Timestamp)>,
    marked: Option<u64>,
    unmarked: Vec<(u64, u64)>,
    purged: Vec<Purged>,
    findings: Vec<Finding>,
}

/// The head of a checkpoint, where the workstation signed it for this log.
fn checkpoint(head: &ExportHead, note: &str) -> Option<LogHead> {
    let name = checkpoint_key_name(head.device?);
    let keys = device_keys(head);
    let checkpoint = keys.iter().find_map(|key| Checkpoint::verify(note, &name, key).ok())?;
    let is_of_log = checkpoint.origin == checkpoint_origin(head.log);
    is_of_log.then_some(LogHead { size: checkpoint.size, root: NodeHash(checkpoint.root) })
}
