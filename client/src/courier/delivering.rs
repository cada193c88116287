//! Bringing a courier's items to the server, from a workstation that reaches it.

use std::path::Path;

use keys::courier::Item;
use sync::wire::{Base64Bytes, CourierRequest, CourierResponse, ItemResult, path};

use super::open;
use crate::keyring::Keyring;
use crate::{ClientError, Code};

/// At most so many items in one request.
const MOST_ITEMS: usize = 64;
/// And about so many bytes.
const MOST_BYTES: usize = 16 << 20;

/// What became of what was brought.
#[derive(Debug)]
pub struct Delivered {
    /// One an item, in their order.
    pub results: Vec<ItemResult>,
    /// What the server answers to the workstations that the items are from, to be carried back.
    pub answers: Vec<Item>,
}

/// Brings items to the server with the certificate of the workstation in `data_dir`, and tells how many have gone.
///
/// # Errors
/// What keeps that workstation's folder from being opened, and the server's. What went before stays delivered; all of it
/// may be brought again.
pub fn deliver(
    data_dir: &Path,
    keyring: &dyn Keyring,
    items: &[Item],
    mut progress: impl FnMut(usize),
) -> Result<Delivered, ClientError> {
    let server = open(data_dir, keyring)?.ground.way.server;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut delivered = Delivered { results: Vec::new(), answers: Vec::new() };
    for items in requests(items) {
        let (count, server) = (items.len(), server.clone());
        let answer: CourierResponse = crate::net::wait(runtime.handle(), async move {
            server.call(path::COURIER, &CourierRequest { items }).await
        })?;
        if answer.results.len() != count {
            return Err(Code::ServerAnswer.into());
        }
        delivered.results.extend(answer.results);
        delivered.answers.extend(answer.answers.iter().filter_map(|item| Item::parse(item.as_slice()).ok()));
        progress(delivered.results.len());
    }
    Ok(delivered)
}

fn requests(items: &[Item]) -> Vec<Vec<Base64Bytes>> {
    let mut requests: Vec<Vec<Base64Bytes>> = Vec::new();
    let mut bytes = 0;
    for item in items {
        let item = item.to_bytes();
        let is_full =
            |request: &Vec<Base64Bytes>| request.len() >= MOST_ITEMS || bytes + item.len() > MOST_BYTES;
        if requests.last().is_none_or(is_full) {
            requests.push(Vec::new());
            bytes = 0;
        }
        bytes += item.len();
        if let Some(request) = requests.last_mut() {
            request.push(Base64Bytes(item));
        }
    }
    requests
}
