//! The records that we make, judged by validators that others wrote.

use std::fs;

use crate::ground::Ground;
use crate::run::{Stop, streamed};
use crate::ui;

const FOLDER: &str = "tests/fhir-validate";
/// Makes the records; a program of the package `chartkeep-tests`.
const GENERATOR: &str = "chartkeep-practice";

/// Makes a small practice and has each resource of it validated.
pub(crate) fn validate(ground: &Ground) -> Result<(), Stop> {
    ui::packages_in(ground, FOLDER)?;
    let folder = ground.root.join("target").join("fhir");
    fs::create_dir_all(&folder)
        .map_err(|error| Stop::failed(format!("could not make {}: {error}", folder.display())))?;
    let practice = folder.join("practice.ndjson");
    let mut make = ground.program(&ground.binary(GENERATOR, "debug").to_string_lossy());
    streamed(make.args(["--patients", "30", "--today", "2026-11-22", "--out"]).arg(&practice))?;
    streamed(ground.npm_in(FOLDER, &["run", "--silent", "validate", "--"]).arg(&practice))
}
