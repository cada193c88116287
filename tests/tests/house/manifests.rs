//! Every crate takes its lints, its edition and the version of each library from the workspace.

use super::tree::{File, assert_none, files};

/// Another workspace, built with the sanitizers: what it calls lies in a crate of this one.
const APART: &str = "fuzz/Cargo.toml";

fn broken(files: &[File]) -> Vec<String> {
    let ours = |file: &&File| file.path.ends_with("/Cargo.toml") && file.path != APART;
    files.iter().filter(ours).flat_map(broken_in).collect()
}

fn broken_in(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let mut section = "";
    for (number, line) in file.text.lines().enumerate() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if section.ends_with("dependencies")
            && line.contains('=')
            && !line.contains("workspace = true")
            && !line.starts_with('#')
        {
            found.push(format!("{}:{}: names a version that is not the workspace's", file.path, number + 1));
        }
    }
    for wanted in ["[lints]\nworkspace = true", "edition.workspace = true", "publish.workspace = true"] {
        if !file.text.contains(wanted) {
            found.push(format!("{}: lacks `{}`", file.path, wanted.replace('\n', " ")));
        }
    }
    found
}

#[test]
fn every_crate_follows_the_workspace() {
    assert_none(&broken(&files()));
}

#[test]
fn a_crate_with_its_own_version_or_without_the_lints_is_found() {
    let good = "[package]\nedition.workspace = true\npublish.workspace = true\n[lints]\nworkspace = true\n\
                [dependencies]\nserde = { workspace = true, features = [\"x\"] }\nuuid.workspace = true\n";
    assert_none(&broken(&[File::sample("a/Cargo.toml", good)]));
    let own = good.replace("uuid.workspace = true", "uuid = \"1\"");
    assert_eq!(broken(&[File::sample("a/Cargo.toml", &own)]).len(), 1);
    let unlinted = good.replace("[lints]\nworkspace = true\n", "");
    assert_eq!(broken(&[File::sample("a/Cargo.toml", &unlinted)]).len(), 1);
}
