//! What kind of machine this is: its package system, Node, Rust's own tools, a display.

use std::fs;
use std::path::{Path, PathBuf};

use crate::run::answer;

/// The Node the front end is built with, in words; `Node::of_version` says the same in numbers.
pub(crate) const NODE_WANTED: &str = "Node 20.19 or newer in 20, or 22.12 or newer";

/// Whose packages the machine takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    /// Debian, Ubuntu and their children: `apt-get`.
    Apt,
    /// Fedora and its children: `dnf`.
    Fedora,
    /// Arch and its children: `pacman`.
    Arch,
    /// macOS: `brew`.
    MacOs,
    /// Anything else: the lists for all of the above are printed.
    Other,
}

impl System {
    /// The system we run on.
    pub(crate) fn here() -> Self {
        if cfg!(target_os = "macos") {
            return Self::MacOs;
        }
        if on_path("apt-get").is_some() && on_path("dpkg").is_some() {
            return Self::Apt;
        }
        fs::read_to_string("/etc/os-release").map_or(Self::Other, |text| Self::named_in(&text))
    }

    /// Reads `ID` and `ID_LIKE` of an os-release file.
    fn named_in(os_release: &str) -> Self {
        let names = os_release
            .lines()
            .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
            .flat_map(|value| value.trim_matches('"').split(' '));
        for name in names {
            match name {
                "fedora" | "rhel" | "centos" => return Self::Fedora,
                "arch" => return Self::Arch,
                _ => {}
            }
        }
        Self::Other
    }
}

/// What `node --version` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// No `node`, or no `npm` beside it.
    Absent,
    /// Found, with its major and minor version, but too old for the front end's tools.
    TooOld(u32, u32),
    /// Good enough.
    Fine,
}

impl Node {
    /// The Node on the path.
    pub(crate) fn here() -> Self {
        match (answer("node", &["--version"]), answer("npm", &["--version"])) {
            (Some(version), Some(_)) => Self::of_version(&version),
            _ => Self::Absent,
        }
    }

    fn of_version(text: &str) -> Self {
        let mut numbers = text.trim().trim_start_matches('v').split('.').map(|number| number.parse().ok());
        match (numbers.next().flatten(), numbers.next().flatten()) {
            (Some(20), Some(minor)) if minor >= 19 => Self::Fine,
            (Some(22), Some(minor)) if minor >= 12 => Self::Fine,
            (Some(major), Some(_)) if major > 22 => Self::Fine,
            (Some(major), Some(minor)) => Self::TooOld(major, minor),
            _ => Self::Absent,
        }
    }
}

/// Where a program lies on the path, and in the folders of administrators that not every path has.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(more).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Whether we may install packages without asking another account.
pub(crate) fn is_root() -> bool {
    answer("id", &["-u"]).is_some_and(|id| id.trim() == "0")
}

/// Whether a window could be opened here and seen.
pub(crate) fn has_display() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Free space where the clone lies, in megabytes, when `df` knows.
pub(crate) fn free_mb(folder: &Path) -> Option<u64> {
    let table = answer("df", &["-Pk", &folder.to_string_lossy()])?;
    let kilobytes: u64 = table.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kilobytes / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_known_by_its_own_name_or_its_parents() {
        assert_eq!(System::named_in("NAME=\"Fedora Linux\"\nID=fedora\n"), System::Fedora);
        assert_eq!(System::named_in("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"), System::Fedora);
        assert_eq!(System::named_in("ID=manjaro\nID_LIKE=arch\n"), System::Arch);
        assert_eq!(System::named_in("ID=alpine\n"), System::Other);
    }

    #[test]
    fn node_is_judged_by_what_the_front_ends_tools_run_on() {
        for fine in ["v20.19.0\n", "v20.20.1", "v22.12.0", "v24.1.0"] {
            assert_eq!(Node::of_version(fine), Node::Fine, "{fine}");
        }
        assert_eq!(Node::of_version("v18.19.0\n"), Node::TooOld(18, 19));
        assert_eq!(Node::of_version("v20.11.1\n"), Node::TooOld(20, 11));
        assert_eq!(Node::of_version("v22.4.0\n"), Node::TooOld(22, 4));
        assert_eq!(Node::of_version("command not found"), Node::Absent);
    }
}
