//! The commands for people: add, list, give and take roles, reset, end.

use super::two_people::{self, By};
use super::{Data, print};
use crate::error::Failure;
use crate::practice::Practice;
use crate::store::Act;
use crate::{people, roles};
use clap::Subcommand;
use records::Role;
use records::id::PersonId;
use serde_json::json;

const ROLES: &str = "\
Every workstation where the person has signed in hears of it at its next contact. A role that was taken ends what the person
has open there; one that was given counts from the person's next sign-in. A drawer that the person can open no longer gets
new keys there, and where nobody else can open it either, its file leaves the disk once all of it was sent.";

const RELEASE: &str = "\
Recognise the caller first, by a call back to a number you have or by voice and a question. Read the words
one by one; four letters of each are enough to type. The code works once, on that workstation, together with
the person's passphrase, also with no network there. It is an alert, and can be read out only once.";

#[derive(Debug, Subcommand)]
pub(super) enum PersonCommand {
    /// Add a person; prints their activation code, good once and for three days.
    Add {
        #[command(flatten)]
        data: Data,
        /// What the person signs in with.
        #[arg(long)]
        username: String,
        /// The name to show.
        #[arg(long)]
        name: String,
        /// front-desk, nurse, clinician, biller, practice-manager, privacy-officer, it-admin or auditor; may be repeated.
        #[arg(long = "role", required = true, value_parser = role)]
        roles: Vec<Role>,
        /// The person's id, where it is known already.
        #[arg(long, value_name = "UUID")]
        id: Option<PersonId>,
    },
    /// List everybody and the roles they have.
    List {
        #[command(flatten)]
        data: Data,
    },
    /// Ask for another role for somebody. A second administrator has to agree.
    #[command(after_long_help = ROLES)]
    GiveRole {
        #[command(flatten)]
        data: Data,
        /// The person.
        #[arg(long, value_name = "UUID")]
        id: PersonId,
        /// The role to give.
        #[arg(long, value_parser = role)]
        role: Role,
        #[command(flatten)]
        by: By,
    },
    /// Take a role from somebody at once; nobody else is asked.
    #[command(after_long_help = ROLES)]
    TakeRole {
        #[command(flatten)]
        data: Data,
        /// The person.
        #[arg(long, value_name = "UUID")]
        id: PersonId,
        /// The role to take; not the last one.
        #[arg(long, value_parser = role)]
        role: Role,
    },
    /// Ask for a new activation code for somebody who lost passphrase or phone. A second administrator has to agree.
    Reset {
        #[command(flatten)]
        data: Data,
        /// The person.
        #[arg(long, value_name = "UUID")]
        id: PersonId,
        #[command(flatten)]
        by: By,
    },
    /// Read out the code with which a person signs in once without the phone: seven words, for the telephone.
    #[command(after_long_help = RELEASE)]
    ReleaseCode {
        #[command(flatten)]
        data: Data,
        /// What the person on the telephone signs in with.
        #[arg(value_name = "USERNAME")]
        person: String,
        /// The label or the id of the workstation the person sits at.
        #[arg(long, value_name = "LABEL")]
        device: String,
        #[command(flatten)]
        by: By,
        /// Why, and how you recognised the caller; nothing of a patient.
        #[arg(long)]
        reason: String,
    },
    /// End a person's access at once; what they did stays.
    End {
        #[command(flatten)]
        data: Data,
        /// The person.
        #[arg(long, value_name = "UUID")]
        id: PersonId,
    },
}

pub(super) fn run(
    command: PersonCommand,
    open: &dyn Fn(&Data) -> Result<Practice, Failure>,
) -> Result<(), Failure> {
    match command {
        PersonCommand::Add { data, username, name, roles, id } => {
            let added = people::add_person(&open(&data)?, id, &username, &name, &roles)?;
            print(&json!({ "person_id": added.person, "activation_code": added.activation_code }))
        }
        PersonCommand::Reset { data, id, by } => two_people::ask_for(&open(&data)?, Act::PersonReset(id), by),
        PersonCommand::ReleaseCode { data, person, device, by, reason } => {
            two_people::release(&open(&data)?, &person, &device, &reason, by)
        }
        PersonCommand::End { data, id } => {
            people::end_person(&open(&data)?, id)?;
            print(&json!({ "person_id": id, "ended": true }))
        }
        PersonCommand::List { data } => print(&roles::list(&open(&data)?)?),
        PersonCommand::GiveRole { data, id, role, by } => {
            two_people::ask_for(&open(&data)?, Act::RoleGrant(id, role), by)
        }
        PersonCommand::TakeRole { data, id, role } => {
            roles::take(&open(&data)?, id, role)?;
            print(&json!({ "person_id": id, "taken": role }))
        }
    }
}

pub(super) fn role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|_| {
        let known: Vec<_> = Role::PEOPLE.iter().map(|role| role.as_str()).collect();
        format!("no such role; there are {}", known.join(", "))
    })
}
