//! Who is parked: everything comes back as it was put, and nothing else is read.

use keys::parked::{self, MOST_PARKED, Parked};
use keys::reentry::ReentryKey;
use keys::{Secret, Unreadable};

use super::given::{hex, id, unhex};

fn one(number: u8) -> Parked {
    Parked {
        person: id(number.into()),
        name: [number; 16],
        key: ReentryKey::from_secret(Secret::from_bytes([number; 32])),
        ends_ms: 43_200_000,
        failures: 2,
        shown_name: "Rosa Quintanilla".to_owned(),
        shown_role: "Nurse".to_owned(),
        parcel: vec![number; 40],
        key_parcel: vec![number; usize::from(number % 2) * 5],
    }
}

#[test]
fn everybody_comes_back_in_order() {
    let bytes = parked::to_bytes(&[one(1), one(2)]);
    let back = parked::from_bytes(bytes.expose()).unwrap();
    assert_eq!(back.len(), 2);
    assert_eq!(
        (back[1].person, back[1].name, back[1].ends_ms, back[1].failures),
        (id(2), [2; 16], 43_200_000, 2)
    );
    assert_eq!((back[1].shown_name.as_str(), back[1].shown_role.as_str()), ("Rosa Quintanilla", "Nurse"));
    assert_eq!((back[1].key.expose(), back[1].parcel.as_slice()), (&[2; 32], [2; 40].as_slice()));
    assert_eq!(
        (back[0].key_parcel.as_slice(), back[1].key_parcel.as_slice()),
        ([1; 5].as_slice(), [].as_slice())
    );
    assert!(!format!("{:?}", back[0]).contains("Rosa"));
}

#[test]
fn the_first_give_way_when_there_are_too_many() {
    let many: Vec<Parked> = (0..20).map(one).collect();
    let back = parked::from_bytes(parked::to_bytes(&many).expose()).unwrap();
    assert_eq!(back.len(), MOST_PARKED);
    assert_eq!((back[0].person, back[MOST_PARKED - 1].person), (id(4), id(19)));
}

#[test]
fn a_long_name_is_cut_between_letters() {
    let mut long = one(1);
    long.shown_name = "å".repeat(300);
    let back = parked::from_bytes(parked::to_bytes(&[long]).expose()).unwrap();
    assert_eq!(back[0].shown_name, "å".repeat(200));
}

#[test]
fn what_is_cut_short_too_long_or_another_format_is_nobody() {
    let bytes = parked::to_bytes(&[one(1)]).expose().to_vec();
    for cut in 0..bytes.len() {
        assert!(parked::from_bytes(&bytes[..cut]).is_err());
    }
    assert!(parked::from_bytes(&[bytes.as_slice(), b"\0"].concat()).is_err());
    let mut newer = bytes;
    newer[4] = 3;
    assert_eq!(parked::from_bytes(&newer).err(), Some(Unreadable::Newer { version: 3 }));
}

#[test]
fn the_bytes_stay_what_they_are() {
    let frozen = "434b706b02000101900000000070008000000000000003030303030303030303030303030303030303030303030303\
                  0303030303030303030303030303030303030303030303030000000002932e00020010526f7361205175696e74616e\
                  696c6c6100054e757273650000002803030303030303030303030303030303030303030303030303030303030303030303\
                  030303030303000000050303030303";
    assert_eq!(hex(parked::to_bytes(&[one(3)]).expose()), hex(&unhex(frozen)));
}
