//! The refresh of a slot, cut off at each of its writes: one generation always opens, and a used code never again.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use keys::slot::{Attempt, NewSlot, OpenedSlot, SlotContents, SlotCost};
use keys::totp::{self, TotpSeed};
use keys::{AgreementSecret, Passphrase, Random, SigningKey};
use vault::Folder;

use super::*;
use crate::keyring::{KeyringSecret, MemoryKeyring, Sight};

/// The step at which the slot of these tests begins.
const FIRST: u64 = 59_844_720;

/// When a call of the keyring is the last thing a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// Before the keyring did anything.
    Before(usize),
    /// When it had done it, and nobody heard of it.
    After(usize),
    Never,
}

/// A keyring during whose nth call the process ends.
struct DyingKeyring<'a> {
    kept: &'a MemoryKeyring,
    calls: AtomicUsize,
    cut: Cut,
}

impl<'a> DyingKeyring<'a> {
    fn new(kept: &'a MemoryKeyring, cut: Cut) -> Self {
        Self { kept, calls: AtomicUsize::new(0), cut }
    }

    fn call<T>(&self, act: impl FnOnce() -> Result<T, KeyringProblem>) -> Result<T, KeyringProblem> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        match self.cut {
            Cut::Before(at) if call >= at => Err(KeyringProblem::NoAnswer),
            Cut::After(at) if call == at => act().and(Err(KeyringProblem::NoAnswer)),
            Cut::After(at) if call > at => Err(KeyringProblem::NoAnswer),
            Cut::Before(_) | Cut::After(_) | Cut::Never => act(),
        }
    }
}

impl Keyring for DyingKeyring<'_> {
    fn read(&self, name: &str) -> Result<Option<KeyringSecret>, KeyringProblem> {
        self.call(|| self.kept.read(name))
    }

    fn write(&self, name: &str, secret: &[u8]) -> Result<(), KeyringProblem> {
        self.call(|| self.kept.write(name, secret))
    }

    fn delete(&self, name: &str) -> Result<(), KeyringProblem> {
        self.call(|| self.kept.delete(name))
    }

    fn look(&self, name: &str) -> Result<Sight, KeyringProblem> {
        self.kept.look(name)
    }
}

/// Somebody's slot on a disk and in a keyring.
struct Desk {
    folder: tempfile::TempDir,
    files: Slots,
    keyring: MemoryKeyring,
    person: PersonId,
    seed: TotpSeed,
    random: Random,
    /// What `device.db` has of used steps: written before a refresh begins.
    used: Option<u64>,
}

