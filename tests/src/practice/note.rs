//! What clinicians write: the note of a visit, letters and reports from elsewhere.
//!
//! A note in the ordinary record names no disease, medicine or result that carries a security label; what is to be said about those
//! stands in a labelled note beside it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use uuid::Uuid;

use super::chart::Chart;
use super::course::Vitals;
use super::disease::Disease;
use super::fhir::{LOINC, Label, Moment, concept, meta, named_reference, reference};
use super::numbers::Decimal;
use super::people::{PRACTICE_ID, PRACTICE_NAME};
use super::random::Random;
use super::visit::{Reason, Visit};

/// What a visit brought to light.
pub(super) struct Findings {
    pub(super) vitals: Vitals,
    /// Medicines begun, with their directions.
    pub(super) begun: Vec<String>,
    /// Medicines taken.
    pub(super) current: Vec<String>,
    /// Abnormal results.
    pub(super) results: Vec<String>,
}

/// LOINC code and display of a kind of document, and its title.
type Kind = (&'static str, &'static str, &'static str);

const PROGRESS_NOTE: Kind = ("11506-3", "Progress note", "Progress note");
const NOTE: Kind = ("34109-9", "Note", "Visit note");
const CONSULTATION: Kind = ("11488-4", "Consult note", "Letter from the specialist");
const DISCHARGE: Kind = ("18842-5", "Discharge summary", "Discharge summary");
const REFERRAL: Kind = ("57133-1", "Referral note", "Referral letter");

pub(super) fn write_note(chart: &mut Chart<'_>, visit: &Visit, encounter: Uuid, findings: &Findings) {
    let (kind, labels): (Kind, &[Label]) = match visit.reason {
        Reason::Illness(illness) => (NOTE, illness.labels),
        Reason::CheckUp | Reason::WellChild | Reason::FollowUp => (PROGRESS_NOTE, &[]),
    };
    let words = visit_note(chart, visit, findings);
    write_text(chart, kind, labels, (visit.at.plus(30), encounter), words);
    if !matches!(visit.reason, Reason::FollowUp) || !chart.full() {
        return;
    }
    let diseases: Vec<&'static Disease> =
        chart.persona.problems.iter().map(|problem| problem.disease).collect();
    if let Some(disease) = diseases.into_iter().find(|disease| !disease.labels.is_empty()) {
        let words = confidential_note(disease, visit.at);
        let psychotherapy = disease.labels == [Label::MentalHealth] && visit.at.date.day() % 5 == 0;
        let labels =
            if psychotherapy { &[Label::PsychotherapyNote, Label::VeryRestricted] } else { disease.labels };
        write_text(chart, NOTE, labels, (visit.at.plus(34), encounter), words);
    }
}

pub(super) fn write_document(chart: &mut Chart<'_>, random: &mut Random, visit: &Visit, encounter: Uuid) {
    let kind = *random.pick(&[CONSULTATION, DISCHARGE, REFERRAL]);
    let clinician = chart.own_clinician().name.clone();
    let mut lines = vec![
        kind.2.to_owned(),
        PRACTICE_NAME.to_owned(),
        format!("Record number {}, born {}", chart.persona.mrn, chart.persona.birth),
        String::new(),
        "Dear colleague,".to_owned(),
        String::new(),
    ];
    lines.extend(random.pick(&LETTERS).split('|').map(str::to_owned));
    lines.extend([String::new(), "With kind regards".to_owned(), clinician]);
    let attachment = Attachment { content_type: "application/pdf", bytes: super::pdf::page(&lines) };
    write_attachment(chart, kind, &[], (visit.at.plus(60), encounter), &attachment);
}

/// The body of a letter, its lines parted by bars.
const LETTERS: [&str; 4] = [
    "Thank you for your help with this patient. The findings are in keeping|with our working diagnosis; no change of treatment is proposed.",
    "The patient was admitted for observation and went home in good condition|the next day. All medicines were continued as before.",
    "I would be grateful for your opinion. Current medicines, allergies and|recent results are enclosed.",
    "The examination was completed without difficulty. There was no finding|that calls for action before the next routine visit.",
];

fn visit_note(chart: &Chart<'_>, visit: &Visit, findings: &Findings) -> String {
    let subjective = match visit.reason {
        Reason::Illness(illness) => format!("{}. No red flags on questioning.", illness.complaint),
        Reason::CheckUp => "Feels well. No new complaints. Eats and sleeps well.".to_owned(),
        Reason::WellChild => "Growing and developing as expected; no concerns from the family.".to_owned(),
        Reason::FollowUp => {
            "Here for review. Takes the medicines as prescribed. No chest pain, no shortness of breath."
                .to_owned()
        }
    };
    let finding = match visit.reason {
        Reason::Illness(illness) => illness.finding,
        Reason::CheckUp | Reason::WellChild => "General examination unremarkable.",
        Reason::FollowUp => "Heart and lungs unremarkable, no edema.",
    };
    let mut note = format!(
        "Reason for visit: {reason}\n\nSUBJECTIVE\n{subjective}\n\nOBJECTIVE\n{vitals}\n{finding}\n",
        reason = visit.reason.words(),
        vitals = vitals_line(&findings.vitals, chart.persona.age(visit.at.date)),
    );
    for result in &findings.results {
        note.push_str(&format!("{result}\n"));
    }
    note.push_str("\nASSESSMENT\n");
    for (number, line) in assessment(chart, visit).iter().enumerate() {
        note.push_str(&format!("{}. {line}\n", number + 1));
    }
    note.push_str("\nPLAN\n");
    note.push_str(&plan(visit, findings));
    note.push_str(&format!("\nSigned by {} on {}\n", chart.own_clinician().name, visit.at.date));
    note
}

fn vitals_line(vitals: &Vitals, age: i64) -> String {
    let pressure =
        if age >= 3 { format!("BP {}/{} mmHg, ", vitals.systolic, vitals.diastolic) } else { String::new() };
    format!(
        "{pressure}pulse {}/min, SpO2 {} %, temperature {} °C, weight {} kg.",
        vitals.pulse,
        vitals.saturation,
        Decimal::new(vitals.temperature, 1),
        Decimal::new(vitals.weight, 1),
    )
}

fn assessment(chart: &Chart<'_>, visit: &Visit) -> Vec<String> {
    let mut lines = Vec::new();
    if let Reason::Illness(illness) = visit.reason {
        lines.push(format!("{} ({})", illness.title, illness.code));
    }
    let open = |disease: &Disease| disease.labels.is_empty();
    for problem in chart
        .persona
        .problems
        .iter()
        .filter(|problem| problem.since <= visit.at.date && open(problem.disease))
    {
        let state = if problem.control >= 650 { "stable" } else { "not yet at goal" };
        lines.push(format!("{}: {state}", capitalized(problem.disease.short)));
    }
    if lines.is_empty() {
        lines.push("Healthy for age".to_owned());
    }
    lines
}

fn plan(visit: &Visit, findings: &Findings) -> String {
    let mut plan = String::new();
    for begun in &findings.begun {
        plan.push_str(&format!("- Start {begun}\n"));
    }
    let continued: Vec<&str> = findings
        .current
        .iter()
        .map(String::as_str)
        .filter(|product| !findings.begun.iter().any(|begun| begun.starts_with(product)))
        .collect();
    if !continued.is_empty() {
        plan.push_str(&format!("- Continue {}\n", continued.join(", ")));
    }
    plan.push_str(match visit.reason {
        Reason::Illness(_) => "- Rest and fluids; come back if not better in a week.\n",
        Reason::CheckUp => "- Next check-up in a year.\n",
        Reason::WellChild => "- Next well-child visit as scheduled.\n",
        Reason::FollowUp => "- Review in three months, earlier if needed.\n",
    });
    plan
}

fn confidential_note(disease: &Disease, at: Moment) -> String {
    format!(
        "Confidential note, {}\n\nReviewed {} ({}) separately from the visit note. Treatment is tolerated, the agreed plan goes on. \
         Contacts and consent were discussed.\n",
        at.date, disease.short, disease.code,
    )
}

struct Attachment {
    content_type: &'static str,
    bytes: Vec<u8>,
}

fn write_text(chart: &mut Chart<'_>, kind: Kind, labels: &[Label], at: (Moment, Uuid), words: String) {
    let attachment = Attachment { content_type: "text/plain; charset=utf-8", bytes: words.into_bytes() };
    write_attachment(chart, kind, labels, at, &attachment);
}

fn write_attachment(
    chart: &mut Chart<'_>,
    (code, display, title): Kind,
    labels: &[Label],
    (at, encounter): (Moment, Uuid),
    attachment: &Attachment,
) {
    let body = json!({
        "status": "current",
        "docStatus": "final",
        "type": concept(LOINC, code, display),
        "category": [concept(
            "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "clinical-note", "Clinical Note",
        )],
        "subject": chart.subject(),
        "date": at.to_string(),
        "author": [chart.clinician()],
        "authenticator": chart.clinician(),
        "custodian": named_reference("Organization", PRACTICE_ID, PRACTICE_NAME),
        "content": [{
            "attachment": {
                "contentType": attachment.content_type,
                "language": "en",
                "data": STANDARD.encode(&attachment.bytes),
                "size": attachment.bytes.len(),
                "title": title,
                "creation": at.to_string(),
            },
        }],
        "context": { "encounter": [reference("Encounter", encounter)], "period": { "start": at.to_string() } },
    });
    chart.add("DocumentReference", meta(labels), body);
}

fn capitalized(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
