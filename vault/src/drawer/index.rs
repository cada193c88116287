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
    if !names.iter().any(|name| is_telling(name)) {
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
    starts.filter(|ending| is_telling(ending)).map(|ending| format!("{INNER}{ending}")).collect()
}

/// Whether a part is worth filing and asking for: one letter of an alphabet is in nearly every name.
fn is_telling(part: &str) -> bool {
    !part.is_ascii() || part.len() >= 2
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

#[cfg(test)]
mod tests {
    use keys::{DrawerKeys, Random};
    use records::Drawer;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_patient_is_filed_under_these_tokens_for_ever() {
        assert_eq!(tokens_of(&patient(), &sealing()), frozen("tokens"));
    }

    #[test]
    fn a_query_is_asked_in_these_words_for_ever() {
        let query = Query::parse("trev 1945", jiff::civil::date(2026, 3, 10));

        let year = r##"(("#uk5lxzbw7xuiacz7") OR ("#jinsw6iojtomemvk") OR ("#p2tyayabj77snyvc"))"##;
        assert_eq!(
            match_expressions(&query, &sealing()),
            [
                format!(r#""trev" AND {year}"#),
                format!(r#""trev"* AND {year}"#),
                format!(r#"("trev"* OR "~trev"*) AND {year}"#),
            ]
        );
    }

    #[test]
    fn what_is_typed_never_becomes_part_of_the_query_language() {
        for text in ["\" OR \"a", "a* NOT b", "~x", "#aaaa", "NEAR(a b)", "a:b", "(", "^a"] {
            for expression in
                match_expressions(&Query::parse(text, jiff::civil::date(2026, 3, 10)), &sealing())
            {
                let plain = expression.replace(" AND ", " ").replace(" OR ", " ");
                let outside = plain.split('"').step_by(2).collect::<String>();
                assert!(outside.chars().all(|c| "()* ".contains(c)), "{text}: {expression}");
            }
        }
    }

    /// A line of the frozen vectors; `docs/formats/drawers.md` says what each is made from.
    fn frozen(name: &str) -> &'static str {
        let lines = include_str!("../../tests/vectors/drawer.txt").lines();
        lines.filter_map(|line| line.split_once(" = ")).find(|(known, _)| *known == name).unwrap().1
    }

    fn sealing() -> Sealing {
        let keys = DrawerKeys::make(1, &mut Random::from_seed([1; 32]));
        Sealing::new(Uuid::from_u128(7), Drawer::Demographics, keys)
    }

    fn patient() -> Document {
        let text =
            r#"{"resourceType":"Patient","id":"p","name":[{"family":"Treviño"}],"birthDate":"1945-07"}"#;
        Document::parse(text.as_bytes().to_vec()).unwrap()
    }
}
