//! Two charts that look like one person's and are two people's: how the record of each says so, and how that is taken back.
//!
//! The `Patient` of each carries an extension that names the other, who said it and when. It keeps the two from being proposed
//! again; nothing else follows from it. Either half counts: a chart whose other half was decided away is still told apart.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::document::{Document, DocumentError};
use crate::id::{PatientId, PersonId, ResourceKind};
use crate::reference::Reference;

/// The extension of a `Patient` that says whose chart it is not.
pub(crate) const NOT_THE_SAME: &str = "urn:chartkeep:not-the-same-person";
const PATIENT: &str = "patient";
const AUTHOR: &str = "author";
const AT: &str = "at";

/// Who said that two charts are of two people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Teller {
    /// The person.
    pub person: PersonId,
    /// What they are called.
    pub name: String,
    /// When it was said.
    pub at: Timestamp,
}

/// What the record of a patient says of another chart: it is not of the same person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldApart {
    /// The other chart.
    pub other: PatientId,
    /// What whoever said so is called, where that is there.
    pub by: Option<String>,
    /// When, where that is there.
    pub at: Option<Timestamp>,
}

/// Why two charts are not told apart, or not any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotApart {
    /// One of the two is no patient.
    #[error("not the record of a patient")]
    NotAPatient,
    /// Both are the same chart.
    #[error("a chart cannot be told apart from itself")]
    Same,
    /// Both say so already.
    #[error("the charts are told apart already")]
    Already,
    /// Neither says so.
    #[error("the charts are not told apart")]
    NotTold,
    /// The record cannot be written.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// The charts that a patient's record says are not of the same person.
pub fn told_apart(patient: &Document) -> Vec<ToldApart> {
    let is_patient = *patient.kind() == ResourceKind::PATIENT;
    items(patient.value().get("extension").filter(|_| is_patient)).iter().filter_map(mark).collect()
}

/// Whether either of two records says that they are of two people.
pub fn are_apart(one: &Document, other: &Document) -> bool {
    let names = |from: &Document, to: &Document| {
        to.patient().is_some_and(|to| told_apart(from).iter().any(|mark| mark.other == *to))
    };
    names(one, other) || names(other, one)
}

/// Both records, each with a mark that names the other.
///
/// # Errors
/// [`NotApart`].
pub fn tell_apart(one: &Document, other: &Document, by: &Teller) -> Result<(Document, Document), NotApart> {
    let (first, second) = both(one, other)?;
    let says = |from: &Document, to: &PatientId| told_apart(from).iter().any(|mark| mark.other == *to);
    if says(one, &second) && says(other, &first) {
        return Err(NotApart::Already);
    }
    let marked = |from: &Document, to: &PatientId| match says(from, to) {
        true => Ok(from.clone()),
        false => from.edit(|value| add(value, to, by)),
    };
    Ok((marked(one, &second)?, marked(other, &first)?))
}

/// Both records without what they say of each other.
///
/// # Errors
/// [`NotApart`]; [`NotApart::NotTold`] where neither says anything.
pub fn take_back(one: &Document, other: &Document) -> Result<(Document, Document), NotApart> {
    let (first, second) = both(one, other)?;
    if !are_apart(one, other) {
        return Err(NotApart::NotTold);
    }
    Ok((one.edit(|value| remove(value, &second))?, other.edit(|value| remove(value, &first))?))
}

/// `Patient.extension` of two edits of one base: the marks are a set, in which holds what either added and is gone what either
/// took away; all else is merged by `others`.
pub(crate) fn united<E>(
    [base, ours, theirs]: [Option<&Value>; 3],
    others: impl FnOnce([Option<&Value>; 3]) -> Result<Option<Value>, E>,
) -> Result<Option<Value>, E> {
    let rest = [base, ours, theirs].map(without_marks);
    let mut list = match others(rest.each_ref().map(Option::as_ref))? {
        Some(Value::Array(list)) => list,
        Some(other) => return Ok(Some(other)),
        None => Vec::new(),
    };
    let marks = |side| items(side).iter().filter(|item| is_mark(item));
    let has = |side: Option<&Value>, item: &Value| items(side).contains(item);
    list.extend(marks(theirs).filter(|item| !has(base, item) || has(ours, item)).cloned());
    list.extend(marks(ours).filter(|item| !has(base, item) && !has(theirs, item)).cloned());
    Ok((!list.is_empty()).then_some(Value::Array(list)))
}

fn without_marks(list: Option<&Value>) -> Option<Value> {
    let list = list?;
    let Some(all) = list.as_array() else { return Some(list.clone()) };
    let rest: Vec<Value> = all.iter().filter(|item| !is_mark(item)).cloned().collect();
    (!rest.is_empty()).then_some(Value::Array(rest))
}

fn both(one: &Document, other: &Document) -> Result<(PatientId, PatientId), NotApart> {
    let id = |document: &Document| {
        let is_patient = *document.kind() == ResourceKind::PATIENT;
        document.patient().filter(|_| is_patient).cloned().ok_or(NotApart::NotAPatient)
    };
    let (first, second) = (id(one)?, id(other)?);
    if first == second { Err(NotApart::Same) } else { Ok((first, second)) }
}

fn add(patient: &mut Value, other: &PatientId, by: &Teller) {
    let author = json!({"reference": format!("Practitioner/{}", by.person), "display": by.name});
    let mark = json!({
        "url": NOT_THE_SAME,
        "extension": [
            {"url": PATIENT, "valueReference": {"reference": other.key().to_string()}},
            {"url": AUTHOR, "valueReference": author},
            {"url": AT, "valueDateTime": by.at.to_string()},
        ],
    });
    let Some(members) = patient.as_object_mut() else { return };
    match members.get_mut("extension").and_then(Value::as_array_mut) {
        Some(list) => list.push(mark),
        None => drop(members.insert("extension".to_owned(), json!([mark]))),
    }
}

fn remove(patient: &mut Value, other: &PatientId) {
    let Some(members) = patient.as_object_mut() else { return };
    let Some(list) = members.get_mut("extension").and_then(Value::as_array_mut) else { return };
    list.retain(|item| mark(item).is_none_or(|found| found.other != *other));
    if list.is_empty() {
        members.shift_remove("extension");
    }
}

/// Whether an extension of a `Patient` says whose chart it is not.
pub fn is_mark(extension: &Value) -> bool {
    mark(extension).is_some()
}

fn mark(extension: &Value) -> Option<ToldApart> {
    if extension.get("url")?.as_str()? != NOT_THE_SAME {
        return None;
    }
    let part = |name: &str| {
        items(extension.get("extension"))
            .iter()
            .find(|part| part.get("url").and_then(Value::as_str) == Some(name))
    };
    let reference = part(PATIENT)?.get("valueReference")?.get("reference")?.as_str()?;
    let by = part(AUTHOR).and_then(|author| author.get("valueReference")?.get("display")?.as_str());
    let at = part(AT).and_then(|at| at.get("valueDateTime")?.as_str()?.parse().ok());
    Some(ToldApart { other: Reference::parse(reference).patient()?, by: by.map(str::to_owned), at })
}

fn items(list: Option<&Value>) -> &[Value] {
    list.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
