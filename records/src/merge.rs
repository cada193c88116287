//! Merging two edits of one record, three-way and element by element. What cannot be merged safely goes to a person.
//!
//! - An element that only one side changed is taken from that side; one that both changed alike is taken once.
//! - Lists to which both sides only added hold both additions; so allergic reactions unite.
//! - Some elements belong together and decide about safety: what a medicine is and how it is dosed, who a patient
//!   is, what a signed note says. Two people changing the same group go to a person, even if their elements differ.
//! - An allergy that one side takes back while the other works on it always goes to a person.
//! - Security labels unite, so that a merge never lowers them.
//! - Links between patients are a set: what either side added or took away holds, whatever else was changed. So is what says
//!   that two charts are of two people.

mod group;
mod settle;
mod three_way;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::apart;
use crate::document::Document;
use crate::link;

use group::Group;
use three_way::three_way;

pub use settle::{Part, Side, parts, settle};

/// What became of two edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merge {
    /// Both are in it.
    Merged(Document),
    /// A person has to choose, side by side.
    NeedsPerson(Vec<FieldConflict>),
}

/// One element on which two edits disagree, or which is never merged without a person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldConflict {
    /// The element, such as `dosageInstruction`.
    pub element: String,
    /// What both started from.
    pub base: Option<Value>,
    /// As the change has it.
    pub ours: Option<Value>,
    /// As it stands.
    pub theirs: Option<Value>,
}

impl std::fmt::Debug for FieldConflict {
    /// Names the element; the values are patient data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FieldConflict({})", self.element)
    }
}

/// Merges `ours` and `theirs`, both made from `base`. All three are the same record.
pub fn merge(base: &Document, ours: &Document, theirs: &Document) -> Merge {
    let sides = Sides { base: base.value(), ours: ours.value(), theirs: theirs.value() };
    if sides.ours == sides.theirs || sides.ours == sides.base {
        return Merge::Merged(theirs.clone());
    }
    if sides.theirs == sides.base {
        return Merge::Merged(ours.clone());
    }
    let unsafe_elements = sides.unsafe_elements(theirs.kind().as_str());
    if !unsafe_elements.is_empty() {
        return Merge::NeedsPerson(unsafe_elements);
    }
    match sides.merged() {
        Ok(value) => match Document::from_value(value) {
            Ok(document) => Merge::Merged(document),
            // Two readable documents that merge into an unreadable one: let a person look at both.
            Err(_) => Merge::NeedsPerson(sides.changed().map(|name| sides.conflict(name)).collect()),
        },
        Err(conflicts) => Merge::NeedsPerson(conflicts),
    }
}

/// The names of the top-level elements in which two versions differ: what the trail may say about an edit.
pub fn changed_elements(before: &Document, after: &Document) -> Vec<String> {
    let sides = Sides { base: before.value(), ours: after.value(), theirs: before.value() };
    sides.changed().map(str::to_owned).collect()
}

#[derive(Clone, Copy)]
struct Sides<'a> {
    base: &'a Value,
    ours: &'a Value,
    theirs: &'a Value,
}

