//! The desktop's own screen locker on the session bus.

use std::num::NonZero;

use client::LockCause;
use futures_util::StreamExt as _;
use zbus::{Connection, MatchRule, Message, MessageStream, message};

use super::{Ears, Lock, lock_now};

/// The names under which desktops say that their screen is locked or blanked. GNOME says it under its own, KDE and others
/// under the first.
const INTERFACES: [&str; 4] = [
    "org.freedesktop.ScreenSaver",
    "org.gnome.ScreenSaver",
    "org.cinnamon.ScreenSaver",
    "org.mate.ScreenSaver",
];

/// Listens until the bus goes away.
///
/// # Errors
/// Where the bus does not take the wish.
pub(super) async fn listen(bus: Connection, lock: Lock, ears: &Ears) -> zbus::Result<()> {
    let rule = MatchRule::builder().msg_type(message::Type::Signal).member("ActiveChanged").build()?;
    let mut signals = MessageStream::for_match_rule(rule, &bus, NonZero::new(16)).await?;
    ears.note(|heard| heard.screensaver = true);
    while let Some(signal) = signals.next().await {
        if is_active(&signal?) {
            lock_now(&lock, LockCause::ScreenLock).await;
        }
    }
    Ok(())
}

/// Whether a signal says that the screen is locked. Who sends it is not asked: all that a liar gets is a lock.
pub(super) fn is_active(signal: &Message) -> bool {
    let header = signal.header();
    let interface = header.interface().map(|name| name.as_str()).unwrap_or_default();
    INTERFACES.contains(&interface) && signal.body().deserialize::<bool>().unwrap_or(true)
}
