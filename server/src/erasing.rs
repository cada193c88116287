//! Erasing a patient: asked for by one administrator, agreed to by a second, done in one commit, ordered to every
//! workstation, and certified once each of them has confirmed or is retired. A legal hold beats it.

use crate::approving::{Proof, Refused, in_one_commit, permit, prove};
use crate::directing;
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::retaining;
use crate::store::{self, ErasureDeviceRow, ErasureReason, ErasureRow, HoldRow, StoreError, Transaction};
use crate::trail::ServerTrail;
use jiff::Timestamp;
use keys::envelope;
use keys::erasure::{ErasedAt, ErasureCertificate, Fate};
use records::AuditEvent;
use records::event::Alert;
use records::id::{ChangeId, DeviceId, PatientId, PersonId};
use records::rights::Trail as _;
use sync::wire::DirectiveOrder;

/// The longest reason of a hold, in bytes.
const LONGEST_REASON: usize = 200;

/// An erasure with what became of it on each workstation.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// The erasure.
    pub row: ErasureRow,
    /// Every workstation there was.
    pub workstations: Vec<ErasureDeviceRow>,
}

impl Erasure {
    /// The workstations that have neither confirmed nor been retired.
    pub fn outstanding(&self) -> impl Iterator<Item = &ErasureDeviceRow> {
        self.workstations.iter().filter(|station| fate(station).is_none())
    }
}

/// Whether a patient may be erased for this reason.
pub(crate) fn stands(
    practice: &Practice,
    tx: &dyn Transaction,
    (patient, reason): (&PatientId, ErasureReason),
    now: Timestamp,
) -> Result<Result<(), Refused>, StoreError> {
    if is_held(tx, patient)? {
        return Ok(Err(Refused::Held));
    }
    if !tx.has_patient(patient)? {
        return Ok(Err(Refused::NoPatient));
    }
    let is_too_early =
        reason == ErasureReason::RetentionOver && !retaining::is_over(practice, tx, patient, now)?;
    Ok(if is_too_early { Err(Refused::NotDue) } else { Ok(()) })
}

/// Who asked for an erasure and when, and who agreed.
pub(crate) type People = ((PersonId, Timestamp), (PersonId, Timestamp));

/// Erases within the unit of work in which the second administrator agrees.
pub(crate) fn erase(
    practice: &Practice,
    tx: &dyn Transaction,
    (patient, reason): (&PatientId, ErasureReason),
    people: People,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut also: Vec<ChangeId> = Vec::new();
    for (change, bytes) in tx.unapplied_envelopes()? {
        if names(practice, &bytes, std::slice::from_ref(patient)) {
            also.push(change);
        }
    }
    let gone = tx.erase_records(patient, &also)?;
    let (asked, agreed) = people;
    let number = tx.insert_erasure(&ErasureRow {
        number: 0,
        patient: patient.clone(),
        reason,
        asked,
        agreed,
        records: gone.records,
        versions: gone.versions,
        is_settled: false,
        certificate: None,
    })?;
    let order = DirectiveOrder::ErasePatient { patient: patient.clone() };
    for device in tx.devices()?.into_iter().filter(|device| device.revoked_at.is_none()) {
        let directive = directing::give(practice, tx, device.id, &order, now)?;
        tx.insert_erasure_device(patient, device.id, directive)?;
    }
    Ok(number)
}

