//! Parcels: sealed to one key, as one kind of thing, for one context.

use keys::{AgreementPublic, AgreementSecret, Parcel, ParcelRefused};

use super::given::{every_flip_refuses, random, unhex};

#[test]
fn a_parcel_opens_for_its_key_kind_and_context_alone() {
    let mut random = random(130);
    let (secret, other) = (AgreementSecret::make(&mut random), AgreementSecret::make(&mut random));
    let sealed = secret.public().seal(Parcel::InboxPage, b"clinical", b"page", &mut random).unwrap();
    assert_eq!(secret.open(Parcel::InboxPage, b"clinical", &sealed).unwrap().expose(), b"page");
    assert_eq!(other.open(Parcel::InboxPage, b"clinical", &sealed), Err(ParcelRefused));
    assert_eq!(secret.open(Parcel::DeviceKeyEscrow, b"clinical", &sealed), Err(ParcelRefused));
    assert_eq!(secret.open(Parcel::InboxPage, b"billing", &sealed), Err(ParcelRefused));
    every_flip_refuses(&sealed, |bytes| secret.open(Parcel::InboxPage, b"clinical", bytes).is_ok());
}

#[test]
fn nothing_is_sealed_to_a_key_of_low_order() {
    let zero = AgreementPublic::from_bytes([0; 32]);
    assert!(zero.seal(Parcel::InboxPage, b"", b"", &mut random(131)).is_err());
}

#[test]
fn public_keys_come_back_from_base64_and_json() {
    let public = AgreementSecret::make(&mut random(132)).public();
    assert_eq!(public.to_string().parse(), Ok(public));
    let json = serde_json::to_string(&public).unwrap();
    assert_eq!(serde_json::from_str::<AgreementPublic>(&json).unwrap(), public);
    assert!("AAAA".parse::<AgreementPublic>().is_err());
}

#[test]
fn the_public_half_is_that_of_rfc_7748() {
    // RFC 7748 §6.1, Bob.
    let secret = unhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    let secret = AgreementSecret::from_secret(keys::Secret::from_slice(&secret).unwrap());
    let public = unhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    assert_eq!(secret.public().to_bytes().to_vec(), public);
}
