//! Exports: what was written opens with its key alone, whole and in order, and says who signed it.

use keys::export::{
    ExportKey, ExportOpener, ExportRefused, ExportedEntry, Exporter, FRAME, PartKind, START, read_entries,
    read_frame, write_entries,
};
use keys::{Random, Secret, SigningKey};

use super::given::{id, random};
use super::vectors::is_frozen;

type Parts = Vec<(PartKind, Vec<u8>)>;

fn entries() -> Vec<ExportedEntry> {
    let entry =
        |(position, event): (u64, &[u8])| ExportedEntry { position, leaf: [5; 32], event: event.to_vec() };
    (0..).zip([&b"{}"[..], b"[1]", b""]).map(entry).collect()
}

fn signer() -> SigningKey {
    SigningKey::make(&mut random(41))
}

fn written(key: &ExportKey, random: &mut Random) -> Vec<u8> {
    let (mut exporter, mut file) = Exporter::begin(key, id(8));
    file.extend(exporter.part(PartKind::Head, b"{}", random));
    file.extend(exporter.part(PartKind::Entries, &write_entries(&entries()), random));
    file.extend(exporter.part(PartKind::Entries, &write_entries(&entries()), random));
    file.extend(exporter.end(&signer(), random));
    file
}

fn split(file: &[u8]) -> Parts {
    let mut rest = &file[START..];
    let mut parts = Parts::new();
    while let Some((frame, after)) = rest.split_first_chunk::<FRAME>() {
        let (kind, length) = read_frame(*frame).unwrap();
        parts.push((kind, after[..length].to_vec()));
        rest = &after[length..];
    }
    parts
}

/// Whether all parts open, and whether the end is signed.
fn read(key: &ExportKey, file: &[u8], parts: &Parts) -> Result<bool, ExportRefused> {
    let mut opener = ExportOpener::begin(key, &file[..START])?;
    for (kind, blob) in parts {
        match kind {
            PartKind::End => return opener.is_signed(blob, &signer().verifying_key()),
            PartKind::Head | PartKind::Entries | PartKind::Marks => drop(opener.open(*kind, blob)?),
        }
    }
    Ok(false)
}

#[test]
fn what_was_written_opens_with_its_key_and_is_signed() {
    let key = ExportKey::make(&mut random(42));
    let file = written(&key, &mut random(43));
    let again: ExportKey = key.to_text().expose().parse().unwrap();
    assert_eq!(read(&again, &file, &split(&file)), Ok(true));
    let mut opener = ExportOpener::begin(&key, &file[..START]).unwrap();
    let parts = split(&file);
    assert_eq!((opener.export(), opener.open(parts[0].0, &parts[0].1).unwrap()), (id(8), b"{}".to_vec()));
    assert_eq!(read_entries(&opener.open(parts[1].0, &parts[1].1).unwrap()).unwrap(), entries());
    let other = SigningKey::make(&mut random(44)).verifying_key();
    drop(opener.open(parts[2].0, &parts[2].1).unwrap());
    assert_eq!(opener.is_signed(&parts[3].1, &other), Ok(false), "another signer");
}

#[test]
fn another_key_and_parts_that_were_moved_left_out_or_changed_do_not_open() {
    let key = ExportKey::make(&mut random(42));
    let file = written(&key, &mut random(43));
    let whole = split(&file);
    let other = ExportKey::make(&mut random(45));
    assert_eq!(read(&other, &file, &whole), Err(ExportRefused::NotOpened));
    let mut bad: Vec<Parts> = vec![whole.clone(), whole.clone(), whole.clone(), whole.clone()];
    bad[0].swap(1, 2);
    bad[1].remove(1);
    bad[2].insert(2, whole[2].clone());
    bad[3][1].0 = PartKind::Head;
    for (number, parts) in bad.iter().enumerate() {
        assert_eq!(read(&key, &file, parts), Err(ExportRefused::NotOpened), "{number}");
    }
    let cut: Parts = whole[..3].to_vec();
    assert_eq!(read(&key, &file, &cut), Ok(false), "without its end it is signed by nobody");
    for (part, blob) in whole.iter().enumerate() {
        for at in 0..blob.1.len() {
            let mut flipped = whole.clone();
            flipped[part].1[at] ^= 1;
            assert!(read(&key, &file, &flipped).is_err(), "part {part}, byte {at}");
        }
    }
}

#[test]
fn a_key_is_read_only_as_it_was_written() {
    let key = ExportKey::make(&mut random(42)).to_text();
    let text = key.expose();
    let (without_end, without_start) = (&text.as_bytes()[..40], &text.as_bytes()[5..]);
    let as_text = |bytes| std::str::from_utf8(bytes).unwrap();
    for wrong in ["", "ckx1.", as_text(without_start), as_text(without_end), &format!("{text}A")] {
        assert!(wrong.parse::<ExportKey>().is_err(), "{wrong}");
    }
    assert!(format!(" {text}\n").parse::<ExportKey>().is_ok());
}

#[test]
fn an_export_of_version_1_is_written_like_this_for_ever() {
    let (key, mut random) = (ExportKey::from_secret(Secret::from_bytes([25; 32])), random(45));
    let entry = ExportedEntry { position: 7, leaf: [26; 32], event: b"{}".to_vec() };
    let (mut exporter, mut file) = Exporter::begin(&key, id(8));
    file.extend(exporter.part(PartKind::Head, b"{}", &mut random));
    file.extend(exporter.part(PartKind::Entries, &write_entries(&[entry]), &mut random));
    file.extend(exporter.end(&SigningKey::from_seed(&Secret::from_bytes([27; 32])), &mut random));
    is_frozen("export", &file);
    is_frozen("export.key", key.to_text().expose().as_bytes());
}
