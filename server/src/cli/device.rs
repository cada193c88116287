//! The commands for enrolment tokens and workstations.

use super::two_people::By;
use super::{Data, print, two_people};
use crate::error::Failure;
use crate::leasing::{self, Extend};
use crate::practice::Practice;
use crate::store::Act;
use crate::{directing, inventory, people};
use clap::Subcommand;
use records::Drawer;
use records::id::DeviceId;
use serde_json::json;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use sync::wire::DirectiveOrder;

const LEASE: &str = "\
The workstation shows eight digits beside the sentence that its lease has ended. Recognise the caller first, by a call
back to a number you have. Then read the words one by one; four letters of each are enough to type. They work once, on
that workstation, while it shows that number. \"text\" is the same as a line that a bar code reader can type or a stick
can carry. Nothing on the workstation is lost by waiting.";

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
    /// List the workstations: what each says of itself, and what deserves a look.
    List {
        #[command(flatten)]
        data: Data,
        /// As a table for a spreadsheet (RFC 4180) in place of JSON.
        #[arg(long)]
        csv: bool,
        /// Only those that were not heard of for so many days.
        #[arg(long, value_name = "DAYS")]
        stale: Option<u32>,
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
    /// Extend the offline lease of a workstation that cannot reach this server: seven words for the telephone, and a file.
    #[command(after_long_help = LEASE)]
    LeaseRelease {
        #[command(flatten)]
        data: Data,
        /// The label or the id of the workstation.
        #[arg(value_name = "LABEL")]
        device: String,
        /// The eight digits on its screen.
        #[arg(long, value_name = "NUMBER")]
        number: String,
        /// For how many days, 1 to 90.
        #[arg(long, default_value_t = leasing::USUAL_DAYS)]
        days: u16,
        /// Also write the extension into this file, for a stick.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        by: By,
        /// Why, and how you recognised the caller; nothing of a patient.
        #[arg(long)]
        reason: String,
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
        DeviceCommand::List { data, csv, stale } => list_devices(&open(&data)?, csv, stale),
        DeviceCommand::Rescue { data, id, by } => {
            two_people::ask_for(&open(&data)?, Act::EscrowRelease(id), by)
        }
        DeviceCommand::Lock { data, id } => order(&open(&data)?, id, &DirectiveOrder::Lock),
        DeviceCommand::Wipe { data, id, at_once } => {
            order(&open(&data)?, id, &DirectiveOrder::Wipe { deliver_first: !at_once })
        }
        DeviceCommand::Rekey { data, id, drawers } => re_key(&open(&data)?, id, &drawers),
        DeviceCommand::LeaseRelease { data, device, number, days, file, by, reason } => {
            let asked = Extend { device: &device, number: &number, days, reason: &reason };
            extend_lease(&open(&data)?, &asked, file.as_deref(), by)
        }
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

fn extend_lease(practice: &Practice, asked: &Extend<'_>, file: Option<&Path>, by: By) -> Result<(), Failure> {
    let extended = leasing::extend(practice, asked, &by.proof()?)?;
    if let Some(file) = file {
        write_new(file, format!("{}\n", extended.file).as_bytes())
            .map_err(|error| Failure::disk("The file cannot be written.", &error))?;
    }
    // Printed once, for the one who reads it out.
    print(&json!({
        "device_id": extended.device,
        "days": asked.days,
        "words": extended.words.expose(),
        "text": extended.file,
    }))
}

/// A file that is there stays as it is.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    File::create_new(path)?.write_all(bytes)
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

fn list_devices(practice: &Practice, as_csv: bool, stale_days: Option<u32>) -> Result<(), Failure> {
    let list = inventory::list(practice, stale_days)?;
    if as_csv { super::print_text(&inventory::csv(&list)) } else { print(&list) }
}
