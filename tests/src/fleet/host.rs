//! The server of a fleet: the server's own library in a process by itself, as `chartkeep-server serve` runs it, at a time that is told.
//!
//! The program that ships takes its time from the operating system and from nobody else; so this is another program.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};

use chartkeep_server::clock::Clock;
use chartkeep_server::data_dir::DataDir;
use chartkeep_server::practice::Practice;
use chartkeep_server::serving::{Addresses, start};
use clap::Args;
use jiff::Timestamp;

use crate::served::{Outcome, on_its_own};

/// Where both listeners of the server are.
pub(super) type Ports = (u16, u16);

/// What the process of the server is told at its start.
#[derive(Args)]
pub(super) struct Told {
    data: std::path::PathBuf,
    main: u16,
    enrolment: u16,
    at: Timestamp,
}

/// The server's process, seen from the fleet. It ends when this is dropped, or whoever held it is gone.
pub(super) struct Host {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Host {
    /// Starts it, where the workstations know it to be.
    pub(super) fn start(data: &Path, ports: Ports, at: Timestamp, log: &Path) -> Outcome<Host> {
        let log = std::fs::File::create(log)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").arg(data).args([ports.0.to_string(), ports.1.to_string(), at.to_string()]);
        on_its_own(&mut command).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn()?;
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().ok_or("the server has no output")?);
        let mut host = Host { child, orders, answers };
        host.hear("ready")?;
        Ok(host)
    }

    /// Sets its clock.
    pub(super) fn set(&mut self, at: Timestamp) -> Outcome<()> {
        let line = at.to_string();
        let orders = self.orders.as_mut().ok_or("the server was told to stop")?;
        orders.write_all(format!("{line}\n").as_bytes())?;
        self.hear(&line)
    }

    /// The number of its process.
    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Lets it finish, as an operator does.
    pub(super) fn stop(mut self) -> Outcome<()> {
        self.orders = None;
        let ended = self.child.wait()?;
        if ended.success() { Ok(()) } else { Err(format!("the server ended with {ended}").into()) }
    }

    fn hear(&mut self, expected: &str) -> Outcome<()> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        if line.trim_end() == expected { Ok(()) } else { Err("the server does not run (see its log)".into()) }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// An address of this machine alone.
pub(super) fn here(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Serves until standard input ends; each line of it is the time from then on.
pub(super) fn serve(told: &Told) -> ExitCode {
    let level = tracing_subscriber::EnvFilter::new("info");
    tracing_subscriber::fmt().json().with_writer(std::io::stderr).with_env_filter(level).init();
    match serve_until_told(told) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            crate::bench::say(&format!("{error}"));
            ExitCode::FAILURE
        }
    }
}

fn serve_until_told(told: &Told) -> Outcome<()> {
    let clock = Clock::set_to(told.at);
    let practice = Practice::open(&DataDir::at(&told.data), clock.clone())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let addresses = Addresses { main: here(told.main), enrolment: here(told.enrolment) };
        let running = start(practice, addresses)?;
        let (ended, told_to_stop) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let _whoever_told_us_is_gone = follow(&clock);
            drop(ended);
        });
        running.until(async { drop(told_to_stop.await) }).await
    })?;
    Ok(())
}

fn follow(clock: &Clock) -> Outcome<()> {
    answer("ready")?;
    for line in std::io::stdin().lines() {
        let line = line?;
        clock.set(line.parse()?);
        answer(&line)?;
    }
    Ok(())
}

fn answer(line: &str) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    out.flush()?;
    Ok(())
}
