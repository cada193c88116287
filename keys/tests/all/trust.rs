//! Trust bundles: signed by the pinned root, never going back.

use keys::certificate::Authority;
use keys::trust::{TrustBundle, TrustRefused};
use keys::{AgreementSecret, Random, SigningKey};

use super::given::{every_flip_refuses, id, now, random};

fn practice(seed: u8) -> (Authority, TrustBundle, Random) {
    let mut random = random(seed);
    let root = Authority::make_root(id(1), "Harbour Street Practice", now(), &mut random).unwrap();
    let issuing = root.make_issuing("Harbour Street Practice", now(), &mut random).unwrap();
    let bundle = TrustBundle {
        practice: id(1),
        number: 3,
        issued_at: now(),
        sealing_key: AgreementSecret::make(&mut random).public(),
        recovery_key: AgreementSecret::make(&mut random).public(),
        directive_key: SigningKey::make(&mut random).verifying_key(),
        rights_key: SigningKey::make(&mut random).verifying_key(),
        witness_key: SigningKey::make(&mut random).verifying_key(),
        issuing: vec![issuing.certificate().to_vec()],
    };
    (root, bundle, random)
}

#[test]
fn a_bundle_verifies_under_the_pinned_root() {
    let (root, bundle, _) = practice(210);
    let bytes = bundle.sign(&root).unwrap();
    assert_eq!(TrustBundle::verify(&bytes, root.certificate(), id(1), None), Ok(bundle.clone()));
    assert_eq!(TrustBundle::verify(&bytes, root.certificate(), id(1), Some(3)), Ok(bundle));
}

#[test]
fn another_root_practice_or_an_older_number_refuses() {
    let (root, bundle, _) = practice(211);
    let (foreign, ..) = practice(212);
    let bytes = bundle.sign(&root).unwrap();
    let verify = |root: &Authority, practice, in_force| {
        TrustBundle::verify(&bytes, root.certificate(), practice, in_force).err()
    };
    assert_eq!(verify(&foreign, id(1), None), Some(TrustRefused::BadSignature));
    assert_eq!(verify(&root, id(2), None), Some(TrustRefused::OtherPractice));
    assert_eq!(verify(&root, id(1), Some(4)), Some(TrustRefused::Older));
}

#[test]
fn a_root_does_not_vouch_for_an_authority_that_is_not_its_own() {
    let (root, bundle, _) = practice(213);
    let (_, foreign, _) = practice(214);
    assert!(TrustBundle { issuing: foreign.issuing, ..bundle }.sign(&root).is_err());
}

#[test]
fn any_change_refuses() {
    let (root, bundle, _) = practice(215);
    let bytes = bundle.sign(&root).unwrap();
    every_flip_refuses(&bytes, |bytes| TrustBundle::verify(bytes, root.certificate(), id(1), None).is_ok());
}
