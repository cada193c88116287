//! What the documents point at exists, and nobody is left out of the map.

use std::collections::BTreeSet;

use super::tree::{File, assert_none, files, paths};

/// The map of the code.
const MAP: &str = "docs/ARCHITECTURE.md";

/// Folders that documents speak of and that a build makes.
const BUILT: &[&str] = &["ui/dist", "ui/node_modules", "src-tauri/gen"];

/// What a path of ours ends in; a folder of the same name on a server or a workstation holds other things.
const SOURCES: &[&str] = &[".rs", ".toml", ".md", ".ts", ".svelte", ".sql", ".json", ".txt", ".yml"];

fn broken_links(files: &[File], paths: &[String]) -> Vec<String> {
    let mut broken = Vec::new();
    for file in files.iter().filter(|file| file.is(&["md"])) {
        for target in links(&file.text) {
            let path = resolved(&file.path, target);
            if !is_there(paths, &path) {
                broken.push(format!("{}: points at {target}, which is not there", file.path));
            }
        }
    }
    broken
}

/// Whether the path is a file of the tree or a folder with one in it.
fn is_there(paths: &[String], wanted: &str) -> bool {
    let inside = format!("{wanted}/");
    paths.iter().any(|path| path == wanted || path.starts_with(&inside))
}

/// The targets of `[text](target)` that lie in this repository, without their anchors.
fn links(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
        .filter(|target| {
            !target.contains("://") && !target.starts_with('#') && !target.starts_with("mailto:")
        })
        .map(|target| target.split('#').next().unwrap_or(target))
        .collect()
}

