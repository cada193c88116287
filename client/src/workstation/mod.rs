//! The one door for a window: every method blocks, and every method may be called from any thread.

mod activating;
mod attaching;
mod changing;
mod deciding;
mod fetching;
mod forms;
mod joining;
#[cfg(test)]
mod limits_tests;
mod locking;
pub(crate) mod open;
mod overseeing;
mod recovering;
#[cfg(test)]
mod reentry_orders;
#[cfg(test)]
mod reentry_tests;
mod security_keys;
mod standing;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use vault::Folder;

use crate::keyring::Keyring;
use crate::parking::{ParkedMemory, ProcessMemory};
use crate::security_key::{KeyDesk, KeyStep};
use crate::station::{Station, Surroundings, wiping};
use crate::syncing::Told;
use crate::view::{
    AuditView, ChartView, DraftForm, DraftKind, Lifecycle, NoteForm, OpenReason, OpenedView, PatientRow,
    Place, SaveView, SearchView, StatusView, SyncView, TodayView, VitalsForm,
};
use crate::{ClientError, Clock, Code, Settings, activation, enrolment, sign_in};

pub use crate::session::AttachForm;
pub use forms::{
    ActivateForm, EnrolForm, KeyReenterForm, KeySignInForm, LeaseForm, LockCause, PassphraseForm, PhoneTime,
    RecoveryForm, ReenterForm, RegisterKeyForm, SheetForm, SignInForm,
};
use open::Running;

/// What the workstation tells by itself.
#[derive(Clone)]
pub enum Event {
    /// Locked, opened, enrolled, on or off the network.
    StateChanged(StatusView),
    /// Something was sent, received or refused. The rows are left out: ask for them with [`Workstation::sync_status`].
    SyncChanged(SyncView),
    /// The server had the workstation locked, while somebody was signed in: whoever shows something lets go of it.
    LockedByOrder,
    /// A patient was erased: whoever shows anything of them lets go of it.
    PatientErased {
        /// Whose.
        patient_id: String,
    },
    /// What the person is to do with the security key.
    KeyStep {
        /// What.
        step: KeyStep,
        /// Which touch it is, from 1 on.
        touch: u8,
    },
    /// So many codes of a sheet are made.
    SheetProgress {
        /// From 0 on.
        done: u8,
    },
}

/// A workstation of a clinic, with or without somebody signed in.
pub struct Workstation {
    surroundings: Surroundings,
    standing: Mutex<Standing>,
    pending_activation: Mutex<Option<activation::Pending>>,
    /// Taken out when the workstation stops.
    runtime: Option<tokio::runtime::Runtime>,
}

enum Standing {
    Unenrolled,
    Blocked(ClientError),
    Running(Running),
}

impl Workstation {
    /// Starts on a data folder. A folder that does not open, a keyring that does not answer: the workstation starts
    /// all the same, and its status is `blocked` and says why.
    ///
    /// # Panics
    /// If the operating system gives no threads at all.
    pub fn start(
        settings: Settings,
        keyring: Arc<dyn Keyring>,
        clock: Arc<dyn Clock>,
        on_event: impl Fn(Event) + Send + Sync + 'static,
    ) -> Self {
        Self::start_after_lock(settings, keyring, clock, Arc::new(ProcessMemory::default()), on_event)
    }

    /// Starts as [`Workstation::start`] does, with the memory that outlived the lock of the process before.
    ///
    /// # Panics
    /// If the operating system gives no threads at all.
    pub fn start_after_lock(
        settings: Settings,
        keyring: Arc<dyn Keyring>,
        clock: Arc<dyn Clock>,
        parked: Arc<dyn ParkedMemory>,
        on_event: impl Fn(Event) + Send + Sync + 'static,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("network")
            .enable_all()
            .build();
        let runtime = runtime.expect("threads for the network");
        let surroundings = Surroundings {
            settings,
            keyring,
            clock,
            parked,
            security_key: KeyDesk::default(),
            listener: Arc::new(on_event),
            runtime: runtime.handle().clone(),
        };
        let standing = Mutex::new(Standing::of(open::open(&surroundings)));
        Self { surroundings, standing, pending_activation: Mutex::new(None), runtime: Some(runtime) }
    }

    /// Tries again what blocked the start.
    pub fn retry(&self) -> StatusView {
        {
            let mut standing = self.standing();
            if matches!(*standing, Standing::Blocked(_)) {
                *standing = Standing::of(open::open(&self.surroundings));
            }
        }
        let status = self.status();
        (self.surroundings.listener)(Event::StateChanged(status.clone()));
        status
    }

