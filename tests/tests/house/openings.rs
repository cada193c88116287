//! Every Rust file opens by saying what is in it.

use super::tree::{File, assert_none, files};

fn broken(files: &[File]) -> Vec<String> {
    let silent = |file: &&File| {
        let first = file.text.lines().next().unwrap_or_default();
        file.is(&["rs"]) && first.strip_prefix("//! ").is_none_or(|sentence| sentence.trim().len() <= 10)
    };
    files.iter().filter(silent).map(|file| format!("{}: opens without a `//!` sentence", file.path)).collect()
}

#[test]
fn every_file_says_in_its_first_line_what_is_here() {
    assert_none(&broken(&files()));
}

#[test]
fn a_file_that_opens_with_code_or_with_nothing_is_found() {
    let bad = ["use std::fs;\n//! Late.", "", "//!", "//! \n", "/// Not of the file."];
    for text in bad {
        assert_eq!(broken(&[File::sample("x.rs", text)]).len(), 1, "{text:?}");
    }
    assert_none(&broken(&[File::sample("x.rs", "//! What is here.\n"), File::sample("x.ts", "let a;")]));
}
