//! Drafts and attachments: chunks that cannot be changed, moved, cut or continued.

use keys::AgreementSecret;
use keys::blob::{self, BlobKey};
use keys::row::SealRefused;

use super::given::{every_flip_refuses, id, random};

const CHUNK: usize = 64 * 1024;

#[test]
fn files_of_every_length_around_a_chunk_come_back() {
    let mut random = random(70);
    let key = BlobKey::make(&mut random);
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17] {
        let file: Vec<u8> = (0..length).map(|at| at.to_le_bytes()[0]).collect();
        let sealed = blob::seal(&key, b"scan.pdf", &file, &mut random);
        assert_eq!(blob::open(&key, b"scan.pdf", &sealed).unwrap(), file, "{length}");
    }
}

#[test]
fn another_key_or_context_refuses() {
    let mut random = random(71);
    let key = BlobKey::make(&mut random);
    let sealed = blob::seal(&key, b"draft of p1", b"text", &mut random);
    assert_eq!(blob::open(&key, b"draft of p2", &sealed), Err(SealRefused::WrongKeyOrPlace));
    assert_eq!(
        blob::open(&BlobKey::make(&mut random), b"draft of p1", &sealed),
        Err(SealRefused::WrongKeyOrPlace)
    );
}

#[test]
fn a_file_cut_or_lengthened_or_reordered_at_a_chunks_edge_refuses() {
    let mut random = random(72);
    let key = BlobKey::make(&mut random);
    let sealed = blob::seal(&key, b"", &vec![7; 3 * CHUNK], &mut random);
    let (header, part) = (41, CHUNK + 16);
    assert_eq!(sealed.len(), header + 3 * part);
    for cut in [header, header + part, header + 2 * part] {
        assert!(blob::open(&key, b"", &sealed[..cut]).is_err(), "cut at {cut}");
    }
    let doubled = [&sealed[..], &sealed[header + 2 * part..]].concat();
    assert!(blob::open(&key, b"", &doubled).is_err());
    let swapped = [
        &sealed[..header],
        &sealed[header + part..header + 2 * part],
        &sealed[header..header + part],
        &sealed[header + 2 * part..],
    ]
    .concat();
    assert!(blob::open(&key, b"", &swapped).is_err());
}

#[test]
fn any_change_refuses() {
    let mut random = random(73);
    let key = BlobKey::make(&mut random);
    let sealed = blob::seal(&key, b"", b"a note being typed", &mut random);
    every_flip_refuses(&sealed, |bytes| blob::open(&key, b"", bytes).is_ok());
}

#[test]
fn drafts_are_sealed_to_their_person() {
    let mut random = random(74);
    let (mine, yours) = (AgreementSecret::make(&mut random), AgreementSecret::make(&mut random));
    let key = blob::derive_draft_key(id(3), &mine);
    assert_eq!(key, blob::derive_draft_key(id(3), &mine.duplicate()));
    assert_ne!(key, blob::derive_draft_key(id(3), &yours));
    assert_ne!(key, blob::derive_draft_key(id(4), &mine));
}
