//! Secrets: never printed, compared whole, random sources as they say.

use keys::slot::SlotKey;
use keys::{
    AgreementSecret, DrawerKeys, FieldKey, FileKey, Passphrase, PatientKey, Random, Secret, SecretBytes,
    SigningKey, TotpSeed,
};
use zeroize::ZeroizeOnDrop;

use super::given::{contents, random};

const fn wipes_itself<T: ZeroizeOnDrop>() {}

#[test]
fn every_kind_of_secret_wipes_itself() {
    wipes_itself::<Secret<32>>();
    wipes_itself::<SecretBytes>();
    wipes_itself::<FileKey>();
    wipes_itself::<FieldKey>();
    wipes_itself::<SlotKey>();
    wipes_itself::<Passphrase>();
}

#[test]
fn nothing_shown_for_debugging_holds_a_secret() {
    let mut random = random(140);
    let contents = contents(&mut random);
    let drawer = DrawerKeys::make(1, &mut random);
    let shown = format!(
        "{:?} {:?} {contents:?} {drawer:?} {:?} {:?} {:?} {:?} {random:?}",
        Secret::<4>::from_bytes([171; 4]),
        SecretBytes::new(vec![171; 4]),
        SigningKey::make(&mut Random::from_os()),
        AgreementSecret::make(&mut Random::from_os()),
        TotpSeed::make(&mut Random::from_os()),
        PatientKey::make(&mut Random::from_os()),
    );
    assert!(!shown.contains("171") && !shown.contains("ab") && shown.len() < 400, "{shown}");
}

#[test]
fn secrets_compare_by_value() {
    assert_eq!(Secret::from_bytes([1; 8]), Secret::from_bytes([1; 8]));
    assert_ne!(Secret::from_bytes([1; 8]), Secret::from_bytes([2; 8]));
    assert!(Secret::<8>::from_slice(&[1; 7]).is_none());
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_the_system_never_does() {
    assert_eq!(random(1).bytes::<40>(), random(1).bytes::<40>());
    assert_ne!(random(1).bytes::<40>(), random(2).bytes::<40>());
    let mut one = random(1);
    assert_ne!(one.bytes::<40>(), one.bytes::<40>());
    assert_ne!(Random::from_os().bytes::<32>(), Random::from_os().bytes::<32>());
}

#[test]
fn numbers_below_a_limit_are_spread_evenly() {
    let mut random = random(3);
    let mut counts = [0_u32; 10];
    for _ in 0..10_000 {
        counts[usize::try_from(random.below(10)).unwrap()] += 1;
    }
    assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
}

#[test]
fn uuids_carry_their_version_and_time() {
    let mut random = random(4);
    assert_eq!(random.uuid().get_version_num(), 4);
    let id = random.uuid_v7(super::given::now());
    assert_eq!(id.get_version_num(), 7);
    let (seconds, _) = id.get_timestamp().unwrap().to_unix();
    assert_eq!(i64::try_from(seconds).unwrap(), super::given::NOW);
}
