//! The main job of the product, done by itself in a real window: what a nurse and the front desk do on a day when
//! the server goes away and comes back.

mod cuts;
mod locks;
mod moves;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use cuts::Cuts;

use super::DemoError;
use super::cli;
use super::clinic::{Clinic, say};
use super::desktop::{Desktop, DesktopPlan};
use super::driver::{AppStart, Window, now};
use super::logind::Logind;
use super::processes::{self, Canary, Stopped};
use super::report::Report;
use super::state::{FOLDER, Phones};
use super::witness::pressure_entry;
use crate::practice::people::{FRONT_DESK, NURSE};

const NOTE: &str = "Patient reports steady improvement; zinnober-kestrel plan agreed.";
const HALF_NOTE: &str = "Second visit today, wound dry, quittenbaum dressing chang";
/// What the clinical texts are called in the report.
const CLINICAL: &str = "clinical text";
/// What the keys of the drawers are called in it.
const DRAWER_KEY: &str = "drawer key";
/// After a lock, memory is clean within this time (design §9).
const CLEAN_WITHIN: Duration = Duration::from_secs(1);
/// The app locks itself after so many seconds in the part that waits for it.
const IDLE_S: u64 = 12;

/// What the run works with.
pub(crate) struct MainJob {
    desktop: Desktop,
    logind: Logind,
    clinic: Clinic,
    start: AppStart,
    phones: Phones,
    pictures: PathBuf,
    picture: usize,
    /// What has been seen.
    pub(crate) report: Report,
    canaries: Vec<Canary>,
    clinical: Vec<String>,
    patient_id: String,
    /// What is told to be saved, and how the network misbehaves meanwhile.
    cuts: Cuts,
}

impl MainJob {
    /// A clinic, a desktop, and an app that is ready to be started.
    ///
    /// # Errors
    /// The step that failed.
    pub(crate) async fn prepare(
        plan: &cli::Headless,
        folder: &Path,
        today: Date,
    ) -> Result<MainJob, DemoError> {
        let (cuts, proxy) = Cuts::plan(plan)?;
        let plan = &plan.clinic;
        let home = folder.join("home");
        let mut desktop =
            Desktop::start(&DesktopPlan { home, display: Some(plan.display), private_keyring: true })?;
        let logind = Logind::start(&mut desktop).await?;
        let clinic = Clinic::make(plan, folder, today, proxy)?;
        let pictures = PathBuf::from(FOLDER);
        clinic.join(&desktop, &pictures)?;
        let start = AppStart {
            binary: plan.app.clone(),
            arguments: clinic.app_arguments(plan.idle),
            display: plan.display,
        };
        let holdings = clinic.holdings()?;
        let report = Report {
            patients: holdings.patients(),
            resources: holdings.resources(),
            enrolled: true,
            ..Report::default()
        };
        let phones = Phones::load(&pictures)?;
        let mut canaries = vec![
            Canary::new("note", "zinnober-kestrel"),
            Canary::new("draft", "quittenbaum"),
            Canary::new("passphrase", NURSE.passphrase),
            Canary::new("passphrase", FRONT_DESK.passphrase),
        ];
        canaries.extend(phones.seeds()?.iter().map(|seed| Canary::of_key("seed", seed.expose())));
        Ok(MainJob {
            desktop,
            logind,
            clinic,
            start,
            phones,
            pictures,
            picture: 0,
            report,
            canaries,
            clinical: vec![NOTE.to_owned(), HALF_NOTE.to_owned()],
            patient_id: String::new(),
            cuts,
        })
    }

    /// Does it all.
    ///
    /// # Errors
    /// The first thing that was not seen.
    pub(crate) async fn run(&mut self) -> Result<(), DemoError> {
        self.first_sign_in().await?;
        let port = self.clinic.port();
        self.clinic.stop_server();
        // The server made them, so its store is where a bystander can know them from.
        let keys = self.clinic.drawer_keys()?;
        self.canaries.extend(keys.iter().map(|key| Canary::of_key(DRAWER_KEY, key.expose())));
        let window = self.work_offline().await?;
        self.come_back_to_the_draft(window).await?;
        self.front_desk_after_the_nurse(port).await?;
        self.outcome_for_the_nurse().await?;
        self.audit().await?;
        self.account_for_everything().await
    }

    /// A nurse signs in for the first time, online, and the records arrive.
    async fn first_sign_in(&mut self) -> Result<(), DemoError> {
        say("The nurse signs in for the first time, online");
        let begun = now();
        let mut window = Window::open(&self.desktop, &self.start).await?;
        window.element("signin-username").await?;
        self.shoot("sign-in")?;
        self.sign_in(&mut window, &NURSE).await?;
        window.element("home-screen").await?;
        self.wait_for_records(&mut window).await?;
        self.took("first sign-in and first sync", begun);
        self.shoot("home")?;
        window = self.write_through_the_cuts(window).await?;
        window.click_for_the_last_time("lock-button").await?;
        self.after_lock(window).await
    }

