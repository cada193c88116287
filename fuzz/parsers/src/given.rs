//! The keys that targets open with, and the genuine articles of which nothing else may pass for one.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use keys::blob::{self, BlobKey};
use keys::certificate::Authority;
use keys::envelope::{self, Letter};
use keys::erasure::{ErasedAt, ErasureCertificate, Fate};
use keys::grant::{self, GrantBody, GrantHeader};
use keys::inbox::{self, PageHeader};
use keys::prepared::{self, PreparedFor};
use keys::reentry::by_key::KeyShare;
use keys::reentry::{self, ReentryBounds, ReentryContents, ReentryKey};
use keys::row::{self, RowAad};
use keys::slot::{
    self, Anchor, Attempt, KeyAnswer, KeyRequest, MadeSlot, NewSlot, OpenedSlot, SlotContents, SlotCost,
    SlotKey, by_key,
};
use keys::twin::{self, TwinPlace};
use keys::{
    AgreementSecret, DrawerKeys, Passphrase, PatientKey, Random, Secret, SecretBytes, SigningKey, TotpSeed,
    totp,
};
use uuid::Uuid;

/// What the genuine slot opens with, beside its code.
pub(crate) const PASSPHRASE: &str = "lantern orchard quietly mended";

pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | number)
}

/// 22-Nov-2026 10:00:00 UTC.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(1_795_341_600).expect("it is within range")
}

pub(crate) fn random(seed: u8) -> Random {
    Random::from_seed([seed; 32])
}

pub(crate) fn passphrase() -> Passphrase {
    Passphrase::from_typed(PASSPHRASE).expect("it is short enough")
}

pub(crate) fn signing(byte: u8) -> SigningKey {
    SigningKey::from_seed(&Secret::from_bytes([byte; 32]))
}

pub(crate) fn agreement(byte: u8) -> AgreementSecret {
    AgreementSecret::from_secret(Secret::from_bytes([byte; 32]))
}

/// The slot that the genuine file belongs to.
pub(crate) struct Slot {
    pub(crate) made: MadeSlot,
    pub(crate) code: String,
}

/// A slot whose codes begin now.
pub(crate) static SLOT: LazyLock<Slot> = LazyLock::new(|| {
    let mut random = random(1);
    let contents = SlotContents {
        person: id(3),
        signing: SigningKey::make(&mut random),
        agreement: AgreementSecret::make(&mut random),
        totp_seed: TotpSeed::make(&mut random),
        last_step: totp::step_at(now()) - 1,
        anchors: BTreeMap::from([("clinical".to_owned(), Anchor { sequence: 7, digest: [7; 32] })]),
    };
    let passphrase = passphrase();
    let cost = SlotCost::for_tests();
    let new = NewSlot {
        slot: id(1),
        device: id(2),
        contents: &contents,
        passphrase: &passphrase,
        window_days: 1,
        cost,
    };
    let made = slot::create(&new, &mut random).expect("a slot at the test cost can be made");
    Slot { made, code: totp::code_at(&contents.totp_seed, totp::step_at(now())) }
});

pub(crate) fn twin_place() -> TwinPlace {
    TwinPlace { practice: id(7), person: id(3), of: id(2), on: id(4) }
}

/// The keys 13 and 12 of a person, sealed to their key 17 elsewhere.
pub(crate) static TWIN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let to = agreement(17).public();
    twin::seal(&twin_place(), (&signing(13), &agreement(12)), &to, &mut random(11))
        .expect("the key is usable")
});

pub(crate) fn prepared_for() -> PreparedFor {
    PreparedFor { practice: id(7), device: id(2), person: id(3), number: 5 }
}

/// The slot above, prepared for the device with the key 17 by the person's key 13.
pub(crate) static PREPARED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let to = agreement(17).public();
    prepared::make(&prepared_for(), &SLOT.made, &to, &signing(13), &mut random(12))
        .expect("the key is usable")
});

/// The boot and end of the genuine re-entry.
pub(crate) const fn bounds(not_after: Timestamp) -> ReentryBounds {
    ReentryBounds { boot: Uuid::from_u128(9), not_after }
}

pub(crate) fn reentry_key() -> ReentryKey {
    ReentryKey::from_secret(Secret::from_bytes([6; 32]))
}

pub(crate) fn open_slot(file: &[u8], k_slot: &SlotKey) -> Option<OpenedSlot> {
    let attempt =
        Attempt { passphrase: &passphrase(), code: &SLOT.code, k_slot, now: now(), last_used_step: None };
    slot::open(file, &attempt).ok()
}

/// A re-entry of that slot's person.
pub(crate) static REENTRY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let opened = open_slot(&SLOT.made.file, &SLOT.made.k_slot).expect("the genuine slot opens");
    let share = opened.passphrase_share();
    let contents = to_park(opened.contents, SecretBytes::new(b"grants".to_vec()));
    reentry::seal(&contents, &share, bounds(now()), &reentry_key(), &mut random(2))
});

fn to_park(contents: SlotContents, session: SecretBytes) -> ReentryContents {
    let SlotContents { person, signing, agreement, anchors, .. } = contents;
    ReentryContents { person, signing, agreement, anchors, session }
}

