//! Our FHIR, judged and used by programs that others wrote: two validators and two clients.

use std::fs;
use std::path::PathBuf;

use crate::ground::Ground;
use crate::run::{Stop, answer, streamed, with_progress};
use crate::say;
use crate::ui;

const VALIDATORS: &str = "tests/fhir-validate";
const CLIENTS: &str = "tests/fhir-clients";
/// Makes the records; a program of the package `chartkeep-tests`.
const GENERATOR: &str = "chartkeep-practice";
/// Tells the server's tests where the Python is that has fhirpy.
const PYTHON: &str = "CHARTKEEP_FHIR_PYTHON";

/// Makes a small practice and has each resource of it validated.
pub(crate) fn validate(ground: &Ground) -> Result<(), Stop> {
    ui::packages_in(ground, VALIDATORS)?;
    let practice = folder(ground)?.join("practice.ndjson");
    let mut make = ground.program(&ground.binary(GENERATOR, "debug").to_string_lossy());
    streamed(make.args(["--patients", "30", "--today", "2026-11-22", "--out"]).arg(&practice))?;
    streamed(ground.npm_in(VALIDATORS, &["run", "--silent", "validate", "--"]).arg(&practice))
}

/// What the server's tests need to have its answers validated and to let clients by others work with it: the variable that
/// they look for, and its value.
pub(crate) fn by_others(ground: &Ground) -> Result<(&'static str, PathBuf), Stop> {
    ui::packages_in(ground, VALIDATORS)?;
    ui::packages_in(ground, CLIENTS)?;
    let venv = folder(ground)?.join("python");
    let python = venv.join("bin").join("python");
    let wanted = ground.root.join(CLIENTS).join("requirements.txt");
    let listed = fs::read_to_string(&wanted)
        .map_err(|error| Stop::failed(format!("could not read {}: {error}", wanted.display())))?;
    let there = answer(&python.to_string_lossy(), &["-m", "pip", "freeze"]);
    if there.is_some_and(|there| there.trim() == listed.trim()) {
        say::line("   the packages of Python are up to date");
        return Ok((PYTHON, python));
    }
    with_progress("Python", ground.program("/usr/bin/python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    let mut install = ground.program(&python.to_string_lossy());
    install.args(["-m", "pip", "install", "--quiet", "--no-deps", "--requirement"]).arg(&wanted);
    with_progress("packages of Python", &mut install)?;
    Ok((PYTHON, python))
}

fn folder(ground: &Ground) -> Result<PathBuf, Stop> {
    let folder = ground.root.join("target").join("fhir");
    fs::create_dir_all(&folder)
        .map_err(|error| Stop::failed(format!("could not make {}: {error}", folder.display())))?;
    Ok(folder)
}
