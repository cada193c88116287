//! Who pays: coverage, claims, and the patient's consent to share.

use serde_json::{Value, json};
use uuid::Uuid;

use super::chart::Chart;
use super::clinic::Payer;
use super::fhir::{
    ICD10CM, LOINC, V3_ACT_CODE, coding, concept, hl7, meta, money, named_reference, reference, text,
};
use super::numbers::days_after;
use super::people::{PRACTICE_ID, PRACTICE_NAME};
use super::random::{Random, Topic};
use super::visit::{Reason, Visit};

/// The insurance of the patient, unless there is none; and for a few the consent they signed.
pub(super) fn write_coverage(chart: &mut Chart<'_>) -> Option<Uuid> {
    let mut random = Random::for_topic(chart.setting.seed, Topic::Account, u64::from(chart.persona.index));
    if chart.full() && random.chance(60) {
        write_consent(chart, &mut random);
    }
    if random.chance(50) {
        return None;
    }
    let kind = kind(&mut random, chart.persona.age(chart.until()));
    let fitting: Vec<_> = chart.clinic.payers.iter().filter(|payer| payer.2 == kind).collect();
    let (payer, name, _) = **random.pick(&fitting);
    let copay = match kind {
        Payer::Commercial => random.between(3, 8) * 500,
        Payer::Medicare => 2_000,
        Payer::Medicaid => 0,
    };
    let (code, display) = match kind {
        Payer::Commercial => ("EHCPOL", "extended healthcare"),
        Payer::Medicare | Payer::Medicaid => ("PUBLICPOL", "public healthcare"),
    };
    let member = format!("{:04}{:06}", random.between(1000, 9999), random.between(0, 999_999));
    let body = json!({
        "status": "active",
        "type": concept(V3_ACT_CODE, code, display),
        "subscriberId": member,
        "beneficiary": chart.subject(),
        "relationship": hl7("subscriber-relationship", if chart.persona.age(chart.until()) < 18 { "child" } else { "self" }),
        "period": { "start": format!("{}-01-01", chart.until().year()) },
        "payor": [named_reference("Organization", payer, name)],
        "costToBeneficiary": [{
            "type": concept("http://terminology.hl7.org/CodeSystem/coverage-copay-type", "gpvisit", "GP Office Visit"),
            "valueMoney": money(copay),
        }],
    });
    Some(chart.add("Coverage", Value::Null, body))
}

/// The claim for a visit. Services stand in words: their usual codes may not ship.
pub(super) fn write_charge(
    chart: &mut Chart<'_>,
    random: &mut Random,
    visit: &Visit,
    encounter: Uuid,
    coverage: Uuid,
) {
    let (service, cents) = match visit.reason {
        Reason::CheckUp | Reason::WellChild => ("Preventive visit, established patient", 17_500),
        Reason::FollowUp => ("Office visit, established patient, moderate complexity", 14_200),
        Reason::Illness(_) => ("Office visit, established patient, low complexity", 9_800),
    };
    let (labels, diagnosis) = diagnosis(chart, visit);
    let fee = cents + random.between(0, 12) * 100;
    let body = json!({
        "status": "active",
        "type": hl7("claim-type", "professional"),
        "use": "claim",
        "patient": chart.subject(),
        "billablePeriod": { "start": visit.at.date.to_string(), "end": visit.at.date.to_string() },
        "created": days_after(visit.at.date, 1).min(chart.setting.today).to_string(),
        "provider": named_reference("Organization", PRACTICE_ID, PRACTICE_NAME),
        "priority": hl7("processpriority", "normal"),
        "insurance": [{ "sequence": 1, "focal": true, "coverage": reference("Coverage", coverage) }],
        "diagnosis": [{ "sequence": 1, "diagnosisCodeableConcept": diagnosis }],
        "item": [{
            "sequence": 1,
            "diagnosisSequence": [1],
            "productOrService": text(service),
            "servicedDate": visit.at.date.to_string(),
            "net": money(fee),
            "encounter": [reference("Encounter", encounter)],
        }],
        "total": money(fee),
    });
    chart.add("Claim", meta(labels), body);
}

fn diagnosis(chart: &Chart<'_>, visit: &Visit) -> (&'static [super::fhir::Label], Value) {
    let general = |code, title| concept(ICD10CM, code, title);
    match visit.reason {
        Reason::Illness(illness) => (illness.labels, general(illness.code, illness.title)),
        Reason::WellChild => (
            &[],
            general("Z00.129", "Encounter for routine child health examination without abnormal findings"),
        ),
        Reason::CheckUp => (
            &[],
            general("Z00.00", "Encounter for general adult medical examination without abnormal findings"),
        ),
        Reason::FollowUp => {
            let main = chart.persona.problems.iter().find(|problem| problem.since <= visit.at.date);
            main.map_or_else(
                || (&[][..], general("Z09", "Encounter for follow-up examination after completed treatment for conditions other than malignant neoplasm")),
                |problem| (problem.disease.labels, general(problem.disease.code, problem.disease.title)),
            )
        }
    }
}

fn kind(random: &mut Random, age: i64) -> Payer {
    match age {
        65.. => Payer::Medicare,
        ..18 if random.chance(350) => Payer::Medicaid,
        18..65 if random.chance(180) => Payer::Medicaid,
        _ => Payer::Commercial,
    }
}

fn write_consent(chart: &mut Chart<'_>, random: &mut Random) {
    let signed = chart
        .moment(days_after(chart.until(), -random.between(20, 900)).max(chart.persona.birth), 9 * 60 + 15);
    let decision = if random.chance(800) { ("OPTIN", "opt-in") } else { ("OPTOUT", "opt-out") };
    let body = json!({
        "status": "active",
        "scope": hl7("consentscope", "patient-privacy"),
        "category": [{ "coding": [coding(LOINC, "59284-0", "Consent Document")] }],
        "patient": chart.subject(),
        "dateTime": signed.to_string(),
        "performer": [chart.subject()],
        "organization": [reference("Organization", PRACTICE_ID)],
        "policyRule": { "coding": [coding(V3_ACT_CODE, decision.0, decision.1)] },
    });
    chart.add("Consent", Value::Null, body);
}
