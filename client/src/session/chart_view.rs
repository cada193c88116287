//! From typed views of records to the rows of a chart. A section that is not among those to show stays empty.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use records::date::When;
use records::id::RecordKey;
use records::view::{
    AllergyList, AppointmentItem, Chart, CoverageItem, DocumentItem, EncounterItem, ImmunizationItem,
    LabResult, LabSeries, MedicationItem, MedicationList, NoteItem, NoteState, PatientSummary, ProblemItem,
    RANGE_NOT_SUPPLIED, Section as Held, Subject, VitalSeries, marital_status,
};
use serde_json::Value;

use super::find::appointment_row;
use crate::view::{
    AllergyBanner, AllergyRow, BannerView, ChartView, CoverageRow, DemographicsView, DocumentRow,
    EncounterRow, FreshnessRow, ImmunizationRow, IncludedChart, LabRow, MedicationRow, MedicationsView,
    NormalRange, NoteRow, ProblemRow, Section, VitalLatest, VitalPoint, VitalSeriesView, VitalsView,
};

/// What a chart is shown from.
pub(super) struct Shown<'a> {
    /// The documents of all charts that are shown as one.
    pub(super) chart: &'a Chart<'a>,
    /// Each of them by itself.
    pub(super) charts: &'a [Chart<'a>],
    pub(super) patient: &'a PatientSummary,
    /// The patients whose charts this one is used in place of.
    pub(super) replaced: &'a [PatientSummary],
    pub(super) zone: TimeZone,
    pub(super) today: Date,
    pub(super) sections: &'a [Section],
    /// Notes that the server has not acknowledged.
    pub(super) waiting: &'a BTreeSet<RecordKey>,
}

/// The whole chart, without drafts.
pub(super) fn chart_view(shown: &Shown<'_>, freshness: &[FreshnessRow]) -> ChartView {
    let chart = shown.chart;
    let subject = Subject::of(shown.patient);
    let allergies =
        shown.has(Section::Allergies).then(|| AllergyList::of_charts(shown.charts, held(freshness)));
    ChartView {
        patient_id: shown.patient.id.to_string(),
        banner: shown.banner(allergies.as_ref()),
        sections: shown.sections.to_vec(),
        problems: shown.list(Section::Problems, || ProblemItem::all(chart), Shown::problem),
        medications: shown.medications(),
        allergies: allergies.map(|list| shown.allergies(&list)).unwrap_or_default(),
        vitals: shown.vitals(&subject),
        labs: if shown.has(Section::Labs) { shown.labs(&subject) } else { Vec::new() },
        immunizations: shown.list(
            Section::Immunizations,
            || ImmunizationItem::all(chart),
            Shown::immunization,
        ),
        encounters: shown.list(Section::Encounters, || EncounterItem::all(chart), Shown::encounter),
        notes: shown.list(Section::Notes, || NoteItem::all(chart), Shown::note),
        documents: shown.list(Section::Documents, || DocumentItem::all(chart), Shown::document),
        appointments: shown.list(
            Section::Appointments,
            || AppointmentItem::all(chart),
            |shown, item| appointment_row(item, Some(shown.patient), &shown.zone),
        ),
        demographics: shown.demographics(),
        coverage: shown.list(Section::Coverage, || CoverageItem::all(chart), Shown::coverage),
        freshness: freshness.to_vec(),
        away: None,
        includes: shown.replaced.iter().map(included).collect(),
        drafts: Vec::new(),
        can_write: false,
        held: None,
    }
}

fn included(patient: &PatientSummary) -> IncludedChart {
    IncludedChart {
        patient_id: patient.id.to_string(),
        part_of: patient.links.replaced_by.first().map(ToString::to_string).unwrap_or_default(),
        name: patient.display_name.clone(),
        born: patient.born_text(),
        mrn: patient.mrn.clone(),
    }
}

/// Whether the allergies of this workstation are complete as of some time.
fn held(freshness: &[FreshnessRow]) -> Held {
    let pulled = |row: &FreshnessRow| row.section == Section::Allergies && row.as_of.is_some();
    if freshness.iter().any(pulled) { Held::Held } else { Held::NotHeld }
}

