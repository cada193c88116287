//! Fixed vectors: what format version 1 is, for ever. They were computed once; a change that breaks one is a new
//! version of that format, with the old one still read.

use std::fmt::Write as _;

use keys::blob::{self, BlobKey};
use keys::checkpoint::{self, Checkpoint};
use keys::envelope::{self, Letter};
use keys::erasure::{ErasedAt, ErasureCertificate, Fate};
use keys::grant::{self, GrantBody, GrantHeader};
use keys::prepared::{self, PreparedFor};
use keys::recovery::{PaperCode, RecoveryCode};
use keys::reentry::by_key::KeyShare;
use keys::reentry::{self, ReentryBounds, ReentryKey};
use keys::row::{self, PatientKeyAad, RowAad};
use keys::session::SessionClaim;
use keys::slot::{self, Attempt, KeyAnswer, KeyRequest, SlotKey, by_key};
use keys::spoken::{EscrowPlace, SpokenCode};
use keys::token::{BearerToken, EnrolmentToken};
use keys::trust::TrustBundle;
use keys::twin::{self, TwinPlace};
use keys::username::{UsernameKey, username_token};
use keys::{
    AgreementSecret, DrawerKeys, FieldKey, Parcel, PatientKey, Purpose, Random, Secret, SecretBytes,
    SigningKey, sign_in,
};
use sha2::{Digest, Sha256};

use super::given::{
    NOW, PASSPHRASE, at, contents, hex, id, new_slot, now, passphrase, random, to_park, unhex,
};

/// Length of a slot file before its table.
const SLOT_HEADER: usize = 5 + 1 + 48 + 8 + 24 + 64 + 8 + 4;
/// The frozen vectors, `name = hex` a line.
const FROZEN: &str = include_str!("../vectors/v1.txt");

pub(super) fn frozen(name: &str) -> Vec<u8> {
    let line = FROZEN.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
    unhex(line.unwrap_or_else(|| panic!("no vector is called {name}")))
}

/// What is made today from the same seed is what was made then.
pub(super) fn is_frozen(name: &str, made: &[u8]) {
    assert_eq!(hex(made), hex(&frozen(name)), "{name}");
}

pub(super) fn signing(byte: u8) -> SigningKey {
    SigningKey::from_seed(&Secret::from_bytes([byte; 32]))
}

pub(super) fn agreement(byte: u8) -> AgreementSecret {
    AgreementSecret::from_secret(Secret::from_bytes([byte; 32]))
}

pub(super) fn field() -> FieldKey {
    FieldKey::from_secret(Secret::from_bytes([5; 32]))
}

fn opens_frozen_slot(file: &[u8], k_slot: &[u8]) {
    let contents = contents(&mut random(1));
    let code = keys::totp::code_at(&contents.totp_seed, keys::totp::step_at(now()));
    let k_slot = SlotKey::from_secret(Secret::from_slice(k_slot).unwrap());
    let attempt = Attempt {
        passphrase: &passphrase(PASSPHRASE),
        code: &code,
        k_slot: &k_slot,
        now: now(),
        last_used_step: None,
    };
    let opened = slot::open(file, &attempt).unwrap();
    assert_eq!(opened.contents.agreement, contents.agreement);
    assert_eq!(opened.contents.anchors, contents.anchors);
    let bounds = ReentryBounds { boot: id(9), not_after: at(NOW + 3600) };
    let key = ReentryKey::from_secret(Secret::from_bytes([6; 32]));
    let share = opened.passphrase_share();
    let sealed = reentry::seal(&to_park(opened.contents), &share, bounds, &key, &mut random(2));
    is_frozen("reentry", &sealed);
}

#[test]
fn slot() {
    let mut random = random(1);
    let contents = contents(&mut random);
    let made = slot::create(&new_slot(&contents, &passphrase(PASSPHRASE)), &mut random).unwrap();
    // The table is long and random to look at; its hash stands for it.
    is_frozen("slot.k_slot", made.k_slot.expose());
    is_frozen("slot.sha256", &Sha256::digest(&made.file));
    is_frozen("slot.header", &made.file[..SLOT_HEADER]);
    is_frozen("slot.tail", &made.file[SLOT_HEADER + 2880 * 3..]);
    opens_frozen_slot(&made.file, &frozen("slot.k_slot"));
}

