//! People who may come back with one factor, passphrase or security key: parked at a lock, for hours after a full sign-in,
//! with five tries.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use keys::parked::{self, MOST_TRIES, Parked};
use keys::reentry::by_key::KeyShare;
use keys::reentry::{self, ReentryBounds, ReentryContents, ReentryKey};
use keys::slot::{Anchor, PassphraseShare};
use keys::{AgreementSecret, Random, SecretBytes, SigningKey};
use records::id::PersonId;
use uuid::Uuid;

use super::Station;
use crate::idle::ABSOLUTE_LIMIT;
use crate::parking::ParkedMemory;
use crate::session::initials;
use crate::view::ParkedView;
use crate::{Code, LockCause};

/// Who is parked, and what is to be parked of the person at the keyboard.
pub(crate) struct Parking {
    memory: Mutex<Arc<dyn ParkedMemory>>,
    open: Mutex<Option<ToPark>>,
}

/// What a lock parks of whoever is signed in.
pub(crate) struct ToPark {
    /// Who.
    pub(crate) person: PersonId,
    /// The keyed token of the user name.
    pub(crate) name: [u8; 16],
    /// What the lock screen calls them, and says they work as.
    pub(crate) shown: (String, String),
    /// The person's keys here.
    pub(crate) keys: (SigningKey, AgreementSecret),
    /// What the passphrase gave.
    pub(crate) share: PassphraseShare,
    /// What the security key left, where the full sign-in took one.
    pub(crate) by_key: Option<KeyShare>,
    /// From when to when it holds.
    pub(crate) span: Span,
    /// How far the drawers had come; brought up to date as they close.
    pub(crate) anchors: Arc<Mutex<BTreeMap<String, Anchor>>>,
}

/// The hours after a full sign-in. The monotonic times are since the machine was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// When the full sign-in was.
    pub(crate) began: Duration,
    /// Until when the passphrase alone is enough.
    pub(crate) ends: Duration,
    /// The same by the wall clock.
    pub(crate) not_after: Timestamp,
}

impl Span {
    /// `hours` from now on, at most twelve.
    pub(crate) fn from_now(since_boot: Duration, now: Timestamp, hours: u32) -> Self {
        let lasts = Duration::from_secs(u64::from(hours) * 60 * 60).min(ABSOLUTE_LIMIT);
        let not_after = now.saturating_add(lasts).unwrap_or(Timestamp::MAX);
        Self { began: since_boot, ends: since_boot + lasts, not_after }
    }

    /// `began ms u64 · ends ms u64 · what the security key left`: sealed with the person's keys, so that nobody moves the
    /// end.
    fn to_bytes(self, by_key: Option<&KeyShare>) -> SecretBytes {
        let by_key = by_key.map(KeyShare::to_bytes);
        // EXPOSE: from one secret into another.
        let by_key = by_key.as_ref().map(SecretBytes::expose).unwrap_or_default();
        let times = [millis(self.began).to_be_bytes(), millis(self.ends).to_be_bytes()];
        SecretBytes::new([times.as_flattened(), by_key].concat())
    }

    /// Reads what was sealed; the wall clock's end stands in the parcel's header.
    pub(crate) fn from_bytes(bytes: &[u8], not_after: Timestamp) -> Option<(Self, Option<KeyShare>)> {
        let (began, rest) = bytes.split_first_chunk::<8>()?;
        let (ends, by_key) = rest.split_first_chunk::<8>()?;
        let read = |bytes| Duration::from_millis(u64::from_be_bytes(bytes));
        let by_key = if by_key.is_empty() { None } else { Some(KeyShare::from_bytes(by_key).ok()?) };
        Some((Self { began: read(*began), ends: read(*ends), not_after }, by_key))
    }
}

impl Parking {
    /// Over this memory, with nobody at the keyboard.
    pub(crate) fn new(memory: Arc<dyn ParkedMemory>) -> Self {
        Self { memory: Mutex::new(memory), open: Mutex::new(None) }
    }

    /// The boot that what is parked belongs to.
    pub(crate) fn boot(&self) -> Uuid {
        self.memory().boot()
    }

    /// Everybody whose time is not over, oldest first.
    pub(crate) fn people(&self, since_boot: Duration) -> Vec<Parked> {
        self.change(since_boot, |people| people.iter().map(copy).collect()).unwrap_or_default()
    }

    /// Counts a try before it is made: who is stopped in the middle has had it. The last one takes the entry away.
    pub(crate) fn begin_try(&self, person: PersonId, since_boot: Duration) -> Result<Parked, Code> {
        let tried = self.change(since_boot, |people| {
            let at = people.iter().position(|parked| parked.person == person.uuid())?;
            let mut tried = people.remove(at);
            tried.failures = tried.failures.saturating_add(1);
            let again = (tried.failures < MOST_TRIES).then(|| copy(&tried));
            people.extend(again);
            Some(tried)
        });
        tried.flatten().ok_or(Code::ReentryOver)
    }

    /// Nothing of this person is parked any more.
    pub(crate) fn remove(&self, person: PersonId, since_boot: Duration) {
        self.change(since_boot, |people| people.retain(|parked| parked.person != person.uuid()));
    }

    /// Nobody comes back with the passphrase alone any more.
    pub(super) fn remove_all(&self) {
        put(self.memory().as_ref(), &parked::to_bytes(&[]));
    }

    fn add(&self, parked: Parked, since_boot: Duration) {
        self.change(since_boot, |people| {
            people.retain(|other| other.person != parked.person);
            people.push(parked);
        });
    }

