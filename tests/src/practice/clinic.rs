//! The practice itself: its rooms, its staff, and who sees which patient today.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::Setting;
use super::cast::SCRIPTED;
use super::fhir::{Moment, hl7, named_reference, reference, text};
use super::names::{CULTURES, pick_name};
use super::numbers::{days_after, weekday_near};
use super::people::{CLINICIAN, DEMO_PEOPLE, DemoPerson, PRACTICE_ID, PRACTICE_NAME};
use super::random::{Random, Topic};

/// Patients that one clinician looks after, at least.
const PANEL: u32 = 150;
/// The first appointment of the day, minutes since midnight.
const OPENING_MINUTE: i64 = 8 * 60;
const APPOINTMENT_MINUTES: i64 = 20;
/// The lunch break begins after this many appointments.
const MORNING_APPOINTMENTS: u32 = 10;

pub(super) struct Clinic {
    pub(super) clinicians: Vec<Clinician>,
    pub(super) payers: [(Uuid, &'static str, Payer); 4],
    today: BTreeMap<u32, Booking>,
}

/// Someone who sees patients. The first is the demonstration's clinician.
pub(super) struct Clinician {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) room: Uuid,
    pub(super) room_name: String,
    family: &'static str,
    given: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payer {
    Commercial,
    Medicare,
    Medicaid,
}

/// An appointment of today.
#[derive(Clone, Copy, Debug)]
pub(super) struct Booking {
    pub(super) clinician: usize,
    pub(super) minute: i64,
}

impl Clinic {
    pub(super) fn new(setting: &Setting) -> Clinic {
        let count = (setting.patients / PANEL).clamp(2, 40);
        let mut random = Random::for_topic(setting.seed, Topic::Directory, 0);
        let clinicians: Vec<Clinician> =
            (0..count).map(|number| clinician(setting, number, &mut random)).collect();
        let today = bookings(setting, clinicians.len());
        let payers = [
            ("Blue Harbor Health Plan", Payer::Commercial),
            ("Granite State Mutual", Payer::Commercial),
            ("Medicare", Payer::Medicare),
            ("Medicaid", Payer::Medicaid),
        ];
        let mut number = 0;
        let payers = payers.map(|(name, kind)| {
            number += 1;
            (setting.id(DIRECTORY, 2_000 + number), name, kind)
        });
        Clinic { clinicians, payers, today }
    }

    /// Today's appointment of a patient.
    pub(super) fn booking(&self, patient: u32) -> Option<Booking> {
        self.today.get(&patient).copied()
    }

    /// Everything a chart refers to: organizations, rooms, people, roles, calendars.
    pub(super) fn resources(&self, setting: &Setting) -> Vec<Value> {
        let mut resources = vec![practice()];
        resources.extend(self.payers.iter().map(|(id, name, _)| payer(*id, name)));
        resources.push(site(setting));
        resources.extend(self.clinicians.iter().map(|clinician| room(setting, clinician)));
        resources.extend(DEMO_PEOPLE.iter().map(demo_practitioner));
        resources.extend(DEMO_PEOPLE.iter().map(demo_role));
        for (at, clinician) in self.clinicians.iter().enumerate() {
            if clinician.id != CLINICIAN.id {
                resources.push(practitioner(clinician));
                resources.push(role(setting, at as u64, clinician));
            }
            resources.push(schedule(setting, at as u64, clinician));
        }
        resources
    }
}

/// The number under which the ids of the directory are derived; no patient has it.
const DIRECTORY: u32 = u32::MAX;

pub(super) fn site_id(setting: &Setting) -> Uuid {
    setting.id(DIRECTORY, 1)
}

fn clinician(setting: &Setting, number: u32, random: &mut Random) -> Clinician {
    let room = setting.id(DIRECTORY, 1_000 + u64::from(number));
    let room_name = format!("Room {}", number + 1);
    if number == 0 {
        let DemoPerson { id, name, family, given, .. } = CLINICIAN;
        return Clinician { id, name: name.to_owned(), room, room_name, family, given };
    }
    let culture = random.pick(&CULTURES);
    let choices = if random.chance(500) { culture.given_female } else { culture.given_male };
    let given = pick_name(random, choices);
    let family = pick_name(random, culture.family);
    let id = setting.id(DIRECTORY, 3_000 + u64::from(number));
    Clinician { id, name: format!("Dr {given} {family}"), room, room_name, family, given }
}

/// Fifteen to twenty appointments a clinician, no patient twice. The scripted first patients come first, so that the demonstration's
/// clinician sees them; the others are strewn over the practice.
fn bookings(setting: &Setting, clinicians: usize) -> BTreeMap<u32, Booking> {
    let mut random = Random::for_topic(setting.seed, Topic::Plan, 0);
    let mut bookings = BTreeMap::new();
    let others = setting.patients.saturating_sub(SCRIPTED);
    let stride = stride(others);
    let mut next = 0;
    for clinician in 0..clinicians {
        let count = u32::try_from(random.between(16, 20)).unwrap_or(16);
        for slot in 0..count {
            if next >= setting.patients {
                return bookings;
            }
            let patient = if next < SCRIPTED {
                next
            } else {
                let strewn = u64::from(next - SCRIPTED) * stride % u64::from(others);
                SCRIPTED + u32::try_from(strewn).unwrap_or(0)
            };
            let lunch = if slot >= MORNING_APPOINTMENTS { 60 } else { 0 };
            let minute = OPENING_MINUTE + i64::from(slot) * APPOINTMENT_MINUTES + lunch;
            bookings.insert(patient, Booking { clinician, minute });
            next += 1;
        }
    }
    bookings
}

/// A step that visits every patient once before it returns: about a third of the practice and coprime to it.
fn stride(patients: u32) -> u64 {
    let patients = u64::from(patients);
    (patients / 3 + 1..=patients).find(|step| greatest_common_divisor(*step, patients) == 1).unwrap_or(1)
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

fn practice() -> Value {
    json!({
        "resourceType": "Organization",
        "id": PRACTICE_ID.to_string(),
        "active": true,
        "type": [hl7("organization-type", "prov")],
        "name": PRACTICE_NAME,
        "telecom": [{ "system": "phone", "value": "(555) 201-4400", "use": "work" }],
        "address": [address("12 Alder Street")],
    })
}

fn address(line: &str) -> Value {
    json!({ "use": "work", "line": [line], "city": "Alder Falls", "state": "VT", "postalCode": "05991", "country": "US" })
}

fn payer(id: Uuid, name: &str) -> Value {
    json!({
        "resourceType": "Organization",
        "id": id.to_string(),
        "active": true,
        "type": [hl7("organization-type", "pay")],
        "name": name,
    })
}

fn site(setting: &Setting) -> Value {
    json!({
        "resourceType": "Location",
        "id": site_id(setting).to_string(),
        "status": "active",
        "name": PRACTICE_NAME,
        "mode": "instance",
        "type": [hl7("v3-RoleCode", "OF")],
        "address": address("12 Alder Street"),
        "managingOrganization": reference("Organization", PRACTICE_ID),
    })
}

fn room(setting: &Setting, clinician: &Clinician) -> Value {
    json!({
        "resourceType": "Location",
        "id": clinician.room.to_string(),
        "status": "active",
        "name": clinician.room_name,
        "mode": "instance",
        "physicalType": hl7("location-physical-type", "ro"),
        "managingOrganization": reference("Organization", PRACTICE_ID),
        "partOf": reference("Location", site_id(setting)),
    })
}

fn demo_practitioner(person: &DemoPerson) -> Value {
    json!({
        "resourceType": "Practitioner",
        "id": person.id.to_string(),
        "active": true,
        "name": [{ "use": "official", "text": person.name, "family": person.family, "given": [person.given], "prefix": [person.prefix] }],
    })
}

fn demo_role(person: &DemoPerson) -> Value {
    let id = Uuid::from_u128(person.id.as_u128() + 0x100);
    practitioner_role(id, person.id, person.name, person.title)
}

fn practitioner(clinician: &Clinician) -> Value {
    json!({
        "resourceType": "Practitioner",
        "id": clinician.id.to_string(),
        "active": true,
        "name": [{
            "use": "official", "text": clinician.name, "family": clinician.family, "given": [clinician.given], "prefix": ["Dr"],
        }],
    })
}

fn role(setting: &Setting, number: u64, clinician: &Clinician) -> Value {
    practitioner_role(
        setting.id(DIRECTORY, 4_000 + number),
        clinician.id,
        &clinician.name,
        "Family physician",
    )
}

fn practitioner_role(id: Uuid, practitioner: Uuid, name: &str, title: &str) -> Value {
    json!({
        "resourceType": "PractitionerRole",
        "id": id.to_string(),
        "active": true,
        "practitioner": named_reference("Practitioner", practitioner, name),
        "organization": named_reference("Organization", PRACTICE_ID, PRACTICE_NAME),
        "code": [text(title)],
    })
}

fn schedule(setting: &Setting, number: u64, clinician: &Clinician) -> Value {
    let start = Moment { date: weekday_near(setting.today), minute: OPENING_MINUTE, offset: setting.offset };
    let end =
        Moment { date: weekday_near(days_after(setting.today, 84)), minute: 17 * 60, offset: setting.offset };
    json!({
        "resourceType": "Schedule",
        "id": setting.id(DIRECTORY, 5_000 + number).to_string(),
        "active": true,
        "actor": [
            named_reference("Practitioner", clinician.id, &clinician.name),
            named_reference("Location", clinician.room, &clinician.room_name),
        ],
        "planningHorizon": { "start": start.to_string(), "end": end.to_string() },
    })
}
