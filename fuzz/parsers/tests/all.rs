//! Replays every seed through its target, without libFuzzer: what was once found stays mended.

#[cfg(test)]
mod all {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use parsers::TARGETS;

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
    }

    fn names_in(folder: &Path) -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn targets() -> BTreeSet<String> {
        TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    #[test]
    fn every_seed_passes_its_target() {
        for (name, target) in TARGETS {
            let seeds = folder().join("seeds").join(name);
            let names = names_in(&seeds);
            assert!(!names.is_empty(), "{name} has no seeds");
            for seed in names {
                let bytes = fs::read(seeds.join(&seed)).unwrap();
                let passed = std::panic::catch_unwind(|| target(&bytes));
                assert!(passed.is_ok(), "seeds/{name}/{seed} breaks its target");
            }
        }
    }

    #[test]
    fn what_is_genuine_is_among_the_seeds() {
        for (name, bytes) in parsers::genuine() {
            let kept = fs::read(folder().join("seeds").join(name).join("genuine")).unwrap();
            assert_eq!(kept, bytes, "seeds/{name}/genuine: write it anew with the example `seeds`");
        }
    }

    #[test]
    fn every_seed_cut_short_or_bent_passes_its_target_too() {
        for (name, target) in TARGETS {
            let seeds = folder().join("seeds").join(name);
            for seed in names_in(&seeds).into_iter().take(4) {
                let bytes = fs::read(seeds.join(&seed)).unwrap();
                for at in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
                    target(&bytes[..at]);
                    let mut bent = bytes.clone();
                    bent[at] ^= 1 << (at % 8);
                    target(&bent);
                }
            }
        }
    }

    #[test]
    fn every_target_has_its_program_and_its_folder_and_nothing_else_has() {
        assert_eq!(names_in(&folder().join("seeds")), targets());
        let programs = names_in(&folder().join("fuzz_targets"));
        assert_eq!(programs, targets().iter().map(|name| format!("{name}.rs")).collect());
        let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
        for name in targets() {
            let program = format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"");
            assert!(manifest.contains(&program), "Cargo.toml lacks the program {name}");
        }
    }
}
