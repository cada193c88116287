//! cargo-deny: found on the path, or built once and kept in the cache folder.

use std::path::PathBuf;
use std::process::Command;

use crate::ground::Ground;
use crate::run::{Stop, answer, streamed, with_progress};

/// The version `deny.toml` is written for.
const VERSION: &str = "0.20.2";

/// The `cargo-deny` to use, after building it where there is none (a minute or two, once).
pub(crate) fn tool(ground: &Ground) -> Result<PathBuf, Stop> {
    if answer("cargo-deny", &["--version"]).is_some_and(|text| text.trim().ends_with(VERSION)) {
        return Ok(PathBuf::from("cargo-deny"));
    }
    let folder = ground.cache.tool(&format!("cargo-deny-{VERSION}"));
    let binary = folder.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    if !binary.exists() {
        // Without optimisation it is built in a third of the time and checks our graph in a second or two.
        let mut command =
            ground.cargo(&["install", "--locked", "--debug", "--no-default-features", "--root"]);
        command
            .arg(&folder)
            .arg(format!("cargo-deny@{VERSION}"))
            .env_remove("CARGO_TARGET_DIR")
            .env("CARGO_PROFILE_DEV_DEBUG", "false");
        with_progress("cargo-deny", &mut command)?;
    }
    Ok(binary)
}

/// Licences, bans and sources, from what is on the disk.
pub(crate) fn licences_and_bans(ground: &Ground) -> Result<(), Stop> {
    let tool = tool(ground)?;
    with_progress("sources of all dependencies", &mut ground.cargo(&["fetch", "--locked"]))?;
    streamed(&mut check(ground, &tool, &["licenses", "bans", "sources"]))
}

/// Whether the advisory database is here or could be fetched now.
pub(crate) fn advisories_known(ground: &Ground) -> Result<bool, Stop> {
    let tool = tool(ground)?;
    let mut fetch = ground.program(&tool.to_string_lossy());
    fetch.args(["--log-level", "error", "fetch", "db"]).env("GIT_TERMINAL_PROMPT", "0");
    Ok(streamed(&mut fetch).is_ok())
}

/// The advisories against what `Cargo.lock` names.
pub(crate) fn advisories(ground: &Ground) -> Result<(), Stop> {
    let tool = tool(ground)?;
    streamed(&mut check(ground, &tool, &["advisories"]))
}

fn check(ground: &Ground, tool: &std::path::Path, checks: &[&str]) -> Command {
    let mut command = ground.program(&tool.to_string_lossy());
    command.args(["--offline", "--log-level", "error", "check", "--hide-inclusion-graph"]).args(checks);
    command
}
