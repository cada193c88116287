//! A run: the practice is made, everybody joins, shift follows shift, everybody comes back, and it is judged.

use std::path::Path;
use std::time::Duration;

use client::{Clock as _, SystemClock};
use jiff::tz::TimeZone;
use tokio::runtime::Runtime;

use super::gauge::{Gauge, Phase, Place};
use super::ground::Ground;
use super::host::Host;
use super::judge::judge;
use super::lanes::{Lanes, Task};
use super::plan::Plan;
use super::progress::Progress;
use super::report::{End, Report, line};
use super::stop::Stop;
use super::workplace::{When, Workplace};
use super::{Arguments, Store};
use crate::bench::say;
use crate::served::{Cluster, Outcome};

/// Less room on the disk ends a run, in bytes.
const LEAST_ROOM: u64 = 4 << 30;
/// How often everybody tries to tell what is left, at the end.
const TRIES: u32 = 5;

/// What became of a run.
pub(super) enum Ended {
    /// To its end.
    Judged(Box<Report>),
    /// Somebody wanted it to end.
    Stopped,
}

pub(super) fn run(arguments: &Arguments) -> Outcome<Ended> {
    std::fs::create_dir_all(&arguments.folder)?;
    let place = tempfile::Builder::new().prefix("files-").tempdir_in(&arguments.folder)?;
    let today = SystemClock::new().now().to_zoned(TimeZone::UTC).date();
    let plan = Plan::new(arguments.devices, arguments.days, arguments.seed, arguments.events, today)?;
    raise_the_limit_of_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let stop = runtime.block_on(async { Stop::listen() })?;
    let cluster = match arguments.store {
        Store::Sqlcipher => None,
        // Its own user does not reach the folder of the clone.
        Store::Postgres => Some(Cluster::start(Path::new("/var/tmp"))?),
    };
    say(&format!("{} workstations, {} days, {} events planned", plan.devices, plan.days, plan.events()));
    let mut ground = Ground::make(place.path(), cluster.as_ref(), &plan)?;
    let workplaces = join(&mut ground, &plan, &runtime, &stop)?;
    if stop.is_told() {
        return Ok(Ended::Stopped);
    }
    let log = place.path().join("server.log");
    let mut host = Host::start(&ground.data, ground.ports, plan.begins()?, &log)?;
    let kept = match &cluster {
        Some(cluster) => Place::Cluster(cluster),
        None => Place::File(chartkeep_server::data_dir::DataDir::at(&ground.data).store()),
    };
    let mut gauge = Gauge::new(kept, ground.practice.clone(), host.process())?;
    let mut lanes = Lanes::deal(workplaces, arguments.lanes);
    let mut report = empty_report(arguments);
    let mut fleet = Fleet { plan, runtime: &runtime, stop: &stop, host: &mut host, gauge: &mut gauge };
    let worked = fleet.work(&mut lanes, &mut report, arguments);
    if stop.is_told() {
        return Ok(Ended::Stopped);
    }
    worked?;
    let (checkpoints, seconds) = (std::mem::take(&mut gauge.checkpoints), gauge.elapsed().as_secs_f64());
    report.set_checkpoints(checkpoints);
    report.seconds = seconds;
    host.stop()?;
    finish(&mut report, &ground, &lanes.gather())?;
    Ok(if stop.is_told() { Ended::Stopped } else { Ended::Judged(Box::new(report)) })
}

fn join(ground: &mut Ground, plan: &Plan, runtime: &Runtime, stop: &Stop) -> Outcome<Vec<Workplace>> {
    let progress = Progress::of(plan.devices.into(), "workstations have joined");
    let joined = ground.join(plan.devices, |done| {
        progress.at(done as u64);
        !stop.is_told()
    });
    runtime.block_on(joined)
}