    /// Where the workstation stands.
    pub fn status(&self) -> StatusView {
        match &*self.standing() {
            Standing::Running(running) if running.station.is_wiped() => {
                self.without_station(Lifecycle::Blocked, Some(wiping::wiped()))
            }
            Standing::Running(running) => running.station.status(),
            Standing::Unenrolled => self.without_station(Lifecycle::Unenrolled, None),
            Standing::Blocked(problem) => self.without_station(Lifecycle::Blocked, Some(problem.clone())),
        }
    }

    /// Makes this computer a workstation of a clinic: key pair here, certificate from there. Where a data folder is here
    /// whose key is missing, a rescue token brings the key back, and with it all that is in the folder.
    ///
    /// # Errors
    /// `already-enrolled`, `token-refused`, `address-invalid`, the states of the keyring, the server's and the disk's.
    /// Nothing is left behind then. With a folder whose key is missing also `escrow-refused`.
    pub fn enrol(&self, form: EnrolForm) -> Result<StatusView, ClientError> {
        {
            let mut standing = self.standing();
            match &*standing {
                Standing::Running(_) => return Err(Code::AlreadyEnrolled.into()),
                Standing::Blocked(problem)
                    if matches!(problem.code, Code::KeyMissing | Code::KeyringForeign) =>
                {
                    enrolment::reopening::reopen(&self.surroundings, &form)?;
                }
                Standing::Blocked(problem) if problem.code == Code::Wiped => {
                    enrolment::enrol(&self.surroundings, &form)?;
                    std::fs::remove_file(Folder::new(&self.surroundings.settings.data_dir).wiped_marker())?;
                }
                Standing::Blocked(problem) => return Err(problem.clone()),
                Standing::Unenrolled => enrolment::enrol(&self.surroundings, &form)?,
            }
            *standing = Standing::of(open::open(&self.surroundings));
        }
        let status = self.status();
        (self.surroundings.listener)(Event::StateChanged(status.clone()));
        Ok(status)
    }

    /// Signs a person in: offline where there is a slot for them, at the server the first time and after trouble.
    ///
    /// # Errors
    /// `sign-in-refused` alike for a wrong passphrase, code or name; `wait-before-retry`, `slot-disabled`,
    /// `first-sign-in-needs-server`, `in-use`, the states of the keyring, and what did not open.
    pub fn sign_in(&self, form: SignInForm) -> Result<OpenedView, ClientError> {
        sign_in::sign_in(&self.station()?, &form)
    }

    /// Signs a parked person in again, with the passphrase alone: within hours of a full sign-in, five tries.
    ///
    /// # Errors
    /// `reentry-refused` for a wrong passphrase, `reentry-over` when it takes a full sign-in, `wait-before-retry`,
    /// `slot-disabled`, `in-use`, `out-of-memory`, and what did not open.
    pub fn reenter(&self, form: ReenterForm) -> Result<OpenedView, ClientError> {
        sign_in::reenter(&self.station()?, &form)
    }

    /// Patients that match what was typed so far.
    ///
    /// # Errors
    /// `locked`, `not-your-role`, and what could not be read or recorded.
    pub fn search(&self, text: &str) -> Result<SearchView, ClientError> {
        let text = text.to_owned();
        self.desk()?.ask(move |session| session.search(&text))
    }

    /// The list stood still or was left: these patients were displayed.
    ///
    /// # Errors
    /// `locked`, and what could not be recorded.
    pub fn settle_search(&self, shown: &[String]) -> Result<(), ClientError> {
        let shown = shown.to_vec();
        self.desk()?.ask(move |session| session.settle_search(&shown))
    }

    /// A part of today's appointments: those after the one with this id, from the first on without one.
    ///
    /// # Errors
    /// `locked`, `not-your-role`, and what could not be read or recorded.
    pub fn today(&self, after: Option<&str>) -> Result<TodayView, ClientError> {
        let after = after.map(str::to_owned);
        self.desk()?.ask(move |session| session.day(after.as_deref()))
    }

    /// Patients this person opened lately on this workstation.
    ///
    /// # Errors
    /// `locked`, and what could not be read or recorded.
    pub fn recent(&self) -> Result<Vec<PatientRow>, ClientError> {
        self.desk()?.ask(|session| session.recent())
    }

    /// Opens a chart.
    ///
    /// # Errors
    /// `needs-reason` (ask, and call again with one), `needs-break-glass`, `not-found`, `not-your-role`, `locked`.
    pub fn open_chart(&self, patient_id: &str, reason: Option<OpenReason>) -> Result<ChartView, ClientError> {
        let patient_id = patient_id.to_owned();
        self.desk()?.ask(move |session| session.open_chart(&patient_id, reason))
    }

