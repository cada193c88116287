//! What crosses between workstation and server.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sync::wire::{self, AuditBatch, HistoryMethod, HistoryPage, Problem};

use crate::Target;

/// A page of history.
pub(crate) fn history_page(bytes: &[u8]) {
    let Ok(page) = HistoryPage::parse(bytes) else { return };
    for entry in &page.entries {
        match entry.method {
            HistoryMethod::Put(resource) => {
                assert!(std::str::from_utf8(resource).is_ok());
                let _document = records::Document::parse(resource.to_vec()).is_ok();
            }
            HistoryMethod::Delete => {}
        }
        let _key = entry.key.parse::<records::RecordKey>().is_ok();
    }
}

/// A batch of events: what is read is what would be sent.
pub(crate) fn audit_batch(bytes: &[u8]) {
    let Ok(batch) = AuditBatch::parse(bytes) else { return };
    let sent = wire::audit_batch_json(&batch.events, batch.marks.as_deref());
    let again = AuditBatch::parse(&sent).expect("what is written is read");
    assert_eq!(again.events, batch.events, "events change on their way");
    assert_eq!(again.marks, batch.marks.filter(|marks| !marks.is_empty()), "and so do marks");
    let read = again.marks.and_then(|bytes| Some((keys::marks::Marks::from_bytes(&bytes).ok()?, bytes)));
    assert!(read.is_none_or(|(marks, bytes)| marks.to_bytes() == bytes), "marks are written otherwise");
}

/// A body of JSON: the first byte says which.
pub(crate) fn body(bytes: &[u8]) {
    let Some((&which, json)) = bytes.split_first() else { return };
    if let Some((_, read)) = BODIES.get(usize::from(which.wrapping_sub(b'A'))) {
        read(json);
    }
}

/// What IT has set.
pub(crate) fn policy(bytes: &[u8]) {
    same_again::<wire::Policy>(bytes);
}

/// Every body, by its name; a seed begins with the letter of its place.
const BODIES: &[(&str, Target)] = &[
    ("EnrolRequest", same_again::<wire::EnrolRequest>),
    ("EnrolResponse", same_again::<wire::EnrolResponse>),
    ("DirectivesRequest", same_again::<wire::DirectivesRequest>),
    ("DirectivesResponse", same_again::<wire::DirectivesResponse>),
    ("GrantsRequest", same_again::<wire::GrantsRequest>),
    ("GrantsResponse", same_again::<wire::GrantsResponse>),
    ("SignInStart", same_again::<wire::SignInStart>),
    ("SignInStarted", same_again::<wire::SignInStarted>),
    ("SignInFinish", same_again::<wire::SignInFinish>),
    ("ActivateStart", same_again::<wire::ActivateStart>),
    ("ActivateStarted", same_again::<wire::ActivateStarted>),
    ("ActivateFinish", same_again::<wire::ActivateFinish>),
    ("SignedIn", same_again::<wire::SignedIn>),
    ("ChallengeRequest", same_again::<wire::ChallengeRequest>),
    ("ChallengeResponse", same_again::<wire::ChallengeResponse>),
    ("SessionRequest", same_again::<wire::SessionRequest>),
    ("SessionResponse", same_again::<wire::SessionResponse>),
    ("ChangesRequest", same_again::<wire::ChangesRequest>),
    ("ChangesResponse", same_again::<wire::ChangesResponse>),
    ("OutcomesRequest", same_again::<wire::OutcomesRequest>),
    ("OutcomesResponse", same_again::<wire::OutcomesResponse>),
    ("AuditReceipt", same_again::<wire::AuditReceipt>),
    ("Problem", problem),
    ("CourierRequest", same_again::<wire::CourierRequest>),
    ("CourierResponse", same_again::<wire::CourierResponse>),
    ("CourierAnswers", same_again::<wire::CourierAnswers>),
    ("SealedPageRequest", same_again::<wire::SealedPageRequest>),
];

/// Reads a body; what it says, written again, reads the same.
fn same_again<T: DeserializeOwned + Serialize>(json: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(json) else { return };
    let written = serde_json::to_vec(&read).unwrap_or_default();
    let again = serde_json::from_slice::<T>(&written).ok().and_then(|again| serde_json::to_vec(&again).ok());
    assert_eq!(again, Some(written), "a body reads otherwise when written again");
}

fn problem(json: &[u8]) {
    let Some(problem) = Problem::from_json(json) else { return };
    let again = Problem::from_json(problem.to_json().to_string().as_bytes());
    assert_eq!(again, Some(problem), "a problem reads otherwise when written again");
}
