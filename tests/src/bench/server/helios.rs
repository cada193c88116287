//! A FHIR server by others, helios-hfs, given the same records and the same bundles of events: its pace stands beside ours. It
//! speaks without TLS, keeps its file in clear and records nobody's access, so the figures are not of the same work.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use client::{Clock as _, SystemClock};
use records::Document;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::runtime::Runtime;

use super::super::report::Line;
use super::super::statistics::{rate_by_part, spread};
use super::super::{BenchResult, say};
use super::PARTS;
use super::first_sync::Records;
use crate::served::{Batch, memory_of};

/// Entries of one transaction, and of one page of history: what a workstation begins with, and what it asks for at the most.
const TRANSACTION: usize = 250;
const PAGE: usize = 1_000;
/// Each part ends after so long, and its pace is of what was done by then.
const AT_MOST: Duration = Duration::from_secs(300);
/// How long the program may take to listen.
const START: Duration = Duration::from_secs(60);

/// The program, with a file of its own.
struct Helios {
    program: Child,
    base: String,
    http: reqwest::Client,
}

/// How far something had come, and when.
type Looks = Vec<(Duration, f64)>;

/// Lets the program take records and events in and give the records out again.
pub(super) fn measure(
    program: &Path,
    folder: &Path,
    records: &Records,
    events: &[Batch],
) -> BenchResult<Vec<Line>> {
    std::fs::create_dir_all(folder)?;
    let runtime = Runtime::new()?;
    runtime.block_on(async {
        let helios = Helios::start(program, folder).await?;
        say("helios-hfs: transactions");
        let taken = helios.take(records).await?;
        say("helios-hfs: history");
        let given = helios.give().await?;
        say("helios-hfs: audit events");
        let recorded = helios.record(events).await?;
        let memory = memory_of(helios.program.id().ok_or("helios-hfs has ended")?)?;
        let of_transactions = format!("in transactions of {TRANSACTION}, one after another");
        Ok(vec![
            line("import, helios-hfs", "resources/s", &taken, &of_transactions),
            line(
                "history, helios-hfs",
                "resources/s",
                &given,
                &format!("in pages of {PAGE}, read and not kept"),
            ),
            line(
                "audit ingest, helios-hfs",
                "events/s",
                &recorded,
                "the bundles of our own ingest, one after another",
            ),
            Line {
                name: "memory of helios-hfs",
                value: f64::from(u32::try_from(memory.pss / 1024)?),
                unit: "MiB",
                limit: None,
                spread: None,
                note: "PSS at the end".to_owned(),
                reason: "",
            },
        ])
    })
}

impl Helios {
    async fn start(program: &Path, folder: &Path) -> BenchResult<Helios> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut command = Command::new(program);
        command.current_dir(folder).kill_on_drop(true).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("HFS_DATABASE_URL", "records.db").env("HFS_SERVER_PORT", port.to_string());
        command
            .env("HFS_UI_ENABLED", "false")
            .env("HFS_SEED_CONFORMANCE", "false")
            .env("HFS_LOG_LEVEL", "error");
        let program = command.spawn()?;
        let helios =
            Helios { program, base: format!("http://127.0.0.1:{port}"), http: reqwest::Client::new() };
        let clock = SystemClock::new();
        while helios.http.get(format!("{}/health", helios.base)).send().await.is_err() {
            if clock.monotonic() > START {
                return Err("helios-hfs does not listen".into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(helios)
    }

    async fn take(&self, records: &Records) -> BenchResult<Looks> {
        let clock = SystemClock::new();
        let mut looks = vec![(Duration::ZERO, 0.0)];
        let (mut entries, mut done) = (Vec::with_capacity(TRANSACTION), 0_u32);
        let mut lines = BufReader::new(File::open(&records.path)?).lines();
        loop {
            let resource = lines.next().transpose()?;
            let is_last = resource.is_none();
            if let Some(resource) = resource {
                entries.push(entry(&resource)?);
            }
            if entries.len() == TRANSACTION || (is_last && !entries.is_empty()) {
                self.post(transaction(&entries)).await?;
                done += u32::try_from(entries.len())?;
                entries.clear();
                looks.push((clock.monotonic(), f64::from(done)));
            }
            if is_last || clock.monotonic() > AT_MOST {
                return Ok(looks);
            }
        }
    }

    async fn give(&self) -> BenchResult<Looks> {
        let clock = SystemClock::new();
        let mut looks = vec![(Duration::ZERO, 0.0)];
        let mut next = Some(format!("{}/_history?_count={PAGE}", self.base));
        let mut done = 0_u32;
        while let Some(address) = next.filter(|_| clock.monotonic() < AT_MOST) {
            let page: Value = self.http.get(address).send().await?.error_for_status()?.json().await?;
            done += u32::try_from(page["entry"].as_array().map_or(0, Vec::len))?;
            looks.push((clock.monotonic(), f64::from(done)));
            let links = page["link"].as_array().into_iter().flatten();
            next = links
                .filter(|link| link["relation"] == "next")
                .find_map(|link| link["url"].as_str())
                .map(|url| self.absolute(url));
        }
        Ok(looks)
    }

    async fn record(&self, events: &[Batch]) -> BenchResult<Looks> {
        let clock = SystemClock::new();
        let mut looks = vec![(Duration::ZERO, 0.0)];
        let mut done = 0_u32;
        for batch in events {
            self.post(batch.body().to_vec()).await?;
            done += u32::try_from(batch.count)?;
            looks.push((clock.monotonic(), f64::from(done)));
            if clock.monotonic() > AT_MOST {
                break;
            }
        }
        Ok(looks)
    }

    /// Sends a bundle; an error where it, or anything in it, is not taken.
    async fn post(&self, bundle: Vec<u8>) -> BenchResult<()> {
        let request = self.http.post(&self.base).header(CONTENT_TYPE, "application/fhir+json").body(bundle);
        let answer: Value = request.send().await?.error_for_status()?.json().await?;
        let statuses = answer["entry"].as_array().into_iter().flatten();
        let refused = statuses
            .filter_map(|entry| entry["response"]["status"].as_str())
            .find(|status| !status.starts_with('2'));
        refused.map_or(Ok(()), |status| Err(format!("helios-hfs answered {status} to an entry").into()))
    }

    fn absolute(&self, url: &str) -> String {
        if url.starts_with("http") {
            url.to_owned()
        } else {
            format!("{}/{}", self.base, url.trim_start_matches('/'))
        }
    }
}

fn entry(resource: &str) -> BenchResult<String> {
    let document = Document::parse(resource.as_bytes().to_vec())?;
    let key = document.key();
    Ok(format!(
        r#"{{"fullUrl":"https://localhost/{key}","resource":{resource},"request":{{"method":"PUT","url":"{key}"}}}}"#
    ))
}

fn transaction(entries: &[String]) -> Vec<u8> {
    format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#, entries.join(","))
        .into_bytes()
}

fn line(name: &'static str, unit: &'static str, looks: &Looks, how: &str) -> Line {
    let (time, done) = looks.last().copied().unwrap_or_default();
    Line {
        name,
        value: done / time.as_secs_f64(),
        unit,
        limit: None,
        spread: Some(spread(&rate_by_part(looks, PARTS))),
        note: format!("{done} in {:.1} s, {how}; no TLS, no encryption, no audit", time.as_secs_f64()),
        reason: "",
    }
}
