//! The main job on a network that misbehaves: what the nurse writes meanwhile, what the bar says, and the account at the end.

use std::time::Duration;

use keys::Random;
use records::event::EventKind;
use serde_json::{Value, json};

use super::MainJob;
use crate::demo::DemoError;
use crate::demo::cli;
use crate::demo::clinic::say;
use crate::demo::driver::{Window, now};
use crate::demo::report::CutsSeen;
use crate::demo::witness::{self, Call, pressure_entry};
use crate::network::{Account, Entry, Proxy, Storm, Struck, events_out_of_order};
use crate::practice::people::{CLINICIAN, NURSE};

/// How long the nurse writes at most.
const WRITING_LIMIT: Duration = Duration::from_secs(30 * 60);
/// How long the app may take to come to rest when the network is well again.
const CALM_LIMIT: Duration = Duration::from_secs(240);
/// What the bar says may be as old as this.
const SETTLED_WITHIN: Duration = Duration::from_secs(1);
/// How long the nurse is away. The app replaces itself meanwhile: whoever drives it sooner drives the one that is going.
const LOCKED_FOR: Duration = Duration::from_secs(3);
/// Every so many saves the nurse looks at the page that says what was sent.
const PAGE_EVERY: usize = 8;
/// So many pictures are taken of that page.
const PICTURES: usize = 4;

/// What was told to be saved, and what the network does meanwhile.
pub(super) struct Cuts {
    /// Everything that the screen has confirmed.
    pub(super) account: Account,
    /// What the chart held before.
    known: Vec<Entry>,
    planned: Option<Planned>,
}

#[derive(Clone, Copy)]
struct Planned {
    count: usize,
    seed: u64,
}

impl Cuts {
    /// What a run is to do to its network, and the proxy that does it.
    ///
    /// # Errors
    /// Where no proxy can be started.
    pub(super) fn plan(plan: &cli::Headless) -> Result<(Cuts, Option<Proxy>), DemoError> {
        let seed = plan.seed.unwrap_or_else(|| u64::from_be_bytes(Random::from_os().bytes()) >> 32);
        let planned = plan.cuts.map(|count| Planned { count: count as usize, seed });
        if let Some(Planned { count, seed }) = planned {
            say(&format!(
                "The network is disturbed {count} times; the same again: --cuts {count} --seed {seed}"
            ));
        }
        let proxy = planned.map(|_| Proxy::start(plan.clinic.port)).transpose()?;
        Ok((Cuts { account: Account::default(), known: Vec::new(), planned }, proxy))
    }

    /// A blood pressure that no other save of this run has, nor the chart before.
    fn pressure(&self, number: usize) -> Result<(u32, u32), DemoError> {
        let pairs = (60..82).flat_map(|diastolic| (100..140).map(move |systolic| (systolic, diastolic)));
        let mut free = pairs.filter(|pair| !self.known.contains(&pressure_entry(pair.0, pair.1)));
        free.nth(number).ok_or_else(|| DemoError::step("think of another blood pressure"))
    }
}

impl MainJob {
    /// Where the network is to be disturbed: the nurse writes in a chart until the last fault has come, locks once meanwhile,
    /// and waits until all is sent.
    pub(super) async fn write_through_the_cuts(&mut self, mut window: Window) -> Result<Window, DemoError> {
        let (Some(Planned { count, seed }), Some(proxy)) = (self.cuts.planned, self.clinic.proxy.clone())
        else {
            return Ok(window);
        };
        say(&format!("The nurse writes while the network is disturbed {count} times"));
        self.find_and_open(&mut window).await?;
        self.cuts.known = self.entries(&window).await?;
        let mut seen = CutsSeen { seed, planned: count, ..CutsSeen::default() };
        let (begun, before) = (now(), (proxy.carried(), proxy.passed()));
        let storm = Storm::begin(proxy.clone(), seed, count);
        let mut has_locked = false;
        while storm.passed() < count {
            if begun.elapsed() > WRITING_LIMIT {
                return Err(DemoError::not_seen("the last fault of the network"));
            }
            self.write_one(&mut window).await?;
            self.look_at_the_bar(&mut window, &mut seen).await?;
            if self.cuts.account.len().is_multiple_of(PAGE_EVERY) {
                self.look_at_the_page(&mut window).await?;
            }
            if !has_locked && storm.passed() >= count / 2 {
                window = self.lock_and_come_back(window).await?;
                has_locked = true;
            }
        }
        let struck = storm.end();
        (seen.connections, seen.bytes) = (proxy.carried() - before.0, proxy.passed() - before.1);
        self.tell(&struck, &mut seen);
        seen.calm = self.comes_to_rest(&mut window).await?;
        self.shoot("after-the-cuts")?;
        // Where she stood is kept for her, and what comes next begins with looking for somebody.
        window.click("home-open").await?;
        window.element("home-screen").await?;
        self.took("writing through the cuts", begun);
        self.report.cuts = Some(seen);
        Ok(window)
    }

