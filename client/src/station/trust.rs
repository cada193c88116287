//! The keys of the practice's server that this workstation believes in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keys::trust::TrustBundle;
use keys::{AgreementPublic, VerifyingKey, certificate};
use records::id::PracticeId;

/// The bundle in force, and the root that signed it.
#[derive(Clone)]
pub(crate) struct Trust {
    root: Vec<u8>,
    bundle: TrustBundle,
    /// The witness keys of earlier bundles: receipts that they cosigned still count.
    earlier_witnesses: Vec<VerifyingKey>,
}

/// The bundle is not one of the pinned root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the trust bundle is not the practice's")]
pub(crate) struct NotTrusted;

impl Trust {
    /// The bundle in `text` (base64), if the root with this fingerprint is in the chain and signed it; `earlier` are those
    /// before it, one a line.
    pub(crate) fn verify(
        fingerprint: [u8; 32],
        chain_pem: &str,
        text: &str,
        earlier: &str,
        practice: PracticeId,
    ) -> Result<Self, NotTrusted> {
        let chain = certificate::from_pem(chain_pem).map_err(|_| NotTrusted)?;
        let root =
            chain.into_iter().find(|der| certificate::fingerprint(der) == fingerprint).ok_or(NotTrusted)?;
        let bundle = read(text, &root, practice, None)?;
        let witness = |text: &str| read(text, &root, practice, None).map(|bundle| bundle.witness_key);
        let earlier_witnesses = earlier.lines().map(witness).collect::<Result<_, _>>()?;
        Ok(Self { root, bundle, earlier_witnesses })
    }

    /// A newer bundle under the same root.
    pub(crate) fn renewed(&self, text: &str) -> Result<Self, NotTrusted> {
        let practice = PracticeId::from_uuid(self.bundle.practice);
        let bundle = read(text, &self.root, practice, Some(self.bundle.number))?;
        Ok(Self { root: self.root.clone(), bundle, earlier_witnesses: self.witnesses() })
    }

    pub(crate) fn number(&self) -> u64 {
        self.bundle.number
    }

    /// The practice's root, DER.
    pub(crate) fn root_certificate(&self) -> &[u8] {
        &self.root
    }

    /// Grants are signed with this.
    pub(crate) fn rights_key(&self) -> &VerifyingKey {
        &self.bundle.rights_key
    }

    /// The server cosigns heads of the audit log with this.
    pub(crate) fn witness(&self) -> VerifyingKey {
        self.bundle.witness_key
    }

    /// All that it ever cosigned with, the present one first.
    pub(crate) fn witnesses(&self) -> Vec<VerifyingKey> {
        std::iter::once(self.witness()).chain(self.earlier_witnesses.iter().copied()).collect()
    }

    /// Directives and answers are signed with this.
    pub(crate) fn directive_key(&self) -> &VerifyingKey {
        &self.bundle.directive_key
    }

    /// Changes are sealed to this for the server.
    pub(crate) fn sealing_key(&self) -> AgreementPublic {
        self.bundle.sealing_key
    }

    /// Changes are sealed to this for the practice itself.
    pub(crate) fn recovery_key(&self) -> AgreementPublic {
        self.bundle.recovery_key
    }
}

fn read(
    text: &str,
    root: &[u8],
    practice: PracticeId,
    in_force: Option<u64>,
) -> Result<TrustBundle, NotTrusted> {
    let bytes = STANDARD.decode(text.trim()).map_err(|_| NotTrusted)?;
    TrustBundle::verify(&bytes, root, practice.uuid(), in_force).map_err(|_| NotTrusted)
}