    /// Everything a nurse does with the server stopped, up to the locks in the middle of a word.
    async fn work_offline(&mut self) -> Result<Window, DemoError> {
        say("With the server stopped: unlock, search, chart, vital signs, notes");
        let mut window = Window::open(&self.desktop, &self.start).await?;
        self.sign_in(&mut window, &NURSE).await?;
        window.element("home-screen").await?;
        self.report.unlocked_offline = true;
        self.find_and_open(&mut window).await?;
        self.record_vitals(&mut window).await?;
        self.write_note(&mut window).await?;
        self.report.unsent_shown = self.says_that_it_waits(&mut window).await?;
        window.click("note-new").await?;
        window.type_into("note-text", HALF_NOTE).await?;
        window.in_sight("note-sign").await?;
        self.shoot("note-half-written")?;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        let mut window = self.every_lock(window).await?;
        window.click_for_the_last_time("lock-button").await?;
        self.shoot_when_painted("locked")?;
        Ok(window)
    }

    async fn find_and_open(&mut self, window: &mut Window) -> Result<(), DemoError> {
        let today = window.call("today", json!({ "form": { "after": null } })).await?;
        let appointment =
            today["rows"].as_array().and_then(|rows| rows.iter().find(|row| row["status"] != "cancelled"));
        let appointment = appointment.ok_or_else(|| DemoError::not_seen("an appointment today"))?;
        let name = appointment["patientName"].as_str().unwrap_or_default().to_owned();
        self.patient_id = appointment["patientId"].as_str().unwrap_or_default().to_owned();
        let letters: String = name.chars().take_while(|letter| *letter != ',').take(5).collect();
        window.click("search-input").await?;
        let begun = now();
        window.type_into("search-input", &letters.to_lowercase()).await?;
        window.element("search-row").await?;
        self.report.search_ms = milliseconds(begun);
        self.shoot("search")?;
        // The patient of the appointment, by the record and not by the place in the list.
        window.click_row("search-row", &name).await?;
        let mut begun = now();
        match window.first_of(&["banner", "same-name-open", "reason-visit"]).await? {
            "banner" => {}
            dialog => {
                self.shoot("look-twice")?;
                begun = now();
                window.click(dialog).await?;
            }
        }
        window.element("banner").await?;
        window.element("summary-problems").await?;
        self.report.chart_ms = milliseconds(begun);
        self.canaries.push(Canary::new("name", &name));
        self.note_clinical_texts(window).await?;
        self.shoot("chart")?;
        for section in ["vitals", "medications", "allergies", "notes"] {
            window.click(&format!("section-{section}")).await?;
            window.element(&format!("page-{section}")).await?;
            if section == "vitals" {
                window.element("vitals-plot").await?;
            }
            self.shoot(&format!("chart-{section}"))?;
        }
        window.click("section-summary").await
    }

    /// Remembers texts of this chart that only clinical roles may see.
    async fn note_clinical_texts(&mut self, window: &mut Window) -> Result<(), DemoError> {
        let form = json!({ "patientId": self.patient_id, "reason": null });
        let chart = window.call("open_chart", json!({ "form": form })).await?;
        let titles = |list: &Value, name: &str| -> Vec<String> {
            let rows = list.as_array().into_iter().flatten();
            rows.filter_map(|row| row[name].as_str()).map(ToOwned::to_owned).collect()
        };
        self.clinical.extend(titles(&chart["problems"], "title"));
        self.clinical.extend(titles(&chart["notes"], "text"));
        self.clinical.extend(titles(&chart["medications"]["current"], "name"));
        Ok(())
    }

    async fn record_vitals(&mut self, window: &mut Window) -> Result<(), DemoError> {
        window.click("vitals-open").await?;
        for (field, value) in [("systolic", "128"), ("diastolic", "82"), ("heartRate", "71"), ("spo2", "98")]
        {
            window.type_into(&format!("vitals-{field}"), value).await?;
        }
        self.shoot("vitals-entry")?;
        window.click("vitals-save").await?;
        window.gone("vitals-panel").await?;
        self.cuts.account.confirm(pressure_entry(128, 82));
        self.shoot("vitals-saved")
    }

    async fn write_note(&mut self, window: &mut Window) -> Result<(), DemoError> {
        window.click("note-new").await?;
        window.type_into("note-text", NOTE).await?;
        window.click("note-sign").await?;
        window.gone("note-panel").await?;
        self.cuts.account.confirm(NOTE);
        Ok(())
    }

