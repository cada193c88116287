//! The bench: measures the performance lines of the design and writes `target/bench/report.json`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chartkeep_tests::bench::main()
}
