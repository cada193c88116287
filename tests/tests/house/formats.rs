//! Every format that is stored or sent has a page, and every label of cryptography stands in one.

use super::tree::{File, assert_none, files};

/// Where the pages lie.
const PAGES: &str = "docs/formats/";

/// What begins a magic in code, and what begins a label.
const MAGIC: &str = "magic: *b\"";
const LABEL: &str = "b\"chartkeep/";

fn broken(files: &[File]) -> Vec<String> {
    let pages: Vec<&str> = files
        .iter()
        .filter(|file| file.path.starts_with(PAGES) && file.is(&["md"]))
        .map(|file| file.text.as_str())
        .collect();
    let code = files.iter().filter(|file| file.path.starts_with("keys/src/") && file.is(&["rs"]));
    let mut missing = Vec::new();
    for file in code {
        let magics = texts(&file.text, MAGIC).map(str::to_owned);
        let labels = texts(&file.text, LABEL).map(|rest| kind_or_whole(&format!("chartkeep/{rest}")));
        for word in magics.chain(labels) {
            let told = format!("`{word}");
            if !pages.iter().any(|page| page.contains(&told)) {
                missing.push(format!("{}: no page of {PAGES} has `{word}`", file.path));
            }
        }
    }
    missing
}

/// What stands between the beginning and the next quotation mark, each time.
fn texts<'a>(text: &'a str, beginning: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(beginning).skip(1).filter_map(|rest| rest.split_once('"').map(|(inside, _)| inside))
}

/// The purposes of signatures are listed by their names, everything else in full.
fn kind_or_whole(label: &str) -> String {
    let purpose = label.strip_prefix("chartkeep/sign/").and_then(|rest| rest.strip_suffix("/v1\\0"));
    purpose.map_or_else(|| label.to_owned(), |purpose| format!("{purpose}`"))
}

#[test]
fn every_magic_and_label_stands_in_a_page() {
    assert_none(&broken(&files()));
}

#[test]
fn a_magic_or_label_without_a_page_is_found() {
    let code = |text: &str| File::sample("keys/src/x.rs", text);
    let page = File::sample("docs/formats/x.md", "`CKxx`, `chartkeep/x/v1\\0`, signed as `grant`");
    let found = |text: &str| broken(&[code(text), File::sample(&page.path, &page.text)]).len();
    assert_eq!(
        found(r#"Format { magic: *b"CKxx", version: 1 }; b"chartkeep/x/v1\0"; b"chartkeep/sign/grant/v1\0""#),
        0
    );
    assert_eq!(found(r#"Format { magic: *b"CKyy", version: 1 }"#), 1);
    assert_eq!(found(r#"b"chartkeep/y/v1\0""#), 1);
    assert_eq!(found(r#"b"chartkeep/sign/x/v1\0""#), 1);
}
