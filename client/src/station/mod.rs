//! An enrolled workstation: what stays open with nobody signed in, and the mailbox of whoever is.

mod anchoring;
mod comparing;
mod delivery;
mod directives;
mod erasing;
mod fetching;
mod granted;
mod inbox;
mod lease;
mod lock;
mod marking;
mod mirror;
mod orders;
mod oversight;
mod park;
mod person;
mod re_keying;
mod status;
mod taking_out;
mod time;
mod tokens;
mod trust;
mod way;
pub(crate) mod wiping;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use records::event::{AuditEvent, Node, Observer, Stamp};
use records::id::EventId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync::wire::PreparedStanding;
use vault::{Device, Identity, Slots};

use crate::client_state::ClientState;
use crate::credentials::PendingPhone;
use crate::device_keys::DeviceKeys;
use crate::keyring::Keyring;
use crate::mailbox::Mailbox;
use crate::parking::ParkedMemory;
use crate::proven_time::ProvenTime;
use crate::renewing::Renewing;
use crate::security_key::KeyDesk;
use crate::session::OpenSession;
use crate::sign_in::kept_slot::SlotShelf;
use crate::store::{DeviceGuard, Store};
use crate::syncing::DriverHandle;
use crate::{ClientError, Clock, Code, Reading, Settings, recovery, workstation};

pub(crate) use delivery::{Settled, verdict};
pub(crate) use directives::kept_text;
pub(crate) use park::{Parking, Span, ToPark};
pub(crate) use person::SignedIn;
pub(crate) use trust::Trust;
pub(crate) use way::Way;

/// Whom to tell what has changed.
pub(crate) type Listener = Arc<dyn Fn(workstation::Event) + Send + Sync>;

/// What the facade and a station share.
#[derive(Clone)]
pub(crate) struct Surroundings {
    /// What the person who started the program decided.
    pub(crate) settings: Settings,
    /// Where keys are kept.
    pub(crate) keyring: Arc<dyn Keyring>,
    /// What time it is.
    pub(crate) clock: Arc<dyn Clock>,
    /// What outlives a lock of those who come back.
    pub(crate) parked: Arc<dyn ParkedMemory>,
    /// Where a security key is plugged in.
    pub(crate) security_key: KeyDesk,
    /// Whom to tell.
    pub(crate) listener: Listener,
    /// Where background work runs.
    pub(crate) runtime: tokio::runtime::Handle,
}

/// Who this workstation is, in words.
#[derive(Clone, Debug)]
pub(crate) struct About {
    /// The practice's name.
    pub(crate) practice: String,
    /// The workstation's label.
    pub(crate) label: String,
}

/// What is put together to make a [`Station`].
pub(crate) struct Parts {
    pub(crate) surroundings: Surroundings,
    pub(crate) device: Device,
    pub(crate) keys: DeviceKeys,
    pub(crate) state: ClientState,
    pub(crate) about: About,
    pub(crate) trust: Trust,
    pub(crate) way: Way,
    pub(crate) driver: DriverHandle,
}

/// An enrolled workstation.
pub(crate) struct Station {
    surroundings: Surroundings,
    identity: Identity,
    about: About,
    keys: DeviceKeys,
    slots: Slots,
    key_slots: Slots,
    way: RwLock<Arc<Way>>,
    renewing: Renewing,
    driver: DriverHandle,
    mailbox: Mailbox<OpenSession>,
    store: Arc<Store>,
    state: Mutex<ClientState>,
    trust: RwLock<Trust>,
    recovery: recovery::Desk,
    proven: Mutex<ProvenTime>,
    opened_at: Mutex<Option<Reading>>,
    lease_watch: lease::Watch,
    net: Mutex<tokens::Net>,
    mirror: Mutex<mirror::Mirror>,
    re_keying: re_keying::ReKeying,
    comparing: comparing::Comparing,
    wiped: AtomicBool,
    age: Mutex<anchoring::Age>,
    background: Mutex<anchoring::Background>,
    /// Whoever reads and writes the note in the keyring has the turn.
    anchor_turn: Mutex<()>,
    /// Whoever moves the key of the audit log on has the turn.
    epoch_turn: Mutex<marking::EpochTurn>,
    attempt_turn: Mutex<()>,
    /// Whoever puts a slot in the place of another has the turn.
    slot_turn: Mutex<()>,
    pending_phone: Mutex<Option<PendingPhone>>,
    /// What became of prepared slots, until the server has heard of it.
    standings: Mutex<Vec<PreparedStanding>>,
    signed_in: Mutex<Option<SignedIn>>,
    parking: Parking,
}

impl Station {
    /// A workstation with nobody signed in.
    pub(crate) fn new(parts: Parts) -> Self {
        let proven = time::kept(&parts.device);
        let net = tokens::Net::since_last_contact(&parts.device);
        let parking = Parking::new(parts.surroundings.parked.clone());
        Self {
            identity: parts.device.identity(),
            slots: Slots::new(parts.device.folder()),
            key_slots: Slots::of_security_keys(parts.device.folder()),
            surroundings: parts.surroundings,
            about: parts.about,
            keys: parts.keys,
            way: RwLock::new(Arc::new(parts.way)),
            renewing: Renewing::default(),
            driver: parts.driver,
            mailbox: Mailbox::closed(),
            store: Arc::new(Store::shut(parts.device)),
            state: Mutex::new(parts.state),
            trust: RwLock::new(parts.trust),
            recovery: recovery::Desk::default(),
            proven: Mutex::new(proven),
            opened_at: Mutex::new(None),
            lease_watch: lease::Watch::default(),
            net: Mutex::new(net),
            mirror: Mutex::default(),
            re_keying: re_keying::ReKeying::default(),
            comparing: comparing::Comparing::default(),
            wiped: AtomicBool::new(false),
            age: Mutex::default(),
            background: Mutex::default(),
            anchor_turn: Mutex::default(),
            epoch_turn: Mutex::default(),
            attempt_turn: Mutex::default(),
            slot_turn: Mutex::default(),
            pending_phone: Mutex::default(),
            standings: Mutex::default(),
            signed_in: Mutex::new(None),
            parking,
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.surroundings.settings
    }

    pub(crate) fn keyring(&self) -> &dyn Keyring {
        self.surroundings.keyring.as_ref()
    }

    pub(crate) fn runtime(&self) -> &tokio::runtime::Handle {
        &self.surroundings.runtime
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.surroundings.clock.now()
    }

    pub(crate) fn monotonic(&self) -> Duration {
        self.surroundings.clock.monotonic()
    }

    pub(crate) fn reading(&self) -> Reading {
        self.surroundings.clock.reading()
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.surroundings.clock
    }

    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }

