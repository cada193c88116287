//! What the headless run saw, as `target/demo/report.json`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::DemoError;
use super::processes::Residue;

/// One run. Every figure was measured in it; a step that was not reached keeps its `false`, 0 or `null`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Patients on the server.
    pub(crate) patients: u64,
    /// Resources on the server.
    pub(crate) resources: u64,
    /// The workstation has its certificate.
    pub(crate) enrolled: bool,
    /// The nurse came in with the server stopped.
    pub(crate) unlocked_offline: bool,
    /// The bar said that it is offline and how much waits to be sent.
    pub(crate) unsent_shown: bool,
    /// From the last keystroke to the rows on the screen, as seen through the driver.
    pub(crate) search_ms: f64,
    /// From Enter to the chart on the screen, as seen through the driver.
    pub(crate) chart_ms: f64,
    /// What was being typed when the lock came was there again, to the letter.
    pub(crate) draft_restored: bool,
    /// A code that is not the next one.
    pub(crate) wrong_code_refused: bool,
    /// A code that had opened once.
    pub(crate) used_code_refused: bool,
    /// Places in the app's memory where a clinical text of the open patient was found while the front desk looked at them.
    pub(crate) front_desk_clinical_bytes: u64,
    /// The idle limit locked the workstation.
    pub(crate) locked_by_idle: bool,
    /// Places where the marked texts were found before a lock: the fewest of all of them; 0 would prove nothing.
    pub(crate) residue_before_lock: Option<u64>,
    /// Places where anything marked was found one second after a lock, over all of them.
    pub(crate) residue_hits: u64,
    /// Each lock but the idle one, by what caused it.
    pub(crate) locks: BTreeMap<String, LockSeen>,
    /// Bytes of memory read for these figures.
    pub(crate) residue_bytes_read: u64,
    /// Entries in the workstation's log at the end.
    pub(crate) events_recorded: u64,
    /// Entries of it that the server holds.
    pub(crate) events_delivered: u64,
    /// The server computed the same tree head as the workstation signed.
    pub(crate) chain_verified: bool,
    /// Changes that the server applied.
    pub(crate) changes_delivered: u64,
    /// The nurse's next pull showed them as applied.
    pub(crate) outcome_shown: bool,
    /// A client without a certificate.
    pub(crate) refused_without_certificate: bool,
    /// A client with another authority's certificate.
    pub(crate) refused_foreign_certificate: bool,
    /// What the network did meanwhile, where it was to misbehave.
    pub(crate) cuts: Option<CutsSeen>,
    /// Seconds each part took.
    pub(crate) seconds: BTreeMap<String, f64>,
    /// Where the marked texts were, before and after.
    pub(crate) residue: BTreeMap<String, Residue>,
}

/// Ctrl+L, sleep, user switch, the session's lock, and the end of a web process.
const LOCK_CAUSES: usize = 5;

impl Report {
    /// Keeps what a look into memory found.
    pub(crate) fn keep_residue(&mut self, when: &str, residue: Residue) {
        self.residue_bytes_read += residue.bytes;
        self.residue.insert(when.to_owned(), residue);
    }

    /// Counts what the looks before and after one lock found.
    pub(crate) fn count_places(&mut self, before: u64, after: u64) {
        self.residue_before_lock = Some(self.residue_before_lock.map_or(before, |least| least.min(before)));
        self.residue_hits += after;
    }

    /// What of the main job was not seen; empty when all was.
    #[must_use]
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let every_lock =
            |held: fn(&LockSeen) -> bool| self.locks.len() == LOCK_CAUSES && self.locks.values().all(held);
        let seen = [
            ("patients on the server", self.patients > 0),
            ("an enrolled workstation", self.enrolled),
            ("an unlock with the server stopped", self.unlocked_offline),
            ("what waits to be sent, in the bar", self.unsent_shown),
            ("rows of a search", self.search_ms > 0.0),
            ("a chart", self.chart_ms > 0.0),
            ("the draft after the lock", self.draft_restored),
            ("the refusal of a wrong code", self.wrong_code_refused),
            ("the refusal of a used code", self.used_code_refused),
            ("a front desk without clinical data", self.front_desk_clinical_bytes == 0),
            ("the idle lock", self.locked_by_idle),
            (
                "the marked texts in memory before the lock",
                self.residue_before_lock.is_some_and(|places| places > 0),
            ),
            ("a clean memory after the lock", self.residue_hits == 0),
            ("an empty screen within a second of every lock", every_lock(LockSeen::was_hidden)),
            (
                "marked texts and keys before every lock, and none a second after",
                every_lock(LockSeen::was_clean),
            ),
            ("an empty clipboard after every lock", every_lock(LockSeen::forgot_the_clipboard)),
            ("the return with the passphrase alone after every lock", every_lock(|lock| lock.came_back)),
            (
                "the delivery of every event",
                self.events_recorded > 0 && self.events_delivered >= self.events_recorded,
            ),
            ("the server's check of the log", self.chain_verified),
            ("the delivery of the changes", self.changes_delivered >= 2),
            ("the outcome of the changes", self.outcome_shown),
            ("the refusal without a certificate", self.refused_without_certificate),
            ("the refusal of a foreign certificate", self.refused_foreign_certificate),
        ];
        let cuts = self.cuts.iter().flat_map(CutsSeen::seen);
        seen.into_iter().chain(cuts).filter(|(_, seen)| !seen).map(|(what, _)| what).collect()
    }

    /// Writes it.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), DemoError> {
        let text = serde_json::to_string_pretty(self).map_err(|_| DemoError::step("write the report"))?;
        fs::create_dir_all(folder)?;
        Ok(fs::write(folder.join("report.json"), text)?)
    }
}

