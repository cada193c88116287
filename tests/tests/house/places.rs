//! Nothing in the tree knows the machine it was written on or the mirror its packages came through.

use super::tree::{File, assert_none, files};

/// Folders that exist on one machine only.
const MACHINE: &[&str] = &["/work/", "/root/", "/home/", "/Users/", "C:\\Users\\", "/tmp/"];

/// The only places a lock file may name as the source of a package.
const REGISTRIES: &[&str] =
    &["registry+https://github.com/rust-lang/crates.io-index", "https://registry.npmjs.org/"];

/// This file names them without meaning them.
const OWN: &str = "tests/tests/house/places.rs";

fn broken(files: &[File]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.path != OWN)
        .flat_map(|file| [machine_paths(file), foreign_sources(file)])
        .flatten()
        .collect()
}

fn machine_paths(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        for place in MACHINE.iter().filter(|place| stands_alone(line, place)) {
            found.push(format!("{}:{}: names a folder of one machine: {place}", file.path, number + 1));
        }
    }
    found
}

/// Whether the folder starts a path here: what comes before it is not part of a longer path or address.
fn stands_alone(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || "./_-}$*~".contains(c))
    })
}

fn foreign_sources(file: &File) -> Vec<String> {
    let key = match file.path.rsplit('/').next() {
        Some("Cargo.lock") => "source = \"",
        Some("package-lock.json") => "\"resolved\": \"",
        _ => return Vec::new(),
    };
    let source =
        |line: &str| line.trim().strip_prefix(key).map(|rest| rest.trim_end_matches(['"', ',']).to_owned());
    file.text
        .lines()
        .filter_map(source)
        .filter(|source| !REGISTRIES.iter().any(|registry| source.starts_with(registry)))
        .map(|source| format!("{}: a package comes from {source}", file.path))
        .collect()
}

#[test]
fn no_file_names_a_machine_or_a_mirror() {
    assert_none(&broken(&files()));
}

#[test]
fn a_path_of_one_machine_is_found_but_not_a_part_of_a_longer_one() {
    let bad = ["let a = \"/root/x\";", "see /home/anna/clone", "in /work/main", "(/tmp/a)"];
    for text in bad {
        assert_eq!(broken(&[File::sample("a.md", text)]).len(), 1, "{text}");
    }
    let good = ["https://example.org/home/page", "target/tmp/x", "$HOME/tmp/", "homework/root/a", "~/work/x"];
    for text in good {
        assert_none(&broken(&[File::sample("a.md", text)]));
    }
}

#[test]
fn a_package_from_a_mirror_is_found() {
    let npm = |host: &str| {
        File::sample("ui/package-lock.json", &format!("  \"resolved\": \"https://{host}/a/-/a-1.tgz\",\n"))
    };
    assert_eq!(broken(&[npm("mirror.example")]).len(), 1);
    assert_none(&broken(&[npm("registry.npmjs.org")]));
    let cargo = |source: &str| File::sample("Cargo.lock", &format!("source = \"{source}\"\n"));
    assert_eq!(broken(&[cargo("git+https://github.com/a/b")]).len(), 1);
    assert_none(&broken(&[cargo("registry+https://github.com/rust-lang/crates.io-index")]));
}