/// The target as a path from the root.
fn resolved(from: &str, target: &str) -> String {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// Paths in backquotes that begin in a folder of ours and lead nowhere.
fn broken_paths(files: &[File], paths: &[String]) -> Vec<String> {
    let tops: BTreeSet<&str> =
        paths.iter().filter_map(|path| path.split_once('/')).map(|(top, _)| top).collect();
    let ours =
        |word: &&str| word.split_once('/').is_some_and(|(top, rest)| tops.contains(top) && !rest.is_empty());
    let mut broken = Vec::new();
    for file in files.iter().filter(|file| file.is(&["md"])) {
        for word in file.text.split('`').skip(1).step_by(2).filter(ours) {
            let plain = !word.contains(['*', ' ', '<', '…', '\n'])
                && (word.ends_with('/') || SOURCES.iter().any(|extension| word.ends_with(extension)));
            let is_there = |path: &str| is_there(paths, path.trim_end_matches('/'));
            let built = BUILT.iter().any(|built| word.starts_with(built));
            if plain && !built && !is_there(word) && !is_there(&resolved(&file.path, word)) {
                broken.push(format!("{}: names `{word}`, which is not there", file.path));
            }
        }
    }
    broken
}

/// Pages under `docs/` that code or configuration speaks of and that are not there.
fn missing_pages(files: &[File], paths: &[String]) -> Vec<String> {
    let mut missing = Vec::new();
    for file in files.iter().filter(|file| !file.is(&["md"]) && !file.path.starts_with("tests/tests/house/"))
    {
        for rest in file.text.split("docs/").skip(1) {
            let end =
                rest.find(|c: char| !(c.is_ascii_alphanumeric() || "/-_.".contains(c))).unwrap_or(rest.len());
            let page = rest.get(..end).unwrap_or_default().trim_end_matches('.');
            if page.ends_with(".md") && !is_there(paths, &format!("docs/{page}")) {
                missing.push(format!("{}: speaks of docs/{page}, which is not there", file.path));
            }
        }
    }
    missing
}

fn unmapped(files: &[File]) -> Vec<String> {
    let map = files.iter().find(|file| file.path == MAP).map_or("", |file| file.text.as_str());
    let folders: BTreeSet<&str> =
        files.iter().filter_map(|file| file.path.split_once('/')).map(|(top, _)| top).collect();
    let missing = |folder: &&&str| !folder.starts_with('.') && !map.contains(&format!("`{folder}/"));
    folders.iter().filter(missing).map(|folder| format!("{MAP} says nothing of `{folder}/`")).collect()
}

fn odd_decisions(files: &[File]) -> Vec<String> {
    let decisions: Vec<&File> =
        files.iter().filter(|file| file.path.starts_with("docs/adr/") && file.is(&["md"])).collect();
    let number = |file: &File| file.path.trim_start_matches("docs/adr/").chars().take(4).collect::<String>();
    let mut seen = BTreeSet::new();
    let mut odd = Vec::new();
    for file in decisions {
        if !seen.insert(number(file)) {
            odd.push(format!("{}: its number is taken", file.path));
        }
        for heading in ["Status: ", "## Context", "## Decision", "## Consequences"] {
            if !file.text.contains(heading) {
                odd.push(format!("{}: lacks `{heading}`", file.path));
            }
        }
    }
    odd
}

#[test]
fn every_link_in_a_document_leads_somewhere() {
    assert_none(&broken_links(&files(), &paths()));
}

#[test]
fn every_path_a_document_names_exists() {
    assert_none(&broken_paths(&files(), &paths()));
}

#[test]
fn every_page_that_code_speaks_of_exists() {
    assert_none(&missing_pages(&files(), &paths()));
}

#[test]
fn a_page_that_is_only_spoken_of_is_found() {
    let paths = ["docs/adr/0001-a.md".to_owned()];
    let missing = |text: &str| missing_pages(&[File::sample("a/src/lib.rs", text)], &paths).len();
    assert_eq!(
        missing("// see `docs/adr/0001-a.md`, and docs/adr/0001-a.md. And example.org/docs/x.html."),
        0
    );
    assert_eq!(missing("// see docs/adr/0002-b.md."), 1);
}

#[test]
fn a_path_that_moved_away_is_found() {
    let paths = ["keys/src/slot.rs".to_owned(), "ui/package.json".to_owned()];
    let broken = |text: &str| broken_paths(&[File::sample("docs/A.md", text)], &paths).len();
    assert_eq!(broken("in `keys/src/slot.rs` and `keys/src/`, not in `keys/src/seal.rs`"), 1);
    assert_eq!(
        broken("`ui/dist/index.html` is built, `keys/store.key` is on a server, `keys/*.rs` is many"),
        0
    );
}

#[test]
fn every_folder_is_on_the_map() {
    assert_none(&unmapped(&files()));
}

#[test]
fn every_decision_has_its_own_number_and_all_its_parts() {
    assert_none(&odd_decisions(&files()));
}

#[test]
fn a_link_to_nowhere_is_found() {
    let page = |target: &str| File::sample("docs/A.md", &format!("see [this]({target})"));
    let broken = |target: &str| broken_links(&[page(target)], &["docs/adr/0001-a.md".to_owned()]).len();
    assert_eq!(broken("adr/0001-a.md#context"), 0);
    assert_eq!(broken("../docs/adr"), 0);
    assert_eq!(broken("https://example.org/x"), 0);
    assert_eq!(broken("adr/0002-b.md"), 1);
    assert_eq!(broken("../adr/0001-a.md"), 1);
}

#[test]
fn a_folder_off_the_map_is_found() {
    let map = File::sample(MAP, "`docs/` and `vault/src`");
    let files = [map, File::sample("vault/src/lib.rs", ""), File::sample("common/lib.rs", "")];
    assert_eq!(unmapped(&files), ["docs/ARCHITECTURE.md says nothing of `common/`"]);
}

#[test]
fn a_decision_without_its_parts_or_with_a_taken_number_is_found() {
    let whole = "Status: accepted\n## Context\n## Decision\n## Consequences\n";
    let decision = |path: &str, text: &str| File::sample(&format!("docs/adr/{path}"), text);
    assert_none(&odd_decisions(&[decision("0001-a.md", whole), decision("0002-b.md", whole)]));
    assert_eq!(odd_decisions(&[decision("0001-a.md", whole), decision("0001-b.md", whole)]).len(), 1);
    assert_eq!(odd_decisions(&[decision("0001-a.md", "Status: accepted")]).len(), 3);
}
