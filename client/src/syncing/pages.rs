//! Pages of history on their way into the open vault, or into the inbox.

use std::sync::Arc;

use sync::wire::Cursor;

use super::driver::Told;
use crate::station::Station;

/// Keeps a page of a drawer that is shut, in the background.
pub(super) fn keep(station: &Arc<Station>, from: Cursor, next: Cursor, body: Vec<u8>) {
    let station = station.clone();
    tokio::task::spawn_blocking(move || {
        let told = match station.keep_page(from, next, &body) {
            Ok(()) => Told::PageKept(next),
            Err(error) => {
                tracing::warn!(
                    code = error.code.as_str(),
                    drawer = from.drawer.as_str(),
                    "a page was not kept"
                );
                Told::PageFailed(from)
            }
        };
        station.driver().tell(told);
    });
}

/// Applies a page in the background: data and cursor in one step, or neither.
pub(super) fn apply(station: &Arc<Station>, from: Cursor, next: Cursor, body: Vec<u8>) {
    let station = station.clone();
    tokio::task::spawn_blocking(move || {
        let told = match station.apply_page(from, next, body) {
            Ok(()) => Told::PageApplied(next),
            Err(error) => {
                tracing::warn!(
                    code = error.code.as_str(),
                    drawer = from.drawer.as_str(),
                    "a page was not applied"
                );
                Told::PageFailed(from)
            }
        };
        station.driver().tell(told);
    });
}
