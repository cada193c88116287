//! Who may stand on whom (`docs/ARCHITECTURE.md`), read from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::tree::{assert_none, root};

/// Our packages and those of ours each may name, in any kind of dependency.
const OURS: &[(&str, &[&str])] = &[
    ("records", &[]),
    ("keys", &[]),
    ("sqlcipher", &[]),
    ("sync", &["records"]),
    ("vault", &["sqlcipher", "keys", "records"]),
    ("client", &["vault", "sync", "keys", "records"]),
    ("chartkeepctl", &["client", "keys", "records"]),
    ("chartkeep", &["client", "records"]),
    ("chartkeep-server", &["sync", "keys", "records", "sqlcipher"]),
    ("chartkeep-tests", &["client", "vault", "sync", "keys", "records", "sqlcipher", "chartkeep-server"]),
    ("xtask", &[]),
    ("parsers", &["sync", "keys", "records"]),
];

/// Libraries that only the packages named here may use in what ships; a test may use them anywhere.
const ONLY: &[(&str, &[&str])] = &[
    ("tauri", &["chartkeep"]),
    ("tauri-build", &["chartkeep"]),
    ("rusqlite", &["sqlcipher", "vault", "chartkeep-server", "chartkeep-tests"]),
    ("axum", &["chartkeep-server"]),
    ("axum-server", &["chartkeep-server"]),
    ("tokio-postgres", &["chartkeep-server"]),
    // The server posts its alerts, and nothing else (docs/adr/0017-the-server-speaks-outward-to-one-address.md).
    ("reqwest", &["client", "chartkeep-server", "chartkeep-tests"]),
    ("keyring-core", &["client"]),
    ("secret-service", &["client"]),
    ("zbus-secret-service-keyring-store", &["client"]),
    ("authenticator", &["client"]),
    ("cryptoki", &["chartkeep-server"]),
    ("aes-gcm", &["keys"]),
    ("argon2", &["keys"]),
    ("ed25519-dalek", &["keys"]),
    ("hkdf", &["keys"]),
    ("hmac", &["keys"]),
    ("hpke", &["keys"]),
    ("opaque-ke", &["keys"]),
    ("rcgen", &["keys"]),
    ("ring", &["keys"]),
    ("totp-rs", &["keys"]),
    ("x25519-dalek", &["keys"]),
    ("x509-parser", &["keys"]),
    ("zxcvbn", &["keys"]),
];

/// Packages that do no I/O, and what would let them.
const PURE: &[&str] = &["records", "keys", "sync"];
const IMPURE: &[&str] =
    &["tokio", "rusqlite", "reqwest", "axum", "tauri", "rustix", "keyring-core", "zbus", "tempfile"];

/// Package names and what each depends on.
type Edges = BTreeMap<String, BTreeSet<Edge>>;

/// One dependency line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    to: String,
    only_in_tests: bool,
}

fn broken(edges: &Edges) -> Vec<String> {
    let ours: BTreeMap<&str, &[&str]> = OURS.iter().copied().collect();
    let mut broken = Vec::new();
    for (package, dependencies) in edges {
        let Some(allowed) = ours.get(package.as_str()) else {
            broken.push(format!("{package} is not in the table of arrows"));
            continue;
        };
        for edge in dependencies {
            let dependency = edge.to.as_str();
            let of_ours = ours.contains_key(dependency) && dependency != package;
            if of_ours && !allowed.contains(&dependency) {
                broken.push(format!("{package} must not stand on {dependency}"));
            }
            let kept_from = |(library, users): &(&str, &[&str])| {
                *library == dependency && !users.contains(&package.as_str())
            };
            if edge.only_in_tests {
                continue;
            }
            if ONLY.iter().any(kept_from) {
                broken.push(format!("{package} must not use {dependency}"));
            }
            if PURE.contains(&package.as_str()) && IMPURE.contains(&dependency) {
                broken.push(format!("{package} does no I/O and so must not use {dependency}"));
            }
        }
    }
    broken
}

fn edges_of_the_workspace() -> Edges {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs where tests do");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata answers in JSON");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
    let edge = |line: &Value| Edge { to: name(line), only_in_tests: line["kind"] == "dev" };
    list(&metadata["packages"])
        .iter()
        .map(|package| (name(package), list(&package["dependencies"]).iter().map(edge).collect()))
        .collect()
}

fn sample(edges: &[(&str, &[&str])]) -> Edges {
    let owned = |(package, dependencies): &(&str, &[&str])| {
        let edge = |name: &&str| Edge {
            to: name.trim_end_matches(" (dev)").to_owned(),
            only_in_tests: name.ends_with(" (dev)"),
        };
        ((*package).to_owned(), dependencies.iter().map(edge).collect())
    };
    edges.iter().map(owned).collect()
}

#[test]
fn every_arrow_of_the_workspace_is_an_allowed_one() {
    let edges = edges_of_the_workspace();
    assert!(edges.len() >= OURS.len(), "{edges:?}");
    assert_none(&broken(&edges));
}

#[test]
fn an_arrow_upwards_or_sideways_is_found() {
    let one = |package, dependency| broken(&sample(&[(package, &[dependency])])).len();
    assert_eq!(one("records", "vault"), 1);
    assert_eq!(one("chartkeep-server", "vault"), 1);
    assert_eq!(one("chartkeep", "keys"), 1);
    assert_eq!(one("xtask", "records"), 1);
    assert_eq!(one("chartkeep-tests", "chartkeep"), 1);
    assert_eq!(one("client", "chartkeep-server (dev)"), 1);
    assert_eq!(one("client", "vault"), 0);
}

#[test]
fn a_library_in_the_wrong_place_is_found() {
    let one = |package, dependency| broken(&sample(&[(package, &[dependency])])).len();
    assert_eq!(one("client", "tauri"), 1);
    assert_eq!(one("client", "rusqlite"), 1);
    assert_eq!(one("vault", "aes-gcm"), 1);
    assert_eq!(one("sync", "tokio"), 1);
    assert_eq!(one("vault", "reqwest"), 1);
    assert_eq!(one("vault", "reqwest (dev)"), 0);
    assert_eq!(one("records", "serde"), 0);
}

#[test]
fn a_package_nobody_put_in_the_table_is_found() {
    assert_eq!(broken(&sample(&[("common", &[])])).len(), 1);
}

#[test]
fn the_table_itself_has_no_circle() {
    for (package, allowed) in OURS {
        let earlier: Vec<_> = OURS.iter().map(|(name, _)| *name).take_while(|name| name != package).collect();
        let known = |name: &&str| earlier.contains(name) || *package == "vault" && *name == "sqlcipher";
        assert!(allowed.iter().all(known), "{package} stands on something below it in the table");
    }
}
