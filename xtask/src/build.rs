//! Building the programs of the demo and of the end-to-end run.

use std::process::Command;

use crate::ground::Ground;
use crate::run::{Stop, with_progress};
use crate::ui;

/// What is shown while the programs are built.
const TITLE: &str = "server, app and demo driver";

/// Builds the front end and then every program, in the development profile.
pub(crate) fn programs(ground: &Ground, driven: bool) -> Result<(), Stop> {
    ui::packages(ground)?;
    ui::build(ground)?;
    with_progress(TITLE, &mut binaries(ground, driven))
}

/// Builds the same programs out of what the tests were built from: only linking is left to do.
pub(crate) fn programs_beside_tests(ground: &Ground) -> Result<(), Stop> {
    with_progress(TITLE, binaries(ground, true).arg("--tests"))
}

fn binaries(ground: &Ground, driven: bool) -> Command {
    let mut command = ground.cargo(&["build", "--workspace", "--locked", "--bins"]);
    let features = ground.features(driven);
    if !features.is_empty() {
        command.args(["--features", &features]);
    }
    command
}
