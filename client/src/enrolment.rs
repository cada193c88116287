//! A computer joins a practice: keys made here, certificate signed there, `device.db` made last.
//!
//! The same door brings back a workstation that was lost, with a token that two administrators have agreed to. With the disk
//! gone it joins as its old self: the same id, and a new log that links to the old one. With the keyring gone and the data
//! folder there, see [`reopening`].

pub(crate) mod reopening;

use keys::Random;
use keys::certificate::{self, CertificateRequest};
use keys::token::EnrolmentToken;
use records::event::{AuditEvent, LogLink, Node, Observer, Stamp};
use records::id::LogId;
use sync::wire::{AuditReceipt, Base64Bytes, EnrolRequest, EnrolResponse, SecretText, path};
use vault::{Device, Folder, Identity, RawKey, Setting};

use crate::client_state::ClientState;
use crate::device_keys::DeviceKeys;
use crate::https::{PinnedRoot, Server, TlsMaterial};
use crate::keyring::Keyring;
use crate::receipts::vouched_head;
use crate::station::{Surroundings, Trust, new_event_id};
use crate::workstation::EnrolForm;
use crate::{ClientError, Code};

/// Joins. When it fails nothing is left behind: no file, and in the keyring what was there before.
pub(crate) fn enrol(surroundings: &Surroundings, form: &EnrolForm) -> Result<(), ClientError> {
    let folder = Folder::new(&surroundings.settings.data_dir);
    if folder.device_file().exists() {
        return Err(Code::AlreadyEnrolled.into());
    }
    let mut random = Random::from_os();
    let (joining, keys, csr_pem) = Joining::prepare(surroundings, form, &mut random)?;
    // Before the token is used up: a keyring that does not keep the keys must be found out now.
    let keyring = surroundings.keyring.as_ref();
    keys.store(keyring)?;
    // EXPOSE: the escrow, over a connection to the pinned server: a lost keyring then loses nothing undelivered.
    let escrow = Base64Bytes::from(*keys.device_file.expose());
    let joined = joining
        .ask(&keys, csr_pem, Some(escrow))
        .and_then(|answer| joining.keep(&folder, &keys, &answer, &mut random));
    match joined {
        // A file under its name is complete: what failed came after it, and its key must stay.
        Err(error) if folder.device_file().exists() => {
            tracing::warn!(code = error.code.as_str(), "the enrolment is done, but not all that follows it");
            Ok(())
        }
        Err(error) => {
            take_back(keyring);
            Err(error)
        }
        Ok(()) => Ok(()),
    }
}

/// What both ways of joining need.
struct Joining<'a> {
    surroundings: &'a Surroundings,
    form: &'a EnrolForm,
    server: Server,
    root: [u8; 32],
}

impl<'a> Joining<'a> {
    /// The way to the server that the token pins, new keys, and the signing request for one of them.
    fn prepare(
        surroundings: &'a Surroundings,
        form: &'a EnrolForm,
        random: &mut Random,
    ) -> Result<(Self, DeviceKeys, String), ClientError> {
        let token: EnrolmentToken = form.token.parse().map_err(|_| Code::TokenRefused)?;
        let root = token.root_fingerprint;
        let server = Server::at(&form.server, &TlsMaterial::joining(PinnedRoot::from_fingerprint(root)))?;
        let request = CertificateRequest::make().map_err(|_| Code::Internal)?;
        let keys = DeviceKeys::make(request.key, random);
        Ok((Self { surroundings, form, server, root }, keys, request.request_pem))
    }