    /// Records a set of vital signs. Not saved and with warnings: show them, and call again `confirmed`.
    ///
    /// # Errors
    /// `form-invalid`, `needs-reason`, `not-your-role`, `disk-full`, `audit-failed`, `locked`: nothing was saved.
    pub fn save_vitals(&self, form: VitalsForm) -> Result<SaveView, ClientError> {
        self.save(move |session| session.save_vitals(&form))
    }

    /// Records or signs a note.
    ///
    /// # Errors
    /// As [`Workstation::save_vitals`], and `changed-meanwhile`.
    pub fn save_note(&self, form: NoteForm) -> Result<SaveView, ClientError> {
        self.save(move |session| session.save_note(&form))
    }

    /// Keeps what is being typed, sealed to the person.
    ///
    /// # Errors
    /// `locked`, `disk-full`, `disk-error`: the draft before is still there.
    pub fn save_draft(&self, form: DraftForm) -> Result<(), ClientError> {
        self.desk()?.ask(move |session| session.save_draft(&form))
    }

    /// Forgets a draft.
    ///
    /// # Errors
    /// `locked`, `disk-error`.
    pub fn discard_draft(&self, patient_id: &str, form: DraftKind) -> Result<(), ClientError> {
        let patient_id = patient_id.to_owned();
        self.desk()?.ask(move |session| session.discard_draft(&patient_id, form))
    }

    /// Keeps where the person is.
    ///
    /// # Errors
    /// `locked`, `disk-full`, `disk-error`.
    pub fn save_place(&self, place: Place) -> Result<(), ClientError> {
        self.desk()?.ask(move |session| session.save_place(place))
    }

    /// What has reached the server. While locked, numbers only.
    ///
    /// # Errors
    /// `not-enrolled`, or what blocks the workstation.
    pub fn sync_status(&self) -> Result<SyncView, ClientError> {
        Ok(self.station()?.sync_view())
    }

    /// Tries the server at once.
    ///
    /// # Errors
    /// `not-enrolled`, or what blocks the workstation.
    pub fn sync_now(&self) -> Result<(), ClientError> {
        self.station()?.driver().tell(Told::SyncNow);
        Ok(())
    }

    /// A page of the trail, newest first, below `from_index`; and the check of the whole log.
    ///
    /// # Errors
    /// `locked`, `not-your-role`, and what could not be read or recorded.
    pub fn audit_page(
        &self,
        patient_id: Option<&str>,
        from_index: Option<u64>,
    ) -> Result<AuditView, ClientError> {
        self.desk()?.audit_view(patient_id.map(str::to_owned), from_index)
    }

    /// Locks, writes the last event and ends all threads.
    pub fn stop(mut self) {
        self.end();
    }

    fn save(
        &self,
        act: impl FnOnce(&mut crate::session::OpenSession) -> Result<SaveView, ClientError> + Send + 'static,
    ) -> Result<SaveView, ClientError> {
        let station = self.desk()?;
        let saved = station.ask(act)?;
        station.saved(saved.change_id.as_deref());
        Ok(saved)
    }

    /// The station for whoever wants to see or write records.
    fn desk(&self) -> Result<Arc<Station>, ClientError> {
        let station = self.station()?;
        station.admits_records()?;
        Ok(station)
    }

    fn station(&self) -> Result<Arc<Station>, ClientError> {
        match &*self.standing() {
            Standing::Running(running) if running.station.is_wiped() => Err(wiping::wiped()),
            Standing::Running(running) => Ok(running.station.clone()),
            Standing::Unenrolled => Err(Code::NotEnrolled.into()),
            Standing::Blocked(problem) => Err(problem.clone()),
        }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        let standing = std::mem::replace(&mut *self.standing(), Standing::Unenrolled);
        if let Standing::Running(Running { station, driver }) = standing {
            station.stop();
            driver.abort();
            station.end_background();
        }
        // Whoever holds `device.db` has to be gone when this returns: the folder may be opened again at once.
        std::thread::spawn(move || runtime.shutdown_timeout(Duration::from_secs(2)))
            .join()
            .unwrap_or_default();
    }
}

impl Drop for Workstation {
    fn drop(&mut self) {
        self.end();
    }
}

impl Standing {
    fn of(opened: Result<Option<Running>, ClientError>) -> Self {
        match opened {
            Ok(Some(running)) => Self::Running(running),
            Ok(None) => Self::Unenrolled,
            Err(problem) => Self::Blocked(problem),
        }
    }
}
