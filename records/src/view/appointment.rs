//! Appointments, as the day's list and the chart show them.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::NOT_KNOWN;
use super::chart::Chart;
use super::element::{concept, items, text};
use crate::document::Document;
use crate::id::{PatientId, RecordKey, ResourceKind};
use crate::reference::Reference;

/// One appointment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppointmentItem {
    /// The record.
    pub key: RecordKey,
    /// Whose it is.
    pub patient: Option<PatientId>,
    /// When it begins.
    pub start: Option<Timestamp>,
    /// How long, in minutes.
    pub minutes: Option<u32>,
    /// `Booked`, `Arrived`, `Checked in`, `Fulfilled`, `No show`, `Cancelled` …
    pub status: String,
    /// The status as FHIR has it.
    pub status_code: String,
    /// What for.
    pub reason: String,
    /// With whom.
    pub clinician: Option<String>,
    /// Where.
    pub room: Option<String>,
}

impl AppointmentItem {
    /// All appointments among the documents, by time.
    pub fn all(chart: &Chart<'_>) -> Vec<Self> {
        let documents = chart.of_kind(&ResourceKind::APPOINTMENT);
        let mut found: Vec<Self> = documents.map(|document| Self::of(document, chart)).collect();
        found.retain(|item| item.status_code != "entered-in-error");
        found.sort_by_key(|item| item.start);
        found
    }

    /// The view of one `Appointment`.
    pub fn of(document: &Document, chart: &Chart<'_>) -> Self {
        let value = document.value();
        let start = instant(value, "start");
        let length = || {
            let seconds = instant(value, "end")?.as_second() - start?.as_second();
            u32::try_from(seconds / 60).ok()
        };
        let stated = value.get("minutesDuration").and_then(Value::as_u64).and_then(|m| u32::try_from(m).ok());
        let status = text(value, "status").unwrap_or_else(|| "unknown".to_owned());
        Self {
            key: document.key().clone(),
            patient: document.patient().cloned(),
            start,
            minutes: stated.or_else(length),
            status: status_text(&status),
            status_code: status,
            reason: reason(value),
            clinician: participant(value, chart, &["Practitioner", "PractitionerRole"]),
            room: participant(value, chart, &["Location"]),
        }
    }
}

fn instant(value: &Value, name: &str) -> Option<Timestamp> {
    value.get(name)?.as_str()?.parse().ok()
}

fn status_text(code: &str) -> String {
    match code {
        "noshow" => "No show".to_owned(),
        "unknown" => NOT_KNOWN.to_owned(),
        code => super::element::status_words(code),
    }
}

fn reason(value: &Value) -> String {
    let coded = ["reasonCode", "serviceType", "appointmentType"]
        .into_iter()
        .find_map(|name| items(value, name).iter().find_map(concept));
    coded.or_else(|| text(value, "description")).unwrap_or_else(|| NOT_KNOWN.to_owned())
}

fn participant(value: &Value, chart: &Chart<'_>, kinds: &[&str]) -> Option<String> {
    let actors = items(value, "participant").iter().filter_map(|p| p.get("actor"));
    let mut of_kind = actors.filter(|actor| {
        let reference = actor.get("reference").and_then(Value::as_str).map(Reference::parse);
        matches!(reference, Some(Reference::Record(key)) if kinds.contains(&key.kind.as_str()))
    });
    of_kind.find_map(|actor| chart.name_of(actor))
}