    /// What the chart of the patient holds, as the page gets it.
    async fn entries(&self, window: &Window) -> Result<Vec<Entry>, DemoError> {
        let form = json!({ "patientId": self.patient_id, "reason": null });
        Ok(witness::entries_of(&window.call("open_chart", json!({ "form": form })).await?))
    }

    /// One save, as a person does it; it counts as confirmed once its panel has closed.
    async fn write_one(&mut self, window: &mut Window) -> Result<(), DemoError> {
        let number = self.cuts.account.len();
        let entry = if number.is_multiple_of(3) {
            let (systolic, diastolic) = self.cuts.pressure(number)?;
            window.click("vitals-open").await?;
            window.type_into("vitals-systolic", &systolic.to_string()).await?;
            window.type_into("vitals-diastolic", &diastolic.to_string()).await?;
            window.click("vitals-save").await?;
            window.gone("vitals-panel").await?;
            pressure_entry(systolic, diastolic)
        } else {
            let text = format!("Round {number}: slept well, eats well, walks to the door and back.");
            window.click("note-new").await?;
            window.type_into("note-text", &text).await?;
            window.click(if number.is_multiple_of(2) { "note-sign" } else { "note-save" }).await?;
            window.gone("note-panel").await?;
            text
        };
        self.cuts.account.confirm(entry);
        // As with the button of the page: without it the app waits longer after each failure.
        window.call("sync_now", json!({})).await?;
        Ok(())
    }

    /// What the bar calls sent has to be at the server; what it says may be a moment old.
    async fn look_at_the_bar(&self, window: &mut Window, seen: &mut CutsSeen) -> Result<(), DemoError> {
        let confirmed = self.cuts.account.len() as u64;
        seen.looks += 1;
        let until = now() + SETTLED_WITHIN;
        loop {
            let bar = Bar::read(window).await?;
            let applied = self.clinic.holdings()?.changes_applied;
            if confirmed.saturating_sub(bar.unsent) <= applied {
                seen.looks_offline += u32::from(!bar.is_online);
                return Ok(());
            }
            if now() > until {
                seen.untrue
                    .push(format!("{confirmed} saved, {} unsent, {applied} at the server", bar.unsent));
                return Ok(());
            }
        }
    }

    async fn look_at_the_page(&mut self, window: &mut Window) -> Result<(), DemoError> {
        window.click("sync-tab").await?;
        window.click("sync-now").await?;
        window.element("sync-state").await?;
        if self.cuts.account.len() <= PAGE_EVERY * PICTURES {
            self.shoot("sync-between-cuts")?;
        }
        window.click("chart-tab").await?;
        window.element("banner").await?;
        Ok(())
    }

    /// The locked app delivers, with the faults going on.
    async fn lock_and_come_back(&mut self, mut window: Window) -> Result<Window, DemoError> {
        window.click_for_the_last_time("lock-button").await?;
        tokio::time::sleep(LOCKED_FOR).await;
        self.shoot_when_painted("locked-between-cuts")?;
        let mut window = window.after_lock(&self.desktop, &self.start).await?;
        window.element("parked-person").await?;
        window.type_into("reentry-passphrase", NURSE.passphrase).await?;
        window.click("reentry-submit").await?;
        window.element("banner").await?;
        Ok(window)
    }

