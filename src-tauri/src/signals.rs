//! Signals of the operating system that mean "lock": screen lock and sleep, from logind on the system bus.

use std::num::NonZero;
use std::sync::Arc;

use futures_util::StreamExt as _;
use zbus::{Connection, MatchRule, MessageStream, message};

const MANAGER: &str = "org.freedesktop.login1.Manager";
const SESSION: &str = "org.freedesktop.login1.Session";

/// Calls `lock` whenever logind says that the screen locks or the machine goes to sleep.
///
/// A machine without logind has no such signals, which is not an error: the idle limit and Ctrl+L stand by
/// themselves (`docs/KNOWN-ISSUES.md`).
pub(crate) fn watch(lock: impl Fn() + Send + Sync + 'static) {
    let lock = Arc::new(lock);
    tauri::async_runtime::spawn(async move {
        if let Err(error) = listen(lock).await {
            tracing::info!(%error, "no lock signals from the operating system");
        }
    });
}

async fn listen(lock: Arc<impl Fn() + Send + Sync + 'static>) -> zbus::Result<()> {
    let bus = Connection::system().await?;
    let rule =
        MatchRule::builder().msg_type(message::Type::Signal).sender("org.freedesktop.login1").build()?;
    let mut signals = MessageStream::for_match_rule(rule, &bus, NonZero::new(16)).await?;
    while let Some(signal) = signals.next().await {
        if means_lock(&signal?) {
            let lock = Arc::clone(&lock);
            tauri::async_runtime::spawn_blocking(move || lock());
        }
    }
    Ok(())
}

/// `Lock` of any session of this seat, and `PrepareForSleep(true)`; waking up says `false`.
fn means_lock(message: &zbus::Message) -> bool {
    let header = message.header();
    let interface = header.interface().map(|name| name.as_str());
    let member = header.member().map(|name| name.as_str());
    match (interface, member) {
        (Some(SESSION), Some("Lock")) => true,
        (Some(MANAGER), Some("PrepareForSleep")) => message.body().deserialize::<bool>().unwrap_or(false),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(interface: &str, member: &str, going_to_sleep: Option<bool>) -> zbus::Message {
        let builder = zbus::Message::signal("/org/freedesktop/login1", interface, member);
        match going_to_sleep {
            Some(flag) => builder.build(&flag).expect("a boolean body"),
            None => builder.build(&()).expect("an empty body"),
        }
    }

    #[test]
    fn a_session_lock_and_going_to_sleep_lock_and_waking_up_does_not() {
        assert!(means_lock(&signal(SESSION, "Lock", None)));
        assert!(means_lock(&signal(MANAGER, "PrepareForSleep", Some(true))));
        assert!(!means_lock(&signal(MANAGER, "PrepareForSleep", Some(false))));
        assert!(!means_lock(&signal(SESSION, "Unlock", None)));
    }
}
