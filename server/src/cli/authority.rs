//! The commands for the issuing CA, which signs the certificates of workstations and of the server.

use super::{Data, print};
use crate::data_dir::DataDir;
use crate::error::Failure;
use crate::practice::Practice;
use crate::succeeding;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use std::path::PathBuf;

pub(super) const TEACHES: &str = "\
The issuing authority signs the certificate of every workstation and the server's own. It lasts five years. A next one is
made under the practice's root, which is brought from its safe for this and taken away again:

  1. chartkeep-server keys authority next --data ./practice --offline-root /media/stick --from 2027-01-04T06:00:00Z
     Workstations hear of it at their next contact. Nothing else changes until the moment after --from.
  2. Where several servers serve one database: copy the new keys/issuing-….pem to each before that moment.
  3. From that moment the server's own certificate, renewals and enrolments come from the new one, without a restart.
     Certificates of the old one go on to be taken until the last of them has ended, after 90 days; workstations renew
     theirs by themselves meanwhile. --old-until sets an earlier end. Whoever was away comes back by a late renewal.
  4. chartkeep-server keys authority retire --data ./practice --offline-root /media/stick
     When `keys authority status` says \"ended\": takes the old one out of the trust bundle, and deletes its key here.

When somebody may have the key of the present one: `next` without --from, then `retire --at-once`. Every workstation then
renews by proof that it holds its own key; each of that is an alert.";

#[derive(Debug, Subcommand)]
pub(super) enum AuthorityCommand {
    /// Say which issuing authorities there are and until when each counts. Exit status 1: a next one is due.
    Status {
        #[command(flatten)]
        data: Data,
    },
    /// Make the next issuing authority, in a trust bundle that the root signs.
    #[command(after_long_help = TEACHES)]
    Next {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        root: Root,
        /// From when it issues, such as 2027-01-04T06:00:00Z; at once, where none is given.
        #[arg(long, value_name = "TIME")]
        from: Option<Timestamp>,
        /// Until when certificates of the old one are taken, where that is to be sooner than their own end.
        #[arg(long, value_name = "TIME")]
        old_until: Option<Timestamp>,
    },
    /// Take old authorities that count no more out of the trust bundle, and delete their keys here.
    #[command(after_long_help = TEACHES)]
    Retire {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        root: Root,
        /// Also those whose certificates are still taken: an old key may be known to somebody.
        #[arg(long)]
        at_once: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct Root {
    /// The folder offline-root, brought for this.
    #[arg(long = "offline-root", value_name = "FOLDER")]
    folder: PathBuf,
}

pub(super) fn run(
    command: AuthorityCommand,
    open: &dyn Fn(&Data) -> Result<Practice, Failure>,
) -> Result<(), Failure> {
    match command {
        AuthorityCommand::Status { data } => {
            let state = succeeding::state(&open(&data)?)?;
            print(&state)?;
            succeeding::complain(&state)
        }
        AuthorityCommand::Next { data, root, from, old_until } => {
            let dir = DataDir::at(&data.dir);
            print(&succeeding::make_next(&open(&data)?, &dir, &root.folder, (from, old_until))?)
        }
        AuthorityCommand::Retire { data, root, at_once } => {
            print(&succeeding::retire(&open(&data)?, &DataDir::at(&data.dir), &root.folder, at_once)?)
        }
    }
}