    pub(crate) fn keys(&self) -> &DeviceKeys {
        &self.keys
    }

    /// The slots that one-time codes open, with both halves.
    pub(crate) fn slots(&self) -> SlotShelf<'_> {
        SlotShelf { files: &self.slots, keyring: self.keyring() }
    }

    /// The slots that security keys open, with both halves.
    pub(crate) fn key_slots(&self) -> SlotShelf<'_> {
        SlotShelf { files: &self.key_slots, keyring: self.keyring() }
    }

    /// The turn to replace a slot or to take one away, so that nothing comes back that was taken away.
    pub(crate) fn slot_turn(&self) -> MutexGuard<'_, ()> {
        held(&self.slot_turn)
    }

    /// The turn to put a slot in place. No key is made any more where all of them are to be destroyed.
    ///
    /// # Errors
    /// `retiring`.
    pub(crate) fn turn_to_put_slot(&self) -> Result<MutexGuard<'_, ()>, ClientError> {
        let turn = self.slot_turn();
        self.admits_work()?;
        Ok(turn)
    }

    /// Waits for whoever writes keys into the keyring in the background. Once a workstation retires, none begins after this.
    pub(crate) fn wait_for_writers_of_keys(&self) {
        drop((held(&self.slot_turn), held(&self.anchor_turn), held(&self.epoch_turn), self.recovery.turn()));
    }

    pub(crate) fn security_key(&self) -> &KeyDesk {
        &self.surroundings.security_key
    }

    pub(crate) fn renewing(&self) -> &Renewing {
        &self.renewing
    }

    pub(crate) fn driver(&self) -> &DriverHandle {
        &self.driver
    }

    pub(crate) fn mailbox(&self) -> &Mailbox<OpenSession> {
        &self.mailbox
    }

    /// `device.db`, for as long as the guard lives: short, and never while waiting for the network or the keyring.
    pub(crate) fn device(&self) -> DeviceGuard<'_> {
        self.store.device()
    }

    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, ClientState> {
        held(&self.state)
    }

    /// The turn to try a passphrase, held until the attempt has been counted.
    pub(crate) fn attempt_turn(&self) -> MutexGuard<'_, ()> {
        held(&self.attempt_turn)
    }

    /// A new phone of which no code was typed yet. Held for a moment: a lock takes it away.
    pub(crate) fn pending_phone(&self) -> MutexGuard<'_, Option<PendingPhone>> {
        held(&self.pending_phone)
    }

    pub(crate) fn recovery(&self) -> &recovery::Desk {
        &self.recovery
    }

    fn mirror(&self) -> MutexGuard<'_, mirror::Mirror> {
        held(&self.mirror)
    }

    pub(crate) fn trust(&self) -> Trust {
        self.trust.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A stamp for an event of this workstation, now.
    pub(crate) fn stamp(&self) -> Stamp {
        let now = self.now();
        Stamp { id: new_event_id(now), at: now, observer: Observer::Workstation(self.identity.device) }
    }

    pub(crate) fn node(&self) -> Node {
        Node { practice: self.identity.practice, device: self.identity.device }
    }

    /// Appends events of the workstation itself, durably.
    pub(crate) fn record(&self, events: &[AuditEvent]) -> Result<(), ClientError> {
        self.device().append_all(events).map_err(crate::store_error::in_trail)?;
        self.tell_log();
        Ok(())
    }

    /// Tells the driver how long the log is now.
    pub(crate) fn tell_log(&self) {
        let size = self.device().log_head().size;
        self.driver.tell(crate::syncing::Told::Log(self.identity.log, size));
    }

    /// Sends a letter to whoever owns the open vault.
    ///
    /// # Errors
    /// `locked` when nobody does, or no longer when the answer is ready.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut OpenSession) -> Result<T, ClientError> + Send + 'static,
    ) -> Result<T, ClientError> {
        let answer = self.mailbox.ask(act).map_err(|_closed| Code::Locked)?;
        // Nearly every letter leaves an event.
        self.tell_log();
        answer
    }

    /// Asks the server with the device certificate alone, and waits for the answer.
    pub(crate) fn call<Asked, Answered>(
        &self,
        path: &'static str,
        asked: Asked,
    ) -> Result<Answered, ClientError>
    where
        Asked: Serialize + Send + Sync + 'static,
        Answered: DeserializeOwned + Send + 'static,
    {
        let server = self.server();
        crate::net::wait(self.runtime(), async move { server.call(path, &asked).await })
    }
}

pub(crate) fn new_event_id(now: Timestamp) -> EventId {
    EventId::from_uuid(keys::Random::from_os().uuid_v7(now))
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere must not take the workstation down with it: every value here is replaced whole or not at all.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
