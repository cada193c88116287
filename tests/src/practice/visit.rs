//! Visits to the clinic: when they were, why, what was measured, found, prescribed and written.

use jiff::civil::Date;
use serde_json::{Value, json};
use uuid::Uuid;

use super::account::write_charge;
use super::chart::Chart;
use super::clinic::site_id;
use super::course::{Vitals, measure_vitals};
use super::fhir::{
    ICD10CM, LOINC, Moment, V3_ACT_CODE, coding, concept, hl7, meta, named_reference, quantity, reference,
    text,
};
use super::illness::{ILLNESSES, Illness};
use super::laboratory::write_laboratory;
use super::note::{Findings, write_document, write_note};
use super::numbers::{Decimal, age_at, days_after, days_between, weekday_near};
use super::people::{NURSE, PRACTICE_ID};
use super::random::Random;
use super::treatment::{Treatment, write_illness};

pub(super) struct Visit {
    pub(super) at: Moment,
    pub(super) reason: Reason,
}

#[derive(Clone, Copy)]
pub(super) enum Reason {
    CheckUp,
    WellChild,
    FollowUp,
    Illness(&'static Illness),
}

/// Past visits, oldest first, not before the first of the last `years`.
pub(super) fn plan_visits(chart: &Chart<'_>, random: &mut Random, years: i64) -> Vec<Visit> {
    let until = chart.until();
    let mut on = days_after(until, -random.between(12, 120));
    let mut visits = Vec::new();
    let start = days_after(until, -years * 365).max(chart.persona.birth);
    while on > start || visits.is_empty() {
        let date = weekday_near(on).max(chart.persona.birth);
        let minute = 8 * 60 + 10 + random.below(25) as i64 * 20;
        visits.push(Visit { at: chart.moment(date, minute), reason: reason(chart, random, date) });
        if !chart.full() {
            break;
        }
        on = days_after(on, -interval(chart, random, date));
    }
    visits.reverse();
    visits
}

pub(super) fn write_visit(
    chart: &mut Chart<'_>,
    random: &mut Random,
    treatment: &mut Treatment,
    coverage: Option<Uuid>,
    (number, visit): (usize, &Visit),
) {
    let date = visit.at.date;
    let encounter = write_encounter(chart, visit);
    let illness = match visit.reason {
        Reason::Illness(illness) => Some(illness),
        Reason::CheckUp | Reason::WellChild | Reason::FollowUp => None,
    };
    let vitals = measure_vitals(chart.persona, date, illness, random);
    write_vitals(chart, visit.at.plus(6), encounter, &vitals);
    let mut begun = treatment.write_due(chart, date, encounter);
    if let Some(illness) = illness {
        begun.extend(write_illness(chart, random, illness, date, encounter));
    }
    let results = write_laboratory(chart, random, visit, encounter, number);
    let current = treatment.current(date).map(super::medicine::Prescription::product).collect();
    let findings = Findings { vitals, begun, current, results };
    if chart.full() || random.chance(350) {
        write_note(chart, visit, encounter, &findings);
    }
    if chart.full() && random.chance(60) {
        write_document(chart, random, visit, encounter);
    }
    if let Some(coverage) = coverage.filter(|_| chart.full() && days_between(date, chart.setting.today) < 730)
    {
        write_charge(chart, random, visit, encounter, coverage);
    }
}

impl Reason {
    /// The words of the appointment and the encounter.
    pub(super) fn words(self) -> &'static str {
        match self {
            Reason::CheckUp => "Annual check-up",
            Reason::WellChild => "Well-child visit",
            Reason::FollowUp => "Follow-up of chronic conditions",
            Reason::Illness(illness) => illness.complaint,
        }
    }
}

fn reason(chart: &Chart<'_>, random: &mut Random, date: Date) -> Reason {
    let persona = chart.persona;
    let age = persona.age(date);
    let chronic = persona.problems.iter().any(|problem| problem.since <= date);
    let acute = if chronic { 280 } else { 480 };
    if random.chance(acute) {
        let fitting: Vec<&'static Illness> = ILLNESSES
            .iter()
            .filter(|illness| (illness.ages.0..=illness.ages.1).contains(&age))
            .filter(|illness| illness.only.is_none_or(|only| only == persona.sex))
            .filter(|illness| illness.labels.is_empty() || random.chance(250))
            .collect();
        if !fitting.is_empty() {
            let illness: &&'static Illness = random.pick(&fitting);
            return Reason::Illness(illness);
        }
    }
    match age {
        ..18 => Reason::WellChild,
        _ if chronic && random.chance(750) => Reason::FollowUp,
        18.. => Reason::CheckUp,
    }
}

