//! Problems and medicines over time: when each treatment began, was raised, replaced or stopped.

use jiff::civil::Date;
use serde_json::{Value, json};
use uuid::Uuid;

use super::chart::{Chart, encounter_reference};
use super::disease::{Chronic, Disease};
use super::fhir::{ICD10CM, Label, RXNORM, coding, concept, hl7, meta, quantity, reference, text};
use super::illness::Illness;
use super::medicine::{Family, Prescription};
use super::numbers::{days_after, weekday_near};
use super::persona::Problem;
use super::random::Random;

/// The medicines of a chart in the order in which they began.
pub(super) struct Treatment {
    steps: Vec<Step>,
    next: usize,
}

struct Step {
    prescription: &'static Prescription,
    problem: Uuid,
    labels: &'static [Label],
    from: Date,
    /// When it was replaced or the patient died.
    until: Option<Date>,
}

impl Treatment {
    /// `problems` are the chronic diseases and the Conditions that stand for them.
    pub(super) fn plan(chart: &Chart<'_>, random: &mut Random, problems: Vec<(Problem, Uuid)>) -> Treatment {
        let mut steps = Vec::new();
        for (problem, condition) in problems {
            for row in rows(chart, &problem) {
                plan_row(chart, random, &mut steps, (&problem, condition), row);
            }
        }
        if !chart.full() {
            steps.retain(|step| step.until.is_none());
            steps.truncate(3);
        }
        steps.sort_by_key(|step| step.from);
        Treatment { steps, next: 0 }
    }

    /// What began before the first written visit.
    pub(super) fn write_earlier(&mut self, chart: &mut Chart<'_>, first_visit: Date) {
        self.write_until(chart, days_after(first_visit, -1), None);
    }

    /// What is due at a visit; returns the directions of what the note may name.
    pub(super) fn write_due(&mut self, chart: &mut Chart<'_>, on: Date, encounter: Uuid) -> Vec<String> {
        self.write_until(chart, on, Some((on, encounter)))
    }

    /// What was begun after the last visit, by telephone.
    pub(super) fn write_rest(&mut self, chart: &mut Chart<'_>) {
        let until = chart.until();
        self.write_until(chart, until, None);
    }

    /// What is taken on a day and may be named in a note that everyone on the team reads.
    pub(super) fn current(&self, on: Date) -> impl Iterator<Item = &'static Prescription> {
        let taken = move |step: &&Step| step.from <= on && step.until.is_none_or(|until| until > on);
        self.steps.iter().filter(taken).filter(|step| step.labels.is_empty()).map(|step| step.prescription)
    }

    fn write_until(
        &mut self,
        chart: &mut Chart<'_>,
        limit: Date,
        visit: Option<(Date, Uuid)>,
    ) -> Vec<String> {
        let mut begun = Vec::new();
        while let Some(step) = self.steps.get(self.next).filter(|step| step.from <= limit) {
            let on = visit.map_or(step.from, |(on, _)| on);
            let encounter = visit.map(|(_, encounter)| encounter);
            let over = step.until.is_some_and(|until| until <= chart.setting.today);
            let status = if over { "stopped" } else { "active" };
            let order = Order {
                prescription: step.prescription,
                status,
                on,
                encounter,
                reason: Some(step.problem),
                labels: step.labels,
            };
            write_order(chart, &order);
            if step.labels.is_empty() {
                begun.push(format!("{}: {}", step.prescription.product(), step.prescription.directions()));
            }
            self.next += 1;
        }
        begun
    }
}

/// The problem list: one Condition for each chronic disease.
pub(super) fn write_problems(chart: &mut Chart<'_>) -> Vec<(Problem, Uuid)> {
    let problems = chart.persona.problems.clone();
    problems.into_iter().map(|problem| (problem, write_problem(chart, &problem))).collect()
}

