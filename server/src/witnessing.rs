//! A new key for the witness of audit logs, in a new trust bundle that the practice's root signs.
//!
//! The bundle is stored before the key takes its place: in between, and as long as a server goes on that was started before, receipts
//! are cosigned with the key before, and those still count where the new bundle has arrived.

use crate::custody::WitnessKey;
use crate::data_dir::DataDir;
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::store;
use crate::trail::ServerTrail;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keys::certificate::Authority;
use keys::trust::TrustBundle;
use keys::{Random, SecretBytes};
use std::fs;
use std::path::Path;

/// Makes a new witness key; returns the number of the trust bundle that says so. Servers cosign with it from their next start.
/// Where this was cut short before, it is brought to its end.
///
/// # Errors
/// When the folder does not hold this practice's root, or disk or store refuse. Then the key before goes on.
pub fn renew(practice: &Practice, dir: &DataDir, offline_root: &Path) -> Result<u64, Failure> {
    let bundle = practice.stored_trust()?;
    if let Some(next) = WitnessKey::next(dir)?
        && next.verifying_key() == bundle.witness_key
    {
        next.take_place(dir)?;
        return Ok(bundle.number);
    }
    let root = read_root(practice, offline_root)?;
    let (now, mut random) = (practice.clock.now(), Random::from_os());
    let next = WitnessKey::make(dir, &mut random)?;
    let bundle = TrustBundle {
        number: bundle.number + 1,
        issued_at: now,
        witness_key: next.verifying_key(),
        ..bundle
    };
    let signed = bundle.sign(&root).map_err(|_| Failure::internal("The trust bundle cannot be signed."))?;
    store::write(practice.store.as_ref(), |tx| {
        tx.set_trust(&STANDARD.encode(&signed), bundle.number)?;
        ServerTrail::new(practice, tx, now).changed_settings()
    })?;
    next.take_place(dir)?;
    Ok(bundle.number)
}

/// The root, from the folder that was brought.
///
/// # Errors
/// When it is not this practice's, or cannot be read.
pub(crate) fn read_root(practice: &Practice, folder: &Path) -> Result<Authority, Failure> {
    let read = |name: &str| fs::read(folder.join(name));
    let cannot = |error| Failure::disk("The offline root cannot be read.", &error);
    let certificate = read("root.crt").map_err(cannot)?;
    let key = SecretBytes::new(read("root.key").map_err(cannot)?);
    let advice = "Bring the folder offline-root of this practice, with root.crt and root.key.";
    let other = || Failure::new(Kind::BadKeys, "This is not the root of this practice.", advice);
    if certificate != practice.keys.root {
        return Err(other());
    }
    Authority::from_parts(certificate, &key).map_err(|_| other())
}