impl Desk {
    fn new(seed: u8) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Folder::new(folder.path());
        place.make().unwrap();
        let mut random = Random::from_seed([seed; 32]);
        let mut desk = Self {
            files: Slots::new(&place),
            folder,
            keyring: MemoryKeyring::default(),
            person: PersonId::from_uuid(random.uuid()),
            seed: TotpSeed::make(&mut random),
            random,
            used: None,
        };
        let slot_id = desk.random.uuid();
        let contents = SlotContents {
            person: desk.person.uuid(),
            signing: SigningKey::make(&mut desk.random),
            agreement: AgreementSecret::make(&mut desk.random),
            totp_seed: desk.seed.duplicate(),
            last_step: FIRST - 1,
            anchors: BTreeMap::new(),
        };
        let new = NewSlot {
            slot: slot_id,
            device: desk.random.uuid(),
            contents: &contents,
            passphrase: &passphrase(),
            window_days: 7,
            cost: SlotCost::for_tests(),
        };
        let made = slot::create(&new, &mut desk.random).unwrap();
        desk.shelf().replace(desk.person, slot_id, &made, || Ok(())).unwrap();
        desk
    }

    fn shelf(&self) -> SlotShelf<'_> {
        SlotShelf { files: &self.files, keyring: &self.keyring }
    }

    /// Unlocks with the code of a step, as the lock screen does: the generations there are, newest first.
    fn unlock(&self, step: u64) -> Option<OpenedSlot> {
        let now = Timestamp::from_second(i64::try_from(step).unwrap() * 30).unwrap();
        let code = totp::code_at(&self.seed, step);
        let opens = |kept: KeptSlot| {
            let attempt = Attempt {
                passphrase: &passphrase(),
                code: &code,
                k_slot: &kept.k_slot,
                now,
                last_used_step: self.used,
            };
            slot::open(&kept.file, &attempt).ok()
        };
        self.shelf().of(self.person).unwrap().ok()?.into_iter().find_map(opens)
    }

    /// Unlocks, notes the step, and begins a refresh that is cut off. Says whether the refresh came to its end.
    fn refresh(&mut self, step: u64, cut: Cut, then: impl FnOnce() -> Result<(), ClientError>) -> bool {
        let mut opened = self.unlock(step).unwrap_or_else(|| panic!("step {step} does not open"));
        self.used = Some(opened.step);
        let made = slot::refresh(&mut opened, 7, &mut self.random).unwrap();
        let keyring = DyingKeyring::new(&self.keyring, cut);
        let shelf = SlotShelf { files: &self.files, keyring: &keyring };
        shelf.replace(self.person, opened.header().slot, &made, then).is_ok()
    }

    /// What must be so wherever the process ended.
    fn holds(&self, used: u64, why: &str) {
        for dead in [used, used - 1] {
            assert!(self.unlock(dead).is_none(), "{why}: the code of a dead step opens");
        }
        for alive in [used + 1, used + 7 * 2880 - 100] {
            assert!(self.unlock(alive).is_some(), "{why}: step {alive} does not open");
        }
    }

    fn generations(&self) -> (usize, usize) {
        (self.files.of(self.person).unwrap().len(), self.keyring.names().len())
    }
}

fn passphrase() -> Passphrase {
    Passphrase::from_typed("copper kettle hums at dusk").unwrap()
}

#[test]
fn a_refresh_cut_off_at_any_call_of_the_keyring_leaves_one_that_opens() {
    // Write and read back, then the earlier item's deletion: three calls, each cut off before and after its effect.
    for cut in (0..3).flat_map(|call| [Cut::Before(call), Cut::After(call)]) {
        let mut desk = Desk::new(1);
        assert!(!desk.refresh(FIRST, cut, || Ok(())), "{cut:?} cuts nothing off");
        desk.holds(FIRST, &format!("{cut:?}"));
        assert!(desk.refresh(FIRST + 1, Cut::Never, || Ok(())), "{cut:?}");
        desk.holds(FIRST + 1, &format!("a whole refresh after {cut:?}"));
        assert_eq!(desk.generations(), (1, 1), "{cut:?}: a half of an earlier generation stays for ever");
    }
    let mut desk = Desk::new(1);
    assert!(desk.refresh(FIRST, Cut::Before(3), || Ok(())), "there are more calls than are tried here");
    assert_eq!(desk.generations(), (1, 1));
}

#[test]
fn a_refresh_cut_off_while_the_file_is_written_leaves_the_one_before() {
    let mut desk = Desk::new(2);
    let next = desk.folder.path().join("slots").join(format!("{}.2.slot", desk.person));
    // The name is taken when the finished file is to be moved there: what was written lies beside it.
    fs::create_dir(&next).unwrap();
    let opened = desk.files.of(desk.person);
    assert!(opened.is_err(), "a folder in the place of a slot is no slot");
    fs::remove_dir(&next).unwrap();
    let mut opened = desk.unlock(FIRST).unwrap();
    desk.used = Some(opened.step);
    let made = slot::refresh(&mut opened, 7, &mut desk.random).unwrap();
    desk.keyring.write(&item(opened.header().slot, 2), made.k_slot.expose()).unwrap();
    for written in [0, 1, made.file.len() / 2, made.file.len()] {
        let mut unfinished = next.clone().into_os_string();
        unfinished.push(".new");
        fs::write(unfinished, &made.file[..written]).unwrap();
        desk.holds(FIRST, &format!("{written} bytes written beside the name"));
    }
    // Not moved into place by a file system that wrote the name before the content: half a file is no slot.
    fs::write(&next, &made.file[..made.file.len() / 2]).unwrap();
    desk.holds(FIRST, "half a file under the name");
    fs::write(&next, &made.file).unwrap();
    desk.holds(FIRST, "both generations");
    assert_eq!(desk.unlock(FIRST + 1).unwrap().header().generation, 2);
}

