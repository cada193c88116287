//! One person on several workstations: twins and prepared slots open where they belong, and nowhere else.

use keys::prepared::{self, PreparedFor, PreparedRefused};
use keys::recovery::{PaperCode, RecoveryCode};
use keys::slot::{self, Attempt, MadeSlot, SlotKey};
use keys::twin::{self, TwinPlace, TwinRefused};
use keys::{AgreementSecret, Random, SigningKey};

use super::given::{
    PASSPHRASE, contents, every_flip_refuses, id, new_slot, now, passphrase, random, recovery_slot,
};

/// The keys of a person on two workstations, and what the device holds.
struct Person {
    signing: SigningKey,
    agreement: AgreementSecret,
    elsewhere: AgreementSecret,
    random: Random,
}

fn person(seed: u8) -> Person {
    let mut random = random(seed);
    Person {
        signing: SigningKey::make(&mut random),
        agreement: AgreementSecret::make(&mut random),
        elsewhere: AgreementSecret::make(&mut random),
        random,
    }
}

fn twin_place() -> TwinPlace {
    TwinPlace { practice: id(7), person: id(3), of: id(2), on: id(4) }
}

fn make_twin(person: &mut Person) -> Vec<u8> {
    let (to, random) = (person.elsewhere.public(), &mut person.random);
    twin::seal(&twin_place(), (&person.signing, &person.agreement), &to, random).unwrap()
}

fn open_twin(person: &Person, bytes: &[u8], place: &TwinPlace) -> Result<(), TwinRefused> {
    let public = (&person.signing.verifying_key(), &person.agreement.public());
    twin::open(bytes, place, public, &person.elsewhere).map(|(signing, agreement)| {
        assert!(*signing.seed().expose() == *person.signing.seed().expose());
        assert_eq!(agreement, person.agreement);
    })
}

#[test]
fn a_twin_brings_a_persons_keys_to_their_other_workstation() {
    let mut person = person(190);
    let bytes = make_twin(&mut person);
    assert_eq!(twin::verify(&bytes, &person.signing.verifying_key()), Ok(twin_place()));
    assert_eq!(open_twin(&person, &bytes, &twin_place()), Ok(()));
    every_flip_refuses(&bytes, |bytes| open_twin(&person, bytes, &twin_place()).is_ok());
}

#[test]
fn a_twin_of_or_for_anything_else_refuses() {
    let mut person = person(191);
    let bytes = make_twin(&mut person);
    let right = twin_place();
    let wrong_places = [
        TwinPlace { practice: id(99), ..right },
        TwinPlace { person: id(99), ..right },
        TwinPlace { of: id(99), ..right },
        TwinPlace { on: id(99), ..right },
    ];
    for wrong in wrong_places {
        assert_eq!(open_twin(&person, &bytes, &wrong), Err(TwinRefused::OtherPlace));
    }
    let (signing, agreement) = (person.signing.verifying_key(), person.agreement.public());
    let stranger = AgreementSecret::make(&mut person.random);
    let forger = SigningKey::make(&mut person.random);
    let (forger_public, stranger_public) = (forger.verifying_key(), stranger.public());
    let open = |signing, agreement, secret| twin::open(&bytes, &right, (signing, agreement), secret).err();
    assert_eq!(open(&signing, &agreement, &stranger), Some(TwinRefused::OtherPlace));
    assert_eq!(open(&signing, &stranger_public, &person.elsewhere), Some(TwinRefused::OtherKeys));
    assert_eq!(open(&forger_public, &agreement, &person.elsewhere), Some(TwinRefused::BadSignature));
    let to = person.elsewhere.public();
    let forged = twin::seal(&right, (&forger, &person.agreement), &to, &mut person.random).unwrap();
    assert_eq!(open_twin(&person, &forged, &right), Err(TwinRefused::BadSignature));
}

const PLACE: PreparedFor = PreparedFor { practice: id(7), device: id(2), person: id(3), number: 5 };

struct Prepared {
    bytes: Vec<u8>,
    made: MadeSlot,
    code: String,
    device: AgreementSecret,
    signing: SigningKey,
    random: Random,
}

