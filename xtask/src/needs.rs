//! The things from the system's packages that building, showing and driving the window take.

use std::path::Path;

use crate::machine::on_path;
use crate::run::answer;

/// What the machine is wanted for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Building and testing without a window.
    Build,
    /// Also opening the app for a person to use.
    Window,
    /// Also driving the app on a display of its own.
    Driven,
}

/// How we see that a thing is there.
enum Probe {
    /// Programs on the path.
    Programs(&'static [&'static str]),
    /// A command that succeeds.
    Works(&'static [&'static str]),
    /// One of these files.
    File(&'static [&'static str]),
}

/// One thing from the system's packages.
pub(crate) struct Need {
    pub(crate) what: &'static str,
    from: Purpose,
    probe: Probe,
    pub(crate) apt: &'static str,
    pub(crate) fedora: &'static str,
    pub(crate) arch: &'static str,
}

pub(crate) const NEEDS: &[Need] = &[
    Need {
        what: "a C compiler and make (SQLCipher and its OpenSSL are compiled here)",
        from: Purpose::Build,
        probe: Probe::Works(&["make", "--version"]),
        apt: "build-essential",
        fedora: "gcc gcc-c++ make",
        arch: "base-devel",
    },
    Need {
        what: "perl with its modules (configures OpenSSL)",
        from: Purpose::Build,
        probe: Probe::Works(&["perl", "-MFindBin", "-MIPC::Cmd", "-MTime::Piece", "-e", "1"]),
        apt: "perl",
        fedora: "perl-core",
        arch: "perl",
    },
    Need {
        what: "openssl (makes the bad certificates of tests)",
        from: Purpose::Build,
        probe: Probe::Programs(&["openssl"]),
        apt: "openssl",
        fedora: "openssl",
        arch: "openssl",
    },
    Need {
        what: "pkg-config (finds the system's libraries)",
        from: Purpose::Build,
        probe: Probe::Programs(&["pkg-config"]),
        apt: "pkg-config",
        fedora: "pkgconf-pkg-config",
        arch: "pkgconf",
    },
    Need {
        what: "WebKitGTK 4.1 to build against (draws the window)",
        from: Purpose::Build,
        probe: Probe::Works(&["pkg-config", "--exists", "webkit2gtk-4.1", "gtk+-3.0"]),
        apt: "libwebkit2gtk-4.1-dev",
        fedora: "webkit2gtk4.1-devel gtk3-devel",
        arch: "webkit2gtk-4.1 gtk3",
    },
    Need {
        what: "libudev to build against (finds security keys)",
        from: Purpose::Build,
        probe: Probe::Works(&["pkg-config", "--exists", "libudev"]),
        apt: "libudev-dev",
        fedora: "systemd-devel",
        arch: "systemd-libs",
    },
    Need {
        what: "a D-Bus daemon (the way to the OS keyring)",
        from: Purpose::Build,
        probe: Probe::Programs(&["dbus-daemon", "dbus-send"]),
        apt: "dbus",
        fedora: "dbus-daemon dbus-tools",
        arch: "dbus",
    },
    Need {
        what: "an OS keyring for machines where none answers",
        from: Purpose::Build,
        probe: Probe::Programs(&["gnome-keyring-daemon"]),
        apt: "gnome-keyring",
        fedora: "gnome-keyring",
        arch: "gnome-keyring",
    },
    Need {
        what: "Python with cryptography and argon2 (reads our formats from their documents)",
        from: Purpose::Build,
        probe: Probe::Works(&["/usr/bin/python3", "-c", "import cryptography, argon2"]),
        apt: "python3-cryptography python3-argon2",
        fedora: "python3-cryptography python3-argon2-cffi",
        arch: "python-cryptography python-argon2-cffi",
    },
    Need {
        what: "PostgreSQL (the server's tests start one of their own)",
        from: Purpose::Build,
        probe: Probe::Works(&["sh", "-c", "ls /usr/lib/postgresql/*/bin/initdb || command -v initdb"]),
        apt: "postgresql",
        fedora: "postgresql-server",
        arch: "postgresql",
    },
    Need {
        what: "SoftHSM (a token in software, for the server's tests of PKCS #11)",
        from: Purpose::Build,
        probe: Probe::Programs(&["softhsm2-util"]),
        apt: "softhsm2",
        fedora: "softhsm",
        arch: "softhsm",
    },
    Need {
        what: "a logind that is made for tests (says what a real one says at sleep)",
        from: Purpose::Build,
        probe: Probe::Works(&["/usr/bin/python3", "-c", "import dbusmock"]),
        apt: "python3-dbusmock",
        fedora: "python3-dbusmock",
        arch: "python-dbusmock",
    },
    Need {
        what: "Python's environments (a FHIR client by others works with our server)",
        from: Purpose::Build,
        probe: Probe::Works(&["/usr/bin/python3", "-c", "import ensurepip, venv"]),
        apt: "python3-venv",
        fedora: "python3",
        arch: "python",
    },
    Need {
        what: "secret-tool (takes the demo's keys out of your keyring at the end)",
        from: Purpose::Window,
        probe: Probe::Programs(&["secret-tool"]),
        apt: "libsecret-tools",
        fedora: "libsecret",
        arch: "libsecret",
    },
    Need {
        what: "a font for the window",
        from: Purpose::Window,
        probe: Probe::File(&[
            "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
            "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
            "/usr/share/fonts/TTF/DejaVuSans.ttf",
        ]),
        apt: "fonts-dejavu-core",
        fedora: "dejavu-sans-fonts",
        arch: "ttf-dejavu",
    },
    Need {
        what: "a virtual display",
        from: Purpose::Driven,
        probe: Probe::Programs(&["Xvfb"]),
        apt: "xvfb",
        fedora: "xorg-x11-server-Xvfb",
        arch: "xorg-server-xvfb",
    },
    Need {
        what: "WebKit's own WebDriver (clicks and types in the window)",
        from: Purpose::Driven,
        probe: Probe::Programs(&["WebKitWebDriver"]),
        apt: "webkit2gtk-driver",
        fedora: "webkitgtk6.0",
        arch: "webkitgtk-6.0",
    },
    Need {
        what: "xclip (sees what is left in the clipboard)",
        from: Purpose::Driven,
        probe: Probe::Programs(&["xclip"]),
        apt: "xclip",
        fedora: "xclip",
        arch: "xclip",
    },
    Need {
        what: "ImageMagick (pictures of each screen)",
        from: Purpose::Driven,
        probe: Probe::Programs(&["import"]),
        apt: "imagemagick",
        fedora: "ImageMagick",
        arch: "imagemagick",
    },
];