fn write_problem(chart: &mut Chart<'_>, problem: &Problem) -> Uuid {
    let (code, title) = title(chart, problem.disease);
    let body = json!({
        "clinicalStatus": hl7("condition-clinical", "active"),
        "verificationStatus": hl7("condition-ver-status", "confirmed"),
        "category": [hl7("condition-category", "problem-list-item")],
        "code": concept(ICD10CM, code, title),
        "subject": chart.subject(),
        "onsetDateTime": problem.since.to_string(),
        "recordedDate": weekday_near(problem.since).min(chart.until()).to_string(),
        "recorder": chart.clinician(),
    });
    chart.add("Condition", meta(problem.disease.labels), body)
}

/// Diabetes with kidney disease has a code of its own.
fn title(chart: &Chart<'_>, disease: &'static Disease) -> (&'static str, &'static str) {
    if disease.kind == Chronic::Diabetes && chart.persona.has(Chronic::KidneyDisease) {
        return ("E11.22", "Type 2 diabetes mellitus with diabetic chronic kidney disease");
    }
    (disease.code, disease.title)
}

/// An illness that passes: its Condition, and what was prescribed.
pub(super) fn write_illness(
    chart: &mut Chart<'_>,
    random: &mut Random,
    illness: &'static Illness,
    on: Date,
    encounter: Uuid,
) -> Option<String> {
    let over = days_after(on, illness.days);
    let resolved = over <= chart.until();
    let body = json!({
        "clinicalStatus": hl7("condition-clinical", if resolved { "resolved" } else { "active" }),
        "verificationStatus": hl7("condition-ver-status", "confirmed"),
        "category": [hl7("condition-category", "encounter-diagnosis")],
        "code": concept(ICD10CM, illness.code, illness.title),
        "subject": chart.subject(),
        "encounter": reference("Encounter", encounter),
        "onsetDateTime": days_after(on, -random.between(1, 4)).max(chart.persona.birth).to_string(),
        "abatementDateTime": if resolved { json!(over.to_string()) } else { Value::Null },
        "recordedDate": on.to_string(),
        "recorder": chart.clinician(),
    });
    let condition = chart.add("Condition", meta(illness.labels), body);
    let choices = if chart.persona.age(on) < 12 { illness.child } else { illness.adult };
    let prescription = choices.iter().find(|prescription| allowed(chart, prescription))?;
    let ends = days_after(on, prescription.days.unwrap_or(0));
    let status = if ends <= chart.until() { "completed" } else { "active" };
    let order = Order {
        prescription,
        status,
        on,
        encounter: Some(encounter),
        reason: Some(condition),
        labels: illness.labels,
    };
    write_order(chart, &order);
    illness.labels.is_empty().then(|| format!("{}: {}", prescription.product(), prescription.directions()))
}

/// The first way to treat a problem that no allergy and no other disease forbids.
fn rows(chart: &Chart<'_>, problem: &Problem) -> Vec<&'static [&'static Prescription]> {
    let treatments = problem.disease.treatments;
    let fits =
        |row: &&'static [&'static Prescription]| row.iter().all(|prescription| allowed(chart, prescription));
    let chosen = treatments
        .get(problem.treatment)
        .filter(|row| fits(row))
        .or_else(|| treatments.iter().find(|row| fits(row)));
    let mut rows: Vec<&'static [&'static Prescription]> = chosen.copied().into_iter().collect();
    rows.extend(problem.disease.besides.chunks(1).filter(|row| fits(row)));
    if problem.disease.kind == Chronic::Asthma && chart.persona.age(chart.until()) < 5 {
        rows.retain(|row| row.len() == 1);
    }
    rows
}

/// Never what the patient reacts to; no anti-inflammatory medicine for failing kidneys or hearts or beside an anticoagulant.
fn allowed(chart: &Chart<'_>, prescription: &Prescription) -> bool {
    let persona = chart.persona;
    let frail = [Chronic::KidneyDisease, Chronic::HeartFailure, Chronic::AtrialFibrillation]
        .iter()
        .any(|kind| persona.has(*kind));
    let harmful = prescription.family == Family::AntiInflammatory && prescription.name != "aspirin" && frail;
    let tempting = prescription.family == Family::Opioid && persona.has(Chronic::Opioid);
    !(harmful || tempting || persona.allergies.rules_out(prescription.family))
}