fn prepare(seed: u8) -> Prepared {
    let mut random = random(seed);
    let contents = contents(&mut random);
    let made = slot::create(&new_slot(&contents, &passphrase(PASSPHRASE)), &mut random).unwrap();
    let (device, signing) = (AgreementSecret::make(&mut random), contents.signing.duplicate());
    let bytes = prepared::make(&PLACE, &made, &device.public(), &signing, &mut random).unwrap();
    let code = keys::totp::code_at(&contents.totp_seed, keys::totp::step_at(now()));
    Prepared { bytes, made, code, device, signing, random }
}

#[test]
fn a_prepared_slot_opens_on_its_workstation() {
    let Prepared { bytes, made, code, device, signing, .. } = prepare(192);
    assert_eq!(prepared::inspect(&bytes), Ok(PLACE));
    assert_eq!(prepared::verify(&bytes, &signing.verifying_key()), Ok(PLACE));
    let opened = prepared::open(&bytes, &PLACE, &signing.verifying_key(), &device).unwrap();
    assert_eq!(
        (opened.file.as_slice(), opened.k_slot.expose()),
        (made.file.as_slice(), made.k_slot.expose())
    );
    let attempt = Attempt {
        passphrase: &passphrase(PASSPHRASE),
        code: &code,
        k_slot: &opened.k_slot,
        now: now(),
        last_used_step: None,
    };
    assert_eq!(slot::open(&opened.file, &attempt).unwrap().contents.person, id(3));
    let open = |bytes: &[u8]| prepared::open(bytes, &PLACE, &signing.verifying_key(), &device).is_ok();
    every_flip_refuses(&bytes, open);
}

#[test]
fn a_prepared_slot_for_anything_else_refuses() {
    let Prepared { bytes, made, device, signing, mut random, .. } = prepare(193);
    let public = signing.verifying_key();
    let wrong_places = [
        PreparedFor { practice: id(99), ..PLACE },
        PreparedFor { device: id(99), ..PLACE },
        PreparedFor { person: id(99), ..PLACE },
        PreparedFor { number: 4, ..PLACE },
    ];
    for wrong in wrong_places {
        let refused = prepared::open(&bytes, &wrong, &public, &device).err();
        assert_eq!(refused, Some(PreparedRefused::OtherPlace));
        // What the outside says and what the slot inside says have to be one.
        let bytes = prepared::make(&wrong, &made, &device.public(), &signing, &mut random).unwrap();
        let refused = prepared::open(&bytes, &wrong, &public, &device).err();
        let is_of_the_slot = wrong.device != PLACE.device || wrong.person != PLACE.person;
        assert_eq!(refused, is_of_the_slot.then_some(PreparedRefused::OtherPlace));
    }
    let other = AgreementSecret::make(&mut random);
    let refused = prepared::open(&bytes, &PLACE, &public, &other).err();
    assert_eq!(refused, Some(PreparedRefused::OtherPlace));
    let forger = SigningKey::make(&mut random);
    let forged = prepared::make(&PLACE, &made, &device.public(), &forger, &mut random).unwrap();
    assert_eq!(prepared::open(&forged, &PLACE, &public, &device).err(), Some(PreparedRefused::BadSignature));
}

#[test]
fn only_a_slot_of_one_time_codes_is_prepared() {
    let Prepared { device, signing, mut random, .. } = prepare(194);
    let code = RecoveryCode::Paper(PaperCode::make_for_sheet(3, &mut random));
    let contents = contents(&mut random);
    let made = recovery_slot(&contents, &code, &mut random);
    let bytes = prepared::make(&PLACE, &made, &device.public(), &signing, &mut random).unwrap();
    let refused = prepared::open(&bytes, &PLACE, &signing.verifying_key(), &device).err();
    assert_eq!(refused, Some(PreparedRefused::OtherPlace));
    let nothing = MadeSlot { file: Vec::new(), k_slot: SlotKey::make(&mut random), ..made };
    let bytes = prepared::make(&PLACE, &nothing, &device.public(), &signing, &mut random).unwrap();
    let refused = prepared::open(&bytes, &PLACE, &signing.verifying_key(), &device).err();
    assert!(matches!(refused, Some(PreparedRefused::Unreadable(_))));
}
