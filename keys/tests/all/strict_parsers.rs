//! Parsers: whatever bytes come, they are read or refused; none panics.

use keys::blob::{self, BlobKey};
use keys::checkpoint::{self, Checkpoint};
use keys::marks::{MarkChain, Marks};
use keys::prepared::{self, PreparedFor};
use keys::reentry::{self, ReentryKey};
use keys::row::{self, RowAad};
use keys::sign_in::{ServerSetup, SignInBinding};
use keys::slot::{self, Attempt, SlotKey};
use keys::token::{BearerToken, EnrolmentToken};
use keys::trust::TrustBundle;
use keys::twin::{self, TwinPlace};
use keys::{AgreementSecret, Parcel, PatientKey, SecretBytes, SigningKey, certificate, envelope, grant};
use proptest::prelude::*;

use super::given::{id, now, passphrase, random};

/// Arbitrary bytes, often with the beginning of a real format.
fn anything() -> impl Strategy<Value = Vec<u8>> {
    let starts = prop::sample::select(vec![
        "",
        "CKsl\u{1}\u{1}",
        "CKre\u{1}",
        "CKgr\u{1}",
        "CKen\u{1}",
        "CKbl\u{1}",
        "CKtb\u{1}",
        "CKam\u{1}",
        "CKmc\u{1}",
        "CKtw\u{1}",
        "CKps\u{1}",
        "\u{1}",
    ]);
    (starts, prop::collection::vec(any::<u8>(), 0..600))
        .prop_map(|(start, rest)| [start.as_bytes(), &rest].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_make_a_binary_format_panic_or_open(bytes in anything()) {
        let mut random = random(180);
        let (secret, signing) = (AgreementSecret::make(&mut random), SigningKey::make(&mut random));
        let public = signing.verifying_key();
        let place = RowAad { vault: id(1), drawer: "d", table: "t", row: "r", version: 1 };
        prop_assert!(row::open_row(&PatientKey::make(&mut random), &place, &bytes).is_err());
        prop_assert!(blob::open(&BlobKey::make(&mut random), b"", &bytes).is_err());
        prop_assert!(grant::open(&bytes, &public, &secret, id(2), now()).is_err());
        prop_assert!(envelope::open(&bytes, &secret).is_err());
        prop_assert!(secret.open(Parcel::InboxPage, b"", &bytes).is_err());
        prop_assert!(Marks::from_bytes(&bytes).map_or(true, |marks| marks.to_bytes() == bytes));
        prop_assert!(MarkChain::from_bytes(&bytes).map_or(true, |chain| chain.to_bytes().expose() == bytes));
        prop_assert!(reentry::open(&bytes, &passphrase("x"), &ReentryKey::make(&mut random), id(1), now()).is_err());
        let (place, keys) =
            (TwinPlace { practice: id(1), person: id(3), of: id(2), on: id(4) }, (&public, &secret.public()));
        prop_assert!(twin::open(&bytes, &place, keys, &secret).is_err());
        let place = PreparedFor { practice: id(1), device: id(2), person: id(3), number: 1 };
        prop_assert!(prepared::open(&bytes, &place, &public, &secret).is_err());
        let _place = prepared::inspect(&bytes);
        prop_assert!(TrustBundle::verify(&bytes, &bytes, id(1), None).is_err());
        let attempt = Attempt {
            passphrase: &passphrase("x"),
            code: "123456",
            k_slot: &SlotKey::make(&mut random),
            now: now(),
            last_used_step: None,
        };
        prop_assert!(slot::open(&bytes, &attempt).is_err());
        let _header = slot::inspect(&bytes);
        let _header = envelope::read_header(&bytes);
    }

    #[test]
    fn no_bytes_make_a_message_or_certificate_panic(bytes in anything()) {
        let mut random = random(181);
        let setup = ServerSetup::make(&mut random);
        let binding = SignInBinding { practice: id(1), device: id(2) };
        let _answer = setup.answer_registration(b"p", &bytes);
        let _record = ServerSetup::accept_registration(&bytes);
        let _answer = setup.answer_login(Some(&bytes), b"p", &bytes, &binding, &mut random);
        let _key = ServerSetup::finish_login(&SecretBytes::new(bytes.clone()), &bytes, &binding);
        prop_assert!(certificate::device_id(&bytes).is_err());
        prop_assert!(certificate::verify_issued(&bytes, &bytes).is_err());
    }

    #[test]
    fn no_text_makes_a_note_or_token_panic(text in "(\\PC|\n|— ){0,200}") {
        let key = SigningKey::make(&mut random(182));
        prop_assert!(Checkpoint::verify(&text, "n", &key.verifying_key()).is_err());
        prop_assert!(checkpoint::verify_cosignature(&text, "n", &key.verifying_key()).is_err());
        let _read = checkpoint::cosign(&text, "n", &key, now());
        prop_assert!(text.parse::<EnrolmentToken>().is_err());
        prop_assert!(text.parse::<BearerToken>().is_err());
        prop_assert!(certificate::from_pem(&text).is_err());
    }
}