    fn tell(&self, struck: &Struck, seen: &mut CutsSeen) {
        seen.struck = struck.live.iter().map(|(fault, count)| (fault.name(), *count)).collect();
        seen.struck_nobody = struck.nobody;
        let kinds: Vec<String> = seen.struck.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        say(&format!("{} faults hit a live connection: {}", struck.hits(), kinds.join(", ")));
        say(&format!("{} found none; {} connections, {} bytes", struck.nobody, seen.connections, seen.bytes));
        let (saves, looks, away) = (self.cuts.account.len(), seen.looks, seen.looks_offline);
        say(&format!(
            "{saves} saves confirmed; the bar was compared {looks} times, {away} times it said offline"
        ));
    }

    /// The network is well again, and the bar comes to say so.
    async fn comes_to_rest(&self, window: &mut Window) -> Result<bool, DemoError> {
        let until = now() + CALM_LIMIT;
        while now() < until {
            let bar = Bar::read(window).await?;
            if bar.is_online && bar.unsent == 0 {
                return Ok(true);
            }
            window.call("sync_now", json!({})).await?;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Ok(false)
    }

    /// With the server stopped, the bar says offline and counts both saves.
    pub(super) async fn says_that_it_waits(&self, window: &mut Window) -> Result<bool, DemoError> {
        let until = now() + Duration::from_secs(20);
        while now() < until {
            let bar = Bar::read(window).await?;
            if !bar.is_online && bar.unsent == 2 {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(false)
    }

    /// Counts at the server and at a second workstation what the screen has confirmed in the whole run.
    pub(super) async fn account_for_everything(&mut self) -> Result<(), DemoError> {
        let Some(mut seen) = self.report.cuts.take() else { return Ok(()) };
        say("Everything that was confirmed is counted at the server, and at a second workstation");
        seen.confirmed = self.cuts.account.len() as u64;
        seen.applied = self.clinic.holdings()?.changes_applied;
        self.clinic.stop_server();
        let events = self.clinic.events_of_the_workstation();
        self.clinic.start_server()?;
        let events = events?;
        seen.events = events.len() as u64;
        seen.intents = events.iter().filter(|event| is_intent(event)).count() as u64;
        seen.events_wrong = events_out_of_order(&events);
        let found = witness::entries_of(&self.ask_the_witness().await?);
        seen.wrong = self.cuts.account.against(&without(found, &self.cuts.known));
        seen.accounted = true;
        for words in seen.untrue.iter().chain(&seen.wrong).chain(&seen.events_wrong) {
            say(&format!("  {words}"));
        }
        say(&format!(
            "{} confirmed, {} applied, {} intents, {} events",
            seen.confirmed, seen.applied, seen.intents, seen.events
        ));
        self.report.cuts = Some(seen);
        Ok(())
    }

    async fn ask_the_witness(&mut self) -> Result<Value, DemoError> {
        let code = self.next_code(&CLINICIAN).await?;
        let folder = self.clinic.folder.join("second");
        let (server, token) = (self.clinic.enrolment_address(), self.clinic.token("Second room")?);
        let patient = self.patient_id.clone();
        // A workstation waits for its own threads, which nothing inside this runtime may do.
        let asked = std::thread::spawn(move || {
            witness::read_chart(Call { folder: &folder, server, token, code }, &patient)
        });
        asked.join().map_err(|_| DemoError::step("read the chart at a second workstation"))?
    }
}

/// What the bar at the foot of the window says.
struct Bar {
    is_online: bool,
    unsent: u64,
}

impl Bar {
    async fn read(window: &mut Window) -> Result<Bar, DemoError> {
        let is_online = window.text("status-connection").await? == "Online";
        let unsent = window.text("status-unsent").await?;
        let number = unsent.strip_suffix(" unsent").and_then(|number| number.parse().ok());
        match number {
            Some(unsent) => Ok(Bar { is_online, unsent }),
            None if unsent == "all sent" => Ok(Bar { is_online, unsent: 0 }),
            None => Err(DemoError::not_seen("what is unsent, in the bar")),
        }
    }
}

/// What is left when each of `known` is taken away once.
fn without(mut entries: Vec<Entry>, known: &[Entry]) -> Vec<Entry> {
    for one in known {
        if let Some(place) = entries.iter().position(|entry| entry == one) {
            entries.swap_remove(place);
        }
    }
    entries
}

fn is_intent(event: &Value) -> bool {
    EventKind::of(event) == Some(EventKind::WriteIntent)
}