/// The steps of one row: a later step with the same name replaces the one before, another name is added to it.
fn plan_row(
    chart: &Chart<'_>,
    random: &mut Random,
    steps: &mut Vec<Step>,
    (problem, condition): (&Problem, Uuid),
    row: &'static [&'static Prescription],
) {
    let until = chart.until();
    let mut from = weekday_near(problem.since).max(chart.persona.birth);
    for (number, prescription) in row.iter().enumerate() {
        if number > 0 {
            from = days_after(from, random.between(90, 600));
            if !random.chance(750) {
                break;
            }
        }
        if from >= until
            || steps
                .iter()
                .any(|step| step.prescription.name == prescription.name && step.problem != condition)
        {
            break;
        }
        for earlier in steps
            .iter_mut()
            .filter(|step| step.problem == condition && step.prescription.name == prescription.name)
        {
            earlier.until = Some(from);
        }
        steps.push(Step {
            prescription,
            problem: condition,
            labels: problem.disease.labels,
            from,
            until: chart.persona.death,
        });
    }
}

struct Order<'a> {
    prescription: &'static Prescription,
    status: &'a str,
    on: Date,
    encounter: Option<Uuid>,
    reason: Option<Uuid>,
    labels: &'static [Label],
}

fn write_order(chart: &mut Chart<'_>, order: &Order<'_>) {
    let prescription = order.prescription;
    let product = prescription.product();
    let medicine = match prescription.rxnorm {
        Some(code) => json!({ "coding": [coding(RXNORM, code, prescription.name)], "text": product }),
        None => text(&product),
    };
    let body = json!({
        "status": order.status,
        "intent": "order",
        "category": [hl7("medicationrequest-category", "outpatient")],
        "medicationCodeableConcept": medicine,
        "subject": chart.subject(),
        "encounter": encounter_reference(order.encounter),
        "authoredOn": order.on.to_string(),
        "requester": chart.clinician(),
        "reasonReference": order.reason.map_or(Value::Null, |id| json!([reference("Condition", id)])),
        "dosageInstruction": [dosage(prescription)],
        "dispenseRequest": if chart.full() { dispense(prescription) } else { Value::Null },
    });
    chart.add("MedicationRequest", meta(order.labels), body);
}

fn dosage(prescription: &Prescription) -> Value {
    let (frequency, period, unit) = prescription.often.repeat();
    let mut repeat = json!({ "frequency": frequency, "period": period, "periodUnit": unit });
    if let Some(days) = prescription.days {
        repeat["boundsDuration"] = quantity(super::numbers::Decimal::whole(days), "days", "d");
    }
    if let Some(when) = prescription.often.when() {
        repeat["when"] = json!([when]);
    }
    let route = match prescription.form.route() {
        Some((code, display)) => json!({
            "coding": [coding("http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration", code, display)],
            "text": prescription.form.way(),
        }),
        None => text(prescription.form.way()),
    };
    let (unit, ucum) = prescription.measure.unit();
    let mut dosage = json!({
        "text": prescription.directions(),
        "timing": { "repeat": repeat, "code": { "text": prescription.often.words() } },
        "route": route,
        "doseAndRate": [{ "type": hl7("dose-rate-type", "ordered"), "doseQuantity": quantity(prescription.dose, unit, ucum) }],
    });
    if let Some(reason) = prescription.as_needed {
        dosage["asNeededCodeableConcept"] = text(reason);
    }
    dosage
}

fn dispense(prescription: &Prescription) -> Value {
    let days = prescription.days.unwrap_or(90);
    let count = prescription.often.monthly() * prescription.units * days / 30;
    json!({
        "numberOfRepeatsAllowed": if prescription.days.is_some() { 0 } else { 3 },
        "quantity": { "value": count.max(1), "unit": prescription.form.word() },
        "expectedSupplyDuration": quantity(super::numbers::Decimal::whole(days), "days", "d"),
    })
}
