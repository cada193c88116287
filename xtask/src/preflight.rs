//! What a machine must have before anything is built: looked for as a whole, listed as a whole, then installed.

use std::path::Path;
use std::process::Command;

use crate::machine::{self, NODE_WANTED, Node, System};
use crate::needs::{Need, Purpose, missing_needs};
use crate::run::{Stop, answer, as_line, with_progress};
use crate::say;

/// Room a first build needs, in megabytes.
const ROOM_MB: u64 = 5_000;

/// What was looked for and not found.
struct Missing {
    needs: Vec<&'static Need>,
    node: Node,
    cargo_tools: Vec<&'static str>,
}

/// What can be done about it.
#[derive(Debug, PartialEq, Eq)]
enum Remedy {
    Nothing,
    /// Packages for apt-get.
    Apt(Vec<&'static str>),
    /// Commands for a person: we do not do this by ourselves.
    ByHand(String),
}

/// Lists everything that is missing, then installs it, asking first at a terminal unless `yes`.
pub(crate) fn make_ready(
    root: &Path,
    purpose: Purpose,
    cargo_tools: &[&'static str],
    yes: bool,
) -> Result<(), Stop> {
    say::heading("preflight");
    let missing = look(purpose, cargo_tools);
    list(&missing, root);
    match remedy(&missing, System::here()) {
        Remedy::ByHand(commands) if machine::is_root() => return Err(Stop::unready(without_sudo(&commands))),
        Remedy::ByHand(commands) => return Err(Stop::unready(commands)),
        Remedy::Apt(packages) => install(&packages, yes)?,
        Remedy::Nothing => {}
    }
    add_cargo_tools(&missing.cargo_tools)?;
    still_missing(purpose)
}

fn look(purpose: Purpose, cargo_tools: &[&'static str]) -> Missing {
    let tool_works = |tool: &&str| answer("cargo", &[tool, "--version"]).is_some();
    Missing {
        needs: missing_needs(purpose),
        node: Node::here(),
        cargo_tools: cargo_tools.iter().filter(|tool| !tool_works(tool)).copied().collect(),
    }
}

fn list(missing: &Missing, root: &Path) {
    for need in &missing.needs {
        say::line(&format!("   missing: {}", need.what));
    }
    match missing.node {
        Node::Absent => say::line(&format!("   missing: {NODE_WANTED}, with npm")),
        Node::TooOld(major, minor) => {
            say::line(&format!("   too old: Node {major}.{minor}; wanted: {NODE_WANTED}"));
        }
        Node::Fine => {}
    }
    for tool in &missing.cargo_tools {
        say::line(&format!("   missing: cargo {tool}"));
    }
    if missing.needs.is_empty() && missing.node == Node::Fine && missing.cargo_tools.is_empty() {
        say::line("   nothing is missing");
    }
    if let Some(free) = machine::free_mb(root).filter(|free| *free < ROOM_MB) {
        say::line(&format!("   note: {free} MB are free; a first build takes up to {ROOM_MB} MB"));
    }
}

fn remedy(missing: &Missing, system: System) -> Remedy {
    if missing.needs.is_empty() && missing.node == Node::Fine {
        return Remedy::Nothing;
    }
    if missing.node == Node::Fine && system == System::Apt {
        return Remedy::Apt(missing.needs.iter().flat_map(|need| need.apt.split(' ')).collect());
    }
    Remedy::ByHand(commands_by_hand(missing, system))
}

/// The commands for a person: of the system at hand first, then of the others we know.
fn commands_by_hand(missing: &Missing, system: System) -> String {
    let mut text = String::from("Nothing was changed. To install what is missing:\n");
    let others = [System::Fedora, System::Arch, System::MacOs].into_iter().filter(|other| *other != system);
    for system in std::iter::once(system).chain(others) {
        text.push_str(&commands_for(missing, system));
    }
    text.push_str("Then run the same command again.");
    text
}

fn commands_for(missing: &Missing, system: System) -> String {
    let node_too = missing.node != Node::Fine;
    let words = |field: fn(&Need) -> &'static str| {
        let node = if node_too && system != System::Apt { &["nodejs npm"][..] } else { &[] };
        node.iter().copied().chain(missing.needs.iter().map(|need| field(need))).collect::<Vec<_>>().join(" ")
    };
    match system {
        System::Apt => {
            let node = "   curl -fsSL https://deb.nodesource.com/setup_22.x | sudo -E bash -\n   sudo apt-get install -y nodejs\n";
            let rest = words(|need| need.apt);
            let rest = if rest.is_empty() { rest } else { format!("   sudo {}\n", apt_line(&[&rest])) };
            format!("Debian, Ubuntu:\n{node}{rest}")
        }
        System::Fedora => format!("Fedora:\n   sudo dnf install -y {}\n", words(|need| need.fedora)),
        System::Arch => format!("Arch:\n   sudo pacman -S --needed {}\n", words(|need| need.arch)),
        System::MacOs => {
            let node = if node_too { "   brew install node\n" } else { "" };
            format!("macOS (builds and tests; the demo runs on Linux):\n   xcode-select --install\n{node}")
        }
        System::Other => String::new(),
    }
}

/// The same commands for somebody who is root already, where there may be no sudo.
fn without_sudo(commands: &str) -> String {
    commands.replace("sudo -E ", "").replace("sudo ", "")
}

fn apt_line(packages: &[&str]) -> String {
    format!("apt-get install -y --no-install-recommends {}", packages.join(" "))
}

fn install(packages: &[&'static str], yes: bool) -> Result<(), Stop> {
    let sudo = !machine::is_root();
    let by_hand = format!("   {}{}", if sudo { "sudo " } else { "" }, apt_line(packages));
    if !yes && say::at_terminal() && !say::agreed(&format!("Install with\n{by_hand}\nnow?")) {
        return Err(Stop::unready(format!("Nothing was changed. To install it yourself:\n{by_hand}")));
    }
    if sudo && !sudo_agrees() {
        return Err(Stop::unready(format!(
            "sudo refused or is not there. Nothing was changed. To install it yourself:\n{by_hand}"
        )));
    }
    let could_not = |stop: Stop| {
        Stop::unready(format!(
            "{}\nThe packages could not be installed. To try it yourself:\n{by_hand}",
            stop.message
        ))
    };
    with_progress("package lists", apt(sudo).arg("update")).map_err(could_not)?;
    let arguments = ["install", "-y", "--no-install-recommends"];
    with_progress("packages", apt(sudo).args(arguments).args(packages)).map_err(could_not)
}

fn apt(sudo: bool) -> Command {
    if sudo {
        let mut command = Command::new("sudo");
        command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        command
    } else {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }
}

/// Asks sudo for its password at a terminal; elsewhere only takes what needs none.
fn sudo_agrees() -> bool {
    let mut command = Command::new("sudo");
    command.arg(if say::at_terminal() { "-v" } else { "-nv" });
    say::command(&as_line(&command));
    command.status().is_ok_and(|status| status.success())
}

fn add_cargo_tools(tools: &[&'static str]) -> Result<(), Stop> {
    for tool in tools {
        let component = if *tool == "fmt" { "rustfmt" } else { tool };
        let mut command = Command::new("rustup");
        command.args(["component", "add", component]);
        with_progress(&format!("cargo {tool}"), &mut command).map_err(|stop| Stop::unready(stop.message))?;
    }
    Ok(())
}

fn still_missing(purpose: Purpose) -> Result<(), Stop> {
    let left: Vec<_> = missing_needs(purpose).iter().map(|need| need.what).collect();
    if left.is_empty() {
        return Ok(());
    }
    Err(Stop::unready(format!("Installed, and still not found:\n   {}", left.join("\n   "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needs::NEEDS;

    /// Without the needs that these Debian packages answer.
    fn missing(packages: &[&str], node: Node) -> Missing {
        let find = |apt: &&str| NEEDS.iter().find(|need| need.apt == *apt).unwrap();
        Missing { needs: packages.iter().map(find).collect(), node, cargo_tools: Vec::new() }
    }

    fn by_hand(missing: &Missing, system: System) -> String {
        match remedy(missing, system) {
            Remedy::ByHand(text) => text,
            other @ (Remedy::Nothing | Remedy::Apt(_)) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_machine_that_has_everything_is_left_alone_whatever_it_is() {
        for system in [System::Apt, System::Fedora, System::Other] {
            assert_eq!(remedy(&missing(&[], Node::Fine), system), Remedy::Nothing);
        }
    }

    #[test]
    fn debian_installs_exactly_the_packages_that_are_missing() {
        let remedy = remedy(&missing(&["build-essential", "libwebkit2gtk-4.1-dev"], Node::Fine), System::Apt);
        assert_eq!(remedy, Remedy::Apt(vec!["build-essential", "libwebkit2gtk-4.1-dev"]));
    }

    #[test]
    fn without_apt_the_commands_of_every_other_system_are_printed() {
        let text = by_hand(&missing(&["libwebkit2gtk-4.1-dev"], Node::Absent), System::Fedora);
        assert!(text.contains("sudo dnf install -y nodejs npm webkit2gtk4.1-devel gtk3-devel\n"), "{text}");
        assert!(text.contains("sudo pacman -S --needed nodejs npm webkit2gtk-4.1 gtk3\n"), "{text}");
        assert!(text.contains("brew install node\n"), "{text}");
    }

    #[test]
    fn missing_node_stops_before_apt_is_touched_and_prints_both_steps() {
        let text = by_hand(&missing(&["pkg-config"], Node::TooOld(18, 2)), System::Apt);
        assert!(text.contains("setup_22.x"), "{text}");
        assert!(text.contains("sudo apt-get install -y --no-install-recommends pkg-config\n"), "{text}");
        assert!(!without_sudo(&text).contains("sudo"), "{text}");
    }
}
