//! Sign-in to the server (OPAQUE, RFC 9807: ristretto255, SHA-512, 3DH; stretched by Argon2id): the server never sees
//! the passphrase. Bytes in, bytes out; both sides end with the same session key, under which small secrets travel.

use std::fmt;

use opaque_ke::argon2::{Algorithm, Argon2, Params, Version};
use opaque_ke::{
    CipherSuite, ClientLogin, ClientLoginFinishParameters, ClientRegistration,
    ClientRegistrationFinishParameters, CredentialFinalization, CredentialRequest, CredentialResponse,
    Identifiers, RegistrationRequest, RegistrationResponse, RegistrationUpload, Ristretto255, ServerLogin,
    ServerLoginParameters, ServerRegistration, TripleDh,
};
use uuid::Uuid;

use crate::{Passphrase, Random, Secret, SecretBytes, hazmat, label};

/// The suite is part of the stored format: a change of it is a new registration for everybody.
struct Suite;

impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, sha2_for_opaque::Sha512>;
    type Ksf = Argon2<'static>;
}

/// A sign-in message is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignInRefused {
    /// Wrong passphrase, unknown name, or a message that was tampered with; which of them, nobody learns.
    #[error("name or passphrase is wrong")]
    Refused,
    /// Not a message of this step.
    #[error("this is not a message of this step of signing in")]
    Malformed,
}

/// What stretching the passphrase costs the client: Argon2id, 64 MiB, 3 passes, one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInCost {
    memory_kib: u32,
    passes: u32,
}

impl SignInCost {
    /// What ships. A record made at one cost opens at no other.
    pub const STANDARD: Self = Self { memory_kib: 64 * 1024, passes: 3 };

    /// A cost that protects nothing, for tests only.
    #[cfg(feature = "test-cost")]
    #[must_use]
    pub const fn for_tests() -> Self {
        Self { memory_kib: 32, passes: 1 }
    }

    fn stretcher(self) -> Result<Argon2<'static>, SignInRefused> {
        let params =
            Params::new(self.memory_kib, self.passes, 1, None).map_err(|_| SignInRefused::Malformed)?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

/// What a sign-in is bound to on both sides; a mismatch refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInBinding {
    /// The practice.
    pub practice: Uuid,
    /// The workstation.
    pub device: Uuid,
}

impl SignInBinding {
    fn context(&self) -> Vec<u8> {
        [label::SIGN_IN_CONTEXT, self.practice.as_bytes(), self.device.as_bytes()].concat()
    }
}

/// What client and server share after a sign-in.
pub struct SignInKey(Secret<64>);

/// Which way a secret travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the server to the client.
    ToClient,
    /// From the client to the server.
    ToServer,
}

impl SignInKey {
    /// Seals a small secret (a seed, a key) for the other side; `context` says which it is.
    #[must_use]
    pub fn seal(
        &self,
        direction: Direction,
        context: &[u8],
        plaintext: &[u8],
        random: &mut Random,
    ) -> Vec<u8> {
        hazmat::aes_seal_with_nonce(self.key(direction).expose(), context, plaintext, random)
    }

    /// Opens what the other side sealed.
    ///
    /// # Errors
    /// [`SignInRefused::Refused`].
    pub fn open(
        &self,
        direction: Direction,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<SecretBytes, SignInRefused> {
        let opened = hazmat::aes_open_with_nonce(self.key(direction).expose(), context, sealed);
        opened.map(SecretBytes::new).ok_or(SignInRefused::Refused)
    }

    /// The key as bytes, for a server that answers the next request from another process.
    #[must_use]
    pub fn expose(&self) -> &[u8; 64] {
        self.0.expose()
    }

    /// The key with these bytes.
    #[must_use]
    pub const fn from_secret(secret: Secret<64>) -> Self {
        Self(secret)
    }

    fn key(&self, direction: Direction) -> Secret<32> {
        let label = match direction {
            Direction::ToClient => label::SIGN_IN_TO_CLIENT,
            Direction::ToServer => label::SIGN_IN_TO_SERVER,
        };
        hazmat::hkdf(self.0.expose(), &[], &[label])
    }
}

impl PartialEq for SignInKey {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for SignInKey {}

impl fmt::Debug for SignInKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignInKey(…)")
    }
}

