//! Finding patients: search as one operation, today's list, recent charts.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::ToSpan;
use records::Drawer;
use records::date::{date_text, duration_text, time_text};
use records::find::Query;
use records::id::PatientId;
use records::rights::{Action, Permit};
use records::view::{AppointmentItem, Chart, PatientSummary};
use vault::{DayEntry, DayPart, MOST_SHOWN, ReadError};

use super::OpenSession;
use crate::ClientError;
use crate::view::{AppointmentRow, PatientRow, SearchView, TodayView};

/// A search that is going on: its event is in the trail, and its list has not settled.
pub(super) struct OpenSearch {
    permit: Permit,
    query: Query,
    /// Charts that are shown within the row of another.
    within: BTreeMap<PatientId, Vec<PatientId>>,
}

/// As many charts as "recent" shows.
const RECENT: u32 = 12;
/// Appointments that the page gets at a time.
const DAY_PART: u32 = 100;

impl OpenSession {
    /// The patients that match what was typed so far. The first keystroke opens the search; its event is durable before any row.
    pub(crate) fn search(&mut self, text: &str) -> Result<SearchView, ClientError> {
        let begun = self.clock.monotonic();
        let query = Query::parse(text, self.today());
        if query.is_empty() {
            return Ok(SearchView { rows: Vec::new(), more: false, arriving: self.arriving()?, millis: 0.0 });
        }
        let permit = self.search_permit(&query)?;
        let page = self.vault()?.search(&permit, &query, MOST_SHOWN, self.now())?;
        let rows = self.rows(&page.rows, &page.within);
        let ids = |within: &Vec<PatientSummary>| within.iter().map(|one| one.id.clone()).collect();
        let within = page.within.iter().map(|(row, within)| (row.clone(), ids(within))).collect();
        self.search = Some(OpenSearch { permit, query, within });
        let took = self.clock.monotonic().saturating_sub(begun);
        Ok(SearchView { rows, more: page.more, arriving: self.arriving()?, millis: millis(took) })
    }

    /// The permit of the search that is going on, or of a new one.
    fn search_permit(&mut self, query: &Query) -> Result<Permit, ClientError> {
        if let Some(open) = self.search.take() {
            return Ok(open.permit);
        }
        let tokens = match self.vault()?.query_tokens(query) {
            Ok(tokens) => tokens,
            // No drawer to search in: the decision says that it is not this person's role.
            Err(ReadError::NotFound) => Vec::new(),
            Err(other) => return Err(other.into()),
        };
        self.permit_practice(Action::Search, |allowed| allowed.with_tokens(&tokens))
    }

    /// The list stood still, or was left: one event for each patient it showed, in one commit.
    pub(crate) fn settle_search(&mut self, shown: &[String]) -> Result<(), ClientError> {
        let Some(OpenSearch { permit, query, within }) = self.search.take() else { return Ok(()) };
        let rows: Vec<PatientId> = shown.iter().filter_map(|id| id.parse().ok()).collect();
        let inside = rows.iter().filter_map(|row| within.get(row)).flatten().cloned();
        let shown: Vec<PatientId> = rows.iter().cloned().chain(inside).take(MOST_SHOWN).collect();
        self.vault()?.settle(permit, &query, &shown, self.now())?;
        Ok(())
    }

    /// Today's appointments in their order, a part of them: those after the one with this id.
    pub(crate) fn day(&mut self, after: Option<&str>) -> Result<TodayView, ClientError> {
        let entries = self.schedule(after)?;
        let rows: Vec<_> = entries.iter().map(|entry| self.appointment(entry)).collect();
        Ok(TodayView { more: rows.len() == DAY_PART as usize, rows, arriving: self.arriving()? })
    }

    /// Whether the names and appointments were never yet complete on this workstation.
    fn arriving(&self) -> Result<bool, ClientError> {
        let drawers = self.vault()?.freshness()?;
        Ok(drawers.iter().any(|fresh| fresh.drawer == Drawer::Demographics && fresh.pulled_at.is_none()))
    }

