//! The server's answers: applied, conflict, refused, whichever order they and the pages come in.

use records::change::Base;
use records::id::ChangeId;
use records::rights::Action;
use records::{Drawer, Role};
use vault::{OutboxState, Page, PageEntry, Vault, Verdict};

use crate::clinic::{Clinic, digest_holds, heart_rate, key, note, now, small_practice, upsert};

struct Edited {
    clinic: Clinic,
    vault: Vault,
    number: u128,
}

impl Edited {
    fn new() -> Self {
        let mut clinic = Clinic::new();
        let mut vault = clinic.open_all();
        clinic.load(&mut vault, &small_practice());
        Self { clinic, vault, number: 0 }
    }

    /// Changes the heart rate here.
    fn edit(&mut self, beats: u32) -> ChangeId {
        let edited = heart_rate("hr-ada", "ada", beats);
        let base = self.vault.base_of(edited.key()).unwrap();
        self.number += 1;
        let permit = self.clinic.write_permit(&mut self.vault, Action::Update, "ada", &[&edited]);
        let change = self.clinic.change(self.number, vec![(edited, base)]);
        self.vault.save(permit, &change, &self.clinic.pen(), now()).unwrap();
        change.id()
    }

    fn pull(&mut self, beats: u32, version: u64) {
        let permit = self.clinic.replicate(&mut self.vault);
        let entries = vec![upsert(&heart_rate("hr-ada", "ada", beats), version)];
        self.page(&permit, entries);
    }

    fn page(&mut self, permit: &records::Permit, entries: Vec<PageEntry>) {
        let page =
            Page { entries, charts: vec![], next_cursor: "c".into(), complete: true, received_at: now() };
        self.vault.apply_page(permit, Drawer::Clinical, &page).unwrap();
    }

    fn applied(&mut self, change: ChangeId, version: u64) {
        let verdict =
            Verdict::Applied { versions: vec![(key("Observation/hr-ada"), version)], merged: false };
        self.vault.apply_verdict(change, &verdict, now()).unwrap();
    }

    /// Somebody else's change is in that version too.
    fn merged(&mut self, change: ChangeId, version: u64) {
        let verdict = Verdict::Applied { versions: vec![(key("Observation/hr-ada"), version)], merged: true };
        self.vault.apply_verdict(change, &verdict, now()).unwrap();
    }

    fn base(&self) -> Base {
        self.vault.base_of(&key("Observation/hr-ada")).unwrap()
    }

    fn refused(&mut self, change: ChangeId) {
        self.vault.apply_verdict(change, &Verdict::Refused { code: "not-allowed".into() }, now()).unwrap();
    }

    /// Beats and version as the chart shows them; `None` when the record is not in it.
    fn shown(&mut self) -> Option<(u64, u64)> {
        assert!(digest_holds(&mut self.vault, Drawer::Clinical));
        let permit = self.clinic.chart_permit(&mut self.vault, Role::Nurse, "ada");
        let chart = self.vault.chart(&permit).unwrap();
        let found = chart.iter().find(|found| found.document.id().as_str() == "hr-ada")?;
        Some((found.document.value()["valueQuantity"]["value"].as_u64()?, found.version))
    }

    fn set_apart(&mut self) -> usize {
        let permit = self.clinic.chart_permit(&mut self.vault, Role::Nurse, "ada");
        self.vault.set_apart(&permit).unwrap().len()
    }
}

#[test]
fn an_applied_change_takes_its_version_and_leaves_the_outbox() {
    let mut it = Edited::new();
    let change = it.edit(80);

    it.applied(change, 2);

    assert_eq!(it.shown(), Some((80, 2)));
    assert_eq!(it.vault.device().outbox_entry(change).unwrap().unwrap().state, OutboxState::Applied);
    assert!(it.vault.device().unsent().unwrap().is_empty());
    assert!(it.vault.device().envelope(change).unwrap().is_some(), "no backup holds it yet");
    assert_eq!(it.vault.base_of(&key("Observation/hr-ada")).unwrap(), Base::Version(2));
}

#[test]
fn an_answer_that_comes_twice_changes_nothing_the_second_time() {
    let mut it = Edited::new();
    let change = it.edit(80);
    it.applied(change, 2);
    it.pull(90, 3);

    it.applied(change, 2);
    it.refused(change);

    assert_eq!(it.shown(), Some((90, 3)));
}

