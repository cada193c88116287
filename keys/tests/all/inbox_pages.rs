//! Inbox pages: made by the server for one drawer of one workstation, and read by nobody without that drawer's keys.

use keys::inbox::{self, PageHeader, PageNotSealed, PageRefused};
use keys::row::derive_inbox_key;
use keys::{AgreementPublic, DrawerKeys, Random, SigningKey, Unreadable};

use super::given::{every_flip_refuses, id, now, random};
use super::vectors::{field, frozen, is_frozen, signing};

fn header() -> PageHeader {
    PageHeader {
        practice: id(1),
        device: id(2),
        drawer: "clinical".to_owned(),
        generation: 3,
        from: 7,
        to: 12,
        more: false,
        made_at: now(),
    }
}

fn made(random: &mut Random) -> (Vec<u8>, DrawerKeys, SigningKey) {
    let (keys, server) = (DrawerKeys::make(3, random), SigningKey::make(random));
    let key = derive_inbox_key(&keys.field).public();
    let page = inbox::seal(&header(), b"history", &key, &server, random).unwrap();
    (page, keys, server)
}

#[test]
fn a_page_opens_for_its_drawer_alone_and_says_where_it_belongs_before() {
    let mut random = random(140);
    let (page, keys, server) = made(&mut random);
    assert_eq!(inbox::verify(&page, &server.verifying_key()), Ok(header()));
    let (told, bundle) = inbox::open(&page, &server.verifying_key(), &derive_inbox_key(&keys.field)).unwrap();
    assert_eq!((told, bundle.expose()), (header(), b"history".as_slice()));
    let other = derive_inbox_key(&DrawerKeys::make(4, &mut random).field);
    let refused = inbox::open(&page, &server.verifying_key(), &other);
    assert_eq!(refused.unwrap_err(), PageRefused::OtherDrawer);
}

#[test]
fn nothing_of_a_page_counts_that_the_server_did_not_sign() {
    let mut random = random(141);
    let (page, keys, server) = made(&mut random);
    let key = derive_inbox_key(&keys.field);
    every_flip_refuses(&page, |bytes| {
        inbox::verify(bytes, &server.verifying_key()).is_ok()
            || inbox::open(bytes, &server.verifying_key(), &key).is_ok()
    });
    let stranger = SigningKey::make(&mut random);
    assert_eq!(inbox::verify(&page, &stranger.verifying_key()), Err(PageRefused::BadSignature));
    // Anybody who knows the drawer's public key can seal to it.
    let forged = inbox::seal(&header(), b"forged", &key.public(), &stranger, &mut random).unwrap();
    assert_eq!(inbox::verify(&forged, &server.verifying_key()), Err(PageRefused::BadSignature));
    let longer = [page.as_slice(), &[0]].concat();
    let refused = inbox::verify(&longer, &server.verifying_key());
    assert_eq!(refused, Err(PageRefused::Unreadable(Unreadable::Damaged)));
}

#[test]
fn a_page_that_leads_nowhere_is_not_made() {
    let mut random = random(142);
    let (server, keys) = (SigningKey::make(&mut random), DrawerKeys::make(1, &mut random));
    let key = derive_inbox_key(&keys.field).public();
    let mut refused = |header: &PageHeader, key: &AgreementPublic| {
        inbox::seal(header, b"", key, &server, &mut random).unwrap_err()
    };
    let nowhere = PageHeader { to: 7, ..header() };
    assert_eq!(refused(&nowhere, &key), PageNotSealed::Contradiction);
    let long = PageHeader { drawer: "d".repeat(65), ..header() };
    assert_eq!(refused(&long, &key), PageNotSealed::Contradiction);
    let weak = AgreementPublic::from_bytes([0; 32]);
    assert!(matches!(refused(&header(), &weak), PageNotSealed::BadPublicKey(_)));
}

#[test]
fn the_form_of_a_page_is_frozen() {
    let header = PageHeader {
        practice: id(1),
        device: id(2),
        drawer: "clinical".to_owned(),
        generation: 4,
        from: 16,
        to: 43,
        more: true,
        made_at: now(),
    };
    let drawer = derive_inbox_key(&field());
    let bundle = b"{\"resourceType\":\"Bundle\"}";
    let made = inbox::seal(&header, bundle, &drawer.public(), &signing(23), &mut random(13)).unwrap();
    is_frozen("inbox.page", &made);
    let opened = inbox::open(&frozen("inbox.page"), &signing(23).verifying_key(), &drawer).unwrap();
    assert_eq!((opened.0, opened.1.expose()), (header, bundle.as_slice()));
}
