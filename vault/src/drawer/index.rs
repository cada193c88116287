//! The search index: which words a patient is filed under, and the expressions that find them.
//!
//! Name words are plain, as the design has it; everything else is a keyed token. One FTS5 row a patient:
//! * `garcia` for a name word, and `~arcia`, `~rcia`, … for its endings, so that any part of a name is the beginning of
//!   some token;
//! * `#` and 16 letters for a birth year, month or day, a record number, or the end of a telephone number.

use std::fmt::Write as _;

use records::Document;
use records::find::{FindTokens, Key, Query};

use super::sealing::Sealing;

/// Marks the ending of a word.
const INNER: char = '~';
/// Marks a keyed token.
const KEYED: char = '#';
/// The shortest ending that is filed, in letters.
const SHORTEST_ENDING: usize = 2;
/// Longer words are filed under their beginning and endings only this far.
const LONGEST_WORD: usize = 40;

/// The index row of a patient.
pub(super) fn tokens_of(patient: &Document, sealing: &Sealing) -> String {
    let found = FindTokens::of(patient);
    let mut tokens = Vec::new();
    for name in found.names.iter().map(|name| indexable(name)).filter(|name| !name.is_empty()) {
        tokens.extend(endings(&name));
        tokens.push(name);
    }
    tokens.extend(found.keys.iter().map(|key| keyed(sealing, key)));
    tokens.sort_unstable();
    tokens.dedup();
    tokens.join(" ")
}

/// The expressions that answer a query, the best first: whole words, then beginnings, then any part. Empty when the
/// query asks for nothing.
pub(crate) fn match_expressions(query: &Query, sealing: &Sealing) -> Vec<String> {
    let names: Vec<String> = query.names.iter().map(|name| indexable(name)).collect();
    if query.is_empty() || names.iter().any(String::is_empty) {
        return Vec::new();
    }
    let groups: Vec<String> = query.groups.iter().map(|group| group_expression(group, sealing)).collect();
    let with_groups = |names: Vec<String>| {
        let all: Vec<String> = names.into_iter().chain(groups.iter().cloned()).collect();
        all.join(" AND ")
    };
    let whole = with_groups(names.iter().map(|name| format!("\"{name}\"")).collect());
    if names.is_empty() {
        return vec![whole];
    }
    let beginning = with_groups(names.iter().map(|name| format!("\"{name}\"*")).collect());
    if names.iter().all(|name| name.chars().count() < SHORTEST_ENDING) {
        return vec![whole, beginning];
    }
    let part = |name: &String| format!("(\"{name}\"* OR \"{INNER}{name}\"*)");
    let any_part = with_groups(names.iter().map(part).collect());
    vec![whole, beginning, any_part]
}

fn group_expression(alternatives: &[Vec<Key>], sealing: &Sealing) -> String {
    let all_keys = |keys: &Vec<Key>| {
        let tokens: Vec<String> = keys.iter().map(|key| format!("\"{}\"", keyed(sealing, key))).collect();
        format!("({})", tokens.join(" AND "))
    };
    let alternatives: Vec<String> =
        alternatives.iter().filter(|keys| !keys.is_empty()).map(all_keys).collect();
    format!("({})", alternatives.join(" OR "))
}

/// Letters and digits only: whatever else is in a folded word is neither filed nor asked for.
fn indexable(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).take(LONGEST_WORD).collect()
}

/// The endings of a word, without the word itself.
fn endings(word: &str) -> Vec<String> {
    let starts = word.char_indices().skip(1).map(|(at, _)| word.split_at(at).1);
    starts
        .filter(|ending| ending.chars().count() >= SHORTEST_ENDING)
        .map(|ending| format!("{INNER}{ending}"))
        .collect()
}

/// The keyed token of an exact key: 80 bits of it, in letters that the tokenizer leaves alone.
fn keyed(sealing: &Sealing, key: &Key) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let token = sealing.token(key.label(), &key.bytes());
    let mut text = String::with_capacity(17);
    text.push(KEYED);
    for chunk in token.split_at(10).0.chunks(5) {
        let bits = chunk.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            let letter = usize::try_from(bits >> (5 * place) & 31).unwrap_or_default();
            let _ = text.write_char(char::from(LETTERS[letter]));
        }
    }
    text
}

/// The keyed tokens of a query, for its audit event: equal searches can be told, what was searched cannot.
pub(super) fn query_tokens(query: &Query, sealing: &Sealing) -> Vec<u8> {
    let names = query.names.iter().map(|name| sealing.token("name", name.as_bytes()));
    let keys = query.groups.iter().flatten().flatten().map(|key| sealing.token(key.label(), &key.bytes()));
    names.chain(keys).flatten().collect()
}
