//! Attached files in parts: up, cut off and gone on with, down again; and what is refused.

use crate::clinic::{Answer, Clinic};
use crate::workstation::Workstation;
use chartkeep_server::store::Leaf;
use keys::Random;
use records::AuditEvent;
use records::event::EventKind;
use records::id::AttachmentId;
use sha2::{Digest as _, Sha256};
use sync::wire::{
    AttachmentHeld, AttachmentPart, AttachmentPiece, AttachmentRead, LONGEST_ATTACHMENT, LONGEST_PART,
    ProblemCode, path,
};

struct File {
    id: AttachmentId,
    bytes: Vec<u8>,
}

impl File {
    fn of(length: usize) -> Self {
        let mut random = Random::from_os();
        let start = random.bytes::<32>();
        let bytes = (0..length).map(|at| start[at % 32] ^ u8::try_from(at % 251).unwrap()).collect();
        Self { id: AttachmentId::from_uuid(random.uuid()), bytes }
    }

    fn part(&self, from: usize, to: usize) -> AttachmentPart {
        AttachmentPart {
            attachment: self.id,
            length: self.bytes.len() as u64,
            digest: Sha256::digest(&self.bytes).to_vec().into(),
            from: from as u64,
            bytes: self.bytes[from..to].into(),
        }
    }

    fn send(&self, workstation: &Workstation<'_>, from: usize, to: usize) -> u64 {
        let held: AttachmentHeld = workstation.post(path::ATTACHMENTS, &self.part(from, to)).json();
        held.held
    }
}

fn read(workstation: &Workstation<'_>, file: &File, from: usize) -> Answer {
    let asked = AttachmentRead { attachment: file.id, from: from as u64 };
    workstation.post(path::READ_ATTACHMENT, &asked)
}

#[test]
fn a_file_arrives_in_parts_also_after_a_cut_and_a_repeat_and_another_workstation_reads_it() {
    let clinic = Clinic::open();
    let (here, there) = (clinic.enrol(), clinic.enrol());
    let file = File::of(2_500_000);
    assert_eq!(file.send(&here, 0, 0), 0, "an empty part only asks");
    assert_eq!(file.send(&here, 0, 1_000_000), 1_000_000);
    assert_eq!(file.send(&here, 0, 1_000_000), 1_000_000, "said again, it is not taken twice");
    assert_eq!(file.send(&here, 1_500_000, 1_600_000), 1_000_000, "nor is what leaves a gap");
    assert_eq!(read(&there, &file, 0).problem(), Some(ProblemCode::NotFound), "half a file is none");
    assert_eq!(file.send(&here, 1_000_000, 2_000_000), 2_000_000);
    assert_eq!(file.send(&here, 2_000_000, 2_500_000), 2_500_000);
    assert_eq!(file.send(&here, 0, 0), 2_500_000);
    let mut got = Vec::new();
    while got.len() < file.bytes.len() {
        // From the middle of a part too, as after a cut.
        let piece: AttachmentPiece = read(&there, &file, got.len()).json();
        assert_eq!((piece.length, piece.digest.as_slice().len()), (2_500_000, 32));
        let some = piece.bytes.as_slice().len().div_ceil(2);
        got.extend_from_slice(&piece.bytes.as_slice()[..some]);
    }
    assert!(got == file.bytes);
    let piece: AttachmentPiece = read(&there, &file, 2_500_000).json();
    assert!(piece.bytes.as_slice().is_empty());
}

#[test]
fn each_part_that_is_read_is_an_event() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let file = File::of(1_000);
    file.send(&workstation, 0, 1_000);
    let fetched = || {
        let leaves: Vec<Leaf> = clinic.look(|tx| tx.leaves(clinic.practice.row.log, 0, 10_000));
        let events = leaves.into_iter().filter_map(|leaf| AuditEvent::parse(leaf.event).ok());
        events.filter(|event| event.summary().kind == Some(EventKind::Replicated)).count()
    };
    let before = fetched();
    read(&workstation, &file, 0);
    read(&workstation, &file, 500);
    assert_eq!(fetched(), before + 2);
}

#[test]
fn what_is_not_the_file_that_was_announced_is_taken_out_again() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let file = File::of(1_000);
    let mut last = file.part(500, 1_000);
    last.bytes.0[499] ^= 1;
    assert_eq!(file.send(&workstation, 0, 500), 500);
    assert_eq!(workstation.post(path::ATTACHMENTS, &last).problem(), Some(ProblemCode::Malformed));
    assert_eq!(file.send(&workstation, 0, 0), 0, "it begins anew");
    assert_eq!(file.send(&workstation, 0, 1_000), 1_000);
}

#[test]
fn limits_and_strangers_are_refused() {
    let clinic = Clinic::open();
    let (here, there) = (clinic.enrol(), clinic.enrol());
    let file = File::of(100);
    let refused = |workstation: &Workstation<'_>, part: &AttachmentPart| {
        workstation.post(path::ATTACHMENTS, part).problem()
    };
    file.send(&here, 0, 50);
    assert_eq!(refused(&there, &file.part(50, 100)), Some(ProblemCode::Malformed), "of another workstation");
    let other = AttachmentPart { length: 101, ..file.part(50, 100) };
    assert_eq!(refused(&here, &other), Some(ProblemCode::Malformed), "another file by the same id");
    for part in [
        AttachmentPart { length: LONGEST_ATTACHMENT + 1, ..file.part(0, 1) },
        AttachmentPart { bytes: vec![0; LONGEST_PART + 1].into(), length: 30 << 20, ..file.part(0, 1) },
    ] {
        assert_eq!(refused(&here, &part), Some(ProblemCode::TooLarge));
    }
    for part in [
        AttachmentPart { from: 60, ..file.part(0, 50) },
        AttachmentPart { from: u64::MAX, ..file.part(0, 50) },
        AttachmentPart { digest: vec![1; 31].into(), ..file.part(50, 100) },
        AttachmentPart { length: 0, ..file.part(0, 0) },
    ] {
        assert_eq!(refused(&here, &part), Some(ProblemCode::Malformed));
    }
    assert_eq!(file.send(&here, 50, 100), 100, "it goes on all the same");
    assert_eq!(read(&here, &File::of(1), 0).problem(), Some(ProblemCode::NotFound));
}
