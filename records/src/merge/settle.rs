//! Two edits that no program may put together: what they disagree on, and what a person's choice makes of them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Sides;
use super::group::Group;
use crate::document::{Document, DocumentError};

/// Which of two edits a person takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that was not taken.
    Ours,
    /// The one that stands.
    Theirs,
}

/// What is decided as one: elements that belong together, or a single one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is about, in words; `None` where a single element speaks for itself.
    pub title: Option<&'static str>,
    /// The elements, in the order of their names; never empty.
    pub elements: Vec<String>,
}

impl Part {
    /// A name for the part: its first element.
    pub fn name(&self) -> &str {
        self.elements.first().map_or("", String::as_str)
    }
}

/// What a person has to decide between `ours` and `theirs`, both made from `base`; nothing where [`super::merge`] can do it.
/// Without a `base` (one of the two was made anew) every element that differs is decided.
pub fn parts(base: Option<&Document>, ours: &Document, theirs: &Document) -> Vec<Part> {
    let nothing = Value::Object(Map::new());
    let base = base.map_or(&nothing, Document::value);
    let sides = Sides { base, ours: ours.value(), theirs: theirs.value() };
    if sides.ours == sides.theirs || sides.ours == sides.base || sides.theirs == sides.base {
        return Vec::new();
    }
    let kind = theirs.kind().as_str();
    let mut open: BTreeSet<String> =
        sides.unsafe_elements(kind).into_iter().map(|field| field.element).collect();
    let taken = Aligned::of(sides, |name| open.contains(name).then_some(Side::Theirs));
    if let Err(conflicts) = taken.sides().merged() {
        open.extend(conflicts.into_iter().map(|field| field.element));
    }
    let mut parts = Vec::new();
    for group in Group::of(kind) {
        let elements: Vec<String> = open.iter().filter(|name| group.holds(name)).cloned().collect();
        open.retain(|name| !elements.contains(name));
        parts.extend((!elements.is_empty()).then_some(Part { title: Some(group.title()), elements }));
    }
    parts.extend(open.into_iter().map(|name| Part { title: None, elements: vec![name] }));
    parts
}

/// What a choice makes: the chosen side of each part, and of everything else what either edit changed.
///
/// # Errors
/// When the two sides together are not a readable document.
pub fn settle(
    base: Option<&Document>,
    ours: &Document,
    theirs: &Document,
    choose: impl Fn(&Part) -> Side,
) -> Result<Document, DocumentError> {
    let parts = parts(base, ours, theirs);
    let nothing = Value::Object(Map::new());
    let base = base.map_or(&nothing, Document::value);
    let sides = Sides { base, ours: ours.value(), theirs: theirs.value() };
    let chosen = |name: &str| {
        parts.iter().find(|part| part.elements.iter().any(|element| element == name)).map(&choose)
    };
    match Aligned::of(sides, chosen).sides().merged() {
        Ok(value) => Document::from_value(value),
        // Every element on which they disagree is in a part, and so on both sides alike by now.
        Err(_) => Ok(theirs.clone()),
    }
}

/// The two edits and their base after a choice: what was decided is alike in all three.
struct Aligned {
    base: Value,
    ours: Value,
    theirs: Value,
}

impl Aligned {
    fn of(sides: Sides<'_>, chosen: impl Fn(&str) -> Option<Side>) -> Self {
        let (mut base, mut ours, mut theirs) = (sides.base.clone(), sides.ours.clone(), sides.theirs.clone());
        for name in sides.names() {
            let Some(side) = chosen(name) else { continue };
            let taken = match side {
                Side::Ours => sides.ours.get(name),
                Side::Theirs => sides.theirs.get(name),
            };
            for value in [&mut base, &mut ours, &mut theirs] {
                set(value, name, taken);
            }
        }
        Self { base, ours, theirs }
    }

    fn sides(&self) -> Sides<'_> {
        Sides { base: &self.base, ours: &self.ours, theirs: &self.theirs }
    }
}

/// Sets an element where it stands, or takes it out.
fn set(value: &mut Value, name: &str, to: Option<&Value>) {
    let Some(members) = value.as_object_mut() else { return };
    match to {
        Some(to) => drop(members.insert(name.to_owned(), to.clone())),
        None => drop(members.shift_remove(name)),
    }
}
