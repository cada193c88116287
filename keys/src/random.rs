//! Where randomness comes from: the operating system, or a seed for tests and vectors.

use std::convert::Infallible;
use std::fmt;

use hpke::rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Secret, label};

/// The source of every key, nonce and salt; passed in as an argument.
pub struct Random(Source);

enum Source {
    OperatingSystem,
    Seeded { seed: Secret<32>, block: u64 },
}

impl Random {
    /// Randomness of the operating system.
    #[must_use]
    pub fn from_os() -> Self {
        Self(Source::OperatingSystem)
    }

    /// The same bytes each time for the same seed: SHA-256(label ‖ seed ‖ block number), block after block.
    /// For tests and fixed vectors; nothing that protects a record may come from it.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(Source::Seeded { seed: Secret::from_bytes(seed), block: 0 })
    }

    /// Fills `out`.
    ///
    /// # Panics
    /// If the operating system has no randomness to give: no key may be made then.
    pub fn fill(&mut self, out: &mut [u8]) {
        match &mut self.0 {
            Source::OperatingSystem => {
                getrandom::fill(out).expect("the operating system gives randomness, or no key is made");
            }
            Source::Seeded { seed, block } => {
                for chunk in out.chunks_mut(32) {
                    let hash = Sha256::new()
                        .chain_update(label::SEEDED_RANDOM)
                        .chain_update(seed.expose())
                        .chain_update(block.to_be_bytes())
                        .finalize();
                    chunk.copy_from_slice(hash.get(..chunk.len()).unwrap_or_default());
                    *block += 1;
                }
            }
        }
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A random number below `limit`, each as likely as the other.
    ///
    /// # Panics
    /// If `limit` is 0.
    #[must_use]
    pub fn below(&mut self, limit: u32) -> u32 {
        assert!(limit > 0, "a number below nothing does not exist");
        let accepted = u32::MAX - u32::MAX % limit;
        loop {
            let drawn = u32::from_be_bytes(self.bytes());
            if drawn < accepted {
                return drawn % limit;
            }
        }
    }

    /// A random UUID (version 4).
    #[must_use]
    pub fn uuid(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// A UUID of version 7 (RFC 9562) from a time that was passed in.
    #[must_use]
    pub fn uuid_v7(&mut self, now: jiff::Timestamp) -> Uuid {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::OperatingSystem => "Random(operating system)",
            Source::Seeded { .. } => "Random(seeded)",
        })
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.bytes()))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Random {}

/// The older generation of the same traits, which OPAQUE's library still speaks.
impl opaque_ke::rand::RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        u32::from_le_bytes(self.bytes())
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }

    fn fill_bytes(&mut self, out: &mut [u8]) {
        self.fill(out);
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), opaque_ke::rand::Error> {
        self.fill(out);
        Ok(())
    }
}

impl opaque_ke::rand::CryptoRng for Random {}
