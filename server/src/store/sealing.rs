//! What records say is sealed before it comes into a store, and opened when it comes out: under a data key per patient, which
//! is unwrapped once and remembered while it is used.

use super::remembering::{Known, Made, Remembered};
use super::{DataKeyRow, DataKeys, Devices, KekRow, StoreError};
use crate::custody::{Custody, CustodyError};
use jiff::Timestamp;
use keys::data_key::DataKeyAad;
use keys::row::{self, RowAad};
use keys::{PatientKey, Random};
use records::change::Outcome;
use records::id::{ChangeId, PatientId, RecordKey};
use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use uuid::Uuid;

/// What a store selects of a version to open it, in this order; after it `FROM` [`SEALED_FROM`].
pub(super) const SEALED: &str =
    "v.kind, v.id, v.version, v.drawer, v.patient, v.data_key, d.kek, d.wrapped, v.body";
/// Versions, each with the data key that seals it.
pub(super) const SEALED_FROM: &str = "version v LEFT JOIN data_key d
    ON d.subject = coalesce(v.patient, '') AND d.generation = v.data_key";

/// Whose data key seals records that belong to no patient.
pub(crate) const NO_PATIENT: &str = "";

/// Seals and opens for one store, in all of its units of work.
pub struct Sealing {
    custody: Custody,
    practice: OnceLock<Uuid>,
    remembered: Mutex<Remembered>,
}

impl Sealing {
    /// With the keys of this custody.
    #[must_use]
    pub fn with(custody: Custody) -> Arc<Self> {
        Arc::new(Self { custody, practice: OnceLock::new(), remembered: Mutex::default() })
    }

    /// Who keeps the key-encryption keys.
    #[must_use]
    pub fn custody(&self) -> &Custody {
        &self.custody
    }

    /// For one unit of work.
    pub(super) fn unit(&self) -> Sealer<'_> {
        Sealer {
            sealing: self,
            kek: OnceCell::new(),
            made: RefCell::default(),
            gone: RefCell::default(),
            random: RefCell::new(Random::from_os()),
        }
    }

    /// Unwraps a data key as it is stored.
    ///
    /// # Errors
    /// As the provider says.
    pub fn unwrap(&self, practice: Uuid, row: &DataKeyRow) -> Result<PatientKey, CustodyError> {
        let aad = DataKeyAad { practice, subject: &row.subject, generation: row.generation, kek: row.kek };
        self.custody.keeper(row.kek)?.unwrap(&aad, &row.wrapped)
    }

    /// Wraps a data key with a key-encryption key, as it is stored.
    ///
    /// # Errors
    /// As the provider says.
    pub fn wrap(
        &self,
        practice: Uuid,
        (subject, generation): (&str, u32),
        kek: Uuid,
        key: &PatientKey,
        now: Timestamp,
    ) -> Result<DataKeyRow, CustodyError> {
        let wrapped =
            self.custody.keeper(kek)?.wrap(&DataKeyAad { practice, subject, generation, kek }, key)?;
        Ok(DataKeyRow { subject: subject.to_owned(), generation, kek, wrapped, made_at: now })
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealing({:?})", self.custody)
    }
}

/// Where something sealed lies; it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    /// A version of a record, in a drawer.
    Version { drawer: &'a str, kind: &'a str, id: &'a str, version: u64 },
    /// The envelope of a change.
    Envelope(ChangeId),
    /// What became of a change, where that repeats values.
    Outcome(ChangeId),
    /// What a change in conflict would have made of a record.
    Conflict(ChangeId, &'a RecordKey),
}

impl Place<'_> {
    fn within<T>(self, practice: Uuid, work: impl FnOnce(&RowAad<'_>) -> T) -> T {
        let (drawer, table, name, version) = match self {
            Self::Version { drawer, kind, id, version } => {
                (drawer, "version", format!("{kind}/{id}"), version)
            }
            Self::Envelope(change) => ("", "change.envelope", change.to_string(), 0),
            Self::Outcome(change) => ("", "change.outcome", change.to_string(), 0),
            Self::Conflict(change, key) => ("", "conflict", format!("{change}/{key}"), 0),
        };
        work(&RowAad { vault: practice, drawer, table, row: &name, version })
    }
}

/// A data key as it stands beside what it seals.
#[derive(Clone, Copy, Debug)]
pub(super) struct SealedBy<'a> {
    pub(super) subject: &'a str,
    pub(super) generation: u32,
    /// Absent where the key is gone.
    pub(super) kek: Option<Uuid>,
    pub(super) wrapped: Option<&'a [u8]>,
}

