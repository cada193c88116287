//! Signatures: one purpose each.

use keys::{Purpose, Signature, SigningKey, VerifyingKey};

use super::given::random;

#[test]
fn a_signature_verifies_for_its_key_purpose_and_message_alone() {
    let mut random = random(170);
    let key = SigningKey::make(&mut random);
    let signature = key.sign(Purpose::Directive, b"lock");
    let public = key.verifying_key();
    assert!(public.verify(Purpose::Directive, b"lock", &signature).is_ok());
    assert!(public.verify(Purpose::Receipt, b"lock", &signature).is_err());
    assert!(public.verify(Purpose::Directive, b"wipe", &signature).is_err());
    let other = SigningKey::make(&mut random).verifying_key();
    assert!(other.verify(Purpose::Directive, b"lock", &signature).is_err());
}

#[test]
fn public_keys_of_low_order_or_off_the_curve_are_not_taken() {
    let mut identity = [0; 32];
    identity[0] = 1;
    assert!(VerifyingKey::from_bytes(identity).is_err());
    assert!(VerifyingKey::from_bytes([0; 32]).is_err());
    assert!("AAAA".parse::<VerifyingKey>().is_err());
}

#[test]
fn keys_and_signatures_come_back_from_text() {
    let key = SigningKey::make(&mut random(171));
    let signature = key.sign(Purpose::Export, b"x");
    assert_eq!(signature.to_string().parse::<Signature>(), Ok(signature));
    let json = serde_json::to_string(&key.verifying_key()).unwrap();
    assert_eq!(serde_json::from_str::<VerifyingKey>(&json).unwrap(), key.verifying_key());
}
