//! What happens to a practice: scenes drawn from the seed, then peace, then everybody comes once more.

use super::server::Order;
use super::world::World;
use super::{DAY, HOUR, MINUTE, Ms, at};
use records::{Drawer, Role};

/// Plays a seed to its end.
pub(super) fn play(world: &mut World) {
    let (least, most) = match world.dice.below(20) {
        0 => (20, 25),
        1..=5 => (3, 8),
        _ => (1, 2),
    };
    let days = least + world.dice.below(most);
    let scenes = 30 + world.dice.below(60);
    let gap = days as Ms * DAY / scenes as Ms;
    for _ in 0..scenes {
        scene(world);
        let pause = world.dice.below(2 * gap.unsigned_abs());
        // Much happens in one minute, and then nothing for hours.
        let is_soon = world.dice.hits(60);
        world.run(if is_soon { pause as Ms % MINUTE } else { pause as Ms });
    }
    peace(world);
}

fn scene(world: &mut World) {
    let station = world.dice.below(world.stations.len() as u64) as usize;
    let person = world.dice.below(world.server.members.len() as u64) as usize;
    match world.dice.below(100) {
        0..=44 => {
            if world.stations[station].session.is_none() {
                world.sign_in(station, person);
            }
            for _ in 0..=world.dice.below(3) {
                world.write(station);
            }
        }
        45..=54 => drop(world.sign_in(station, person)),
        55..=58 => drop(world.at(station, |station, now| station.close(now))),
        59..=62 => sync_now(world, station),
        63..=70 => network(world, station),
        71..=74 => world.power_cut(station),
        75..=82 => {
            // The power will go before one of the next writes.
            let steps = world.dice.below(12) as u32;
            world.stations[station].disk.steps_left = Some(steps);
        }
        83..=85 => {
            let skew = world.dice.below(2 * DAY.unsigned_abs()) as Ms - DAY;
            world.tell(|| format!("w{station}: its clock is off by {} min", skew / MINUTE));
            world.stations[station].set_clock(skew, world.now);
        }
        86..=88 => {
            let wait = world.dice.below(6 * HOUR.unsigned_abs()) as Ms;
            world.tell(|| format!("the server is down for {} min", wait / MINUTE));
            world.server_down_until = world.now + wait;
        }
        89..=91 => world.forge(station),
        92..=95 => order(world, station, person),
        96 => change_role(world, person),
        97 => match world.dice.below(3) {
            0 => world.lose_the_server(),
            _ => world.server.back_up(world.now),
        },
        98 if world.dice.hits(50) => end_person(world, person),
        99 if world.dice.hits(50) => {
            world.tell(|| format!("w{station} is revoked"));
            world.server.devices[station].revoked = true;
        }
        _ => {}
    }
}

fn sync_now(world: &mut World, station: usize) {
    let now = world.now;
    let held = &mut world.stations[station];
    let clock = at(held.clock(now));
    if let Some(machine) = &mut held.machine {
        machine.handle_sync_now(clock);
    }
}

fn network(world: &mut World, station: usize) {
    let longest = match world.dice.below(10) {
        0 => 30 * DAY,
        1..=4 => 8 * HOUR,
        _ => 10 * MINUTE,
    };
    let cut = world.dice.below(longest.unsigned_abs()) as Ms;
    world.links[station].cut_until = world.now + cut;
    world.links[station].loss = world.dice.below(60);
    world.tell(|| format!("w{station}: no network for {} min", cut / MINUTE));
}

fn order(world: &mut World, station: usize, person: usize) {
    let order = match world.dice.below(12) {
        0..=3 => Order::Lock,
        4..=7 => {
            let drawers = [Drawer::Demographics, Drawer::Clinical, Drawer::Sensitive];
            let drawer = drawers[world.dice.below(3) as usize];
            let generation = world.server.devices[station].generations.entry(drawer).or_insert(1);
            *generation += 1;
            Order::ReKey { drawer, generation: *generation }
        }
        8..=10 => Order::DropPerson { person },
        _ => Order::Wipe { deliver_first: world.dice.hits(60) },
    };
    give(world, station, order);
}

fn give(world: &mut World, station: usize, order: Order) {
    world.tell(|| format!("w{station} is ordered: {order:?}"));
    let known = &mut world.server.devices[station];
    match &order {
        Order::DropPerson { person } => drop(known.people.remove(person)),
        Order::Wipe { deliver_first: false } => drop(world.oracle.destroyed.insert(station)),
        Order::Wipe { .. } | Order::Lock | Order::ReKey { .. } | Order::SendAgain => {}
    }
    known.orders.push(order);
}

fn change_role(world: &mut World, person: usize) {
    let role = [Role::Nurse, Role::Clinician, Role::FrontDesk][world.dice.below(3) as usize];
    world.tell(|| format!("p{person} is a {} from now on", role.as_str()));
    let now = world.now;
    world.server.members[person].roles.push((now, role));
}

fn end_person(world: &mut World, person: usize) {
    world.tell(|| format!("p{person} has left"));
    world.server.members[person].ended_at = Some(world.now);
    for station in 0..world.stations.len() {
        give(world, station, Order::DropPerson { person });
    }
}

/// Everything works again, and everybody who still may comes to every workstation twice.
fn peace(world: &mut World) {
    world.tell(|| "peace".to_owned());
    world.heal();
    for held in &mut world.stations {
        held.set_clock(0, world.now);
    }
    // After a restore an edit may wait a day for what it stands on.
    world.run(if world.server.epoch > 0 { 44 * HOUR } else { 14 * HOUR });
    for _ in 0..2 {
        for station in 0..world.stations.len() {
            for person in 0..world.server.members.len() {
                let has_been_here = world.stations[station].disk.slots.contains_key(&person);
                if has_been_here && world.sign_in(station, person) {
                    sync_now(world, station);
                    world.run(8 * MINUTE);
                }
            }
            world.at(station, |station, now| station.close(now));
        }
        world.run(7 * HOUR);
    }
}