/// The server's long-term secret: its key pair, and the seed of every person's blinding key.
pub struct ServerSetup(opaque_ke::ServerSetup<Suite>);

/// What the server keeps between the two messages of a sign-in, and what it answers.
pub struct LoginAnswer {
    /// To be kept, for one use and a short time.
    pub state: SecretBytes,
    /// The answer for the client.
    pub message: Vec<u8>,
}

impl ServerSetup {
    /// A new random setup, once per practice. Losing it ends every registration.
    #[must_use]
    pub fn make(random: &mut Random) -> Self {
        Self(opaque_ke::ServerSetup::new(random))
    }

    /// The setup as it was kept.
    ///
    /// # Errors
    /// [`SignInRefused::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SignInRefused> {
        let setup: opaque_ke::ServerSetup<Suite> =
            opaque_ke::ServerSetup::deserialize(bytes).map_err(|_| SignInRefused::Malformed)?;
        exactly(bytes, &setup.serialize())?;
        Ok(Self(setup))
    }

    /// The setup, to be kept under the server's key.
    #[must_use]
    pub fn to_bytes(&self) -> SecretBytes {
        SecretBytes::new(self.0.serialize().to_vec())
    }

    /// Registration, server's step: answers the client's request. `credential` is the person's stable id in bytes,
    /// the same at every later sign-in.
    ///
    /// # Errors
    /// [`SignInRefused::Malformed`].
    pub fn answer_registration(&self, credential: &[u8], request: &[u8]) -> Result<Vec<u8>, SignInRefused> {
        let parsed = RegistrationRequest::deserialize(request).map_err(|_| SignInRefused::Malformed)?;
        exactly(request, &parsed.serialize())?;
        let answer = ServerRegistration::<Suite>::start(&self.0, parsed, credential);
        Ok(answer.map_err(|_| SignInRefused::Malformed)?.message.serialize().to_vec())
    }

    /// Registration, last step: the record to keep for this person.
    ///
    /// # Errors
    /// [`SignInRefused::Malformed`].
    pub fn accept_registration(upload: &[u8]) -> Result<Vec<u8>, SignInRefused> {
        let parsed =
            RegistrationUpload::<Suite>::deserialize(upload).map_err(|_| SignInRefused::Malformed)?;
        exactly(upload, &parsed.serialize())?;
        Ok(ServerRegistration::finish(parsed).serialize().to_vec())
    }

    /// Sign-in, server's step. For an unknown name give no record, and a `credential` that is always the same for
    /// the same name: the answer then looks like any other.
    ///
    /// # Errors
    /// [`SignInRefused::Malformed`].
    pub fn answer_login(
        &self,
        record: Option<&[u8]>,
        credential: &[u8],
        request: &[u8],
        binding: &SignInBinding,
        random: &mut Random,
    ) -> Result<LoginAnswer, SignInRefused> {
        let record = record.map(ServerRegistration::<Suite>::deserialize).transpose();
        let record = record.map_err(|_| SignInRefused::Malformed)?;
        let parsed = CredentialRequest::deserialize(request).map_err(|_| SignInRefused::Malformed)?;
        exactly(request, &parsed.serialize())?;
        let context = binding.context();
        let started =
            ServerLogin::start(random, &self.0, record, parsed, credential, server_parameters(&context))
                .map_err(|_| SignInRefused::Malformed)?;
        Ok(LoginAnswer {
            state: SecretBytes::new(started.state.serialize().to_vec()),
            message: started.message.serialize().to_vec(),
        })
    }

    /// Sign-in, last step: the client has proven the passphrase.
    ///
    /// # Errors
    /// [`SignInRefused::Refused`] if it has not.
    pub fn finish_login(
        state: &SecretBytes,
        finalization: &[u8],
        binding: &SignInBinding,
    ) -> Result<SignInKey, SignInRefused> {
        let state =
            ServerLogin::<Suite>::deserialize(state.expose()).map_err(|_| SignInRefused::Malformed)?;
        let parsed =
            CredentialFinalization::deserialize(finalization).map_err(|_| SignInRefused::Malformed)?;
        exactly(finalization, &parsed.serialize())?;
        let context = binding.context();
        let finished =
            state.finish(parsed, server_parameters(&context)).map_err(|_| SignInRefused::Refused)?;
        Ok(sign_in_key(&finished.session_key))
    }
}