#[test]
fn a_refresh_cut_off_between_the_file_and_the_end_leaves_both() {
    let mut desk = Desk::new(3);
    assert!(!desk.refresh(FIRST, Cut::Never, || Err(Code::Internal.into())));
    assert_eq!(desk.generations(), (2, 2));
    desk.holds(FIRST, "before the earlier generation went");
    assert!(desk.refresh(FIRST + 1, Cut::Never, || Ok(())));
    assert_eq!(desk.generations(), (1, 1));
}

#[test]
fn one_cut_after_the_other_never_shuts_a_person_out() {
    let mut desk = Desk::new(4);
    for round in 0..30 {
        let step = FIRST + round * 3;
        let call = usize::try_from(desk.random.below(4)).unwrap();
        let cut = if desk.random.below(2) == 0 { Cut::Before(call) } else { Cut::After(call) };
        desk.refresh(step, cut, || Ok(()));
        desk.holds(step, &format!("round {round}, {cut:?}"));
    }
    assert!(desk.refresh(FIRST + 100, Cut::Never, || Ok(())));
    assert_eq!(desk.files.of(desk.person).unwrap().len(), 1);
}

/// A slot of another id under another passphrase, as it was prepared elsewhere.
fn prepare_another(desk: &mut Desk) -> (Uuid, MadeSlot) {
    let opened = desk.unlock(FIRST).unwrap();
    let slot_id = desk.random.uuid();
    let new = NewSlot {
        slot: slot_id,
        device: desk.random.uuid(),
        contents: &opened.contents,
        passphrase: &Passphrase::from_typed("quiet orchard behind the mill").unwrap(),
        window_days: 7,
        cost: SlotCost::for_tests(),
    };
    (slot_id, slot::create(&new, &mut desk.random).unwrap())
}

/// Whether a slot of this id is there with both halves.
fn is_whole(desk: &Desk, slot_id: Uuid) -> bool {
    let kept = desk.shelf().of(desk.person).unwrap().unwrap_or_default();
    kept.iter().any(|kept| slot::inspect(&kept.file).is_ok_and(|header| header.slot == slot_id))
}

#[test]
fn a_prepared_slot_cut_off_at_any_point_leaves_one_that_opens_and_is_alone_when_it_is_done_again() {
    let cuts = (0..3).flat_map(|call| [Cut::Before(call), Cut::After(call)]).chain([Cut::Never]);
    for (cut, refreshes) in cuts.flat_map(|cut| [(cut, 0), (cut, 1)]) {
        let mut desk = Desk::new(5);
        for round in 0..refreshes {
            assert!(desk.refresh(FIRST + round, Cut::Never, || Ok(())));
        }
        desk.used = None;
        let old = desk.shelf().of(desk.person).unwrap().unwrap()[0].file.clone();
        let old = slot::inspect(&old).unwrap().slot;
        let mut other = Desk::new(5);
        let (slot_id, made) = prepare_another(&mut other);
        for (cut, ends) in [(cut, cut == Cut::Never), (Cut::Never, true)] {
            let keyring = DyingKeyring::new(&desk.keyring, cut);
            let shelf = SlotShelf { files: &desk.files, keyring: &keyring };
            assert_eq!(shelf.replace(desk.person, slot_id, &made, || Ok(())).is_ok(), ends, "{cut:?}");
            assert!(
                is_whole(&desk, old) || is_whole(&desk, slot_id),
                "{cut:?} after {refreshes}: none opens"
            );
        }
        assert!(is_whole(&desk, slot_id) && !is_whole(&desk, old), "{cut:?} after {refreshes}");
        assert_eq!(desk.files.of(desk.person).unwrap().len(), 1);
    }
}
