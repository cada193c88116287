//! The smaller moves of the main job: signing in, waiting, taking pictures.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{IDLE_S, MainJob, timestamp};
use crate::demo::DemoError;
use crate::demo::clinic::say;
use crate::demo::driver::{Window, now};
use crate::demo::outsiders;
use crate::demo::processes::{self, Residue, Stopped};
use crate::practice::people::{AUDITOR, DemoPerson, NURSE};

/// How often the page is asked whether it is still there.
pub(super) const GLANCE: Duration = Duration::from_millis(200);

/// The smaller moves.
impl MainJob {
    /// Types name, passphrase and the next unused code, and returns the code.
    pub(super) async fn sign_in(
        &mut self,
        window: &mut Window,
        person: &DemoPerson,
    ) -> Result<String, DemoError> {
        let code = self.next_code(person).await?;
        window.type_into("signin-username", person.username).await?;
        window.type_into("signin-passphrase", person.passphrase).await?;
        window.type_into("signin-code", &code).await?;
        window.click("signin-submit").await?;
        window.element_within("desk", Duration::from_secs(30)).await?;
        Ok(code)
    }

    pub(super) async fn next_code(&mut self, person: &DemoPerson) -> Result<String, DemoError> {
        let next = self.phones.next_code(person.username, timestamp())?;
        self.phones.save(&self.pictures)?;
        if next.wait_s > 0 {
            say(&format!("Waiting {} s for the next one-time code", next.wait_s));
            tokio::time::sleep(Duration::from_secs(next.wait_s)).await;
        }
        Ok(next.code)
    }

    pub(super) async fn is_refused(&self, window: &mut Window, code: &str) -> Result<bool, DemoError> {
        window.retype("signin-username", NURSE.username).await?;
        window.retype("signin-passphrase", NURSE.passphrase).await?;
        window.retype("signin-code", code).await?;
        window.click("signin-submit").await?;
        window.element_within("error-code", Duration::from_secs(30)).await?;
        let told = window.text("error-code").await?;
        Ok(told.contains("sign-in-refused") && window.count("desk").await? == 0)
    }

    pub(super) async fn wait_for_records(&self, window: &mut Window) -> Result<(), DemoError> {
        let until = now() + Duration::from_secs(300);
        while now() < until {
            let sync = window.call("sync_status", json!({})).await?;
            let drawers = sync["lastPull"].as_array().cloned().unwrap_or_default();
            if !drawers.is_empty() && drawers.iter().all(|drawer| drawer["at"].is_string()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        Err(DemoError::not_seen("the records of the first sync"))
    }

    pub(super) async fn wait_for_lock(&self, window: &mut Window) -> bool {
        let until = now() + Duration::from_secs(IDLE_S * 3);
        // The app replaces itself when it locks, and with it goes the page that the driver knew.
        while now() < until {
            if window.script("return document.title").await.is_err() {
                return true;
            }
            tokio::time::sleep(GLANCE).await;
        }
        false
    }

    /// Waits until the server holds what the locked workstation had to deliver.
    pub(super) fn wait_for_delivery(&mut self) -> Result<(), DemoError> {
        let until = now() + Duration::from_secs(60);
        while now() < until {
            if self.clinic.holdings()?.changes_applied >= self.cuts.account.len() as u64 {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        Err(DemoError::not_seen("the changes at the server"))
    }

    /// An auditor's page says how long the workstation's log is; the server's check says what it holds of it.
    pub(super) async fn audit(&mut self) -> Result<(), DemoError> {
        say("The auditor looks at the trail; the server checks it");
        let mut window = Window::open(&self.desktop, &self.start).await?;
        self.sign_in(&mut window, &AUDITOR).await?;
        window.click("audit-open").await?;
        window.element("audit-verify").await?;
        self.shoot("audit")?;
        // The bar below has the long notice of a first sign-in in it.
        window.in_sight("status-clock").await?;
        let page =
            window.call("audit_page", json!({ "form": { "patientId": null, "fromIndex": null } })).await?;
        self.report.events_recorded = page["verified"]["size"].as_u64().unwrap_or_default();
        let sound_here = page["verified"]["ok"] == true;
        let until = now() + Duration::from_secs(60);
        while self.report.events_delivered < self.report.events_recorded && now() < until {
            let check = self.clinic.check_log()?;
            self.report.events_delivered = check.size;
            self.report.chain_verified = sound_here && check.is_sound();
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        self.report.changes_delivered = self.clinic.holdings()?.changes_applied;
        self.end_app(window).await
    }

    pub(super) async fn refuse_outsiders(&mut self, port: u16) -> Result<(), DemoError> {
        let root = self.clinic.root_certificate()?;
        self.report.refused_without_certificate =
            outsiders::is_refused_without_certificate(port, &root).await?;
        self.report.refused_foreign_certificate =
            outsiders::is_refused_with_foreign_certificate(port, &root).await?;
        Ok(())
    }

    /// A lock ends the page; this ends the driver and the replaced app, for the next window.
    pub(super) async fn after_lock(&self, window: Window) -> Result<(), DemoError> {
        self.end_app(window).await
    }

    pub(super) async fn end_app(&self, window: Window) -> Result<(), DemoError> {
        processes::end(&self.start.binary)?;
        window.close().await
    }

    pub(super) fn shoot(&mut self, name: &str) -> Result<(), DemoError> {
        // The element is there a frame or two before it is painted.
        std::thread::sleep(Duration::from_millis(250));
        self.picture += 1;
        self.desktop.picture(&self.pictures.join(format!("{:02}-{name}.png", self.picture)))
    }

    /// As [`MainJob::shoot`], when nobody drives the window any more.
    pub(super) fn shoot_when_painted(&mut self, name: &str) -> Result<(), DemoError> {
        self.picture += 1;
        let file = self.pictures.join(format!("{:02}-{name}.png", self.picture));
        self.desktop.picture_when_painted(&file, Duration::from_secs(20))
    }

    /// Stops the app and looks for everything marked in all of its memory.
    pub(super) fn look_into_memory(&mut self, when: &str) -> Result<Residue, DemoError> {
        let stopped = Stopped::now(&self.start.binary)?;
        let found = processes::look_for(&self.canaries, &stopped)?;
        self.report.keep_residue(when, found.clone());
        Ok(found)
    }

    pub(super) fn took(&mut self, what: &str, begun: Instant) {
        self.report.seconds.insert(what.to_owned(), begun.elapsed().as_secs_f64());
    }
}
