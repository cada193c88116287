//! What the person who starts the program decides: where data lies, under which name keys are kept, how long it may stand idle.

use std::path::PathBuf;
use std::time::Duration;

use keys::sign_in::SignInCost;
use keys::slot::SlotCost;

/// No setting can move the idle limit beyond this (requirements C5).
pub const IDLE_CEILING: Duration = Duration::from_secs(15 * 60);

/// How long a keyring may take to answer.
pub(crate) const KEYRING_LIMIT: Duration = Duration::from_secs(2);

/// Settings of one workstation.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data folder. Made when the workstation is enrolled.
    pub data_dir: PathBuf,
    /// Where files go that a person takes out of the system, such as an audit log. Made when the first is written.
    pub export_dir: PathBuf,
    /// Service name of our keyring items; a demonstration and a test use their own so that nothing is mixed up.
    pub keyring_service: String,
    /// Idle time after which the workstation locks itself, at most [`IDLE_CEILING`].
    pub idle_limit: Duration,
    /// Whether this is a demonstration with made-up patients.
    pub demo: bool,
    /// How hard the passphrase is to try out. Tests use a lower one.
    pub key_cost: KeyCost,
    /// Days of codes that a slot holds, 7 to 90.
    pub window_days: u16,
}

/// How much work it is to try one passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyCost {
    /// As the design demands: 64 MiB, then 128 MiB.
    Standard,
    /// So little that a test is quick. Protects nothing.
    #[cfg(any(test, feature = "test-cost"))]
    ForTests,
}

impl KeyCost {
    pub(crate) fn slot(self) -> SlotCost {
        match self {
            Self::Standard => SlotCost::STANDARD,
            #[cfg(any(test, feature = "test-cost"))]
            Self::ForTests => SlotCost::for_tests(),
        }
    }

    pub(crate) fn sign_in(self) -> SignInCost {
        match self {
            Self::Standard => SignInCost::STANDARD,
            #[cfg(any(test, feature = "test-cost"))]
            Self::ForTests => SignInCost::for_tests(),
        }
    }
}

impl Settings {
    /// The settings of a workstation that nobody has changed: ten minutes, 45 days.
    #[must_use]
    pub fn standard(data_dir: PathBuf) -> Self {
        Self {
            export_dir: data_dir.with_file_name("chartkeep-exports"),
            data_dir,
            keyring_service: "org.chartkeep.workstation".to_owned(),
            idle_limit: Duration::from_secs(10 * 60),
            demo: false,
            key_cost: KeyCost::Standard,
            window_days: 45,
        }
    }

    /// The idle limit that holds.
    #[must_use]
    pub fn idle_limit(&self) -> Duration {
        self.idle_limit.min(IDLE_CEILING)
    }
}
