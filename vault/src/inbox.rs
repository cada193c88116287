//! Pages for drawers that are shut: kept in `inbox/` as they came, sealed to their drawer, and opened with it.

use std::fs;
use std::path::PathBuf;

use keys::inbox::{self, PageHeader};
use keys::row::derive_inbox_key;
use keys::{SecretBytes, VerifyingKey};
use records::Drawer;
use records::rights::Permit;

use crate::device::Device;
use crate::durable;
use crate::error::{InboxError, StoreError};
use crate::folder::Folder;
use crate::vault::Vault;

/// What all pages together may take, in bytes: beyond it no page is kept until drawers were opened.
pub const INBOX_LIMIT: u64 = 256 << 20;
/// With less room than this the next page is not asked for.
const ROOM_FOR_A_PAGE: u64 = 32 << 20;

/// A page that waits for its drawer, by the name of its file. Nothing vouches for that before it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WaitingPage {
    /// The drawer.
    pub drawer: Drawer,
    /// Where in the server's sequence it begins.
    pub from: u64,
    /// Where it ends.
    pub to: u64,
}

/// A page that was opened.
#[derive(Debug)]
pub struct OpenedPage {
    /// What it said in the open.
    pub header: PageHeader,
    /// The history Bundle.
    pub bundle: SecretBytes,
}

impl WaitingPage {
    fn name(&self) -> String {
        format!("{}.{}.{}.page", self.drawer.as_str(), self.from, self.to)
    }

    fn named(name: &str) -> Option<Self> {
        let (drawer, numbers) = name.strip_suffix(".page")?.split_once('.')?;
        let (from, to) = numbers.split_once('.')?;
        let drawer = Drawer::ALL.into_iter().find(|known| known.as_str() == drawer)?;
        let page = Self { drawer, from: from.parse().ok()?, to: to.parse().ok()? };
        // A name in another form is of nobody.
        (page.name() == name).then_some(page)
    }
}

impl Folder {
    fn page_file(&self, page: &WaitingPage) -> PathBuf {
        self.inbox().join(page.name())
    }
}

impl Device {
    /// The pages that wait, by drawer, in the order in which they follow each other.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn waiting_pages(&self) -> Result<Vec<WaitingPage>, StoreError> {
        let mut pages = Vec::new();
        for entry in fs::read_dir(self.folder().inbox())? {
            pages.extend(entry?.file_name().to_str().and_then(WaitingPage::named));
        }
        pages.sort_unstable();
        Ok(pages)
    }

    /// Whether there is no room for another page.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn is_inbox_full(&self) -> Result<bool, StoreError> {
        Ok(self.inbox_length()?.saturating_add(ROOM_FOR_A_PAGE) > INBOX_LIMIT)
    }

    fn inbox_length(&self) -> Result<u64, StoreError> {
        let mut length = 0_u64;
        for entry in fs::read_dir(self.folder().inbox())? {
            length = length.saturating_add(entry?.metadata()?.len());
        }
        Ok(length)
    }

    /// Keeps a page that was verified, durably.
    ///
    /// # Errors
    /// [`InboxError::Full`] where the pages take too much already; and when the disk refuses.
    pub fn keep_page(&mut self, page: &WaitingPage, bytes: &[u8]) -> Result<(), InboxError> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.inbox_length()?.saturating_add(length) > INBOX_LIMIT {
            return Err(InboxError::Full);
        }
        durable::write(&self.folder().page_file(page), bytes).map_err(StoreError::from)?;
        Ok(())
    }

    /// Removes a page that is of no use any more.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove_page(&mut self, page: &WaitingPage) -> Result<(), StoreError> {
        Ok(durable::remove(&self.folder().page_file(page))?)
    }

    /// Removes the pages of these drawers, finished or not. What was in them is asked for again.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove_pages(&mut self, of: impl Fn(Drawer) -> bool) -> Result<(), StoreError> {
        for entry in fs::read_dir(self.folder().inbox())? {
            let entry = entry?;
            let name = entry.file_name();
            let begins = |drawer: &Drawer| {
                name.to_str().is_some_and(|name| name.starts_with(&format!("{}.", drawer.as_str())))
            };
            if Drawer::ALL.iter().find(|drawer| begins(drawer)).is_some_and(|drawer| of(*drawer)) {
                durable::remove(&entry.path())?;
            }
        }
        Ok(())
    }
}

impl Vault {
    /// Opens a page with the keys of its drawer, which is open.
    ///
    /// # Errors
    /// [`InboxError::OtherKeys`] where it waits for keys that are not here; [`InboxError::Damaged`] where it is not what its
    /// name says, the server did not make it, or it does not open.
    pub fn open_page(
        &self,
        permit: &Permit,
        page: &WaitingPage,
        directive_key: &VerifyingKey,
    ) -> Result<OpenedPage, InboxError> {
        if !self.may_replicate(permit, page.drawer) {
            return Err(InboxError::NotPermitted);
        }
        let path = self.device.folder().page_file(page);
        let bytes = durable::read(&path).map_err(StoreError::from)?.ok_or(InboxError::Damaged)?;
        let header = inbox::verify(&bytes, directive_key).map_err(|_| InboxError::Damaged)?;
        let identity = self.device.identity();
        let is_here = header.practice == identity.practice.uuid()
            && header.device == identity.device.uuid()
            && header.drawer == page.drawer.as_str()
            && (header.from, header.to) == (page.from, page.to);
        if !is_here {
            return Err(InboxError::Damaged);
        }
        let open = self.drawers.get(&page.drawer).ok_or(InboxError::OtherKeys)?;
        let keys = [Some(open.sealing().keys()), self.newer.get(&page.drawer)];
        let newest = keys.iter().flatten().map(|keys| keys.generation).max();
        let Some(keys) = keys.into_iter().flatten().find(|keys| keys.generation == header.generation) else {
            // Older keys never come back; newer ones may still come.
            let may_come = newest.is_some_and(|newest| newest < header.generation);
            return Err(if may_come { InboxError::OtherKeys } else { InboxError::Damaged });
        };
        let opened = inbox::open(&bytes, directive_key, &derive_inbox_key(&keys.field));
        let (header, bundle) = opened.map_err(|_| InboxError::Damaged)?;
        Ok(OpenedPage { header, bundle })
    }

    /// Notes in `device.db` how far the open drawers have come, for when they are shut. Where it cannot be noted, what the
    /// drawer has already is fetched once more.
    pub(crate) fn note_cursors(&mut self) {
        let Self { drawers, device, .. } = self;
        for (drawer, open) in drawers {
            let cursor = open.freshness().map(|fresh| fresh.cursor.unwrap_or_default());
            cursor.and_then(|cursor| device.note_cursor(*drawer, &cursor)).unwrap_or_default();
        }
    }
}
