//! Unwrapped data keys, remembered while they are used: a bounded number, in memory that is wiped and kept out of swap.

use keys::PatientKey;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Keys that are remembered. Each lies in a page of its own, so this is 4 MiB, half of what a service may lock by default.
const MOST: usize = 1024;

/// A data key and which one of its subject's it is.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) generation: u32,
    pub(super) key: Arc<PatientKey>,
}

type Name = (String, u32);

/// The keys used last.
#[derive(Default)]
pub(super) struct Remembered {
    epoch: u64,
    turn: u64,
    keys: BTreeMap<Name, (Arc<PatientKey>, u64)>,
    /// Which key was used in which turn, the longest ago first.
    turns: BTreeMap<u64, Name>,
    /// Which key of a subject seals.
    newest: BTreeMap<String, u32>,
}

impl Remembered {
    /// Takes the store's word on how often keys have changed; true when all was forgotten for that.
    pub(super) fn is_now(&mut self, epoch: u64) -> bool {
        if epoch <= self.epoch {
            return false;
        }
        *self = Self { epoch, ..Self::default() };
        true
    }

    /// The key that seals now for a subject.
    pub(super) fn newest(&mut self, subject: &str) -> Option<Known> {
        let generation = *self.newest.get(subject)?;
        let key = self.key(subject, generation)?;
        Some(Known { generation, key })
    }

    /// A certain key of a subject.
    pub(super) fn key(&mut self, subject: &str, generation: u32) -> Option<Arc<PatientKey>> {
        let name = (subject.to_owned(), generation);
        let (key, turn) = self.keys.get_mut(&name)?;
        let key = key.clone();
        self.turns.remove(turn);
        self.turn += 1;
        *turn = self.turn;
        self.turns.insert(self.turn, name);
        Some(key)
    }

    /// Remembers a key, and that it is the one that seals where that is known.
    pub(super) fn keep(&mut self, subject: &str, known: Known, is_newest: bool) {
        let name = (subject.to_owned(), known.generation);
        if is_newest {
            self.newest.insert(subject.to_owned(), known.generation);
        }
        self.turn += 1;
        if let Some((_, before)) = self.keys.insert(name.clone(), (known.key, self.turn)) {
            self.turns.remove(&before);
        }
        self.turns.insert(self.turn, name);
        while self.keys.len() > MOST {
            let Some((_, oldest)) = self.turns.pop_first() else { return };
            self.keys.remove(&oldest);
            if self.newest.get(&oldest.0) == Some(&oldest.1) {
                self.newest.remove(&oldest.0);
            }
        }
    }

    /// Forgets every key of a subject.
    pub(super) fn forget(&mut self, subject: &str) {
        self.newest.remove(subject);
        let turns = &mut self.turns;
        self.keys.retain(|name, (_, turn)| {
            let stays = name.0 != subject;
            if !stays {
                turns.remove(turn);
            }
            stays
        });
    }
}

/// Keys that were made in one unit of work, and count with its commit. All of their subjects are known, and a bounded number
/// of the keys: each lies in a page of its own, of which a process has some 65,000.
#[derive(Default)]
pub(super) struct Made {
    keys: BTreeMap<String, Option<Known>>,
    held: usize,
}

impl Made {
    /// The key of a subject that was made here; `Some(None)` where it is to be read from the store again.
    pub(super) fn get(&self, subject: &str) -> Option<Option<Known>> {
        self.keys.get(subject).cloned()
    }

    /// Keeps a key. Where as many are held as may be, those go first.
    pub(super) fn keep(&mut self, subject: &str, known: Known) {
        if self.held == MOST {
            self.keys.values_mut().for_each(|known| *known = None);
            self.held = 0;
        }
        if self.keys.insert(subject.to_owned(), Some(known)).flatten().is_none() {
            self.held += 1;
        }
    }

    /// Puts a subject out of mind.
    pub(super) fn forget(&mut self, subject: &str) {
        if self.keys.remove(subject).flatten().is_some() {
            self.held -= 1;
        }
    }

    /// Those that are held, each with its subject.
    pub(super) fn held(self) -> impl Iterator<Item = (String, Known)> {
        self.keys.into_iter().filter_map(|(subject, known)| Some((subject, known?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keys::Random;

    fn known(generation: u32) -> Known {
        Known { generation, key: Arc::new(PatientKey::make(&mut Random::from_seed([7; 32]))) }
    }

    #[test]
    fn a_unit_of_work_that_makes_very_many_keys_holds_a_bounded_number_and_knows_all_subjects() {
        let mut made = Made::default();
        for number in 0..=MOST {
            made.keep(&format!("p{number}"), known(1));
        }
        assert!(made.get("p0").is_some_and(|known| known.is_none()), "made here, and to be read again");
        assert!(made.get(&format!("p{MOST}")).flatten().is_some());
        assert!(made.get("another").is_none());
        made.keep("p0", known(1));
        made.keep("p0", known(1));
        made.forget("p1");
        assert!(made.get("p1").is_none());
        assert_eq!(made.held().map(|(subject, _)| subject).collect::<Vec<_>>(), ["p0", &format!("p{MOST}")]);
    }

    #[test]
    fn the_key_used_longest_ago_is_forgotten_first_and_no_more_than_the_bound_are_kept() {
        let mut remembered = Remembered::default();
        for number in 0..MOST {
            remembered.keep(&format!("p{number}"), known(1), true);
        }
        assert!(remembered.newest("p0").is_some());
        remembered.keep("one-more", known(1), true);
        assert!(remembered.newest("p1").is_none() && remembered.key("p1", 1).is_none());
        assert!(remembered.newest("p0").is_some() && remembered.newest("one-more").is_some());
        assert_eq!((remembered.keys.len(), remembered.turns.len()), (MOST, MOST));
    }

    #[test]
    fn what_was_read_for_opening_is_not_taken_for_the_key_that_seals() {
        let mut remembered = Remembered::default();
        remembered.keep("ada", known(1), false);
        assert!(remembered.key("ada", 1).is_some() && remembered.newest("ada").is_none());
    }

    #[test]
    fn a_newer_epoch_or_an_erasure_leaves_nothing() {
        let mut remembered = Remembered::default();
        remembered.keep("ada", known(1), true);
        remembered.keep("bob", known(1), true);
        remembered.forget("ada");
        assert!(remembered.key("ada", 1).is_none() && remembered.key("bob", 1).is_some());
        assert!(remembered.is_now(3) && remembered.key("bob", 1).is_none());
        assert!(!remembered.is_now(3) && !remembered.is_now(2), "an older state of the store is no news");
    }
}
