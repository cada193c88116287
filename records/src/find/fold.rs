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
/// parts, and both halves together count as well.
pub fn words(name: &str) -> Vec<String> {
    let folded = fold(name);
    let mut found = Vec::new();
    for word in folded.split_whitespace() {
        let whole: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
        let parts: Vec<&str> = word.split(|c: char| !c.is_alphanumeric()).filter(|p| !p.is_empty()).collect();
        if parts.len() > 1 {
            found.extend(parts.into_iter().map(str::to_owned));
        }
        if !whole.is_empty() {
            found.push(whole);
        }
    }
    found
}
