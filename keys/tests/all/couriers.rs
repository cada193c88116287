//! What a courier carries: read back whole, damage named and stepped over, opened by whom it is for alone.

use keys::courier::{
    EventsFrom, FilePlace, Found, Item, ItemKind, OpenedEvents, PART_LIMIT, Placed, Scanner, read_file,
};
use keys::envelope::{Letter, seal};
use keys::{AgreementSecret, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use super::given::{every_flip_refuses, id, now, random};
use super::vectors::{agreement, frozen, is_frozen, signing};

fn envelope(sequence: u64, sealing: &AgreementSecret) -> Item {
    let letter = Letter {
        practice: id(1),
        device: id(2),
        sequence,
        change: id(100 + u128::from(sequence)),
        author: id(3),
        written_at: now(),
        transaction: br#"{"resourceType":"Bundle"}"#,
    };
    let mut random = random(200);
    let recovery = AgreementSecret::make(&mut random).public();
    let author = SigningKey::make(&mut random);
    Item::of_envelope(seal(&letter, &author, &sealing.public(), &recovery, &mut random).unwrap()).unwrap()
}

fn events() -> OpenedEvents {
    OpenedEvents { note: "origin\n2\nroot\n".to_owned(), batch: b"{\"resourceType\":\"Bundle\"}".to_vec() }
}

fn sealed_events(to: &AgreementSecret) -> Item {
    let from = EventsFrom { practice: id(1), device: id(2), log: id(4), first: 7, count: 2 };
    Item::of_events(&from, &events(), &to.public(), &mut random(201)).unwrap()
}

/// Where a part of a file of this length begins, as that of the vector.
fn place(length: u64, from: u64) -> FilePlace {
    let (practice, device, change, file) = (id(1), id(2), id(5), id(6));
    FilePlace { practice, device, change, file, length, digest: [28; 32], from }
}

fn part(from: u64, bytes: &[u8]) -> Item {
    Item::of_file_part(&place(1_000, from), bytes, &signing(22)).unwrap()
}

fn vouched(item: &Item, key: &VerifyingKey) -> bool {
    item.signed_file_part(&[signing(3).verifying_key(), *key]).is_ok()
}

#[test]
fn a_file_of_items_reads_back_in_its_order() {
    let server = AgreementSecret::make(&mut random(202));
    let items = [envelope(1, &server), sealed_events(&server), envelope(2, &server)];
    let file: Vec<u8> = items.iter().flat_map(Item::to_bytes).collect();
    assert_eq!(read_file(&file), items.clone().map(Found::Item));
    let names = items.map(|item| item.header.text());
    assert_eq!(names[1], format!("events-{}-7", id(4)));
    assert!(read_file(&[]).is_empty());
}

#[test]
fn a_damaged_item_is_named_and_what_comes_after_it_is_found() {
    let server = AgreementSecret::make(&mut random(203));
    let (first, second) = (envelope(1, &server).to_bytes(), envelope(2, &server).to_bytes());
    let good = envelope(3, &server);
    for at in [40, first.len() / 2, first.len() - 1] {
        let mut bad = second.clone();
        bad[at] ^= 1;
        let file = [first.clone(), bad, good.to_bytes()].concat();
        let found = read_file(&file);
        assert_eq!(found.len(), 3, "{at}");
        assert!(matches!(&found[1], Found::Bad { offset, name: Some(_) } if *offset == first.len() as u64));
        assert_eq!(found[2], Found::Item(good.clone()));
    }
    let cut = [first, second[..second.len() - 10].to_vec()].concat();
    let found = read_file(&cut);
    assert!(matches!(found[..], [Found::Item(_), Found::Bad { .. }]));
}

#[test]
fn every_changed_bit_of_an_item_is_noticed() {
    let server = AgreementSecret::make(&mut random(204));
    every_flip_refuses(&sealed_events(&server).to_bytes(), |bytes| Item::parse(bytes).is_ok());
    every_flip_refuses(&envelope(1, &server).to_bytes(), |bytes| Item::parse(bytes).is_ok());
    every_flip_refuses(&part(3, b"sealed bytes").to_bytes(), |bytes| Item::parse(bytes).is_ok());
}

#[test]
fn a_part_of_a_file_reads_back_where_its_workstation_signed_it_and_nothing_of_it_can_be_altered() {
    let key = signing(22).verifying_key();
    let item = Item::parse(&part(3, b"sealed bytes").to_bytes()).unwrap();
    let read = item.signed_file_part(&[key]).unwrap();
    assert_eq!((read.place, read.bytes), (place(1_000, 3), b"sealed bytes".as_slice()));
    assert_eq!(item.header.text(), format!("file-{}-{}-3", id(5), id(6)));
    assert_eq!(item.header.kind, ItemKind::FilePart);
    assert!(item.envelope().is_none() && envelope(1, &agreement(14)).file_part().is_none());
    assert!(!vouched(&item, &signing(23).verifying_key()), "another workstation's key");
    // Whoever has the stick can make the hash right again, and not the signature.
    let bytes = item.to_bytes();
    let body = bytes.len() - 32;
    let mut passed = 0;
    for at in 5..body {
        let mut altered = bytes[..body].to_vec();
        altered[at] ^= 1;
        let hash = Sha256::digest(&altered);
        altered.extend_from_slice(&hash);
        passed += usize::from(Item::parse(&altered).is_ok_and(|item| vouched(&item, &key)));
    }
    assert_eq!(passed, 0);
}

#[test]
fn no_part_is_empty_too_long_or_beyond_the_end_of_its_file() {
    let length = 2 * PART_LIMIT as u64;
    let make = |from, count| Item::of_file_part(&place(length, from), &vec![7; count], &signing(22));
    assert!(make(0, PART_LIMIT).is_ok_and(|item| Item::parse(&item.to_bytes()) == Ok(item)));
    for (from, count) in [(0, 0), (0, PART_LIMIT + 1), (length - 1, 2), (length, 1), (u64::MAX, 1)] {
        assert!(make(from, count).is_err(), "{from} {count}");
    }
}

/// What a scanner finds that is fed so many bytes at a time.
fn scanned(file: &[u8], piece: usize) -> Vec<Placed> {
    let (mut scanner, mut found) = (Scanner::default(), Vec::new());
    for piece in file.chunks(piece) {
        scanner.feed(piece);
        found.extend(std::iter::from_fn(|| scanner.find()));
    }
    scanner.end();
    found.extend(std::iter::from_fn(|| scanner.find()));
    found
}

#[test]
fn a_file_that_is_read_in_pieces_is_the_same_file() {
    let server = AgreementSecret::make(&mut random(208));
    let (first, second) = (envelope(1, &server).to_bytes(), part(0, b"sealed").to_bytes());
    let mut bad = second.clone();
    bad[90] ^= 1;
    let noise = b"no item CKci and CKci\x01 none either CKc".to_vec();
    let files = [
        [first.clone(), second.clone(), sealed_events(&server).to_bytes()].concat(),
        [noise.clone(), first.clone(), bad, noise, second.clone()].concat(),
        [first, second[..second.len() - 1].to_vec()].concat(),
        b"CKci\x01".to_vec(),
        b"CKci\x02 from the future".to_vec(),
    ];
    for file in files {
        let whole = read_file(&file);
        for piece in [1, 2, 7, 64, 300, file.len()] {
            let placed = scanned(&file, piece);
            for one in &placed {
                let (from, length) =
                    (usize::try_from(one.offset).unwrap(), usize::try_from(one.length).unwrap());
                match &one.found {
                    Found::Item(item) => assert_eq!(file[from..from + length], item.to_bytes()),
                    Found::Bad { offset, .. } => assert_eq!((*offset, one.length), (one.offset, 0)),
                }
            }
            let found: Vec<Found> = placed.into_iter().map(|placed| placed.found).collect();
            assert_eq!(found, whole, "in pieces of {piece}");
        }
    }
}

#[test]
fn events_open_for_the_server_alone_and_say_where_they_belong() {
    let (server, other) = (AgreementSecret::make(&mut random(205)), AgreementSecret::make(&mut random(206)));
    let item = sealed_events(&server);
    assert_eq!(item.open_events(&server).unwrap(), events());
    assert!(item.open_events(&other).is_err());
    let mut moved = item.clone();
    moved.header.first = 8;
    assert!(moved.open_events(&server).is_err(), "the place in the log is sealed with them");
    assert!(item.envelope().is_none() && envelope(1, &server).open_events(&server).is_err());
    let bytes = item.to_bytes();
    assert!(!bytes.windows(12).any(|window| window == b"resourceType"));
}

#[test]
fn answers_open_for_their_workstation_and_only_where_the_server_signed_them() {
    let mut random = random(207);
    let (device, other) = (AgreementSecret::make(&mut random), AgreementSecret::make(&mut random));
    let (server, stranger) = (SigningKey::make(&mut random), SigningKey::make(&mut random));
    let make = |signer: &SigningKey, random: &mut keys::Random| {
        Item::of_answers(id(1), id(2), b"[]", signer, &device.public(), random).unwrap()
    };
    let item = Item::parse(&make(&server, &mut random).to_bytes()).unwrap();
    assert_eq!(item.header.kind, ItemKind::Answers);
    assert_eq!(item.open_answers(&device, &server.verifying_key()).unwrap(), b"[]");
    assert!(item.open_answers(&other, &server.verifying_key()).is_err());
    assert!(make(&stranger, &mut random).open_answers(&device, &server.verifying_key()).is_err());
}

#[test]
fn a_file_that_begins_an_item_at_every_place_is_given_up_and_keeps_what_came_before() {
    let good = envelope(1, &AgreementSecret::make(&mut random(1)));
    let start = &good.to_bytes()[..5 + 1 + 16 * 3 + 8 + 4 + 16];
    let mut file = good.to_bytes();
    let end = file.len() + 50_000 * (start.len() + 4);
    while file.len() < end {
        // Each says that its body goes on to the end of the file, where all of them have their hash.
        let body = u32::try_from(end - file.len() - start.len() - 4).unwrap();
        file.extend([start, &body.to_be_bytes()].concat());
    }
    file.extend([0; 32]);
    let found = read_file(&file);
    assert_eq!(found.first(), Some(&Found::Item(good)));
    assert!(found.len() < 50, "{} places were hashed to the end", found.len());
}

#[test]
fn what_is_made_today_is_what_was_made_then_and_opens() {
    let events = OpenedEvents { note: "note".to_owned(), batch: b"{}".to_vec() };
    let from = EventsFrom { practice: id(1), device: id(2), log: id(4), first: 7, count: 2 };
    let made = Item::of_events(&from, &events, &agreement(14).public(), &mut random(9)).unwrap();
    is_frozen("courier.events", &made.to_bytes());
    let read = Item::parse(&frozen("courier.events")).unwrap();
    assert_eq!(read.open_events(&agreement(14)), Ok(events));
    let (server, device) = (signing(18), agreement(17));
    let made = Item::of_answers(id(1), id(2), b"[]", &server, &device.public(), &mut random(10)).unwrap();
    is_frozen("courier.answers", &made.to_bytes());
    let read = Item::parse(&frozen("courier.answers")).unwrap();
    assert_eq!(read.open_answers(&device, &server.verifying_key()), Ok(b"[]".to_vec()));
    let made = Item::of_envelope(frozen("envelope")).unwrap();
    is_frozen("courier.envelope", &made.to_bytes());
    assert_eq!(Item::parse(&frozen("courier.envelope")).unwrap().envelope(), Some(&frozen("envelope")[..]));
    is_frozen("courier.file", &part(3, b"sealed bytes").to_bytes());
    let read = Item::parse(&frozen("courier.file")).unwrap();
    let read = read.signed_file_part(&[signing(22).verifying_key()]).unwrap();
    assert_eq!((read.place, read.bytes), (place(1_000, 3), b"sealed bytes".as_slice()));
}
