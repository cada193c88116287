//! What must be true of a practice when peace has come, whatever happened before.

use super::disk::{Paper, State};
use super::paper::{drawer_of, has_mark, line, person_id};
use super::restoring::NUMBERS;
use super::server::{Order, Way};
use super::since_opening;
use super::station::{Station, Writing};
use super::world::World;
use records::Drawer;
use records::change::{Base, Outcome, RefusalCode};
use records::id::ChangeId;
use std::collections::{BTreeMap, BTreeSet};
use sync::wire::Standing;

/// What is wrong; nothing if all is well.
pub(super) fn faults(world: &World) -> Vec<String> {
    let mut faults: Vec<String> = world.oracle.wrong.iter().chain(&world.oracle.forbidden).cloned().collect();
    for (change, writing) in &world.oracle.begun {
        faults.extend(arrival(world, *change, writing));
    }
    receipts(world, &mut faults);
    authors(world, &mut faults);
    contents(world, &mut faults);
    for station in &world.stations {
        events(world, station, &mut faults);
        policy(world, station, &mut faults);
        convergence(world, station, &mut faults);
    }
    quarantine(world, &mut faults);
    faults
}

/// Whether something that went with the server is not in the record again: a workstation that had it is gone as well, it met
/// something else now, or its author may not write it any more. Then it waits for a person, or stays where somebody has it.
fn is_missing_for_good(world: &World) -> bool {
    let is_there = |change: &ChangeId| {
        let known = world.server.changes.get(change);
        known.is_some_and(|known| matches!(known.outcome, Outcome::Applied { .. }))
    };
    !world.oracle.unmade.iter().all(is_there)
}

/// What was said to be saved is at the server, or it is known why it is not.
fn arrival(world: &World, change: ChangeId, writing: &Writing) -> Option<String> {
    let device = writing.envelope.device;
    let is_cut_off = world.oracle.destroyed.contains(&device)
        || world.server.devices[device].revoked
        || (world.server.epoch > 0 && world.stations[device].disk.retired);
    let Some(received) = world.server.changes.get(&change) else {
        let stopped = is_stopped(world, writing);
        let was_saved = world.oracle.saved.contains(&change);
        let may_miss = world.oracle.refused.contains(&change)
            || is_cut_off
            || stopped
            || !was_saved
            || (world.server.epoch > 0 && world.server.others_may_come(device, world.now));
        return (!may_miss).then(|| format!("m{} was saved and did not arrive", writing.mark));
    };
    let explained = match &received.outcome {
        Outcome::Applied { .. } | Outcome::Conflict { .. } => true,
        Outcome::Refused { code: RefusalCode::NotAllowed } => !is_sure_to_be_allowed(world, writing),
        Outcome::Refused { code: RefusalCode::Quarantined } => {
            world.server.members[writing.envelope.author].ended_at.is_some()
                || world.server.devices[device].revoked
        }
        Outcome::Refused { code: RefusalCode::Dependency } => true,
        // The whole record went with the server, and what had made it is refused now or out of reach.
        Outcome::Refused { code: RefusalCode::UnknownBase } if world.server.epoch > 0 => true,
        Outcome::Refused {
            code:
                RefusalCode::Unreadable
                | RefusalCode::Signature
                | RefusalCode::Exists
                | RefusalCode::UnknownBase
                | RefusalCode::AnotherPatient
                | RefusalCode::Links
                | RefusalCode::Erased,
        } => false,
    };
    (!explained).then(|| format!("m{} was refused for no reason: {:?}", writing.mark, received.outcome))
}

/// Whether a change stands on one that was refused, so that it stays where it is.
fn is_stopped(world: &World, writing: &Writing) -> bool {
    let mut writing = writing;
    while let Base::Change(base) = writing.envelope.base() {
        let refused = world
            .server
            .changes
            .get(&base)
            .is_some_and(|known| matches!(known.outcome, Outcome::Refused { .. }));
        if refused || world.oracle.refused.contains(&base) {
            return true;
        }
        let Some(below) = world.oracle.begun.get(&base) else { return false };
        writing = below;
    }
    false
}

