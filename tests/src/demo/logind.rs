//! A logind that is played (`python3-dbusmock`), on a system bus of the demo's own: it says what makes the app lock.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use zbus::{Connection, Variant};

use super::DemoError;
use super::desktop::Desktop;

const NAME: &str = "org.freedesktop.login1";
const LOGIND: &str = "/org/freedesktop/login1";
const OURS: &str = "/org/freedesktop/login1/session/ours";
const MOCK: &str = "org.freedesktop.DBus.Mock";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const SESSION: &str = "org.freedesktop.login1.Session";

/// Says what the real one says. It ends with the desktop it was started on.
#[derive(Debug)]
pub(crate) struct Logind {
    bus: Connection,
}

impl Logind {
    /// Starts it, with one session that every program of this desktop belongs to.
    ///
    /// # Errors
    /// Where `python3-dbusmock` is missing or does not come up.
    pub(crate) async fn start(desktop: &mut Desktop) -> Result<Logind, DemoError> {
        let address = desktop.start_system_bus()?;
        let mock = desktop
            .command(Path::new("/usr/bin/python3"))
            .args(["-m", "dbusmock", "--template", "logind"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|_| DemoError::missing("python3-dbusmock"))?;
        desktop.adopt("python3-dbusmock", mock);
        let bus = zbus::connection::Builder::address(address.as_str()).build().await.map_err(told)?;
        let logind = Logind { bus };
        let session = ("ours", "seat0", rustix::process::getuid().as_raw(), "demo", true);
        for _ in 0..100 {
            if logind.ask::<String>(LOGIND, MOCK, "AddSession", &session).await.is_ok() {
                desktop.set("XDG_SESSION_ID", "ours");
                return Ok(logind);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(DemoError::missing("python3-dbusmock"))
    }

    /// Waits until a sleep would wait for somebody.
    ///
    /// # Errors
    /// Where nobody asks for it within 10 s.
    pub(crate) async fn wait_until_sleep_is_held(&self) -> Result<(), DemoError> {
        type Row = (String, String, String, String, u32, u32);
        for _ in 0..100 {
            let rows: Vec<Row> = self.ask(LOGIND, MANAGER, "ListInhibitors", &()).await.map_err(told)?;
            if rows.iter().any(|(what, _, _, mode, _, _)| what == "sleep" && mode == "delay") {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(DemoError::not_seen("an app that sleep waits for"))
    }

    /// The machine is about to sleep, or awake again.
    ///
    /// # Errors
    /// Where it cannot be said.
    pub(crate) async fn sleep(&self, falls_asleep: bool) -> Result<(), DemoError> {
        self.say(LOGIND, MANAGER, "PrepareForSleep", "b", vec![Variant::from(falls_asleep)]).await
    }

    /// Somebody asks that the session locks.
    ///
    /// # Errors
    /// Where it cannot be said.
    pub(crate) async fn lock_session(&self) -> Result<(), DemoError> {
        self.say(OURS, SESSION, "Lock", "", Vec::new()).await
    }

    /// Another user comes to the screen, or ours comes back.
    ///
    /// # Errors
    /// Where it cannot be said.
    pub(crate) async fn be_at_the_screen(&self, active: bool) -> Result<(), DemoError> {
        let changed = HashMap::from([("Active", Variant::from(active))]);
        self.ask(OURS, MOCK, "UpdateProperties", &(SESSION, changed)).await.map_err(told)
    }

    async fn say(
        &self,
        path: &str,
        interface: &str,
        signal: &str,
        signature: &str,
        with: Vec<Variant<'_>>,
    ) -> Result<(), DemoError> {
        self.ask(path, MOCK, "EmitSignal", &(interface, signal, signature, with)).await.map_err(told)
    }

    async fn ask<R>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        with: &(impl serde::Serialize + zbus::DynamicType),
    ) -> zbus::Result<R>
    where
        R: for<'d> zbus::wire::DynamicDeserialize<'d>,
    {
        let answer = self.bus.call_method(Some(NAME), path, Some(interface), method, with).await?;
        answer.body().deserialize()
    }
}

fn told(error: zbus::Error) -> DemoError {
    DemoError::Step(format!("speak for logind: {error}"))
}
