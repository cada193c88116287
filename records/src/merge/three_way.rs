//! The three-way merge of one JSON element.

use serde_json::{Map, Value};

/// The two sides changed the same thing in different ways.
pub(super) struct Disagree;

/// The element that has both changes; `None` when it is gone.
pub(super) fn three_way(
    base: Option<&Value>,
    ours: Option<&Value>,
    theirs: Option<&Value>,
) -> Result<Option<Value>, Disagree> {
    if ours == theirs || ours == base {
        return Ok(theirs.cloned());
    }
    if theirs == base {
        return Ok(ours.cloned());
    }
    match (base, ours, theirs) {
        (base, Some(Value::Array(ours)), Some(Value::Array(theirs))) => {
            let base = base.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            united(base, ours, theirs).map(|list| Some(Value::Array(list)))
        }
        (Some(Value::Object(base)), Some(Value::Object(ours)), Some(Value::Object(theirs))) => {
            object(base, ours, theirs).map(|members| Some(Value::Object(members)))
        }
        _ => Err(Disagree),
    }
}

fn object(
    base: &Map<String, Value>,
    ours: &Map<String, Value>,
    theirs: &Map<String, Value>,
) -> Result<Map<String, Value>, Disagree> {
    // A coded or measured value means something only as a whole: half of one and half of the other means neither.
    if ["system", "code", "value", "unit", "reference", "coding"]
        .iter()
        .any(|name| theirs.contains_key(*name))
    {
        return Err(Disagree);
    }
    let mut merged = Map::new();
    let added = ours.keys().filter(|name| !theirs.contains_key(*name));
    for name in theirs.keys().chain(added) {
        if let Some(value) = three_way(base.get(name), ours.get(name), theirs.get(name))? {
            merged.insert(name.clone(), value);
        }
    }
    Ok(merged)
}

/// A list that both sides only added to: theirs, then what ours added. A list from which either side took something
/// out, or in which it changed an item, is for a person.
fn united(base: &[Value], ours: &[Value], theirs: &[Value]) -> Result<Vec<Value>, Disagree> {
    let keeps_all = |side: &[Value]| base.iter().all(|item| count(side, item) >= count(base, item));
    if !keeps_all(ours) || !keeps_all(theirs) {
        return Err(Disagree);
    }
    let mut list = theirs.to_vec();
    for item in ours {
        if count(&list, item) < count(ours, item) {
            list.push(item.clone());
        }
    }
    Ok(list)
}

fn count(list: &[Value], item: &Value) -> usize {
    list.iter().filter(|other| *other == item).count()
}
