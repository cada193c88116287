//! Everything xtask prints passes through here.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its terminal")]

use std::io::{BufRead, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Whether a person is likely to be reading and answering.
pub(crate) fn at_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// One line of text.
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// The heading of a part of the work.
pub(crate) fn heading(text: &str) {
    println!("\n== {text}");
}

/// A command about to be run, in a form that can be pasted.
pub(crate) fn command(text: &str) {
    println!("   $ {text}");
}

/// The last words of a command that ended early, if it has not said them already.
pub(crate) fn stop(text: &str) {
    if !text.is_empty() {
        eprintln!("\n{text}");
    }
}

/// Asks a yes-or-no question; an empty answer is yes, no answer at all is no.
pub(crate) fn agreed(question: &str) -> bool {
    print!("{question} [Y/n] ");
    let mut answer = String::new();
    if std::io::stdout().flush().is_err() {
        return false;
    }
    match std::io::stdin().lock().read_line(&mut answer) {
        Ok(0) | Err(_) => false,
        Ok(_) => matches!(answer.trim().to_ascii_lowercase().as_str(), "" | "y" | "yes"),
    }
}

/// A spinner with the time spent and the newest line of output.
pub(crate) fn spinner(title: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}  {elapsed}  {wide_msg:.dim}") {
        bar.set_style(style);
    }
    bar.set_prefix(title.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