/// A person who had one role all the time and cares for the patients may write what they could open.
fn is_sure_to_be_allowed(world: &World, writing: &Writing) -> bool {
    let member = &world.server.members[writing.envelope.author];
    let key = writing.envelope.document().key();
    let drawers: BTreeSet<Drawer> =
        world.server.records.get(key).into_iter().flatten().map(|v| drawer_of(&v.document)).collect();
    let is_create = writing.envelope.base() == Base::None;
    member.roles.len() == 1
        && member.cares
        && !is_create
        && drawers.iter().all(|drawer| *drawer == Drawer::Clinical)
        && drawer_of(writing.envelope.document()) == Drawer::Clinical
}

/// What a workstation was told is what the server still says, and what stands on its own disk.
fn receipts(world: &World, faults: &mut Vec<String>) {
    for (change, receipt) in &world.oracle.receipts {
        let Some(writing) = world.oracle.begun.get(change) else { continue };
        let now = world.server.changes.get(change).map(|known| Standing::from(&known.outcome));
        if now.as_ref() != Some(&receipt.standing) {
            faults.push(format!("m{}: told {:?}, holds {now:?}", writing.mark, receipt.standing));
        }
        let station = &world.stations[writing.envelope.device];
        let listed = station.disk.outbox.iter().find(|listed| listed.change == *change);
        // One that waits once more has the answer of before, until it gets another or stands on one that was refused.
        let settled = listed.filter(|listed| listed.state == State::Answered);
        let answer = settled.and_then(|listed| listed.answer.as_ref());
        if answer.is_some_and(|answer| *answer != receipt.standing) {
            faults.push(format!("m{}: another answer is on the disk: {answer:?}", writing.mark));
        }
    }
}

/// Every version is by who really wrote it, and made once.
fn authors(world: &World, faults: &mut Vec<String>) {
    let mut made = BTreeSet::new();
    for (key, versions) in &world.server.records {
        let numbers: Vec<u64> = versions.iter().map(|version| version.number).collect();
        let next = |pair: &[u64]| pair[1] == pair[0] + 1 || (pair[1] % NUMBERS == 1 && pair[1] > pair[0]);
        if numbers[0] % NUMBERS != 1 || !numbers.windows(2).all(next) {
            faults.push(format!("{key}: its versions are not counted one after the other"));
        }
        for version in versions {
            if !made.insert(version.change) {
                faults.push(format!("{key}: a change was applied twice"));
            }
            let Some(writing) = world.oracle.begun.get(&version.change) else {
                faults.push(format!("{key}: a change that nobody wrote"));
                continue;
            };
            let real = (writing.envelope.author, writing.envelope.device);
            if (version.author, version.device) != real {
                faults.push(format!("m{}: under the name of p{}", writing.mark, version.author));
            }
            rights(world, writing, faults);
        }
    }
}

/// Nothing is in the record that its author could not have had a right to write, by any clock.
fn rights(world: &World, writing: &Writing, faults: &mut Vec<String>) {
    let member = &world.server.members[writing.envelope.author];
    let received = world.server.changes.get(&writing.envelope.id());
    let received_at = received.map_or(writing.written_at, |received| received.received_at);
    let role = member.role_at(writing.written_at.min(received_at));
    let drawer = drawer_of(writing.envelope.document());
    if !role.drawers().contains(&drawer) {
        faults.push(format!("m{}: a {} wrote into {drawer}", writing.mark, role.as_str()));
    }
    if member.ended_at.is_some_and(|ended| ended < received_at) {
        faults.push(format!("m{}: applied although its author had left", writing.mark));
    }
}

