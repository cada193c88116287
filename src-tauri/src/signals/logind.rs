//! logind on the system bus: its sessions, and a sleep that waits until we have locked.

use std::num::NonZero;

use client::LockCause;
use futures_util::StreamExt as _;
use zbus::message::{self, Header};

use zbus::{Connection, MatchRule, Message, MessageStream, OwnedFd, OwnedObjectPath, OwnedVariant, Variant};

use super::{Ears, Lock, lock_now};

const NAME: &str = "org.freedesktop.login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const SESSION: &str = "org.freedesktop.login1.Session";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// Listens until the bus goes away. `session` is the name of ours, where the environment says it.
///
/// # Errors
/// Where there is no logind on the bus.
pub(super) async fn listen(
    bus: Connection,
    session: Option<String>,
    lock: Lock,
    ears: &Ears,
) -> zbus::Result<()> {
    // First the ears, then the questions, so that nothing is missed between them.
    let rule = MatchRule::builder().msg_type(message::Type::Signal).sender(NAME).build()?;
    let mut signals = MessageStream::for_match_rule(rule, &bus, NonZero::new(64)).await?;
    let session = own_session(&bus, session).await?;
    let mut delay = hold_sleep(&bus).await;
    ears.note(|heard| {
        heard.logind = true;
        heard.own_session = session.is_some();
        heard.sleep_waits = delay.is_some();
    });
    while let Some(signal) = signals.next().await {
        match meaning(&signal?, session.as_ref().map(|path| path.as_str())) {
            Some(Meaning::Lock(cause)) => {
                lock_now(&lock, cause).await;
                if cause == LockCause::Sleep {
                    // What holds the sleep goes when the lock is done; a lock that replaces the process takes it along.
                    drop(delay.take());
                }
            }
            Some(Meaning::Awake) => delay = hold_sleep(&bus).await,
            None => {}
        }
        ears.note(|heard| heard.sleep_waits = delay.is_some());
    }
    Ok(())
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Lock, for this cause.
    Lock(LockCause),
    /// The machine is awake again.
    Awake,
}

/// Reads a signal of logind. Where it is not known which session is `ours`, that of any session counts: one lock too many
/// is a nuisance, one too few is not.
pub(super) fn meaning(signal: &Message, ours: Option<&str>) -> Option<Meaning> {
    let header = signal.header();
    let interface = header.interface().map_or("", |name| name.as_str());
    let member = header.member().map_or("", |name| name.as_str());
    match (interface, member) {
        (MANAGER, "PrepareForSleep") => {
            let falls_asleep = signal.body().deserialize::<bool>().unwrap_or(true);
            Some(if falls_asleep { Meaning::Lock(LockCause::Sleep) } else { Meaning::Awake })
        }
        (SESSION, "Lock") if is_ours(&header, ours) => Some(Meaning::Lock(LockCause::ScreenLock)),
        (PROPERTIES, "PropertiesChanged") if is_ours(&header, ours) => {
            let body = signal.body();
            let (interface, changed, _): (
                String,
                std::collections::HashMap<String, OwnedVariant>,
                Vec<String>,
            ) = body.deserialize().ok()?;
            let says = |name: &str, flag: bool| {
                changed.get(name).is_some_and(|value| matches!(**value, Variant::Bool(said) if said == flag))
            };
            if interface != SESSION {
                None
            } else if says("LockedHint", true) {
                Some(Meaning::Lock(LockCause::ScreenLock))
            } else if says("Active", false) {
                Some(Meaning::Lock(LockCause::UserSwitch))
            } else {
                None
            }
        }
        _ => None,
    }
}

fn is_ours(header: &Header<'_>, ours: Option<&str>) -> bool {
    let from = header.path().map_or("", |path| path.as_str());
    ours.map_or_else(|| from.starts_with("/org/freedesktop/login1/session/"), |ours| ours == from)
}

/// The session this process belongs to: by its name in the environment, by the process, or the only one that the user has at
/// the screen, for a program that the user's service manager started and that belongs to no session itself.
///
/// # Errors
/// Where logind is not there. That it does not know is none.
async fn own_session(bus: &Connection, name: Option<String>) -> zbus::Result<Option<OwnedObjectPath>> {
    /// Name, user, name of the user, seat, path.
    type Row = (String, u32, String, String, OwnedObjectPath);
    if let Some(id) = name
        && let Some(path) = known(ask(bus, "GetSession", &(id,)).await)?
    {
        return Ok(Some(path));
    }
    if let Some(path) = known(ask(bus, "GetSessionByPID", &(std::process::id(),)).await)? {
        return Ok(Some(path));
    }
    let user = rustix::process::getuid().as_raw();
    let rows: Vec<Row> = known(ask(bus, "ListSessions", &()).await)?.unwrap_or_default();
    let mut at_the_screen = rows.into_iter().filter(|row| row.1 == user && !row.3.is_empty());
    let first = at_the_screen.next().map(|row| row.4);
    Ok(first.filter(|_| at_the_screen.next().is_none()))
}

/// An answer, or none where logind does not know; an error only where there is no logind.
fn known<T>(answer: zbus::Result<T>) -> zbus::Result<Option<T>> {
    match answer {
        Ok(known) => Ok(Some(known)),
        Err(zbus::Error::MethodError(name, _, _)) if name.as_str() != NOBODY => Ok(None),
        Err(error) => Err(error),
    }
}

/// The bus's word for a service that neither runs nor can be started.
const NOBODY: &str = "org.freedesktop.DBus.Error.ServiceUnknown";

/// Asks that a coming sleep waits for us, for at most the few seconds that logind gives (`InhibitDelayMaxSec`). None where
/// it will not: the lock then races against the sleep. The wait ends when what is returned is dropped.
async fn hold_sleep(bus: &Connection) -> Option<OwnedFd> {
    let held = ask(bus, "Inhibit", &("sleep", "Chartkeep", "locks the clinical records", "delay")).await;
    held.inspect_err(|error| tracing::info!(%error, "sleep does not wait for the lock")).ok()
}

async fn ask<R>(
    bus: &Connection,
    method: &str,
    with: &(impl serde::Serialize + zbus::DynamicType),
) -> zbus::Result<R>
where
    R: for<'d> zbus::wire::DynamicDeserialize<'d>,
{
    let answer = bus.call_method(Some(NAME), "/org/freedesktop/login1", Some(MANAGER), method, with).await?;
    answer.body().deserialize()
}
