//! Recovery codes for the telephone: taken in from workstations, and read out by on-call staff, each once.

use crate::approving::{Proof, Refused, in_one_commit, permit, prove};
use crate::custody::Sealed;
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::store::{AlertKind, RecoveryCodeRow, StoreError, Transaction};
use crate::trail::ServerTrail;
use crate::workstations::{NotNamed, named};
use jiff::Timestamp;
use keys::SecretText;
use keys::spoken::{EscrowPlace, SpokenCode};
use keys::username;
use records::id::{DeviceId, PersonId, RecordKey, SlotId};
use sync::wire::EscrowedCode;

/// The longest reason, in bytes.
const LONGEST_REASON: usize = 200;

/// Whose code is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Release<'a> {
    /// The user name of the person on the telephone.
    pub username: &'a str,
    /// The label, or the id, of the workstation the person sits at.
    pub device: &'a str,
    /// Why, and how the caller was recognised. Nothing of a patient.
    pub reason: &'a str,
}

/// A code that is to be read out now: the server has forgotten it.
#[derive(Debug)]
pub struct Released {
    /// Seven words.
    pub words: SecretText,
    /// The workstation where they work.
    pub device: DeviceId,
}

/// Why a code is not read out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NotReleased {
    By(Refused),
    Reason,
    Person,
    Workstation(NotNamed),
    OwnCode,
    NoCode,
    ReadAlready,
}

impl From<Refused> for NotReleased {
    fn from(refused: Refused) -> Self {
        Self::By(refused)
    }
}

impl From<NotReleased> for Failure {
    fn from(refused: NotReleased) -> Self {
        let (sentence, advice) = match refused {
            NotReleased::By(refused) => return refused.into(),
            NotReleased::Workstation(not_named) => return not_named.into(),
            NotReleased::Reason => (
                "A code is not read out without a reason.",
                "Say in a few words why, and how you recognised the caller. Nothing of a patient.",
            ),
            NotReleased::Person => ("Nobody signs in with this name.", "Check it; nothing was changed."),
            NotReleased::OwnCode => (
                "Nobody reads out their own code.",
                "Somebody else whose role includes managing people has to do it.",
            ),
            NotReleased::NoCode => (
                "There is no code for this person on this workstation.",
                "A workstation sends one after the person has signed in there. Until then a code of the person's own \
                 sheet, or a new activation, is the way in.",
            ),
            NotReleased::ReadAlready => (
                "The code for this person on this workstation was read out already.",
                "Each is read out once. The workstation makes another at the person's next sign-in there.",
            ),
        };
        Self::new(Kind::Refused, sentence, advice)
    }
}

/// Takes in the codes of a workstation; returns those that are held now. One that does not open, or is of somebody who
/// has no keys there, is left out, and comes again.
pub(crate) fn take_in(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    codes: &[EscrowedCode],
    now: Timestamp,
) -> Result<Vec<SlotId>, StoreError> {
    let mut held = Vec::new();
    for code in codes {
        let known = tx.recovery_code(code.person, device)?.is_some_and(|row| row.slot == code.slot);
        if known || keep(practice, tx, device, code, now)? {
            held.push(code.slot);
        }
    }
    Ok(held)
}

fn keep(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    code: &EscrowedCode,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if tx.person_key(code.person, device)?.is_none() {
        return Ok(false);
    }
    let place = EscrowPlace {
        practice: practice.row.id.uuid(),
        device: device.uuid(),
        person: code.person.uuid(),
        slot: code.slot.uuid(),
    };
    let Ok(opened) = SpokenCode::from_escrow(&practice.keys.sealing, &place, code.sealed.as_slice()) else {
        tracing::warn!(%device, "a recovery code does not open with the server's sealing key");
        return Ok(false);
    };
    // The code goes from one seal to another.
    let sealed = practice.keys.seal(Sealed::RecoveryCode(code.slot.uuid()), opened.expose());
    tx.put_recovery_code(&RecoveryCodeRow {
        person: code.person,
        device,
        slot: code.slot,
        sealed_code: Some(sealed),
        received_at: now,
        released_at: None,
    })?;
    Ok(true)
}

/// Reads a person's code for a workstation out, once, for an administrator who proves who they are. The event and the
/// alert are durable before this returns.
///
/// # Errors
/// When the administrator is not proven or not one, person or workstation is unknown, no code waits, or the store fails.
pub fn release(practice: &Practice, asked: &Release<'_>, by: &Proof) -> Result<Released, Failure> {
    in_one_commit(practice, |tx, now| match check(practice, tx, asked, by, now)? {
        Ok((row, code, by)) => {
            tx.release_recovery_code(row.slot, by, asked.reason.trim(), now)?;
            let detail = format!("read out by {by}");
            let mut trail = ServerTrail::new(practice, tx, now);
            trail.alert(AlertKind::RecoveryCodeReleased, Some(row.device), Some(row.person), detail)?;
            Ok(Ok(Released { words: code.to_text(), device: row.device }))
        }
        Err(refused) => Ok(Err(refused)),
    })
}

type Checked = Result<(RecoveryCodeRow, SpokenCode, PersonId), NotReleased>;

fn check(
    practice: &Practice,
    tx: &dyn Transaction,
    asked: &Release<'_>,
    by: &Proof,
    now: Timestamp,
) -> Result<Checked, StoreError> {
    let reason = asked.reason.trim();
    if reason.is_empty() || reason.len() > LONGEST_REASON || reason.chars().any(char::is_control) {
        return Ok(Err(NotReleased::Reason));
    }
    let actor = match prove(practice, tx, by, now)? {
        Ok(actor) => actor,
        Err(refused) => return Ok(Err(refused.into())),
    };
    let person = tx.person_named(&username::fold(asked.username))?;
    let Some(person) = person.filter(|person| person.ended_at.is_none()) else {
        return Ok(Err(NotReleased::Person));
    };
    if let Err(refused) = permit(practice, tx, &actor, subject(person.id), now)? {
        return Ok(Err(refused.into()));
    }
    if actor.person == person.id {
        return Ok(Err(NotReleased::OwnCode));
    }
    let device = match named(tx, asked.device)? {
        Ok(device) => device.id,
        Err(not_named) => return Ok(Err(NotReleased::Workstation(not_named))),
    };
    let Some(row) = tx.recovery_code(person.id, device)? else { return Ok(Err(NotReleased::NoCode)) };
    let Some(sealed) = &row.sealed_code else { return Ok(Err(NotReleased::ReadAlready)) };
    let code = practice.keys.open(Sealed::RecoveryCode(row.slot.uuid()), sealed);
    let code = code.and_then(|code| SpokenCode::from_slice(code.expose()));
    let code = code.ok_or(StoreError::Unreadable("a recovery code"))?;
    Ok(Ok((row, code, actor.person)))
}

fn subject(person: PersonId) -> Option<RecordKey> {
    format!("Practitioner/{person}").parse().ok()
}
