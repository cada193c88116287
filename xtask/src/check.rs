//! `cargo xtask test`: the cheap checks first, one set of built dependencies for all, the real window last.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Instant;

use clap::Args;

use crate::build;
use crate::demo;
use crate::deny;
use crate::fhir;
use crate::ground::Ground;
use crate::needs::Purpose;
use crate::preflight;
use crate::run::{Stop, overheard, streamed};
use crate::say;
use crate::step::{Count, Outcome, Report, hear};
use crate::ui;

/// How `cargo xtask test` is to run.
#[derive(Args)]
pub(crate) struct Options {
    /// The inner loop: without the real window, the documentation and cargo-deny
    #[arg(long)]
    quick: bool,
    /// Only this step and what it needs, by its name in the table; may be repeated
    #[arg(long, value_name = "STEP", value_parser = step_names())]
    only: Vec<String>,
    /// Install what is missing without asking
    #[arg(long)]
    yes: bool,
}

fn step_names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

/// One step of the run.
struct Step {
    name: &'static str,
    /// Steps that must have passed, or this one says so and is a failure.
    after: &'static [&'static str],
    quick: bool,
    run: fn(&Ground) -> Outcome,
}

/// The step that needs a display of its own.
const MAIN_JOB: &str = "main job in a window";

const STEPS: &[Step] = &[
    Step { name: "formatting", after: &[], quick: true, run: formatting },
    Step { name: "ui packages", after: &[], quick: true, run: ui_packages },
    Step { name: "ui checks", after: &["ui packages"], quick: true, run: ui_checks },
    Step { name: "ui tests", after: &["ui packages"], quick: true, run: ui_tests },
    Step { name: "ui build", after: &["ui packages"], quick: true, run: ui_build },
    Step { name: "clippy", after: &["ui build"], quick: true, run: clippy },
    Step { name: "tests", after: &["ui build"], quick: true, run: tests },
    Step { name: "server on PostgreSQL", after: &["tests"], quick: false, run: server_on_postgres },
    Step { name: "documentation", after: &["ui build"], quick: false, run: documentation },
    Step { name: "licences and bans", after: &[], quick: false, run: licences_and_bans },
    Step { name: "advisories", after: &["licences and bans"], quick: false, run: advisories },
    Step { name: "programs", after: &["ui build"], quick: false, run: programs },
    Step { name: "FHIR validators", after: &["programs"], quick: false, run: fhir },
    Step { name: "FHIR by others", after: &["tests"], quick: false, run: fhir_by_others },
    Step { name: "rescue drill", after: &["programs"], quick: false, run: drill },
    Step { name: MAIN_JOB, after: &["programs"], quick: false, run: main_job },
];

/// Prepares the machine, runs every step and says how each ended.
pub(crate) fn test(options: &Options) -> Result<(), Stop> {
    let ground = Ground::find()?;
    let steps = chosen(options);
    let driven = steps.iter().any(|step| step.name == MAIN_JOB);
    let purpose = if driven { Purpose::Driven } else { Purpose::Build };
    preflight::make_ready(&ground.root, purpose, &["fmt", "clippy"], options.yes)?;
    let mut report = Report::default();
    for step in steps {
        take(step, &ground, &mut report);
    }
    report.print();
    match report.total().failed {
        0 => Ok(()),
        _ => Err(Stop::failed("")),
    }
}

fn chosen(options: &Options) -> Vec<&'static Step> {
    let mut wanted: BTreeSet<&str> = options.only.iter().map(String::as_str).collect();
    // A step stands after all it needs, so one look from the end finds everything.
    for step in STEPS.iter().rev() {
        if wanted.contains(step.name) {
            wanted.extend(step.after);
        }
    }
    let asked_for = |step: &&Step| wanted.is_empty() || wanted.contains(step.name);
    STEPS.iter().filter(|step| step.quick || !options.quick).filter(asked_for).collect()
}

#[expect(clippy::disallowed_methods, reason = "how long a step took is what this program is asked")]
fn take(step: &Step, ground: &Ground, report: &mut Report) {
    say::heading(step.name);
    let start = Instant::now();
    let outcome = match step.after.iter().find(|before| !report.has_passed(before)) {
        Some(before) => Outcome::of(Err(Stop::failed(format!("not tried, because `{before}` did not pass")))),
        None => (step.run)(ground),
    };
    report.add(step.name, start.elapsed(), outcome);
}

fn formatting(ground: &Ground) -> Outcome {
    Outcome::of(streamed(&mut ground.cargo(&["fmt", "--all", "--", "--check"])))
}

fn ui_packages(ground: &Ground) -> Outcome {
    Outcome::of(ui::packages(ground))
}