#[test]
fn what_the_server_merged_replaces_what_was_written_here() {
    let mut it = Edited::new();
    let change = it.edit(80);
    it.applied(change, 2);

    it.pull(85, 2);

    assert_eq!(it.shown(), Some((85, 2)));
}

#[test]
fn what_was_merged_passes_for_no_version_until_the_united_one_has_come() {
    let mut it = Edited::new();
    let change = it.edit(80);
    it.merged(change, 2);
    it.merged(change, 2);
    assert_eq!((it.shown(), it.base(), it.set_apart()), (Some((80, 1)), Base::Change(change), 0));
    assert!(it.vault.device().unsent().unwrap().is_empty());

    it.pull(85, 2);

    assert_eq!((it.shown(), it.base()), (Some((85, 2)), Base::Version(2)));
}

#[test]
fn an_edit_of_what_was_merged_stands_on_the_change_and_goes_on_from_there() {
    for ends_well in [true, false] {
        let mut it = Edited::new();
        let first = it.edit(80);
        it.merged(first, 2);
        let second = it.edit(81);
        let bases: Vec<_> = it.vault.device().unsent().unwrap().into_iter().map(|e| e.depends_on).collect();
        assert_eq!(bases, [vec![first]]);
        it.pull(85, 2);
        assert_eq!((it.shown(), it.base()), (Some((81, 1)), Base::Change(second)));

        if ends_well {
            it.merged(second, 3)
        } else {
            it.refused(second)
        }
        it.pull(86, 3);

        assert_eq!((it.shown(), it.base()), (Some((86, 3)), Base::Version(3)));
    }
}

#[test]
fn a_page_that_came_before_the_answer_holds_what_was_merged() {
    let mut it = Edited::new();
    let change = it.edit(80);
    it.pull(85, 2);

    it.merged(change, 2);

    assert_eq!((it.shown(), it.base()), (Some((85, 2)), Base::Version(2)));
}

#[test]
fn a_page_that_overtakes_the_answer_is_shown_once_the_answer_is_there() {
    let mut it = Edited::new();
    let change = it.edit(80);
    it.pull(85, 2);
    assert_eq!(it.shown(), Some((80, 1)));

    it.applied(change, 2);

    assert_eq!(it.shown(), Some((85, 2)));
}

#[test]
fn a_refused_change_goes_back_to_the_servers_version_and_is_set_apart() {
    for verdict in [
        Verdict::Refused { code: "not-allowed".into() },
        Verdict::Conflict { versions: vec![(key("Observation/hr-ada"), 2)] },
    ] {
        let mut it = Edited::new();
        let change = it.edit(80);
        it.pull(75, 2);

        it.vault.apply_verdict(change, &verdict, now()).unwrap();

        assert_eq!(it.shown(), Some((75, 2)));
        assert_eq!(it.set_apart(), 1, "nothing that was written is lost");
        assert!(it.vault.device().envelope(change).unwrap().is_some());
    }
}

#[test]
fn a_refused_new_record_leaves_the_chart_and_is_set_apart() {
    let mut it = Edited::new();
    let fresh = note("fresh", "ada", "text");
    let permit = it.clinic.write_permit(&mut it.vault, Action::Create, "ada", &[&fresh]);
    let change = it.clinic.change(50, vec![(fresh, Base::None)]);
    it.vault.save(permit, &change, &it.clinic.pen(), now()).unwrap();

    it.refused(change.id());

    let permit = it.clinic.chart_permit(&mut it.vault, Role::Nurse, "ada");
    assert!(!it.vault.chart(&permit).unwrap().iter().any(|f| f.document.id().as_str() == "fresh"));
    assert_eq!(it.set_apart(), 1);
    assert_eq!(it.vault.base_of(&key("DocumentReference/fresh")).unwrap(), Base::None);
}

#[test]
fn edits_chained_offline_are_answered_one_by_one() {
    let mut it = Edited::new();
    let (first, second) = (it.edit(80), it.edit(81));

    it.applied(first, 2);
    assert_eq!(it.shown(), Some((81, 2)));
    it.refused(second);

    assert_eq!(it.shown(), Some((80, 2)), "back to what the first edit made");
}

#[test]
fn a_refusal_stops_what_stands_on_it_and_the_servers_version_returns_at_the_end() {
    let mut it = Edited::new();
    let (first, second) = (it.edit(80), it.edit(81));

    it.refused(first);
    assert_eq!(it.shown(), Some((81, 1)), "the later edit still waits");
    it.refused(second);

    assert_eq!(it.shown(), Some((71, 1)));
    assert_eq!(it.set_apart(), 2);
}

