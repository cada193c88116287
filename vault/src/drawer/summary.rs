//! The small Patient document that lists and searches show: who it is, and nothing more.

use records::Document;
use records::apart::is_mark;
use serde_json::Value;

/// The elements that a list shows, orders by or is led on by.
const KEPT: [&str; 11] = [
    "resourceType",
    "id",
    "identifier",
    "name",
    "telecom",
    "gender",
    "birthDate",
    "deceasedBoolean",
    "deceasedDateTime",
    "link",
    "extension",
];

/// Identifier types (HL7 v2 table 0203) that never stand in a list: social security, passport, driver's licence.
const NEVER_LISTED: [&str; 4] = ["SS", "SB", "PPN", "DL"];

/// The small document of a patient; `None` for what is no patient.
pub(super) fn small(patient: &Document) -> Option<Document> {
    let small = patient.edit(|value| {
        let Some(members) = value.as_object_mut() else { return };
        members.retain(|name, _| KEPT.contains(&name.as_str()));
        if let Some(identifiers) = members.get_mut("identifier").and_then(Value::as_array_mut) {
            identifiers.retain(|identifier| !is_never_listed(identifier));
        }
        keep_marks(members);
        if let Some(telecom) = members.get_mut("telecom").and_then(Value::as_array_mut) {
            telecom.retain(|contact| contact.get("system").and_then(Value::as_str) == Some("phone"));
        }
    });
    small.ok()
}

/// Of the extensions, those that say who it is not.
fn keep_marks(members: &mut serde_json::Map<String, Value>) {
    let Some(extensions) = members.get_mut("extension").and_then(Value::as_array_mut) else { return };
    extensions.retain(is_mark);
    if extensions.is_empty() {
        members.shift_remove("extension");
    }
}

fn is_never_listed(identifier: &Value) -> bool {
    let codings = identifier.pointer("/type/coding").and_then(Value::as_array).into_iter().flatten();
    codings.filter_map(|coding| coding.get("code")?.as_str()).any(|code| NEVER_LISTED.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_shows_who_it_is_and_no_social_security_number() {
        let text = r#"{"resourceType":"Patient","id":"p","text":{"div":"x"},"address":[{"city":"Y"}],
            "identifier":[{"type":{"coding":[{"code":"MR"}]},"value":"1"},
                          {"type":{"coding":[{"code":"SS"}]},"value":"999-99-9999"}],
            "telecom":[{"system":"phone","value":"5"},{"system":"email","value":"a@b"}],"birthDate":"1945-07-14","extension":[{"url":"urn:x:race"}]}"#;

        let small = small(&Document::parse(text.as_bytes().to_vec()).unwrap()).unwrap();

        let text = String::from_utf8(small.bytes().to_vec()).unwrap();
        assert_eq!(
            text,
            r#"{"resourceType":"Patient","id":"p","identifier":[{"type":{"coding":[{"code":"MR"}]},"value":"1"}],"telecom":[{"system":"phone","value":"5"}],"birthDate":"1945-07-14"}"#
        );
    }
}