/// Every note of an applied change is in the record, and no line was put over one that its author had not seen.
fn contents(world: &World, faults: &mut Vec<String>) {
    for (key, versions) in &world.server.records {
        let mut before = "s0".to_owned();
        for (place, version) in versions.iter().enumerate() {
            let Some(writing) = world.oracle.begun.get(&version.change) else { continue };
            let lost = |later: &super::server::Version| !has_mark(&later.document, writing.mark);
            if let Some(later) = versions[place..].iter().find(|later| lost(later)) {
                faults.push(format!("{key}: m{} is not in version {}", writing.mark, later.number));
            }
            let after = line(&version.document).to_owned();
            // What its author had seen may come back later than it, from another workstation, once the server was put back.
            let is_lost = world.server.epoch > 0
                && !versions[..place].iter().any(|earlier| line(&earlier.document) == writing.line_before);
            if after != before && writing.line_before != before && !is_lost {
                faults.push(format!("{key}: m{} put its line over one it had not seen", writing.mark));
            }
            before = after;
        }
    }
}

/// The log at the server is the one on the disk: nothing missing, nothing twice, nobody alarmed.
fn events(world: &World, station: &Station, faults: &mut Vec<String>) {
    let known = &world.server.devices[station.number];
    let held = known.log.len();
    if station.disk.log.get(..held) != Some(&known.log[..]) {
        faults.push(format!("w{}: the log at the server is another one", station.number));
    }
    if held < station.disk.log.len() && !known.revoked {
        let missing = station.disk.log.len() - held;
        faults.push(format!("w{}: {missing} events did not arrive", station.number));
    }
    let once: BTreeSet<u64> = known.log.iter().copied().collect();
    if once.len() != held {
        faults.push(format!("w{}: an event is there twice", station.number));
    }
    faults.extend(station.alarms.iter().map(|alarm| format!("w{}: {alarm}", station.number)));
}

/// No record is where the policy forbids it.
fn policy(world: &World, station: &Station, faults: &mut Vec<String>) {
    let number = station.number;
    for (drawer, file) in &station.disk.drawers {
        if !world.oracle.opened.contains(&(number, *drawer)) && !file.rows.is_empty() {
            faults.push(format!("w{number}: {drawer} has records, and nobody ever opened it"));
        }
        let stray = file.rows.values().any(|(_, document)| drawer_of(document) != *drawer);
        if stray {
            faults.push(format!("w{number}: {drawer} holds a record of another drawer"));
        }
    }
    let granted = station.disk.granted();
    let of_nobody = station.disk.inbox.iter().filter(|page| !granted.contains(&page.drawer));
    faults.extend(of_nobody.map(|page| format!("w{number}: a page waits for {}, for nobody", page.drawer)));
    let mut last_drop = BTreeMap::new();
    for kept in station.disk.orders.values() {
        match &kept.order {
            Order::Wipe { .. } if kept.done => {
                let rows = station.disk.drawers.values().map(|file| file.rows.len()).sum::<usize>();
                if rows + station.disk.envelopes.len() + station.disk.grants.len() + station.disk.inbox.len()
                    > 0
                {
                    faults.push(format!("w{number}: wiped, and {rows} records are there"));
                }
            }
            Order::DropPerson { person } => drop(last_drop.insert(*person, kept.done)),
            Order::Lock | Order::ReKey { .. } | Order::Wipe { .. } | Order::SendAgain => {}
        }
    }
    for (person, is_done) in last_drop {
        let known = &world.server.devices[number];
        let came_back = known.people.contains(&person);
        let has_heard_all = station.disk.orders_done() >= known.orders.len() as u64;
        if is_done && has_heard_all && !came_back && station.disk.slots.contains_key(&person) {
            faults.push(format!("w{number}: p{person} was dropped and still opens it"));
        }
    }
}

