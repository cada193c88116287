//! The front end: its packages, its checks, its build. Each is skipped when nothing it reads has changed.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::ground::Ground;
use crate::needs::Purpose;
use crate::preflight;
use crate::run::{Stop, streamed, with_progress};
use crate::say;

/// Files beside `ui/src` that the built front end depends on.
const INPUTS: &[&str] = &[
    "src",
    "public",
    "static",
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "svelte.config.js",
    "tsconfig.json",
];

/// Installs the packages of the front end.
pub(crate) fn packages(ground: &Ground) -> Result<(), Stop> {
    packages_in(ground, "ui")
}

/// Installs the packages of a folder's lock file unless they are there already.
pub(crate) fn packages_in(ground: &Ground, folder: &str) -> Result<(), Stop> {
    let inside = ground.root.join(folder);
    let read =
        |path: PathBuf| serde_json::from_slice(&fs::read(path).unwrap_or_default()).unwrap_or_default();
    // npm writes the second file itself, to say what it has put into the folder.
    let [wanted, installed]: [Value; 2] = [
        read(inside.join("package-lock.json")),
        read(inside.join("node_modules").join(".package-lock.json")),
    ];
    if is_installed(&wanted, &installed) {
        say::line(&format!("   the packages of {folder} are up to date"));
        return Ok(());
    }
    let mut install = ground.npm_in(folder, &["ci", "--no-audit", "--no-fund"]);
    with_progress(&format!("packages of {folder}"), &mut install)
}

/// Whether everything the lock file names is there, but for what is optional, and nothing else.
fn is_installed(wanted: &Value, installed: &Value) -> bool {
    let (Some(wanted), Some(installed)) = (wanted["packages"].as_object(), installed["packages"].as_object())
    else {
        return false;
    };
    let same = |name: &str, there: &Value| {
        wanted
            .get(name)
            .is_some_and(|asked| ["version", "integrity"].iter().all(|key| asked[key] == there[key]))
    };
    let needed = |(name, asked): &(&String, &Value)| !name.is_empty() && asked["optional"] != true;
    installed.iter().all(|(name, there)| same(name, there))
        && wanted.iter().filter(needed).all(|(name, _)| installed.contains_key(name))
}

/// Builds `ui/dist` unless it was built from these very files.
pub(crate) fn build(ground: &Ground) -> Result<(), Stop> {
    let ui = ground.root.join("ui");
    let stamp = Stamp::new(&ui, "dist", INPUTS);
    if stamp.is_current() && ui.join("dist").join("index.html").exists() {
        say::line("   ui/dist is up to date");
        return Ok(());
    }
    with_progress("front end", &mut ground.npm(&["run", "build"]))?;
    stamp.write()
}

/// Whether the front end names a script of this name.
pub(crate) fn has_script(ground: &Ground, script: &str) -> bool {
    let package = fs::read(ground.root.join("ui").join("package.json")).unwrap_or_default();
    serde_json::from_slice::<Value>(&package).is_ok_and(|package| package["scripts"][script].is_string())
}

/// Writes the TypeScript side of the commands anew from the Rust types.
pub(crate) fn bindings() -> Result<(), Stop> {
    let ground = Ground::find()?;
    preflight::make_ready(&ground.root, Purpose::Build, &[], false)?;
    packages(&ground)?;
    build(&ground)?;
    let features = ground.features(false);
    let mut command =
        ground.cargo(&["test", "--package", "chartkeep", "--features", &features, "--", "bindings"]);
    command.env("CHARTKEEP_WRITE_BINDINGS", "1");
    streamed(&mut command)
}

/// A note of what an artefact was made from, kept beside the packages so that removing them removes it.
struct Stamp {
    file: PathBuf,
    digest: String,
}

impl Stamp {
    fn new(ui: &Path, name: &str, inputs: &[&str]) -> Self {
        let mut hasher = DefaultHasher::new();
        for input in inputs {
            hash_tree(&ui.join(input), &mut hasher);
        }
        let file = ui.join("node_modules").join(format!(".chartkeep-{name}"));
        Self { file, digest: format!("{:016x}", hasher.finish()) }
    }

    fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|written| written == self.digest)
    }

    fn write(&self) -> Result<(), Stop> {
        fs::write(&self.file, &self.digest)
            .map_err(|error| Stop::failed(format!("could not write {}: {error}", self.file.display())))
    }
}

/// Feeds names and contents, in order; what cannot be read counts as absent.
fn hash_tree(path: &Path, hasher: &mut DefaultHasher) {
    if let Ok(entries) = fs::read_dir(path) {
        let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        inside.sort();
        inside.iter().for_each(|path| hash_tree(path, hasher));
    } else if let Ok(bytes) = fs::read(path) {
        path.hash(hasher);
        bytes.hash(hasher);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn packages_are_installed_when_they_are_the_ones_of_the_lock_file() {
        let wanted = json!({ "packages": { "": {}, "a": { "version": "1" }, "b": { "version": "2", "optional": true } } });
        let of = |packages: Value| json!({ "packages": packages });
        assert!(is_installed(&wanted, &of(json!({ "a": { "version": "1" } }))));
        assert!(is_installed(&wanted, &of(json!({ "a": { "version": "1" }, "b": { "version": "2" } }))));
        assert!(!is_installed(&wanted, &of(json!({ "a": { "version": "0" } }))));
        assert!(!is_installed(&wanted, &of(json!({ "b": { "version": "2" } }))));
        assert!(!is_installed(&wanted, &of(json!({ "a": { "version": "1" }, "c": { "version": "1" } }))));
        assert!(!is_installed(&wanted, &Value::Null));
    }

    #[test]
    fn a_stamp_is_current_until_an_input_changes() {
        let ui = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        fs::create_dir_all(ui.join("node_modules")).unwrap();
        fs::create_dir_all(ui.join("src/lib")).unwrap();
        fs::write(ui.join("src/lib/a.ts"), "1").unwrap();
        let stamp = || Stamp::new(&ui, "dist", &["src", "absent.json"]);
        assert!(!stamp().is_current());
        assert!(stamp().write().is_ok());
        assert!(stamp().is_current());
        fs::write(ui.join("src/lib/a.ts"), "2").unwrap();
        assert!(!stamp().is_current());
        fs::remove_dir_all(ui).unwrap();
    }
}