impl<'a> Sides<'a> {
    /// Every element that any of the three has, in the order in which they stand in `theirs`, then the others.
    fn names(self) -> impl Iterator<Item = &'a str> {
        let mut names: Vec<&str> = Vec::new();
        for side in [self.theirs, self.ours, self.base] {
            for name in side.as_object().into_iter().flat_map(Map::keys) {
                if !names.contains(&name.as_str()) {
                    names.push(name);
                }
            }
        }
        names.into_iter()
    }

    fn changed(self) -> impl Iterator<Item = &'a str> {
        self.names().filter(move |name| self.ours_changed(name) || self.theirs_changed(name))
    }

    fn ours_changed(self, name: &str) -> bool {
        self.base.get(name) != self.ours.get(name)
    }

    fn theirs_changed(self, name: &str) -> bool {
        self.base.get(name) != self.theirs.get(name)
    }

    fn conflict(self, name: &str) -> FieldConflict {
        FieldConflict {
            element: name.to_owned(),
            base: self.base.get(name).cloned(),
            ours: self.ours.get(name).cloned(),
            theirs: self.theirs.get(name).cloned(),
        }
    }

    /// Elements that decide about safety and that both sides had a hand in.
    fn unsafe_elements(self, kind: &str) -> Vec<FieldConflict> {
        let mut found: Vec<&str> = Vec::new();
        for group in Group::of(kind) {
            let members = || self.names().filter(|name| group.holds(name));
            let ours: Vec<&str> = members().filter(|name| self.ours_changed(name)).collect();
            let theirs: Vec<&str> = members().filter(|name| self.theirs_changed(name)).collect();
            let alike = ours.iter().chain(&theirs).all(|name| self.ours.get(*name) == self.theirs.get(*name));
            if !ours.is_empty() && !theirs.is_empty() && !alike {
                found.extend(ours.into_iter().chain(theirs));
            }
        }
        if kind == "AllergyIntolerance" {
            // Only reached when both sides changed something: taking back what someone else is working on.
            let taken_back = |side: &Value| group::allergy_stands(self.base) && !group::allergy_stands(side);
            if taken_back(self.ours) != taken_back(self.theirs) {
                let status = ["clinicalStatus", "verificationStatus"];
                found.extend(self.changed().filter(|name| status.contains(name)));
            }
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|name| self.conflict(name)).collect()
    }

    fn is_patient(self) -> bool {
        self.theirs.get("resourceType").and_then(Value::as_str) == Some("Patient")
    }

    fn merged(self) -> Result<Value, Vec<FieldConflict>> {
        let mut members = Map::new();
        let mut conflicts = Vec::new();
        for name in self.names() {
            let (base, ours, theirs) = (self.base.get(name), self.ours.get(name), self.theirs.get(name));
            let merged = match name {
                "meta" => Ok(meta(base, ours, theirs)),
                // A generated narrative tells of one version only; it is left out rather than left wrong.
                "text" if self.ours_changed(name) && self.theirs_changed(name) && generated(ours, theirs) => {
                    Ok(None)
                }
                "link" if self.is_patient() => {
                    link::united(base, ours, theirs).map_err(|link::Impossible| three_way::Disagree)
                }
                "extension" if self.is_patient() => {
                    apart::united([base, ours, theirs], |[base, ours, theirs]| three_way(base, ours, theirs))
                }
                _ => three_way(base, ours, theirs),
            };
            match merged {
                Ok(Some(value)) => drop(members.insert(name.to_owned(), value)),
                Ok(None) => {}
                Err(three_way::Disagree) => conflicts.push(self.conflict(name)),
            }
        }
        if conflicts.is_empty() { Ok(Value::Object(members)) } else { Err(conflicts) }
    }
}

/// The server's `meta`, with every label, tag and profile that either side has.
fn meta(base: Option<&Value>, ours: Option<&Value>, theirs: Option<&Value>) -> Option<Value> {
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return theirs.or(ours).cloned() };
    let mut meta = theirs.clone();
    let members = meta.as_object_mut()?;
    for name in ["security", "tag", "profile"] {
        let mine = ours.get(name).and_then(Value::as_array).into_iter().flatten();
        for item in mine {
            let list = members.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            // What the other side took off a tag or profile stays off; a security label stays on.
            let was_there =
                base.and_then(|b| b.get(name)?.as_array()).is_some_and(|list| list.contains(item));
            if let Some(list) = list.as_array_mut().filter(|list| !list.contains(item))
                && (name == "security" || !was_there)
            {
                list.push(item.clone());
            }
        }
    }
    // A label that only `base` still has was taken off by both, or by a version that is not ours to judge.
    members.retain(|_, value| value.as_array().is_none_or(|list| !list.is_empty()));
    Some(meta)
}

fn generated(ours: Option<&Value>, theirs: Option<&Value>) -> bool {
    let is = |side: Option<&Value>| {
        side.is_none_or(|text| text.get("status").and_then(Value::as_str) == Some("generated"))
    };
    is(ours) && is(theirs)
}
