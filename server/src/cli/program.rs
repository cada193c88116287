//! The commands for programs by others that read without a person.

use super::two_people::By;
use super::{Data, print, two_people};
use crate::error::Failure;
use crate::practice::Practice;
use crate::programs;
use crate::store::{Act, ProgramRow};
use clap::Subcommand;
use keys::assertion::ProgramKeys;
use records::id::PersonId;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

const ADD: &str = "\
The program runs on a machine that is enrolled like a workstation (`device token`), and shows that certificate. It signs with RS384
or ES384 and hands over its public keys as a JSON Web Key Set. Nothing is open to it before two administrators agree:

  chartkeep-server program add --data ./practice --name Registry --keys jwks.json --scopes \"system/Patient.rs system/Condition.rs\"
  chartkeep-server program admit --data ./practice ID --by ivo
  chartkeep-server approval approve --data ./practice NUMBER --by mara";

#[derive(Debug, Subcommand)]
pub(super) enum ProgramCommand {
    /// Register a program with its public keys and what it may ask for; prints its `client_id`.
    #[command(after_long_help = ADD)]
    Add {
        #[command(flatten)]
        data: Data,
        /// What people call it.
        #[arg(long)]
        name: String,
        /// Its public keys, a JSON Web Key Set.
        #[arg(long, value_name = "FILE")]
        keys: PathBuf,
        /// Scopes, such as \"system/Patient.rs\": r reads, s searches, * is every type.
        #[arg(long, value_name = "SCOPES")]
        scopes: String,
    },
    /// Ask to let a program read. A second administrator has to agree.
    Admit {
        #[command(flatten)]
        data: Data,
        /// Its `client_id`.
        #[arg(value_name = "ID")]
        id: PersonId,
        #[command(flatten)]
        by: By,
    },
    /// List the programs.
    List {
        #[command(flatten)]
        data: Data,
    },
    /// End a program at once, its tokens included.
    End {
        #[command(flatten)]
        data: Data,
        /// Its `client_id`.
        #[arg(value_name = "ID")]
        id: PersonId,
    },
}

pub(super) fn run(
    command: ProgramCommand,
    open: &dyn Fn(&Data) -> Result<Practice, Failure>,
) -> Result<(), Failure> {
    match command {
        ProgramCommand::Add { data, name, keys, scopes } => {
            let jwks = fs::read(&keys).map_err(|error| Failure::disk("The keys cannot be read.", &error))?;
            let id = programs::add(&open(&data)?, &name, &jwks, &scopes)?;
            print(&json!({
                "client_id": id,
                "next": format!("program admit {id} --by USERNAME, and another administrator agrees"),
            }))
        }
        ProgramCommand::Admit { data, id, by } => {
            two_people::ask_for(&open(&data)?, Act::ProgramAdmission(id), by)
        }
        ProgramCommand::List { data } => {
            let list: Vec<Value> = programs::list(&open(&data)?)?.iter().map(listed).collect();
            print(&list)
        }
        ProgramCommand::End { data, id } => {
            programs::end(&open(&data)?, id)?;
            print(&json!({ "client_id": id, "ended": true }))
        }
    }
}

fn listed(row: &ProgramRow) -> Value {
    let keys = ProgramKeys::from_jwks(row.jwks.as_bytes());
    let keys: Vec<String> = keys.map(|keys| keys.ids().map(str::to_owned).collect()).unwrap_or_default();
    json!({
        "client_id": row.id,
        "name": row.name,
        "scopes": row.scopes,
        "keys": keys,
        "added_at": row.added_at,
        "admitted_at": row.admitted_at,
        "ended_at": row.ended_at,
    })
}
