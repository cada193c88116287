//! Two charts of one person: how the record of a patient says that another one replaced it, and how that is taken back.
//!
//! Joining two charts rewrites no record: the `Patient` of each gets a link to the other (FHIR `Patient.link`), and every
//! record keeps the patient that it was written for. So keys, queues and drafts stay as they are, and separating the two
//! finds everything where it was. A link counts only where both halves are there.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::apart::are_apart;
use crate::document::{Document, DocumentError};
use crate::id::{PatientId, ResourceKind};
use crate::reference::Reference;

const REPLACED_BY: &str = "replaced-by";
const REPLACES: &str = "replaces";

/// What a patient's own record says of its other charts: one half of each link.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Links {
    /// The charts that are to be used in place of this one; more than one is a mistake.
    pub replaced_by: Vec<PatientId>,
    /// The charts that this one is used in place of.
    pub replaces: Vec<PatientId>,
}

/// Why two charts are not joined, or not separated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotLinked {
    /// One of the two is no patient.
    #[error("not the record of a patient")]
    NotAPatient,
    /// Both are the same chart.
    #[error("a chart cannot replace itself")]
    Same,
    /// The chart that is to stay is part of another one.
    #[error("the chart that is to stay was replaced by another")]
    SurvivorReplaced,
    /// The chart that is to be replaced is part of another one.
    #[error("the chart was replaced by another already")]
    AlreadyReplaced,
    /// The chart that is to be replaced is the one that replaced the other.
    #[error("the charts would replace each other")]
    Circle,
    /// Somebody said that the charts are of two people.
    #[error("the charts were told apart")]
    ToldApart,
    /// There is no link to take away.
    #[error("the charts are not joined")]
    NotJoined,
    /// The record cannot be written.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl Links {
    /// The links of a `Patient`; none of any other document.
    pub fn of(patient: &Document) -> Self {
        match *patient.kind() == ResourceKind::PATIENT {
            true => Self::of_list(items(patient.value().get("link"))),
            false => Self::default(),
        }
    }

    fn of_list(list: &[Value]) -> Self {
        let mut links = Self::default();
        for (kind, id) in list.iter().filter_map(other) {
            match kind {
                REPLACED_BY => links.replaced_by.push(id),
                REPLACES => links.replaces.push(id),
                _ => {}
            }
        }
        links
    }

    /// Whether the chart is the only one of its person.
    pub fn is_empty(&self) -> bool {
        self.replaced_by.is_empty() && self.replaces.is_empty()
    }

    /// Whether these can all be true: replaced by one chart at most, and by none that it replaces.
    fn is_possible(&self) -> bool {
        let twice = |list: &[PatientId]| list.iter().any(|one| list.iter().filter(|x| *x == one).count() > 1);
        self.replaced_by.len() <= 1
            && !twice(&self.replaces)
            && !self.replaced_by.iter().any(|one| self.replaces.contains(one))
    }
}

/// Both records, with the links that say `survivor` is used in place of `superseded` from now on.
///
/// # Errors
/// [`NotLinked`]; a chart that was replaced is never a survivor, so that no circle can come of it.
pub fn join(survivor: &Document, superseded: &Document) -> Result<(Document, Document), NotLinked> {
    let (stays, goes) = both(survivor, superseded)?;
    if survivor.key() == superseded.key() {
        return Err(NotLinked::Same);
    }
    if Links::of(survivor).replaced_by.contains(&goes) {
        return Err(NotLinked::Circle);
    }
    if !Links::of(survivor).replaced_by.is_empty() {
        return Err(NotLinked::SurvivorReplaced);
    }
    if !Links::of(superseded).replaced_by.is_empty() {
        return Err(NotLinked::AlreadyReplaced);
    }
    if are_apart(survivor, superseded) {
        return Err(NotLinked::ToldApart);
    }
    let survivor = survivor.edit(|value| add(value, &goes, REPLACES))?;
    let superseded = superseded.edit(|value| {
        add(value, &stays, REPLACED_BY);
        value["active"] = json!(false);
    })?;
    Ok((survivor, superseded))
}

/// Both records without the links between them; the one that was replaced is in use again.
///
/// # Errors
/// [`NotLinked::NotAPatient`], or [`NotLinked::NotJoined`] where neither half is there.
pub fn separate(survivor: &Document, superseded: &Document) -> Result<(Document, Document), NotLinked> {
    let (stays, goes) = both(survivor, superseded)?;
    let half = Links::of(survivor).replaces.contains(&goes);
    if !half && !Links::of(superseded).replaced_by.contains(&stays) {
        return Err(NotLinked::NotJoined);
    }
    let survivor = survivor.edit(|value| take_away(value, &goes, REPLACES))?;
    let superseded = superseded.edit(|value| {
        take_away(value, &stays, REPLACED_BY);
        value["active"] = json!(true);
    })?;
    Ok((survivor, superseded))
}

/// `ours` with the links of `theirs`: what a person decides between two edits of a patient never takes over half a link.
///
/// # Errors
/// As [`Document::edit`].
pub fn with_links_of(ours: &Document, theirs: &Document) -> Result<Document, DocumentError> {
    ours.edit(|value| {
        let Some(members) = value.as_object_mut() else { return };
        for name in ["link", "active"] {
            match theirs.value().get(name) {
                Some(theirs) => drop(members.insert(name.to_owned(), theirs.clone())),
                None => drop(members.shift_remove(name)),
            }
        }
    })
}

