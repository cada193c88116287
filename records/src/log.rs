//! The Merkle tree of RFC 6962 over the audit log, and format 1 of its leaves.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::LogId;

mod proof;

pub use proof::{
    consistency_proof, inclusion_proof, root_of, root_of_empty, verify_consistency, verify_inclusion,
};

/// What an audit leaf of format 1 begins with.
pub const LEAF_PREFIX_V1: &[u8] = b"chartkeep/audit/v1\n";

/// Where an event is: which log, and its index from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LogPosition {
    /// The log.
    pub log: LogId,
    /// The index, from 0.
    pub index: u64,
}

/// A SHA-256 hash of a leaf or of a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NodeHash(pub [u8; 32]);

impl NodeHash {
    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for NodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for NodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The bytes of an audit leaf, format 1: prefix ‖ log id (16) ‖ index (u64, big endian) ‖ event JSON.
pub fn audit_leaf(position: LogPosition, event: &[u8]) -> Vec<u8> {
    let mut leaf = Vec::with_capacity(LEAF_PREFIX_V1.len() + 24 + event.len());
    leaf.extend_from_slice(LEAF_PREFIX_V1);
    leaf.extend_from_slice(position.log.uuid().as_bytes());
    leaf.extend_from_slice(&position.index.to_be_bytes());
    leaf.extend_from_slice(event);
    leaf
}

/// The leaf hash of an event at its position.
pub fn audit_leaf_hash(position: LogPosition, event: &[u8]) -> NodeHash {
    leaf_hash(&audit_leaf(position, event))
}

/// RFC 6962 §2.1: SHA-256 of 0x00 ‖ leaf.
pub fn leaf_hash(leaf: &[u8]) -> NodeHash {
    NodeHash(Sha256::new().chain_update([0x00]).chain_update(leaf).finalize().into())
}

/// RFC 6962 §2.1: SHA-256 of 0x01 ‖ left ‖ right.
pub fn node_hash(left: &NodeHash, right: &NodeHash) -> NodeHash {
    NodeHash(Sha256::new().chain_update([0x01]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// A tree that only grows: the roots of its complete subtrees, largest first, and its size. Appending costs
/// O(log n) at worst and O(1) on average; proofs need the leaf hashes ([`inclusion_proof`]).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    size: u64,
    peaks: Vec<NodeHash>,
}

/// Bytes that do not hold a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these bytes hold no log tree")]
pub struct NotATree;

impl Tree {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tree over leaf hashes in order.
    pub fn of(leaves: impl IntoIterator<Item = NodeHash>) -> Self {
        let mut tree = Self::new();
        leaves.into_iter().for_each(|leaf| tree.push(leaf));
        tree
    }

    /// Appends a leaf hash.
    pub fn push(&mut self, leaf: NodeHash) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("there is one peak for each set bit of the size");
            node = node_hash(&left, &node);
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// How many leaves there are; also the index of the next one.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root hash; for the empty tree the hash of nothing.
    pub fn root(&self) -> NodeHash {
        let mut peaks = self.peaks.iter().rev();
        let Some(smallest) = peaks.next() else { return root_of_empty() };
        peaks.fold(*smallest, |right, left| node_hash(left, &right))
    }

    /// Size (u64, big endian) and peaks, for storing.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        self.peaks.iter().for_each(|peak| bytes.extend_from_slice(&peak.0));
        bytes
    }

    /// Reads what [`Tree::to_bytes`] wrote.
    ///
    /// # Errors
    /// When the number of peaks does not fit the size.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotATree> {
        let (size, rest) = bytes.split_first_chunk::<8>().ok_or(NotATree)?;
        let size = u64::from_be_bytes(*size);
        let (peaks, left_over) = rest.as_chunks::<32>();
        if left_over.is_empty() && peaks.len() == size.count_ones() as usize {
            Ok(Self { size, peaks: peaks.iter().copied().map(NodeHash).collect() })
        } else {
            Err(NotATree)
        }
    }
}
