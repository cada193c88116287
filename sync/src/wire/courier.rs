//! What a courier brings for workstations that do not reach the server themselves, and what goes back.

use super::{AuditReceipt, Base64Bytes, ChangeReceipt};
use records::id::{AttachmentId, ChangeId};
use serde::{Deserialize, Serialize};

/// `POST /v1/courier`: asked by any enrolled workstation, for any other of the practice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CourierRequest {
    /// Items (`keys::courier`), in any order.
    pub items: Vec<Base64Bytes>,
}

/// The answer to [`CourierRequest`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CourierResponse {
    /// One an item, in the same order.
    pub results: Vec<ItemResult>,
    /// For each workstation that something was from: an item with [`CourierAnswers`], sealed to it.
    pub answers: Vec<Base64Bytes>,
    /// The files that came, or that changes which came speak of, and how much of each is here now.
    #[serde(default)]
    pub files: Vec<FileReceipt>,
}

/// How much of an attached file the server holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReceipt {
    /// The change whose record speaks of it.
    pub change: ChangeId,
    /// The file.
    pub attachment: AttachmentId,
    /// So many bytes from its start.
    pub held: u64,
    /// How long it is; 0 where nothing of it has ever come.
    pub length: u64,
}

impl FileReceipt {
    /// Whether all of it is there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.length > 0 && self.held == self.length
    }

    /// Puts it among others, in the place of what was said earlier of the same file.
    pub fn replace_in(self, files: &mut Vec<Self>) {
        files.retain(|known| (known.change, known.attachment) != (self.change, self.attachment));
        files.push(self);
    }
}

/// What became of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemResult {
    /// Its name, as `keys::courier` gives it; `item` where it could not be read.
    pub name: String,
    /// What became of it.
    pub standing: ItemStanding,
}

impl ItemResult {
    /// Whether the server holds it.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.standing == ItemStanding::Held
    }

    /// Where it stands, in a word.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self.standing {
            ItemStanding::Held => "held",
            ItemStanding::Waits => "waits",
            ItemStanding::Refused => "refused",
        }
    }
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemStanding {
    /// The server holds it, now or since it came before.
    Held,
    /// It stands on something that has not arrived; bring that, and this again.
    Waits,
    /// Not readable, not of this practice, of no known workstation, or not sealed to this server.
    Refused,
}

/// What the server tells one workstation of the items that came from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CourierAnswers {
    /// The recovery epoch of the server that speaks; 0 where it was never put back.
    #[serde(default)]
    pub recovery: u64,
    /// Of changes.
    pub changes: Vec<ChangeReceipt>,
    /// Of logs, each with its last word.
    pub logs: Vec<AuditReceipt>,
    /// Of attached files.
    #[serde(default)]
    pub files: Vec<FileReceipt>,
}
