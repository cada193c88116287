//! The steps of `cargo xtask test`: what each needs, how it ended, and the table at the end.

use std::time::Duration;

use crate::run::Stop;
use crate::say;

/// How many checks passed and failed within one step; a step that counts nothing is one check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
}

/// How a step ended.
pub(crate) enum Outcome {
    Passed(Count),
    Failed(Count, Stop),
    /// It could not be run, and that is no failure of the code; with the reason.
    NotRun(String),
}

impl Outcome {
    /// The outcome of a step that counts nothing.
    pub(crate) fn of(end: Result<(), Stop>) -> Self {
        Self::counted(end, Count::default())
    }

    /// The outcome of a step that runs tests.
    pub(crate) fn counted(end: Result<(), Stop>, count: Count) -> Self {
        match end {
            Ok(()) if count == Count::default() => Self::Passed(Count { passed: 1, failed: 0 }),
            Ok(()) => Self::Passed(count),
            Err(stop) => Self::Failed(Count { failed: count.failed.max(1), ..count }, stop),
        }
    }
}

/// What happened in the steps so far.
#[derive(Default)]
pub(crate) struct Report {
    done: Vec<(&'static str, Duration, Outcome)>,
}

impl Report {
    /// Adds a finished step.
    pub(crate) fn add(&mut self, name: &'static str, took: Duration, outcome: Outcome) {
        self.done.push((name, took, outcome));
    }

    /// Whether the named step was run and passed.
    pub(crate) fn has_passed(&self, name: &str) -> bool {
        self.done.iter().any(|(done, _, outcome)| *done == name && matches!(outcome, Outcome::Passed(_)))
    }

    /// All checks of all steps.
    pub(crate) fn total(&self) -> Count {
        let mut total = Count::default();
        for (_, _, outcome) in &self.done {
            match outcome {
                Outcome::Passed(count) | Outcome::Failed(count, _) => {
                    total.passed += count.passed;
                    total.failed += count.failed;
                }
                Outcome::NotRun(_) => {}
            }
        }
        total
    }

    /// Prints the table, what failed and how to repeat it, and the total as the last line.
    pub(crate) fn print(&self) {
        say::heading("summary");
        for line in self.table() {
            say::line(&line);
        }
        for (name, _, outcome) in &self.done {
            if let Outcome::Failed(_, stop) = outcome {
                say::line(&format!("\n{name}: {}", stop.message));
            }
        }
        let total = self.total();
        say::line(&format!("\n{} passed, {} failed", total.passed, total.failed));
    }

    fn table(&self) -> Vec<String> {
        let row = |(name, took, outcome): &(&str, Duration, Outcome)| {
            let (word, note) = match outcome {
                Outcome::Passed(count) => ("passed", counted(*count)),
                Outcome::Failed(count, _) => ("FAILED", counted(*count)),
                Outcome::NotRun(reason) => ("not run", reason.clone()),
            };
            format!("   {name:<24} {:>7.1} s  {word:<8} {note}", took.as_secs_f64()).trim_end().to_owned()
        };
        let all: Duration = self.done.iter().map(|(_, took, _)| *took).sum();
        let mut lines: Vec<String> = self.done.iter().map(row).collect();
        lines.push(format!("   {:<24} {:>7.1} s", "all", all.as_secs_f64()));
        lines
    }
}

fn counted(count: Count) -> String {
    match (count.passed + count.failed, count.failed) {
        (0 | 1, _) => String::new(),
        (all, 0) => format!("{all} tests"),
        (all, failed) => format!("{failed} of {all} tests failed"),
    }
}

/// Adds what one line of a test runner's output says: cargo's `test result:` and vitest's `Tests`.
pub(crate) fn hear(line: &str, count: &mut Count) {
    let plain = without_colours(line);
    let words: Vec<&str> = plain.split([' ', ';', '|', '(', ')']).filter(|word| !word.is_empty()).collect();
    let is_cargo = plain.trim_start().starts_with("test result:");
    let is_vitest = words.first() == Some(&"Tests");
    if !is_cargo && !is_vitest {
        return;
    }
    for pair in words.windows(2) {
        match (pair[0].parse::<u32>(), pair[1]) {
            (Ok(number), "passed") => count.passed += number,
            (Ok(number), "failed") => count.failed += number,
            _ => {}
        }
    }
}

/// The line without terminal colours (`ESC [ … m`).
fn without_colours(line: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for c in line.chars() {
        match (inside, c) {
            (false, '\u{1b}') => inside = true,
            (false, _) => plain.push(c),
            (true, 'm') => inside = false,
            (true, _) => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(lines: &[&str]) -> Count {
        let mut count = Count::default();
        lines.iter().for_each(|line| hear(line, &mut count));
        count
    }

    #[test]
    fn the_tests_of_cargo_and_vitest_are_counted() {
        let cargo = "test result: FAILED. 12 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        let vitest = "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[31m2 failed\u{1b}[39m | \u{1b}[32m30 passed\u{1b}[39m (32)";
        let files = " Test Files  4 passed (4)";
        assert_eq!(heard(&[cargo, vitest, files, "5 passed"]), Count { passed: 42, failed: 3 });
    }

    #[test]
    fn a_step_that_fails_without_counting_is_one_failure() {
        let mut report = Report::default();
        report.add("formatting", Duration::from_secs(2), Outcome::of(Ok(())));
        report.add("clippy", Duration::from_secs(3), Outcome::of(Err(Stop::failed("no"))));
        report.add("advisories", Duration::ZERO, Outcome::NotRun("the database could not be reached".into()));
        assert_eq!(report.total(), Count { passed: 1, failed: 1 });
        assert!(
            report.has_passed("formatting")
                && !report.has_passed("clippy")
                && !report.has_passed("advisories")
        );
        let table = report.table();
        assert_eq!(table[1], "   clippy                       3.0 s  FAILED");
        assert!(table[2].ends_with("not run  the database could not be reached"));
    }

    #[test]
    fn a_run_with_failed_tests_counts_each() {
        let count = Count { passed: 7, failed: 2 };
        let mut report = Report::default();
        report.add("tests", Duration::ZERO, Outcome::counted(Err(Stop::failed("no")), count));
        assert_eq!(report.total(), count);
        assert!(report.table()[0].ends_with("2 of 9 tests failed"));
    }
}
