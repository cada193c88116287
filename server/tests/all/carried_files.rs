//! Attached files that come by file: taken in as over the wire, whoever brings them, and what is missing of them is said.

use crate::clinic::{Clinic, patient, take_in};
use crate::process::run;
use crate::workstation::{Person, Workstation};
use chartkeep_server::carrying::take_items;
use chartkeep_server::people;
use chartkeep_server::store::{CertificateRow, NewDevice, write};
use keys::courier::{FilePlace, Item};
use keys::{Random, SigningKey};
use records::change::Base;
use records::id::{AttachmentId, ChangeId};
use records::write::{Context, FileForm, SealedFile};
use records::{Document, Role};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sync::wire::{
    AttachmentHeld, AttachmentPart, AttachmentPiece, AttachmentRead, CourierResponse, ItemStanding,
    LONGEST_ATTACHMENT, ProblemCode, path,
};

use ItemStanding::{Held, Refused, Waits};

/// How the tests cut a file.
const PART: usize = 1_000_000;

struct Scan {
    id: AttachmentId,
    change: ChangeId,
    bytes: Vec<u8>,
}

impl Scan {
    fn of(length: usize) -> Self {
        let mut random = Random::from_os();
        let start = random.bytes::<32>();
        let bytes = (0..length).map(|at| start[at % 32] ^ u8::try_from(at % 251).unwrap()).collect();
        let (id, change) = (random.uuid(), random.uuid());
        Self { id: AttachmentId::from_uuid(id), change: ChangeId::from_uuid(change), bytes }
    }

    fn place(&self, from: &Workstation<'_>) -> FilePlace {
        FilePlace {
            practice: from.enrolled.practice_id.uuid(),
            device: from.id.uuid(),
            change: self.change.uuid(),
            file: self.id.uuid(),
            length: self.bytes.len() as u64,
            digest: Sha256::digest(&self.bytes).into(),
            from: 0,
        }
    }

    /// All of it, in parts, signed with a key.
    fn items_by(&self, from: &Workstation<'_>, key: &SigningKey) -> Vec<Vec<u8>> {
        let parts = self.bytes.chunks(PART).enumerate().map(|(number, bytes)| {
            let place = FilePlace { from: (number * PART) as u64, ..self.place(from) };
            Item::of_file_part(&place, bytes, key).unwrap().to_bytes()
        });
        parts.collect()
    }

    fn items(&self, from: &Workstation<'_>) -> Vec<Vec<u8>> {
        self.items_by(from, &from.checkpoint_key)
    }

    fn wire_part(&self, from: usize, to: usize) -> AttachmentPart {
        AttachmentPart {
            attachment: self.id,
            length: self.bytes.len() as u64,
            digest: Sha256::digest(&self.bytes).to_vec().into(),
            from: from as u64,
            bytes: self.bytes[from..to].into(),
        }
    }

    fn record(&self, clinic: &Clinic, author: &Person) -> Document {
        let context = Context {
            patient: "p1".parse().unwrap(),
            encounter: None,
            author: author.id,
            author_name: None,
            at: clinic.now(),
        };
        let form = FileForm {
            id: "scan-1".parse().unwrap(),
            title: "Letter".to_owned(),
            media_type: "application/pdf".to_owned(),
            size: 100,
            file: SealedFile { attachment: self.id, key: [7; 32] },
        };
        form.document(&context).unwrap()
    }
}

fn bring(clinic: &Clinic, items: &[Vec<u8>]) -> (Vec<ItemStanding>, CourierResponse) {
    let response = take_items(&clinic.practice, items).unwrap();
    (response.results.iter().map(|result| result.standing).collect(), response)
}

/// How much of the one file that an answer speaks of is here.
fn held(response: &CourierResponse) -> (u64, u64) {
    assert_eq!(response.files.len(), 1);
    (response.files[0].held, response.files[0].length)
}

fn read(workstation: &Workstation<'_>, scan: &Scan) -> Result<Vec<u8>, ProblemCode> {
    let mut got = Vec::new();
    loop {
        let asked = AttachmentRead { attachment: scan.id, from: got.len() as u64 };
        let answer = workstation.post(path::READ_ATTACHMENT, &asked);
        if let Some(problem) = answer.problem() {
            return Err(problem);
        }
        let piece: AttachmentPiece = answer.json();
        got.extend_from_slice(piece.bytes.as_slice());
        if got.len() as u64 == piece.length {
            return Ok(got);
        }
    }
}

