//! `cargo xtask fuzz`: builds the fuzzing programs once and lets each run for a while.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use crate::ground::Ground;
use crate::needs::Purpose;
use crate::preflight;
use crate::run::{Stop, streamed, with_progress};
use crate::say;

/// The version of cargo-fuzz that is built where there is none.
const VERSION: &str = "0.13.2";
/// Where the programs lie, and the seeds beside them.
const FOLDER: &str = "fuzz";

/// How `cargo xtask fuzz` is to run.
#[derive(Args)]
pub(crate) struct Options {
    /// How long each target runs
    #[arg(long, default_value_t = 600)]
    seconds: u32,
    /// Install what is missing without asking
    #[arg(long)]
    yes: bool,
    /// Only these targets; without any, all of them
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
}

/// Runs the targets one after the other, and stops at the first finding.
pub(crate) fn fuzz(options: &Options) -> Result<(), Stop> {
    let ground = Ground::find()?;
    let known = known_targets(&ground)?;
    let targets = chosen(&options.targets, &known)?;
    preflight::make_ready(&ground.root, Purpose::Build, &[], options.yes)?;
    let tool = tool(&ground)?;
    say::heading("build");
    with_progress(
        "fuzzing programs, with the address sanitizer",
        &mut cargo_fuzz(&ground, &tool, &["build"]),
    )?;
    for (index, target) in targets.iter().enumerate() {
        say::heading(&format!("{target} ({} of {}), {} s", index + 1, targets.len(), options.seconds));
        run(&ground, &tool, target, options.seconds)?;
    }
    say::line(&format!("\n{} targets, {} s each, no finding", targets.len(), options.seconds));
    Ok(())
}

/// The targets by their programs.
fn known_targets(ground: &Ground) -> Result<Vec<String>, Stop> {
    let folder = ground.root.join(FOLDER).join("fuzz_targets");
    let entries = fs::read_dir(&folder)
        .map_err(|error| Stop::failed(format!("could not read {}: {error}", folder.display())))?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut known: Vec<String> =
        names.filter_map(|name| name.strip_suffix(".rs").map(str::to_owned)).collect();
    known.sort();
    Ok(known)
}

fn chosen(wanted: &[String], known: &[String]) -> Result<Vec<String>, Stop> {
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(name)) {
        return Err(Stop::unready(format!("no target is called {unknown}; there are: {}", known.join(", "))));
    }
    Ok(if wanted.is_empty() { known.to_vec() } else { wanted.to_vec() })
}

fn tool(ground: &Ground) -> Result<PathBuf, Stop> {
    let folder = ground.cache.tool(&format!("cargo-fuzz-{VERSION}"));
    let binary = folder.join("bin").join(format!("cargo-fuzz{}", std::env::consts::EXE_SUFFIX));
    if !binary.exists() {
        let mut command = ground.cargo(&["install", "--locked", "--debug", "--root"]);
        command.arg(&folder).arg(format!("cargo-fuzz@{VERSION}")).env_remove("CARGO_TARGET_DIR");
        with_progress("cargo-fuzz", &mut command)?;
    }
    Ok(binary)
}

/// cargo-fuzz with a build folder of its own. The sanitizers are behind unstable flags, which the stable compiler has
/// too; only these programs are built with them.
fn cargo_fuzz(ground: &Ground, tool: &std::path::Path, arguments: &[&str]) -> Command {
    let mut command = ground.program(&tool.to_string_lossy());
    command.env("RUSTC_BOOTSTRAP", "1");
    command.args(arguments).args(["--fuzz-dir", FOLDER, "--target-dir"]).arg(ground.target().join("fuzz"));
    command
}

fn run(ground: &Ground, tool: &std::path::Path, target: &str, seconds: u32) -> Result<(), Stop> {
    let (corpus, found) = (kept(ground, "corpus", target)?, kept(ground, "artifacts", target)?);
    let mut command = cargo_fuzz(ground, tool, &["run"]);
    command.arg(target).arg(&corpus).arg(ground.root.join(FOLDER).join("seeds").join(target));
    command.args(["--", "-timeout=20", "-rss_limit_mb=3000", "-max_len=65536", "-print_final_stats=1"]);
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-artifact_prefix={}/", found.display()));
    streamed(&mut command).map_err(|stop| Stop {
        message: format!(
            "{}\nWhat broke it lies in {}. Once mended, it belongs in {FOLDER}/seeds/{target}/.",
            stop.message,
            found.display()
        ),
        ..stop
    })
}

fn kept(ground: &Ground, what: &str, target: &str) -> Result<PathBuf, Stop> {
    let folder = ground.target().join("fuzz").join(what).join(target);
    fs::create_dir_all(&folder)
        .map_err(|error| Stop::failed(format!("could not make {}: {error}", folder.display())))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_target_is_named_with_those_there_are() {
        let known = ["grant".to_owned(), "slot".to_owned()];
        assert_eq!(chosen(&[], &known).ok(), Some(known.to_vec()));
        assert_eq!(chosen(&known[1..], &known).ok(), Some(vec!["slot".to_owned()]));
        let refused = chosen(&["slots".to_owned()], &known).err();
        assert!(
            refused
                .is_some_and(|stop| stop.exit == 2 && stop.message.contains("slots; there are: grant, slot"))
        );
    }
}
