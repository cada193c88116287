//! Words that must lie in no file, looked for in every form a program might leave them in.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memmem;

/// Shorter ones come by chance in megabytes of random bytes.
const SHORTEST: usize = 6;

/// The words, with their forms.
pub(super) struct Canaries(Vec<(String, Vec<u8>)>);

impl Canaries {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a text; one too short to tell anything is left out.
    pub(super) fn add(&mut self, text: &str) {
        if text.len() < SHORTEST || self.0.iter().any(|(name, _)| name.starts_with(&format!("{text:?}"))) {
            return;
        }
        self.0.extend(forms(text).into_iter().map(|(form, bytes)| (format!("{text:?} as {form}"), bytes)));
    }

    pub(super) fn count(&self) -> usize {
        self.0.len() / forms("a canary").len()
    }

    /// Fails when a file below, or its name, holds one.
    pub(super) fn are_not_in(&self, folder: &Path, when: &str) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            self.are_not_in_bytes(
                path.to_string_lossy().as_bytes(),
                &format!("the name {}, {when}", path.display()),
            );
            if path.is_dir() {
                self.are_not_in(&path, when);
            } else {
                self.are_not_in_bytes(&fs::read(&path).unwrap(), &format!("{}, {when}", path.display()));
            }
        }
    }

    /// Fails when these bytes hold one.
    pub(super) fn are_not_in_bytes(&self, bytes: &[u8], place: &str) {
        for (name, form) in &self.0 {
            assert!(memmem::find(bytes, form).is_none(), "{name} is in {place}");
        }
    }
}

/// A text as UTF-8, in small letters, UTF-16, base64 at each alignment, hex, and as JSON writes it in ASCII.
pub(super) fn forms(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = text.as_bytes();
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    vec![
        ("text", bytes.to_vec()),
        ("small letters", text.to_lowercase().into_bytes()),
        ("UTF-16", wide),
        ("base64", base64_at(bytes, 0)),
        ("base64 one further", base64_at(bytes, 1)),
        ("base64 two further", base64_at(bytes, 2)),
        ("hex", hex.clone().into_bytes()),
        ("HEX", hex.to_uppercase().into_bytes()),
        ("JSON", escaped(text, false)),
        ("JSON in ASCII", escaped(text, true)),
    ]
}

/// The letters of base64 that depend on these bytes alone when so many bytes stand before them.
fn base64_at(bytes: &[u8], before: usize) -> Vec<u8> {
    let padded = [vec![0; before], bytes.to_vec()].concat();
    let letters = STANDARD_NO_PAD.encode(&padded).into_bytes();
    let (from, until) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
    letters[from..until].to_vec()
}

fn escaped(text: &str, ascii: bool) -> Vec<u8> {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            other if ascii && !other.is_ascii() => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            other => out.push(other),
        }
    }
    out.into_bytes()
}
