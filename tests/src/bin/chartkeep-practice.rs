//! Writes a deterministic practice as NDJSON: `chartkeep-practice --patients 500 --seed 7 --today 2026-11-22 --out practice.ndjson`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use chartkeep_tests::practice::{Density, Practice};
use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;

/// Write an invented practice as FHIR R4 resources, one a line. The same arguments give the same bytes.
#[derive(Parser)]
struct Arguments {
    /// How many patients.
    #[arg(long, default_value_t = 500)]
    patients: u32,
    /// What everything follows from.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// The day on which the practice is seen, such as 2026-11-22.
    #[arg(long)]
    today: Date,
    /// How much is written about each patient.
    #[arg(long, value_enum, default_value_t = Written::Chart)]
    density: Written,
    /// Minutes east of UTC that the clinic's clocks show.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    utc_offset_minutes: i16,
    /// The file to write, or `-` for standard output.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Written {
    /// A full chart with years of visits.
    Chart,
    /// The last visit only.
    Light,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match write(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&format!("chartkeep-practice: {}: {error}", arguments.out.display()));
            ExitCode::FAILURE
        }
    }
}

fn write(arguments: &Arguments) -> io::Result<()> {
    let density = match arguments.density {
        Written::Chart => Density::Chart,
        Written::Light => Density::Light,
    };
    let practice = Practice::new(arguments.seed, arguments.patients, arguments.today)
        .density(density)
        .utc_offset_minutes(arguments.utc_offset_minutes);
    let to_standard_output = arguments.out.as_os_str() == "-";
    let sink: Box<dyn Write> = if to_standard_output {
        Box::new(io::stdout().lock())
    } else {
        Box::new(File::create(&arguments.out)?)
    };
    let bar = ProgressBar::new(u64::from(arguments.patients));
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} patients, {eta} left") {
        bar.set_style(style);
    }
    let written = practice.write_ndjson(&mut BufWriter::with_capacity(1 << 20, sink), |done| {
        bar.set_position(u64::from(done));
    })?;
    bar.finish_and_clear();
    report(&format!("{written} resources of {} patients", arguments.patients));
    Ok(())
}

/// A line for the person at the terminal; standard output is for the practice.
#[expect(clippy::print_stderr, reason = "this program talks to the person who called it")]
fn report(line: &str) {
    eprintln!("{line}");
}