/// Seals and opens within one unit of work. A key that was made in it is remembered once it has been committed.
pub(super) struct Sealer<'a> {
    sealing: &'a Sealing,
    kek: OnceCell<KekRow>,
    made: RefCell<Made>,
    gone: RefCell<Vec<String>>,
    random: RefCell<Random>,
}

impl Sealer<'_> {
    /// Seals for a place; with the generation of the subject's data key that did.
    pub(super) fn seal(
        &self,
        rows: &(impl DataKeys + ?Sized),
        (practice, subject): (Uuid, &str),
        place: Place<'_>,
        plaintext: &[u8],
        now: Timestamp,
    ) -> Result<(u32, Vec<u8>), StoreError> {
        let known = self.sealing_key(rows, practice, subject, now)?;
        let mut random = self.random.borrow_mut();
        let sealed = place.within(practice, |aad| row::seal_row(&known.key, aad, plaintext, &mut random));
        Ok((known.generation, sealed))
    }

    /// Opens what stands in a place.
    pub(super) fn open(
        &self,
        practice: Uuid,
        by: SealedBy<'_>,
        place: Place<'_>,
        sealed: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        let key = self.opening_key(practice, by)?;
        let opened = place.within(practice, |aad| row::open_row(&key, aad, sealed));
        opened.map_err(|_| StoreError::Unreadable("a sealed row that does not open"))
    }

    /// The practice of the store, asked for once.
    pub(super) fn practice(&self, rows: &(impl Devices + ?Sized)) -> Result<Uuid, StoreError> {
        if let Some(practice) = self.sealing.practice.get() {
            return Ok(*practice);
        }
        let practice = rows.practice()?.id.uuid();
        Ok(*self.sealing.practice.get_or_init(|| practice))
    }

    /// What became of a change, as it is stored: sealed where it repeats what is in conflict.
    pub(super) fn seal_outcome(
        &self,
        rows: &(impl DataKeys + ?Sized),
        whose: (Uuid, &str),
        (change, outcome): (ChangeId, &Outcome),
        now: Timestamp,
    ) -> Result<Vec<u8>, StoreError> {
        let json = serde_json::to_vec(outcome).map_err(|error| StoreError::Failed(Box::new(error)))?;
        match outcome {
            Outcome::Conflict { .. } => Ok(self.seal(rows, whose, Place::Outcome(change), &json, now)?.1),
            Outcome::Applied { .. } | Outcome::Refused { .. } => Ok(json),
        }
    }

    /// What became of a change, from what [`Self::seal_outcome`] made.
    pub(super) fn open_outcome(
        &self,
        practice: Uuid,
        by: SealedBy<'_>,
        (change, stored): (ChangeId, &[u8]),
    ) -> Result<Outcome, StoreError> {
        let opened;
        let json = if stored.starts_with(b"{") {
            stored
        } else {
            opened = self.open(practice, by, Place::Outcome(change), stored)?;
            &opened
        };
        serde_json::from_slice(json).map_err(|_| StoreError::Unreadable("a change's outcome"))
    }

    /// Puts a subject's keys out of mind when this unit of work is committed.
    pub(super) fn forget(&self, subject: &str) {
        self.made.borrow_mut().forget(subject);
        self.gone.borrow_mut().push(subject.to_owned());
    }

    /// The unit of work counts. To be called before another one begins to write.
    pub(super) fn committed(self) {
        let mut remembered = self.sealing.remembered();
        for subject in self.gone.take() {
            remembered.forget(&subject);
        }
        for (subject, known) in self.made.take().held() {
            remembered.keep(&subject, known, true);
        }
    }

    /// The key that wraps now; whatever is remembered from before it was looked at is as it is stored.
    fn kek(&self, rows: &(impl DataKeys + ?Sized)) -> Result<&KekRow, StoreError> {
        if let Some(kek) = self.kek.get() {
            return Ok(kek);
        }
        let kek = rows.kek()?.ok_or(StoreError::Unreadable("a store without a key-encryption key"))?;
        if self.sealing.remembered().is_now(kek.epoch) {
            self.sealing.custody.forget();
        }
        Ok(self.kek.get_or_init(|| kek))
    }

    fn sealing_key(
        &self,
        rows: &(impl DataKeys + ?Sized),
        practice: Uuid,
        subject: &str,
        now: Timestamp,
    ) -> Result<Known, StoreError> {
        let made = self.made.borrow().get(subject);
        let is_made_here = made.is_some();
        if let Some(known) = made.flatten() {
            return Ok(known);
        }
        let kek = self.kek(rows)?;
        if let Some(known) = self.sealing.remembered().newest(subject).filter(|_| !is_made_here) {
            return Ok(known);
        }
        if let Some(row) = rows.newest_data_key(subject)? {
            let key = Arc::new(self.sealing.unwrap(practice, &row)?);
            let known = Known { generation: row.generation, key };
            self.keep(subject, known.clone(), true, is_made_here);
            return Ok(known);
        }
        let known = Known { generation: 1, key: Arc::new(PatientKey::make(&mut self.random.borrow_mut())) };
        rows.insert_data_key(&self.sealing.wrap(practice, (subject, 1), kek.id, &known.key, now)?)?;
        self.made.borrow_mut().keep(subject, known.clone());
        Ok(known)
    }

    fn opening_key(&self, practice: Uuid, by: SealedBy<'_>) -> Result<Arc<PatientKey>, StoreError> {
        let (kek, wrapped) =
            by.kek.zip(by.wrapped).ok_or(StoreError::Unreadable("a row whose data key is gone"))?;
        let made = self.made.borrow().get(by.subject);
        let is_made_here = made.is_some();
        if let Some(made) = made.flatten().filter(|made| made.generation == by.generation) {
            return Ok(made.key);
        }
        let remembered = self.sealing.remembered().key(by.subject, by.generation);
        if let Some(key) = remembered.filter(|_| !is_made_here) {
            return Ok(key);
        }
        let aad = DataKeyAad { practice, subject: by.subject, generation: by.generation, kek };
        let key = Arc::new(self.sealing.custody.keeper(kek)?.unwrap(&aad, wrapped)?);
        let known = Known { generation: by.generation, key: key.clone() };
        self.keep(by.subject, known, false, is_made_here);
        Ok(key)
    }

    /// Remembers a key that was unwrapped: for every unit of work, or for this one alone where it was made in it, since nothing of
    /// that counts before the commit.
    fn keep(&self, subject: &str, known: Known, is_newest: bool, is_made_here: bool) {
        match is_made_here {
            true => self.made.borrow_mut().keep(subject, known),
            false => self.sealing.remembered().keep(subject, known, is_newest),
        }
    }
}

/// Whose data key seals the records of a patient.
pub(super) fn subject_of(patient: Option<&PatientId>) -> &str {
    patient.map_or(NO_PATIENT, PatientId::as_str)
}

/// What the data key of a change is called that is not of one patient.
pub(super) fn own_subject(change: ChangeId) -> String {
    format!("change/{change}")
}

impl From<CustodyError> for StoreError {
    fn from(error: CustodyError) -> Self {
        Self::NoKey(error)
    }
}
