//! A conflict that a person decides: what was set apart goes in the commit that holds the decision, whatever interrupts it.

use records::change::{Base, Change};
use records::id::ChangeId;
use records::rights::Action;
use records::write::{Context, Settlement};
use records::{Document, Drawer, Role};
use vault::{OutboxState, SaveError, SaveStep, SetApart, Vault, Verdict};

use crate::clinic::{Clinic, digest_holds, heart_rate, key, now, patient, person, small_practice};

/// A heart rate that was changed here and met another change.
struct Met {
    clinic: Clinic,
    vault: Vault,
    change: ChangeId,
}

impl Met {
    fn make() -> Self {
        let mut clinic = Clinic::new();
        let mut vault = clinic.open_all();
        clinic.load(&mut vault, &small_practice());
        let edited = heart_rate("hr-ada", "ada", 80);
        let permit = clinic.write_permit(&mut vault, Action::Update, "ada", &[&edited]);
        let change = clinic.change(1, vec![(edited, Base::Version(1))]);
        vault.save(permit, &change, &clinic.pen(), now()).unwrap();
        let verdict = Verdict::Conflict { versions: vec![(key("Observation/hr-ada"), 2)] };
        vault.apply_verdict(change.id(), &verdict, now()).unwrap();
        Self { clinic, vault, change: change.id() }
    }

    fn apart(&mut self) -> Vec<SetApart> {
        let permit = self.clinic.chart_permit(&mut self.vault, Role::Nurse, "ada");
        self.vault.set_apart(&permit).unwrap()
    }

    fn settlement(&self, number: u128, about: &Document) -> (Document, Base) {
        let context = Context {
            patient: patient("ada"),
            encounter: None,
            author: person(Role::Nurse),
            author_name: None,
            at: now(),
        };
        let id = format!("settled-{number}").parse().unwrap();
        let settlement = Settlement { id, records: &[about], changes: &[self.change] };
        (settlement.document(&context).unwrap(), Base::None)
    }

    /// The decision to take what was written here.
    fn decision(&self, number: u128) -> Change {
        let ours = heart_rate("hr-ada", "ada", 80);
        let settlement = self.settlement(number, &ours);
        self.clinic.change(number, vec![(ours, Base::Version(1)), settlement])
    }

    fn save_until(&mut self, change: &Change, last: SaveStep) -> Result<(), SaveError> {
        let documents: Vec<&Document> = change.entries().iter().map(|entry| &entry.document).collect();
        let permit = self.clinic.write_permit(&mut self.vault, Action::Update, "ada", &documents);
        self.vault.save_until(permit, change, &self.clinic.pen(), now(), last)
    }

    fn state(&self) -> OutboxState {
        self.vault.device().outbox_entry(self.change).unwrap().unwrap().state
    }
}

#[test]
fn what_is_set_apart_has_what_it_was_made_from() {
    let mut met = Met::make();

    let apart = met.apart();

    assert_eq!(apart.len(), 1);
    assert!(apart[0].in_conflict && apart[0].change == met.change);
    assert_eq!(apart[0].document, heart_rate("hr-ada", "ada", 80));
    assert_eq!(apart[0].base, Some(heart_rate("hr-ada", "ada", 71)));
    assert_eq!(
        met.vault.device().outbox_entry(met.change).unwrap().unwrap().met(),
        [(key("Observation/hr-ada"), 2)]
    );
}

#[test]
fn a_decision_ends_the_conflict_and_can_be_made_once() {
    let mut met = Met::make();
    let decision = met.decision(2);

    met.save_until(&decision, SaveStep::Result).unwrap();

    assert!(met.apart().is_empty());
    assert_eq!(met.state(), OutboxState::Settled);
    assert!(met.vault.device().envelope(met.change).unwrap().is_none(), "the server has it");
    assert_eq!(met.vault.device().unsent().unwrap().len(), 1, "the decision itself is to be sent");
    let again = met.save_until(&met.decision(3), SaveStep::Result);
    assert!(matches!(again, Err(SaveError::Stale)), "{again:?}");
}

#[test]
fn a_decision_that_is_cut_short_is_made_whole_or_not_at_all() {
    for (last, is_made) in [(SaveStep::Intent, false), (SaveStep::Drawer, true), (SaveStep::Outbox, true)] {
        let mut met = Met::make();
        let decision = met.decision(2);
        assert!(matches!(met.save_until(&decision, last), Err(SaveError::Stopped)));

        let Met { clinic, vault, change } = met;
        drop(vault);
        let vault = clinic.reopen();
        let mut met = Met { clinic, vault, change };

        let left = usize::from(!is_made);
        assert_eq!(met.apart().len(), left, "{last:?}");
        let expected = if is_made { OutboxState::Settled } else { OutboxState::Conflict };
        assert_eq!(met.state(), expected, "{last:?}");
        assert!(digest_holds(&mut met.vault, Drawer::Clinical));
    }
}

#[test]
fn a_conflict_of_another_patient_or_drawer_is_not_ended_in_passing() {
    let mut met = Met::make();
    let other = heart_rate("hr-bob", "bob", 65);
    let context = Context {
        patient: patient("bob"),
        encounter: None,
        author: person(Role::Nurse),
        author_name: None,
        at: now(),
    };
    let settlement = Settlement { id: "s".parse().unwrap(), records: &[&other], changes: &[met.change] };
    let change = met.clinic.change(2, vec![(settlement.document(&context).unwrap(), Base::None)]);
    let permit =
        met.clinic.write_permit(&mut met.vault, Action::Create, "bob", &[&change.entries()[0].document]);

    let refused = met.vault.save(permit, &change, &met.clinic.pen(), now());

    assert!(matches!(refused, Err(SaveError::NotPermitted)), "{refused:?}");
    assert_eq!(met.state(), OutboxState::Conflict);
}

#[test]
fn an_older_copy_of_the_drawer_does_not_ask_again() {
    let mut met = Met::make();
    let Met { clinic, vault, change } = met;
    let file = clinic.folder().drawer_file(Drawer::Clinical);
    drop(vault);
    let older = std::fs::read(&file).unwrap();
    met = Met { vault: clinic.reopen(), clinic, change };
    let decision = met.decision(2);
    met.save_until(&decision, SaveStep::Result).unwrap();

    let Met { clinic, vault, change } = met;
    drop(vault);
    for log in ["db-wal", "db-shm"] {
        std::fs::remove_file(file.with_extension(log)).unwrap_or_default();
    }
    std::fs::write(&file, older).unwrap();
    let mut met = Met { vault: clinic.reopen(), clinic, change };
    met.vault.hold_back(Drawer::Clinical, vault::HeldFor::OldCopy, None, now()).unwrap();

    assert!(met.apart().is_empty());
    assert_eq!(met.state(), OutboxState::Settled);
}