#[test]
fn a_file_comes_by_stick_in_any_order_twice_is_as_once_and_another_workstation_reads_it() {
    let clinic = Clinic::open();
    let (away, near) = (clinic.enrol(), clinic.enrol());
    let scan = Scan::of(2_500_000);
    let mut items = scan.items(&away);
    items.reverse();
    for _ in 0..2 {
        let (standings, response) = bring(&clinic, &items);
        assert_eq!((standings, held(&response)), (vec![Held; 3], (2_500_000, 2_500_000)));
        assert_eq!((response.files[0].change, response.files[0].attachment), (scan.change, scan.id));
        assert_eq!(response.answers.len(), 1, "the workstation hears of it");
    }
    assert!(read(&near, &scan) == Ok(scan.bytes));
}

#[test]
fn half_a_file_is_none_a_gap_waits_and_wire_and_stick_go_on_where_the_other_ended() {
    let clinic = Clinic::open();
    let (away, near) = (clinic.enrol(), clinic.enrol());
    let scan = Scan::of(2_500_000);
    let items = scan.items(&away);
    let (standings, response) = bring(&clinic, &items[1..]);
    assert_eq!((standings, held(&response)), (vec![Waits; 2], (0, 2_500_000)));
    let (standings, response) = bring(&clinic, &items[..1]);
    assert_eq!((standings, held(&response)), (vec![Held], (1_000_000, 2_500_000)));
    assert_eq!(read(&near, &scan), Err(ProblemCode::NotFound), "half a file is none");
    let sent: AttachmentHeld = away.post(path::ATTACHMENTS, &scan.wire_part(1_000_000, 1_300_000)).json();
    assert_eq!(sent.held, 1_300_000);
    let (standings, _) = bring(&clinic, &items);
    assert_eq!(standings, [Held; 3], "of a part that is known in half, the other half is taken");
    let sent: AttachmentHeld = away.post(path::ATTACHMENTS, &scan.wire_part(0, 0)).json();
    assert_eq!(sent.held, 2_500_000);
    assert!(read(&near, &scan) == Ok(scan.bytes));
}

#[test]
fn what_its_workstation_has_not_signed_is_refused_and_does_not_take_the_place_of_the_file() {
    let (clinic, other) = (Clinic::open(), Clinic::open());
    let (away, near) = (clinic.enrol(), clinic.enrol());
    let scan = Scan::of(1_500_000);
    let forged = Scan { bytes: vec![7; 1_500_000], ..Scan::of(0) };
    let forged = Scan { id: scan.id, change: scan.change, ..forged };
    let (standings, response) = bring(&clinic, &forged.items_by(&away, &near.checkpoint_key));
    assert_eq!((standings, response.files.len()), (vec![Refused; 2], 0));
    assert!(response.results[0].name.contains(&scan.change.to_string()), "it is named by its change");
    let mut altered = scan.items(&away);
    altered[1][500_000] ^= 1;
    let (standings, response) = bring(&clinic, &altered);
    assert_eq!((standings, held(&response)), (vec![Held, Refused], (1_000_000, 1_500_000)));
    let (standings, _) = bring(&other, &scan.items(&away));
    assert_eq!(standings, [Refused; 2], "another practice's");
    let (standings, response) = bring(&clinic, &scan.items(&away));
    assert_eq!((standings, held(&response)), (vec![Held; 2], (1_500_000, 1_500_000)));
    assert_eq!(bring(&clinic, &forged.items_by(&near, &near.checkpoint_key)).0, [Refused; 2]);
    assert!(read(&near, &scan) == Ok(scan.bytes), "an id stands for one file of one workstation");
}

#[test]
fn what_is_too_long_or_not_the_file_that_was_announced_leaves_nothing_behind() {
    let clinic = Clinic::open();
    let away = clinic.enrol();
    let long = Scan::of(100);
    let place = FilePlace { length: LONGEST_ATTACHMENT + 1, ..long.place(&away) };
    let item = Item::of_file_part(&place, &long.bytes, &away.checkpoint_key).unwrap().to_bytes();
    let (standings, response) = bring(&clinic, &[item]);
    assert_eq!((standings, held(&response)), (vec![Refused], (0, 0)));
    let wrong = Scan::of(1_500_000);
    let items: Vec<Vec<u8>> = wrong
        .bytes
        .chunks(PART)
        .enumerate()
        .map(|(number, bytes)| {
            let place = FilePlace { from: (number * PART) as u64, digest: [9; 32], ..wrong.place(&away) };
            Item::of_file_part(&place, bytes, &away.checkpoint_key).unwrap().to_bytes()
        })
        .collect();
    let (standings, response) = bring(&clinic, &items);
    assert_eq!((standings, held(&response)), (vec![Held, Refused], (0, 1_500_000)));
}

