//! The command line, as an operator and as a script meet it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use keys::certificate::{Authority, fingerprint};
use keys::checkpoint::{Checkpoint, cosign};
use keys::export::{ExportKey, ExportedEntry, Exporter, PartKind, write_entries};
use keys::trust::TrustBundle;
use keys::{AgreementSecret, Random, SigningKey};
use records::id::LogId;
use records::log::{LogPosition, Tree, audit_leaf_hash};
use serde_json::{Value, json};
use uuid::Uuid;

/// A practice of three entries, as the server would write its log down.
struct Practice {
    root: Authority,
    file: Vec<u8>,
    key: ExportKey,
}

impl Practice {
    fn make() -> Self {
        let (mut random, now) = (Random::from_seed([1; 32]), Timestamp::from_second(1_795_341_600).unwrap());
        let (practice, device) = (random.uuid(), random.uuid());
        let log = LogId::from_uuid(random.uuid());
        let root = Authority::make_root(practice, "Elm Street", now, &mut random).unwrap();
        let (directive, witness) = (SigningKey::make(&mut random), SigningKey::make(&mut random));
        let own = SigningKey::make(&mut random);
        let bundle = bundle(practice, now, (&directive, &witness), &mut random).sign(&root).unwrap();
        let event = |n: u8| format!(r#"{{"resourceType":"AuditEvent","id":"{n}"}}"#).into_bytes();
        let entry = |n: u8| {
            let position = u64::from(n);
            let leaf = audit_leaf_hash(LogPosition { log, index: position }, &event(n)).0;
            ExportedEntry { position, leaf, event: event(n) }
        };
        let entries: Vec<ExportedEntry> = (0..3).map(entry).collect();
        let tree = Tree::of(entries.iter().map(|entry| records::log::NodeHash(entry.leaf)));
        let origin = format!("chartkeep/audit/{log}");
        let state = Checkpoint { origin, size: 3, root: tree.root().0, at: now };
        let note = state.sign(&format!("chartkeep-device/{device}"), &own).unwrap();
        let note = cosign(&note, &format!("chartkeep-witness/{practice}"), &witness, now).unwrap();
        let head = json!({
            "made_at": now, "made_by": "server", "practice": practice, "device": device, "log": log,
            "size": 3, "root": tree.root().to_string(),
            "root_certificate": STANDARD.encode(root.certificate()),
            "trust_bundles": [STANDARD.encode(bundle)],
            "checkpoint_keys": [own.verifying_key().to_string()],
            "checkpoints": [note],
            "receipts": [{ "log": log, "size": 3, "root": tree.root().to_string(), "received_at": now,
                "note": note, "trust_bundle": 1 }],
        });
        let key = ExportKey::make(&mut random);
        let (mut exporter, mut file) = Exporter::begin(&key, random.uuid());
        file.extend(exporter.part(PartKind::Head, head.to_string().as_bytes(), &mut random));
        file.extend(exporter.part(PartKind::Entries, &write_entries(&entries), &mut random));
        file.extend(exporter.end(&directive, &mut random));
        Self { root, file, key }
    }
}

fn bundle(
    practice: Uuid,
    now: Timestamp,
    (directive, witness): (&SigningKey, &SigningKey),
    random: &mut Random,
) -> TrustBundle {
    TrustBundle {
        practice,
        number: 1,
        issued_at: now,
        sealing_key: AgreementSecret::make(random).public(),
        recovery_key: AgreementSecret::make(random).public(),
        directive_key: directive.verifying_key(),
        rights_key: SigningKey::make(random).verifying_key(),
        witness_key: witness.verifying_key(),
        issuing: Vec::new(),
    }
}

fn verify(folder: &Path, file: &str, root: &str) -> (Option<i32>, Value, Value) {
    let key = folder.join("key");
    let done = Command::new(env!("CARGO_BIN_EXE_chartkeepctl"))
        .arg("verify")
        .arg(folder.join(file))
        .args(["--key-file", key.to_str().unwrap(), "--root", root])
        .output()
        .unwrap();
    let last = |text: &[u8]| {
        let text = String::from_utf8_lossy(text).into_owned();
        text.trim().lines().last().map_or(Value::Null, |line| serde_json::from_str(line).unwrap())
    };
    (done.status.code(), last(&done.stdout), last(&done.stderr))
}

#[test]
fn an_exported_log_is_checked_and_the_exit_status_says_what_was_found() {
    let (folder, practice) = (tempfile::tempdir().unwrap(), Practice::make());
    let folder = folder.path();
    fs::write(folder.join("key"), format!("{}\n", practice.key.to_text().expose())).unwrap();
    fs::write(folder.join("log"), &practice.file).unwrap();
    fs::write(folder.join("cut"), &practice.file[..practice.file.len() - 1]).unwrap();
    fs::write(folder.join("root.crt"), practice.root.certificate()).unwrap();
    let root = folder.join("root.crt").to_str().unwrap().to_owned();
    let hex: String =
        fingerprint(practice.root.certificate()).iter().map(|byte| format!("{byte:02x}")).collect();

    for root in [&root, &hex] {
        let (status, report, _) = verify(folder, "log", root);
        assert_eq!(status, Some(0), "{report}");
        let told = (&report["ok"], &report["entries"], &report["confirmed"], &report["first_bad"]);
        assert_eq!(told, (&json!(true), &json!(3), &json!(3), &Value::Null));
    }
    let (status, report, error) = verify(folder, "cut", &hex);
    assert_eq!((status, &report["ok"], &report["first_bad"]), (Some(1), &json!(false), &json!(3)));
    assert_eq!(error["error"], "log-broken");
    let (status, _, error) = verify(folder, "log", &"00".repeat(32));
    assert_eq!((status, &error["error"]), (Some(2), &json!("other-root")));
    let (status, _, error) = verify(folder, "key", &hex);
    assert_eq!((status, &error["error"]), (Some(2), &json!("not-an-export")));
    fs::write(folder.join("key"), ExportKey::make(&mut Random::from_os()).to_text().expose()).unwrap();
    let (status, _, error) = verify(folder, "log", &hex);
    assert_eq!((status, &error["error"]), (Some(2), &json!("wrong-key")));
}
