//! What is sealed for somebody: grants, envelopes, rows, files, pages.

use keys::courier::{self, Found, Item};
use keys::envelope::{self, EnvelopeHeader};
use keys::{blob, grant, inbox, row};

use crate::given::{
    BLOB, ENVELOPE, GRANT, PAGE, ROW, agreement, blob_key, id, now, patient_key, place, signing,
};

/// A grant: nothing but the genuine one verifies, and it opens.
pub(crate) fn grant(bytes: &[u8]) {
    if grant::verify(bytes, &signing(11).verifying_key()).is_ok() {
        assert_eq!(bytes, *GRANT, "a grant was forged");
        assert!(grant::open(bytes, &signing(11).verifying_key(), &agreement(12), id(2), now()).is_ok());
    }
}

/// An envelope as it arrives. Anybody may seal to a public key; only what the author signed verifies.
pub(crate) fn envelope(bytes: &[u8]) {
    let Ok(header) = envelope::read_header(bytes) else { return };
    for key in [14, 15] {
        if let Ok(opened) = envelope::open(bytes, &agreement(key)) {
            assert_eq!(*opened.header(), header);
            let signed = opened.verify(&signing(13).verifying_key()).is_ok();
            assert!(!signed || bytes == *ENVELOPE, "an envelope was forged");
        }
    }
}

/// What a hostile workstation has sealed.
pub(crate) fn envelope_payload(bytes: &[u8]) {
    let public = agreement(14).public();
    let header = EnvelopeHeader {
        practice: id(1),
        device: id(2),
        sequence: 42,
        change: id(5),
        sealing_key: public.id(),
        recovery_key: public.id(),
    };
    if let Ok(opened) = keys::fuzz::envelope_payload(header, bytes) {
        let _refused: bool = opened.verify(&signing(13).verifying_key()).is_err();
    }
}

/// A row.
pub(crate) fn row(bytes: &[u8]) {
    if row::open_row(&patient_key(), &place(), bytes).is_ok() {
        assert_eq!(bytes, *ROW, "a row was forged");
    }
}

/// A sealed file.
pub(crate) fn blob(bytes: &[u8]) {
    if blob::open(&blob_key(), b"draft", bytes).is_ok() {
        assert_eq!(bytes, *BLOB, "a file was forged");
    }
}

/// A page for a shut drawer: nothing but the genuine one verifies, and it opens.
pub(crate) fn inbox_page(bytes: &[u8]) {
    if inbox::verify(bytes, &signing(19).verifying_key()).is_ok() {
        assert_eq!(bytes, *PAGE, "a page was forged");
        assert!(inbox::open(bytes, &signing(19).verifying_key(), &agreement(16)).is_ok());
    }
}

/// A courier's file: what is read is written back the same, and what is damaged is stepped over.
pub(crate) fn courier(bytes: &[u8]) {
    let mut read = 0;
    for found in courier::read_file(bytes) {
        match found {
            Found::Item(item) => {
                let again = item.to_bytes();
                read += again.len();
                assert!(bytes.windows(again.len()).any(|window| window == again), "an item has two forms");
                assert_eq!(Item::parse(&again).as_ref(), Ok(&item));
                let _events = item.open_events(&agreement(14)).is_ok();
                let _part = item.signed_file_part(&[signing(22).verifying_key()]).is_ok();
                let _answers = item.open_answers(&agreement(17), &signing(18).verifying_key()).is_ok();
            }
            Found::Bad { offset, .. } => assert!(offset < bytes.len() as u64),
        }
    }
    assert!(read <= bytes.len());
}