    /// Uses the token up. The answer is believed only where it fits the pinned root, our key and itself.
    fn ask(
        &self,
        keys: &DeviceKeys,
        csr_pem: String,
        escrow_key: Option<Base64Bytes>,
    ) -> Result<EnrolResponse, ClientError> {
        let asked = EnrolRequest {
            token: SecretText::new(self.form.token.trim()),
            csr_pem,
            device_label: self.form.label.trim().to_owned(),
            checkpoint_key: keys.checkpoint.verifying_key().to_bytes().into(),
            agreement_key: keys.agreement.public().to_bytes().into(),
            escrow_key,
        };
        let server = self.server.clone();
        let answer: EnrolResponse =
            crate::net::wait(
                &self.surroundings.runtime,
                async move { server.call(path::ENROL, &asked).await },
            )?;
        let fits = || {
            let leaf = certificate::from_pem(&answer.certificate_pem).ok()?;
            let named = certificate::device_id(leaf.first()?).ok()?;
            (named == answer.device_id.uuid()).then_some(())?;
            // EXPOSE: rustls checks that certificate and key belong together.
            let key = keys.tls.expose();
            let root = PinnedRoot::from_fingerprint(self.root);
            TlsMaterial::workstation(root, &answer.certificate_pem, &answer.chain_pem, key).ok()?;
            let (practice, bundle) = (answer.practice_id, &answer.trust_bundle);
            let trust = Trust::verify(self.root, &answer.chain_pem, bundle, "", practice).ok()?;
            let log = answer.rescue.as_ref().and_then(|rescue| rescue.log.as_ref());
            let is_vouched =
                |receipt: &AuditReceipt| vouched_head(receipt, practice, &[trust.witness()]).is_some();
            log.is_none_or(is_vouched).then_some(())
        };
        fits().ok_or(Code::ServerAnswer)?;
        Ok(answer)
    }

    /// Makes the folder and `device.db`, with all that the next start needs.
    fn keep(
        &self,
        folder: &Folder,
        keys: &DeviceKeys,
        answer: &EnrolResponse,
        random: &mut Random,
    ) -> Result<(), ClientError> {
        let identity = Identity {
            device: answer.device_id,
            practice: answer.practice_id,
            log: LogId::from_uuid(random.uuid_v7(self.surroundings.clock.now())),
            vault: random.uuid(),
        };
        // EXPOSE: SQLCipher needs the raw bytes to make the file.
        let key = RawKey::new(*keys.device_file.expose());
        let link = answer.rescue.as_ref().and_then(|rescue| rescue.log.as_ref());
        let link = link
            .map(|receipt| AuditEvent::log_linked(self.stamp(&identity), node(&identity), &link_to(receipt)));
        let state = ClientState::new(self.root, random).to_bytes();
        let checkpoint_key = keys.checkpoint.verifying_key().to_string();
        let values: [(Setting, &[u8]); 9] = [
            (Setting::Certificate, answer.certificate_pem.as_bytes()),
            (Setting::CertificateChain, answer.chain_pem.as_bytes()),
            (Setting::TrustBundle, answer.trust_bundle.as_bytes()),
            (Setting::CheckpointKeys, checkpoint_key.as_bytes()),
            (Setting::ServerAddress, answer.server_url.as_bytes()),
            (Setting::EnrolmentAddress, self.form.server.trim().as_bytes()),
            (Setting::PracticeName, answer.practice_name.as_bytes()),
            (Setting::DeviceLabel, self.form.label.trim().as_bytes()),
            (Setting::Client, &state),
        ];
        Ok(Device::make(folder, &key, &identity, &values, link.as_slice())?)
    }

    fn stamp(&self, identity: &Identity) -> Stamp {
        let at = self.surroundings.clock.now();
        Stamp { id: new_event_id(at), at, observer: Observer::Workstation(identity.device) }
    }
}

fn node(identity: &Identity) -> Node {
    Node { practice: identity.practice, device: identity.device }
}

fn link_to(receipt: &AuditReceipt) -> LogLink {
    LogLink { log: receipt.log, size: receipt.size, root: receipt.root.clone() }
}

fn take_back(keyring: &dyn Keyring) {
    if let Err(problem) = DeviceKeys::take_back(keyring) {
        tracing::warn!(%problem, "keys of an enrolment that failed stay in the keyring; the next one moves them aside");
    }
}
