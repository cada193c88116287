//! A fleet of workstations over weeks; `cargo xtask fleet` builds and starts it.

use std::process::ExitCode;

fn main() -> ExitCode {
    chartkeep_tests::fleet::main()
}
