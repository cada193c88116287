//! What the page's commands act on: the workstation, its idle clock, and the way to lock.

mod joining;
mod oversight;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use client::keyring::OsKeyring;
use client::parking::{ParkedMemory, ProcessMemory};
use client::security_key::KeyStep;
use client::view::{
    ActivationView, ChartView, ConflictForm, ConflictView, CredentialView, DraftForm, HealthView, NoteForm,
    OpenedView, PatientRow, Place, RecoveryView, SaveView, SearchView, SecurityKeyView, SheetView,
    StatusView, SyncView, TodayView, VitalsForm, WindowHealth,
};
use client::{
    ABSOLUTE_LIMIT, ActivateForm, ClientError, Clock, EnrolForm, Event, IdleState, IdleTimer, KeyReenterForm,
    KeySignInForm, LeaseForm, LockCause, PassphraseForm, RecoveryForm, ReenterForm, RegisterKeyForm,
    Settings, SheetForm, SignInForm, SystemClock, Workstation,
};
use serde::Serialize;
use tauri::{AppHandle, Emitter};

use crate::parked::HandedOn;
use crate::signals::Ears;
use crate::view::{
    ChartRef, ConfirmForm, ConflictRef, DraftRef, OpenChartForm, SearchForm, SettleForm, TodayForm,
};
use crate::{clipboard, hardening, relock};

/// A web view that ends earlier than this, with nobody signed in, is not started again.
const TOO_SOON: Duration = Duration::from_secs(10);

/// Handle on everything; cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk {
    app: AppHandle,
    workstation: Arc<Workstation>,
    clock: Arc<dyn Clock>,
    started: Duration,
    idle: Arc<Mutex<Option<IdleTimer>>>,
    handed_on: Option<Arc<HandedOn>>,
    ears: Ears,
}

/// Seconds until the lock, for the page's countdown; 0 when the danger is over.
#[derive(Clone, Copy, Serialize)]
struct LockWarning {
    seconds: u128,
}

/// Codes of a sheet that are made, for the page's bar.
#[derive(Clone, Copy, Serialize)]
struct SheetProgress {
    done: u8,
}

/// Somebody was erased, for the page to let go of.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct PatientErased {
    patient_id: String,
}

/// What the person is to do with the security key, and which touch it is.
#[derive(Clone, Copy, Serialize)]
struct KeyStepNow {
    step: &'static str,
    touch: u8,
}

type Answer<T> = Result<T, ClientError>;

impl Desk {
    /// Starts the workstation; whatever is wrong with it is part of its status and has its own screen.
    #[must_use]
    pub(crate) fn start(
        app: &AppHandle,
        settings: Settings,
        handed_on: Option<Arc<HandedOn>>,
        ears: Ears,
    ) -> Desk {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let keyring = Arc::new(OsKeyring::new(&settings.keyring_service));
        let page = app.clone();
        let parked: Arc<dyn ParkedMemory> = match &handed_on {
            Some(memory) => Arc::clone(memory) as _,
            None => Arc::new(ProcessMemory::default()),
        };
        let kept = handed_on.clone();
        let on_event = move |event| tell(&page, kept.as_ref(), &event);
        let workstation =
            Workstation::start_after_lock(settings, keyring, Arc::clone(&clock), parked, on_event);
        let workstation = Arc::new(workstation);
        let started = clock.since_boot();
        Desk { app: app.clone(), workstation, clock, started, idle: Arc::default(), handed_on, ears }
    }

    /// What the idle clock says now; `None` while nobody is signed in.
    #[must_use]
    pub(crate) fn idle_state(&self) -> Option<IdleState> {
        self.timer(|timer| timer.as_ref().map(|timer| timer.poll(self.clock.since_boot())))
    }

    /// The operating system has seen nobody, in any program, for `quiet`.
    pub(crate) fn seen_elsewhere(&self, quiet: Duration) {
        let now = self.clock.since_boot();
        self.timer(|timer| {
            timer.iter_mut().for_each(|timer| timer.elsewhere(now.saturating_sub(quiet), now))
        });
    }

    /// The process that shows the page ended by itself. What it showed is gone, what this one holds is not.
    pub(crate) fn page_crashed(&self) {
        let signed_in = self.timer(|timer| timer.is_some());
        if !signed_in && self.clock.since_boot().saturating_sub(self.started) < TOO_SOON {
            // A web view that cannot run would be started for ever.
            tracing::error!("the web view ended as soon as it had started");
            std::process::exit(1);
        }
        self.lock_away(LockCause::Crash);
    }

    /// Whether the date of the computer was set since somebody signed in.
    #[must_use]
    pub(crate) fn clock_was_set(&self) -> bool {
        self.workstation.clock_was_set()
    }