    /// Reads, changes and puts back under one lock, without those whose time is over. `None` where it could not be put back.
    fn change<T>(&self, since_boot: Duration, change: impl FnOnce(&mut Vec<Parked>) -> T) -> Option<T> {
        let memory = self.memory();
        // Empty, or not readable: nobody is parked.
        let mut people = parked::from_bytes(&memory.load().unwrap_or_default()).unwrap_or_default();
        let before = parked::to_bytes(&people);
        people.retain(|parked| millis(since_boot) < parked.ends_ms);
        let answer = change(&mut people);
        let after = parked::to_bytes(&people);
        (after == before || put(memory.as_ref(), &after)).then_some(answer)
    }

    /// Keeps what the next lock is to park.
    pub(crate) fn keep(&self, to_park: ToPark) {
        *self.open() = Some(to_park);
    }

    /// Forgets what the next lock was to park, of a session that came to nothing; what was parked before stays.
    pub(crate) fn let_go(&self) {
        drop(self.open().take());
    }

    /// Whoever is at the keyboard comes back with the passphrase only: their security key is another, or none, by now.
    pub(crate) fn let_go_of_key(&self) {
        if let Some(to_park) = self.open().as_mut() {
            to_park.by_key = None;
        }
    }

    /// The keys of whoever is at the keyboard.
    pub(crate) fn own_keys(&self) -> Option<(PersonId, SigningKey, AgreementSecret)> {
        let open = self.open();
        let ToPark { person, keys: (signing, agreement), .. } = open.as_ref()?;
        Some((*person, signing.duplicate(), agreement.duplicate()))
    }

    fn memory(&self) -> MutexGuard<'_, Arc<dyn ParkedMemory>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> MutexGuard<'_, Option<ToPark>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Station {
    /// Who is parked, and what will be.
    pub(crate) fn parking(&self) -> &Parking {
        &self.parking
    }

    /// Time since the machine was started.
    pub(crate) fn since_boot(&self) -> Duration {
        self.clock().since_boot()
    }

    /// For how long from now on a full sign-in lets the person come back with the passphrase alone.
    pub(crate) fn reentry_span(&self) -> Span {
        Span::from_now(self.since_boot(), self.now(), self.policy().reentry_h)
    }

    /// What the lock screen says of who may come back, last seen first.
    pub(crate) fn parked_views(&self) -> Vec<ParkedView> {
        let people = self.parking.people(self.since_boot());
        let view = |parked: Parked| ParkedView {
            person: parked.person.to_string(),
            initials: initials(&parked.shown_name),
            name: parked.shown_name,
            role_title: parked.shown_role,
            tries_left: MOST_TRIES.saturating_sub(parked.failures),
            with_key: !parked.key_parcel.is_empty(),
        };
        people.into_iter().rev().map(view).collect()
    }

    /// How long the open session may go on at the most.
    pub(crate) fn session_left(&self) -> Option<Duration> {
        let began = self.parking.open().as_ref()?.span.began;
        self.mailbox().is_open().then(|| (began + ABSOLUTE_LIMIT).saturating_sub(self.since_boot()))
    }

    /// Parks whoever was at the keyboard, unless they left for good.
    pub(super) fn park(&self, cause: LockCause) {
        let Some(to_park) = self.parking.open().take() else { return };
        let now = self.since_boot();
        match cause {
            LockCause::Person
            | LockCause::Idle
            | LockCause::ScreenLock
            | LockCause::Sleep
            | LockCause::UserSwitch
            | LockCause::Crash
            | LockCause::ClockSet
                if now < to_park.span.ends =>
            {
                self.parking.add(to_park.seal(self.parking.boot(), &mut Random::from_os()), now);
            }
            LockCause::Person
            | LockCause::Idle
            | LockCause::Absolute
            | LockCause::ScreenLock
            | LockCause::Sleep
            | LockCause::UserSwitch
            | LockCause::Crash
            | LockCause::ClockSet
            | LockCause::SignOut
            | LockCause::Order
            | LockCause::Exit => {
                self.parking.remove(to_park.person, now);
            }
        }
    }
}

impl ToPark {
    fn seal(self, boot: Uuid, random: &mut Random) -> Parked {
        let (signing, agreement) = self.keys;
        let contents = ReentryContents {
            person: self.person.uuid(),
            signing,
            agreement,
            anchors: std::mem::take(&mut *self.anchors.lock().unwrap_or_else(PoisonError::into_inner)),
            session: self.span.to_bytes(self.by_key.as_ref()),
        };
        let key = ReentryKey::make(random);
        let bounds = ReentryBounds { boot, not_after: self.span.not_after };
        let parcel = reentry::seal(&contents, &self.share, bounds, &key, random);
        let key_parcel = self
            .by_key
            .map(|by_key| reentry::by_key::seal(&contents, (&self.share, &by_key), bounds, &key, random));
        let (shown_name, shown_role) = self.shown;
        Parked {
            person: self.person.uuid(),
            name: self.name,
            key,
            ends_ms: millis(self.span.ends),
            failures: 0,
            shown_name,
            shown_role,
            parcel,
            key_parcel: key_parcel.unwrap_or_default(),
        }
    }
}

fn put(memory: &dyn ParkedMemory, people: &SecretBytes) -> bool {
    // EXPOSE: this memory is where the keys of those who come back live.
    let stored = memory.store(people.expose());
    if let Err(error) = &stored {
        tracing::warn!(%error, "who may come back was not kept; it takes a full sign-in");
    }
    stored.is_ok()
}

fn copy(parked: &Parked) -> Parked {
    Parked {
        key: parked.key.duplicate(),
        shown_name: parked.shown_name.clone(),
        shown_role: parked.shown_role.clone(),
        parcel: parked.parcel.clone(),
        key_parcel: parked.key_parcel.clone(),
        ..*parked
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
