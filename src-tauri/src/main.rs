//! The Chartkeep desktop app.

use std::process::ExitCode;

fn main() -> ExitCode {
    chartkeep::run()
}
