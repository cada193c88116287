//! Taking in what the server has: pages of history and answers to changes.

use jiff::Timestamp;
use records::id::{ChangeId, RecordKey};
use records::rights::{Action, Permit};
use records::{Document, Drawer, classify};
use rusqlite::params;

use crate::away::ChartNews;
use crate::device::{Device, OutboxState};
use crate::error::{PullError, StoreError};
use crate::number;
use crate::vault::Vault;
use crate::verdict::Verdict;

/// Answers that a drawer takes in with one commit: a sync of the disk for each would be most of the work.
const AT_ONCE: usize = 256;

/// A page of one drawer's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What changed, oldest first.
    pub entries: Vec<PageEntry>,
    /// What became of whole charts, after all that changed.
    pub charts: Vec<ChartNews>,
    /// Where to go on.
    pub next_cursor: String,
    /// Whether this is the end of what the server has: then the drawer is as fresh as `received_at`.
    pub complete: bool,
    /// When the page came.
    pub received_at: Timestamp,
}

/// One version of a record, or its departure from this drawer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageEntry {
    /// Which record.
    pub key: RecordKey,
    /// Its version.
    pub version: u64,
    /// What it says; `None` when it is not in this drawer any more, or was deleted.
    pub document: Option<Document>,
}

impl Vault {
    /// Applies a page: data and cursor in one commit of the drawer.
    ///
    /// # Errors
    /// [`PullError`]; then nothing of the page was applied.
    pub fn apply_page(&mut self, permit: &Permit, drawer: Drawer, page: &Page) -> Result<(), PullError> {
        if !self.may_replicate(permit, drawer) {
            return Err(PullError::NotPermitted);
        }
        // A record of a closer class would lie open to people who hold only this drawer's key.
        let belongs = |document: &Document| classify(document).drawer() == drawer;
        if !page.entries.iter().filter_map(|entry| entry.document.as_ref()).all(belongs) {
            return Err(PullError::WrongDrawer);
        }
        let Self { drawers, random, device, .. } = self;
        let open = drawers.get_mut(&drawer).ok_or(PullError::NotOpen)?;
        // A page may have been on its way when the order came.
        let erased = device.erased_patients()?;
        let is_left = |entry: &&PageEntry| {
            let patient = entry.document.as_ref().and_then(Document::patient);
            patient.is_none_or(|patient| !erased.contains(patient.as_str()))
        };
        open.write(random, |writing| -> Result<(), PullError> {
            for entry in page.entries.iter().filter(is_left) {
                writing.receive(&entry.key, entry.version, entry.document.as_ref())?;
            }
            for chart in page.charts.iter().filter(|chart| !erased.contains(chart.patient.as_str())) {
                writing.take_chart(&chart.patient, chart.is_kept)?;
            }
            writing.tx.execute("UPDATE drawer SET cursor = ?1", [&page.next_cursor])?;
            if page.complete {
                let received = number::millis(page.received_at);
                writing.tx.execute("UPDATE drawer SET pulled_at = max(pulled_at, ?1)", params![received])?;
                writing.release()?;
            }
            Ok(())
        })?;
        if page.complete {
            // Where it cannot be noted, what the drawer has already is fetched once more while it is shut.
            device.note_cursor(drawer, &page.next_cursor).unwrap_or_default();
        }
        Ok(())
    }

    /// Whether a permit lets what the server has of a drawer come into it.
    pub(crate) fn may_replicate(&self, permit: &Permit, drawer: Drawer) -> bool {
        self.check(permit, &[Action::Replicate]).is_ok() && permit.classes().touches(drawer)
    }

    /// Takes in the server's answer to a change, which it received at `received_at`: in `device.db`, and in the drawer if it is
    /// open.
    ///
    /// # Errors
    /// When a file cannot be written. The answer is kept first, so that nothing is lost then.
    pub fn apply_verdict(
        &mut self,
        change: ChangeId,
        verdict: &Verdict,
        received_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.device.record_verdict(change, verdict, received_at)?;
        self.take_verdicts()
    }

    /// Takes in the answers that came while their drawers were shut.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn take_verdicts(&mut self) -> Result<(), StoreError> {
        let Self { drawers, random, device, .. } = self;
        for (drawer, open) in drawers.iter_mut() {
            for some in device.unsettled(*drawer)?.chunks(AT_ONCE) {
                open.write(random, |writing| {
                    for entry in some {
                        let verdict = Verdict::from_bytes(&entry.verdict).ok_or(StoreError::Damaged)?;
                        writing.take_verdict(entry.change, &verdict)?;
                        // An older copy of the drawer may still hold what was decided since.
                        if entry.state == OutboxState::Settled {
                            writing.drop_set_apart(entry.change)?;
                        }
                    }
                    Ok::<_, StoreError>(())
                })?;
                device.settled(some)?;
            }
        }
        Ok(())
    }
}

impl Device {
    /// Keeps the server's answer to a change, whoever delivered it; works while everything is locked. Returns whether
    /// it is news. The envelope stays until the server has what it received at that time in a backup
    /// ([`Device::forget_backed_up`]).
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn record_verdict(
        &mut self,
        change: ChangeId,
        verdict: &Verdict,
        received_at: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(!self.record_verdicts(&[(change, verdict.clone(), received_at)])?.is_empty())
    }
}
