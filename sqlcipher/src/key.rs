//! The 256-bit key of one file.

use std::fmt;

use zeroize::Zeroizing;

/// A raw 256-bit key: it goes to the cipher as it is, with no derivation from a passphrase.
///
/// Wiped on drop; `Debug` shows nothing of it.
pub struct RawKey(Zeroizing<[u8; 32]>);

impl RawKey {
    /// Takes the key's bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The statement that hands the key to SQLCipher, as a raw key in hex (`x'…'`).
    pub(crate) fn pragma(&self) -> Zeroizing<String> {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        // The whole length at once: a growing string would leave copies of the key in the heap.
        let mut sql = Zeroizing::new(String::with_capacity(96));
        sql.push_str("PRAGMA key = \"x'");
        for byte in self.0.iter() {
            sql.push(char::from(HEX[usize::from(byte >> 4)]));
            sql.push(char::from(HEX[usize::from(byte & 15)]));
        }
        sql.push_str("'\";");
        sql
    }
}

impl From<[u8; 32]> for RawKey {
    fn from(bytes: [u8; 32]) -> Self {
        Self::new(bytes)
    }
}

impl fmt::Debug for RawKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawKey(..)")
    }
}