#[test]
fn a_change_whose_file_has_not_come_is_named_until_all_of_it_is_here() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("p1")]);
    let (away, near) = (clinic.enrol(), clinic.enrol());
    let nora = away.activate("nora", Role::Nurse);
    people::add_relation(&clinic.practice, nora.id, "p1".parse().unwrap(), 1).unwrap();
    let mut scan = Scan::of(1_500_000);
    let (change, envelope) = away.envelope(&nora, vec![(scan.record(&clinic, &nora), Base::None)]);
    scan.change = change;
    let envelope = Item::of_envelope(envelope).unwrap().to_bytes();
    for _ in 0..2 {
        let (standings, response) = bring(&clinic, std::slice::from_ref(&envelope));
        assert_eq!((standings, held(&response)), (vec![Held], (0, 0)), "held, and its file is not here");
        assert_eq!((response.files[0].change, response.files[0].attachment), (change, scan.id));
    }
    let items = scan.items(&away);
    let (_, response) = bring(&clinic, &[envelope.clone(), items[0].clone()]);
    assert!(held(&response) == (1_000_000, 1_500_000) && !response.files[0].is_whole());
    let (_, response) = bring(&clinic, &[items[1].clone(), envelope]);
    assert!(response.files[0].is_whole());
    assert!(read(&near, &scan) == Ok(scan.bytes));
}

#[test]
fn a_workstation_that_was_lost_and_enrolled_again_is_believed_by_its_old_key_and_a_revoked_one_too() {
    let clinic = Clinic::open();
    let (away, near) = (clinic.enrol(), clinic.enrol());
    let (first, second) = (Scan::of(1_500_000), Scan::of(100));
    let row = clinic.look(|tx| tx.device(away.id)).unwrap();
    let again = NewDevice {
        id: row.id,
        practice: row.practice,
        label: row.label,
        certificate: CertificateRow { fingerprint: [1; 32], until: clinic.now() },
        checkpoint_key: SigningKey::make(&mut Random::from_os()).verifying_key(),
        agreement_key: row.agreement_key,
        escrow: None,
        enrolled_at: clinic.now(),
    };
    write(clinic.practice.store.as_ref(), |tx| tx.enrol_again(&again)).unwrap();
    assert_eq!(bring(&clinic, &first.items(&away)).0, [Held; 2]);
    people::revoke_device(&clinic.practice, away.id).unwrap();
    assert_eq!(bring(&clinic, &second.items(&away)).0, [Held], "what it wrote is put aside, not dropped");
    assert!(read(&near, &first) == Ok(first.bytes) && read(&near, &second) == Ok(second.bytes));
}

#[test]
fn an_operator_takes_a_file_in_from_a_stick_and_is_told_of_which_change_it_is_not_whole() {
    let clinic = Clinic::open();
    let (away, near) = (clinic.enrol(), clinic.enrol());
    // More than is taken in at once.
    let scan = Scan::of(18_500_000);
    let (data, folder) = (clinic.dir.path().join("practice"), tempfile::tempdir().unwrap());
    let (stick, answers) = (folder.path().join("away.ckcourier"), folder.path().join("away.answers"));
    let import = |bytes: &[u8]| {
        std::fs::write(&stick, bytes).unwrap();
        let words = [&data, &stick, &answers].map(|path| path.to_str().unwrap());
        let done = run(&["courier", "import", "--data", words[0], words[1], "--answers", words[2]]);
        let said: Value = serde_json::from_slice(&done.stdout).unwrap();
        std::fs::remove_file(&answers).unwrap();
        (done.status.code(), said)
    };
    let bytes = scan.items(&away).concat();
    let (code, said) = import(&bytes[..bytes.len() - 1]);
    assert_eq!((code, said["held"].as_u64()), (Some(1), Some(18)));
    assert_eq!(said["files_not_whole"][0]["change"], scan.change.to_string());
    assert!(said["unreadable"][0]["name"].as_str().unwrap().contains(&scan.change.to_string()));
    let (code, said) = import(&bytes);
    assert_eq!((code, said["held"].as_u64()), (Some(0), Some(19)), "{said}");
    assert!(read(&near, &scan) == Ok(scan.bytes));
}
