//! Inclusion and consistency proofs of RFC 6962 §2.1.1 and §2.1.2, made from leaf hashes and verified without them.

use sha2::{Digest, Sha256};

use super::{NodeHash, node_hash};

/// The root of the empty tree: the hash of no bytes.
pub fn root_of_empty() -> NodeHash {
    NodeHash(Sha256::digest([]).into())
}

/// The root over leaf hashes in order.
pub fn root_of(leaves: &[NodeHash]) -> NodeHash {
    match leaves {
        [] => root_of_empty(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root_of(left), &root_of(right))
        }
    }
}

/// The path that proves leaf `index` to be in the tree over `leaves`; `None` when there is no such leaf.
pub fn inclusion_proof(leaves: &[NodeHash], index: usize) -> Option<Vec<NodeHash>> {
    if index >= leaves.len() {
        return None;
    }
    let mut path = Vec::new();
    let (mut leaves, mut index) = (leaves, index);
    while leaves.len() > 1 {
        let (left, right) = leaves.split_at(split(leaves.len()));
        if index < left.len() {
            path.push(root_of(right));
            leaves = left;
        } else {
            path.push(root_of(left));
            index -= left.len();
            leaves = right;
        }
    }
    path.reverse();
    Some(path)
}

/// The path that proves the tree over the first `old_size` leaves to be the beginning of the tree over all of
/// them; `None` when there are fewer leaves than that.
pub fn consistency_proof(leaves: &[NodeHash], old_size: usize) -> Option<Vec<NodeHash>> {
    if old_size > leaves.len() {
        return None;
    }
    let mut path = Vec::new();
    if old_size > 0 && old_size < leaves.len() {
        subproof(leaves, old_size, true, &mut path);
    }
    Some(path)
}

/// RFC 6962 §2.1.2, `SUBPROOF(m, D[n], b)`.
fn subproof(leaves: &[NodeHash], old_size: usize, whole: bool, path: &mut Vec<NodeHash>) {
    if old_size == leaves.len() {
        if !whole {
            path.push(root_of(leaves));
        }
        return;
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if old_size <= left.len() {
        subproof(left, old_size, whole, path);
        path.push(root_of(right));
    } else {
        subproof(right, old_size - left.len(), false, path);
        path.push(root_of(left));
    }
}

/// Whether the path proves `leaf` to be at `index` of the tree with this size and root.
pub fn verify_inclusion(leaf: NodeHash, index: u64, size: u64, path: &[NodeHash], root: NodeHash) -> bool {
    if index >= size {
        return false;
    }
    // RFC 9162 §2.1.3.2, which words the verification that RFC 6962 leaves to the reader.
    let (mut at, mut last, mut node) = (index, size - 1, leaf);
    for step in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            node = node_hash(step, &node);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            node = node_hash(&node, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && node == root
}

/// Whether the path proves the tree with the old size and root to be the beginning of the one with the new.
pub fn verify_consistency(
    old_size: u64,
    old_root: NodeHash,
    new_size: u64,
    new_root: NodeHash,
    path: &[NodeHash],
) -> bool {
    if old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return path.is_empty() && old_root == new_root;
    }
    if old_size == 0 {
        return path.is_empty() && old_root == root_of_empty();
    }
    // RFC 9162 §2.1.4.2.
    let mut steps = path.iter().copied();
    let first = if old_size.is_power_of_two() { Some(old_root) } else { steps.next() };
    let Some(first) = first else { return false };
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut old_node, mut new_node) = (first, first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old_node = node_hash(&step, &old_node);
            new_node = node_hash(&step, &new_node);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new_node = node_hash(&new_node, &step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old_node == old_root && new_node == new_root
}

/// The largest power of two smaller than `len`, for `len` > 1.
fn split(len: usize) -> usize {
    1 << (len - 1).ilog2()
}
