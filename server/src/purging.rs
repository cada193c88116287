//! Purging audit events whose time is over: two administrators agree, then it is carried out by a command of its own, which over
//! PostgreSQL takes the owner of the tables.
//!
//! What an entry said goes; its hash, its place and its times stay, so the log, its checkpoints and its receipts verify as before.
//! A certificate that the practice signs names each entry, and tells it from one that somebody took away
//! (`docs/adr/0023-a-purged-entry-leaves-its-hash.md`).

use crate::approving::{Refused, TIME_TO_AGREE, in_one_commit};
use crate::backing;
use crate::error::Failure;
use crate::practice::Practice;
use crate::retaining;
use crate::store::{Act, PurgeRow, StoreError, Transaction};
use crate::trail::ServerTrail;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use keys::purge::PurgeCertificate;
use keys::trust::TrustBundle;
use records::AuditEvent;
use records::id::{LogId, PersonId};
use records::rights::Trail as _;
use serde::Serialize;

/// A purge that was carried out.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Purged {
    /// Its number.
    pub purge: u64,
    /// Only entries that arrived before this.
    pub before: Timestamp,
    /// How many entries gave up what they said.
    pub entries: u64,
}

/// Entries that were purged, as a check of a log tells of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PurgedEntries {
    /// The index of the first.
    pub from: u64,
    /// The index after the last.
    pub until: u64,
    /// The purge.
    pub purge: u64,
    /// Who asked for it.
    pub asked_by: PersonId,
    /// Who agreed.
    pub agreed_by: PersonId,
    /// When it was done.
    pub purged_at: Timestamp,
}

/// The moment before which events are past their period now: what is asked to be purged.
///
/// # Errors
/// When the store fails.
pub fn past(practice: &Practice) -> Result<Timestamp, Failure> {
    let (now, periods) = (practice.clock.now(), retaining::periods(practice)?);
    let past = retaining::years_before(now, periods.audit_years).and_then(whole_millis);
    past.ok_or_else(retaining::out_of_range)
}

/// Whether what arrived before then may be purged.
pub(crate) fn stands(
    tx: &dyn Transaction,
    before: Timestamp,
    now: Timestamp,
) -> Result<Result<(), Refused>, StoreError> {
    // The period may have been made longer since it was asked for.
    let past = retaining::years_before(now, retaining::periods_in(tx)?.audit_years);
    if past.is_none_or(|past| before > past) {
        return Ok(Err(Refused::NotPast));
    }
    let fresh = now.checked_sub(backing::LONGEST_AGE).unwrap_or(now);
    if backing::age(tx)?.taken_at.is_none_or(|taken| taken < fresh) {
        return Ok(Err(Refused::NoBackup));
    }
    Ok(if tx.purgeable(before)?.is_empty() { Err(Refused::NothingPast) } else { Ok(()) })
}

/// Carries out a purge that two administrators have agreed to, once. Over PostgreSQL the practice is open as the owner of its
/// tables.
///
/// # Errors
/// When it was not agreed to within a day, was carried out before, must not be any more, or the store fails or refuses.
pub fn carry_out(practice: &Practice, approval: u64) -> Result<Purged, Failure> {
    let purged = in_one_commit(practice, |tx, now| {
        let Some(order) = agreed(tx, approval, now)? else { return Ok(Err(Refused::NotWaiting)) };
        if let Err(refused) = stands(tx, order.before, now)? {
            return Ok(Err(refused));
        }
        purge(practice, tx, approval, &order, now).map(Ok)
    })?;
    // The log of older pages still has what the entries said; while somebody reads it stays a little longer.
    practice.store.empty_log()?;
    Ok(purged)
}

/// What two administrators have agreed to.
struct Order {
    before: Timestamp,
    asked: (PersonId, Timestamp),
    agreed: (PersonId, Timestamp),
}

fn agreed(tx: &dyn Transaction, approval: u64, now: Timestamp) -> Result<Option<Order>, StoreError> {
    let Some(row) = tx.approval(approval)? else { return Ok(None) };
    let (Act::AuditPurge(before), Some(agreed)) = (row.act, row.approved) else { return Ok(None) };
    let is_late = agreed.1.checked_add(TIME_TO_AGREE).is_ok_and(|end| end < now);
    if is_late || tx.purges()?.iter().any(|purge| purge.approval == approval) {
        return Ok(None);
    }
    Ok(Some(Order { before, asked: (row.asked_by, row.asked_at), agreed }))
}

