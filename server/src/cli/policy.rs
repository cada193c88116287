//! The commands for what holds for every workstation of the practice.

use super::{Data, print};
use crate::error::{Failure, Kind};
use crate::people;
use crate::practice::Practice;
use clap::{ArgGroup, Args, Subcommand};
use records::Role;
use sync::wire::Policy;

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Print the policy in force.
    Show {
        #[command(flatten)]
        data: Data,
    },
    /// Where workstations keep a sealed copy of what is unsent: a disk or share that outlives them. They hear of it at
    /// their next contact. Without a path there is none from then on.
    Mirror {
        #[command(flatten)]
        data: Data,
        /// An absolute path; a part that is `*` stands for any folder: /media/*/CHARTKEEP.
        path: Option<String>,
    },
    /// After how many days a drawer of a workstation gets new keys without anybody asking for it.
    RekeyDays {
        #[command(flatten)]
        data: Data,
        /// Days; 0 for never.
        days: u32,
    },
    /// For how many days a workstation opens without having reached this server. It warns from two thirds of that on; past
    /// it nobody signs in there until it reaches the server or gets an extension (`device lease-release`).
    Lease {
        #[command(flatten)]
        data: Data,
        /// Days, 7 to 90.
        #[arg(value_parser = clap::value_parser!(u32).range(7..=90))]
        days: u32,
    },
    /// When workstations lock. What is not named stays as it is; a workstation that was started with a shorter idle limit
    /// keeps that.
    Lock(LockLimits),
    /// The roles whose people sign in with a security key. From their next sign-in with a code they are asked to register
    /// one; from then on no code opens that workstation for them. Without a role there are none from then on.
    SecurityKeys {
        #[command(flatten)]
        data: Data,
        /// Roles, such as clinician. Hand the keys out first.
        #[arg(value_parser = super::person::role)]
        roles: Vec<Role>,
    },
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("limit").required(true).multiple(true))]
pub(super) struct LockLimits {
    #[command(flatten)]
    data: Data,
    /// Seconds without a key or a click until the lock: 60 to 900.
    #[arg(long, group = "limit", value_parser = clap::value_parser!(u32).range(60..=900))]
    idle: Option<u32>,
    /// Seconds until the screen is covered, 30 to 900; 0 for no cover.
    #[arg(long, group = "limit", value_parser = cover)]
    cover: Option<u32>,
    /// Hours after a full sign-in in which the passphrase alone is enough, 0 to 12.
    #[arg(long, group = "limit", value_parser = clap::value_parser!(u32).range(0..=12))]
    reentry: Option<u32>,
}

impl LockLimits {
    fn apply(&self, before: Policy) -> Policy {
        Policy {
            idle_lock_s: self.idle.unwrap_or(before.idle_lock_s),
            privacy_cover_s: self
                .cover
                .map_or(before.privacy_cover_s, |seconds| (seconds > 0).then_some(seconds)),
            reentry_h: self.reentry.unwrap_or(before.reentry_h),
            ..before
        }
    }
}

fn cover(text: &str) -> Result<u32, String> {
    let seconds = text.parse::<u32>().ok().filter(|seconds| *seconds == 0 || (30..=900).contains(seconds));
    seconds.ok_or_else(|| "30 to 900 seconds, or 0 for no cover".to_owned())
}

pub(super) fn run(
    command: PolicyCommand,
    open: &dyn Fn(&Data) -> Result<Practice, Failure>,
) -> Result<(), Failure> {
    match command {
        PolicyCommand::Show { data } => print(&people::policy(&open(&data)?)?),
        PolicyCommand::Mirror { data, path } => {
            if path.as_deref().is_some_and(|path| !path.starts_with('/')) {
                let advice = "Give it as the workstations see it, from the root: /media/*/CHARTKEEP.";
                return Err(Failure::new(Kind::Usage, "The path of a mirror must be absolute.", advice));
            }
            print(&people::set_mirror(&open(&data)?, path)?)
        }
        PolicyCommand::RekeyDays { data, days } => print(&people::set_rekey_days(&open(&data)?, days)?),
        PolicyCommand::Lease { data, days } => {
            let change = |before| Policy { lease_days: days, ..before };
            print(&people::change_policy(&open(&data)?, change)?)
        }
        PolicyCommand::Lock(limits) => {
            let practice = open(&limits.data)?;
            print(&people::change_policy(&practice, |before| limits.apply(before))?)
        }
        PolicyCommand::SecurityKeys { data, roles } => {
            let change = |before| Policy { security_key_roles: roles, ..before };
            print(&people::change_policy(&open(&data)?, change)?)
        }
    }
}
