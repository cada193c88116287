//! What bundles from elsewhere lack for a working day: our staff, a care team for each patient, today's bookings.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::PathBuf;

use jiff::civil::{Date, DateTime};
use serde_json::{Value, json};

use super::DemoError;
use crate::practice::Practice;
use crate::practice::people::{CLINICIAN, NURSE};

/// Bookings of one day.
const BOOKINGS: usize = 16;
/// Minutes between them.
const SPACING: i64 = 20;
/// Every third patient has no care team, so that opening a chart with a reason can be seen.
const WITHOUT_TEAM: usize = 3;

/// Writes the overlay of the patients in `files` as NDJSON.
///
/// # Errors
/// Where a file cannot be opened. One that is not a bundle has no patients; the import says what is wrong with it.
pub(crate) fn write(files: &[PathBuf], today: Date, out: &mut impl Write) -> Result<(), DemoError> {
    for resource in Practice::new(0, 0, today).resources() {
        out.write_all(&resource)?;
        out.write_all(b"\n")?;
    }
    let mut booked = 0;
    for (number, patient) in patients(files)?.iter().enumerate() {
        if number % WITHOUT_TEAM != WITHOUT_TEAM - 1 {
            line(out, &care_team(&patient.id))?;
        }
        if !patient.deceased && booked < BOOKINGS {
            line(out, &appointment(&patient.id, today, booked))?;
            booked += 1;
        }
    }
    Ok(())
}

struct Found {
    id: String,
    deceased: bool,
}

fn patients(files: &[PathBuf]) -> Result<Vec<Found>, DemoError> {
    let mut found = Vec::new();
    for file in files {
        let reader = BufReader::new(File::open(file)?);
        for value in serde_json::Deserializer::from_reader(reader).into_iter::<Value>().map_while(Result::ok)
        {
            let entries = value.get("entry").and_then(Value::as_array);
            let bundled = entries.into_iter().flatten().filter_map(|entry| entry.get("resource"));
            found.extend(bundled.chain([&value]).filter_map(patient));
        }
    }
    Ok(found)
}

fn patient(resource: &Value) -> Option<Found> {
    if resource.get("resourceType")? != "Patient" {
        return None;
    }
    let deceased = ["deceasedDateTime", "deceasedBoolean"]
        .iter()
        .any(|name| resource.get(name).is_some_and(|value| value != &json!(false)));
    Some(Found { id: resource.get("id")?.as_str()?.to_owned(), deceased })
}

fn care_team(patient: &str) -> Value {
    let members = [NURSE, CLINICIAN].map(|person| {
        json!({ "member": { "reference": format!("Practitioner/{}", person.id), "display": person.name } })
    });
    json!({
        "resourceType": "CareTeam",
        "id": derived(patient, "care-team"),
        "status": "active",
        "subject": { "reference": format!("Patient/{patient}") },
        "participant": members,
    })
}

fn appointment(patient: &str, today: Date, number: usize) -> Value {
    const STATUS: [&str; 4] = ["fulfilled", "arrived", "booked", "booked"];
    const REASON: [&str; 4] = ["Blood pressure check", "Follow-up visit", "Annual review", "New complaint"];
    let minutes = SPACING * i64::try_from(number).unwrap_or_default();
    let start = today.at(8, 40, 0, 0).checked_add(jiff::Span::new().minutes(minutes)).unwrap_or(today.into());
    let end = start.checked_add(jiff::Span::new().minutes(15)).unwrap_or(start);
    let instant = |time: DateTime| format!("{time}Z");
    json!({
        "resourceType": "Appointment",
        "id": derived(patient, "appointment"),
        "status": STATUS[(number * STATUS.len() / BOOKINGS).min(STATUS.len() - 1)],
        "description": REASON[number % REASON.len()],
        "start": instant(start),
        "end": instant(end),
        "minutesDuration": 15,
        "participant": [
            { "actor": { "reference": format!("Patient/{patient}") }, "status": "accepted" },
            {
                "actor": { "reference": format!("Practitioner/{}", CLINICIAN.id), "display": CLINICIAN.name },
                "status": "accepted",
            },
        ],
    })
}

/// The same id at every start for the same patient.
fn derived(patient: &str, what: &str) -> String {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(format!("{what} {patient}"));
    let bytes: [u8; 16] = hash[..16].try_into().expect("SHA-256 gives 32 bytes");
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

fn line(out: &mut impl Write, resource: &Value) -> Result<(), DemoError> {
    writeln!(out, "{resource}")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_living_patient_is_booked_once_and_most_have_a_care_team() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("three.json");
        let entries = ["a", "b", "c"].map(|id| {
            json!({ "resource": {
                "resourceType": "Patient", "id": id, "deceasedBoolean": id == "b",
            }})
        });
        std::fs::write(&path, json!({ "resourceType": "Bundle", "entry": entries }).to_string())
            .expect("written");
        let mut out = Vec::new();
        write(&[path], "2026-11-22".parse().expect("a date"), &mut out).expect("an overlay");
        let text = String::from_utf8(out).expect("JSON is UTF-8");
        assert_eq!(text.matches("\"resourceType\":\"Appointment\"").count(), 2);
        assert_eq!(text.matches("\"resourceType\":\"CareTeam\"").count(), 2);
        assert!(!text.contains("Appointment/b"));
    }
}
