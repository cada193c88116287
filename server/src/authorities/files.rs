//! The files of authorities and of the server's own certificate: `keys/issuing.crt` with `issuing.key`, `keys/issuing-….pem`,
//! `keys/server.pem`.

use super::Named;
use crate::custody::bad_key;
use crate::data_dir::{DataDir, replace_private, write_private};
use crate::error::Failure;
use jiff::{SignedDuration, Timestamp};
use keys::certificate::{self, Authority, Identity};
use keys::{Random, SecretBytes};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The folder, and the name in the server's certificate.
pub(super) struct OnDisk {
    pub(super) dir: DataDir,
    pub(super) host: String,
    /// Nothing is written.
    pub(super) is_only_looked_at: bool,
}

impl OnDisk {
    /// The authority that issues at a time.
    pub(super) fn issuing(&self, named: &Named, now: Timestamp) -> Result<Authority, Failure> {
        let mut keys = Vec::new();
        for path in paths(&self.dir).map_err(|error| Failure::disk("The keys cannot be read.", &error))? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Identity { certificate, key } = read(&path).ok_or_else(|| bad_key(&name))?;
            keys.push(Authority::from_parts(certificate, &key).map_err(|_| bad_key(&name))?);
        }
        named.issuing(keys, now).ok_or_else(|| bad_key("issuing.key"))
    }

    /// The server's certificate: a new one where the one on the disk ends soon, or is by another authority than the one that issues.
    pub(super) fn server(
        &self,
        issuing: &Authority,
        now: Timestamp,
        renew_before: SignedDuration,
    ) -> Result<Identity, Failure> {
        let kept = fs::read(self.dir.key("server.pem")).ok().and_then(|pem| read_identity(&pem));
        let kept = kept.ok_or_else(|| bad_key("server.pem"))?;
        let (_, end) = certificate::validity(&kept.certificate).map_err(|_| bad_key("server.pem"))?;
        let is_ours = certificate::verify_issued(&kept.certificate, issuing.certificate()).is_ok();
        if self.is_only_looked_at || (is_ours && now.duration_until(end) > renew_before) {
            return Ok(kept);
        }
        let made = issuing.make_server(&hosts(&self.host), now, &mut Random::from_os());
        let made = made.map_err(|_| Failure::internal("The server's certificate could not be renewed."))?;
        replace_private(&self.dir.key("server.pem"), &identity_pem(&made))
            .map_err(|error| Failure::disk("The server's certificate cannot be written.", &error))?;
        Ok(made)
    }
}

/// Writes the first authority of a practice, and the server's first certificate.
///
/// # Errors
/// When the disk refuses.
pub(crate) fn write_first(dir: &DataDir, issuing: &Authority, server: &Identity) -> io::Result<()> {
    // Handed to their own files, which only the server's user reads.
    write_private(&dir.key("issuing.crt"), issuing.certificate())?;
    write_private(&dir.key("issuing.key"), issuing.key_pkcs8().expose())?;
    write_private(&dir.key("server.pem"), &identity_pem(server))
}

/// Writes an authority that issues later; it counts once a trust bundle names it. Returns the file.
///
/// # Errors
/// When the disk refuses.
pub(crate) fn write_next(dir: &DataDir, authority: &Authority) -> io::Result<PathBuf> {
    let path = path_of(dir, authority.certificate());
    let key = authority.key_pkcs8();
    let identity = Identity { certificate: authority.certificate().to_vec(), key };
    write_private(&path, &identity_pem(&identity))?;
    Ok(path)
}

/// Deletes what is kept of an authority; whether there was something.
///
/// # Errors
/// When the disk refuses.
pub(crate) fn forget(dir: &DataDir, certificate: &[u8]) -> io::Result<bool> {
    for path in paths(dir)? {
        if read(&path).is_some_and(|kept| kept.certificate == certificate) {
            fs::remove_file(&path)?;
            if path == dir.key("issuing.crt") {
                fs::remove_file(dir.key("issuing.key"))?;
            }
            return Ok(true);
        }
    }
    Ok(false)
}

/// The names that a server certificate bears: a server named `localhost` also answers on the loopback addresses.
pub(crate) fn hosts(host: &str) -> Vec<&str> {
    if host == "localhost" { vec!["localhost", "127.0.0.1", "::1"] } else { vec![host] }
}

fn path_of(dir: &DataDir, certificate: &[u8]) -> PathBuf {
    let [a, b, c, d, ..] = certificate::fingerprint(certificate);
    dir.key(&format!("issuing-{a:02x}{b:02x}{c:02x}{d:02x}.pem"))
}

/// The files of authorities, oldest first as far as that shows.
fn paths(dir: &DataDir) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir.path().join("keys"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == "issuing.crt" || (name.starts_with("issuing-") && name.ends_with(".pem")) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Option<Identity> {
    let bytes = fs::read(path).ok()?;
    if path.extension().is_some_and(|extension| extension == "crt") {
        let key = SecretBytes::new(fs::read(path.with_extension("key")).ok()?);
        return Some(Identity { certificate: bytes, key });
    }
    read_identity(&bytes)
}

/// Certificate and key in one file, so that the one is never there without the other.
fn identity_pem(identity: &Identity) -> Vec<u8> {
    let key = certificate::key_to_pem(&identity.key);
    format!("{}{}", certificate::to_pem(&[&identity.certificate]), key.expose()).into_bytes()
}

fn read_identity(pem: &[u8]) -> Option<Identity> {
    let certificate = CertificateDer::from_pem_slice(pem).ok()?;
    let key = PrivateKeyDer::from_pem_slice(pem).ok()?;
    Some(Identity { certificate: certificate.to_vec(), key: SecretBytes::new(key.secret_der().to_vec()) })
}