fn finish(report: &mut Report, ground: &Ground, workplaces: &[Workplace]) -> Outcome<()> {
    say("counting, and checking every log from its bytes up");
    let clock = SystemClock::new();
    let begun = clock.monotonic();
    let verdict = judge(&ground.practice, workplaces)?;
    report.judged_in_seconds = (clock.monotonic() - begun).as_secs_f64();
    report.events_recorded = workplaces.iter().map(|workplace| workplace.station.size()).sum();
    report.changes_written = workplaces.iter().map(|workplace| workplace.written.len() as u64).sum();
    report.events_held = verdict.events;
    report.changes_applied = verdict.changes;
    report.losses = verdict.count;
    report.losses_told = verdict.losses;
    Ok(())
}

/// What works before a server.
struct Fleet<'a, 'b> {
    plan: Plan,
    runtime: &'a Runtime,
    stop: &'a Stop,
    host: &'a mut Host,
    gauge: &'a mut Gauge<'b>,
}

impl Fleet<'_, '_> {
    /// Every shift, as far as time and disk go, and everybody's return.
    fn work(&mut self, lanes: &mut Lanes, report: &mut Report, arguments: &Arguments) -> Outcome<()> {
        let progress = Progress::of(self.plan.events(), "events");
        let most = arguments.minutes.map(|minutes| Duration::from_secs(minutes * 60));
        'days: for day in 0..self.plan.days {
            for shift in Plan::shifts() {
                if most.is_some_and(|most| self.gauge.elapsed() > most) {
                    report.ended = End::Time;
                } else if has_too_little_room(&arguments.folder)? {
                    report.ended = End::Disk;
                }
                if report.ended != End::Whole || self.stop.is_told() {
                    break 'days;
                }
                let (from, until) = self.plan.times(day, shift)?;
                self.host.set(until)?;
                self.all(lanes, Task::Shift(self.plan, shift, When { day, from, until }), report, &progress)?;
            }
            report.days_worked = day + 1;
            progress.now(&format!("events, day {} of {}", day + 1, self.plan.days));
        }
        if self.stop.is_told() {
            return Ok(());
        }
        if self.gauge.has_news() {
            progress.line(&line(self.gauge.look(Phase::Work)?));
        }
        progress.now("events, everybody comes back");
        self.host.set(self.plan.ends()?)?;
        for _ in 0..TRIES {
            self.all(lanes, Task::ComeBack(self.plan.ends()?), report, &progress)?;
            if lanes.unsent() == 0 || self.stop.is_told() {
                break;
            }
        }
        // What was written last is heard of by those who came back before it arrived.
        self.all(lanes, Task::ComeBack(self.plan.ends()?), report, &progress)?;
        let last = line(self.gauge.look(Phase::Return)?);
        progress.line(&last);
        Ok(())
    }

    fn all(
        &mut self,
        lanes: &mut Lanes,
        task: Task,
        report: &mut Report,
        progress: &Progress,
    ) -> Outcome<()> {
        let tally = self.runtime.block_on(lanes.all(task, self.stop))?;
        report.requests_repeated += tally.repeated;
        report.troubles += tally.troubles;
        report.troubles_told.extend(tally.told.iter().cloned());
        report.troubles_told.truncate(10);
        let is_time = self.gauge.add(tally);
        progress.at(self.gauge.events());
        if is_time && matches!(task, Task::Shift(..)) {
            progress.line(&line(self.gauge.look(Phase::Work)?));
        }
        Ok(())
    }
}

fn empty_report(arguments: &Arguments) -> Report {
    Report {
        store: arguments.store.name(),
        devices: arguments.devices,
        days: arguments.days,
        seed: arguments.seed,
        ended: End::Whole,
        days_worked: 0,
        seconds: 0.0,
        events_recorded: 0,
        events_held: 0,
        changes_written: 0,
        changes_applied: 0,
        requests_repeated: 0,
        troubles: 0,
        troubles_told: Vec::new(),
        losses: 0,
        losses_told: Vec::new(),
        judged_in_seconds: 0.0,
        checkpoints: Vec::new(),
        growth: Vec::new(),
    }
}

fn has_too_little_room(folder: &Path) -> Outcome<bool> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize) < LEAST_ROOM)
}

/// A connection for each workstation, at either end.
fn raise_the_limit_of_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // As it is, it is enough for some hundreds.
    let _as_it_was = setrlimit(Resource::Nofile, limit);
}