/// Days to the visit before: the sicker, the sooner, and infants often.
fn interval(chart: &Chart<'_>, random: &mut Random, date: Date) -> i64 {
    let age = age_at(chart.persona.birth, date);
    let weight =
        chart.persona.problems.iter().filter(|problem| !problem.disease.treatments.is_empty()).count();
    let days = match (age, weight) {
        (0, _) => 55,
        (1..3, _) => 120,
        (_, 0) => 250,
        (_, 1) => 170,
        (_, 2) => 120,
        (_, _) => 95,
    };
    (days + random.spread(days / 2)).max(20)
}

fn write_encounter(chart: &mut Chart<'_>, visit: &Visit) -> Uuid {
    let (reason, labels): (Value, &[super::fhir::Label]) = match visit.reason {
        Reason::Illness(illness) => (
            json!({ "coding": [coding(ICD10CM, illness.code, illness.title)], "text": illness.complaint }),
            illness.labels,
        ),
        Reason::CheckUp | Reason::WellChild | Reason::FollowUp => (text(visit.reason.words()), &[]),
    };
    let clinician = chart.own_clinician();
    let room = named_reference("Location", clinician.room, &clinician.room_name);
    let body = json!({
        "status": "finished",
        "class": coding(V3_ACT_CODE, "AMB", "ambulatory"),
        "type": [text("Office visit")],
        "subject": chart.subject(),
        "participant": [{ "individual": chart.clinician() }],
        "period": { "start": visit.at.to_string(), "end": visit.at.plus(20).to_string() },
        "reasonCode": [reason],
        "location": [{ "location": if chart.full() { room } else { reference("Location", site_id(chart.setting)) } }],
        "serviceProvider": reference("Organization", PRACTICE_ID),
    });
    chart.add("Encounter", meta(labels), body)
}

/// LOINC code, display, value, unit and UCUM code of a simple vital sign.
type Sign = (&'static str, &'static str, Decimal, &'static str, &'static str);

fn write_vitals(chart: &mut Chart<'_>, at: Moment, encounter: Uuid, vitals: &Vitals) {
    let age = chart.persona.age(at.date);
    if age >= 3 {
        write_pressure(chart, at, encounter, vitals);
    }
    let centimetres = Decimal::new(vitals.height, 1);
    let signs: [Sign; 7] = [
        ("8867-4", "Heart rate", Decimal::whole(vitals.pulse), "/min", "/min"),
        ("29463-7", "Body weight", Decimal::new(vitals.weight, 1), "kg", "kg"),
        (
            "59408-5",
            "Oxygen saturation in Arterial blood by Pulse oximetry",
            Decimal::whole(vitals.saturation),
            "%",
            "%",
        ),
        ("8310-5", "Body temperature", Decimal::new(vitals.temperature, 1), "°C", "Cel"),
        ("9279-1", "Respiratory rate", Decimal::whole(vitals.respiration), "/min", "/min"),
        ("8302-2", "Body height", centimetres, "cm", "cm"),
        ("39156-5", "Body mass index (BMI) [Ratio]", Decimal::new(vitals.mass_index, 1), "kg/m2", "kg/m2"),
    ];
    let measured = if chart.full() { &signs[..] } else { &signs[..2] };
    for sign in measured {
        if sign.0 == "39156-5" && age < 2 {
            continue;
        }
        write_sign(chart, at, encounter, sign);
    }
}

fn write_sign(chart: &mut Chart<'_>, at: Moment, encounter: Uuid, (code, display, value, unit, ucum): &Sign) {
    let body = json!({
        "status": "final",
        "category": [hl7("observation-category", "vital-signs")],
        "code": concept(LOINC, code, display),
        "subject": chart.subject(),
        "encounter": reference("Encounter", encounter),
        "effectiveDateTime": at.to_string(),
        "performer": [named_reference("Practitioner", NURSE.id, NURSE.name)],
        "valueQuantity": quantity(*value, unit, ucum),
    });
    chart.add("Observation", Value::Null, body);
}

fn write_pressure(chart: &mut Chart<'_>, at: Moment, encounter: Uuid, vitals: &Vitals) {
    let part = |code, display, value| json!({ "code": concept(LOINC, code, display), "valueQuantity": quantity(Decimal::whole(value), "mmHg", "mm[Hg]") });
    let body = json!({
        "status": "final",
        "category": [hl7("observation-category", "vital-signs")],
        "code": concept(LOINC, "85354-9", "Blood pressure panel with all children optional"),
        "subject": chart.subject(),
        "encounter": reference("Encounter", encounter),
        "effectiveDateTime": at.to_string(),
        "performer": [named_reference("Practitioner", NURSE.id, NURSE.name)],
        "component": [
            part("8480-6", "Systolic blood pressure", vitals.systolic),
            part("8462-4", "Diastolic blood pressure", vitals.diastolic),
        ],
    });
    chart.add("Observation", Value::Null, body);
}
