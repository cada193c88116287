//! What guessing takes for somebody who has passphrase, file and keyring half, and no code: Argon2id for each guess.
//!
//! The slots here know a hundred codes instead of a million, so that all of them can be tried.

use super::super::seal::{MaskKey, mask_entry, unmask_entry};
use super::*;

/// So many codes that a test can try them all.
const FEW: u32 = 100;
const STEPS: u32 = 40;

/// A slot of few codes, and what its attacker has beside the file.
struct Stolen {
    file: Vec<u8>,
    a_key: PassphraseKey,
    k_slot: SlotKey,
    mask_key: MaskKey,
    /// What the attacker lacks.
    target: u32,
    codes: Vec<u32>,
}

impl Stolen {
    fn new(seed: u8) -> Self {
        let mut random = Random::from_seed([seed; 32]);
        let (header, a_key) = begun(&mut random, TableSpan { first: 1000, steps: STEPS });
        let contents = SlotContents { person: header.person, ..contents(&mut random) };
        let generator = contents.totp_seed.generator();
        let codes: Vec<u32> = header.span.all().map(|step| generator.code_at(step) % FEW).collect();
        let (k_slot, target) = (SlotKey::make(&mut random), random.below(FEW));
        let mask_key = seal::derive_mask_key(&a_key, &k_slot, &header);
        let masked = |(step, code)| mask_entry(target, code, mask_key.mask(step, FEW), FEW);
        let table: Vec<u32> = header.span.all().zip(codes.iter().copied()).map(masked).collect();
        let factor = Factor::Target(target);
        let file =
            seal::seal(&header, &Part::Table(&table), &contents, &a_key, &k_slot, &factor, &mut random)
                .unwrap();
        Self { file, a_key, k_slot, mask_key, target, codes }
    }

    /// Where each code of a step would lead.
    fn targets_of(&self, step: u64) -> Vec<u32> {
        let file = SlotFile::parse(&self.file).unwrap();
        let (entry, mask) = (file.table_entry(step).unwrap(), self.mask_key.mask(step, FEW));
        (0..FEW).map(|code| unmask_entry(entry, code, mask, FEW)).collect()
    }

    /// Tries targets in an order until one opens; says how often Argon2id ran.
    fn guess(&self, order: impl Iterator<Item = u32>) -> u32 {
        let file = SlotFile::parse(&self.file).unwrap();
        RUNS.set(0);
        for target in order {
            let opened = seal::open(&file, &self.a_key, &self.k_slot, &Factor::Target(target)).unwrap();
            if opened.is_some() {
                assert_eq!(target, self.target);
                return RUNS.get();
            }
        }
        panic!("no target opens");
    }
}

#[test]
fn each_guess_is_one_run_of_argon2id_and_only_the_target_opens() {
    let mut ranks = Vec::new();
    for seed in 0..60 {
        let stolen = Stolen::new(seed);
        let runs = stolen.guess(0..FEW);
        assert_eq!(runs, stolen.target + 1, "a guess was free");
        assert_eq!(stolen.guess((0..FEW).rev()), FEW - stolen.target, "a guess was free");
        ranks.push(runs);
    }
    // Half of all codes on average: 50.5, with a standard error of 3.7 over 60 slots.
    let mean = f64::from(ranks.iter().sum::<u32>()) / 60.0;
    assert!((37.0..64.0).contains(&mean), "{mean} runs on average");
}

#[test]
fn a_code_leads_to_the_target_and_the_table_rules_out_no_other() {
    let stolen = Stolen::new(61);
    for (step, code) in (1000..).zip(&stolen.codes) {
        let mut targets = stolen.targets_of(step);
        let leads_to = targets[usize::try_from(*code).unwrap()];
        assert_eq!(leads_to, stolen.target);
        targets.sort_unstable();
        assert!(targets.into_iter().eq(0..FEW), "step {step} rules codes out");
    }
}

#[test]
fn every_target_explains_the_whole_table_so_that_two_steps_rule_out_no_more_than_one() {
    let stolen = Stolen::new(62);
    let file = SlotFile::parse(&stolen.file).unwrap();
    for target in 0..FEW {
        // The codes that this target would need: as likely as any others to who lacks the seed.
        let needed = (1000..1000 + u64::from(STEPS)).map(|step| {
            let (entry, mask) = (file.table_entry(step).unwrap(), stolen.mask_key.mask(step, FEW));
            (target + mask + FEW - entry) % FEW
        });
        for (step, code) in (1000..).zip(needed) {
            let index = usize::try_from(code).unwrap();
            assert_eq!(stolen.targets_of(step)[index], target);
        }
    }
}

#[test]
fn a_million_codes_lead_to_a_million_targets() {
    let mut random = Random::from_seed([63; 32]);
    let (header, a_key) = begun(&mut random, TableSpan { first: 1000, steps: 1 });
    let key = seal::derive_mask_key(&a_key, &SlotKey::make(&mut random), &header);
    let entry = random.below(CODES);
    let mut seen = vec![false; CODES as usize];
    let mask = key.mask(1000, CODES);
    for code in 0..CODES {
        seen[unmask_entry(entry, code, mask, CODES) as usize] = true;
    }
    assert!(seen.into_iter().all(|seen| seen));
    assert_eq!(unmask_entry(entry, 7, mask, CODES), seal::unmask(entry, 7, &key, 1000));
}
