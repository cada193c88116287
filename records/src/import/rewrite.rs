//! Resolving `urn:uuid:…` references in the text of a resource, byte for byte otherwise.
//!
//! White space between tokens belongs to the file around the resource and is dropped; strings and numbers stay as
//! they were written.

use std::collections::BTreeMap;

use crate::id::{RecordKey, ResourceId};

/// The resource with references resolved, and how many led to nothing. `id` is put in where the resource has none.
pub(super) fn rewrite(
    raw: &str,
    ids: &BTreeMap<String, RecordKey>,
    id: Option<&ResourceId>,
) -> (Vec<u8>, usize) {
    let mut out = Vec::with_capacity(raw.len());
    let (mut dangling, mut was_reference, mut is_target) = (0, false, false);
    let mut rest = raw;
    while let Some(c) = rest.bytes().next() {
        let length = if c == b'"' { string_length(rest) } else { 1 };
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        match c {
            b' ' | b'\n' | b'\r' | b'\t' => {}
            b'"' => {
                let inner = token.trim_matches('"');
                match ids.get(inner).filter(|_| is_target) {
                    Some(key) => out.extend_from_slice(format!("\"{key}\"").as_bytes()),
                    None => {
                        dangling += usize::from(is_target && inner.starts_with("urn:uuid:"));
                        out.extend_from_slice(token.as_bytes());
                    }
                }
                was_reference = inner == "reference";
                is_target = false;
            }
            b':' => {
                out.push(c);
                is_target = was_reference;
            }
            _ => {
                out.extend_from_slice(token.as_bytes());
                (was_reference, is_target) = (false, false);
                if let Some(id) = id.filter(|_| c == b'{' && out.len() == 1) {
                    let comma = if after.trim_start().starts_with('}') { "" } else { "," };
                    out.extend_from_slice(format!("\"id\":\"{id}\"{comma}").as_bytes());
                }
            }
        }
        rest = after;
    }
    (out, dangling)
}

/// The bytes of the string that the text begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
