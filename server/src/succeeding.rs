//! The next issuing CA: made under the offline root, named in a new trust bundle, issuing from a stated moment; and the end of those
//! before it.
//!
//! The file of the new key is written before the bundle names it, and the bundle is stored before an old key is deleted. What
//! was cut short in between leaves a file that no bundle names, and nothing counts by it.

use crate::authorities::{self, Named, OLD_UNTIL, Span};
use crate::data_dir::DataDir;
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::store::{self, StoreError};
use crate::trail::ServerTrail;
use crate::witnessing::read_root;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use keys::Random;
use keys::certificate::{self, Authority, SERVER_DAYS};
use keys::trust::TrustBundle;
use serde::Serialize;
use std::path::Path;

/// An authority with less time left than a server's certificate lasts is due.
const DUE_BEFORE: SignedDuration = SignedDuration::from_hours(24 * SERVER_DAYS as i64);

/// How the issuing CAs stand.
#[derive(Clone, Debug, Serialize)]
pub struct AuthorityState {
    /// Those that the trust bundle names, by when they begin to issue.
    pub authorities: Vec<AuthorityLine>,
    /// The number of that bundle.
    pub trust_bundle: u64,
    /// Workstations whose certificate is by one before the one that issues.
    pub workstations_on_older: u64,
    /// When the server's own certificate ends; it is renewed by itself.
    pub server_certificate_until: Timestamp,
    /// Whether a next one should be made.
    pub due: bool,
}

/// One issuing CA.
#[derive(Clone, Debug, Serialize)]
pub struct AuthorityLine {
    /// SHA-256 of its certificate.
    pub fingerprint: String,
    /// From when it issues.
    pub issues_from: Timestamp,
    /// Until when its certificates are taken.
    pub accepted_until: Timestamp,
    /// What it does now.
    pub standing: Stands,
}

/// What an issuing CA does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stands {
    /// It issues later.
    Next,
    /// It issues.
    Issues,
    /// Its certificates are still taken.
    Accepted,
    /// Its certificates are taken no more; `retire` takes it out of the trust bundle.
    Ended,
}

/// How the issuing CAs stand now.
///
/// # Errors
/// When the store fails.
pub fn state(practice: &Practice) -> Result<AuthorityState, Failure> {
    let (now, bundle) = (practice.clock.now(), practice.stored_trust()?);
    practice.hear_of_authorities()?;
    let standing = practice.authorities.standing();
    let (named, devices) = store::read(practice.store.as_ref(), |tx| {
        Ok::<_, StoreError>((Named::of(&bundle, tx)?, tx.devices()?))
    })?;
    let issuing = standing.issuing().certificate();
    let since =
        certificate::made_at(issuing).map_err(|_| Failure::internal("An authority is unreadable."))?;
    // Whatever was made since then lasts longer than what was made before.
    let last_before = since.checked_add(SignedDuration::from_hours(24 * i64::from(certificate::CLIENT_DAYS)));
    let last_before = last_before.unwrap_or(Timestamp::MAX);
    let has_older = named.authorities().iter().any(|span| span.from < since);
    let older = devices.iter().filter(|row| {
        row.revoked_at.is_none() && now < row.certificate.until && row.certificate.until < last_before
    });
    let server = certificate::validity(&standing.server().certificate);
    let ends = named.authorities().last().map_or(Timestamp::MIN, |span| span.until);
    Ok(AuthorityState {
        authorities: named.authorities().iter().map(|span| line(span, issuing, now)).collect(),
        trust_bundle: bundle.number,
        workstations_on_older: if has_older { older.count() as u64 } else { 0 },
        server_certificate_until: server.map_or(Timestamp::MIN, |(_, until)| until),
        due: now.duration_until(ends) < DUE_BEFORE,
    })
}

/// Says so where a next authority should be made.
///
/// # Errors
/// When it should.
pub fn complain(state: &AuthorityState) -> Result<(), Failure> {
    if !state.due {
        return Ok(());
    }
    let advice = "Bring the root and run `keys authority next`; certificates change over by themselves.";
    Err(Failure::new(Kind::Incomplete, "The issuing authority ends within thirteen months.", advice))
}

