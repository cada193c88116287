//! The trust bundle: what a practice's workstations trust, numbered, and signed by the practice's offline root.
//!
//! ```text
//! "CKtb" 01 · practice 16 · number u64 · issued at i64 ms · sealing key 32 · recovery key 32
//! · directive key 32 · rights key 32 · witness key 32
//! · issuing CAs (u16 count; each u32 + DER) · signature (u16 + ECDSA P-256 ASN.1 over label ‖ all before)
//! ```

use jiff::Timestamp;
use uuid::Uuid;

use crate::certificate::{self, Authority, CertificateNotMade};
use crate::layout::{Format, Reader, Writer};
use crate::{AgreementPublic, Unreadable, VerifyingKey, label};

const FORMAT: Format = Format { magic: *b"CKtb", version: 1 };
const CA_LIMIT: usize = 16;
const CA_LENGTH_LIMIT: usize = 16 * 1024;
const SIGNATURE_LIMIT: usize = 128;

/// What the workstations of a practice trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustBundle {
    /// The practice.
    pub practice: Uuid,
    /// Counts bundles; a lower one is never accepted after a higher.
    pub number: u64,
    /// When it was issued (to the millisecond).
    pub issued_at: Timestamp,
    /// What changes are sealed to on the server.
    pub sealing_key: AgreementPublic,
    /// What changes are sealed to for the practice itself.
    pub recovery_key: AgreementPublic,
    /// Signs directives, leases, receipts and certificates of erasures.
    pub directive_key: VerifyingKey,
    /// Signs grants.
    pub rights_key: VerifyingKey,
    /// Cosigns audit checkpoints.
    pub witness_key: VerifyingKey,
    /// Issuing CAs (DER), each signed by the root; at most 16.
    pub issuing: Vec<Vec<u8>>,
}

/// A trust bundle is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrustRefused {
    /// Not readable as a bundle.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The pinned root did not sign this.
    #[error("the practice's root did not sign this")]
    BadSignature,
    /// Another practice's.
    #[error("the bundle is another practice's")]
    OtherPractice,
    /// Older than the one in force.
    #[error("the bundle is older than the one in force")]
    Older,
    /// A CA in it is not the root's.
    #[error("a certificate authority in the bundle is not the root's")]
    ForeignAuthority,
}

impl TrustBundle {
    /// Signs the bundle with the practice's root.
    ///
    /// # Errors
    /// [`CertificateNotMade::BadName`] for more than 16 CAs, or one that is too long or not the root's.
    pub fn sign(&self, root: &Authority) -> Result<Vec<u8>, CertificateNotMade> {
        let fits =
            self.issuing.len() <= CA_LIMIT && self.issuing.iter().all(|ca| ca.len() <= CA_LENGTH_LIMIT);
        let ours = self.issuing.iter().all(|ca| certificate::verify_issued(ca, root.certificate()).is_ok());
        if !fits || !ours {
            return Err(CertificateNotMade::BadName);
        }
        let count = u16::try_from(self.issuing.len()).map_err(|_| CertificateNotMade::BadName)?;
        let writer = Writer::begin(&FORMAT, 2048)
            .uuid(self.practice)
            .u64(self.number)
            .time(self.issued_at)
            .raw(&self.sealing_key.to_bytes())
            .raw(&self.recovery_key.to_bytes())
            .raw(&self.directive_key.to_bytes())
            .raw(&self.rights_key.to_bytes())
            .raw(&self.witness_key.to_bytes())
            .u16(count);
        let writer = self.issuing.iter().fold(writer, |writer, ca| writer.bytes(ca));
        let signature = root.sign(label::TRUST_BUNDLE, writer.written())?;
        let length = u16::try_from(signature.len()).map_err(|_| CertificateNotMade::Failed)?;
        Ok(writer.u16(length).raw(&signature).into_vec())
    }

    /// The bundle, if the pinned root (DER) signed it for this practice and it is not older than `in_force`.
    ///
    /// # Errors
    /// [`TrustRefused`].
    pub fn verify(
        bytes: &[u8],
        root_certificate: &[u8],
        practice: Uuid,
        in_force: Option<u64>,
    ) -> Result<Self, TrustRefused> {
        let mut reader = Reader::begin(bytes, &FORMAT)?;
        let bundle = Self::read(&mut reader)?;
        let signed = reader.read_so_far();
        let length = usize::from(reader.u16()?);
        if length > SIGNATURE_LIMIT {
            return Err(Unreadable::Damaged.into());
        }
        let signature = reader.raw(length)?;
        reader.finish()?;
        certificate::verify(root_certificate, label::TRUST_BUNDLE, signed, signature)
            .map_err(|_| TrustRefused::BadSignature)?;
        if bundle.practice != practice {
            return Err(TrustRefused::OtherPractice);
        }
        if in_force.is_some_and(|number| bundle.number < number) {
            return Err(TrustRefused::Older);
        }
        if bundle.issuing.iter().any(|ca| certificate::verify_issued(ca, root_certificate).is_err()) {
            return Err(TrustRefused::ForeignAuthority);
        }
        Ok(bundle)
    }

    /// Which practice's bundle this says it is, for who knows the root and no more; nothing of it is verified.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn claimed_practice(bytes: &[u8]) -> Result<Uuid, Unreadable> {
        Reader::begin(bytes, &FORMAT)?.uuid()
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            practice: reader.uuid()?,
            number: reader.u64()?,
            issued_at: reader.time()?,
            sealing_key: AgreementPublic::from_bytes(reader.array()?),
            recovery_key: AgreementPublic::from_bytes(reader.array()?),
            directive_key: verifying_key(reader)?,
            rights_key: verifying_key(reader)?,
            witness_key: verifying_key(reader)?,
            issuing: read_issuing(reader)?,
        })
    }
}

fn read_issuing(reader: &mut Reader<'_>) -> Result<Vec<Vec<u8>>, Unreadable> {
    let count = usize::from(reader.u16()?);
    if count > CA_LIMIT {
        return Err(Unreadable::Damaged);
    }
    (0..count)
        .map(|_| {
            let ca = reader.bytes()?;
            if ca.len() > CA_LENGTH_LIMIT { Err(Unreadable::Damaged) } else { Ok(ca.to_vec()) }
        })
        .collect()
}

fn verifying_key(reader: &mut Reader<'_>) -> Result<VerifyingKey, Unreadable> {
    VerifyingKey::from_bytes(reader.array()?).map_err(|_| Unreadable::Damaged)
}
