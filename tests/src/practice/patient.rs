//! The cover of a chart: the Patient, who cares for them, and what the front desk should know.

use records::view::RECORD_NUMBER;
use serde_json::{Value, json};

use super::chart::Chart;
use super::disease::Chronic;
use super::fhir::{concept, hl7, named_reference, reference, text};
use super::people::{CLINICIAN, NURSE, PRACTICE_ID};
use super::persona::{Persona, Sex};
use super::random::{Random, Topic};

pub(super) fn write_patient(chart: &mut Chart<'_>) {
    let persona = chart.persona;
    let mut random =
        Random::for_topic(chart.setting.seed, Topic::Account, u64::from(persona.index) | 1 << 40);
    let dead = persona
        .death
        .map_or(Value::Null, |day| json!(chart.moment(day, random.between(120, 1300)).to_string()));
    let body = json!({
        "identifier": [{
            "use": "usual",
            "type": concept("http://terminology.hl7.org/CodeSystem/v2-0203", "MR", "Medical record number"),
            "system": RECORD_NUMBER,
            "value": persona.mrn,
        }],
        "active": true,
        "name": names(persona),
        "telecom": telecom(chart, &mut random),
        "gender": match persona.sex { Sex::Female => "female", Sex::Male => "male" },
        "birthDate": persona.birth.to_string(),
        "deceasedDateTime": dead,
        "address": [{
            "use": "home",
            "line": [persona.home.line],
            "city": persona.home.town,
            "state": "VT",
            "postalCode": persona.home.postal_code,
            "country": "US",
        }],
        "contact": contact(chart, &mut random),
        "communication": communication(persona),
        "generalPractitioner": [chart.clinician()],
        "managingOrganization": reference("Organization", PRACTICE_ID),
    });
    chart.add_as(persona.id, "Patient", Value::Null, body);
}

pub(super) fn write_care_team(chart: &mut Chart<'_>) {
    let mut random =
        Random::for_topic(chart.setting.seed, Topic::Account, u64::from(chart.persona.index) | 1 << 41);
    let with_nurse = random.chance(300) || chart.own_clinician().id == CLINICIAN.id;
    let mut participants = vec![json!({ "role": [text("Family physician")], "member": chart.clinician() })];
    if with_nurse {
        participants.push(json!({ "role": [text("Nurse")], "member": named_reference("Practitioner", NURSE.id, NURSE.name) }));
    }
    let body = json!({
        "status": if chart.persona.death.is_some() { "inactive" } else { "active" },
        "name": "Primary care team",
        "subject": chart.subject(),
        "participant": participants,
        "managingOrganization": [reference("Organization", PRACTICE_ID)],
    });
    chart.add("CareTeam", Value::Null, body);
}

/// Notices for everyone who meets the patient; nothing clinical stands in the first kind.
pub(super) fn write_flags(chart: &mut Chart<'_>) {
    let persona = chart.persona;
    if let Some((_, language)) = persona.language {
        write_flag(chart, "admin", &format!("Interpreter needed: {language}"));
    }
    if chart.full()
        && persona.age(chart.until()) >= 80
        && (persona.has(Chronic::Osteoporosis) || persona.has(Chronic::Alzheimer))
    {
        write_flag(chart, "safety", "Risk of falls");
    }
}

fn write_flag(chart: &mut Chart<'_>, category: &str, words: &str) {
    let body = json!({
        "status": "active",
        "category": [hl7("flag-category", category)],
        "code": text(words),
        "subject": chart.subject(),
    });
    chart.add("Flag", Value::Null, body);
}

fn names(persona: &Persona) -> Value {
    let name = &persona.name;
    let official = json!({
        "use": "official",
        "text": name.full(),
        "family": name.family,
        "given": name.given,
        "prefix": [name.prefix],
    });
    match name.preferred {
        Some(preferred) => json!([official, { "use": "nickname", "given": [preferred] }]),
        None => json!([official]),
    }
}

fn telecom(chart: &Chart<'_>, random: &mut Random) -> Value {
    let persona = chart.persona;
    let kind = if random.chance(600) { "mobile" } else { "home" };
    let phone = json!({ "system": "phone", "value": persona.home.phone, "use": kind });
    if !chart.full() || persona.age(chart.until()) < 18 || random.chance(500) {
        return json!([phone]);
    }
    let address = format!("patient{}@mail.example", persona.mrn);
    json!([phone, { "system": "email", "value": address, "use": "home" }])
}

/// Whom to call: a parent for a child, for some of the others someone of the same name.
fn contact(chart: &Chart<'_>, random: &mut Random) -> Value {
    let persona = chart.persona;
    let child = persona.age(chart.until()) < 18;
    if !chart.full() || !(child || random.chance(400)) {
        return Value::Null;
    }
    let given = *random.pick(&["Alex", "Ana", "Chris", "Jean", "Kim", "Lee", "Luz", "Robin", "Sam", "Terry"]);
    let (code, words) = if child { ("PRN", "parent") } else { ("FAMMEMB", "family member") };
    let phone = if child {
        persona.home.phone.clone()
    } else {
        format!("(555) {:03}-{:04}", random.between(210, 989), random.between(0, 9999))
    };
    json!([{
        "relationship": [concept("http://terminology.hl7.org/CodeSystem/v3-RoleCode", code, words)],
        "name": { "family": persona.name.family, "given": [given] },
        "telecom": [{ "system": "phone", "value": phone }],
    }])
}

fn communication(persona: &Persona) -> Value {
    let Some((tag, language)) = persona.language else { return Value::Null };
    json!([{ "language": concept("urn:ietf:bcp:47", tag, language), "preferred": true }])
}