    /// Back to the same field and text; then a wrong and a used code.
    async fn come_back_to_the_draft(&mut self, locked: Window) -> Result<(), DemoError> {
        say("Back at the half-written word; a wrong code and a used code are refused");
        let mut window = locked.after_lock(&self.desktop, &self.start).await?;
        // She could come back with the passphrase alone, and signs in fully all the same.
        window.click("reentry-full").await?;
        let used = self.sign_in(&mut window, &NURSE).await?;
        window.in_sight("note-sign").await?;
        self.report.draft_restored = window.value("note-text").await? == HALF_NOTE;
        self.shoot("draft-restored")?;
        window.click_for_the_last_time("lock-button").await?;
        self.after_lock(window).await?;

        let mut window = Window::open(&self.desktop, &self.start).await?;
        self.report.used_code_refused = self.is_refused(&mut window, &used).await?;
        self.shoot("used-code-refused")?;
        let wrong = self.phones.wrong_code(NURSE.username, timestamp())?;
        self.report.wrong_code_refused = self.is_refused(&mut window, &wrong).await?;
        self.end_app(window).await
    }

    /// The front desk at the same computer, the idle lock, the server's return and what the locked app delivers.
    async fn front_desk_after_the_nurse(&mut self, port: u16) -> Result<(), DemoError> {
        say("The front desk signs in on the same computer");
        self.clinic.start_server()?;
        let mut start = self.start.clone();
        start.arguments.extend(["--idle".to_owned(), IDLE_S.to_string()]);
        let mut window = Window::open(&self.desktop, &start).await?;
        self.sign_in(&mut window, &FRONT_DESK).await?;
        window.element("home-screen").await?;
        self.shoot("front-desk-home")?;
        let (clinical, before) = self.clinical_bytes(&mut window).await?;
        self.report.front_desk_clinical_bytes = clinical;
        self.shoot("front-desk-chart")?;
        say("Nobody touches anything: the app warns, locks itself and delivers while locked");
        let begun = now();
        window.element_within("lock-warning", Duration::from_secs(IDLE_S * 2)).await?;
        self.shoot("lock-warning")?;
        self.report.locked_by_idle = self.wait_for_lock(&mut window).await;
        self.took("idle lock", begun);
        // The lock was noticed at most one glance after it came.
        tokio::time::sleep(CLEAN_WITHIN.saturating_sub(moves::GLANCE)).await;
        let after = self.look_into_memory("1 s after the idle lock")?;
        self.report.count_places(before, after.total());
        self.wait_for_delivery()?;
        self.shoot_when_painted("locked-and-delivered")?;
        self.end_app(window).await?;
        self.refuse_outsiders(port).await
    }

    /// Counts clinical text of the nurse's patient in what the page can get and in the app's memory; and what else is
    /// marked there: their own lock has to clean up something too, or the look after it proves nothing.
    async fn clinical_bytes(&mut self, window: &mut Window) -> Result<(u64, u64), DemoError> {
        let form = json!({ "patientId": self.patient_id, "reason": null });
        let asked = json!({ "form": form });
        let chart = window.call("open_chart", asked).await?.to_string();
        let told: usize =
            self.clinical.iter().filter(|text| chart.contains(text.as_str())).map(String::len).sum();
        window.click_row("today-row", "").await?;
        window.element("banner").await?;
        // One look for both: the app is stopped meanwhile, and its idle time runs on.
        let clinical = self.clinical.iter().take(2).map(|text| Canary::new(CLINICAL, text));
        let marks: Vec<Canary> = self.canaries.iter().cloned().chain(clinical).collect();
        let found = processes::look_for(&marks, &Stopped::now(&self.start.binary)?)?;
        let seen = found.total_of(CLINICAL);
        let others = found.total() - seen;
        self.report.keep_residue("while the front desk works", found);
        Ok((told as u64 + seen, others))
    }

    /// The nurse's next pull shows what became of the changes.
    async fn outcome_for_the_nurse(&mut self) -> Result<(), DemoError> {
        say("The nurse's next sign-in shows the outcome");
        let mut window = Window::open(&self.desktop, &self.start).await?;
        self.sign_in(&mut window, &NURSE).await?;
        window.element("desk").await?;
        window.click("sync-tab").await?;
        let until = now() + Duration::from_secs(60);
        while !self.report.outcome_shown && now() < until {
            window.call("sync_now", json!({})).await?;
            let sync = window.call("sync_status", json!({})).await?;
            let settled = sync["unsentChanges"] == 0 && sync["refused"].as_array().is_some_and(Vec::is_empty);
            self.report.outcome_shown = settled && sync["online"] == true;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        self.shoot("sync")?;
        window.click_for_the_last_time("lock-button").await?;
        self.after_lock(window).await
    }
}

fn milliseconds(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1000.0
}

/// The demo's wall clock.
#[expect(clippy::disallowed_methods, reason = "the demo's phones show the time of this machine")]
pub(super) fn timestamp() -> Timestamp {
    Timestamp::now()
}
