//! Running other programs: shown before they start, named when they fail, repeatable by hand.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::say;

/// Lines of output kept to be shown when a command with a spinner fails.
const KEPT_LINES: usize = 60;

/// Why a command ends early, in words for the person at the keyboard.
pub(crate) struct Stop {
    pub(crate) exit: u8,
    pub(crate) message: String,
}

impl Stop {
    /// Something went wrong while working: exit 1.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { exit: 1, message: message.into() }
    }

    /// The machine or the call is not ready for this work: exit 2.
    pub(crate) fn unready(message: impl Into<String>) -> Self {
        Self { exit: 2, message: message.into() }
    }
}

/// The command as one line for a shell, with the folder and variables it is given.
pub(crate) fn as_line(command: &Command) -> String {
    let mut line = String::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            let _ = write!(line, "{}={} ", name.to_string_lossy(), quoted(&value.to_string_lossy()));
        }
    }
    line.push_str(&quoted(&command.get_program().to_string_lossy()));
    for argument in command.get_args() {
        let _ = write!(line, " {}", quoted(&argument.to_string_lossy()));
    }
    line
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// What the command prints on standard output, or nothing when it cannot be run or fails. Not shown.
pub(crate) fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs to the end with its output on ours.
pub(crate) fn streamed(command: &mut Command) -> Result<(), Stop> {
    say::command(&as_line(command));
    let status = command.stdin(Stdio::null()).status().map_err(|error| cannot_start(command, &error))?;
    if status.success() { Ok(()) } else { Err(ended_badly(command, status.code())) }
}

/// Runs to the end with its standard output on ours, each line also given to `each`.
pub(crate) fn overheard(command: &mut Command, mut each: impl FnMut(&str)) -> Result<(), Stop> {
    say::command(&as_line(command));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| cannot_start(command, &error))?;
    if let Some(stdout) = child.stdout.take() {
        for line in lines_of(stdout) {
            say::line(&line);
            each(&line);
        }
    }
    finish(command, child)
}

/// Runs a long step: behind a spinner at a terminal, line by line elsewhere.
pub(crate) fn with_progress(title: &str, command: &mut Command) -> Result<(), Stop> {
    if !say::at_terminal() {
        say::line(&format!("-- {title}"));
        return streamed(command);
    }
    say::command(&as_line(command));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| cannot_start(command, &error))?;
    let spinner = say::spinner(title);
    let mut kept = VecDeque::new();
    for line in both_outputs(&mut child) {
        spinner.set_message(line.trim().to_owned());
        kept.push_back(line);
        if kept.len() > KEPT_LINES {
            kept.pop_front();
        }
    }
    let seconds = spinner.elapsed().as_secs_f64();
    spinner.finish_and_clear();
    let end = finish(command, child);
    match &end {
        Ok(()) => say::line(&format!("   done: {title} ({seconds:.1} s)")),
        Err(_) => kept.iter().for_each(|line| say::line(line)),
    }
    end
}

fn both_outputs(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    if let Some(stdout) = child.stdout.take() {
        send_lines(stdout, sender.clone());
    }
    if let Some(stderr) = child.stderr.take() {
        send_lines(stderr, sender);
    }
    receiver
}

fn send_lines(source: impl Read + Send + 'static, sender: Sender<String>) {
    thread::spawn(move || {
        lines_of(source).take_while(|line| sender.send(line.clone()).is_ok()).for_each(drop)
    });
}

/// Lines as text, whatever bytes they hold.
fn lines_of(source: impl Read) -> impl Iterator<Item = String> {
    let mut reader = BufReader::new(source);
    std::iter::from_fn(move || {
        let mut bytes = Vec::new();
        match reader.read_until(b'\n', &mut bytes) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned()),
        }
    })
}

fn finish(command: &Command, mut child: Child) -> Result<(), Stop> {
    let status = child.wait().map_err(|error| cannot_start(command, &error))?;
    if status.success() { Ok(()) } else { Err(ended_badly(command, status.code())) }
}

fn cannot_start(command: &Command, error: &std::io::Error) -> Stop {
    Stop::failed(format!("could not run `{}`: {error}", as_line(command)))
}

fn ended_badly(command: &Command, code: Option<i32>) -> Stop {
    let how = code.map_or_else(|| "was ended by a signal".to_owned(), |code| format!("ended with {code}"));
    Stop::failed(format!("the command {how}. To repeat it:\n   {}", as_line(command)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_so_that_a_shell_reads_it_back() {
        let mut command = Command::new("npm");
        command.args(["run", "it's here", ""]).env("A", "b c");
        assert_eq!(as_line(&command), r"A='b c' npm run 'it'\''s here' ''");
    }

    #[test]
    fn a_failing_command_is_named_with_the_line_to_repeat_it() {
        let stop = streamed(Command::new("false").arg("now")).expect_err("false fails");
        assert_eq!((stop.exit, stop.message.contains("false now")), (1, true));
    }

    #[test]
    fn lines_are_overheard_in_order() {
        let mut heard = Vec::new();
        let end = overheard(Command::new("printf").arg("one\\ntwo"), |line| heard.push(line.to_owned()));
        assert!(end.is_ok());
        assert_eq!(heard, ["one", "two"]);
    }
}