/// Every drawer that somebody still opens shows what the server has, and nothing waits.
fn convergence(world: &World, station: &Station, faults: &mut Vec<String>) {
    let number = station.number;
    if station.disk.retired || world.server.devices[number].revoked {
        return;
    }
    let may_come = |grant: &&(usize, Drawer, u32)| station.disk.slots.contains_key(&grant.0);
    let open: BTreeSet<Drawer> =
        station.disk.grants.iter().filter(may_come).map(|(_, drawer, _)| *drawer).collect();
    for drawer in open {
        let Some(file) = station.disk.drawers.get(&drawer) else { continue };
        let theirs: BTreeMap<_, _> = world
            .server
            .records
            .iter()
            .filter_map(|(key, versions)| Some((key, versions.last()?)))
            .filter(|(_, version)| drawer_of(&version.document) == drawer)
            .map(|(key, version)| (key, (version.number, version.document.bytes())))
            .collect();
        let stopped = |pending: &super::disk::Pending| {
            let listed = station.disk.outbox.iter().find(|l| l.change == pending.envelope.id());
            let writing = world.oracle.begun.get(&pending.envelope.id());
            let is_quarantined = listed.is_some_and(|l| matches!(l.answer, Some(Standing::Quarantined)));
            let may_come = world.server.epoch > 0 && world.server.others_may_come(number, world.now);
            pending.paper == Paper::Apart
                || is_quarantined
                || may_come
                || writing.is_some_and(|w| is_stopped(world, w))
        };
        if let Some(waits) = file.pending.iter().find(|pending| !stopped(pending)) {
            let state = station.disk.outbox.iter().find(|l| l.change == waits.envelope.id()).map(|l| l.state);
            if state != Some(State::Abandoned) {
                faults.push(format!("w{number}: {:?} still waits in {drawer}", waits.envelope.id()));
            }
        }
        let under =
            file.pending.iter().filter(|p| p.paper == Paper::Waits).map(|p| p.envelope.document().key());
        let set_aside: BTreeSet<_> = under.collect();
        if is_missing_for_good(world) {
            // What only a lost disk could bring again stays where somebody has it.
            continue;
        }
        let ours = file.rows.iter().filter(|(key, _)| !set_aside.contains(key));
        let ours: BTreeMap<_, _> = ours.map(|(key, (version, doc))| (key, (*version, doc.bytes()))).collect();
        for (key, theirs) in theirs.iter().filter(|(key, _)| !set_aside.contains(*key)) {
            if ours.get(key) != Some(theirs) {
                let here = ours.get(key).map(|(version, _)| *version);
                faults.push(format!("w{number}: {key} is {here:?} here and {} there", theirs.0));
            }
        }
        if let Some(extra) = ours.keys().find(|key| !theirs.contains_key(*key)) {
            faults.push(format!("w{number}: {extra} is here and not at the server"));
        }
    }
}

/// What came from who has left is kept for a person to look at; also what comes by file from a workstation that was revoked.
fn quarantine(world: &World, faults: &mut Vec<String>) {
    let mut server = world.server.clone();
    for station in world.stations.iter().filter(|station| world.server.devices[station.number].revoked) {
        for envelope in station.disk.envelopes.values() {
            let receipt = server.receive(station.number, envelope, Way::File, world.now);
            let is_known = world.server.changes.contains_key(&envelope.id());
            if !is_known && receipt.standing != Standing::Quarantined {
                faults.push(format!("w{}: revoked, and {:?}", station.number, receipt.standing));
            }
        }
    }
    for (change, received) in &server.changes {
        let is_quarantined = matches!(received.outcome, Outcome::Refused { code: RefusalCode::Quarantined });
        if is_quarantined
            && received.envelope.as_ref().is_none_or(|e| e.change.origin().author != person_id(e.author))
        {
            faults.push(format!("{change} was put aside, and is not there"));
        }
        debug_assert!(received.received_at >= 0 && since_opening(super::at(0)) == 0);
    }
}
