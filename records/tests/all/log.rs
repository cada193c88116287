//! The log tree against another implementation of RFC 6962, and the frozen leaf format.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use records::LogId;
use records::log::{
    LogPosition, NodeHash, Tree, audit_leaf, audit_leaf_hash, consistency_proof, inclusion_proof, leaf_hash,
    root_of, verify_consistency, verify_inclusion,
};
use sha2::Sha256;
use uuid::Uuid;

fn both(items: &[Vec<u8>]) -> (Vec<NodeHash>, MemoryBackedTree<Sha256, Vec<u8>>) {
    let mut oracle = MemoryBackedTree::new();
    items.iter().cloned().for_each(|item| oracle.push(item));
    (items.iter().map(|item| leaf_hash(item)).collect(), oracle)
}

fn flat(path: &[NodeHash]) -> Vec<u8> {
    path.iter().flat_map(|hash| hash.0).collect()
}

#[test]
fn roots_are_those_of_the_published_test_vectors() {
    // The inputs and roots that Certificate Transparency implementations test with.
    let inputs: [&[u8]; 8] = [
        &[],
        &[0x00],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
    ];
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut tree = Tree::new();
    assert_eq!(tree.root().to_string(), roots[0]);
    for (input, root) in inputs.iter().zip(&roots[1..]) {
        tree.push(leaf_hash(input));
        assert_eq!(tree.root().to_string(), *root);
    }
}

#[test]
fn the_audit_leaf_of_format_1_is_frozen() {
    let position = LogPosition {
        log: LogId::from_uuid(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001)),
        index: 258,
    };
    let event = br#"{"resourceType":"AuditEvent"}"#;
    let leaf = audit_leaf(position, event);
    let hex: String = leaf.iter().map(|byte| format!("{byte:02x}")).collect();
    let frozen = "63686172746b6565702f61756469742f76310a019200000000700080000000000000010000000000000102\
                  7b227265736f7572636554797065223a2241756469744576656e74227d";
    assert_eq!(hex, frozen);
    assert_eq!(audit_leaf_hash(position, event), leaf_hash(&leaf));
    assert_eq!(
        audit_leaf_hash(position, event).to_string(),
        "931661d5f421ab482cb63654a19e8e5b6da465192abdc4faaf920fad31a7dd56"
    );
}

#[test]
fn a_stored_tree_goes_on_where_it_was() {
    let leaves: Vec<NodeHash> = (0_u8..100).map(|n| leaf_hash(&[n])).collect();
    let mut tree = Tree::of(leaves[..37].iter().copied());
    tree = Tree::from_bytes(&tree.to_bytes()).unwrap();
    leaves[37..].iter().for_each(|leaf| tree.push(*leaf));
    assert_eq!((tree.size(), tree.root()), (100, root_of(&leaves)));
}

#[test]
fn bytes_that_are_no_tree_are_refused() {
    let bytes = Tree::of([leaf_hash(b"a"), leaf_hash(b"b"), leaf_hash(b"c")]).to_bytes();
    assert!(Tree::from_bytes(&bytes[..bytes.len() - 1]).is_err());
    assert!(Tree::from_bytes(&bytes[..40]).is_err(), "three leaves have two peaks");
    assert!(Tree::from_bytes(&[]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn tree_and_proofs_agree_with_the_oracle(
        items in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..8), 1..70),
        pick in any::<proptest::sample::Index>(), grow in any::<proptest::sample::Index>(),
    ) {
        let (leaves, oracle) = both(&items);
        let tree = Tree::of(leaves.iter().copied());
        let root = oracle.root();
        prop_assert_eq!(tree.root().0.to_vec(), root.as_bytes().to_vec());
        prop_assert_eq!(root_of(&leaves), tree.root());

        let index = pick.index(items.len());
        let path = inclusion_proof(&leaves, index).unwrap();
        prop_assert_eq!(flat(&path), oracle.prove_inclusion(index).as_bytes().to_vec());
        let size = items.len() as u64;
        prop_assert!(verify_inclusion(leaves[index], index as u64, size, &path, tree.root()));

        let old = 1 + grow.index(items.len());
        let old_root = root_of(&leaves[..old]);
        let path = consistency_proof(&leaves, old).unwrap();
        prop_assert_eq!(flat(&path), oracle.prove_consistency(items.len() - old).as_bytes().to_vec());
        prop_assert!(verify_consistency(old as u64, old_root, size, tree.root(), &path));
    }

    #[test]
    fn a_wrong_leaf_index_size_or_path_does_not_verify(
        count in 2_usize..60, pick in any::<proptest::sample::Index>(), flip in any::<proptest::sample::Index>(),
    ) {
        let leaves: Vec<NodeHash> = (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let (index, root, size) = (pick.index(count), root_of(&leaves), count as u64);
        let path = inclusion_proof(&leaves, index).unwrap();
        prop_assert!(!verify_inclusion(leaf_hash(b"another"), index as u64, size, &path, root));
        let next = (index + 1) % count;
        prop_assert!(!verify_inclusion(leaves[index], next as u64, size, &path, root));
        prop_assert!(!verify_inclusion(leaves[index], index as u64, size, &path[..path.len() - 1], root));
        let mut bent = path.clone();
        bent[flip.index(path.len())].0[0] ^= 1;
        prop_assert!(!verify_inclusion(leaves[index], index as u64, size, &bent, root));
    }

    #[test]
    fn a_rewritten_or_shortened_past_is_not_consistent(
        count in 2_usize..60, old in any::<proptest::sample::Index>(), changed in any::<proptest::sample::Index>(),
    ) {
        let leaves: Vec<NodeHash> = (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let old = 1 + old.index(count - 1);
        let old_root = root_of(&leaves[..old]);
        let mut rewritten = leaves.clone();
        rewritten[changed.index(old)] = leaf_hash(b"rewritten");
        let path = consistency_proof(&rewritten, old).unwrap();
        prop_assert!(!verify_consistency(old as u64, old_root, count as u64, root_of(&rewritten), &path));
        prop_assert!(!verify_consistency(count as u64, root_of(&leaves), old as u64, old_root, &path));
    }
}