fn purge(
    practice: &Practice,
    tx: &dyn Transaction,
    approval: u64,
    order: &Order,
    now: Timestamp,
) -> Result<Purged, StoreError> {
    let person = |(id, at): (PersonId, Timestamp)| (id.uuid(), at);
    let purged_at = whole_millis(now).unwrap_or(now);
    let certificate = PurgeCertificate {
        number: tx.next_purge()?,
        practice: practice.row.id.uuid(),
        before: order.before,
        asked: person(order.asked),
        agreed: person(order.agreed),
        purged_at,
        runs: tx.purgeable(order.before)?,
    };
    let signed = certificate.sign(&practice.keys.directive);
    let signed = signed.map_err(|_| StoreError::Unreadable("the entries to be purged"))?;
    let entries = certificate.entries();
    tx.insert_purge(&PurgeRow {
        number: certificate.number,
        approval,
        before: order.before,
        asked: order.asked,
        agreed: order.agreed,
        purged_at,
        entries,
        certificate: signed,
        trust: tx.practice()?.trust,
    })?;
    let mut emptied = 0;
    for run in &certificate.runs {
        emptied += tx.empty_leaves(run)?;
    }
    if emptied != entries {
        return Err(StoreError::Unreadable("entries that did not go"));
    }
    let mut trail = ServerTrail::new(practice, tx, now);
    let event = AuditEvent::audit_purged(trail.stamp(), trail.node(), certificate.number, entries);
    trail.append(&event)?;
    Ok(Purged { purge: certificate.number, before: order.before, entries })
}

/// The purges of a practice, each as its certificate says where that verifies.
pub(crate) struct Certificates(Vec<(PurgeRow, Option<PurgeCertificate>)>);

impl Certificates {
    pub(crate) fn read(practice: &Practice, tx: &dyn Transaction) -> Result<Self, StoreError> {
        let verified = |row: PurgeRow| {
            let certificate = verified(practice, &row);
            (row, certificate)
        };
        Ok(Self(tx.purges()?.into_iter().map(verified).collect()))
    }

    /// The numbers of those that do not verify.
    pub(crate) fn refused(&self) -> Vec<u64> {
        self.0.iter().filter(|(_, certificate)| certificate.is_none()).map(|(row, _)| row.number).collect()
    }

    /// The one by which this entry was purged.
    pub(crate) fn covering(&self, log: LogId, index: u64) -> Option<&PurgeCertificate> {
        let certificates = self.0.iter().filter_map(|(_, certificate)| certificate.as_ref());
        certificates.rev().find(|certificate| certificate.covers(log.uuid(), index))
    }

    /// What an export of a log takes along: certificates that name entries of it, and the trust bundles whose keys signed them.
    pub(crate) fn about(&self, log: LogId) -> impl Iterator<Item = &PurgeRow> {
        let names =
            move |certificate: &PurgeCertificate| certificate.runs.iter().any(|run| run.log == log.uuid());
        self.0
            .iter()
            .filter(move |(_, certificate)| certificate.as_ref().is_some_and(names))
            .map(|(row, _)| row)
    }
}

/// Adds an entry to the runs that a check tells of; entries come in order.
pub(crate) fn note(runs: &mut Vec<PurgedEntries>, index: u64, certificate: &PurgeCertificate) {
    match runs.last_mut() {
        Some(last) if last.until == index && last.purge == certificate.number => last.until = index + 1,
        Some(_) | None => runs.push(PurgedEntries {
            from: index,
            until: index + 1,
            purge: certificate.number,
            asked_by: PersonId::from_uuid(certificate.asked.0),
            agreed_by: PersonId::from_uuid(certificate.agreed.0),
            purged_at: certificate.purged_at,
        }),
    }
}

/// What a certificate says, where it was signed under a trust bundle of this practice's root and names what the row does.
fn verified(practice: &Practice, row: &PurgeRow) -> Option<PurgeCertificate> {
    let bundle = STANDARD.decode(row.trust.trim()).ok()?;
    let id = practice.row.id.uuid();
    let bundle = TrustBundle::verify(&bundle, &practice.keys.root, id, None).ok()?;
    let certificate = PurgeCertificate::verify(&row.certificate, &bundle.directive_key, id).ok()?;
    (certificate.number == row.number && certificate.before == row.before).then_some(certificate)
}

/// As it is stored and signed.
fn whole_millis(at: Timestamp) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.as_millisecond()).ok()
}
