//! What machines show each other: trust bundles, certificates and requests, tokens, checkpoints, sign-in messages.

use std::sync::LazyLock;

use keys::certificate;
use keys::checkpoint::{self, Checkpoint};
use keys::erasure::ErasureCertificate;
use keys::sign_in::{self, ServerSetup, SignInBinding, SignInCost};
use keys::token::{BearerToken, EnrolmentToken};
use keys::trust::TrustBundle;
use sync::wire::Cursor;

use crate::given::{ROOT, id, now, passphrase, random, signing};

/// A trust bundle. No bytes are one of a root that signed none.
pub(crate) fn trust_bundle(bytes: &[u8]) {
    assert!(TrustBundle::verify(bytes, ROOT.certificate(), id(1), None).is_err(), "a bundle was forged");
}

/// A certificate of an erasure: nothing but what the practice signed verifies, and that is written back the same.
pub(crate) fn erasure(bytes: &[u8]) {
    if let Ok(certificate) = ErasureCertificate::verify(bytes, &signing(24).verifying_key(), id(1)) {
        assert_eq!(certificate.sign(&signing(24)).unwrap_or_default(), bytes, "a certificate has two forms");
    }
}

/// A certificate, DER or PEM. None is issued by a root that has issued none but itself.
pub(crate) fn certificate(bytes: &[u8]) {
    if let Ok(device) = certificate::device_id(bytes) {
        assert!(!device.to_string().is_empty());
    }
    if let Ok((from, until)) = certificate::validity(bytes) {
        let _span = from.max(until);
    }
    if let Ok(serial) = certificate::serial(bytes) {
        assert!(serial.len() % 2 == 0);
    }
    let itself = bytes == ROOT.certificate();
    assert!(
        itself || certificate::verify_issued(bytes, ROOT.certificate()).is_err(),
        "a certificate was forged"
    );
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(found) = certificate::from_pem(text) {
        let found: Vec<&[u8]> = found.iter().map(Vec::as_slice).collect();
        let again = certificate::from_pem(&certificate::to_pem(&found));
        assert_eq!(again.unwrap_or_default(), found, "a chain reads otherwise when written again");
    }
}

/// A signing request: whatever it asks for, a certificate is for the device that was meant.
pub(crate) fn certificate_request(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(issued) = ROOT.issue_client(text, id(2), now(), &mut random(12)) {
        assert_eq!(certificate::device_id(&issued).ok(), Some(id(2)), "a request chose its own name");
    }
}

/// Tokens and cursors: what is read is written back the same.
pub(crate) fn token(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(token) = text.parse::<EnrolmentToken>() {
        assert_eq!(token.to_text().expose(), text.trim(), "a token has two forms");
    }
    if let Ok(token) = text.parse::<BearerToken>() {
        assert_eq!(token.to_text().expose(), text, "a token has two forms");
    }
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }
}

/// A signed checkpoint: what verifies is written back the same.
pub(crate) fn checkpoint(bytes: &[u8]) {
    let Ok(note) = std::str::from_utf8(bytes) else { return };
    if let Ok(state) = Checkpoint::verify(note, "device", &signing(22).verifying_key()) {
        let again = state.sign("device", &signing(22)).unwrap_or_default();
        assert!(note.starts_with(again.trim_end()), "a checkpoint has two forms");
    }
    let _seen = checkpoint::verify_cosignature(note, "witness", &signing(23).verifying_key()).is_ok();
    if let Ok(cosigned) = checkpoint::cosign(note, "other", &signing(24), now()) {
        assert!(cosigned.starts_with(note));
    }
}

static SETUP: LazyLock<ServerSetup> = LazyLock::new(|| ServerSetup::make(&mut random(13)));

/// Every message of a sign-in, in the place where it would be read.
pub(crate) fn sign_in(bytes: &[u8]) {
    let binding = SignInBinding { practice: id(1), device: id(2) };
    let mut random = random(14);
    if let Ok(setup) = ServerSetup::from_bytes(bytes) {
        assert_eq!(setup.to_bytes().expose(), bytes, "a setup has two forms");
    }
    let _answered = SETUP.answer_registration(b"person", bytes).is_ok();
    let record = ServerSetup::accept_registration(bytes).ok();
    if let Ok(answer) = SETUP.answer_login(record.as_deref(), b"person", bytes, &binding, &mut random) {
        assert!(ServerSetup::finish_login(&answer.state, bytes, &binding).is_err(), "a proof was forged");
    }
    let (passphrase, cost) = (passphrase(), SignInCost::for_tests());
    if let Ok((client, _)) = sign_in::start_login(&passphrase, &mut random) {
        assert!(
            client.finish(&passphrase, bytes, &binding, cost, &mut random).is_err(),
            "a server was forged"
        );
    }
    if let Ok((client, _)) = sign_in::start_registration(&passphrase, &mut random) {
        let _uploaded = client.finish(&passphrase, bytes, cost, &mut random).is_ok();
    }
}