/// Whether the versions of patients that a change would store leave every link whole: each comes and goes with its other half,
/// and none closes a circle. With each version the one before it, where there is one.
pub fn keeps_links_whole<'a>(
    changed: impl IntoIterator<Item = (Option<&'a Document>, &'a Document)>,
) -> bool {
    let changed: Vec<Changed> =
        changed.into_iter().filter_map(|(before, after)| Changed::of(before, after)).collect();
    let find = |id: &PatientId| changed.iter().find(|one| one.id == *id);
    changed.iter().all(|one| {
        let is_mirrored = |before: &[PatientId], after: &[PatientId], half: fn(&Links) -> &[PatientId]| {
            let moved = differing(before, after);
            moved.into_iter().all(|id| {
                let is_there = after.contains(id);
                find(id).is_some_and(|other| {
                    half(&other.after).contains(&one.id) == is_there
                        && half(&other.before).contains(&one.id) != is_there
                })
            })
        };
        let closes_no_circle = |by: &PatientId| {
            one.before.replaced_by.contains(by)
                || one.after.replaces.is_empty()
                || find(by).is_some_and(|by| by.after.replaced_by.is_empty())
        };
        (one.before == one.after || one.after.is_possible())
            && is_mirrored(&one.before.replaced_by, &one.after.replaced_by, |links| &links.replaces)
            && is_mirrored(&one.before.replaces, &one.after.replaces, |links| &links.replaced_by)
            && one.after.replaced_by.iter().all(closes_no_circle)
    })
}

/// One patient's links before and after a change.
struct Changed {
    id: PatientId,
    before: Links,
    after: Links,
}

impl Changed {
    fn of(before: Option<&Document>, after: &Document) -> Option<Self> {
        let id = after.patient().filter(|_| *after.kind() == ResourceKind::PATIENT)?.clone();
        let before = before.map(Links::of).unwrap_or_default();
        Some(Self { id, before, after: Links::of(after) }).filter(|one| {
            // Most edits of a patient touch no link.
            !(one.before.is_empty() && one.after.is_empty())
        })
    }
}

/// What only one of two lists has.
fn differing<'a>(before: &'a [PatientId], after: &'a [PatientId]) -> Vec<&'a PatientId> {
    let gone = before.iter().filter(|id| !after.contains(id));
    gone.chain(after.iter().filter(|id| !before.contains(id))).collect()
}

/// `Patient.link` of two edits of one base: what either added, without what either took away. `None`: an element that nobody
/// has any more. An error where both together cannot be true: that is for a person.
pub(crate) fn united(
    base: Option<&Value>,
    ours: Option<&Value>,
    theirs: Option<&Value>,
) -> Result<Option<Value>, Impossible> {
    if ours == theirs || ours == base {
        return Ok(theirs.cloned());
    }
    if theirs == base {
        return Ok(ours.cloned());
    }
    let kept = |item: &&Value| !items(base).contains(item) || items(ours).contains(item);
    let mut list: Vec<Value> = items(theirs).iter().filter(kept).cloned().collect();
    for item in items(ours) {
        if !items(base).contains(item) && !list.contains(item) {
            list.push(item.clone());
        }
    }
    if !Links::of_list(&list).is_possible() {
        return Err(Impossible);
    }
    Ok((!list.is_empty()).then_some(Value::Array(list)))
}

/// Links that cannot all be true.
pub(crate) struct Impossible;

fn both(survivor: &Document, superseded: &Document) -> Result<(PatientId, PatientId), NotLinked> {
    let id = |document: &Document| {
        let is_patient = *document.kind() == ResourceKind::PATIENT;
        document.patient().filter(|_| is_patient).cloned().ok_or(NotLinked::NotAPatient)
    };
    Ok((id(survivor)?, id(superseded)?))
}

fn add(patient: &mut Value, to: &PatientId, kind: &str) {
    let link = json!({"other": {"reference": to.key().to_string()}, "type": kind});
    let Some(members) = patient.as_object_mut() else { return };
    match members.get_mut("link").and_then(Value::as_array_mut) {
        Some(links) => links.push(link),
        None => drop(members.insert("link".to_owned(), json!([link]))),
    }
}

fn take_away(patient: &mut Value, to: &PatientId, kind: &str) {
    let Some(members) = patient.as_object_mut() else { return };
    let Some(links) = members.get_mut("link").and_then(Value::as_array_mut) else { return };
    links.retain(|link| other(link).is_none_or(|(found, id)| found != kind || id != *to));
    if links.is_empty() {
        members.shift_remove("link");
    }
}

/// The type of a link and the patient that it leads to.
fn other(link: &Value) -> Option<(&str, PatientId)> {
    let link: &Map<String, Value> = link.as_object()?;
    let reference = link.get("other")?.get("reference")?.as_str()?;
    match Reference::parse(reference) {
        Reference::Record(key) if key.kind == ResourceKind::PATIENT => {
            Some((link.get("type")?.as_str()?, PatientId(key.id)))
        }
        Reference::Record(_) | Reference::Urn(_) | Reference::Contained(_) | Reference::Other(_) => None,
    }
}

fn items(list: Option<&Value>) -> &[Value] {
    list.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
