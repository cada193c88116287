//! Words that may stand only in certain files, or nowhere.

use super::tree::{File, assert_none, files};

/// A piece of text, where it is looked for, and the only files it may stand in.
struct Rule {
    word: &'static str,
    extensions: &'static [&'static str],
    only_in: &'static [&'static str],
    because: &'static str,
}

const SCRIPT: &[&str] = &["ts", "svelte", "js", "mjs"];
const RUST: &[&str] = &["rs"];

/// Files that may contain `unsafe`; each has been reviewed and says why it is sound.
const REVIEWED_UNSAFE: &[&str] = &[];

const RULES: &[Rule] = &[
    Rule {
        word: "@tauri-apps",
        extensions: SCRIPT,
        only_in: &["ui/src/lib/api/backend.ts", "ui/src/lib/api/backend.test.ts", "ui/eslint.config.js"],
        because: "one file of the front end knows Tauri",
    },
    Rule {
        word: "__TAURI",
        extensions: SCRIPT,
        only_in: &["ui/src/lib/api/backend.ts"],
        because: "one file of the front end knows Tauri",
    },
    Rule {
        word: "{@html",
        extensions: SCRIPT,
        only_in: &[],
        because: "text of a record must never become markup",
    },
    Rule {
        word: "innerHTML",
        extensions: SCRIPT,
        only_in: &[],
        because: "text of a record must never become markup",
    },
    Rule {
        word: "PRAGMA key",
        extensions: &["rs", "sql"],
        only_in: &["sqlcipher/", "vault/tests/", "server/tests/", "tests/tests/main_job/"],
        because: "one crate opens encrypted files; only tests that play the attacker go past it",
    },
    Rule {
        word: "unsafe {",
        extensions: RUST,
        only_in: REVIEWED_UNSAFE,
        because: "it has not been reviewed",
    },
    Rule {
        word: "unsafe fn",
        extensions: RUST,
        only_in: REVIEWED_UNSAFE,
        because: "it has not been reviewed",
    },
    Rule {
        word: "unsafe impl",
        extensions: RUST,
        only_in: REVIEWED_UNSAFE,
        because: "it has not been reviewed",
    },
    Rule {
        word: "(unsafe_code",
        extensions: RUST,
        only_in: REVIEWED_UNSAFE,
        because: "it has not been reviewed",
    },
    Rule {
        word: "#[ignore",
        extensions: RUST,
        only_in: &[],
        because: "a test that does not run proves nothing",
    },
    Rule {
        word: "todo!(",
        extensions: RUST,
        only_in: &[],
        because: "what is missing belongs in KNOWN-ISSUES.md",
    },
    Rule {
        word: "unimplemented!(",
        extensions: RUST,
        only_in: &[],
        because: "what is missing belongs in KNOWN-ISSUES.md",
    },
    Rule {
        word: "it.skip",
        extensions: SCRIPT,
        only_in: &[],
        because: "a test that does not run proves nothing",
    },
    Rule {
        word: "test.skip",
        extensions: SCRIPT,
        only_in: &[],
        because: "a test that does not run proves nothing",
    },
    Rule {
        word: "describe.skip",
        extensions: SCRIPT,
        only_in: &[],
        because: "a test that does not run proves nothing",
    },
    Rule { word: "it.only", extensions: SCRIPT, only_in: &[], because: "it hides every other test" },
    Rule { word: "test.only", extensions: SCRIPT, only_in: &[], because: "it hides every other test" },
    Rule {
        word: "@ts-ignore",
        extensions: SCRIPT,
        only_in: &[],
        because: "the types are the contract with Rust",
    },
];

/// The rules themselves name the words without using them.
const RULES_OF_THEIR_OWN: &[&str] = &["tests/tests/house/", "ui/src/tests/house.test.ts"];

fn broken(files: &[File]) -> Vec<String> {
    let mut broken = Vec::new();
    let is_rule = |file: &&File| RULES_OF_THEIR_OWN.iter().any(|place| file.path.starts_with(place));
    for file in files.iter().filter(|file| !is_rule(file)) {
        for rule in RULES.iter().filter(|rule| file.is(rule.extensions)) {
            if rule.only_in.iter().any(|place| file.path.starts_with(place)) {
                continue;
            }
            let stands = |(_, line): &(usize, &str)| line.contains(rule.word) && !is_comment(file, line);
            for (number, _) in file.text.lines().enumerate().filter(stands) {
                broken.push(format!("{}:{}: `{}`: {}", file.path, number + 1, rule.word, rule.because));
            }
        }
    }
    broken
}

/// A comment in Rust may speak of what the code must not do, and an example there may show it failing.
fn is_comment(file: &File, line: &str) -> bool {
    file.is(RUST) && line.trim_start().starts_with("//")
}

#[test]
fn no_word_stands_where_it_must_not() {
    assert_none(&broken(&files()));
}

#[test]
fn every_rule_finds_its_word_in_a_sample_and_leaves_the_allowed_place_alone() {
    for rule in RULES {
        for extension in rule.extensions {
            let bad =
                File::sample(&format!("anywhere/x.{extension}"), &format!("one\ntwo {} three", rule.word));
            let found = broken(&[bad]);
            assert!(
                found.iter().any(|line| line.starts_with(&format!("anywhere/x.{extension}:2: "))),
                "{found:?}"
            );
        }
        for place in rule.only_in {
            let path = if place.ends_with('/') { format!("{place}src/x.rs") } else { (*place).to_owned() };
            assert_none(&broken(&[File::sample(&path, rule.word)]));
        }
    }
}

#[test]
fn a_comment_may_speak_of_it_and_a_line_of_code_beside_it_may_not() {
    let file = |text: &str| File::sample("records/src/x.rs", text);
    assert_none(&broken(&[file("    /// let x = todo!();")]));
    assert_eq!(broken(&[file("/// why\nlet x = todo!(); // later")]).len(), 1);
}

#[test]
fn every_place_that_a_rule_allows_exists() {
    let files = files();
    let needed = RULES.iter().flat_map(|rule| rule.only_in);
    let gone: Vec<String> = needed
        .filter(|place| !files.iter().any(|file| file.path.starts_with(**place)))
        .map(|place| format!("{place} is allowed something and does not exist"))
        .collect();
    assert_none(&gone);
}
