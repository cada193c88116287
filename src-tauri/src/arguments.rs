//! What the person or script that starts the app may say.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use client::Settings;

/// Clinical records that work without a network.
#[derive(Parser, Debug)]
#[command(name = "chartkeep", version)]
pub(crate) struct Arguments {
    /// Folder of this workstation's encrypted records.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Folder for files that a person takes out of the system, such as an audit log.
    #[arg(long, value_name = "DIR")]
    export_dir: Option<PathBuf>,

    /// Name under which keys are kept in the OS keyring.
    #[arg(long, value_name = "NAME")]
    keyring_service: Option<String>,

    /// Lock after so many seconds without a key or a click; can only shorten what the policy sets.
    #[arg(long, value_name = "SECONDS")]
    idle: Option<u64>,

    /// Say on every screen that the patients are made up.
    #[arg(long)]
    demo: bool,
}

impl Arguments {
    /// The data folder: as said, else the place that the XDG base directories give.
    #[must_use]
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(standard_data_dir)
    }

    /// What the client starts with.
    #[must_use]
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = Settings::standard(self.data_dir());
        if let Some(dir) = self.export_dir.clone().or_else(standard_export_dir) {
            settings.export_dir = dir;
        }
        if let Some(service) = &self.keyring_service {
            settings.keyring_service.clone_from(service);
        }
        if let Some(seconds) = self.idle {
            settings.idle_limit = settings.idle_limit.min(Duration::from_secs(seconds));
        }
        settings.demo = self.demo;
        settings
    }
}

/// `$XDG_DATA_HOME/chartkeep`, else `~/.local/share/chartkeep` (XDG Base Directory Specification 0.8).
fn standard_data_dir() -> PathBuf {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let share = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    share.unwrap_or_else(|| PathBuf::from(".")).join("chartkeep")
}

/// `~/chartkeep-exports`, where people look for what they have written.
fn standard_export_dir() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    home.map(|home| home.join("chartkeep-exports"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_limit_from_the_command_line_only_ever_shortens() {
        let limit = |words: &[&str]| Arguments::parse_from(words).settings().idle_limit();
        let standard = limit(&["chartkeep"]);
        assert_eq!(limit(&["chartkeep", "--idle", "20"]), Duration::from_secs(20));
        assert_eq!(limit(&["chartkeep", "--idle", "86400"]), standard);
    }
}