/// Erases again who was erased before, for a store that was put back: the practice's own certificate says who asked and who
/// agreed. False where the store knows of it.
///
/// # Errors
/// When the practice has not signed this, a legal hold stands, or the store fails.
pub fn apply(practice: &Practice, certificate: &[u8]) -> Result<bool, Failure> {
    let key = practice.keys.directive.verifying_key();
    let read = ErasureCertificate::verify(certificate, &key, practice.row.id.uuid()).ok();
    let read = read.and_then(|read| Some((read.patient.parse().ok()?, read.reason.parse().ok()?, read)));
    let (patient, reason, read): (PatientId, ErasureReason, _) = read.ok_or_else(not_verified)?;
    let person = |(id, at)| (PersonId::from_uuid(id), at);
    let people = (person(read.asked), person(read.agreed));
    let applied = in_one_commit(practice, |tx, now| {
        if tx.erasure(&patient)?.is_some() {
            return Ok(Ok(false));
        }
        if is_held(tx, &patient)? {
            return Ok(Err(Refused::Held));
        }
        let mut trail = ServerTrail::new(practice, tx, now);
        let event = AuditEvent::security_alert(trail.stamp(), trail.node(), Alert::RolledBack);
        trail.append(&event)?;
        erase(practice, tx, (&patient, reason), people, now)?;
        Ok(Ok(true))
    })?;
    settle(practice)?;
    Ok(applied)
}

/// What is said of a certificate that does not verify.
pub(crate) fn not_verified() -> Failure {
    Failure::new(
        Kind::NotVerified,
        "This is no certificate of an erasure that this practice has signed.",
        "Compare the file with what was printed, and take root.crt from where the practice keeps its root.",
    )
}

fn is_held(tx: &dyn Transaction, patient: &PatientId) -> Result<bool, StoreError> {
    Ok(tx.holds()?.iter().any(|hold| hold.patient == *patient))
}

/// Whether an envelope says anything of a patient that was erased: then its content is not kept, whatever becomes of it.
pub(crate) fn is_of_erased(
    practice: &Practice,
    tx: &dyn Transaction,
    bytes: &[u8],
) -> Result<bool, StoreError> {
    let erased: Vec<PatientId> = tx.erasures()?.into_iter().map(|row| row.patient).collect();
    Ok(!erased.is_empty() && names(practice, bytes, &erased))
}

fn names(practice: &Practice, bytes: &[u8], patients: &[PatientId]) -> bool {
    let Ok(opened) = envelope::open(bytes, &practice.keys.sealing) else { return false };
    patients.iter().any(|patient| opened.names_patient(patient.as_str()))
}

