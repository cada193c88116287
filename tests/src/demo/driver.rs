//! Drives the real window as a person would: through WebKit's own WebDriver.

use std::fs::OpenOptions;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thirtyfour::prelude::*;
use thirtyfour::{Capabilities, WebDriver};

use super::DemoError;
use super::desktop::Desktop;
use super::processes;
use super::state::FOLDER;

/// How long something may take to appear.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the page is asked.
const PACE: Duration = Duration::from_millis(15);

/// How the app is to be started.
#[derive(Debug, Clone)]
pub(crate) struct AppStart {
    /// The program, built with its feature `webdriver`.
    pub(crate) binary: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// Size of the display, which the window fills.
    pub(crate) display: (u32, u32),
}

/// One run of the app under remote control. It ends with [`Window::close`].
#[derive(Debug)]
pub(crate) struct Window {
    driver: WebDriver,
    program: Child,
    /// Takes the picture of a screen on which something was missing, while it is still there.
    camera: Command,
}

impl Window {
    /// Starts the app in a real window and waits until its page can be driven.
    ///
    /// # Errors
    /// Where `WebKitWebDriver` is missing or the window does not come up.
    pub(crate) async fn open(desktop: &Desktop, start: &AppStart) -> Result<Window, DemoError> {
        let started = desktop.command(Path::new("WebKitWebDriver"));
        Window::drive(desktop, start, started).await
    }

    /// Drives the app that has replaced itself at a lock: to the driver of before, its page is gone.
    ///
    /// # Errors
    /// Where the app did not come back.
    pub(crate) async fn after_lock(
        mut self,
        desktop: &Desktop,
        start: &AppStart,
    ) -> Result<Window, DemoError> {
        self.program.kill()?;
        self.program.wait()?;
        let mut started = desktop.command(Path::new("WebKitWebDriver"));
        started.arg(format!("--target={}", processes::driven_at(&start.binary)?));
        Window::drive(desktop, start, started).await
    }

