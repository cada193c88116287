//! What a courier carries: read back whole, damage named and stepped over, opened by whom it is for alone.

use keys::courier::{EventsFrom, Found, Item, ItemKind, OpenedEvents, read_file};
use keys::envelope::{Letter, seal};
use keys::{AgreementSecret, SigningKey};

use super::given::{every_flip_refuses, id, now, random};

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
        assert!(matches!(&found[1], Found::Bad { offset, name: Some(_) } if *offset == first.len()));
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