#[test]
fn security_key_slot() {
    let mut random = random(4);
    let contents = contents(&mut random);
    let request = KeyRequest::make(vec![0xc5; 64], true, &mut random);
    let answer = KeyAnswer::make(&mut random);
    let passphrase = passphrase(PASSPHRASE);
    let made = by_key::create(&new_slot(&contents, &passphrase), &request, &answer, &mut random).unwrap();
    is_frozen("security-key.answer", answer.expose());
    is_frozen("security-key.k_slot", made.k_slot.expose());
    is_frozen("security-key.slot", &made.file);
    let next = KeyAnswer::make(&mut random);
    is_frozen("security-key.next-answer", next.expose());
    let opened = by_key::open(&made.file, &passphrase, &answer, &made.k_slot).unwrap();
    let (share, by_key) = (opened.passphrase_share(), KeyShare::of(&opened, &next, &mut random).unwrap());
    let bounds = ReentryBounds { boot: id(9), not_after: at(NOW + 3600) };
    let key = ReentryKey::from_secret(Secret::from_bytes([6; 32]));
    let mut to_park = to_park(opened.contents);
    to_park.session = by_key.to_bytes();
    let parcel = reentry::by_key::seal(&to_park, (&share, &by_key), bounds, &key, &mut random);
    is_frozen("security-key.reentry", &parcel);
    let answer = KeyAnswer::from_secret(Secret::from_slice(&frozen("security-key.answer")).unwrap());
    let k_slot = SlotKey::from_secret(Secret::from_slice(&frozen("security-key.k_slot")).unwrap());
    let opened = by_key::open(&frozen("security-key.slot"), &passphrase, &answer, &k_slot);
    assert_eq!(opened.unwrap().contents.agreement, contents.agreement);
    let next = KeyAnswer::from_secret(Secret::from_slice(&frozen("security-key.next-answer")).unwrap());
    let back = reentry::by_key::open(&frozen("security-key.reentry"), &next, &key, id(9), now());
    assert_eq!(back.unwrap().0.agreement, contents.agreement);
}

#[test]
fn recovery_slot() {
    // Made with a salt of its own, before recovery slots shared that of the slot beside them. It still opens.
    let mut random = random(3);
    let contents = contents(&mut random);
    let _code = PaperCode::make(&mut random);
    let _salts: [[u8; 32]; 2] = [random.bytes(), random.bytes()];
    let k_slot = SlotKey::make(&mut random);
    let code: RecoveryCode = String::from_utf8(frozen("recovery.code")).unwrap().parse().unwrap();
    let opened = slot::open_recovery(&frozen("recovery.slot"), &passphrase(PASSPHRASE), &code, &k_slot);
    assert_eq!(opened.unwrap().contents.totp_seed, contents.totp_seed);
}

#[test]
fn recovery_slots_of_sheet_and_telephone() {
    let mut random = random(31);
    let contents = contents(&mut random);
    let paper = PaperCode::make_for_sheet(7, &mut random);
    let spoken = SpokenCode::make(&mut random);
    is_frozen("recovery.sheet.code", paper.to_text().expose().as_bytes());
    is_frozen("recovery.spoken.code", spoken.to_text().expose().as_bytes());
    let place = EscrowPlace { practice: id(1), device: id(2), person: id(3), slot: id(6) };
    let escrow = spoken.escrow(&agreement(17).public(), &place, &mut random).unwrap();
    is_frozen("recovery.spoken.escrow", &escrow);
    let escrow = SpokenCode::from_escrow(&agreement(17), &place, &frozen("recovery.spoken.escrow"));
    assert_eq!(escrow, Ok(String::from_utf8(frozen("recovery.spoken.code")).unwrap().parse().unwrap()));
    for (name, code) in
        [("recovery.sheet", RecoveryCode::Paper(paper)), ("recovery.spoken", RecoveryCode::Spoken(spoken))]
    {
        let made = super::given::recovery_slot(&contents, &code, &mut random);
        is_frozen(&format!("{name}.slot"), &made.file);
        is_frozen(&format!("{name}.k_slot"), made.k_slot.expose());
        let code = String::from_utf8(frozen(&format!("{name}.code"))).unwrap().parse().unwrap();
        let k_slot = SlotKey::from_secret(Secret::from_slice(&frozen(&format!("{name}.k_slot"))).unwrap());
        let file = frozen(&format!("{name}.slot"));
        let opened = slot::open_recovery(&file, &passphrase(PASSPHRASE), &code, &k_slot).unwrap();
        assert_eq!(opened.contents.totp_seed, contents.totp_seed);
    }
}

#[test]
fn reentry() {
    let key = ReentryKey::from_secret(Secret::from_bytes([6; 32]));
    let (back, _) = reentry::open(&frozen("reentry"), &passphrase(PASSPHRASE), &key, id(9), now()).unwrap();
    assert_eq!(back.session.expose(), b"grants");
}

