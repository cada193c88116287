//! What a receipt of the server is worth: it counts where the witness key cosigned it and it is over this very log.

use keys::VerifyingKey;
use keys::checkpoint::verify_cosignature;
use records::id::PracticeId;
use records::log::NodeHash;
use sync::wire::{AuditReceipt, checkpoint_origin, witness_key_name};
use vault::{Device, LogHead, StoreError};

/// What a receipt is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// Over this log as it was at that size.
    Fits,
    /// Over more entries than there are here.
    Ahead,
    /// Over other entries than those here.
    OtherTree,
    /// Not cosigned with a key that is known here, or not what it says it is.
    Refused,
}

/// Judges a receipt with the keys that may have cosigned it.
///
/// # Errors
/// When `device.db` cannot be read.
pub(crate) fn weigh(
    device: &Device,
    receipt: &AuditReceipt,
    witnesses: &[VerifyingKey],
) -> Result<Worth, StoreError> {
    let identity = device.identity();
    let vouched = vouched_head(receipt, identity.practice, witnesses);
    let Some(vouched) = vouched.filter(|_| receipt.log == identity.log) else { return Ok(Worth::Refused) };
    Ok(match device.head_at(vouched.size)? {
        None => Worth::Ahead,
        Some(head) if head == vouched => Worth::Fits,
        Some(_) => Worth::OtherTree,
    })
}

/// The head that one of these keys cosigned, where the receipt says the same; of whatever log it is.
pub(crate) fn vouched_head(
    receipt: &AuditReceipt,
    practice: PracticeId,
    witnesses: &[VerifyingKey],
) -> Option<LogHead> {
    let name = witness_key_name(practice);
    let cosigned = |witness| verify_cosignature(&receipt.note, &name, witness).ok();
    let (checkpoint, at) = witnesses.iter().find_map(cosigned)?;
    let head = LogHead { size: checkpoint.size, root: NodeHash(checkpoint.root) };
    let says_the_same = checkpoint.origin == checkpoint_origin(receipt.log)
        && (head.size, at) == (receipt.size, receipt.received_at)
        && head.root.to_string() == receipt.root;
    says_the_same.then_some(head)
}

/// The receipts that were kept, as far as they prove something.
pub(crate) struct Receipts {
    /// What the server vouches for, oldest first.
    pub(crate) heads: Vec<LogHead>,
    /// The size of the first that is not the server's word on this log.
    pub(crate) first_bad: Option<u64>,
}

impl Receipts {
    /// Reads and judges them, without looking at the entries.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub(crate) fn read(device: &Device, witnesses: &[VerifyingKey]) -> Result<Self, StoreError> {
        let identity = device.identity();
        let mut receipts = Self { heads: Vec::new(), first_bad: None };
        for (size, json) in device.receipts()? {
            let receipt: Option<AuditReceipt> = serde_json::from_slice(&json).ok();
            let own = receipt.filter(|receipt| (receipt.log, receipt.size) == (identity.log, size));
            match own.and_then(|receipt| vouched_head(&receipt, identity.practice, witnesses)) {
                Some(head) => receipts.heads.push(head),
                None => receipts.first_bad = receipts.first_bad.or(Some(size)),
            }
        }
        Ok(receipts)
    }
}
