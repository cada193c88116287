//! Envelopes: the server and the recovery key open them, nobody else, and only with the author's signature.

use keys::envelope::{self, EnvelopeNotSealed, EnvelopeRefused, Letter, TRANSACTION_LIMIT};
use keys::{AgreementSecret, BadSignature, Random, SigningKey};
use proptest::prelude::*;

use super::given::{every_flip_refuses, id, now, random};

const BUNDLE: &[u8] = br#"{"resourceType":"Bundle","type":"transaction"}"#;

struct Post {
    author: SigningKey,
    server: AgreementSecret,
    recovery: AgreementSecret,
    random: Random,
}

fn post(seed: u8) -> Post {
    let mut random = random(seed);
    Post {
        author: SigningKey::make(&mut random),
        server: AgreementSecret::make(&mut random),
        recovery: AgreementSecret::make(&mut random),
        random,
    }
}

fn letter(transaction: &[u8]) -> Letter<'_> {
    Letter {
        practice: id(1),
        device: id(2),
        sequence: 42,
        change: id(5),
        author: id(3),
        written_at: now(),
        transaction,
    }
}

fn sealed(post: &mut Post) -> Vec<u8> {
    let (server, recovery) = (post.server.public(), post.recovery.public());
    envelope::seal(&letter(BUNDLE), &post.author, &server, &recovery, &mut post.random).unwrap()
}

#[test]
fn the_server_and_the_recovery_key_open_it_and_get_the_authors_change() {
    let mut post = post(60);
    let bytes = sealed(&mut post);
    for secret in [&post.server, &post.recovery] {
        let opened = envelope::open(&bytes, secret).unwrap();
        assert_eq!((opened.author(), opened.written_at()), (id(3), now()));
        let change = opened.verify(&post.author.verifying_key()).unwrap();
        assert_eq!(change.transaction, BUNDLE);
        assert_eq!((change.header.sequence, change.header.change), (42, id(5)));
        assert!(change.verify_again(&post.author.verifying_key()).is_ok());
    }
}

#[test]
fn the_header_is_readable_without_a_key() {
    let mut post = post(61);
    let header = envelope::read_header(&sealed(&mut post)).unwrap();
    assert_eq!((header.practice, header.device, header.sequence), (id(1), id(2), 42));
    assert_eq!(header.sealing_key, post.server.public().id());
}

#[test]
fn another_key_and_another_author_refuse() {
    let mut post = post(62);
    let bytes = sealed(&mut post);
    let stranger = AgreementSecret::make(&mut post.random);
    assert_eq!(envelope::open(&bytes, &stranger).err(), Some(EnvelopeRefused::OtherKey));
    let forger = SigningKey::make(&mut post.random).verifying_key();
    assert_eq!(envelope::open(&bytes, &post.server).unwrap().verify(&forger).err(), Some(BadSignature));
}

#[test]
fn any_change_refuses() {
    let mut post = post(63);
    let bytes = sealed(&mut post);
    let author = post.author.verifying_key();
    let opens =
        |bytes: &[u8]| envelope::open(bytes, &post.server).is_ok_and(|opened| opened.verify(&author).is_ok());
    assert!(opens(&bytes));
    let for_recovery = 93 + 80..93 + 160; // the other recipient's part is under the payload's seal too
    let mut changed = bytes.clone();
    changed[for_recovery.start] ^= 1;
    assert!(!opens(&changed));
    every_flip_refuses(&bytes, opens);
}

#[test]
fn the_signature_binds_practice_device_sequence_change_and_sealing_key() {
    // The payload of one envelope under the header of another does not open, whoever puts it there.
    let mut post = post(64);
    let first = sealed(&mut post);
    let other = Letter { sequence: 43, ..letter(BUNDLE) };
    let (server, recovery) = (post.server.public(), post.recovery.public());
    let second = envelope::seal(&other, &post.author, &server, &recovery, &mut post.random).unwrap();
    let spliced = [&second[..93], &first[93..]].concat();
    assert_eq!(envelope::open(&spliced, &post.server).err(), Some(EnvelopeRefused::Changed));
}

#[test]
fn a_transaction_too_large_is_not_sealed() {
    let mut post = post(65);
    let huge = vec![b' '; TRANSACTION_LIMIT + 1];
    let (server, recovery) = (post.server.public(), post.recovery.public());
    let result = envelope::seal(&letter(&huge), &post.author, &server, &recovery, &mut post.random);
    assert_eq!(result.err(), Some(EnvelopeNotSealed::TooLarge));
}

#[test]
fn what_is_shown_for_debugging_holds_no_record() {
    let mut post = post(66);
    let bytes = sealed(&mut post);
    let opened = envelope::open(&bytes, &post.server).unwrap();
    let change = format!("{opened:?}");
    let change = change + &format!("{:?}", opened.verify(&post.author.verifying_key()).unwrap());
    assert!(!change.contains("Bundle") && !change.contains("[123"), "{change}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_transaction_comes_back(transaction in prop::collection::vec(any::<u8>(), 0..4000), sequence in any::<u64>()) {
        let mut post = post(67);
        let (server, recovery) = (post.server.public(), post.recovery.public());
        let letter = Letter { sequence, ..letter(&transaction) };
        let bytes = envelope::seal(&letter, &post.author, &server, &recovery, &mut post.random).unwrap();
        let change = envelope::open(&bytes, &post.recovery).unwrap().verify(&post.author.verifying_key()).unwrap();
        prop_assert_eq!((change.transaction, change.header.sequence), (transaction, sequence));
    }
}