/// One lock, as the report has it.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct LockSeen {
    /// Milliseconds until nothing was on the screen.
    pub(crate) blank_ms: Option<f64>,
    /// Milliseconds until every process of before had ended or replaced its image.
    pub(crate) replaced_ms: Option<f64>,
    /// Places of marked texts and keys before.
    pub(crate) places_before: u64,
    /// Places of drawer keys among them.
    pub(crate) keys_before: u64,
    /// Places one second after.
    pub(crate) places_after: u64,
    /// What was copied in the app was in the clipboard before.
    pub(crate) copied_before: bool,
    /// It was there after the lock.
    pub(crate) copied_after: bool,
    /// The person came back with the passphrase alone, to the same words.
    pub(crate) came_back: bool,
}

/// Nothing in memory and on the screen within this. The screen's promise is 100 ms, of a build that ships on a machine that does
/// nothing else: half a second was seen of a development build on a busy one, after its web process had been killed.
const CLEAN_WITHIN_MS: f64 = 1000.0;

impl LockSeen {
    /// The screen was empty in time.
    pub(crate) fn was_hidden(&self) -> bool {
        self.blank_ms.is_some_and(|passed| passed <= CLEAN_WITHIN_MS)
    }

    /// The processes of before were gone in time, with all that was marked; and there had been something.
    pub(crate) fn was_clean(&self) -> bool {
        self.replaced_ms.is_some_and(|passed| passed <= CLEAN_WITHIN_MS)
            && self.places_after == 0
            && self.places_before > 0
            && self.keys_before > 0
    }

    /// The clipboard was emptied; and there had been something.
    pub(crate) fn forgot_the_clipboard(&self) -> bool {
        self.copied_before && !self.copied_after
    }
}

/// The job on a network that misbehaved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct CutsSeen {
    /// What decided which faults came when.
    pub(crate) seed: u64,
    /// Faults that were to come.
    pub(crate) planned: usize,
    /// Faults that hit a live connection, by kind.
    pub(crate) struck: BTreeMap<&'static str, usize>,
    /// Faults that found no connection.
    pub(crate) struck_nobody: usize,
    /// Connections that were made meanwhile, and bytes that came through.
    pub(crate) connections: usize,
    pub(crate) bytes: u64,
    /// Times that the bar was compared with the server, and those of them at which it said offline.
    pub(crate) looks: u32,
    pub(crate) looks_offline: u32,
    /// What it said that was not so, in words.
    pub(crate) untrue: Vec<String>,
    /// It said in the end that it is online and all is sent.
    pub(crate) calm: bool,
    /// Saves that the screen confirmed in the whole run, changes that the server applied, and intents in its log.
    pub(crate) confirmed: u64,
    pub(crate) applied: u64,
    pub(crate) intents: u64,
    /// Events of the workstation that the server holds.
    pub(crate) events: u64,
    /// What a second workstation did not get once from the server, in words.
    pub(crate) wrong: Vec<String>,
    /// Events that are there twice or long after their time, in words.
    pub(crate) events_wrong: Vec<String>,
    /// All of this was counted.
    pub(crate) accounted: bool,
}

impl CutsSeen {
    /// So many of ten faults have to hit a live connection.
    const HITS_OF_TEN: usize = 9;

    fn seen(&self) -> [(&'static str, bool); 7] {
        let hits: usize = self.struck.values().sum();
        [
            ("the faults of the network", hits * 10 >= self.planned * Self::HITS_OF_TEN && hits > 0),
            ("a bar that says what is so", self.looks > 0 && self.untrue.is_empty()),
            ("all sent after the faults", self.calm),
            (
                "each confirmed save once among the changes",
                self.confirmed > 0 && self.applied == self.confirmed && self.intents == self.confirmed,
            ),
            ("each confirmed save once at another workstation", self.accounted && self.wrong.is_empty()),
            ("each event once and in order", self.events > 0 && self.events_wrong.is_empty()),
            ("an account of everything", self.accounted),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_network_that_misbehaves_has_lost_doubled_or_made_untrue_is_missing() {
        let sound = CutsSeen {
            planned: 10,
            struck: BTreeMap::from([("cut", 9)]),
            looks: 1,
            calm: true,
            confirmed: 3,
            applied: 3,
            intents: 3,
            events: 8,
            accounted: true,
            ..CutsSeen::default()
        };
        let missing = |cuts: &CutsSeen| cuts.seen().into_iter().filter(|(_, seen)| !seen).count();
        assert_eq!(missing(&sound), 0);
        let words = || vec!["lost: one".to_owned()];
        let unsound = [
            CutsSeen { struck: BTreeMap::from([("cut", 8)]), ..sound.clone() },
            CutsSeen { untrue: words(), ..sound.clone() },
            CutsSeen { calm: false, ..sound.clone() },
            CutsSeen { applied: 4, ..sound.clone() },
            CutsSeen { intents: 2, ..sound.clone() },
            CutsSeen { wrong: words(), ..sound.clone() },
            CutsSeen { events_wrong: words(), ..sound },
        ];
        for cuts in unsound {
            assert_eq!(missing(&cuts), 1, "{cuts:?}");
        }
    }

    #[test]
    fn a_run_that_saw_nothing_misses_all_but_the_two_figures_that_count_finds() {
        let missing = Report::default().missing();
        assert_eq!(missing.len(), 21, "{missing:?}");
        assert!(missing.contains(&"the marked texts in memory before the lock"));
    }
}
