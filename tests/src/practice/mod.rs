//! A deterministic practice: invented patients with plausible charts, as FHIR R4 resources in JSON.
//!
//! The same seed, number of patients, date and density give the same bytes on every machine, so a figure measured on a practice can be
//! measured again by a stranger. Everything about a patient follows from the seed and the patient's number; charts are made one at a
//! time and memory stays flat however many there are. A resource refers only to resources that came before it.
//!
//! - `people`, `clinic`: the staff, the rooms, today's bookings. The people of the demonstration are constants.
//! - `cast`: the scripted first patients, so that every case worth showing is in every practice.
//! - `persona`: who a patient is. `disease`, `medicine`, `allergy`, `laboratory`, `immunization`: what can befall them and what is done.
//! - `course`: how measurements move over the years. `visit`, `note`, `account`, `appointment`: what the clinic writes down.
//! - `chart`: all of it in order.
//!
//! Codes: LOINC, UCUM, ICD-10-CM, `RxNorm` ingredients, CVX and HL7's own; where only SNOMED CT or CPT has a code there are words.

mod account;
mod allergy;
mod appointment;
mod assay;
mod cast;
mod chart;
mod clinic;
mod course;
mod disease;
mod fhir;
mod formulary;
mod illness;
mod immunization;
mod laboratory;
mod medicine;
mod names;
mod note;
mod numbers;
mod patient;
mod pdf;
pub mod people;
mod persona;
pub(crate) mod random;
mod sample;
mod treatment;
mod visit;

use std::collections::VecDeque;
use std::io::{self, Write};

use jiff::civil::Date;
use uuid::Uuid;

use chart::write_chart;
use clinic::Clinic;
use persona::Persona;
use random::{Random, Topic};

/// How much is written about each patient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Density {
    /// A full chart with years of visits: 100 to 200 resources a patient on average.
    #[default]
    Chart,
    /// The last visit only: about 12 resources a patient, for practices of 100,000.
    Light,
}

/// A practice, not yet written.
#[derive(Clone, Debug)]
pub struct Practice {
    setting: Setting,
}

/// What a practice follows from.
#[derive(Clone, Copy, Debug)]
struct Setting {
    seed: u64,
    patients: u32,
    today: Date,
    density: Density,
    /// Minutes east of UTC that the clinic's clocks show.
    offset: i16,
}

impl Practice {
    /// A practice of so many patients as it stands on the morning of `today`.
    pub fn new(seed: u64, patients: u32, today: Date) -> Practice {
        Practice { setting: Setting { seed, patients, today, density: Density::Chart, offset: 0 } }
    }

    /// The same practice, written more or less densely.
    #[must_use]
    pub fn density(mut self, density: Density) -> Practice {
        self.setting.density = density;
        self
    }

    /// The same practice with clocks so many minutes east of UTC.
    #[must_use]
    pub fn utc_offset_minutes(mut self, offset: i16) -> Practice {
        self.setting.offset = offset;
        self
    }

    /// How many patients it has.
    pub fn patients(&self) -> u32 {
        self.setting.patients
    }

    /// Every resource, the clinic's own first, then chart after chart.
    pub fn resources(&self) -> Resources {
        let clinic = Clinic::new(&self.setting);
        let waiting = clinic.resources(&self.setting).iter().map(bytes).collect();
        Resources { setting: self.setting, clinic, next: 0, waiting }
    }

    /// One chart with at least so many resources, for measurements: a patient who comes as usual, for ever more years.
    pub fn thick_chart(&self, number: u32, at_least: usize) -> Vec<Vec<u8>> {
        let clinic = Clinic::new(&self.setting);
        let persona = Persona::new(&self.setting, &clinic, number);
        let mut years = chart::YEARS;
        loop {
            let chart = write_chart(&self.setting, &clinic, &persona, years);
            // Nobody is older than this: a chart that is thin by then stays thin.
            if chart.len() >= at_least || years > 120 {
                return chart;
            }
            years += 1;
        }
    }

    /// The FHIR id of a patient by number, counted from 0.
    pub fn patient_id(&self, number: u32) -> Uuid {
        self.setting.id(number, 0)
    }

    /// Writes one resource a line. `progress` is told how many patients are done.
    ///
    /// # Errors
    /// What the writer reports.
    pub fn write_ndjson(&self, writer: &mut impl Write, mut progress: impl FnMut(u32)) -> io::Result<u64> {
        let mut written = 0;
        let mut resources = self.resources();
        while let Some(resource) = resources.next() {
            writer.write_all(&resource)?;
            writer.write_all(b"\n")?;
            written += 1;
            if resources.waiting.is_empty() {
                progress(resources.next);
            }
        }
        writer.flush()?;
        Ok(written)
    }
}

/// The resources of a practice in order, each as the bytes of its JSON.
pub struct Resources {
    setting: Setting,
    clinic: Clinic,
    next: u32,
    waiting: VecDeque<Vec<u8>>,
}

impl Iterator for Resources {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        while self.waiting.is_empty() {
            if self.next >= self.setting.patients {
                return None;
            }
            let persona = Persona::new(&self.setting, &self.clinic, self.next);
            self.waiting.extend(write_chart(&self.setting, &self.clinic, &persona, chart::YEARS));
            self.next += 1;
        }
        self.waiting.pop_front()
    }
}

impl Setting {
    /// The id of the `ordinal`-th resource of a patient; a patient's own is number 0.
    fn id(&self, patient: u32, ordinal: u64) -> Uuid {
        let mut random = Random::for_topic(self.seed, Topic::Identifier, u64::from(patient) << 32 | ordinal);
        uuid::Builder::from_u128(u128::from(random.next()) << 64 | u128::from(random.next()))
            .with_variant(uuid::Variant::RFC4122)
            .with_version(uuid::Version::Random)
            .into_uuid()
    }

    /// A short medical record number, different for each patient: a walk through all numbers of six digits in steps of a prime power.
    fn record_number(&self, patient: u32) -> String {
        let (first, size) =
            if self.patients <= 900_000 { (100_000, 900_000) } else { (1_000_000_000, 9_000_000_000) };
        let start = self.seed % size;
        (first + (start + u64::from(patient) * 371_293) % size).to_string()
    }
}

fn bytes(resource: &serde_json::Value) -> Vec<u8> {
    resource.to_string().into_bytes()
}
