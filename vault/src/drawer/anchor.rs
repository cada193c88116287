//! How far a drawer has come, in 40 bytes: a sequence number, and a digest of the set of its rows.
//!
//! The digest is the sum, modulo 2^256, of one keyed hash a row (of its key and revision). It is the same whatever the
//! order, and kept up to date by adding what comes and subtracting what goes. Whoever lacks the field key can make no
//! other set of rows with the same sum (MSet-Add-Hash; Clarke, Devadas, van Dijk, Gassend, Suh 2003).

use super::sealing::Sealing;

/// What is noted elsewhere (slot contents, keyring, the server's receipt) about a drawer, to find a file put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Counts the commits of the drawer.
    pub sequence: u64,
    /// The digest of the rows after that commit.
    pub digest: [u8; 32],
}

/// How a drawer stands to an anchor noted earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is where it was.
    AtAnchor,
    /// It has gone on since, which is fine.
    Ahead,
    /// It is an older file, or another one: read-only until it was pulled again.
    Behind,
}

impl Anchor {
    /// How a drawer with this anchor stands to one that was `noted` earlier.
    #[must_use]
    pub fn against(&self, noted: &Anchor) -> Standing {
        match self.sequence.cmp(&noted.sequence) {
            std::cmp::Ordering::Greater => Standing::Ahead,
            std::cmp::Ordering::Equal if self.digest == noted.digest => Standing::AtAnchor,
            std::cmp::Ordering::Equal | std::cmp::Ordering::Less => Standing::Behind,
        }
    }
}

/// The running digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Digest([u64; 4]);

impl Digest {
    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        let mut limbs = [0; 4];
        for (limb, chunk) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
            *limb = chunk.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
        }
        Self(limbs)
    }

    /// Little-endian.
    pub(crate) fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, limb) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&limb.to_le_bytes());
        }
        bytes
    }

    pub(crate) fn add(&mut self, row: Digest) {
        let mut carry = false;
        for (limb, other) in self.0.iter_mut().zip(row.0) {
            let (sum, first) = limb.overflowing_add(other);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            (*limb, carry) = (sum, first || second);
        }
    }

    pub(crate) fn subtract(&mut self, row: Digest) {
        let mut borrow = false;
        for (limb, other) in self.0.iter_mut().zip(row.0) {
            let (rest, first) = limb.overflowing_sub(other);
            let (rest, second) = rest.overflowing_sub(u64::from(borrow));
            (*limb, borrow) = (rest, first || second);
        }
    }
}

/// The hash of one row: two tokens of `key ‖ revision (8 bytes, big-endian)`.
pub(crate) fn row_digest(sealing: &Sealing, key: &str, revision: u64) -> Digest {
    let mut value = Vec::with_capacity(key.len() + 8);
    value.extend_from_slice(key.as_bytes());
    value.extend_from_slice(&revision.to_be_bytes());
    let mut bytes = [0; 32];
    let (low, high) = bytes.split_at_mut(16);
    low.copy_from_slice(&sealing.token("anchor-low", &value));
    high.copy_from_slice(&sealing.token("anchor-high", &value));
    Digest::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use keys::{DrawerKeys, Random};
    use records::Drawer;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_row_counts_as_this_number_for_ever() {
        let keys = DrawerKeys::make(1, &mut Random::from_seed([1; 32]));
        let sealing = Sealing::new(Uuid::from_u128(7), Drawer::Demographics, keys);

        let digest = row_digest(&sealing, "Patient/p", 3).to_bytes();

        let frozen = include_str!("../../tests/vectors/drawer.txt");
        let line = format!("digest = {}", digest.map(|byte| format!("{byte:02x}")).concat());
        assert!(frozen.lines().any(|frozen| frozen == line), "{line}");
    }

    #[test]
    fn the_digest_forgets_order_and_what_was_taken_away() {
        let (one, two) = (Digest([u64::MAX, 3, u64::MAX, 9]), Digest([7, u64::MAX, u64::MAX, u64::MAX]));
        let mut forth = Digest::default();
        forth.add(one);
        forth.add(two);
        let mut back = Digest::default();
        back.add(two);
        back.add(one);

        assert_eq!(forth, back);
        forth.subtract(one);
        assert_eq!(forth, two);
        forth.subtract(two);
        assert_eq!(forth, Digest::default());
        assert_eq!(Digest::from_bytes(one.to_bytes()), one);
    }

    #[test]
    fn an_older_file_is_behind_and_a_newer_one_is_fine() {
        let noted = Anchor { sequence: 5, digest: [1; 32] };

        assert_eq!(noted.against(&noted), Standing::AtAnchor);
        assert_eq!(Anchor { sequence: 6, digest: [2; 32] }.against(&noted), Standing::Ahead);
        assert_eq!(Anchor { sequence: 4, digest: [1; 32] }.against(&noted), Standing::Behind);
        assert_eq!(Anchor { sequence: 5, digest: [2; 32] }.against(&noted), Standing::Behind);
    }
}
