//! The commands for enrolment tokens and workstations.

use super::two_people::By;
use super::{Data, print, two_people};
use crate::error::Failure;
use crate::practice::Practice;
use crate::store::Act;
use crate::{directing, people};
use clap::Subcommand;
use records::Drawer;
use records::id::DeviceId;
use serde_json::json;
use sync::wire::DirectiveOrder;

#[derive(Debug, Subcommand)]
pub(super) enum DeviceCommand {
    /// Make an enrolment token, good once and for a day.
    Token {
        #[command(flatten)]
        data: Data,
        /// What the workstation shall be called.
        #[arg(long)]
        label: String,
    },
    /// List the workstations.
    List {
        #[command(flatten)]
        data: Data,
    },
    /// Ask to enrol a workstation again under its own id, with the key of its data folder: after a lost keyring or a
    /// dead disk. A second administrator has to agree, and gets the token.
    Rescue {
        #[command(flatten)]
        data: Data,
        /// The workstation.
        #[arg(long, value_name = "UUID")]
        id: DeviceId,
        #[command(flatten)]
        by: By,
    },
    /// Tell a workstation to lock and to open only after a sign-in at the server.
    Lock {
        #[command(flatten)]
        data: Data,
        /// The workstation.
        #[arg(long, value_name = "UUID")]
        id: DeviceId,
    },
    /// Tell a workstation to destroy what opens its vault, after it has delivered what is unsent.
    Wipe {
        #[command(flatten)]
        data: Data,
        /// The workstation.
        #[arg(long, value_name = "UUID")]
        id: DeviceId,
        /// Do not wait for the delivery: what is unsent is lost.
        #[arg(long)]
        at_once: bool,
    },
    /// Give a workstation new keys for its drawers; it takes them into use when somebody entitled signs in.
    Rekey {
        #[command(flatten)]
        data: Data,
        /// The workstation.
        #[arg(long, value_name = "UUID")]
        id: DeviceId,
        /// demographics, clinical, sensitive or billing; may be repeated. All of them, where none is named.
        #[arg(long = "drawer", value_parser = drawer)]
        drawers: Vec<Drawer>,
    },
    /// Revoke a workstation: its next request is refused.
    Revoke {
        #[command(flatten)]
        data: Data,
        /// The workstation.
        #[arg(long, value_name = "UUID")]
        id: DeviceId,
    },
}

pub(super) fn run(
    command: DeviceCommand,
    open: &dyn Fn(&Data) -> Result<Practice, Failure>,
) -> Result<(), Failure> {
    match command {
        DeviceCommand::Token { data, label } => {
            // Printed once, for the person who enrols the workstation.
            print(&json!({ "token": people::make_token(&open(&data)?, &label)?.expose() }))
        }
        DeviceCommand::List { data } => list_devices(&open(&data)?),
        DeviceCommand::Rescue { data, id, by } => {
            two_people::ask_for(&open(&data)?, Act::EscrowRelease(id), by)
        }
        DeviceCommand::Lock { data, id } => order(&open(&data)?, id, &DirectiveOrder::Lock),
        DeviceCommand::Wipe { data, id, at_once } => {
            order(&open(&data)?, id, &DirectiveOrder::Wipe { deliver_first: !at_once })
        }
        DeviceCommand::Rekey { data, id, drawers } => re_key(&open(&data)?, id, &drawers),
        DeviceCommand::Revoke { data, id } => {
            people::revoke_device(&open(&data)?, id)?;
            print(&json!({ "device_id": id, "revoked": true }))
        }
    }
}

fn order(practice: &Practice, id: DeviceId, order: &DirectiveOrder) -> Result<(), Failure> {
    let number = directing::order(practice, id, order)?;
    print(&json!({ "device_id": id, "directive": number }))
}

fn re_key(practice: &Practice, id: DeviceId, drawers: &[Drawer]) -> Result<(), Failure> {
    let drawers = if drawers.is_empty() { &Drawer::ALL } else { drawers };
    for drawer in drawers {
        let (number, generation) = directing::re_key(practice, id, *drawer)?;
        print(&json!({ "device_id": id, "drawer": drawer, "generation": generation, "directive": number }))?;
    }
    Ok(())
}

fn drawer(text: &str) -> Result<Drawer, String> {
    Drawer::ALL.into_iter().find(|drawer| drawer.as_str() == text).ok_or_else(|| {
        let known: Vec<_> = Drawer::ALL.iter().map(|drawer| drawer.as_str()).collect();
        format!("no such drawer; there are {}", known.join(", "))
    })
}

fn list_devices(practice: &Practice) -> Result<(), Failure> {
    let devices = crate::store::read(practice.store.as_ref(), |tx| tx.devices())?;
    let list: Vec<_> = devices
        .iter()
        .map(|device| {
            json!({
                "device_id": device.id,
                "label": device.label,
                "enrolled_at": device.enrolled_at,
                "contact_at": device.contact_at,
                "directives_done": device.directives_done,
                "revoked_at": device.revoked_at,
            })
        })
        .collect();
    print(&list)
}
