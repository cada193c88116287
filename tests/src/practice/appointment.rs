//! Appointments: today's list and some that are still to come.

use serde_json::{Value, json};

use super::chart::Chart;
use super::clinic::Booking;
use super::fhir::{Moment, hl7, named_reference, text};
use super::numbers::{days_after, weekday_near};
use super::random::{Random, Topic};

/// Before this time of today patients have been seen, minutes since midnight.
const SEEN_UNTIL: i64 = 8 * 60 + 40;
/// Before this one they have arrived.
const ARRIVED_UNTIL: i64 = 9 * 60 + 20;

pub(super) fn write_appointments(chart: &mut Chart<'_>) {
    if chart.persona.death.is_some() {
        return;
    }
    let mut random =
        Random::for_topic(chart.setting.seed, Topic::Appointment, u64::from(chart.persona.index));
    if let Some(Booking { minute, .. }) = chart.clinic.booking(chart.persona.index) {
        let status = match minute {
            ..SEEN_UNTIL => "fulfilled",
            SEEN_UNTIL..ARRIVED_UNTIL => "arrived",
            _ if random.chance(40) => "cancelled",
            ARRIVED_UNTIL.. => "booked",
        };
        let start = chart.moment(chart.setting.today, minute);
        write_appointment(chart, &mut random, start, status);
    }
    let follow_up = if chart.full() { 260 } else { 40 };
    if random.chance(follow_up) {
        let day = weekday_near(days_after(chart.setting.today, random.between(3, 80)));
        let start = chart.moment(day, 8 * 60 + random.between(0, 24) * 20);
        write_appointment(chart, &mut random, start, "booked");
    }
}

fn write_appointment(chart: &mut Chart<'_>, random: &mut Random, start: Moment, status: &str) {
    let reason = reason(chart, random);
    let clinician = chart.own_clinician();
    let body = json!({
        "status": status,
        "cancelationReason": if status == "cancelled" { hl7("appointment-cancellation-reason", "pat") } else { Value::Null },
        "serviceType": [text("General practice")],
        "appointmentType": hl7("v2-0276", if reason.1 { "WALKIN" } else { "ROUTINE" }),
        "reasonCode": [text(reason.0)],
        "description": reason.0,
        "start": start.to_string(),
        "end": start.plus(20).to_string(),
        "minutesDuration": 20,
        "created": chart.moment(days_after(chart.setting.today, -random.between(1, 40)), 11 * 60).to_string(),
        "participant": [
            { "actor": chart.subject(), "status": "accepted" },
            { "actor": named_reference("Practitioner", clinician.id, &clinician.name), "status": "accepted" },
            { "actor": named_reference("Location", clinician.room, &clinician.room_name), "status": "accepted" },
        ],
    });
    chart.add("Appointment", Value::Null, body);
}

/// The words at the front desk, and whether the patient comes without having booked ahead. They stand in the demographics drawer, so they
/// name no diagnosis.
fn reason(chart: &Chart<'_>, random: &mut Random) -> (&'static str, bool) {
    let persona = chart.persona;
    match persona.age(chart.setting.today) {
        ..18 if random.chance(500) => ("Well-child visit", false),
        ..18 => ("Sick visit", true),
        18.. if !persona.problems.is_empty() && random.chance(600) => ("Follow-up", false),
        18.. => *random.pick(&[
            ("Annual check-up", false),
            ("New complaint", true),
            ("Review of results", false),
            ("Immunization", false),
            ("Form to be signed", false),
            ("Cough", true),
        ]),
    }
}
