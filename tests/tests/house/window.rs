//! What the window may do: the content policy, and the commands its capabilities name.

use serde_json::{Value, json};

use super::tree::{File, assert_none, files};

/// What the content policy may name; anything else is a way in or out.
const SOURCES: &[&str] = &["'self'", "'none'", "data:", "ipc:", "http://ipc.localhost"];

/// Permissions that are not commands of ours.
const FOREIGN: &[&str] = &["core:event:allow-listen", "core:event:allow-unlisten"];

fn broken(files: &[File]) -> Vec<String> {
    let mut broken = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("src-tauri/") && file.is(&["json"])) {
        let Ok(value) = serde_json::from_str::<Value>(&file.text) else {
            broken.push(format!("{}: is not JSON", file.path));
            continue;
        };
        let found = if file.path.contains("/capabilities/") {
            broken_capability(&value)
        } else {
            broken_settings(&value)
        };
        broken.extend(found.into_iter().map(|what| format!("{}: {what}", file.path)));
    }
    broken
}

fn broken_settings(settings: &Value) -> Vec<String> {
    let app = &settings["app"];
    let mut found = Vec::new();
    if app["withGlobalTauri"] != json!(false) {
        found.push("the page must not find Tauri by itself (withGlobalTauri)".to_owned());
    }
    if app["security"]["freezePrototype"] != json!(true) {
        found.push("the page must not change what all objects inherit (freezePrototype)".to_owned());
    }
    let Some(policy) = app["security"]["csp"].as_object().filter(|policy| policy.contains_key("default-src"))
    else {
        found.push("there is no content policy with a default".to_owned());
        return found;
    };
    for (directive, sources) in policy {
        for source in sources.as_str().unwrap_or("?").split(' ').filter(|source| !SOURCES.contains(source)) {
            found.push(format!("{directive} names {source}"));
        }
    }
    found
}

fn broken_capability(capability: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if !capability["remote"].is_null() {
        found.push("a page from elsewhere must not call commands (remote)".to_owned());
    }
    let words = |key: &str| capability[key].as_array().cloned().unwrap_or_default();
    for window in words("windows") {
        if window.as_str().is_none_or(|name| name.contains('*')) {
            found.push(format!("{window} may be any window"));
        }
    }
    for permission in words("permissions") {
        let allowed =
            permission.as_str().is_some_and(|name| name.starts_with("allow-") || FOREIGN.contains(&name));
        if !allowed {
            found.push(format!("{permission} is not a command of ours"));
        }
    }
    found
}

fn sample(edit: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut settings = json!({ "app": { "withGlobalTauri": false, "security": {
        "freezePrototype": true, "csp": { "default-src": "'self'", "connect-src": "ipc: http://ipc.localhost" } } } });
    edit(&mut settings);
    broken(&[File::sample("src-tauri/tauri.conf.json", &settings.to_string())])
}

fn sample_capability(edit: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut capability =
        json!({ "windows": ["main"], "permissions": ["allow-search", "core:event:allow-listen"] });
    edit(&mut capability);
    broken(&[File::sample("src-tauri/capabilities/main.json", &capability.to_string())])
}

#[test]
fn the_window_is_as_closed_as_it_is_meant_to_be() {
    assert_none(&broken(&files()));
}

#[test]
fn an_opened_window_is_found() {
    assert_none(&sample(|_| {}));
    assert_eq!(sample(|settings| settings["app"]["withGlobalTauri"] = json!(true)).len(), 1);
    assert_eq!(sample(|settings| settings["app"]["security"]["freezePrototype"] = json!(false)).len(), 1);
    assert_eq!(sample(|settings| settings["app"]["security"]["csp"] = Value::Null).len(), 1);
    let policy = |text: &str| {
        let text = text.to_owned();
        sample(move |settings| settings["app"]["security"]["csp"]["script-src"] = json!(text)).len()
    };
    assert_eq!(policy("'self' 'unsafe-inline'"), 1);
    assert_eq!(policy("https://cdn.example"), 1);
}

#[test]
fn a_capability_beyond_our_commands_is_found() {
    assert_none(&sample_capability(|_| {}));
    assert_eq!(sample_capability(|capability| capability["permissions"][0] = json!("fs:default")).len(), 1);
    assert_eq!(sample_capability(|capability| capability["windows"][0] = json!("*")).len(), 1);
    assert_eq!(
        sample_capability(|capability| capability["remote"] = json!({ "urls": ["https://*"] })).len(),
        1
    );
}