/// Sets or ends a legal hold: while there is one, nobody can erase the patient, and an erasure that waits for a second
/// person is off.
///
/// # Errors
/// When the person is not proven or not an administrator, there is nothing to set or to end, or the store fails.
pub fn set_hold(
    practice: &Practice,
    patient: &PatientId,
    reason: Option<&str>,
    by: &Proof,
) -> Result<(), Failure> {
    let reason = match reason.map(str::trim) {
        Some(text) if text.is_empty() || text.len() > LONGEST_REASON => {
            let advice = "Say in a few words what it is for: a case number. Nothing of a record.";
            return Err(Failure::new(Kind::Usage, "A hold needs a reason of at most 200 letters.", advice));
        }
        reason => reason,
    };
    in_one_commit(practice, |tx, now| {
        let actor = match prove(practice, tx, by, now)? {
            Ok(actor) => actor,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Err(refused) = permit(practice, tx, &actor, Some(patient.key()), now)? {
            return Ok(Err(refused));
        }
        let Some(reason) = reason else {
            return Ok(if tx.end_hold(patient, actor.person, now)? { Ok(()) } else { Err(Refused::NoHold) });
        };
        if !tx.has_patient(patient)? {
            return Ok(Err(Refused::NoPatient));
        }
        let hold = HoldRow { patient: patient.clone(), reason: reason.to_owned(), set: (actor.person, now) };
        if !tx.set_hold(&hold)? {
            return Ok(Err(Refused::HeldAlready));
        }
        tx.end_waiting_erasure(patient, now)?;
        Ok(Ok(()))
    })
}

/// Who must not be erased now.
///
/// # Errors
/// When the store fails.
pub fn holds(practice: &Practice) -> Result<Vec<HoldRow>, Failure> {
    Ok(store::read(practice.store.as_ref(), |tx| tx.holds())?)
}

/// Every erasure, oldest first, with what became of it on each workstation.
///
/// # Errors
/// When the store fails.
pub fn erasures(practice: &Practice) -> Result<Vec<Erasure>, Failure> {
    Ok(store::read(practice.store.as_ref(), |tx| -> Result<Vec<Erasure>, StoreError> {
        let with_stations = |row: ErasureRow| {
            let workstations = tx.erasure_devices(&row.patient)?;
            Ok(Erasure { row, workstations })
        };
        tx.erasures()?.into_iter().map(with_stations).collect()
    })?)
}

/// The certificate of an erasure; `None` while a workstation is outstanding, which [`erasures`] names.
///
/// # Errors
/// When the patient was not erased, or the store fails.
pub fn certificate(practice: &Practice, patient: &PatientId) -> Result<Option<Vec<u8>>, Failure> {
    settle(practice)?;
    let found = store::write(practice.store.as_ref(), |tx| -> Result<Option<ErasureRow>, StoreError> {
        certify(practice, tx, practice.clock.now())?;
        tx.erasure(patient)
    })?;
    let advice = "See `patient erasures`; the id is the opaque one of the record.";
    let row = found.ok_or_else(|| Failure::new(Kind::Usage, "This patient was not erased here.", advice))?;
    Ok(row.certificate)
}

/// Empties the store's log of older pages, where an erasure came since it was emptied last. While somebody reads it
/// cannot be; then the next who asks for a certificate, or the next workstation that reports, tries again.
///
/// # Errors
/// When the store fails.
pub fn settle(practice: &Practice) -> Result<(), StoreError> {
    let store = practice.store.as_ref();
    if store::read(store, |tx| tx.erasures())?.iter().all(|row| row.is_settled) {
        return Ok(());
    }
    if store.empty_log()? { note_settled(practice) } else { Ok(()) }
}

/// Notes that nothing older of what was erased until now is left in the store, and issues the certificates that only
/// waited for that.
///
/// # Errors
/// When the store fails.
pub fn note_settled(practice: &Practice) -> Result<(), StoreError> {
    store::write(practice.store.as_ref(), |tx| {
        tx.settle_erasures()?;
        certify(practice, tx, practice.clock.now())
    })
}

/// Issues the certificates that nothing is missing for.
pub(crate) fn certify(practice: &Practice, tx: &dyn Transaction, now: Timestamp) -> Result<(), StoreError> {
    let open = tx.erasures()?.into_iter().filter(|row| row.certificate.is_none() && row.is_settled);
    for row in open {
        let known: Option<Vec<ErasedAt>> = tx.erasure_devices(&row.patient)?.iter().map(fate).collect();
        let Some(workstations) = known else { continue };
        // A key that somebody has put back would open rows that lie elsewhere.
        if tx.newest_data_key(row.patient.as_str())?.is_some() {
            tracing::warn!(erasure = row.number, "a data key of an erased patient is in the store");
            continue;
        }
        let certificate = ErasureCertificate {
            number: row.number,
            practice: practice.row.id.uuid(),
            patient: row.patient.as_str().to_owned(),
            reason: row.reason.as_str().to_owned(),
            asked: (row.asked.0.uuid(), row.asked.1),
            agreed: (row.agreed.0.uuid(), row.agreed.1),
            issued_at: now,
            records: row.records,
            versions: row.versions,
            workstations,
        };
        let signed = certificate.sign(&practice.keys.directive);
        let signed = signed.map_err(|error| StoreError::Failed(Box::new(error)))?;
        tx.certify_erasure(&row.patient, &signed)?;
    }
    Ok(())
}

/// A workstation has reported that nothing of the patient is left on it.
pub(crate) fn confirmed(
    practice: &Practice,
    tx: &dyn Transaction,
    (patient, device): (&PatientId, DeviceId),
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.confirm_erasure(patient, device, now)?;
    certify(practice, tx, now)
}

fn fate(station: &ErasureDeviceRow) -> Option<ErasedAt> {
    let device = station.device.uuid();
    let confirmed = station.confirmed_at.map(|at| ErasedAt { device, fate: Fate::Confirmed, at });
    confirmed.or_else(|| station.revoked_at.map(|at| ErasedAt { device, fate: Fate::Retired, at }))
}