/// Makes the next issuing CA. It issues from `from`, or from now; those before it count until the last certificate under them has ended, or
/// until `old_until` where that is sooner. Returns how they stand then.
///
/// # Errors
/// When there is a next one already, a time cannot be, the folder does not hold this practice's root, or disk or store refuse.
pub fn make_next(
    practice: &Practice,
    dir: &DataDir,
    offline_root: &Path,
    (from, old_until): (Option<Timestamp>, Option<Timestamp>),
) -> Result<AuthorityState, Failure> {
    let (now, bundle) = (practice.clock.now(), practice.stored_trust()?);
    let named = store::read(practice.store.as_ref(), |tx| Named::of(&bundle, tx))?;
    let from = from.unwrap_or(now);
    check_times(&named, now, (from, old_until))?;
    let root = read_root(practice, offline_root)?;
    let next = root.make_issuing(&practice.row.name, from, &mut Random::from_os());
    let next =
        next.map_err(|_| usage("An authority cannot be made for this moment.", "Give a nearer one."))?;
    authorities::write_next(dir, &next)
        .map_err(|error| Failure::disk("The key of the new authority cannot be written.", &error))?;
    let mut issuing = named.accepted(now);
    issuing.push(next.certificate().to_vec());
    publish(practice, &root, TrustBundle { issuing, ..bundle }, Some(old_until))?;
    state(practice)
}

/// Takes those that count no more out of the trust bundle, and deletes their keys here; with `at_once` those count no more that
/// have a successor that issues. Returns how they stand then.
///
/// # Errors
/// When there is none to retire, the folder does not hold this practice's root, or disk or store refuse.
pub fn retire(
    practice: &Practice,
    dir: &DataDir,
    offline_root: &Path,
    at_once: bool,
) -> Result<AuthorityState, Failure> {
    let (now, bundle) = (practice.clock.now(), practice.stored_trust()?);
    practice.hear_of_authorities()?;
    let standing = practice.authorities.standing();
    let named = store::read(practice.store.as_ref(), |tx| Named::of(&bundle, tx))?;
    let stands = |span: &Span| line(span, standing.issuing().certificate(), now).standing;
    let is_over = |span: &&Span| match stands(span) {
        Stands::Ended => true,
        Stands::Accepted => at_once,
        Stands::Issues | Stands::Next => false,
    };
    let over: Vec<_> =
        named.authorities().iter().filter(is_over).map(|span| span.certificate.clone()).collect();
    if over.is_empty() {
        let advice = "`keys authority status` says until when each is accepted; --at-once ends that now.";
        return Err(usage("There is no authority that could be retired.", advice));
    }
    let root = read_root(practice, offline_root)?;
    let issuing = bundle.issuing.iter().filter(|ca| !over.contains(ca)).cloned().collect();
    publish(practice, &root, TrustBundle { issuing, ..bundle }, None)?;
    for authority in &over {
        authorities::forget(dir, authority)
            .map_err(|error| Failure::disk("The key of an old authority cannot be deleted.", &error))?;
    }
    state(practice)
}

fn line(span: &Span, issuing: &[u8], now: Timestamp) -> AuthorityLine {
    let standing = if span.certificate == issuing {
        Stands::Issues
    } else if now >= span.until {
        Stands::Ended
    } else if span.from > now {
        Stands::Next
    } else {
        Stands::Accepted
    };
    AuthorityLine {
        fingerprint: certificate::fingerprint(&span.certificate)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        issues_from: span.from,
        accepted_until: span.until,
        standing,
    }
}

fn check_times(
    named: &Named,
    now: Timestamp,
    (from, old_until): (Timestamp, Option<Timestamp>),
) -> Result<(), Failure> {
    if let Some(next) = named.authorities().iter().find(|span| span.from > now) {
        let sentence = format!("There is a next authority already; it issues from {}.", next.from);
        return Err(usage(&sentence, "Wait until then, and make another one after it if that is needed."));
    }
    if from < now {
        return Err(usage(
            "An authority cannot issue from a moment that is past.",
            "Give a later --from, or none.",
        ));
    }
    if old_until.is_some_and(|until| until < from) {
        let advice = "Give an --old-until after --from, or none.";
        return Err(usage("Old certificates would end before there are new ones.", advice));
    }
    Ok(())
}

/// Signs and stores the bundle as the next one; this practice goes by it at once, other servers within seconds.
fn publish(
    practice: &Practice,
    root: &Authority,
    bundle: TrustBundle,
    old_until: Option<Option<Timestamp>>,
) -> Result<(), Failure> {
    let now = practice.clock.now();
    let bundle = TrustBundle { number: bundle.number + 1, issued_at: now, ..bundle };
    let signed = bundle.sign(root).map_err(|_| Failure::internal("The trust bundle cannot be signed."))?;
    store::write(practice.store.as_ref(), |tx| {
        tx.set_trust(&STANDARD.encode(&signed), bundle.number)?;
        if let Some(until) = old_until {
            tx.set_server_setting(OLD_UNTIL, &until.map_or_else(String::new, |until| until.to_string()))?;
        }
        ServerTrail::new(practice, tx, now).changed_settings()
    })?;
    practice.hear_of_authorities()
}

fn usage(sentence: &str, advice: &'static str) -> Failure {
    Failure::new(Kind::Usage, sentence.to_owned(), advice)
}