#[test]
fn a_record_that_the_server_removed_meanwhile_goes_when_the_edit_is_refused() {
    let mut it = Edited::new();
    let change = it.edit(80);
    let permit = it.clinic.replicate(&mut it.vault);
    let gone = PageEntry { key: key("Observation/hr-ada"), version: 2, document: None };
    it.page(&permit, vec![gone]);
    assert_eq!(it.shown(), Some((80, 1)));

    it.refused(change);

    assert_eq!(it.shown(), None);
}

#[test]
fn an_answer_that_comes_while_everything_is_locked_is_taken_in_at_the_next_unlock() {
    let mut it = Edited::new();
    let change = it.edit(80);
    let mut device = it.vault.close();
    let verdict = Verdict::Applied { versions: vec![(key("Observation/hr-ada"), 2)], merged: false };
    assert!(device.record_verdict(change, &verdict, now()).unwrap());
    assert!(!device.record_verdict(change, &verdict, now()).unwrap(), "the second time it is no news");

    let desk = it.clinic.unlock(device, Role::FrontDesk.drawers());
    it.vault = it.clinic.unlock(desk.close(), &Drawer::ALL);

    assert_eq!(it.shown(), Some((80, 2)));
}

#[test]
fn answers_to_several_changes_are_kept_with_one_commit_and_only_the_news_among_them_are_named() {
    let mut it = Edited::new();
    let (first, second) = (it.edit(80), it.edit(90));
    let mut device = it.vault.close();
    let applied =
        |version| Verdict::Applied { versions: vec![(key("Observation/hr-ada"), version)], merged: false };
    assert!(device.record_verdict(first, &applied(2), now()).unwrap());
    let answers = [(first, applied(2), now()), (second, applied(3), now())];
    assert_eq!(device.record_verdicts(&answers).unwrap(), [second]);
    assert!(device.record_verdicts(&answers).unwrap().is_empty());

    it.vault = it.clinic.unlock(device, &Drawer::ALL);

    assert_eq!(it.shown(), Some((90, 3)));
    assert!(it.vault.device().unsent().unwrap().is_empty());
}

#[test]
fn a_quarantined_change_stays_as_it_is_until_somebody_has_looked() {
    let mut it = Edited::new();
    let change = it.edit(80);

    it.vault.apply_verdict(change, &Verdict::Quarantined, now()).unwrap();
    assert_eq!(it.shown(), Some((80, 1)));
    it.applied(change, 2);

    assert_eq!(it.shown(), Some((80, 2)));
}

#[test]
fn an_envelope_is_kept_until_a_backup_of_the_server_holds_it() {
    let mut it = Edited::new();
    let change = it.edit(80);
    it.applied(change, 2);
    let mut device = it.vault.close();
    let before = now() - jiff::SignedDuration::from_secs(1);
    assert_eq!(device.forget_backed_up(before).unwrap(), 0);
    assert!(device.envelope(change).unwrap().is_some());

    assert_eq!((device.forget_backed_up(now()).unwrap(), device.forget_backed_up(now()).unwrap()), (1, 0));

    assert!(device.envelope(change).unwrap().is_none());
    assert!(device.send_again().unwrap().is_empty());
}

#[test]
fn what_is_kept_is_sent_again_with_the_versions_it_had_made_and_answered_anew() {
    let mut it = Edited::new();
    let (first, second) = (it.edit(80), it.edit(81));
    it.applied(first, 2);
    it.vault.apply_verdict(second, &Verdict::Conflict { versions: vec![] }, now()).unwrap();
    let mut device = it.vault.close();
    assert!(device.unsent().unwrap().is_empty());

    assert_eq!(device.send_again().unwrap(), [first, second]);

    let unsent = device.unsent().unwrap();
    assert_eq!(unsent[0].made(), [(key("Observation/hr-ada"), 2)]);
    assert!(unsent[1].made().is_empty());
    it.vault = it.clinic.unlock(device, &Drawer::ALL);
    assert_eq!(it.set_apart(), 1, "it shows as it did");
    it.applied(first, 1_000_001);
    it.applied(second, 1_000_002);
    assert_eq!(it.set_apart(), 0, "at the server that was put back it met nothing");
    assert!(it.vault.device().unsent().unwrap().is_empty());
}
