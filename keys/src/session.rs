//! Who is at the keyboard, towards the server: the person's slot key signs a challenge, for one device and one
//! certificate.

use uuid::Uuid;

use crate::layout::Writer;
use crate::{BadSignature, Purpose, Random, Signature, SigningKey, VerifyingKey};

/// Length of the server's challenge in bytes.
pub const CHALLENGE_LENGTH: usize = 32;

/// A new challenge; the server takes each one once.
#[must_use]
pub fn make_challenge(random: &mut Random) -> [u8; CHALLENGE_LENGTH] {
    random.bytes()
}

/// Everything the answer is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionClaim {
    /// The practice.
    pub practice: Uuid,
    /// The workstation.
    pub device: Uuid,
    /// The person.
    pub person: Uuid,
    /// SHA-256 of the client certificate of this connection ([`crate::certificate::fingerprint`]).
    pub certificate: [u8; 32],
    /// The server's challenge.
    pub challenge: [u8; CHALLENGE_LENGTH],
}

impl SessionClaim {
    fn bytes(&self) -> Vec<u8> {
        Writer::with_capacity(112)
            .uuid(self.practice)
            .uuid(self.device)
            .uuid(self.person)
            .raw(&self.certificate)
            .raw(&self.challenge)
            .into_vec()
    }

    /// The person's answer.
    #[must_use]
    pub fn sign(&self, person_key: &SigningKey) -> Signature {
        person_key.sign(Purpose::SessionChallenge, &self.bytes())
    }

    /// Checks the answer.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(&self, person_key: &VerifyingKey, answer: &Signature) -> Result<(), BadSignature> {
        person_key.verify(Purpose::SessionChallenge, &self.bytes(), answer)
    }
}
