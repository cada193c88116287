//! Extending the offline lease of a workstation that does not reach the server: as seven words for the telephone, and as a file.

use crate::approving::{Proof, Refused, in_one_commit, permit, prove};
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::store::{AlertKind, StoreError, Transaction};
use crate::trail::ServerTrail;
use crate::workstations::{NotNamed, named};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use keys::SecretText;
use keys::lease::{LeaseExtension, LeaseNumber, LeasePlace, MOST_DAYS};
use records::id::{DeviceId, RecordKey};

/// For how many days an extension is, unless said otherwise.
pub const USUAL_DAYS: u16 = 14;
/// The longest reason, in bytes.
const LONGEST_REASON: usize = 200;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Extend<'a> {
    /// The label, or the id, of the workstation.
    pub device: &'a str,
    /// The number on its screen.
    pub number: &'a str,
    /// For how many days from when the workstation takes it in, 1 to 90.
    pub days: u16,
    /// Why, and how the caller was recognised. Nothing of a patient.
    pub reason: &'a str,
}

/// An extension, in both its forms. Either is good once, at one workstation, while it shows that number.
#[derive(Debug)]
pub struct Extended {
    /// The workstation.
    pub device: DeviceId,
    /// Seven words, to be read out.
    pub words: SecretText,
    /// The text of the file.
    pub file: String,
}

/// Why a lease is not extended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NotExtended {
    By(Refused),
    Workstation(NotNamed),
    Number,
    Days,
    Reason,
}

impl From<Refused> for NotExtended {
    fn from(refused: Refused) -> Self {
        Self::By(refused)
    }
}

impl From<NotExtended> for Failure {
    fn from(refused: NotExtended) -> Self {
        let (sentence, advice) = match refused {
            NotExtended::By(refused) => return refused.into(),
            NotExtended::Workstation(named) => return named.into(),
            NotExtended::Number => (
                "This is not the number of a lease: a digit is missing or wrong.",
                "Have the eight digits on the workstation's screen read out again.",
            ),
            NotExtended::Days => {
                ("A lease is extended by 1 to 90 days.", "Give as few as it takes to reach the server again.")
            }
            NotExtended::Reason => (
                "A lease is not extended without a reason.",
                "Say in a few words why, and how you recognised the caller. Nothing of a patient.",
            ),
        };
        Self::new(Kind::Refused, sentence, advice)
    }
}

/// Extends a lease, for an administrator who proves who they are. The event and the alert are durable before this returns.
///
/// # Errors
/// When the administrator is not proven or not one, the workstation is unknown or revoked, the number is none, or the store
/// fails.
pub fn extend(practice: &Practice, asked: &Extend<'_>, by: &Proof) -> Result<Extended, Failure> {
    in_one_commit(practice, |tx, now| give(practice, tx, asked, by, now))
}

fn give(
    practice: &Practice,
    tx: &dyn Transaction,
    asked: &Extend<'_>,
    by: &Proof,
    now: Timestamp,
) -> Result<Result<Extended, NotExtended>, StoreError> {
    let number: LeaseNumber = match checked(asked) {
        Ok(number) => number,
        Err(refused) => return Ok(Err(refused)),
    };
    let actor = match prove(practice, tx, by, now)? {
        Ok(actor) => actor,
        Err(refused) => return Ok(Err(refused.into())),
    };
    let device = match named(tx, asked.device)? {
        Ok(device) => device,
        Err(not_named) => return Ok(Err(NotExtended::Workstation(not_named))),
    };
    if let Err(refused) = permit(practice, tx, &actor, subject(device.id), now)? {
        return Ok(Err(refused.into()));
    }
    let place = LeasePlace { practice: practice.row.id.uuid(), device: device.id.uuid(), number };
    let extension = LeaseExtension { place, days: asked.days, issued_at: now };
    let words = extension.to_words(&practice.keys.sealing, &device.agreement_key);
    let words = words.map_err(|_| StoreError::Unreadable("a workstation's key"))?;
    let detail = format!("extended by {} days by {}", asked.days, actor.person);
    ServerTrail::new(practice, tx, now).alert(AlertKind::LeaseExtended, Some(device.id), None, detail)?;
    let file = STANDARD.encode(extension.sign(&practice.keys.directive));
    Ok(Ok(Extended { device: device.id, words, file }))
}

fn checked(asked: &Extend<'_>) -> Result<LeaseNumber, NotExtended> {
    let reason = asked.reason.trim();
    if reason.is_empty() || reason.len() > LONGEST_REASON || reason.chars().any(char::is_control) {
        return Err(NotExtended::Reason);
    }
    if asked.days == 0 || asked.days > MOST_DAYS {
        return Err(NotExtended::Days);
    }
    asked.number.parse().map_err(|_| NotExtended::Number)
}

fn subject(device: DeviceId) -> Option<RecordKey> {
    format!("Device/{device}").parse().ok()
}
