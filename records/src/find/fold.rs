//! Folding a name to plain lower-case words, so that `Treviño` is found by `trevino`.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Lower case, without accents; letters that do not come apart into base and accent are written out.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'ß' | 'ẞ' => folded.push_str("ss"),
            'æ' | 'Æ' => folded.push_str("ae"),
            'œ' | 'Œ' => folded.push_str("oe"),
            'ø' | 'Ø' => folded.push('o'),
            'ł' | 'Ł' => folded.push('l'),
            'đ' | 'Đ' | 'ð' | 'Ð' => folded.push('d'),
            'þ' | 'Þ' => folded.push_str("th"),
            'ı' => folded.push('i'),
            _ => folded.extend(c.to_lowercase().filter(|c| !is_combining_mark(*c))),
        }
    }
    folded
}

/// The folded words of a name. An apostrophe joins (`O'Brien` is `obrien`, and also found by `brien`); a hyphen
/// parts, and both halves together count as well. The last of a word's forms is the whole of it.
pub fn words(name: &str) -> Vec<String> {
    let folded = fold(name);
    let mut found: Vec<String> = Vec::new();
    for word in folded.split_whitespace() {
        let mut forms = Vec::new();
        for half in word.split(|c: char| !c.is_alphanumeric() && !is_apostrophe(c)) {
            forms.extend(half.split(is_apostrophe).map(str::to_owned));
            forms.push(half.chars().filter(|c| c.is_alphanumeric()).collect());
        }
        forms.push(word.chars().filter(|c| c.is_alphanumeric()).collect());
        for form in forms.into_iter().filter(|form| !form.is_empty()) {
            found.retain(|known| *known != form);
            found.push(form);
        }
    }
    found
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2bc}' | '`' | '\u{b4}')
}