impl Shown<'_> {
    fn has(&self, section: Section) -> bool {
        self.sections.contains(&section)
    }

    fn list<T, R>(
        &self,
        section: Section,
        all: impl FnOnce() -> Vec<T>,
        row: impl Fn(&Self, &T) -> R,
    ) -> Vec<R> {
        if self.has(section) { all().iter().map(|item| row(self, item)).collect() } else { Vec::new() }
    }

    fn day(&self, when: Option<When>) -> Option<String> {
        when.map(|when| when.date_text(&self.zone))
    }

    fn minute(&self, when: Option<When>) -> String {
        when.map(|when| when.text(&self.zone)).unwrap_or_default()
    }

    fn banner(&self, allergies: Option<&AllergyList>) -> BannerView {
        let patient = self.patient;
        let interpreter = || match &patient.language {
            Some(language) => format!("Interpreter: {language}"),
            None => "Interpreter".to_owned(),
        };
        BannerView {
            family: patient.family.to_uppercase(),
            given: patient.given.clone(),
            title: patient.title.clone().unwrap_or_default(),
            preferred: patient.preferred.clone(),
            born: patient.born_text(),
            age: patient.age_text(self.today),
            sex: patient.sex.text().to_owned(),
            mrn: patient.mrn.clone(),
            deceased: patient
                .deceased
                .map(|died| self.day(died.at).unwrap_or_else(|| "Date not known".to_owned())),
            phone: patient.phone.clone(),
            address: patient.address.clone(),
            allergies: allergies.map(|list| self.allergy_banner(list)),
            flags: patient.interpreter.then(interpreter).into_iter().collect(),
        }
    }

    fn allergy_banner(&self, list: &AllergyList) -> AllergyBanner {
        AllergyBanner {
            title: list.title.text().to_owned(),
            items: list.items.iter().map(|item| item.agent.clone()).collect(),
            as_of: self.day(list.as_of),
            masked: list.masked > 0,
        }
    }

    fn allergies(&self, list: &AllergyList) -> Vec<AllergyRow> {
        let row = |item: &records::view::AllergyItem| AllergyRow {
            id: item.key.id.to_string(),
            agent: item.agent.clone(),
            category: item.category.clone(),
            criticality: item.severity.clone().or_else(|| item.criticality.clone()),
            reactions: item.reactions.clone(),
            certainty: item.certainty.clone(),
            status: item.status.clone(),
            recorded: self.day(item.recorded),
            masked: item.masked,
        };
        list.items.iter().chain(&list.past).map(row).collect()
    }

    fn problem(&self, item: &ProblemItem) -> ProblemRow {
        ProblemRow {
            id: item.key.id.to_string(),
            title: item.title.clone(),
            code: item.code.clone(),
            status: item.status.clone(),
            active: item.active,
            onset: self.day(item.onset),
            ended: self.day(item.ended),
        }
    }

    fn medications(&self) -> MedicationsView {
        if !self.has(Section::Medications) {
            return MedicationsView::default();
        }
        let list = MedicationList::of(self.chart);
        let rows = |items: &[MedicationItem]| items.iter().map(|item| self.medication(item)).collect();
        MedicationsView { current: rows(&list.current), past: rows(&list.past) }
    }

    fn medication(&self, item: &MedicationItem) -> MedicationRow {
        MedicationRow {
            id: item.key.id.to_string(),
            name: item.name.clone(),
            dose: item.dose.clone().unwrap_or_else(|| "Dose not recorded".to_owned()),
            status: item.status.clone(),
            started: self.day(item.started),
            ended: None,
            reason: item.reason.clone(),
            prescriber: item.prescriber.clone(),
        }
    }

    fn vitals(&self, subject: &Subject) -> VitalsView {
        if !self.has(Section::Vitals) {
            return VitalsView::default();
        }
        let all = VitalSeries::all(self.chart, subject);
        VitalsView {
            latest: all.iter().filter_map(|series| self.vital_latest(series)).collect(),
            series: all.iter().map(vital_series).collect(),
        }
    }

    fn vital_latest(&self, series: &VitalSeries) -> Option<VitalLatest> {
        let last = series.points.last()?;
        let before = series.points.len().checked_sub(2).and_then(|index| series.points.get(index));
        Some(VitalLatest {
            code: series.code.clone(),
            title: series.title.clone(),
            value: last.text.clone(),
            unit: series.unit.clone(),
            at: last.at.text(&self.zone),
            flag: flag(series, last).map(str::to_owned),
            previous: before.map(|point| point.text.clone()),
        })
    }

    fn labs(&self, subject: &Subject) -> Vec<LabRow> {
        let mut rows = Vec::new();
        for series in LabSeries::all(self.chart, subject) {
            for (index, result) in series.results.iter().enumerate() {
                let key = result.at.map(When::sort_key);
                rows.push((key, self.lab(&series, result, series.results.get(index + 1))));
            }
        }
        rows.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        rows.into_iter().map(|(_, row)| row).collect()
    }

    fn lab(&self, series: &LabSeries, result: &LabResult, before: Option<&LabResult>) -> LabRow {
        let range = result.range.as_ref().map(|range| range.text.clone());
        LabRow {
            id: result.key.id.to_string(),
            code: series.code.clone(),
            title: series.title.clone(),
            value: result.text.clone(),
            unit: series.unit.clone(),
            at: self.minute(result.at),
            flag: result.flag.map(|flag| flag.text().to_owned()),
            range: range.unwrap_or_else(|| RANGE_NOT_SUPPLIED.to_owned()),
            previous: before.map(|before| before.text.clone()),
        }
    }

    fn immunization(&self, item: &ImmunizationItem) -> ImmunizationRow {
        ImmunizationRow {
            id: item.key.id.to_string(),
            vaccine: item.vaccine.clone(),
            at: self.day(item.at).unwrap_or_default(),
            status: item.status.clone(),
            lot: item.lot.clone(),
            site: item.site.clone(),
        }
    }

    fn encounter(&self, item: &EncounterItem) -> EncounterRow {
        EncounterRow {
            id: item.key.id.to_string(),
            title: item.title.clone(),
            at: self.minute(item.started),
            reason: item.reason.clone(),
            clinician: item.clinician.clone(),
            status: item.status.clone(),
        }
    }

    fn note(&self, item: &NoteItem) -> NoteRow {
        NoteRow {
            id: item.key.id.to_string(),
            title: item.title.clone(),
            author: item.author.clone(),
            at: self.minute(item.at),
            signed: item.state != NoteState::Draft,
            text: item.text.clone(),
            pending: self.waiting.contains(&item.key),
        }
    }

    fn document(&self, item: &DocumentItem) -> DocumentRow {
        DocumentRow {
            id: item.key.id.to_string(),
            title: item.title.clone(),
            kind: item.kind.clone(),
            at: self.minute(item.at),
            author: Some(item.author.clone()).filter(|author| !author.is_empty()),
        }
    }

    fn coverage(&self, item: &CoverageItem) -> CoverageRow {
        let period = match (self.day(item.from), self.day(item.until)) {
            (None, None) => None,
            (from, until) => Some(
                format!("{} – {}", from.unwrap_or_default(), until.unwrap_or_default()).trim().to_owned(),
            ),
        };
        CoverageRow {
            id: item.key.id.to_string(),
            payer: item.payor.clone(),
            plan: Some(item.plan.clone()).filter(|plan| !plan.is_empty()),
            member: item.member.clone(),
            status: item.status.clone(),
            period,
        }
    }

    fn demographics(&self) -> DemographicsView {
        let patient = self.patient;
        let document = self.chart.get(&patient.id.key());
        let value = document.map(records::Document::value);
        DemographicsView {
            name: patient.display_name.clone(),
            born: patient.born_text(),
            sex: patient.sex.text().to_owned(),
            mrn: patient.mrn.clone(),
            phones: patient.phones.clone(),
            emails: value.map(emails).unwrap_or_default(),
            addresses: patient.address.iter().cloned().collect(),
            language: patient.language.clone(),
            marital_status: document.and_then(marital_status),
            contacts: value.map(contacts).unwrap_or_default(),
        }
    }
}