impl fmt::Debug for ServerSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerSetup(…)")
    }
}

impl fmt::Debug for LoginAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginAnswer(…)")
    }
}

/// The client between the two messages of a registration.
pub struct Registering(ClientRegistration<Suite>);

/// Registration, client's first step: the state to keep and the message for the server.
///
/// # Errors
/// [`SignInRefused::Malformed`] only for a passphrase that cannot be blinded.
pub fn start_registration(
    passphrase: &Passphrase,
    random: &mut Random,
) -> Result<(Registering, Vec<u8>), SignInRefused> {
    let started = ClientRegistration::<Suite>::start(random, passphrase.as_bytes());
    let started = started.map_err(|_| SignInRefused::Malformed)?;
    Ok((Registering(started.state), started.message.serialize().to_vec()))
}

impl Registering {
    /// Registration, client's last step: the upload for the server.
    ///
    /// # Errors
    /// [`SignInRefused::Malformed`].
    pub fn finish(
        self,
        passphrase: &Passphrase,
        answer: &[u8],
        cost: SignInCost,
        random: &mut Random,
    ) -> Result<Vec<u8>, SignInRefused> {
        let parsed = RegistrationResponse::deserialize(answer).map_err(|_| SignInRefused::Malformed)?;
        exactly(answer, &parsed.serialize())?;
        let stretcher = cost.stretcher()?;
        let parameters = ClientRegistrationFinishParameters::new(Identifiers::default(), Some(&stretcher));
        let finished = self.0.finish(random, passphrase.as_bytes(), parsed, parameters);
        Ok(finished.map_err(|_| SignInRefused::Malformed)?.message.serialize().to_vec())
    }
}

impl fmt::Debug for Registering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registering(…)")
    }
}

/// The client between the two messages of a sign-in.
pub struct SigningIn(ClientLogin<Suite>);

/// Sign-in, client's first step: the state to keep and the message for the server.
///
/// # Errors
/// [`SignInRefused::Malformed`] only for a passphrase that cannot be blinded.
pub fn start_login(
    passphrase: &Passphrase,
    random: &mut Random,
) -> Result<(SigningIn, Vec<u8>), SignInRefused> {
    let started = ClientLogin::<Suite>::start(random, passphrase.as_bytes());
    let started = started.map_err(|_| SignInRefused::Malformed)?;
    Ok((SigningIn(started.state), started.message.serialize().to_vec()))
}

impl SigningIn {
    /// Sign-in, client's last step: the session key, and the message that proves the passphrase to the server.
    ///
    /// # Errors
    /// [`SignInRefused::Refused`] for a wrong passphrase or another server.
    pub fn finish(
        self,
        passphrase: &Passphrase,
        answer: &[u8],
        binding: &SignInBinding,
        cost: SignInCost,
        random: &mut Random,
    ) -> Result<(SignInKey, Vec<u8>), SignInRefused> {
        let parsed = CredentialResponse::deserialize(answer).map_err(|_| SignInRefused::Malformed)?;
        exactly(answer, &parsed.serialize())?;
        let (context, stretcher) = (binding.context(), cost.stretcher()?);
        let parameters =
            ClientLoginFinishParameters::new(Some(&context), Identifiers::default(), Some(&stretcher));
        let finished = self.0.finish(random, passphrase.as_bytes(), parsed, parameters);
        let finished = finished.map_err(|_| SignInRefused::Refused)?;
        Ok((sign_in_key(&finished.session_key), finished.message.serialize().to_vec()))
    }
}

impl fmt::Debug for SigningIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningIn(…)")
    }
}

const fn server_parameters(context: &[u8]) -> ServerLoginParameters<'_, 'static> {
    ServerLoginParameters { context: Some(context), identifiers: Identifiers { client: None, server: None } }
}

/// The library may ignore what follows a message; we do not.
fn exactly(given: &[u8], understood: &[u8]) -> Result<(), SignInRefused> {
    if given == understood { Ok(()) } else { Err(SignInRefused::Malformed) }
}

fn sign_in_key(bytes: &[u8]) -> SignInKey {
    SignInKey(Secret::build(|key| key.copy_from_slice(bytes)))
}
