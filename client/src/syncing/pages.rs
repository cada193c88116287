//! Pages of history on their way into the open vault, or into the inbox.

use std::sync::Arc;

use sync::wire::Cursor;

use super::driver::Told;
use crate::ClientError;
use crate::station::Station;

/// Keeps a page of a drawer that is shut, in the background.
pub(super) fn keep(station: &Arc<Station>, from: Cursor, next: Cursor, body: Vec<u8>) {
    take(station, from, Told::PageKept(next), move |station| station.keep_page(from, next, &body));
}

/// Applies a page in the background: data and cursor in one step, or neither.
pub(super) fn apply(station: &Arc<Station>, from: Cursor, next: Cursor, body: Vec<u8>) {
    take(station, from, Told::PageApplied(next), move |station| station.apply_page(from, next, body));
}

/// Runs what takes a page in, and tells the driver that it is `taken`, or that it is to be asked for again.
fn take(
    station: &Arc<Station>,
    from: Cursor,
    taken: Told,
    work: impl FnOnce(&Arc<Station>) -> Result<(), ClientError> + Send + 'static,
) {
    let station = station.clone();
    tokio::task::spawn_blocking(move || {
        let told = match work(&station) {
            Ok(()) => taken,
            Err(error) => {
                tracing::warn!(
                    code = error.code.as_str(),
                    drawer = from.drawer.as_str(),
                    "a page was not taken in"
                );
                Told::PageFailed(from)
            }
        };
        station.driver().tell(told);
    });
}
