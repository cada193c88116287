//! The way to the server: the certificate in use, its key, and the connections that are made with them.

use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use keys::{SecretBytes, certificate};
use sync::wire::Renewal;
use vault::{Device, Setting};

use super::{Station, kept_text};
use crate::device_keys::DeviceKeys;
use crate::https::{PinnedRoot, Server, TlsMaterial};
use crate::keyring::Keyring;
use crate::{ClientError, Code};

/// The way to the server.
pub(crate) struct Way {
    /// Where requests go.
    pub(crate) server: Server,
    /// SHA-256 of the certificate in use.
    pub(crate) certificate: [u8; 32],
    /// The certificate in use, PEM.
    pub(crate) certificate_pem: String,
    /// When it ends.
    pub(crate) ends: Timestamp,
    /// Its key, PKCS #8.
    pub(crate) key: SecretBytes,
    /// Whether the key lies with the other keys of this computer; a new one lies beside them first.
    pub(crate) is_settled: bool,
}

impl Way {
    /// The way that `device.db` and the keyring tell of.
    ///
    /// # Errors
    /// `vault-damaged` where no key in the keyring belongs to the certificate.
    pub(crate) fn of(
        device: &Device,
        keys: &DeviceKeys,
        keyring: &dyn Keyring,
        root: PinnedRoot,
    ) -> Result<Self, ClientError> {
        let kept = Renewal {
            certificate_pem: kept_text(device, Setting::Certificate)?,
            chain_pem: kept_text(device, Setting::CertificateChain)?,
        };
        let address = kept_text(device, Setting::ServerAddress)?;
        match Self::with(&kept, &address, root, duplicate(&keys.tls)) {
            Ok(way) => Ok(Self { is_settled: true, ..way }),
            // A renewal that the end of the program cut short: the new key still lies beside the others.
            Err(error) => match DeviceKeys::staged_tls(keyring)? {
                Some(staged) => Self::with(&kept, &address, root, staged),
                None => Err(error),
            },
        }
    }

    /// The way with this certificate and key, where they belong together and to the pinned root.
    ///
    /// # Errors
    /// `vault-damaged`, `address-invalid`.
    pub(crate) fn with(
        renewal: &Renewal,
        address: &str,
        root: PinnedRoot,
        key: SecretBytes,
    ) -> Result<Self, ClientError> {
        // EXPOSE: rustls needs the private key to speak for this workstation, and checks that it is the certificate's.
        let tls = TlsMaterial::workstation(root, &renewal.certificate_pem, &renewal.chain_pem, key.expose())
            .map_err(|_| Code::VaultDamaged)?;
        let shown = certificate::from_pem(&renewal.certificate_pem).map_err(|_| Code::VaultDamaged)?;
        let shown = shown.first().ok_or(Code::VaultDamaged)?;
        let (_, ends) = certificate::validity(shown).map_err(|_| Code::VaultDamaged)?;
        Ok(Self {
            server: Server::at(address, &tls)?,
            certificate: certificate::fingerprint(shown),
            certificate_pem: renewal.certificate_pem.clone(),
            ends,
            key,
            is_settled: false,
        })
    }
}

impl Station {
    /// The way to the server as it is now.
    pub(crate) fn way(&self) -> Arc<Way> {
        self.way.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key of the certificate in use lies with the other keys now.
    pub(crate) fn way_is_settled(&self) {
        let mut way = self.way.write().unwrap_or_else(PoisonError::into_inner);
        let settled = Way {
            server: way.server.clone(),
            certificate: way.certificate,
            certificate_pem: way.certificate_pem.clone(),
            ends: way.ends,
            key: duplicate(&way.key),
            is_settled: true,
        };
        *way = Arc::new(settled);
    }

    /// Takes another way from now on. Sessions are bound to the certificate, so the present one ends.
    pub(crate) fn take_way(&self, way: Way) {
        *self.way.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(way);
        self.forget_session_token();
    }

    /// Where requests go.
    pub(crate) fn server(&self) -> Server {
        self.way().server.clone()
    }
}

/// A second copy of a key, for whoever outlives the first.
pub(crate) fn duplicate(key: &SecretBytes) -> SecretBytes {
    // EXPOSE: from one secret type into the same.
    SecretBytes::new(key.expose().to_vec())
}
