//! What was confirmed to somebody, against what the server has: each of it has to be there, once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// One thing that somebody wrote and was told is saved, in words that no other has.
pub type Entry = String;

/// What was confirmed, in the order in which it was.
#[derive(Debug, Clone, Default)]
pub struct Account {
    confirmed: Vec<Entry>,
}

impl Account {
    /// The screen said that this is saved.
    pub fn confirm(&mut self, entry: impl Into<Entry>) {
        self.confirmed.push(entry.into());
    }

    /// How many were confirmed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.confirmed.len()
    }

    /// Whether nothing was confirmed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.confirmed.is_empty()
    }

    /// What is wrong with what was found, in words; nothing where each is there once and there is nothing else.
    #[must_use]
    pub fn against(&self, found: &[Entry]) -> Vec<String> {
        let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in found {
            *counted.entry(entry).or_default() += 1;
        }
        let mut wrong = Vec::new();
        for entry in &self.confirmed {
            match counted.remove(entry.as_str()) {
                None => wrong.push(format!("lost: {entry}")),
                Some(1) => {}
                Some(times) => wrong.push(format!("there {times} times: {entry}")),
            }
        }
        wrong.extend(counted.into_keys().map(|entry| format!("never confirmed: {entry}")));
        wrong
    }
}

/// Whoever writes to a log takes the time first and a place in it then: of two threads the later one may come first, by as much as
/// a busy machine holds one of them up.
const HELD_UP: SignedDuration = SignedDuration::from_secs(10);

/// What is wrong with the events of one log, oldest first, in words: one that is there twice, or long after its time. That they stand in
/// the very order in which the workstation wrote them is what the head of its tree says.
#[must_use]
pub fn events_out_of_order<'a>(events: impl IntoIterator<Item = &'a Value>) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut ids, mut latest) = (BTreeSet::new(), Timestamp::MIN);
    for (place, event) in events.into_iter().enumerate() {
        match event["id"].as_str() {
            Some(id) if ids.insert(id) => {}
            Some(id) => wrong.push(format!("event {place} is there twice: {id}")),
            None => wrong.push(format!("event {place} has no id")),
        }
        match event["recorded"].as_str().and_then(|at| at.parse::<Timestamp>().ok()) {
            Some(at) if latest.duration_since(at) > HELD_UP => {
                wrong.push(format!("event {place} stands after a later one"));
            }
            Some(at) => latest = latest.max(at),
            None => wrong.push(format!("event {place} has no time")),
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn account() -> Account {
        let mut account = Account::default();
        ["one", "two", "three"].into_iter().for_each(|entry| account.confirm(entry));
        account
    }

    fn found(entries: &[&str]) -> Vec<Entry> {
        entries.iter().map(|entry| (*entry).to_owned()).collect()
    }

    #[test]
    fn what_is_there_once_is_as_it_should_be_in_whatever_order() {
        assert!(account().against(&found(&["three", "one", "two"])).is_empty());
    }

    #[test]
    fn a_lost_one_a_doubled_one_and_a_strange_one_are_each_found() {
        let wrong = account().against(&found(&["one", "three", "three", "four"]));
        assert_eq!(wrong, ["lost: two", "there 2 times: three", "never confirmed: four"]);
    }

    #[test]
    fn an_event_that_is_there_twice_or_long_after_its_time_is_found() {
        let event = |id: &str, at: &str| json!({ "id": id, "recorded": format!("2026-11-22T10:00:{at}Z") });
        let sound = [event("a", "01"), event("b", "03"), event("c", "02"), event("d", "20")];
        assert!(events_out_of_order(&sound).is_empty());
        let bad = [event("a", "01"), event("b", "13"), event("a", "13"), event("c", "02")];
        let wrong = events_out_of_order(&bad);
        assert_eq!(wrong, ["event 2 is there twice: a", "event 3 stands after a later one"]);
    }
}
