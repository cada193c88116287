//! Taking the server's answers in at the workstation that the items were from: it marks as sent what the server holds.

use std::path::Path;

use jiff::Timestamp;
use keys::courier::{Item, ItemKind};
use sync::wire::{CourierAnswers, FileReceipt};
use vault::{Device, Setting};

use super::{Opened, open};
use crate::keyring::Keyring;
use crate::receipts::{Worth, weigh};
use crate::station::verdict;
use crate::{ClientError, Code};

/// What was marked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TakenBack {
    /// Changes that have an answer now and had none.
    pub changes: usize,
    /// Attached files that the server holds whole now and was not known to.
    pub files: usize,
    /// How many events of the log the server holds.
    pub events: Option<u64>,
    /// Items that the server wrote before it was put back to an older state: it may not have what they say.
    pub outdated: usize,
    /// Items for other workstations, or that this workstation does not believe.
    pub not_ours: usize,
}

/// Takes answers in.
///
/// # Errors
/// What keeps the folder from being opened or written. Doing it again changes nothing.
pub fn take_back(
    data_dir: &Path,
    keyring: &dyn Keyring,
    items: &[Item],
    now: Timestamp,
) -> Result<TakenBack, ClientError> {
    let Opened { mut device, keys, ground } = open(data_dir, keyring)?;
    let identity = device.identity();
    let recovery = recovery_epoch(&device)?;
    let mut taken = TakenBack::default();
    for item in items {
        let ours = item.header.kind == ItemKind::Answers && item.header.device == identity.device.uuid();
        let opened = item.open_answers(&keys.agreement, ground.trust.directive_key());
        let Some(json) = opened.ok().filter(|_| ours) else {
            taken.not_ours += 1;
            continue;
        };
        let answers: CourierAnswers = serde_json::from_slice(&json).map_err(|_| Code::ServerAnswer)?;
        if answers.recovery < recovery {
            taken.outdated += 1;
            continue;
        }
        for receipt in &answers.changes {
            if let (Some(change), Some(verdict)) = (receipt.change, verdict(&receipt.standing)) {
                taken.changes += usize::from(device.record_verdict(change, &verdict, receipt.received_at)?);
            }
        }
        for receipt in &answers.files {
            taken.files += usize::from(take_file(&mut device, receipt)?);
        }
        for receipt in answers.logs.iter().filter(|receipt| receipt.log == identity.log) {
            // Cosigned perhaps before the keys were changed: the server signed the item that holds it.
            if weigh(&device, receipt, &ground.trust.witnesses())? == Worth::Fits {
                let json = serde_json::to_vec(receipt).map_err(|_| Code::Internal)?;
                device.keep_receipt(receipt.size, &json, now)?;
                taken.events = Some(receipt.size);
            }
        }
    }
    Ok(taken)
}

/// The recovery epoch of the server that this workstation has heard of; 0 where of none.
fn recovery_epoch(device: &Device) -> Result<u64, ClientError> {
    let Some(kept) = device.setting(Setting::RecoveryEpoch)? else { return Ok(0) };
    Ok(u64::from_be_bytes(kept.as_slice().try_into().map_err(|_| Code::VaultDamaged)?))
}

/// Whether a file is known to have arrived by this. An answer may have been overtaken on its way: it never says that less is there.
fn take_file(device: &mut Device, receipt: &FileReceipt) -> Result<bool, ClientError> {
    let own = device.own_attachment(receipt.attachment)?;
    let Some(own) = own.filter(|own| own.length == receipt.length && own.held < receipt.held) else {
        return Ok(false);
    };
    device.attachment_held(own.id, receipt.held)?;
    Ok(receipt.is_whole())
}
