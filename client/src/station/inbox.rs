//! Pages for drawers that are shut: where they go on, keeping them, and applying them once somebody opens the drawer.

use std::collections::BTreeSet;

use records::Drawer;
use sync::wire::Cursor;
use vault::WaitingPage;

use super::Station;
use crate::{ClientError, Code};

impl Station {
    /// The drawers of this workstation that are shut and that somebody here could open, each with where its pages go on.
    /// None while it retires, or while the pages that wait take too much room.
    pub(crate) fn shut_cursors(&self) -> Vec<Cursor> {
        if self.retiring().is_some() || self.is_wiped() {
            return Vec::new();
        }
        let open = self.store().vault().map(|vault| vault.open_drawers()).unwrap_or_default();
        self.try_shut_cursors(&open).unwrap_or_else(|error| {
            tracing::warn!(code = error.code.as_str(), "what waits for shut drawers could not be looked at");
            Vec::new()
        })
    }

    fn try_shut_cursors(&self, open: &[Drawer]) -> Result<Vec<Cursor>, ClientError> {
        let device = self.device();
        if device.is_inbox_full()? {
            return Ok(Vec::new());
        }
        let (granted, waiting) = (device.granted_drawers()?, device.waiting_pages()?);
        let mut cursors = Vec::new();
        for drawer in granted.into_iter().filter(|drawer| !open.contains(drawer)) {
            // A drawer that nobody has opened here yet is filled when somebody does.
            let Some(noted) = device.noted_cursor(drawer)? else { continue };
            let kept = waiting.iter().filter(|page| page.drawer == drawer).map(|page| page.to).max();
            let noted: Cursor = match noted.is_empty() {
                true => Cursor::start(drawer),
                false => noted.parse().map_err(|_| Code::VaultDamaged)?,
            };
            cursors.push(Cursor { drawer, after: noted.after.max(kept.unwrap_or(0)) });
        }
        Ok(cursors)
    }

    /// Keeps a page for a drawer that is shut, if the practice's server made it for this workstation and this place.
    pub(crate) fn keep_page(&self, from: Cursor, next: Cursor, body: &[u8]) -> Result<(), ClientError> {
        let key = *self.trust().directive_key();
        let header = keys::inbox::verify(body, &key).map_err(|_| Code::ServerAnswer)?;
        let identity = self.identity();
        let fits = header.practice == identity.practice.uuid()
            && header.device == identity.device.uuid()
            && header.drawer == from.drawer.as_str()
            && (header.from, header.to) == (from.after, next.after);
        if !fits {
            return Err(Code::ServerAnswer.into());
        }
        self.admits_work()?;
        let page = WaitingPage { drawer: from.drawer, from: from.after, to: next.after };
        self.store().keep_page(&page, body)
    }

    /// Applies what came while the drawers were shut that are open now, page by page: whoever works has turns between them.
    pub(crate) fn apply_waiting_pages(&self) -> Result<(), ClientError> {
        let key = *self.trust().directive_key();
        while self.ask(move |session| session.apply_waiting_page(&key))? {
            self.sync_page_changed();
        }
        Ok(())
    }

    /// Removes the pages of drawers that nobody here could open any more.
    pub(super) fn forget_pages_of_nobody(&self) -> Result<(), ClientError> {
        let mut device = self.device();
        let granted: BTreeSet<Drawer> = device.granted_drawers()?;
        device.remove_pages(|drawer| !granted.contains(&drawer))?;
        Ok(())
    }
}
