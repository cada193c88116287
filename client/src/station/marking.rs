//! The epoch key of the audit log: fetched from the keyring after a start, and moved on at a sign-in, a lock, a checkpoint and
//! a delivery, in the background.
//!
//! Appending never waits for the keyring. Where that fails the log goes on: entries keep the present key, or wait for a mark
//! until there is one. One event says so, and no more until it has worked again. A delivery takes what is there.

use std::time::Duration;

use keys::epoch::{ChainPlace, EpochKey, StartKey};
use keys::{Random, Secret};
use records::event::{Alert, AuditEvent};
use vault::StoreError;

use super::{Station, held};
use crate::kept_epoch::KeptEpoch;
use crate::keyring::KeyringProblem;

/// After a failure a delivery does not ask the keyring again for so long.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// What is known of the last turn.
#[derive(Default)]
pub(crate) struct EpochTurn {
    /// Reading of the monotonic clock at the last failure.
    failed: Option<Duration>,
    /// Whether the log says that it fails.
    told: bool,
}

/// Why the key could not be had, or not be moved on.
#[derive(Debug, thiserror::Error)]
enum NotMarked {
    #[error(transparent)]
    Keyring(#[from] KeyringProblem),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the keyring is ahead of the log")]
    LogOlder,
    #[error("the server's sealing key is none")]
    SealingKey,
}

impl Station {
    /// Fetches the key of the epoch, or moves it on. It asks the keyring: never on the way of somebody who waits.
    pub(crate) fn turn_epoch(&self) {
        self.go_on_in_turn(&mut held(&self.epoch_turn));
    }

    fn go_on_in_turn(&self, turn: &mut EpochTurn) {
        if self.retiring().is_some() {
            return;
        }
        match self.go_on_marking() {
            Ok(()) => *turn = EpochTurn::default(),
            Err(problem) => {
                tracing::warn!(%problem, "the key of the audit log was not moved on");
                turn.failed = Some(self.monotonic());
                if !std::mem::replace(&mut turn.told, true) {
                    self.say_that_marking_fails();
                }
            }
        }
    }

    /// Before a delivery: what waits for a mark gets it, unless the keyring failed just now.
    pub(crate) fn mark_before_delivery(&self) {
        if self.device().mark_standing().has_key {
            return;
        }
        let mut turn = held(&self.epoch_turn);
        let failed_just_now =
            turn.failed.is_some_and(|at| self.monotonic().saturating_sub(at) < AFTER_FAILURE);
        // Whoever had the turn meanwhile may have fetched it.
        if !failed_just_now && !self.device().mark_standing().has_key {
            self.go_on_in_turn(&mut turn);
        }
    }

    fn go_on_marking(&self) -> Result<(), NotMarked> {
        let standing = self.device().mark_standing();
        if standing.has_key {
            return self.move_epoch_on();
        }
        let kept = KeptEpoch::read_all(self.keyring(), self.identity().log)?;
        let of_chain = kept.iter().filter(|kept| Some(kept.chain) == standing.chain);
        let present = of_chain.clone().filter(|kept| kept.key.epoch() <= standing.epoch);
        let present = present.max_by_key(|kept| kept.key.epoch());
        match present {
            Some(present) => self.fetch_epoch(present, standing.epoch),
            None if of_chain.count() > 0 => Err(NotMarked::LogOlder),
            None => self.begin_chain(&kept),
        }
    }

    /// Takes a key out of the keyring. It is behind the log where a crash came between the two.
    fn fetch_epoch(&self, kept: &KeptEpoch, epoch: u64) -> Result<(), NotMarked> {
        let key = kept.moved_on_to(epoch).ok_or(NotMarked::LogOlder)?;
        let present = KeptEpoch { log: kept.log, chain: kept.chain, key };
        if present.key.epoch() > kept.key.epoch() {
            present.write(self.keyring())?;
        }
        let taken = self.device().take_epoch_key(copy(&present.key))?;
        if taken { Ok(present.forget_the_other(self.keyring())?) } else { Err(NotMarked::LogOlder) }
    }

    /// Begins a chain: at enrolment, or where the keyring answers and has no key of this log any more. A beginning that a crash
    /// cut short goes on.
    fn begin_chain(&self, kept: &[KeptEpoch]) -> Result<(), NotMarked> {
        let (standing, from, size) = {
            let device = self.device();
            (device.mark_standing(), device.next_chain()?, device.log_head().size)
        };
        let begun = kept.iter().find(|kept| kept.key.epoch() == 0 && (from..=size).contains(&kept.chain));
        let (first, start) = match begun {
            Some(kept) => (kept.chain, StartKey::from_secret(Secret::from_bytes(*kept.key.expose()))),
            None => (from, StartKey::make(&mut Random::from_os())),
        };
        let identity = self.identity();
        let begun = KeptEpoch { log: identity.log, chain: first, key: start.epoch() };
        begun.write(self.keyring())?;
        let place = ChainPlace { device: identity.device.uuid(), log: identity.log.uuid(), first };
        let sealed = start.seal(&self.trust().sealing_key(), &place, &mut Random::from_os());
        let sealed = sealed.map_err(|_| NotMarked::SealingKey)?;
        if !self.device().begin_chain(first, &sealed, start.epoch())? {
            return Err(NotMarked::LogOlder);
        }
        begun.forget_the_other(self.keyring())?;
        if standing.chain.is_some() {
            tracing::warn!(first, "the marks of the audit log begin anew: the keyring had lost their key");
            self.say_that_marking_fails();
        }
        Ok(())
    }

    /// Moves the key on, unless nothing was marked with it yet.
    fn move_epoch_on(&self) -> Result<(), NotMarked> {
        let (chain, next) = {
            let device = self.device();
            (device.mark_standing().chain, device.next_epoch_key())
        };
        let (Some(chain), Some(next)) = (chain, next) else { return Ok(()) };
        let next = KeptEpoch { log: self.identity().log, chain, key: next };
        next.write(self.keyring())?;
        if !self.device().enter_epoch(copy(&next.key))? {
            return Err(NotMarked::LogOlder);
        }
        Ok(next.forget_the_other(self.keyring())?)
    }

    fn say_that_marking_fails(&self) {
        let alert = AuditEvent::security_alert(self.stamp(), self.node(), Alert::AuditImpaired);
        if let Err(error) = self.record(&[alert]) {
            tracing::error!(code = error.code.as_str(), "that marking fails was not recorded");
        }
    }
}

fn copy(key: &EpochKey) -> EpochKey {
    EpochKey::from_parts(key.epoch(), Secret::from_bytes(*key.expose()))
}