#[test]
fn row_and_patient_key() {
    let mut random = random(4);
    let key = PatientKey::make(&mut random);
    let place =
        RowAad { vault: id(1), drawer: "clinical", table: "resource", row: "Observation/o1", version: 3 };
    let key_place = PatientKeyAad { vault: id(1), drawer: "clinical", patient: "p1", generation: 2 };
    is_frozen("patient_key", &key.wrap(&field(), &key_place, &mut random));
    is_frozen("row", &row::seal_row(&key, &place, b"{\"resourceType\":\"Observation\"}", &mut random));
    let key = PatientKey::unwrap(&field(), &key_place, &frozen("patient_key")).unwrap();
    assert_eq!(row::open_row(&key, &place, &frozen("row")).unwrap(), b"{\"resourceType\":\"Observation\"}");
}

#[test]
fn derived_keys_and_tokens() {
    is_frozen("token.mrn", &row::token(&row::derive_token_key(&field()), "mrn", b"12345"));
    is_frozen("inbox.public", &row::derive_inbox_key(&field()).public().to_bytes());
    is_frozen("draft.key", blob::derive_draft_key(id(3), &agreement(7)).expose());
    let username = UsernameKey::from_secret(Secret::from_bytes([8; 32]));
    is_frozen("username.token", &username_token(&username, "M.Öztürk"));
    is_frozen("key_id", &agreement(7).public().id().to_bytes());
}

#[test]
fn blob() {
    let key = BlobKey::from_secret(Secret::from_bytes([11; 32]));
    is_frozen("blob", &blob::seal(&key, b"draft", b"being typed", &mut random(5)));
    assert_eq!(blob::open(&key, b"draft", &frozen("blob")).unwrap(), b"being typed");
}

#[test]
fn grant() {
    let mut random = random(6);
    let header = GrantHeader {
        number: 17,
        practice: id(1),
        device: id(2),
        person: id(3),
        drawer: "clinical".to_owned(),
        generation: 4,
        not_before: at(NOW - 60),
        not_after: at(NOW + 86_400),
    };
    let keys = DrawerKeys::make(4, &mut random);
    let body = GrantBody { header, keys: keys.duplicate() };
    is_frozen("grant", &grant::issue(&body, &signing(12), &agreement(13).public(), &mut random).unwrap());
    let opened =
        grant::open(&frozen("grant"), &signing(12).verifying_key(), &agreement(13), id(2), now()).unwrap();
    assert_eq!((opened.keys.file, opened.keys.field), (keys.file, keys.field));
}

/// The orders that a directive may carry; what is signed of each is made by `sync`, whose tests hold it to the same lines.
const ORDERS: [&str; 6] = ["lock", "wipe", "wipe-at-once", "re-key", "drop-person", "erase-patient"];

#[test]
fn directives() {
    for order in ORDERS {
        let signed = frozen(&format!("directive.{order}.signed"));
        let signature = signing(23).sign(Purpose::Directive, &signed);
        is_frozen(&format!("directive.{order}.signature"), &signature.to_bytes());
    }
}

#[test]
fn erasure() {
    let station = |number, fate, second| ErasedAt { device: id(number), fate, at: at(NOW + second) };
    let certificate = ErasureCertificate {
        number: 5,
        practice: id(1),
        patient: "0190-ada".to_owned(),
        reason: "patient-request".to_owned(),
        asked: (id(3), at(NOW - 60)),
        agreed: (id(4), now()),
        issued_at: at(NOW + 90),
        records: 42,
        versions: 43,
        workstations: vec![station(2, Fate::Confirmed, 30), station(6, Fate::Retired, 90)],
    };
    is_frozen("erasure", &certificate.sign(&signing(24)).unwrap());
    let key = signing(24).verifying_key();
    assert_eq!(ErasureCertificate::verify(&frozen("erasure"), &key, id(1)), Ok(certificate));
}

#[test]
fn envelope() {
    let letter = Letter {
        practice: id(1),
        device: id(2),
        sequence: 42,
        change: id(5),
        author: id(3),
        written_at: now(),
        transaction: b"{\"resourceType\":\"Bundle\"}",
    };
    let (server, recovery) = (agreement(14), agreement(15));
    let made =
        envelope::seal(&letter, &signing(16), &server.public(), &recovery.public(), &mut random(7)).unwrap();
    is_frozen("envelope", &made);
    for secret in [server, recovery] {
        let change =
            envelope::open(&frozen("envelope"), &secret).unwrap().verify(&signing(16).verifying_key());
        assert_eq!(change.unwrap().transaction, letter.transaction);
    }
}

#[test]
fn parcel() {
    let sealed =
        agreement(17).public().seal(Parcel::DeviceKeyEscrow, b"device", b"key", &mut random(8)).unwrap();
    is_frozen("parcel", &sealed);
    let opened = agreement(17).open(Parcel::DeviceKeyEscrow, b"device", &frozen("parcel")).unwrap();
    assert_eq!(opened, SecretBytes::new(b"key".to_vec()));
}

