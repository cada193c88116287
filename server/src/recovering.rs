//! Going on with a store that was put back from an older copy: a recovery epoch, declared by an administrator.
//!
//! What the server had told since that copy is not in it any more: versions, places in the history, numbers of orders. So every
//! number of an epoch is higher than any that was given before it, and nothing new is taken for something old. Each workstation
//! is told, and sends again what it kept of that time, with the versions its changes had made; an edit of a version that
//! is not here stands on the change that had made it, and waits for that change as long as somebody may still bring it.

use crate::approving::{Proof, in_one_commit, permit, prove};
use crate::directing;
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::store::{self, AlertKind, DirectiveRow, StoreError, Transaction};
use crate::trail::ServerTrail;
use jiff::{SignedDuration, Timestamp};
use records::Drawer;
use records::change::{self, Change, Footing, Outcome};
use records::id::{ChangeId, DeviceId, RecordKey};
use serde::{Deserialize, Serialize};
use sync::wire::{DirectiveOrder, MadeVersion};

const EPOCH: &str = "recovery-epoch";
const UNDECLARED: &str = "restored-undeclared";
/// Epochs are counted in hours since then, so that one declared on an older copy has a number of its own.
const BEGINNING: Timestamp = Timestamp::constant(1_767_225_600, 0);
/// No record has so many versions, and no workstation so many orders, within an epoch.
const VERSIONS: u64 = 1_000_000;
/// No history grows by so many rows within an hour.
const ROWS: u64 = 1 << 32;
/// No workstation that was away for longer opens by itself (the usual lease), and an order of before that nobody can carry out may
/// keep one from saying that it has heard.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24 * 45);
/// So long a workstation that has heard of it may still be sending.
const TIME_TO_SEND: SignedDuration = SignedDuration::from_hours(24);
/// What was received so shortly before a backup may have been committed after it.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// A recovery epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch {
    /// Rises with each.
    pub number: u64,
    /// When it was declared.
    pub declared_at: Timestamp,
    /// The moment that the store was put back to.
    pub restored_to: Timestamp,
}

/// Notes in a store that was just put back that it does not serve yet.
///
/// # Errors
/// When the store fails.
pub fn note_restored(practice: &Practice, taken_at: Timestamp) -> Result<(), Failure> {
    let now = practice.clock.now();
    store::write(practice.store.as_ref(), |tx| -> Result<(), Failure> {
        tx.set_server_setting(UNDECLARED, &taken_at.to_string())?;
        let detail = format!("the server's store was put back to {taken_at}");
        Ok(ServerTrail::new(practice, tx, now).alert(AlertKind::StoreRolledBack, None, None, detail)?)
    })
}

/// Refuses to serve a store that was put back, until that was declared.
///
/// # Errors
/// When it was not.
pub fn check(practice: &Practice) -> Result<(), Failure> {
    if store::read(practice.store.as_ref(), undeclared)?.is_none() {
        return Ok(());
    }
    let advice = "Erase again who was erased since, end who has left, revoke what was revoked; then `backup declare --by USERNAME`.";
    Err(Failure::new(
        Kind::Refused,
        "This store was put back from a backup, and nobody has declared that.",
        advice,
    ))
}

