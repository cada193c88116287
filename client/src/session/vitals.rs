//! A set of vital signs: checked, then saved as one change.

use records::id::PatientId;
use records::rights::Action;
use records::view::{Chart, PatientSummary, Subject, VitalSeries};
use records::write::{Check, Decimal, Field, Known, Level, VitalsForm as Typed};
use records::{DataClass, Document};

use super::{OpenSession, patient_id};
use crate::view::{DraftKind, FieldWarning, SaveView, VitalsForm};
use crate::{ClientError, Code};

const WEIGHT: &str = "29463-7";
const HEIGHT: &str = "8302-2";

impl OpenSession {
    /// Checks and saves. What is merely unusual is asked about once; what is impossible is never saved.
    pub(crate) fn save_vitals(&mut self, form: &VitalsForm) -> Result<SaveView, ClientError> {
        let patient = patient_id(&form.patient_id)?;
        let (typed, unreadable) = typed(form);
        if !unreadable.is_empty() {
            return Ok(not_saved(unreadable));
        }
        let known = self.known(&patient)?;
        let checks = typed.check(&known);
        let blocked = checks.iter().any(|check| check.level == Level::Error);
        if blocked || (!checks.is_empty() && !form.confirmed) {
            return Ok(not_saved(checks.iter().map(warning).collect()));
        }
        let taken_at = match &form.taken_at {
            Some(text) => text.parse().map_err(|_| Code::FormInvalid)?,
            None => self.now(),
        };
        let context = self.context(&patient, taken_at);
        let mut random = keys::Random::from_os();
        let mut next_id = || random.uuid_v7(taken_at);
        let documents = typed.documents(&known, &context, &mut next_id).map_err(|_| Code::FormInvalid)?;
        let change_id = self.save_new(&patient, Action::Create, documents)?;
        self.drop_draft(&patient, DraftKind::Vitals)?;
        Ok(SaveView { saved: true, warnings: Vec::new(), change_id: Some(change_id.to_string()) })
    }

    /// What is known of the patient, to check against: read under a permit of its own.
    fn known(&self, patient: &PatientId) -> Result<Known, ClientError> {
        let documents = self.read_for_check(patient)?;
        let chart = Chart::new(&documents);
        let summary = chart.get(&patient.key()).and_then(PatientSummary::of).ok_or(Code::NotFound)?;
        let series = VitalSeries::all(&chart, &Subject::of(&summary));
        let last =
            |code: &str| series.iter().find(|one| one.code == code)?.points.last().map(|point| point.value);
        Ok(Known {
            age_years: summary.born.and_then(|born| born.years_on(self.today())),
            last_weight_kg: last(WEIGHT),
            last_height_cm: last(HEIGHT),
        })
    }

    fn read_for_check(&self, patient: &PatientId) -> Result<Vec<Document>, ClientError> {
        let facts = self.vault()?.facts(&self.actor, patient, self.now())?;
        let permit = self.permit_facts(Action::OpenChart, &facts, |allowed| allowed)?;
        if !permit.classes().contains(DataClass::Demographics) {
            return Err(Code::NotYourRole.into());
        }
        Ok(self.vault()?.chart(&permit)?.into_iter().map(|found| found.document).collect())
    }
}

/// The numbers as typed; a comma counts as a decimal point. What is no number is named.
fn typed(form: &VitalsForm) -> (Typed, Vec<FieldWarning>) {
    let mut unreadable = Vec::new();
    let mut number = |field: Field, text: &Option<String>| {
        let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty())?;
        let parsed = text.replace(',', ".").parse::<Decimal>();
        if parsed.is_err() {
            unreadable.push(FieldWarning {
                field: field_name(field).to_owned(),
                message: "This is not a number.".to_owned(),
                blocking: true,
            });
        }
        parsed.ok()
    };
    let typed = Typed {
        systolic: number(Field::Systolic, &form.systolic),
        diastolic: number(Field::Diastolic, &form.diastolic),
        heart_rate: number(Field::HeartRate, &form.heart_rate),
        oxygen_saturation: number(Field::OxygenSaturation, &form.spo2),
        respiratory_rate: number(Field::RespiratoryRate, &form.respiratory_rate),
        temperature: number(Field::Temperature, &form.temperature),
        weight: number(Field::Weight, &form.weight),
        height: number(Field::Height, &form.height),
        ..Typed::default()
    };
    (typed, unreadable)
}

fn not_saved(warnings: Vec<FieldWarning>) -> SaveView {
    SaveView { saved: false, warnings, change_id: None }
}

fn warning(check: &Check) -> FieldWarning {
    FieldWarning {
        field: field_name(check.field).to_owned(),
        message: check.message.clone(),
        blocking: check.level == Level::Error,
    }
}

/// The field's name in the form of the window.
fn field_name(field: Field) -> &'static str {
    match field {
        Field::Systolic => "systolic",
        Field::Diastolic => "diastolic",
        Field::HeartRate => "heartRate",
        Field::OxygenSaturation => "spo2",
        Field::RespiratoryRate => "respiratoryRate",
        Field::Temperature => "temperature",
        Field::Weight => "weight",
        Field::Height => "height",
        Field::Pain => "pain",
        Field::Form => "form",
    }
}
