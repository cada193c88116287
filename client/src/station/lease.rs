//! The offline lease of this workstation: what is known of it, whether it lets people in, and its extensions.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use keys::Random;
use keys::lease::{LeaseExtension, LeaseNumber, LeasePlace, days_of};
use keys::spoken::{SpokenCode, SpokenCodeMistyped};
use records::event::{Alert, AuditEvent};
use serde::{Deserialize, Serialize};
use sync::wire::{DirectivesResponse, path};
use vault::Setting;

use super::Station;
use crate::lease::{Standing, judge};
use crate::view::{LeaseLevel, LeaseView};
use crate::{ClientError, Code};

/// How often the time is kept while nothing else keeps it, so that pulling the plug does not hold it.
const KEEP_TIME: Duration = Duration::from_secs(3600);
/// What an extension as a text begins with: base64 of its magic.
const FILE_BEGINS: &str = "Q0ts";

/// What is kept of the lease (JSON in `device.db`, version 1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u8,
    /// What the screen shows; another one once it was used.
    number: u32,
    extended: Option<Extended>,
}

/// An extension that was taken in. It counts until the server is heard again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Extended {
    /// When the server had been heard last.
    since: Timestamp,
    until: Timestamp,
}

const VERSION: u8 = 1;

impl Kept {
    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("numbers and times are JSON")
    }
}

/// What was shown of the lease last, and when the time was kept last.
#[derive(Default)]
pub(super) struct Watch(Mutex<(Option<LeaseLevel>, Duration)>);

impl Station {
    /// What the screens say of the lease; nothing while there is nothing to say.
    pub(crate) fn lease_view(&self) -> Option<LeaseView> {
        let standing = self.lease()?;
        let level = standing.level?;
        let number = self.lease_number().inspect_err(|error| {
            tracing::error!(code = error.code.as_str(), "there is no number for an extension of the lease");
        });
        let number = number.map(|number| number.to_string()).unwrap_or_default();
        Some(LeaseView { level, days_left: standing.days_left, days_away: standing.days_away, number })
    }

    /// Whether anybody may open the vault. Where the lease has ended the server is asked first: to reach it is all it takes.
    ///
    /// # Errors
    /// `lease-ended`.
    pub(crate) fn admits_opening(&self) -> Result<(), ClientError> {
        if self.lease_has_ended() && !self.hears_the_server() {
            self.state_changed();
            return Err(Code::LeaseEnded.into());
        }
        Ok(())
    }

    /// Takes an extension in: seven words, or the text of a file. It is good once, here, for the number on the screen.
    ///
    /// # Errors
    /// `lease-words-mistyped` for what cannot be an extension, `lease-refused` for one that is for another number or
    /// workstation or not the server's; `audit-failed`, and what could not be written.
    pub(crate) fn extend_lease(&self, text: &str) -> Result<(), ClientError> {
        let number = self.lease_number()?;
        let days = self.days_given(text.trim(), number)?;
        let now = self.proven_time();
        let (heard, earliest) = (now.last_heard(), now.earliest(&self.reading()));
        let (Some(since), Some(earliest)) = (heard, earliest) else { return Err(Code::LeaseRefused.into()) };
        let length = SignedDuration::from_hours(24 * i64::from(days));
        let until = earliest.saturating_add(length).unwrap_or(Timestamp::MAX);
        let event = AuditEvent::security_alert(self.stamp(), self.node(), Alert::LeaseExtended);
        self.record(&[event])?;
        self.keep_lease(LeaseNumber::make(&mut Random::from_os()), Some(Extended { since, until }))?;
        self.state_changed();
        Ok(())
    }

    /// Tells the screens when the lease is to be spoken of in another way, and keeps the time now and then.
    pub(crate) fn watch_lease(&self) {
        let level = self.lease().and_then(|standing| standing.level);
        let now = self.monotonic();
        let (changed, keep) = {
            let mut watch = self.lease_watch.0.lock().unwrap_or_else(PoisonError::into_inner);
            let changed = std::mem::replace(&mut watch.0, level) != level;
            let keep = now.saturating_sub(watch.1) >= KEEP_TIME;
            if keep {
                watch.1 = now;
            }
            (changed, keep)
        };
        if keep {
            self.keep_time();
        }
        if changed {
            self.state_changed();
        }
    }

    /// How the lease stands; `None` before the server was heard for the first time, when there is nothing to open.
    fn lease(&self) -> Option<Standing> {
        let proven = self.proven_time();
        let heard = proven.last_heard()?;
        let earliest = proven.earliest(&self.reading())?;
        let extended = self.kept_lease().and_then(|kept| kept.extended);
        let until = extended.filter(|extended| extended.since == heard).map(|extended| extended.until);
        Some(judge(heard, self.policy().lease_days, until, earliest))
    }

    fn lease_has_ended(&self) -> bool {
        self.lease().is_some_and(|standing| standing.level == Some(LeaseLevel::Ended))
    }

    /// Asks the server what it has to tell. Its answer is what a lease runs from.
    fn hears_the_server(&self) -> bool {
        let Some(asked) = self.directives_request() else { return false };
        match self.call::<_, DirectivesResponse>(path::DIRECTIVES, asked.clone()) {
            Ok(answer) => {
                self.was_heard(&asked);
                self.take_directives(&answer);
                true
            }
            Err(error) => {
                tracing::info!(
                    code = error.code.as_str(),
                    "the lease has ended, and the server is not reached"
                );
                false
            }
        }
    }

    fn days_given(&self, text: &str, number: LeaseNumber) -> Result<u16, ClientError> {
        let identity = self.identity();
        let place = LeasePlace { practice: identity.practice.uuid(), device: identity.device.uuid(), number };
        let trust = self.trust();
        if text.starts_with(FILE_BEGINS) {
            let bytes = STANDARD.decode(text).map_err(|_| Code::LeaseWordsMistyped)?;
            let extension = LeaseExtension::verify(&bytes, trust.directive_key(), &place);
            return Ok(extension.map_err(|_| Code::LeaseRefused)?.days);
        }
        let words: SpokenCode = text.parse().map_err(|_: SpokenCodeMistyped| Code::LeaseWordsMistyped)?;
        let days = days_of(&words, &place, &self.keys().agreement, &trust.sealing_key());
        Ok(days.ok_or(Code::LeaseRefused)?)
    }

    fn lease_number(&self) -> Result<LeaseNumber, ClientError> {
        let kept = self.kept_lease();
        let number = kept.as_ref().and_then(|kept| LeaseNumber::from_value(kept.number).ok());
        match number {
            Some(number) => Ok(number),
            None => {
                let made = LeaseNumber::make(&mut Random::from_os());
                self.keep_lease(made, kept.and_then(|kept| kept.extended))?;
                Ok(made)
            }
        }
    }

    fn kept_lease(&self) -> Option<Kept> {
        let bytes = self.device().setting(Setting::Lease).ok().flatten()?;
        let kept: Kept = serde_json::from_slice(&bytes).ok()?;
        (kept.version == VERSION).then_some(kept)
    }

    fn keep_lease(&self, number: LeaseNumber, extended: Option<Extended>) -> Result<(), ClientError> {
        let kept = Kept { version: VERSION, number: number.value(), extended };
        self.device().set(Setting::Lease, &kept.to_bytes())?;
        Ok(())
    }
}
