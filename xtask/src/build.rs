//! Building the programs of the demo, the bench and the end-to-end run.

use crate::ground::Ground;
use crate::run::{Stop, with_progress};
use crate::ui;

/// Builds the front end and then every binary that ships or drives, in the development profile.
pub(crate) fn programs(ground: &Ground, driven: bool) -> Result<(), Stop> {
    ui::packages(ground)?;
    ui::build(ground)?;
    with_progress("server, app and demo driver", &mut programs_command(ground, driven))
}

/// The one cargo line, the same set of packages and features as the tests', so that nothing is built twice.
pub(crate) fn programs_command(ground: &Ground, driven: bool) -> std::process::Command {
    let mut command = ground.cargo(&["build", "--workspace", "--exclude", "xtask", "--bins"]);
    let features = ground.features(driven);
    if !features.is_empty() {
        command.args(["--features", &features]);
    }
    command
}
