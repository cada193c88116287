//! One patient's chart, written from the cover to the newest page.

use jiff::civil::Date;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::account::write_coverage;
use super::allergy::write_allergies;
use super::appointment::write_appointments;
use super::clinic::{Clinic, Clinician};
use super::fhir::{Moment, named_reference, reference};
use super::immunization::write_immunizations;
use super::patient::{write_care_team, write_flags, write_patient};
use super::people::NURSE;
use super::persona::Persona;
use super::random::{Random, Topic};
use super::treatment::{Treatment, write_problems};
use super::visit::{plan_visits, write_visit};
use super::{Density, Setting};

/// How many years of visits a chart holds.
pub(super) const YEARS: i64 = 4;

/// A chart while it is being written.
pub(super) struct Chart<'a> {
    pub(super) setting: &'a Setting,
    pub(super) clinic: &'a Clinic,
    pub(super) persona: &'a Persona,
    next: u64,
    resources: Vec<Vec<u8>>,
}

/// All resources of a patient; `years` is how far visits go back.
pub(super) fn write_chart(setting: &Setting, clinic: &Clinic, persona: &Persona, years: i64) -> Vec<Vec<u8>> {
    let mut chart = Chart { setting, clinic, persona, next: 1, resources: Vec::new() };
    write_patient(&mut chart);
    write_care_team(&mut chart);
    write_flags(&mut chart);
    let coverage = write_coverage(&mut chart);
    write_allergies(&mut chart);
    let problems = write_problems(&mut chart);
    write_immunizations(&mut chart);

    let mut random = Random::for_topic(setting.seed, Topic::Course, u64::from(persona.index));
    let visits = plan_visits(&chart, &mut random, years);
    let mut treatment = Treatment::plan(&chart, &mut random, problems);
    treatment.write_earlier(&mut chart, visits.first().map_or(setting.today, |visit| visit.at.date));
    for (number, visit) in visits.iter().enumerate() {
        write_visit(&mut chart, &mut random, &mut treatment, coverage, (number, visit));
    }
    treatment.write_rest(&mut chart);
    write_appointments(&mut chart);
    chart.resources
}

impl Chart<'_> {
    /// Adds a resource and returns its id. Members that are `null` are left out.
    pub(super) fn add(&mut self, kind: &str, meta: Value, body: Value) -> Uuid {
        let id = self.setting.id(self.persona.index, self.next);
        self.next += 1;
        self.add_as(id, kind, meta, body);
        id
    }

    /// Adds a resource under an id that was fixed before.
    pub(super) fn add_as(&mut self, id: Uuid, kind: &str, meta: Value, body: Value) {
        let mut resource = Map::new();
        resource.insert("resourceType".to_owned(), Value::String(kind.to_owned()));
        resource.insert("id".to_owned(), Value::String(id.to_string()));
        resource.insert("meta".to_owned(), meta);
        if let Value::Object(members) = body {
            resource.extend(members);
        }
        resource.retain(|_, member| !member.is_null());
        self.resources.push(super::bytes(&Value::Object(resource)));
    }

    pub(super) fn subject(&self) -> Value {
        named_reference("Patient", self.persona.id, &self.persona.name.full())
    }

    pub(super) fn own_clinician(&self) -> &Clinician {
        &self.clinic.clinicians[self.persona.clinician]
    }

    pub(super) fn clinician(&self) -> Value {
        let clinician = self.own_clinician();
        named_reference("Practitioner", clinician.id, &clinician.name)
    }

    pub(super) fn nurse(&self) -> Value {
        named_reference("Practitioner", NURSE.id, NURSE.name)
    }

    pub(super) fn moment(&self, date: Date, minute: i64) -> Moment {
        Moment { date, minute, offset: self.setting.offset }
    }

    /// The last day of the chart: today, or that of the death.
    pub(super) fn until(&self) -> Date {
        self.persona.until(self.setting.today)
    }

    pub(super) fn full(&self) -> bool {
        self.setting.density == Density::Chart
    }
}

/// A reference to an encounter, or nothing.
pub(super) fn encounter_reference(encounter: Option<Uuid>) -> Value {
    encounter.map_or(Value::Null, |id| reference("Encounter", id))
}