/// Declares it: the server may serve, and every workstation is told to send again what it kept. With `taken_at` for a database
/// that was put back by its own means.
///
/// # Errors
/// When the person is not proven or not an administrator, nothing was put back, or the store fails.
pub fn declare(practice: &Practice, taken_at: Option<Timestamp>, by: &Proof) -> Result<Epoch, Failure> {
    let declared = in_one_commit(practice, |tx, now| {
        let actor = match prove(practice, tx, by, now)? {
            Ok(actor) => actor,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Err(refused) = permit(practice, tx, &actor, None, now)? {
            return Ok(Err(refused));
        }
        let restored_to = match (undeclared(tx)?, taken_at) {
            (Some(noted), _) => noted,
            (None, Some(taken_at)) if taken_at <= now => taken_at,
            (None, _) => return Ok(Ok(None)),
        };
        begin(practice, tx, restored_to, now).map(|epoch| Ok(Some(epoch)))
    })?;
    let advice = "After `backup restore` the store knows it; for a database that was put back by its own means give --taken-at.";
    declared.ok_or_else(|| Failure::new(Kind::Usage, "Nothing was put back here.", advice))
}

fn begin(
    practice: &Practice,
    tx: &dyn Transaction,
    restored_to: Timestamp,
    now: Timestamp,
) -> Result<Epoch, StoreError> {
    let hours = u64::try_from(BEGINNING.duration_until(now).as_hours()).unwrap_or(0);
    let number = epoch(tx)?.map_or(1, |last| last.number + 1).max(hours);
    let epoch = Epoch { number, declared_at: now, restored_to };
    let json = serde_json::to_string(&epoch).map_err(|error| StoreError::Failed(Box::new(error)))?;
    tx.set_server_setting(EPOCH, &json)?;
    tx.set_server_setting(UNDECLARED, "")?;
    tx.raise_history(number.saturating_mul(ROWS))?;
    let order = DirectiveOrder::SendAgain { restored_to, recovery: number };
    for device in tx.devices()?.into_iter().filter(|device| device.revoked_at.is_none()) {
        directing::give(practice, tx, device.id, &order, now)?;
    }
    let detail = format!("recovery epoch {number}: the server goes on from {restored_to}");
    ServerTrail::new(practice, tx, now).alert(AlertKind::StoreRolledBack, None, None, detail)?;
    Ok(epoch)
}

fn undeclared(tx: &dyn Transaction) -> Result<Option<Timestamp>, StoreError> {
    let kept = tx.server_setting(UNDECLARED)?.filter(|text| !text.is_empty());
    kept.map(|text| text.parse().map_err(|_| StoreError::Unreadable("the moment of a backup"))).transpose()
}

/// The epoch; none where the store was never put back.
pub(crate) fn epoch(tx: &dyn Transaction) -> Result<Option<Epoch>, StoreError> {
    let kept = tx.server_setting(EPOCH)?;
    kept.map(|json| serde_json::from_str(&json).map_err(|_| StoreError::Unreadable("the recovery epoch")))
        .transpose()
}

/// The number that a version, or an order, has at least.
pub(crate) fn least_number(tx: &dyn Transaction) -> Result<u64, StoreError> {
    Ok(epoch(tx)?.map_or(1, |epoch| epoch.number.saturating_mul(VERSIONS) + 1))
}

/// Until when a backup holds what a workstation sent, which has carried out orders up to `done`: it need not keep it any longer.
/// A backup that was made after a restore holds nothing of what went with the store, however new it is; so nothing is held for
/// who has not sent again yet.
pub(crate) fn held_until(
    tx: &dyn Transaction,
    device: DeviceId,
    done: u64,
) -> Result<Option<Timestamp>, StoreError> {
    let Some(taken_at) = crate::backing::age(tx)?.taken_at else { return Ok(None) };
    if has_to_send_again(tx, device, done)? {
        return Ok(None);
    }
    Ok(Some(taken_at.saturating_sub(MARGIN).unwrap_or(Timestamp::MIN)))
}

fn has_to_send_again(tx: &dyn Transaction, device: DeviceId, done: u64) -> Result<bool, StoreError> {
    if epoch(tx)?.is_none() {
        return Ok(false);
    }
    let open = tx.directives(device, done)?;
    Ok(open.iter().any(|row| matches!(directing::read_order(row), Ok(DirectiveOrder::SendAgain { .. }))))
}

/// Gives new keys to the drawers of a workstation that has carried out orders which went with a lost store: a re-key may have been
/// among them, and then this store does not know the keys that the drawers are under.
pub(crate) fn replace_unknown_keys(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    done: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(epoch) = epoch(tx)? else { return Ok(()) };
    let given = tx.directives(device, 0)?;
    let least = least_number(tx)?;
    let is_new_re_key = |row: &DirectiveRow| {
        let order = directing::read_order(row).ok();
        row.number >= least && matches!(order, Some(DirectiveOrder::ReKey { .. }))
    };
    if done == 0 || given.iter().any(|row| row.number == done) || given.iter().any(is_new_re_key) {
        return Ok(());
    }
    for drawer in Drawer::ALL {
        directing::give_re_key(practice, tx, device, drawer, now)?;
    }
    let detail = format!(
        "recovery epoch {}: orders were carried out that are not known any more; its drawers get new keys",
        epoch.number
    );
    ServerTrail::new(practice, tx, now).alert(AlertKind::StoreRolledBack, Some(device), None, detail)
}

/// Keeps what a workstation tells of versions that its changes had made, of those that are not here.
pub(crate) fn hear(tx: &dyn Transaction, made: &[MadeVersion]) -> Result<(), StoreError> {
    if made.is_empty() || epoch(tx)?.is_none() {
        return Ok(());
    }
    for made in made {
        let Ok(key) = made.key.parse::<RecordKey>() else { continue };
        if !tx.has_version(&key, made.version)? {
            tx.note_lost_version(&key, made.version, made.change)?;
        }
    }
    Ok(())
}

/// What a change stands on, where the store was put back once.
pub(crate) fn footing(tx: &dyn Transaction, change: Change) -> Result<Footing, StoreError> {
    if epoch(tx)?.is_none() {
        return Ok(Footing::Known(change));
    }
    change::footing(change, &LostVersions(tx))
}

struct LostVersions<'a>(&'a dyn Transaction);

impl change::Lost for LostVersions<'_> {
    type Error = StoreError;

    fn has_version(&self, key: &RecordKey, version: u64) -> Result<bool, StoreError> {
        self.0.has_version(key, version)
    }

    /// Not of a change that is refused now, or that may never come: what stands on it is for a person then.
    fn lost_version(&self, key: &RecordKey, version: u64) -> Result<Option<ChangeId>, StoreError> {
        let Some(made_by) = self.0.lost_version(key, version)? else { return Ok(None) };
        let outcome = self.0.change(made_by)?.map(|row| row.outcome);
        let stands = matches!(outcome, Some(Outcome::Applied { .. } | Outcome::Conflict { .. }));
        Ok(stands.then_some(made_by))
    }
}

/// Whether somebody may still bring what is missing: on the first day, and as long as another workstation has not heard that it is to
/// send again.
pub(crate) fn others_may_come(
    tx: &dyn Transaction,
    from: DeviceId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(epoch) = epoch(tx)? else { return Ok(false) };
    let age = epoch.declared_at.duration_until(now);
    if age < TIME_TO_SEND || age > LONGEST_WAIT {
        return Ok(age < TIME_TO_SEND);
    }
    let others = tx.devices()?.into_iter().filter(|device| device.id != from && device.revoked_at.is_none());
    for device in others {
        if has_to_send_again(tx, device.id, device.directives_done)? {
            return Ok(true);
        }
    }
    Ok(false)
}
