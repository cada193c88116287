//! The demo driver; `cargo xtask demo` builds and starts it.

use std::process::ExitCode;

fn main() -> ExitCode {
    chartkeep_tests::demo::main()
}
