//! Whatever order edits, pages and answers come in, the chart ends where the server is.

use keys::Random;
use proptest::prelude::*;
use records::change::Base;
use records::find::Query;
use records::id::ChangeId;
use records::rights::Action;
use records::{Document, Drawer, Role};
use vault::{Page, Vault, Verdict};

use crate::clinic::{Clinic, digest_holds, heart_rate, key, now, person_record, small_practice, upsert};

#[derive(Debug, Clone, Copy)]
enum Step {
    Edit,
    /// Somebody else writes at the server.
    Elsewhere,
    Pull,
    /// The oldest change that waits is applied, or refused.
    Answer {
        applied: bool,
    },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Edit),
        2 => Just(Step::Elsewhere),
        3 => Just(Step::Pull),
        4 => any::<bool>().prop_map(|applied| Step::Answer { applied }),
        1 => Just(Step::Restart),
    ]
}

/// A server with one record, and a workstation that edits it.
struct World {
    clinic: Clinic,
    vault: Option<Vault>,
    beats: u32,
    version: u64,
    next_beats: u32,
    waiting: Vec<(ChangeId, u32)>,
}

impl World {
    fn new() -> Self {
        let mut clinic = Clinic::new();
        let mut vault = clinic.open_all();
        clinic.load(&mut vault, &small_practice());
        Self { clinic, vault: Some(vault), beats: 71, version: 1, next_beats: 100, waiting: Vec::new() }
    }

    fn take(&mut self, step: Step) {
        let mut vault = self.vault.take().unwrap();
        match step {
            Step::Edit => self.edit(&mut vault),
            Step::Elsewhere => {
                self.version += 1;
                self.next_beats += 1;
                self.beats = self.next_beats;
            }
            Step::Pull => self.pull(&mut vault),
            Step::Answer { applied } => self.answer(&mut vault, applied),
            Step::Restart => {
                drop(vault);
                vault = self.clinic.reopen();
            }
        }
        self.vault = Some(vault);
    }

    fn edit(&mut self, vault: &mut Vault) {
        self.next_beats += 1;
        let edited = heart_rate("hr-ada", "ada", self.next_beats);
        let base = vault.base_of(edited.key()).unwrap();
        let permit = self.clinic.write_permit(vault, Action::Update, "ada", &[&edited]);
        let change = self.clinic.change(u128::from(self.next_beats), vec![(edited, base)]);
        vault.save(permit, &change, &self.clinic.pen(), now()).unwrap();
        self.waiting.push((change.id(), self.next_beats));
    }

    fn pull(&mut self, vault: &mut Vault) {
        let permit = self.clinic.replicate(vault);
        let entries = vec![upsert(&heart_rate("hr-ada", "ada", self.beats), self.version)];
        let page =
            Page { entries, charts: vec![], next_cursor: "c".into(), complete: true, received_at: now() };
        vault.apply_page(&permit, Drawer::Clinical, &page).unwrap();
    }

    /// The server merges by taking the edit as it is.
    fn answer(&mut self, vault: &mut Vault, applied: bool) {
        if self.waiting.is_empty() {
            return;
        }
        let (change, beats) = self.waiting.remove(0);
        let verdict = if applied {
            self.version += 1;
            self.beats = beats;
            Verdict::Applied { versions: vec![(key("Observation/hr-ada"), self.version)], merged: false }
        } else {
            Verdict::Refused { code: "not-allowed".into() }
        };
        vault.apply_verdict(change, &verdict, now()).unwrap();
    }

    fn shown(&mut self) -> (u64, u64) {
        let mut vault = self.vault.take().unwrap();
        let permit = self.clinic.chart_permit(&mut vault, Role::Nurse, "ada");
        let chart = vault.chart(&permit).unwrap();
        let found = chart.iter().find(|found| found.document.id().as_str() == "hr-ada").unwrap();
        let shown = (found.document.value()["valueQuantity"]["value"].as_u64().unwrap(), found.version);
        assert!(digest_holds(&mut vault, Drawer::Clinical));
        self.vault = Some(vault);
        shown
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_chart_shows_what_was_written_here_last_and_in_the_end_what_the_server_has(
        steps in prop::collection::vec(step(), 1..14),
    ) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
            if let Some((_, beats)) = world.waiting.last().copied() {
                prop_assert_eq!(world.shown().0, u64::from(beats));
            }
        }
        while !world.waiting.is_empty() {
            world.take(Step::Answer { applied: world.waiting.len().is_multiple_of(2) });
        }
        world.take(Step::Pull);

        prop_assert_eq!(world.shown(), (u64::from(world.beats), world.version));
        let vault = world.vault.take().unwrap();
        prop_assert_eq!(vault.base_of(&key("Observation/hr-ada")).unwrap(), Base::Version(world.version));
        prop_assert!(vault.device().verify_log(&[]).unwrap().first_bad.is_none());
    }
}

#[test]
fn every_part_of_every_name_finds_its_patient() {
    const LETTERS: [&str; 18] =
        ["a", "b", "é", "ñ", "o", "t", "ü", "s", "ł", "Ø", "z", "李", "и", "K", "R", "m", "i", "n"];
    let mut random = Random::from_seed([5; 32]);
    let mut word = || -> String {
        let length = 2 + random.below(8);
        (0..length).map(|_| LETTERS[usize::try_from(random.below(18)).unwrap()]).collect()
    };
    let people: Vec<(String, Document)> = (0..24)
        .map(|n| {
            let family = word();
            let record = person_record(&format!("r{n}"), &family, &word(), "1990-01-01", "1");
            (family, record)
        })
        .collect();
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    let records: Vec<Document> = people.iter().map(|(_, record)| record.clone()).collect();
    clinic.load(&mut vault, &records);
    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::Search);

    for (family, record) in &people {
        let letters: Vec<char> = family.chars().collect();
        for start in 0..letters.len() {
            for end in start + 2..=letters.len() {
                let part: String = letters[start..end].iter().collect();
                let query = Query::parse(&part, jiff::civil::date(2026, 3, 10));
                let page = vault.search(&permit, &query, 50, now()).unwrap();
                let found = page.rows.iter().any(|row| row.id.to_string() == record.id().as_str());
                assert!(found || page.more, "{part} of {family}");
            }
        }
    }
}
