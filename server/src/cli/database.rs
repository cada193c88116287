//! Commands about a PostgreSQL database that holds the practice in the place of a file.

use super::{Data, print};
use crate::clock::Clock;
use crate::database::Database;
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::store::postgres::{migrate, settle};
use crate::{data_dir::DataDir, erasing};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::{Path, PathBuf};

/// A database, as `init` and `database migrate` are told of it.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// The PostgreSQL database, as postgresql://ROLE@HOST:PORT/DATABASE without a password. Left out, the store is one
    /// encrypted file in the data folder.
    #[arg(long = "database", value_name = "URL")]
    url: Option<String>,
    /// The authority that signed the certificate of PostgreSQL, PEM; wanted where it is on another machine.
    #[arg(long = "database-ca", value_name = "FILE", requires = "url")]
    authority: Option<PathBuf>,
    /// The file with the password; without one it is taken from `CHARTKEEP_DATABASE_PASSWORD`.
    #[arg(long = "database-password-file", value_name = "FILE", requires = "url")]
    password: Option<PathBuf>,
}

impl Named {
    pub(super) fn database(&self) -> Result<Option<Database>, Failure> {
        let Some(url) = &self.url else { return Ok(None) };
        let [authority, password] = [&self.authority, &self.password].map(|path| path.as_deref().map(whole));
        Database::at(url, authority.transpose()?, password.transpose()?).map(Some)
    }
}

/// The path from the root: the server may be started from another folder.
fn whole(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::disk("A path cannot be made whole.", &error))
}

#[derive(Debug, Subcommand)]
pub(super) enum DatabaseCommand {
    /// Make the tables, or bring them up to date, as the role that owns them. Servers may go on meanwhile.
    Migrate {
        #[command(flatten)]
        named: Named,
    },
    /// After an erasure: write the tables that held the patient anew, as the role that owns them. Servers wait meanwhile.
    Settle {
        #[command(flatten)]
        data: Data,
        /// The same database, as its owner: postgresql://OWNER@HOST:PORT/DATABASE.
        #[arg(long = "owner", value_name = "URL")]
        url: String,
        /// The file with the owner's password.
        #[arg(long = "owner-password-file", value_name = "FILE")]
        password: Option<PathBuf>,
    },
}

pub(super) fn run(
    command: DatabaseCommand,
    clock: &Clock,
    open: &dyn Fn(&Data) -> Result<Practice, Failure>,
) -> Result<(), Failure> {
    match command {
        DatabaseCommand::Migrate { named } => {
            let done = migrate(&named.database()?.ok_or_else(no_database)?, clock.now())?;
            print(&json!({ "from": done.from, "to": done.to }))
        }
        DatabaseCommand::Settle { data, url, password } => {
            let database = Database::of(&DataDir::at(&data.dir))?.ok_or_else(no_database)?;
            let practice = open(&data)?;
            settle(&database.as_role(url, password))?;
            erasing::note_settled(&practice)?;
            print(&json!({ "settled": true }))
        }
    }
}

fn no_database() -> Failure {
    let advice = "Name it with --database, or give a data folder whose database.toml does.";
    Failure::new(Kind::Usage, "No database is named.", advice)
}
