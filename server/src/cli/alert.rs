//! The commands for alerts: what there is to look at, when something is one, and who else is told.

use super::two_people::By;
use super::{Data, print};
use crate::alerting::{self, Webhook};
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::watching::{self, rules::Thresholds};
use clap::{ArgGroup, Args, Subcommand};
use std::fs;
use std::path::PathBuf;
use sync::wire::AlertOutcome;

#[derive(Debug, Subcommand)]
pub(super) enum AlertCommand {
    /// List alerts, oldest first: the open ones, unless all are asked for.
    List {
        #[command(flatten)]
        data: Data,
        /// Also those that somebody has looked at.
        #[arg(long)]
        all: bool,
        /// Only those after this number.
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        after: u64,
    },
    /// Say that somebody has looked at an alert, and what came of it. The event names who. Nobody closes one about themselves.
    Ack {
        #[command(flatten)]
        data: Data,
        /// Its number, from `alert list`.
        number: u64,
        /// What came of it: seen, expected, followed-up, handed-on or incident.
        #[arg(long = "as", value_name = "OUTCOME", default_value = "seen", value_parser = outcome)]
        outcome: AlertOutcome,
        #[command(flatten)]
        by: By,
    },
    /// When something is an alert. Without an option, print the thresholds in force.
    Thresholds(Limits),
    /// Where every alert is sent as a signed message: an https address and the CA that vouches for it, or a plain http
    /// address of this machine. Ids only, no name and nothing of a record.
    Webhook(Hook),
}

#[derive(Debug, Args)]
pub(super) struct Limits {
    #[command(flatten)]
    data: Data,
    /// So many different patients' charts opened by one person …
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    patients: Option<u32>,
    /// … within so many minutes.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1440))]
    patients_minutes: Option<u32>,
    /// The hour from which the practice is open, 0 to 23.
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=23))]
    open_from: Option<u8>,
    /// The hour from which it is closed, 1 to 24.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=24))]
    open_until: Option<u8>,
    /// Whether it is open on Saturdays.
    #[arg(long)]
    saturdays: Option<bool>,
    /// Whether it is open on Sundays.
    #[arg(long)]
    sundays: Option<bool>,
    /// The time zone of these hours, by its name: America/Chicago.
    #[arg(long, value_name = "NAME")]
    time_zone: Option<String>,
    /// So many failed sign-ins at one workstation …
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..=190))]
    failures: Option<u32>,
    /// … within so many minutes.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1440))]
    failures_minutes: Option<u32>,
    /// A workstation that was not heard of for so many days; 0 for never.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=365))]
    stale_days: Option<u32>,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("where").required(true))]
pub(super) struct Hook {
    #[command(flatten)]
    data: Data,
    /// The address.
    #[arg(long, value_name = "URL", group = "where")]
    url: Option<String>,
    /// The certificate (PEM) of the CA that vouches for an https address.
    #[arg(long, value_name = "FILE", requires = "url")]
    ca: Option<PathBuf>,
    /// Send alerts nowhere from now on.
    #[arg(long, group = "where")]
    off: bool,
}

impl Limits {
    fn apply(&self, before: Thresholds) -> Thresholds {
        Thresholds {
            patients: self.patients.unwrap_or(before.patients),
            patients_min: self.patients_minutes.unwrap_or(before.patients_min),
            open_from_h: self.open_from.unwrap_or(before.open_from_h),
            open_until_h: self.open_until.unwrap_or(before.open_until_h),
            saturdays: self.saturdays.unwrap_or(before.saturdays),
            sundays: self.sundays.unwrap_or(before.sundays),
            time_zone: self.time_zone.clone().unwrap_or(before.time_zone),
            failures: self.failures.unwrap_or(before.failures),
            failures_min: self.failures_minutes.unwrap_or(before.failures_min),
            stale_days: self.stale_days.unwrap_or(before.stale_days),
        }
    }
}

fn outcome(text: &str) -> Result<AlertOutcome, String> {
    text.parse().map_err(|()| "give seen, expected, followed-up, handed-on or incident".to_owned())
}

pub(super) fn run(
    command: AlertCommand,
    open: &dyn Fn(&Data) -> Result<Practice, Failure>,
) -> Result<(), Failure> {
    match command {
        AlertCommand::List { data, all, after } => print(&alerting::list(&open(&data)?, after, all)?),
        AlertCommand::Ack { data, number, outcome, by } => {
            alerting::acknowledge(&open(&data)?, number, outcome, &by.proof()?)?;
            print(&serde_json::json!({ "alert": number, "acknowledged": true, "as": outcome }))
        }
        AlertCommand::Thresholds(limits) => {
            let practice = open(&limits.data)?;
            let before = watching::thresholds(&practice)?;
            if limits.apply(before.clone()) == before {
                return print(&before);
            }
            print(&watching::change_thresholds(&practice, |before| limits.apply(before))?)
        }
        AlertCommand::Webhook(hook) => {
            let practice = open(&hook.data)?;
            let ca_pem = hook.ca.map(fs::read_to_string).transpose().map_err(|_| {
                Failure::new(Kind::Usage, "The CA's file cannot be read.", "Give a certificate as PEM.")
            })?;
            let webhook = hook.url.map(|url| Webhook { url, ca_pem });
            alerting::set_webhook(&practice, webhook.as_ref())?;
            print(&serde_json::json!({ "webhook": webhook.map(|webhook| webhook.url) }))
        }
    }
}
