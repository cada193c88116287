//! Where the work happens: the clone, what cargo knows of it, and the folder things are built in.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cache::Cache;
use crate::run::Stop;

/// Features the window's package is built with in development: the front end embedded.
const ALWAYS: &str = "custom-protocol";
/// The feature that lets a WebDriver drive the window; never part of what ships.
const DRIVEN: &str = "webdriver";

/// The clone and its build folder.
pub(crate) struct Ground {
    pub(crate) root: PathBuf,
    pub(crate) cache: Cache,
    metadata: Value,
}

impl Ground {
    /// Finds the clone this program was built from and asks cargo about it.
    pub(crate) fn find() -> Result<Self, Stop> {
        let crate_dir = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = crate_dir.parent().map(Path::to_path_buf).unwrap_or(crate_dir);
        let cache = Cache::open(&root);
        let metadata = read_metadata(&root, &cache)?;
        Ok(Self { root, cache, metadata })
    }

    /// `cargo` in the clone, with the build folder of this run.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = plain_cargo(&self.root, &self.cache);
        command.args(arguments);
        command
    }

    /// `npm` in the folder of the front end.
    pub(crate) fn npm(&self, arguments: &[&str]) -> Command {
        self.npm_in("ui", arguments)
    }

    /// `npm` in a folder of the clone that has a lock file.
    pub(crate) fn npm_in(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = self.program("npm");
        command.args(["--prefix", folder]).args(arguments);
        command
    }

    /// Any program, run in the clone.
    pub(crate) fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// The folder cargo builds into.
    pub(crate) fn target(&self) -> PathBuf {
        self.metadata["target_directory"].as_str().map_or_else(|| self.root.join("target"), PathBuf::from)
    }

    /// Where a binary of ours lies once it is built.
    pub(crate) fn binary(&self, name: &str, profile: &str) -> PathBuf {
        self.target().join(profile).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// Whether some package of the workspace makes this binary.
    pub(crate) fn makes(&self, binary: &str) -> bool {
        packages(&self.metadata).any(|package| {
            package["targets"].as_array().into_iter().flatten().any(|target| {
                target["name"] == binary
                    && target["kind"].as_array().is_some_and(|k| k.iter().any(|k| k == "bin"))
            })
        })
    }

    /// The `--features` value for the whole workspace, so that every step shares one set of built dependencies.
    pub(crate) fn features(&self, driven: bool) -> String {
        let wanted: &[&str] = if driven { &[ALWAYS, DRIVEN] } else { &[ALWAYS] };
        let known = |feature: &&&str| {
            packages(&self.metadata).any(|p| p["name"] == "chartkeep" && !p["features"][**feature].is_null())
        };
        let features: Vec<_> =
            wanted.iter().filter(known).map(|feature| format!("chartkeep/{feature}")).collect();
        features.join(",")
    }
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().into_iter().flatten()
}

fn read_metadata(root: &Path, cache: &Cache) -> Result<Value, Stop> {
    let mut command = plain_cargo(root, cache);
    command.args(["metadata", "--no-deps", "--format-version", "1", "--offline"]);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Stop::failed(format!("could not run `cargo metadata`: {error}")))?;
    serde_json::from_slice(&output.stdout).map_err(|_| {
        Stop::failed("`cargo metadata --no-deps` did not answer: the workspace's Cargo.toml is not readable")
    })
}

/// `cargo` without the variables that `cargo run` set for us: a build script that watches one would run again.
fn plain_cargo(root: &Path, cache: &Cache) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
            .iter()
            .any(|own| name.starts_with(own))
        {
            command.env_remove(name.as_ref());
        }
    }
    if let Some(target) = cache.shared_target() {
        command.env("CARGO_TARGET_DIR", target);
        // Every run is of another tree: what speeds up small edits only fills the disk.
        command.env("CARGO_INCREMENTAL", "0");
    }
    command
}