    async fn drive(desktop: &Desktop, start: &AppStart, mut program: Command) -> Result<Window, DemoError> {
        let port = free_port()?;
        // What the app logs is free of patient data, and the first thing to read when a step was not seen.
        let log = OpenOptions::new().create(true).append(true).open(Path::new(FOLDER).join("app.log"))?;
        let program = program
            .arg(format!("--port={port}"))
            // Without the second variable the driver waits for ever for an app that never answers.
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|_| DemoError::missing("WebKitWebDriver"))?;
        let mut options = Capabilities::new();
        let binary = start.binary.canonicalize()?;
        options.set("webkitgtk:browserOptions", json!({ "binary": binary, "args": start.arguments }))?;
        let url = format!("http://127.0.0.1:{port}");
        wait_for_port(port)?;
        let driver = WebDriver::new(&url, options).await?;
        driver.set_implicit_wait_timeout(Duration::ZERO).await?;
        // A display of our own has no window manager that would maximise the window.
        let (width, height) = start.display;
        driver.set_window_rect(0, 0, width, height).await?;
        let camera = desktop.camera(&Path::new(FOLDER).join("not-seen.png"));
        Ok(Window { driver, program, camera })
    }

    /// The element with this `data-testid`, as soon as it is displayed.
    ///
    /// # Errors
    /// Where it does not appear within 20 s.
    pub(crate) async fn element(&mut self, test_id: &str) -> Result<WebElement, DemoError> {
        self.element_within(test_id, PATIENCE).await
    }

    /// As [`Window::element`], with a limit of one's own.
    ///
    /// # Errors
    /// Where it does not appear within `limit`.
    pub(crate) async fn element_within(
        &mut self,
        test_id: &str,
        limit: Duration,
    ) -> Result<WebElement, DemoError> {
        let until = now() + limit;
        loop {
            if let Ok(element) = self.driver.find(selector(test_id)).await
                && element.is_displayed().await.unwrap_or(false)
            {
                return Ok(element);
            }
            if now() > until {
                return Err(self.not_seen(test_id));
            }
            tokio::time::sleep(PACE).await;
        }
    }

    /// How many elements with this `data-testid` there are now.
    ///
    /// # Errors
    /// Where the window is gone.
    pub(crate) async fn count(&self, test_id: &str) -> Result<usize, DemoError> {
        Ok(self.driver.find_all(selector(test_id)).await?.len())
    }

    /// Clicks the element.
    ///
    /// # Errors
    /// As [`Window::element`].
    pub(crate) async fn click(&mut self, test_id: &str) -> Result<(), DemoError> {
        self.element(test_id).await?.click().await?;
        Ok(())
    }

    /// Clicks what makes the app replace itself: the driver then loses the page, and with it the answer to the click.
    ///
    /// # Errors
    /// As [`Window::element`].
    pub(crate) async fn click_for_the_last_time(&mut self, test_id: &str) -> Result<(), DemoError> {
        let _answer_lost = self.element(test_id).await?.click().await;
        Ok(())
    }

    /// Presses a key together with Ctrl, in the element.
    ///
    /// # Errors
    /// As [`Window::element`].
    pub(crate) async fn press_ctrl(&mut self, test_id: &str, key: char) -> Result<(), DemoError> {
        let element = self.element(test_id).await?;
        Ok(element.send_keys(Key::Control + key).await?)
    }

    /// Types into the element, key by key.
    ///
    /// # Errors
    /// As [`Window::element`].
    pub(crate) async fn type_into(&mut self, test_id: &str, text: &str) -> Result<(), DemoError> {
        let element = self.element(test_id).await?;
        element.click().await?;
        element.send_keys(text).await?;
        Ok(())
    }

    /// The text that the element shows.
    ///
    /// # Errors
    /// As [`Window::element`].
    pub(crate) async fn text(&mut self, test_id: &str) -> Result<String, DemoError> {
        Ok(self.element(test_id).await?.text().await?)
    }

    /// The value of an input.
    ///
    /// # Errors
    /// As [`Window::element`].
    pub(crate) async fn value(&mut self, test_id: &str) -> Result<String, DemoError> {
        Ok(self.element(test_id).await?.prop("value").await?.unwrap_or_default())
    }

    /// Clears the input and types into it.
    ///
    /// # Errors
    /// As [`Window::element`].
    pub(crate) async fn retype(&mut self, test_id: &str, text: &str) -> Result<(), DemoError> {
        self.element(test_id).await?.clear().await?;
        self.type_into(test_id, text).await
    }

    /// Clicks the first of several rows whose text holds `text`.
    ///
    /// # Errors
    /// Where there is none.
    pub(crate) async fn click_row(&mut self, test_id: &str, text: &str) -> Result<(), DemoError> {
        self.element(test_id).await?;
        for row in self.driver.find_all(selector(test_id)).await? {
            if row.text().await?.contains(text) {
                row.click().await?;
                return Ok(());
            }
        }
        Err(self.not_seen(test_id))
    }

    /// Waits until the element is gone.
    ///
    /// # Errors
    /// Where it is still there after 20 s.
    pub(crate) async fn gone(&mut self, test_id: &str) -> Result<(), DemoError> {
        let until = now() + PATIENCE;
        while now() < until {
            if self.count(test_id).await? == 0 {
                return Ok(());
            }
            tokio::time::sleep(PACE).await;
        }
        Err(DemoError::Step(format!("see {test_id} go")))
    }

    /// Sees that an element is whole inside the window and can be clicked where it stands, with nothing to be scrolled.
    ///
    /// # Errors
    /// Where it is not there, a part of it is beyond an edge, or its middle is under something else.
    pub(crate) async fn in_sight(&mut self, test_id: &str) -> Result<(), DemoError> {
        self.element(test_id).await?;
        let script = format!(
            "const one = document.querySelector('[data-testid=\"{test_id}\"]');
             const at = one.getBoundingClientRect();
             const inside = at.left >= 0 && at.top >= 0 && at.right <= innerWidth && at.bottom <= innerHeight;
             const middle = document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2);
             return inside && one.contains(middle);"
        );
        let is_seen = self.script(&script).await? == Value::Bool(true);
        if is_seen { Ok(()) } else { Err(DemoError::not_seen(&format!("{test_id}, without scrolling"))) }
    }

    /// Calls a command of the app from its page, as the page's own code does.
    ///
    /// # Errors
    /// The error that the command answered with.
    pub(crate) async fn call(&self, command: &str, arguments: Value) -> Result<Value, DemoError> {
        const CALL: &str = "const done = arguments[arguments.length - 1];
            window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1])
                .then((answer) => done({ answer }), (error) => done({ error }));";
        let told = self.driver.execute_async(CALL, vec![json!(command), arguments]).await?.json().clone();
        match told.get("error") {
            None => Ok(told.get("answer").cloned().unwrap_or_default()),
            Some(error) => Err(DemoError::Step(format!("call {command}: {}", error["code"]))),
        }
    }

    /// Runs a script in the page and returns what it returns.
    ///
    /// # Errors
    /// Where the script throws or the window is gone.
    pub(crate) async fn script(&self, script: &str) -> Result<Value, DemoError> {
        Ok(self.driver.execute(script, Vec::new()).await?.json().clone())
    }

    /// The first of several elements to be displayed, by its `data-testid`.
    ///
    /// # Errors
    /// Where none appears within 20 s.
    pub(crate) async fn first_of<'a>(&mut self, test_ids: &[&'a str]) -> Result<&'a str, DemoError> {
        let until = now() + PATIENCE;
        while now() < until {
            for test_id in test_ids {
                if self.count(test_id).await? > 0 {
                    return Ok(test_id);
                }
            }
            tokio::time::sleep(PACE).await;
        }
        Err(self.not_seen(&test_ids.join(" or ")))
    }

    fn not_seen(&mut self, what: &str) -> DemoError {
        // What is on the screen tells more than any message; without a camera the message has to do.
        let _no_camera = self.camera.status();
        DemoError::not_seen(what)
    }

    /// Ends the driver, which no longer knows the app after a lock.
    ///
    /// # Errors
    /// Where the driver process does not end.
    pub(crate) async fn close(mut self) -> Result<(), DemoError> {
        // After the app has replaced itself the session is dead, and asking it to end only waits.
        let _either_way = tokio::time::timeout(Duration::from_secs(3), self.driver.clone().quit()).await;
        self.program.kill()?;
        self.program.wait()?;
        Ok(())
    }
}

fn selector(test_id: &str) -> By {
    By::Css(format!("[data-testid=\"{test_id}\"]"))
}

fn free_port() -> Result<u16, DemoError> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn wait_for_port(port: u16) -> Result<(), DemoError> {
    for _ in 0..100 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(DemoError::step("reach WebKitWebDriver"))
}

/// The demo measures what a person waits for, so it reads the clock itself.
#[expect(clippy::disallowed_methods, reason = "a stopwatch, not a rule's input")]
pub(super) fn now() -> Instant {
    Instant::now()
}
