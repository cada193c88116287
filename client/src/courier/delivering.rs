//! Bringing a courier's items to the server, from a workstation that reaches it.

use std::path::Path;

use keys::courier::Item;
use sync::wire::{Base64Bytes, CourierRequest, CourierResponse, FileReceipt, ItemResult, path};

use super::open;
use crate::https::Server;
use crate::keyring::Keyring;
use crate::{ClientError, Code};

/// At most so many items in one request.
const MOST_ITEMS: usize = 64;
/// And about so many bytes.
const MOST_BYTES: usize = 16 << 20;

/// What became of what was brought.
#[derive(Debug, Default)]
pub struct Delivered {
    /// One an item, in their order.
    pub results: Vec<ItemResult>,
    /// What the server answers to the workstations that the items are from, to be carried back.
    pub answers: Vec<Item>,
    /// The files that came, or that changes which came speak of, each with the last word on it.
    pub files: Vec<FileReceipt>,
}

/// Brings items to the server with the certificate of the workstation in `data_dir`, and tells how many have gone. No more than a
/// request of them is held at a time.
///
/// # Errors
/// What keeps that workstation's folder from being opened or an item from being read, and the server's. What went before stays
/// delivered; all of it may be brought again.
pub fn deliver(
    data_dir: &Path,
    keyring: &dyn Keyring,
    items: impl IntoIterator<Item = Result<Item, ClientError>>,
    mut progress: impl FnMut(usize),
) -> Result<Delivered, ClientError> {
    let server = open(data_dir, keyring)?.ground.way.server;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (mut delivered, mut request) = (Delivered::default(), Request::default());
    for item in items {
        let item = item?.to_bytes();
        if !request.has_room_for(&item) {
            delivered.bring(&runtime, &server, std::mem::take(&mut request))?;
            progress(delivered.results.len());
        }
        request.push(item);
    }
    delivered.bring(&runtime, &server, request)?;
    progress(delivered.results.len());
    Ok(delivered)
}

impl Delivered {
    fn bring(
        &mut self,
        runtime: &tokio::runtime::Runtime,
        server: &Server,
        Request { items, .. }: Request,
    ) -> Result<(), ClientError> {
        let (count, server) = (items.len(), server.clone());
        if count == 0 {
            return Ok(());
        }
        let answer: CourierResponse = crate::net::wait(runtime.handle(), async move {
            server.call(path::COURIER, &CourierRequest { items }).await
        })?;
        if answer.results.len() != count {
            return Err(Code::ServerAnswer.into());
        }
        self.results.extend(answer.results);
        self.answers.extend(answer.answers.iter().filter_map(|item| Item::parse(item.as_slice()).ok()));
        for file in answer.files {
            file.replace_in(&mut self.files);
        }
        Ok(())
    }
}

/// Items that go together.
#[derive(Default)]
struct Request {
    items: Vec<Base64Bytes>,
    bytes: usize,
}

impl Request {
    fn has_room_for(&self, item: &[u8]) -> bool {
        self.items.is_empty()
            || (self.items.len() < MOST_ITEMS && self.bytes.saturating_add(item.len()) <= MOST_BYTES)
    }

    fn push(&mut self, item: Vec<u8>) {
        self.bytes = self.bytes.saturating_add(item.len());
        self.items.push(Base64Bytes(item));
    }
}
