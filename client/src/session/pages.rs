//! Pages of history on their way into the open drawers: as they come, or after they waited for the drawer.

use keys::VerifyingKey;
use records::id::RecordKey;
use records::rights::Action;
use records::{Document, Drawer};
use sync::wire::{Cursor, HistoryEntry, HistoryMethod, HistoryPage};
use vault::{ChartNews, InboxError, Page, PageEntry, PullError, WaitingPage};

use super::OpenSession;
use crate::{ClientError, Code};

impl OpenSession {
    /// Applies a page in one step with its cursor. One event a page.
    pub(crate) fn apply_page(&mut self, from: Cursor, next: Cursor, body: &[u8]) -> Result<(), ClientError> {
        let parsed = HistoryPage::parse(body).map_err(|_| Code::ServerAnswer)?;
        let (complete, arrived) = (!parsed.more, arrived(&parsed));
        let (entries, charts, next_cursor) = (entries(&parsed)?, charts(&parsed)?, next.to_string());
        let page = Page { entries, charts, next_cursor, complete, received_at: self.now() };
        let cursor = from.to_string();
        // The drawer was set back meanwhile to be fetched anew: this page would leave a gap.
        let stands = self.vault()?.cursor(from.drawer)?;
        if stands.map_or(Cursor::start(from.drawer).to_string(), |stands| stands) != cursor {
            return Err(Code::ServerAnswer.into());
        }
        let permit =
            self.permit_practice(Action::Replicate, |allowed| allowed.with_tokens(cursor.as_bytes()))?;
        self.vault()?.apply_page(&permit, from.drawer, &page)?;
        self.note_arrived(from.drawer, arrived);
        Ok(())
    }

    fn note_arrived(&mut self, drawer: Drawer, percent: Option<u32>) {
        match percent {
            Some(percent) => self.arriving.insert(drawer, percent),
            None => self.arriving.remove(&drawer),
        };
    }
}

/// How much of a drawer's history there is up to a page, from 0 to 99; `None` when that is all of it.
fn arrived(page: &HistoryPage<'_>) -> Option<u32> {
    let last = page.last.filter(|_| page.more)?;
    let percent = page.next.after.saturating_mul(100) / last.after.max(1);
    Some(u32::try_from(percent).unwrap_or(u32::MAX).min(99))
}

/// What became of the first page that waits for a drawer.
enum Waiting {
    /// It is done with: applied, or known already.
    Done,
    /// It is of no use, nor is what follows it: all of that is fetched anew.
    Useless,
    /// It waits for other keys.
    Stays,
}

impl OpenSession {
    /// Deals with one page that came while a drawer was shut that is open now; says whether there was one.
    pub(crate) fn apply_waiting_page(&mut self, key: &VerifyingKey) -> Result<bool, ClientError> {
        let open = self.vault()?.open_drawers();
        for drawer in open {
            let waiting = self.vault()?.device().waiting_pages()?;
            let Some(page) = waiting.into_iter().find(|page| page.drawer == drawer) else { continue };
            match self.apply_waiting(&page, key)? {
                Waiting::Done => self.vault()?.device_mut().remove_page(&page)?,
                Waiting::Useless => {
                    tracing::warn!(drawer = drawer.as_str(), "pages that waited are fetched anew");
                    self.vault()?.device_mut().remove_pages(|of| of == drawer)?;
                }
                Waiting::Stays => continue,
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn apply_waiting(&mut self, page: &WaitingPage, key: &VerifyingKey) -> Result<Waiting, ClientError> {
        let from = Cursor { drawer: page.drawer, after: page.from };
        let stands = self.vault()?.cursor(page.drawer)?;
        let stands: Cursor = match stands {
            Some(text) => text.parse().map_err(|_| Code::VaultDamaged)?,
            None => Cursor::start(page.drawer),
        };
        if page.to <= stands.after {
            return Ok(Waiting::Done);
        }
        if page.from > stands.after {
            return Ok(Waiting::Useless);
        }
        let token = from.to_string();
        let permit =
            self.permit_practice(Action::Replicate, |allowed| allowed.with_tokens(token.as_bytes()))?;
        let mut vault = self.vault()?;
        let opened = match vault.open_page(&permit, page, key) {
            Ok(opened) => opened,
            Err(InboxError::OtherKeys) => return Ok(Waiting::Stays),
            Err(InboxError::Damaged) => return Ok(Waiting::Useless),
            Err(error) => return Err(error.into()),
        };
        // EXPOSE: what was sealed to the drawer goes into the drawer.
        let Ok(parsed) = HistoryPage::parse(opened.bundle.expose()) else { return Ok(Waiting::Useless) };
        let arrived = arrived(&parsed);
        let (Ok(entries), Ok(charts)) = (entries(&parsed), charts(&parsed)) else {
            return Ok(Waiting::Useless);
        };
        let next = Cursor { drawer: page.drawer, after: page.to };
        let page = Page {
            entries,
            charts,
            next_cursor: next.to_string(),
            complete: !opened.header.more,
            received_at: opened.header.made_at,
        };
        match vault.apply_page(&permit, next.drawer, &page) {
            Ok(()) => {}
            Err(PullError::WrongDrawer) => return Ok(Waiting::Useless),
            Err(error) => return Err(error.into()),
        }
        drop(vault);
        self.note_arrived(next.drawer, arrived);
        Ok(Waiting::Done)
    }
}

/// What became of each record.
pub(super) fn entries(page: &HistoryPage<'_>) -> Result<Vec<PageEntry>, ClientError> {
    page.entries.iter().map(entry).collect()
}

fn entry(entry: &HistoryEntry<'_>) -> Result<PageEntry, ClientError> {
    let key: RecordKey = entry.key.parse().map_err(|_| Code::ServerAnswer)?;
    let document = match entry.method {
        HistoryMethod::Put(bytes) => Some(Document::parse(bytes.to_vec()).map_err(|_| Code::ServerAnswer)?),
        HistoryMethod::Delete => None,
    };
    Ok(PageEntry { key, version: entry.version, document })
}

/// What became of whole charts.
fn charts(page: &HistoryPage<'_>) -> Result<Vec<ChartNews>, ClientError> {
    let news = page.charts.iter().map(|chart| {
        let patient = chart.patient.parse().map_err(|_| Code::ServerAnswer)?;
        Ok(ChartNews { patient, is_kept: chart.is_kept })
    });
    news.collect()
}