fn vital_series(series: &VitalSeries) -> VitalSeriesView {
    let points = series.points.iter().map(|point| VitalPoint {
        at: point.at.sort_key().to_string(),
        value: point.value,
        low: point.low,
        high: point.low.map(|_| point.value),
    });
    let normal = series.range.as_ref().map(|range| NormalRange {
        low: range.low,
        high: range.high,
        source: range.source.clone(),
    });
    VitalSeriesView {
        code: series.code.clone(),
        title: series.title.clone(),
        unit: series.unit.clone(),
        points: points.collect(),
        normal,
    }
}

/// Above or below the normal band, by either number of a blood pressure.
fn flag(series: &VitalSeries, point: &records::view::VitalPoint) -> Option<&'static str> {
    let against = |value: Option<f64>, range: Option<&records::view::Range>| {
        let (value, range) = (value?, range?);
        if range.high.is_some_and(|high| value > high) {
            Some("H")
        } else if range.low.is_some_and(|low| value < low) {
            Some("L")
        } else {
            None
        }
    };
    against(Some(point.value), series.range.as_ref())
        .or_else(|| against(point.low, series.low_range.as_ref()))
}

fn emails(patient: &Value) -> Vec<String> {
    let contacts = patient.get("telecom").and_then(Value::as_array).into_iter().flatten();
    let emails = contacts.filter(|contact| contact.get("system").and_then(Value::as_str) == Some("email"));
    emails.filter_map(|contact| Some(contact.get("value")?.as_str()?.to_owned())).collect()
}

/// Whom to call: name, how they stand to the patient, and a number.
fn contacts(patient: &Value) -> Vec<String> {
    let contacts = patient.get("contact").and_then(Value::as_array).into_iter().flatten();
    contacts.map(contact).filter(|words| !words.is_empty()).collect()
}

fn contact(contact: &Value) -> String {
    let text =
        |pointer: &str| contact.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let parts =
        [text("/name/given/0"), text("/name/family"), text("/relationship/0/text"), text("/telecom/0/value")];
    let [given, family, relation, phone] = parts;
    let name = format!("{given} {family}");
    [name.trim().to_owned(), relation, phone]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}
