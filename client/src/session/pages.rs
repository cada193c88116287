//! Pages of history on their way into the open drawers.

use records::Document;
use records::id::RecordKey;
use records::rights::Action;
use sync::wire::{Cursor, HistoryEntry, HistoryMethod, HistoryPage};
use vault::{Page, PageEntry};

use super::OpenSession;
use crate::{ClientError, Code};

impl OpenSession {
    /// Applies a page in one step with its cursor. One event a page.
    pub(crate) fn apply_page(&mut self, from: Cursor, next: Cursor, body: &[u8]) -> Result<(), ClientError> {
        let parsed = HistoryPage::parse(body).map_err(|_| Code::ServerAnswer)?;
        let complete = !parsed.more;
        let entries = parsed.entries.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        let page = Page { entries, next_cursor: next.to_string(), complete, received_at: self.now() };
        let cursor = from.to_string();
        // The drawer was set back meanwhile to be fetched anew: this page would leave a gap.
        let stands = self.vault()?.cursor(from.drawer)?;
        if stands.map_or(Cursor::start(from.drawer).to_string(), |stands| stands) != cursor {
            return Err(Code::ServerAnswer.into());
        }
        let permit =
            self.permit_practice(Action::Replicate, |allowed| allowed.with_tokens(cursor.as_bytes()))?;
        self.vault()?.apply_page(&permit, from.drawer, &page)?;
        Ok(())
    }
}

fn entry(entry: &HistoryEntry<'_>) -> Result<PageEntry, ClientError> {
    let key: RecordKey = entry.key.parse().map_err(|_| Code::ServerAnswer)?;
    let document = match entry.method {
        HistoryMethod::Put(bytes) => Some(Document::parse(bytes.to_vec()).map_err(|_| Code::ServerAnswer)?),
        HistoryMethod::Delete => None,
    };
    Ok(PageEntry { key, version: entry.version, document })
}
