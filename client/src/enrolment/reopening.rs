//! The data folder is there and its key is gone from the keyring: the server gives it back out of escrow, to this computer alone.
//!
//! What was written and not delivered is in the folder and goes on its way. Slots and drafts were sealed under keys that
//! went with the keyring: they are set aside, not deleted, and people sign in at the server once.

use keys::{Parcel, Random, Secret};
use records::event::{Alert, AuditEvent};
use sync::wire::{EnrolResponse, Rescue};
use vault::{Device, Folder, RawKey, Setting, VaultError};

use super::{Joining, node};
use crate::client_state::ClientState;
use crate::device_keys::{DeviceKeys, prove_that_it_works};
use crate::station::{Surroundings, kept_text};
use crate::workstation::EnrolForm;
use crate::{ClientError, Code};

/// Opens the folder again. When it fails the folder is as it was, and so is the keyring.
pub(crate) fn reopen(surroundings: &Surroundings, form: &EnrolForm) -> Result<(), ClientError> {
    let folder = Folder::new(&surroundings.settings.data_dir);
    let keyring = surroundings.keyring.as_ref();
    // Before the token is used up: a keyring that does not keep the keys must be found out now.
    prove_that_it_works(keyring)?;
    let (joining, mut keys, csr_pem) = Joining::prepare(surroundings, form, &mut Random::from_os())?;
    let answer = joining.ask(&keys, csr_pem, None)?;
    let rescue = answer.rescue.as_ref().ok_or(Code::ServerAnswer)?;
    keys.device_file = open_escrow(&keys, &answer, rescue)?;
    // EXPOSE: SQLCipher needs the raw bytes to open the file.
    let opened = Device::open(folder.clone(), &RawKey::new(*keys.device_file.expose()));
    let mut device = opened.map_err(not_its_key)?;
    let identity = device.identity();
    if (identity.device, identity.practice) != (answer.device_id, answer.practice_id) {
        return Err(Code::EscrowRefused.into());
    }
    let state = device.setting(Setting::Client)?.ok_or(Code::VaultDamaged)?;
    let state = ClientState::from_bytes(&state).map_err(|_| Code::VaultNewer)?;
    if state.root_fingerprint() != Some(joining.root) {
        return Err(Code::ServerUntrusted.into());
    }
    let changed = AuditEvent::security_alert(joining.stamp(&identity), node(&identity), Alert::DeviceChanged);
    device.append_all(&[changed]).map_err(crate::store_error::in_trail)?;
    folder.set_aside_what_is_sealed_to_people()?;
    let earlier = kept_text(&device, Setting::CheckpointKeys)?;
    let checkpoint_keys = format!("{}\n{earlier}", keys.checkpoint.verifying_key());
    device.set_all(&[
        (Setting::CheckpointKeys, checkpoint_keys.as_bytes()),
        (Setting::Certificate, answer.certificate_pem.as_bytes()),
        (Setting::CertificateChain, answer.chain_pem.as_bytes()),
        (Setting::TrustBundle, answer.trust_bundle.as_bytes()),
        (Setting::ServerAddress, answer.server_url.as_bytes()),
        (Setting::EnrolmentAddress, form.server.trim().as_bytes()),
        (Setting::Renewing, b""),
    ])?;
    // Last: until the keyring holds the key, the next start says that it is missing, and this can be done again.
    keys.store(keyring)?;
    Ok(())
}

fn open_escrow(
    keys: &DeviceKeys,
    answer: &EnrolResponse,
    rescue: &Rescue,
) -> Result<Secret<32>, ClientError> {
    let sealed = rescue.escrow.as_ref().ok_or(Code::EscrowRefused)?;
    let context = answer.device_id.uuid().into_bytes();
    let key = keys.agreement.open(Parcel::DeviceKeyEscrow, &context, sealed.as_slice());
    // EXPOSE: from one secret type into another.
    let key = key.ok().and_then(|key| Secret::from_slice(key.expose()));
    Ok(key.ok_or(Code::ServerAnswer)?)
}

/// A `device.db` that this key does not open stays as it is, and the person hears that it was the key.
fn not_its_key(error: VaultError) -> ClientError {
    let error = ClientError::from(error);
    if error.code == Code::VaultDamaged { Code::EscrowRefused.into() } else { error }
}
