//! A computer joins a practice: keys made here, certificate signed there, `device.db` made last.

use keys::Random;
use keys::certificate::{self, CertificateRequest};
use keys::token::EnrolmentToken;
use records::id::LogId;
use sync::wire::{Base64Bytes, EnrolRequest, EnrolResponse, SecretText, path};
use vault::{Device, Folder, Identity, RawKey, Setting};

use crate::client_state::ClientState;
use crate::device_keys::DeviceKeys;
use crate::https::{PinnedRoot, Server, TlsMaterial};
use crate::keyring::Keyring;
use crate::station::{Surroundings, Trust};
use crate::workstation::EnrolForm;
use crate::{ClientError, Code};

/// Joins. When it fails nothing is left behind: no file, and in the keyring what was there before.
pub(crate) fn enrol(surroundings: &Surroundings, form: &EnrolForm) -> Result<(), ClientError> {
    let folder = Folder::new(&surroundings.settings.data_dir);
    if folder.device_file().exists() {
        return Err(Code::AlreadyEnrolled.into());
    }
    let token: EnrolmentToken = form.token.parse().map_err(|_| Code::TokenRefused)?;
    let root = PinnedRoot::from_fingerprint(token.root_fingerprint);
    let server = Server::at(&form.server, &TlsMaterial::joining(root))?;
    let mut random = Random::from_os();
    let request = CertificateRequest::make().map_err(|_| Code::Internal)?;
    let keys = DeviceKeys::make(request.key, &mut random);
    // Before the token is used up: a keyring that does not keep the keys must be found out now.
    let keyring = surroundings.keyring.as_ref();
    keys.store(keyring)?;
    let joining = Joining { surroundings, form, keys: &keys, folder, root: token.root_fingerprint };
    let joined = joining.join(&server, request.request_pem, &mut random);
    if joined.is_err() {
        take_back(keyring);
    }
    joined
}

struct Joining<'a> {
    surroundings: &'a Surroundings,
    form: &'a EnrolForm,
    keys: &'a DeviceKeys,
    folder: Folder,
    root: [u8; 32],
}

impl Joining<'_> {
    fn join(&self, server: &Server, csr_pem: String, random: &mut Random) -> Result<(), ClientError> {
        let asked = EnrolRequest {
            token: SecretText::new(self.form.token.trim()),
            csr_pem,
            device_label: self.form.label.trim().to_owned(),
            checkpoint_key: self.keys.checkpoint.verifying_key().to_bytes().into(),
            agreement_key: self.keys.agreement.public().to_bytes().into(),
            // EXPOSE: the escrow, over a connection to the pinned server: a lost keyring then loses nothing undelivered.
            escrow_key: Some(Base64Bytes::from(*self.keys.device_file.expose())),
        };
        let answer: EnrolResponse = crate::net::wait(&self.surroundings.runtime, {
            let server = server.clone();
            async move { server.call(path::ENROL, &asked).await }
        })?;
        self.check(&answer)?;
        self.keep(&answer, random)
    }

    /// The answer is believed only where it fits the pinned root, our key and itself.
    fn check(&self, answer: &EnrolResponse) -> Result<(), ClientError> {
        let fits = || {
            let leaf = certificate::from_pem(&answer.certificate_pem).ok()?;
            let named = certificate::device_id(leaf.first()?).ok()?;
            (named == answer.device_id.uuid()).then_some(())?;
            // EXPOSE: rustls checks that certificate and key belong together.
            let key = self.keys.tls.expose();
            let root = PinnedRoot::from_fingerprint(self.root);
            TlsMaterial::workstation(root, &answer.certificate_pem, &answer.chain_pem, key).ok()?;
            Trust::verify(self.root, &answer.chain_pem, &answer.trust_bundle, answer.practice_id).ok()
        };
        fits().map(drop).ok_or_else(|| Code::ServerAnswer.into())
    }

    /// Makes the folder and `device.db`, with all that the next start needs.
    fn keep(&self, answer: &EnrolResponse, random: &mut Random) -> Result<(), ClientError> {
        let identity = Identity {
            device: answer.device_id,
            practice: answer.practice_id,
            log: LogId::from_uuid(random.uuid_v7(self.surroundings.clock.now())),
            vault: random.uuid(),
        };
        // EXPOSE: SQLCipher needs the raw bytes to make the file.
        let key = RawKey::new(*self.keys.device_file.expose());
        let mut device = Device::create(self.folder.clone(), &key, identity)?;
        let state = ClientState::new(self.root, random).to_bytes();
        device.set_all(&[
            (Setting::Certificate, answer.certificate_pem.as_bytes()),
            (Setting::CertificateChain, answer.chain_pem.as_bytes()),
            (Setting::TrustBundle, answer.trust_bundle.as_bytes()),
            (Setting::ServerAddress, answer.server_url.as_bytes()),
            (Setting::PracticeName, answer.practice_name.as_bytes()),
            (Setting::DeviceLabel, self.form.label.trim().as_bytes()),
            (Setting::Client, &state),
        ])?;
        Ok(())
    }
}

fn take_back(keyring: &dyn Keyring) {
    if let Err(problem) = DeviceKeys::take_back(keyring) {
        tracing::warn!(%problem, "keys of an enrolment that failed stay in the keyring; the next one moves them aside");
    }
}
