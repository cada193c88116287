//! Following the marks of a workstation's audit log with the key that its chain of epochs began with.
//!
//! What does not verify is refused: somebody wrote entries without the key of their epoch. What came without a mark is taken in
//! and told: a keyring may fail, and care goes on.

use crate::audit_intake::Batch;
use crate::custody::Sealed;
use crate::practice::Practice;
use crate::store::{AlertKind, Leaf, LogRow, MarksRow};
use keys::SecretBytes;
use keys::epoch::{ChainPlace, NO_MARK, StartKey};
use keys::marks::{MarkChain, Marks};

/// What following the marks of a batch led to.
pub(crate) struct Marked {
    /// The state after it, sealed.
    pub(crate) state: Vec<u8>,
    /// The marks of entries that had none before.
    pub(crate) new: Option<MarksRow>,
    /// What somebody has to know of it.
    pub(crate) findings: Vec<(AlertKind, String)>,
}

/// Why the marks of a batch are not believed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotBelieved {
    /// They are none.
    #[error("the marks cannot be read")]
    Unreadable,
    /// The server's key does not open the start key.
    #[error("the start key of the marks from {0} on does not open")]
    Start(u64),
    /// A chain begins where another one has marks already.
    #[error("the marks begin anew at {0}, among entries that are marked")]
    Backwards(u64),
    /// An entry was not marked with the key of its epoch.
    #[error("the mark of event {0} does not verify")]
    Broken(u64),
    /// What the store keeps of the marks cannot be read.
    #[error("what was known of the marks does not open")]
    State,
}

/// Follows the marks of a batch that goes on from a log; the leaves are those of the batch.
pub(crate) fn follow(
    practice: &Practice,
    log: &LogRow,
    batch: &Batch<'_>,
    leaves: &[Leaf],
) -> Result<Marked, NotBelieved> {
    let mut chains = opened(practice, log)?;
    let mut findings = Vec::new();
    let size = log.tree.size();
    let marked_before = chains.last().map_or(size == 0, |chain| chain.next() >= size);
    let marks = batch.marks.map(Marks::from_bytes).transpose().map_err(|_| NotBelieved::Unreadable)?;
    let mut kept = None;
    if let Some(marks) = &marks {
        if chains.last().is_none_or(|chain| chain.first() != marks.chain) {
            chains.push(begun(practice, log, chains.last(), marks)?);
            if size > 0 {
                let detail = format!("the marks begin anew at event {}", marks.chain);
                findings.push((AlertKind::MarksBegunAnew, detail));
            }
        }
        let hash = |index: u64| {
            let at = usize::try_from(index.checked_sub(batch.first_index)?).ok()?;
            leaves.get(at).map(|leaf| leaf.hash.0)
        };
        if let Some(chain) = chains.last_mut() {
            kept = marks.within(chain.next(), u64::MAX);
            chain.follow(marks, hash).map_err(|broken| NotBelieved::Broken(broken.index))?;
        }
    }
    let is_marked = |index: u64| marks.as_ref().is_some_and(|marks| (marks.at..marks.end()).contains(&index));
    let new = leaves.iter().map(|leaf| leaf.index).filter(|index| *index >= size);
    let unmarked = new.clone().find(|index| !is_marked(*index));
    if let Some(first) = unmarked.filter(|first| marked_before || *first > size) {
        // Of a run of them the first is told.
        findings.push((AlertKind::EntriesUnmarked, format!("events from {first} on came without marks")));
    }
    let new = kept.map(|marks| MarksRow { at: marks.at, marks: marks.to_bytes() });
    Ok(Marked { state: sealed(practice, log, &chains), new, findings })
}

/// The keys with which the marks of a log began, one a line: `<log> <index of the first entry> ckm1.<key>`. Whoever has one can
/// check the marks of an exported log, and forge them.
pub(crate) fn start_keys(practice: &Practice, log: &LogRow) -> Result<SecretBytes, NotBelieved> {
    let mut lines = String::new();
    for chain in opened(practice, log)? {
        // EXPOSE: this is how they leave, for a person who checks a log elsewhere.
        let key = chain.start().to_text();
        for part in [log.id.to_string().as_str(), " ", &chain.first().to_string(), " ", key.expose(), "\n"] {
            lines.push_str(part);
        }
    }
    Ok(SecretBytes::new(lines.into_bytes()))
}

/// A chain of epochs that begins in a batch, after the last mark that is known.
fn begun(
    practice: &Practice,
    log: &LogRow,
    last: Option<&MarkChain>,
    marks: &Marks,
) -> Result<MarkChain, NotBelieved> {
    let first = marks.chain;
    if last.is_some_and(|last| first < last.next()) {
        return Err(NotBelieved::Backwards(first));
    }
    let device = log.device.ok_or(NotBelieved::State)?;
    let place = ChainPlace { device: device.uuid(), log: log.id.uuid(), first };
    let start = StartKey::open(&practice.keys.sealing, &place, &marks.start);
    let before = match last {
        Some(last) if last.next() == first => last.last(),
        None if first == 0 => Some(NO_MARK),
        Some(_) | None => None,
    };
    Ok(MarkChain::begin(start.map_err(|_| NotBelieved::Start(first))?, first, before))
}

fn opened(practice: &Practice, log: &LogRow) -> Result<Vec<MarkChain>, NotBelieved> {
    if log.marks.is_empty() {
        return Ok(Vec::new());
    }
    let state = practice.keys.open(Sealed::Marks(log.id.uuid()), &log.marks).ok_or(NotBelieved::State)?;
    let chains = state.expose().chunks(MarkChain::LENGTH).map(MarkChain::from_bytes);
    chains.collect::<Result<_, _>>().map_err(|_| NotBelieved::State)
}

fn sealed(practice: &Practice, log: &LogRow, chains: &[MarkChain]) -> Vec<u8> {
    if chains.is_empty() {
        return Vec::new();
    }
    let states: Vec<_> = chains.iter().map(MarkChain::to_bytes).collect();
    let states: Vec<&[u8]> = states.iter().map(|state| state.expose()).collect();
    let state = SecretBytes::new(states.concat());
    practice.keys.seal(Sealed::Marks(log.id.uuid()), state.expose())
}
