//! Checkpoints: C2SP signed notes and cosignatures.

use keys::checkpoint::{self, Checkpoint, NoteRefused};
use keys::{Secret, SigningKey};

use super::given::{NOW, at, every_flip_refuses, now, random};

const DEVICE: &str = "chartkeep-device";
const WITNESS: &str = "chartkeep-witness";

fn state() -> Checkpoint {
    Checkpoint { origin: "chartkeep.example/log/0190".to_owned(), size: 1234, root: [0xab; 32], at: now() }
}

fn keys() -> (SigningKey, SigningKey) {
    let mut random = random(90);
    (SigningKey::make(&mut random), SigningKey::make(&mut random))
}

#[test]
fn a_signed_state_verifies_and_a_witness_adds_its_line() {
    let (device, witness) = keys();
    let note = state().sign(DEVICE, &device).unwrap();
    assert_eq!(Checkpoint::verify(&note, DEVICE, &device.verifying_key()), Ok(state()));
    let receipt = checkpoint::cosign(&note, WITNESS, &witness, at(NOW + 5)).unwrap();
    assert_eq!(Checkpoint::verify(&receipt, DEVICE, &device.verifying_key()), Ok(state()));
    let (cosigned, when) =
        checkpoint::verify_cosignature(&receipt, WITNESS, &witness.verifying_key()).unwrap();
    assert_eq!((cosigned, when), (state(), at(NOW + 5)));
}

#[test]
fn the_text_is_that_of_the_specification() {
    let note = state().sign(DEVICE, &keys().0).unwrap();
    let root = "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=";
    assert!(
        note.starts_with(&format!("chartkeep.example/log/0190\n1234\n{root}\ntime {NOW}\n\n— {DEVICE} ")),
        "{note}"
    );
    assert!(note.ends_with('\n'));
}

#[test]
fn the_example_of_the_signed_note_specification_gives_our_key_line() {
    // golang.org/x/mod/sumdb/note: PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW
    let key = "GlzZBxQ8OExB6DDFvOEqqIF+xWSaqr8sMTiLNbLXRNY=".parse().unwrap();
    assert_eq!(
        checkpoint::verifier_line("PeterNeumann", &key),
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    );
}

#[test]
fn other_names_and_keys_are_not_signatures_of_ours() {
    let (device, witness) = keys();
    let note = state().sign(DEVICE, &device).unwrap();
    assert_eq!(Checkpoint::verify(&note, WITNESS, &device.verifying_key()), Err(NoteRefused::NotSigned));
    assert_eq!(Checkpoint::verify(&note, DEVICE, &witness.verifying_key()), Err(NoteRefused::NotSigned));
    let plain = checkpoint::verify_cosignature(&note, DEVICE, &device.verifying_key());
    assert_eq!(plain.err(), Some(NoteRefused::NotSigned), "a signature is no cosignature");
}

#[test]
fn any_change_refuses() {
    let (device, witness) = keys();
    let note = state().sign(DEVICE, &device).unwrap();
    every_flip_refuses(note.as_bytes(), |bytes| {
        std::str::from_utf8(bytes)
            .is_ok_and(|note| Checkpoint::verify(note, DEVICE, &device.verifying_key()).is_ok())
    });
    let receipt = checkpoint::cosign(&note, WITNESS, &witness, now()).unwrap();
    let earlier = receipt.replace("\n1234\n", "\n1233\n");
    let refused = checkpoint::verify_cosignature(&earlier, WITNESS, &witness.verifying_key());
    assert_eq!(refused.err(), Some(NoteRefused::BadSignature));
}

#[test]
fn names_and_numbers_that_a_note_cannot_bear_are_refused() {
    let key = SigningKey::from_seed(&Secret::from_bytes([1; 32]));
    for origin in ["", " a", "a\nb", "a\u{1b}[2J"] {
        let state = Checkpoint { origin: origin.to_owned(), ..state() };
        assert!(state.sign(DEVICE, &key).is_err(), "{origin:?}");
    }
    for name in ["", "a b", "a+b", "a\n"] {
        assert!(state().sign(name, &key).is_err(), "{name:?}");
    }
    for body in
        ["o\n01\n{root}\ntime 5\n", "o\n+1\n{root}\ntime 5\n", "o\n1\n{root}\n", "o\n1\nAAAA\ntime 5\n"]
    {
        let note = format!("{body}\n— n AAAAAAAA\n");
        assert!(Checkpoint::verify(&note, "n", &key.verifying_key()).is_err(), "{note}");
    }
}
