//! Pages for drawers that are shut: the server seals each to the newest keys of the drawer, and they wait on the disk until
//! somebody opens it (`client/src/station/inbox.rs`, `client/src/session/pages.rs`).

use super::disk::{Cut, Disk};
use super::server::Line;
use super::station::Station;
use super::world::World;
use super::{Ms, at};
use records::Drawer;
use std::collections::BTreeSet;
use std::rc::Rc;
use sync::wire::Cursor;

/// A page that waits for its drawer.
#[derive(Clone, Debug)]
pub(super) struct WaitingPage {
    pub(super) drawer: Drawer,
    from: u64,
    to: u64,
    generation: u32,
    lines: Rc<Vec<Line>>,
}

/// What stands for a sealed page on the wire: where its lines lie, and which keys open it.
pub(super) fn sealed_body(number: u64, generation: u32) -> Vec<u8> {
    [&number.to_le_bytes()[..], &generation.to_le_bytes()].concat()
}

impl Disk {
    pub(super) fn granted(&self) -> BTreeSet<Drawer> {
        self.grants.iter().map(|(_, drawer, _)| *drawer).collect()
    }

    /// Removes the pages of drawers that nobody here could open any more.
    pub(super) fn forget_pages_of_nobody(&mut self) -> Result<(), Cut> {
        let granted = self.granted();
        if self.inbox.iter().any(|page| !granted.contains(&page.drawer)) {
            self.step()?;
            self.inbox.retain(|page| granted.contains(&page.drawer));
        }
        Ok(())
    }

    /// Applies what came while a drawer was shut that is open now.
    pub(super) fn apply_waiting_pages(&mut self, drawer: Drawer) -> Result<(), Cut> {
        while let Some(page) = self.inbox.iter().find(|page| page.drawer == drawer).cloned() {
            let (stands, generation) = (self.drawer(drawer).cursor, self.drawer(drawer).generation);
            let is_known = page.to <= stands;
            if !is_known && page.from <= stands && generation < page.generation {
                return Ok(());
            }
            let is_useless = page.from > stands || generation != page.generation;
            if !is_known && !is_useless {
                self.apply_page(drawer, (stands, page.to), &page.lines)?;
            }
            self.step()?;
            let goes = |waiting: &WaitingPage| {
                waiting.drawer == drawer && (waiting.from == page.from || (!is_known && is_useless))
            };
            self.inbox.retain(|waiting| !goes(waiting));
        }
        Ok(())
    }

    /// What is there of a page twice is there once: the file has the place in its name.
    fn keep_page(&mut self, page: WaitingPage) -> Result<(), Cut> {
        self.step()?;
        self.inbox.retain(|known| (known.drawer, known.from) != (page.drawer, page.from));
        self.inbox.push(page);
        self.inbox.sort_by_key(|page| (page.drawer, page.from));
        Ok(())
    }
}

impl Station {
    /// Where the pages of each drawer go on that is shut. One that nobody has opened here yet is filled when somebody does.
    fn shut_cursors(&self) -> Vec<Cursor> {
        if self.disk.retired {
            return Vec::new();
        }
        let is_open = |drawer| self.session.as_ref().is_some_and(|session| session.drawers.contains(&drawer));
        let shut = self.disk.granted().into_iter().filter(|drawer| !is_open(*drawer));
        shut.filter_map(|drawer| {
            let stands = self.disk.drawers.get(&drawer)?.cursor;
            let waiting = self.disk.inbox.iter().filter(|page| page.drawer == drawer).map(|page| page.to);
            Some(Cursor { drawer, after: waiting.fold(stands, u64::max) })
        })
        .collect()
    }

    /// Tells the machine which drawers are shut, where that has changed.
    pub(super) fn tell_shut(&mut self, now: Ms) {
        let (cursors, clock) = (self.shut_cursors(), at(self.clock(now)));
        let Some(machine) = &mut self.machine else { return };
        if self.told_shut.as_ref() != Some(&cursors) {
            machine.handle_shut(cursors.clone(), clock);
            self.told_shut = Some(cursors);
        }
    }
}

impl World {
    pub(super) fn keep_page(&mut self, station: usize, from: Cursor, next: Cursor, body: &[u8]) {
        let (number, generation) = body.split_at(8);
        let number = u64::from_le_bytes(number.try_into().unwrap());
        let generation = u32::from_le_bytes(generation.try_into().unwrap());
        let Some(lines) = self.pages.get(&number).cloned() else { return };
        self.at(station, |station, now| {
            let admits = !station.disk.retired;
            if admits {
                let (drawer, from, to) = (from.drawer, from.after, next.after);
                station.disk.keep_page(WaitingPage { drawer, from, to, generation, lines })?;
            }
            let clock = at(station.clock(now));
            if let Some(machine) = &mut station.machine {
                match admits {
                    true => machine.handle_page_applied(next, clock),
                    false => machine.handle_page_failed(from, clock),
                }
            }
            Ok(())
        });
    }

    /// The policy once more, from what really happened: somebody who works here has to have a role with the drawer.
    pub(super) fn note_sealed_page(&mut self, device: usize, drawer: Drawer) {
        let mut people = self.server.devices[device].people.iter().map(|p| &self.server.members[*p]);
        if !people.any(|m| m.ended_at.is_none() && m.role_at(self.now).drawers().contains(&drawer)) {
            self.oracle.forbidden.push(format!("w{device}: was given a page of {drawer} that nobody opens"));
        }
    }
}
