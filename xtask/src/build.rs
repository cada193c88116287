//! Building the programs of the demo and of the end-to-end run.

use std::process::Command;

use crate::ground::Ground;
use crate::run::{Stop, with_progress};
use crate::ui;

/// Builds the front end and then every program, in the development profile.
pub(crate) fn programs(ground: &Ground, driven: bool) -> Result<(), Stop> {
    ui::packages(ground)?;
    ui::build(ground)?;
    // Not beside the tests, which switch on features that must not be in what is driven or shipped.
    with_progress("server, app and demo driver", &mut binaries(ground, driven))
}

fn binaries(ground: &Ground, driven: bool) -> Command {
    let mut command = ground.cargo(&["build", "--workspace", "--locked", "--bins"]);
    let features = ground.features(driven);
    if !features.is_empty() {
        command.args(["--features", &features]);
    }
    command
}
