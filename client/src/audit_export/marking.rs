//! Checking the marks of an exported log, with the keys that they began with: entries that no server has confirmed, too.

use keys::Secret;
use keys::epoch::{NO_MARK, StartKey};
use keys::marks::{MarkChain, Marks};
use records::id::LogId;
use records::log::NodeHash;

use super::checking::Finding;

/// Keys with which the marks of logs begin, as the server gives them out. Whoever has one can forge what it checks.
#[derive(Debug, Default)]
pub struct StartKeys(Vec<(LogId, u64, StartKey)>);

impl StartKeys {
    /// Reads lines of `<log> <index of the first entry> ckm1.<key>`; `None` where one is something else.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let line = |line: &str| {
            let [log, first, key] = line.split_whitespace().collect::<Vec<_>>().try_into().ok()?;
            Some((log.parse().ok()?, first.parse().ok()?, key.parse().ok()?))
        };
        let lines = text.lines().map(str::trim).filter(|text| !text.is_empty());
        lines.map(line).collect::<Option<_>>().map(Self)
    }

    fn of(&self, log: LogId, first: u64) -> Option<StartKey> {
        let (_, _, key) = self.0.iter().find(|(of, at, _)| (*of, *at) == (log, first))?;
        // EXPOSE: from one secret type into the same.
        Some(StartKey::from_secret(Secret::from_bytes(*key.expose())))
    }
}

/// Follows the marks of a log while its entries are read.
pub(super) struct Marking<'a> {
    starts: &'a StartKeys,
    log: LogId,
    chain: Option<MarkChain>,
    /// The entries of the part that was read last, and the index of their first.
    first: u64,
    leaves: Vec<NodeHash>,
    /// Whether entries may have none: a server takes such in, and vouches for them itself.
    may_be_unmarked: bool,
    /// Runs of them, each from an index up to another.
    unmarked: Vec<(u64, u64)>,
    /// The index after the last entry whose mark was read, whether or not its start key is known.
    read: u64,
    is_broken: bool,
}

impl<'a> Marking<'a> {
    pub(super) fn of(starts: &'a StartKeys, log: LogId, may_be_unmarked: bool) -> Self {
        let (leaves, unmarked) = (Vec::new(), Vec::new());
        Self {
            starts,
            log,
            chain: None,
            first: 0,
            leaves,
            may_be_unmarked,
            unmarked,
            read: 0,
            is_broken: false,
        }
    }

    /// Another part of entries begins.
    pub(super) fn begin_part(&mut self, first: u64) {
        self.first = first;
        self.leaves.clear();
    }

    /// An entry of the part.
    pub(super) fn take(&mut self, leaf: NodeHash) {
        self.leaves.push(leaf);
    }

    /// Marks of the part's entries; what is wrong with them.
    pub(super) fn follow(&mut self, part: &[u8]) -> Option<Finding> {
        if self.is_broken {
            return None;
        }
        let finding = self.follow_on(part);
        self.is_broken = finding.is_some();
        finding
    }

    fn follow_on(&mut self, part: &[u8]) -> Option<Finding> {
        let Ok(marks) = Marks::from_bytes(part) else { return Some(Finding::MarkBroken(self.first)) };
        let read = std::mem::replace(&mut self.read, marks.end());
        if self.chain.as_ref().is_none_or(|chain| chain.first() != marks.chain) {
            let start = self.starts.of(self.log, marks.chain)?;
            let before = match &self.chain {
                Some(last) if last.next() == marks.chain => last.last(),
                None if marks.chain == 0 => Some(NO_MARK),
                Some(_) | None => None,
            };
            self.chain = Some(MarkChain::begin(start, marks.chain, before));
        }
        let chain = self.chain.as_mut()?;
        if marks.at > chain.next() && !self.may_be_unmarked {
            return Some(Finding::MarkMissing(chain.next()));
        }
        if marks.at > read {
            self.unmarked.push((read, marks.at));
        }
        let leaf = |index: u64| {
            let at = usize::try_from(index.checked_sub(self.first)?).ok()?;
            self.leaves.get(at).map(|leaf| leaf.0)
        };
        chain.follow(&marks, leaf).err().map(|broken| Finding::MarkBroken(broken.index))
    }

    /// Runs of entries without marks before others that have some.
    pub(super) fn unmarked(&self) -> &[(u64, u64)] {
        &self.unmarked
    }

    /// Up to which entry marks were checked.
    pub(super) fn marked(&self) -> Option<u64> {
        self.chain.as_ref().map(MarkChain::next)
    }
}