fn ui_checks(ground: &Ground) -> Outcome {
    let scripts = ["check", "lint"].into_iter().filter(|script| ui::has_script(ground, script));
    let mut ends = scripts.map(|script| streamed(&mut ground.npm(&["run", script])));
    Outcome::of(ends.find(Result::is_err).unwrap_or(Ok(())))
}

fn ui_tests(ground: &Ground) -> Outcome {
    counted(&mut ground.npm(&["run", "test"]))
}

fn ui_build(ground: &Ground) -> Outcome {
    Outcome::of(ui::build(ground))
}

fn clippy(ground: &Ground) -> Outcome {
    let mut command = whole_workspace(ground, &["clippy", "--all-targets", "--keep-going"]);
    Outcome::of(streamed(command.args(["--", "--deny", "warnings"])))
}

fn tests(ground: &Ground) -> Outcome {
    counted(&mut whole_workspace(ground, &["test", "--no-fail-fast"]))
}

/// The server's tests once more, with their records in PostgreSQL: the same story over the other store.
fn server_on_postgres(ground: &Ground) -> Outcome {
    let mut command = whole_workspace(ground, &["test", "--no-fail-fast", "--test", "server"]);
    counted(command.env("CHARTKEEP_TEST_STORE", "postgres"))
}

fn documentation(ground: &Ground) -> Outcome {
    let mut command =
        whole_workspace(ground, &["doc", "--no-deps", "--document-private-items", "--keep-going"]);
    Outcome::of(streamed(command.env("RUSTDOCFLAGS", "--deny warnings")))
}

fn licences_and_bans(ground: &Ground) -> Outcome {
    Outcome::of(deny::licences_and_bans(ground))
}

fn advisories(ground: &Ground) -> Outcome {
    match deny::advisories_known(ground) {
        Ok(true) => Outcome::of(deny::advisories(ground)),
        Ok(false) => Outcome::NotRun("the advisory database could not be reached".to_owned()),
        Err(stop) => Outcome::of(Err(stop)),
    }
}

fn programs(ground: &Ground) -> Outcome {
    Outcome::of(build::programs(ground, true))
}

fn fhir(ground: &Ground) -> Outcome {
    Outcome::of(fhir::validate(ground))
}

/// The tests of the server that programs by others take part in; the step before has built them.
fn fhir_by_others(ground: &Ground) -> Outcome {
    match fhir::by_others(ground) {
        Ok((variable, value)) => {
            let mut command = whole_workspace(ground, &["test", "--test", "server"]);
            counted(command.arg("fhir_by_others").env(variable, value))
        }
        Err(stop) => Outcome::of(Err(stop)),
    }
}

/// The drill proves itself: it ends well only where everything held.
fn drill(ground: &Ground) -> Outcome {
    let mut drill = ground.program(&ground.binary("chartkeepctl", "debug").to_string_lossy());
    Outcome::of(streamed(drill.arg("drill").arg("--server").arg(ground.binary("chartkeep-server", "debug"))))
}

fn main_job(ground: &Ground) -> Outcome {
    if !ground.makes(demo::DRIVER) {
        return Outcome::NotRun(format!("there is no {} yet", demo::DRIVER));
    }
    Outcome::of(demo::end_to_end(ground))
}

/// A cargo command for every package, with the features that all steps share.
fn whole_workspace(ground: &Ground, arguments: &[&str]) -> Command {
    let mut command = ground.cargo(arguments);
    command.args(["--workspace", "--locked"]);
    let features = ground.features(true);
    if !features.is_empty() {
        command.args(["--features", &features]);
    }
    command
}

fn counted(command: &mut Command) -> Outcome {
    let mut count = Count::default();
    let end = overheard(command, |line| hear(line, &mut count));
    Outcome::counted(end, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_stands_after_every_step_it_needs() {
        for (index, step) in STEPS.iter().enumerate() {
            for before in step.after {
                assert!(
                    STEPS[..index].iter().any(|earlier| earlier.name == *before),
                    "{} needs {before}",
                    step.name
                );
            }
        }
    }

    #[test]
    fn one_step_brings_what_it_needs_and_nothing_else() {
        let names = |only: &[&str]| -> Vec<&str> {
            let only = only.iter().map(|&name| name.to_owned()).collect();
            chosen(&Options { quick: false, only, yes: false }).iter().map(|step| step.name).collect()
        };
        assert_eq!(names(&["clippy"]), ["ui packages", "ui build", "clippy"]);
        assert_eq!(names(&["formatting"]), ["formatting"]);
        assert_eq!(names(&[]).len(), STEPS.len());
    }

    #[test]
    fn the_inner_loop_leaves_nothing_out_that_it_needs() {
        for step in STEPS.iter().filter(|step| step.quick) {
            for before in step.after {
                assert!(
                    STEPS.iter().any(|other| other.name == *before && other.quick),
                    "{} needs {before}",
                    step.name
                );
            }
        }
    }
}