    /// Shows or takes back the countdown.
    pub(crate) fn warn(&self, left: Duration) {
        // A page that is going away needs no warning.
        let _gone = self.app.emit("lock-warning", LockWarning { seconds: left.as_millis().div_ceil(1000) });
    }

    /// Locks: off the screen first, then the files, then the process. A sign-in in flight loses against it.
    pub(crate) fn lock_away(&self, cause: LockCause) -> ! {
        self.timer(Option::take);
        relock::hide(&self.app);
        self.workstation.lock(cause);
        relock::replace_process(&self.app, self.handed_on.clone())
    }

    /// The window was closed.
    pub(crate) fn end(&self) {
        clipboard::forget();
        self.workstation.lock(LockCause::Exit);
    }

    fn start_idle_clock(&self) {
        // The policy that came with the sign-in may be shorter than what the program started with.
        let limit = Duration::from_secs(self.workstation.status().idle_limit_s.into());
        let now = self.clock.since_boot();
        let left = self.workstation.session_left().unwrap_or(ABSOLUTE_LIMIT);
        self.timer(|timer| *timer = Some(IdleTimer::start(limit, now).ending_in(left, now)));
    }

    fn timer<T>(&self, with: impl FnOnce(&mut Option<IdleTimer>) -> T) -> T {
        // A panic elsewhere must not keep the workstation from locking.
        with(&mut self.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The commands of the table, one method each.
impl Desk {
    pub(crate) fn status(&self) -> Answer<StatusView> {
        Ok(self.workstation.status())
    }

    pub(crate) fn enrol(&self, form: EnrolForm) -> Answer<StatusView> {
        self.workstation.enrol(form)
    }

    pub(crate) fn retry(&self) -> Answer<StatusView> {
        Ok(self.workstation.retry())
    }

    pub(crate) fn activate(&self, form: ActivateForm) -> Answer<ActivationView> {
        self.workstation.activate(form)
    }

    pub(crate) fn confirm_activation(&self, form: ConfirmForm) -> Answer<()> {
        self.workstation.confirm_activation(&form.code)
    }

    pub(crate) fn sign_in(&self, form: SignInForm) -> Answer<OpenedView> {
        let opened = self.workstation.sign_in(form)?;
        self.start_idle_clock();
        Ok(opened)
    }

    pub(crate) fn reenter(&self, form: ReenterForm) -> Answer<OpenedView> {
        let opened = self.workstation.reenter(form)?;
        self.start_idle_clock();
        Ok(opened)
    }

    pub(crate) fn reenter_with_key(&self, form: KeyReenterForm) -> Answer<OpenedView> {
        let opened = self.workstation.reenter_with_key(&form)?;
        self.start_idle_clock();
        Ok(opened)
    }

    pub(crate) fn sign_out(&self) -> Answer<()> {
        self.lock_away(LockCause::SignOut)
    }

    pub(crate) fn recover(&self, form: RecoveryForm) -> Answer<OpenedView> {
        let opened = self.workstation.recover(form)?;
        self.start_idle_clock();
        Ok(opened)
    }

    pub(crate) fn extend_lease(&self, form: LeaseForm) -> Answer<StatusView> {
        self.workstation.extend_lease(&form)
    }

    pub(crate) fn sign_in_with_key(&self, form: KeySignInForm) -> Answer<OpenedView> {
        let opened = self.workstation.sign_in_with_key(&form)?;
        self.start_idle_clock();
        Ok(opened)
    }

    pub(crate) fn security_key_status(&self) -> Answer<SecurityKeyView> {
        self.workstation.security_key_status()
    }

    pub(crate) fn register_security_key(&self, form: RegisterKeyForm) -> Answer<SecurityKeyView> {
        self.workstation.register_security_key(&form)
    }

    pub(crate) fn remove_security_key(&self, form: SheetForm) -> Answer<SecurityKeyView> {
        self.workstation.remove_security_key(&form)
    }

    pub(crate) fn cancel_security_key(&self) -> Answer<()> {
        self.workstation.cancel_security_key()
    }

    pub(crate) fn spoken_words(&self) -> Answer<Vec<String>> {
        Ok(client::spoken_words())
    }

    pub(crate) fn recovery_status(&self) -> Answer<RecoveryView> {
        self.workstation.recovery_status()
    }

    pub(crate) fn make_recovery_sheet(&self, form: SheetForm) -> Answer<Option<SheetView>> {
        self.workstation.make_recovery_sheet(form)
    }

    pub(crate) fn keep_recovery_sheet(&self) -> Answer<()> {
        self.workstation.keep_recovery_sheet()
    }

    pub(crate) fn discard_recovery_sheet(&self) -> Answer<()> {
        self.workstation.discard_recovery_sheet()
    }

    pub(crate) fn change_passphrase(&self, form: PassphraseForm) -> Answer<CredentialView> {
        self.workstation.change_passphrase(form)
    }

    pub(crate) fn begin_new_phone(&self, form: SheetForm) -> Answer<ActivationView> {
        self.workstation.begin_new_phone(form)
    }

    pub(crate) fn confirm_new_phone(&self, form: ConfirmForm) -> Answer<CredentialView> {
        self.workstation.confirm_new_phone(&form.code)
    }

    pub(crate) fn discard_new_phone(&self) -> Answer<()> {
        self.workstation.discard_new_phone()
    }

    pub(crate) fn lock(&self) -> Answer<()> {
        self.lock_away(LockCause::Person)
    }

    pub(crate) fn activity(&self) -> Answer<()> {
        let now = self.clock.since_boot();
        self.timer(|timer| timer.iter_mut().for_each(|timer| timer.activity(now)));
        Ok(())
    }

    pub(crate) fn search(&self, form: SearchForm) -> Answer<SearchView> {
        self.workstation.search(&form.text)
    }

    pub(crate) fn settle_search(&self, form: SettleForm) -> Answer<()> {
        self.workstation.settle_search(&form.shown)
    }

    pub(crate) fn today(&self, form: TodayForm) -> Answer<TodayView> {
        self.workstation.today(form.after.as_deref())
    }

    pub(crate) fn recent(&self) -> Answer<Vec<PatientRow>> {
        self.workstation.recent()
    }

    pub(crate) fn open_chart(&self, form: OpenChartForm) -> Answer<ChartView> {
        self.workstation.open_chart(&form.patient_id, form.reason)
    }

    pub(crate) fn fetch_chart(&self, form: ChartRef) -> Answer<ChartView> {
        self.workstation.fetch_chart(&form.patient_id)
    }

    pub(crate) fn save_vitals(&self, form: VitalsForm) -> Answer<SaveView> {
        self.workstation.save_vitals(form)
    }

    pub(crate) fn save_note(&self, form: NoteForm) -> Answer<SaveView> {
        self.workstation.save_note(form)
    }

    pub(crate) fn save_draft(&self, form: DraftForm) -> Answer<()> {
        self.workstation.save_draft(form)
    }

    pub(crate) fn discard_draft(&self, form: DraftRef) -> Answer<()> {
        self.workstation.discard_draft(&form.patient_id, form.form)
    }

    pub(crate) fn save_place(&self, form: Place) -> Answer<()> {
        self.workstation.save_place(form)
    }

    pub(crate) fn sync_status(&self) -> Answer<SyncView> {
        self.workstation.sync_status()
    }

    pub(crate) fn conflict(&self, form: ConflictRef) -> Answer<ConflictView> {
        self.workstation.conflict(&form.change_id)
    }

    pub(crate) fn settle_conflict(&self, form: ConflictForm) -> Answer<SaveView> {
        self.workstation.settle_conflict(form)
    }

    pub(crate) fn sync_now(&self) -> Answer<()> {
        self.workstation.sync_now()
    }

    pub(crate) fn health(&self) -> Answer<HealthView> {
        let heard = self.ears.heard();
        Ok(self.workstation.health(WindowHealth {
            web_view: tauri::webview_version().unwrap_or_default(),
            shielded: hardening::is_shielded(),
            hears_screen_lock: heard.screensaver,
            hears_logind: heard.logind,
            knows_session: heard.own_session,
            sleep_waits: heard.sleep_waits,
            hears_presence: heard.presence,
        }))
    }
}

fn tell(page: &AppHandle, handed_on: Option<&Arc<HandedOn>>, event: &Event) {
    // A page that is not there yet asks for the status itself.
    let _not_there = match event {
        Event::StateChanged(status) => page.emit("state-changed", status),
        Event::SyncChanged(sync) => page.emit("sync-changed", sync),
        Event::LockedByOrder => {
            relock::hide(page);
            // Who tells goes on with what the order asks for, as far as it gets.
            let (page, handed_on) = (page.clone(), handed_on.cloned());
            std::thread::spawn(move || {
                relock::replace_process(&page, handed_on);
            });
            return;
        }
        Event::PatientErased { patient_id } => {
            page.emit("patient-erased", PatientErased { patient_id: patient_id.clone() })
        }
        Event::KeyStep { step, touch } => {
            let step = match step {
                KeyStep::PlugIn => "plug-in",
                KeyStep::Touch => "touch",
                KeyStep::Choose => "choose",
            };
            page.emit("key-step", KeyStepNow { step, touch: *touch })
        }
        Event::SheetProgress { done } => page.emit("sheet-progress", SheetProgress { done: *done }),
    };
}
