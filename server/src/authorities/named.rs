//! What the store says of the issuing CAs, and what follows from it at a moment.

use crate::store::{StoreError, Transaction};
use jiff::{SignedDuration, Timestamp};
use keys::certificate::{self, Authority, CLIENT_DAYS};
use keys::trust::TrustBundle;

/// The setting with the moment until which authorities count that have a successor, where one was given.
pub(crate) const OLD_UNTIL: &str = "authorities-old-until";

/// What the store says of the issuing CAs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// Those of the trust bundle, by when they begin to issue.
    authorities: Vec<Span>,
    /// Until when those count that have a successor, where that is before their last certificate ends.
    old_until: Option<Timestamp>,
}

/// An issuing CA and its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// DER.
    pub(crate) certificate: Vec<u8>,
    /// From when it issues.
    pub(crate) from: Timestamp,
    /// Until when its certificates are taken.
    pub(crate) until: Timestamp,
}

impl Named {
    /// What the bundle and the settings say.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn of(bundle: &TrustBundle, tx: &dyn Transaction) -> Result<Self, StoreError> {
        let given = tx.server_setting(OLD_UNTIL)?.filter(|text| !text.is_empty());
        let unreadable = |_| StoreError::Unreadable("until when old authorities count");
        let old_until = given.map(|text| text.parse().map_err(unreadable)).transpose()?;
        let mut authorities = Vec::new();
        for ca in &bundle.issuing {
            let readable = (certificate::made_at(ca), certificate::validity(ca));
            let (Ok(from), Ok((_, until))) = readable else {
                return Err(StoreError::Unreadable("an authority of the trust bundle"));
            };
            authorities.push(Span { certificate: ca.clone(), from, until });
        }
        authorities.sort_by_key(|span| span.from);
        Ok(Self::with(authorities, old_until))
    }

    /// The last certificate under an authority was made just before its successor began.
    fn with(mut authorities: Vec<Span>, old_until: Option<Timestamp>) -> Self {
        let begins: Vec<_> = authorities.iter().skip(1).map(|span| span.from).collect();
        for (span, next) in authorities.iter_mut().zip(begins) {
            let last = next.checked_add(SignedDuration::from_hours(24 * i64::from(CLIENT_DAYS)));
            let ends = [last.ok(), old_until].into_iter().flatten();
            span.until = ends.fold(span.until, Timestamp::min);
        }
        Self { authorities, old_until }
    }

    /// All of them, by when they begin.
    pub(crate) fn authorities(&self) -> &[Span] {
        &self.authorities
    }

    /// Those whose certificates are taken at a time.
    pub(crate) fn accepted(&self, now: Timestamp) -> Vec<Vec<u8>> {
        let counting = self.authorities.iter().filter(|span| now < span.until);
        counting.map(|span| span.certificate.clone()).collect()
    }

    /// Of those whose keys are here the one that issues at a time: the last that has begun, or else the first that will.
    pub(crate) fn issuing(&self, mut keys: Vec<Authority>, now: Timestamp) -> Option<Authority> {
        let begun = self.authorities.iter().rev().filter(|span| span.from <= now);
        let later = self.authorities.iter().filter(|span| span.from > now);
        let is_of = |span: &Span, key: &Authority| key.certificate() == span.certificate;
        let chosen = begun.chain(later).find_map(|span| keys.iter().position(|key| is_of(span, key)))?;
        Some(keys.swap_remove(chosen))
    }

    /// The one that issues at a time, DER, whether its key is here or not.
    pub(crate) fn should_issue(&self, now: Timestamp) -> Option<&[u8]> {
        let begun = self.authorities.iter().rev().find(|span| span.from <= now);
        begun.or_else(|| self.authorities.first()).map(|span| span.certificate.as_slice())
    }

    /// When something of it begins or ends.
    pub(crate) fn moments(&self) -> Vec<Timestamp> {
        self.authorities.iter().flat_map(|span| [span.from, span.until]).collect()
    }
}