#[test]
fn several_workstations() {
    let place = TwinPlace { practice: id(1), person: id(3), of: id(2), on: id(4) };
    let keys = (&signing(19), &agreement(20));
    is_frozen("twin", &twin::seal(&place, keys, &agreement(21).public(), &mut random(11)).unwrap());
    let public = (&signing(19).verifying_key(), &agreement(20).public());
    let (_, opened) = twin::open(&frozen("twin"), &place, public, &agreement(21)).unwrap();
    assert_eq!(opened, agreement(20));
    // The slot of the vectors above, which is long; what goes around it is frozen.
    let mut with = random(1);
    let made = slot::create(&new_slot(&contents(&mut with), &passphrase(PASSPHRASE)), &mut with).unwrap();
    let place = PreparedFor { practice: id(1), device: id(2), person: id(3), number: 5 };
    let device = agreement(22);
    let bytes = prepared::make(&place, &made, &device.public(), &signing(19), &mut random(12)).unwrap();
    let around = bytes.len() - made.file.len();
    is_frozen("prepared.header", &bytes[..around - 145]);
    is_frozen("prepared.tail", &bytes[bytes.len() - 145..]);
    let bytes = [frozen("prepared.header"), made.file.clone(), frozen("prepared.tail")].concat();
    let opened = prepared::open(&bytes, &place, &signing(19).verifying_key(), &device).unwrap();
    assert_eq!(opened.k_slot.expose(), made.k_slot.expose());
}

#[test]
fn signatures_for_each_purpose() {
    let mut all = String::new();
    for purpose in [
        Purpose::Change,
        Purpose::Grant,
        Purpose::SessionChallenge,
        Purpose::Directive,
        Purpose::Receipt,
        Purpose::Lease,
        Purpose::AuditEntry,
        Purpose::Erasure,
        Purpose::Export,
        Purpose::RecoveryEpoch,
    ] {
        writeln!(all, "{purpose:?} {}", signing(18).sign(purpose, b"message")).unwrap();
    }
    is_frozen("signatures.sha256", &Sha256::digest(all));
    is_frozen("signature.change", &signing(18).sign(Purpose::Change, b"message").to_bytes());
    let claim = SessionClaim {
        practice: id(1),
        device: id(2),
        person: id(3),
        certificate: [19; 32],
        challenge: [20; 32],
    };
    is_frozen("session", &claim.sign(&signing(18)).to_bytes());
}

#[test]
fn checkpoint() {
    let state = Checkpoint { origin: "chartkeep/log".to_owned(), size: 5, root: [21; 32], at: now() };
    let note = state.sign("device", &signing(22)).unwrap();
    let note = checkpoint::cosign(&note, "witness", &signing(23), at(NOW + 1)).unwrap();
    is_frozen("checkpoint", note.as_bytes());
}

#[test]
fn tokens() {
    let mut random = random(9);
    let (token, bearer) = (EnrolmentToken::make([24; 32], &mut random), BearerToken::make(&mut random));
    is_frozen("enrolment.token", token.to_text().expose().as_bytes());
    is_frozen("enrolment.digest", &token.digest());
    is_frozen("bearer.digest", &bearer.digest());
    is_frozen("paper.digest", &PaperCode::make(&mut random).digest());
}

#[test]
fn trust_bundle() {
    // ECDSA draws a new number each time, so the bundle is kept as it was signed and only verified.
    let bundle = TrustBundle::verify(&frozen("trust.bundle"), &frozen("trust.root"), id(1), Some(2)).unwrap();
    assert_eq!((bundle.number, bundle.issued_at, bundle.issuing.len()), (3, now(), 1));
    assert_eq!(bundle.sealing_key, agreement(14).public());
    assert_eq!(bundle.witness_key, signing(23).verifying_key());
}

#[test]
fn sign_in_record() {
    // A registration made by version 1 signs in today.
    let setup = sign_in::ServerSetup::from_bytes(&frozen("sign_in.setup")).unwrap();
    let (cost, binding) =
        (sign_in::SignInCost::for_tests(), sign_in::SignInBinding { practice: id(1), device: id(2) });
    let (mut random, passphrase) = (Random::from_os(), passphrase(PASSPHRASE));
    let (client, request) = sign_in::start_login(&passphrase, &mut random).unwrap();
    let record = frozen("sign_in.record");
    let answer = setup.answer_login(Some(&record), b"person-3", &request, &binding, &mut random).unwrap();
    let (key, proof) = client.finish(&passphrase, &answer.message, &binding, cost, &mut random).unwrap();
    assert_eq!(sign_in::ServerSetup::finish_login(&answer.state, &proof, &binding).unwrap(), key);
}
