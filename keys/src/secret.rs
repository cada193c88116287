//! Bytes that must not be shown, copied without need, or left behind in memory.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::Random;
use crate::pages::Page;

/// `N` secret bytes, kept out of swap where the system allows it: wiped on drop, compared in constant time, never printed.
pub struct Secret<const N: usize>(Page<N>);

impl<const N: usize> Secret<N> {
    /// Fills a new secret in place, so that no copy of it is left on the stack.
    pub fn build(fill: impl FnOnce(&mut [u8; N])) -> Self {
        let mut secret = Self(Page::take());
        fill(secret.0.bytes_mut());
        secret
    }

    /// A new random secret.
    #[must_use]
    pub fn make(random: &mut Random) -> Self {
        Self::build(|bytes| random.fill(bytes))
    }

    /// Takes over bytes that came from outside and wipes the array that was handed in.
    #[must_use]
    pub fn from_bytes(mut bytes: [u8; N]) -> Self {
        let secret = Self::build(|place| place.copy_from_slice(&bytes));
        bytes.zeroize();
        secret
    }

    /// The secret in `bytes`, if there are exactly `N` of them.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == N).then(|| Self::build(|place| place.copy_from_slice(bytes)))
    }

    /// The secret bytes. Whoever calls this says in a comment why.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        self.0.bytes()
    }

    /// A second copy, for the few places that need one.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self::build(|place| place.copy_from_slice(self.expose()))
    }
}

// The page wipes what lay in it when it is dropped.
impl<const N: usize> ZeroizeOnDrop for Secret<N> {}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        self.expose().as_slice().ct_eq(other.expose().as_slice()).into()
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret<{N}>(…)")
    }
}

/// Secret bytes whose number varies: wiped on drop, compared in constant time, never printed.
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes the bytes over.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The secret bytes. Whoever calls this says in a comment why.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl ZeroizeOnDrop for SecretBytes {}

impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl Eq for SecretBytes {}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes({} bytes)", self.0.len())
    }
}

/// Secret text that a person has to see or a phone has to read: wiped on drop, never printed by accident.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text. Whoever calls this says in a comment why.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl ZeroizeOnDrop for SecretText {}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// Declares a key type of its own around `Secret<32>`, so that one key is never taken for another.
macro_rules! key_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(PartialEq, Eq)]
        pub struct $name($crate::Secret<32>);

        impl $name {
            /// A new random key.
            #[must_use]
            pub fn make(random: &mut $crate::Random) -> Self {
                Self($crate::Secret::make(random))
            }

            /// The key with these bytes.
            #[must_use]
            pub fn from_secret(secret: $crate::Secret<32>) -> Self {
                Self(secret)
            }

            /// The key's bytes. Whoever calls this says in a comment why.
            #[must_use]
            pub fn expose(&self) -> &[u8; 32] {
                self.0.expose()
            }

            /// A second copy, for the few places that need one.
            #[must_use]
            pub fn duplicate(&self) -> Self {
                Self(self.0.duplicate())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl zeroize::ZeroizeOnDrop for $name {}
    };
}
pub(crate) use key_type;