    fn schedule(&self, after: Option<&str>) -> Result<Vec<DayEntry>, ClientError> {
        let permit = self.permit_practice(Action::ViewSchedule, |allowed| allowed)?;
        let zone = self.clock.time_zone();
        let start = self.today().to_zoned(zone).map_err(|_| crate::Code::Internal)?;
        let end = start.checked_add(1.day()).map_err(|_| crate::Code::Internal)?;
        let part = DayPart { from: start.timestamp(), to: end.timestamp(), after, limit: DAY_PART };
        Ok(self.vault()?.schedule(&permit, part, self.now())?)
    }

    /// The charts this person opened last, on this workstation.
    pub(crate) fn recent(&mut self) -> Result<Vec<PatientRow>, ClientError> {
        let patients = self.vault()?.device().recently_opened(self.actor.person, RECENT)?;
        if patients.is_empty() {
            return Ok(Vec::new());
        }
        let permit = self.permit_practice(Action::Search, |allowed| allowed)?;
        let rows = self.vault()?.surviving_rows(&permit, &patients, self.now())?;
        Ok(self.rows(&rows, &BTreeMap::new()))
    }

    pub(super) fn rows(
        &self,
        patients: &[PatientSummary],
        within: &BTreeMap<PatientId, Vec<PatientSummary>>,
    ) -> Vec<PatientRow> {
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for patient in patients {
            *names.entry(spoken_name(patient)).or_default() += 1;
        }
        let today = self.today();
        let is_shared =
            |patient: &PatientSummary| names.get(&spoken_name(patient)).is_some_and(|count| *count > 1);
        patients
            .iter()
            .map(|patient| PatientRow {
                id: patient.id.to_string(),
                name: patient.display_name.clone(),
                born: patient.born_text(),
                age: patient.age_text(today),
                sex: patient.sex.text().to_owned(),
                mrn: patient.mrn.clone(),
                phone: patient.phone.clone(),
                deceased: patient.deceased.is_some(),
                same_name: is_shared(patient),
                found_as: within.get(&patient.id).into_iter().flatten().map(found_as).collect(),
                arrival: None,
            })
            .collect()
    }

    fn appointment(&self, entry: &DayEntry) -> AppointmentRow {
        let document = &entry.appointment.document;
        let item = AppointmentItem::of(document, &Chart::new([document]));
        appointment_row(&item, entry.patient.as_ref(), &self.clock.time_zone())
    }
}

/// The name and number of a chart that was found and is part of another.
fn found_as(patient: &PatientSummary) -> String {
    format!("{} · {}", patient.display_name, patient.mrn)
}

/// What two people who are called the same have in common: a title or an accent does not tell them apart.
fn spoken_name(patient: &PatientSummary) -> String {
    records::find::fold(&format!("{} {}", patient.family, patient.given))
}

/// An appointment as lists show it.
pub(super) fn appointment_row(
    item: &AppointmentItem,
    patient: Option<&PatientSummary>,
    zone: &jiff::tz::TimeZone,
) -> AppointmentRow {
    AppointmentRow {
        id: item.key.id.to_string(),
        patient_id: item.patient.as_ref().map(ToString::to_string).unwrap_or_default(),
        patient_name: patient.map(|patient| patient.display_name.clone()).unwrap_or_default(),
        born: patient.map(PatientSummary::born_text).unwrap_or_default(),
        date: item.start.map(|start| date_text(start.to_zoned(zone.clone()).date())).unwrap_or_default(),
        time: item.start.map(|start| time_text(start, zone)).unwrap_or_default(),
        duration: item.minutes.map(duration_text).unwrap_or_default(),
        reason: item.reason.clone(),
        status: item.status_code.clone(),
        room: item.room.clone(),
        clinician: item.clinician.clone(),
    }
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}