pub(crate) fn key_answer() -> KeyAnswer {
    KeyAnswer::from_secret(Secret::from_bytes([7; 32]))
}

/// A return by a security key that gives this answer to every salt.
pub(crate) static KEY_REENTRY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut random = random(18);
    let opened = open_slot(&SLOT.made.file, &SLOT.made.k_slot).expect("the genuine slot opens");
    let request = KeyRequest::make(b"credential".to_vec(), true, &mut random);
    let passphrase = passphrase();
    let new = NewSlot {
        slot: id(7),
        device: id(2),
        contents: &opened.contents,
        passphrase: &passphrase,
        window_days: 7,
        cost: SlotCost::for_tests(),
    };
    let made = by_key::create(&new, &request, &key_answer(), &mut random).expect("it can be made");
    let opened = by_key::open(&made.file, &passphrase, &key_answer(), &made.k_slot).expect("it opens");
    let (share, by_key) = (
        opened.passphrase_share(),
        KeyShare::of(&opened, &key_answer(), &mut random).expect("a key opened it"),
    );
    let contents = to_park(opened.contents, by_key.to_bytes());
    reentry::by_key::seal(&contents, (&share, &by_key), bounds(now()), &reentry_key(), &mut random)
});

/// A grant of the rights key 11 to the person with the key 12.
pub(crate) static GRANT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let header = GrantHeader {
        number: 17,
        practice: id(1),
        device: id(2),
        person: id(3),
        drawer: "clinical".to_owned(),
        generation: 4,
        not_before: now(),
        not_after: now(),
    };
    let body = GrantBody { header, keys: DrawerKeys::make(4, &mut random(3)) };
    grant::issue(&body, &signing(11), &agreement(12).public(), &mut random(4)).expect("it is coherent")
});

/// An envelope of the author 13 to the server 14 and the recovery key 15.
pub(crate) static ENVELOPE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let letter = Letter {
        practice: id(1),
        device: id(2),
        sequence: 42,
        change: id(5),
        author: id(3),
        written_at: now(),
        transaction: b"{\"resourceType\":\"Bundle\"}",
    };
    let (server, recovery) = (agreement(14).public(), agreement(15).public());
    envelope::seal(&letter, &signing(13), &server, &recovery, &mut random(5)).expect("it is small")
});

/// A certificate of an erasure, signed with the directive key 24.
pub(crate) static ERASURE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let certificate = ErasureCertificate {
        number: 5,
        practice: id(1),
        patient: "0190-ada".to_owned(),
        reason: "patient-request".to_owned(),
        asked: (id(3), now()),
        agreed: (id(4), now()),
        issued_at: now(),
        records: 42,
        versions: 43,
        workstations: vec![ErasedAt { device: id(2), fate: Fate::Confirmed, at: now() }],
    };
    certificate.sign(&signing(24)).expect("it is short")
});

pub(crate) fn patient_key() -> PatientKey {
    PatientKey::make(&mut random(6))
}

/// Where the genuine row lies.
pub(crate) const fn place() -> RowAad<'static> {
    RowAad {
        vault: Uuid::from_u128(1),
        drawer: "clinical",
        table: "document",
        row: "Observation/o1",
        version: 3,
    }
}

/// A row.
pub(crate) static ROW: LazyLock<Vec<u8>> =
    LazyLock::new(|| row::seal_row(&patient_key(), &place(), b"{\"a\":1}", &mut random(7)));

pub(crate) fn blob_key() -> BlobKey {
    BlobKey::from_secret(Secret::from_bytes([8; 32]))
}

/// A file sealed for the context `draft`.
pub(crate) static BLOB: LazyLock<Vec<u8>> =
    LazyLock::new(|| blob::seal(&blob_key(), b"draft", b"typed", &mut random(8)));

/// A page sealed to the drawer's key 16, signed with 19.
pub(crate) static PAGE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let header = PageHeader {
        practice: id(1),
        device: id(2),
        drawer: "clinical".to_owned(),
        generation: 1,
        from: 7,
        to: 12,
        more: false,
        made_at: now(),
    };
    let page = inbox::seal(&header, b"page", &agreement(16).public(), &signing(19), &mut random(9));
    page.expect("it leads on, and the key is usable")
});

/// A root, made anew by each process since ring takes no seed.
pub(crate) static ROOT: LazyLock<Authority> = LazyLock::new(|| {
    Authority::make_root(id(1), "Harbour Street Practice", now(), &mut random(10))
        .expect("a root can be made")
});

/// What each target is to take for genuine; the seeds that `examples/seeds.rs` writes.
pub(crate) fn articles() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("slot", SLOT.made.file.clone()),
        ("reentry", REENTRY.clone()),
        ("key_reentry", KEY_REENTRY.clone()),
        ("twin", TWIN.clone()),
        ("prepared_slot", PREPARED.clone()),
        ("grant", GRANT.clone()),
        ("erasure", ERASURE.clone()),
        ("envelope", ENVELOPE.clone()),
        ("row", ROW.clone()),
        ("blob", BLOB.clone()),
        ("inbox_page", PAGE.clone()),
    ]
}