/// What a purpose needs and this machine lacks.
pub(crate) fn missing_needs(purpose: Purpose) -> Vec<&'static Need> {
    if !cfg!(target_os = "linux") {
        return Vec::new();
    }
    NEEDS.iter().filter(|need| included(need.from, purpose) && !is_there(&need.probe)).collect()
}

fn included(from: Purpose, purpose: Purpose) -> bool {
    match from {
        Purpose::Build => true,
        Purpose::Window => purpose != Purpose::Build,
        Purpose::Driven => purpose == Purpose::Driven,
    }
}

fn is_there(probe: &Probe) -> bool {
    match probe {
        Probe::Programs(programs) => programs.iter().all(|program| on_path(program).is_some()),
        Probe::Works(words) => {
            words.split_first().is_some_and(|(program, rest)| answer(program, rest).is_some())
        }
        Probe::File(paths) => paths.iter().any(|path| Path::new(path).exists()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_alone_does_not_ask_for_a_display() {
        let count = |purpose| NEEDS.iter().filter(|need| included(need.from, purpose)).count();
        assert!(count(Purpose::Build) < count(Purpose::Window));
        assert!(count(Purpose::Window) < count(Purpose::Driven));
        assert_eq!(count(Purpose::Driven), NEEDS.len());
    }
}
