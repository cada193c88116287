//! What a copy of the table tells: to who lacks passphrase or keyring half nothing, however many codes were seen.
//!
//! Each test is tried on tables that are made wrongly too, so that it is known to find what it looks for.

use super::super::seal::mask_entry;
use super::*;

const STEPS: u32 = 2880;
const FIRST: u64 = 1000;

/// A table with the codes that people saw on the phone, as somebody has it who looked over a shoulder.
struct Seen {
    table: Vec<u32>,
    codes: Vec<u32>,
}

/// How a table is made: as it should be, or in a way that we must be able to tell from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Made {
    Rightly,
    /// `target − code`: one seen code gives all the others.
    Unmasked,
    /// One mask for all steps: the same.
    MaskedOnce,
    /// The mask repeats after a day's hours: a code gives those of the same time in the next hour.
    MaskedInTurn,
}

fn seen(made: Made, seed: u8) -> Seen {
    let mut random = Random::from_seed([seed; 32]);
    let (header, a_key) = begun(&mut random, TableSpan { first: FIRST, steps: STEPS });
    let seed = TotpSeed::make(&mut random);
    let generator = seed.generator();
    let codes: Vec<u32> = header.span.all().map(|step| generator.code_at(step)).collect();
    let target = random.below(CODES);
    let key = seal::derive_mask_key(&a_key, &SlotKey::make(&mut random), &header);
    let mask = |step| match made {
        Made::Rightly => key.mask(step, CODES),
        Made::Unmasked => 0,
        Made::MaskedOnce => key.mask(0, CODES),
        Made::MaskedInTurn => key.mask(step % 120, CODES),
    };
    let entries =
        header.span.all().zip(&codes).map(|(step, code)| mask_entry(target, *code, mask(step), CODES));
    let table: Vec<u32> = entries.collect();
    if made == Made::Rightly {
        assert_eq!(table, seal::mask_table(target, &seed, &key, header.span), "this test makes other tables");
    }
    Seen { table, codes }
}

impl Seen {
    /// `O[i] + code`: the target with whatever hides it.
    fn sums(&self) -> Vec<u32> {
        self.table.iter().zip(&self.codes).map(|(entry, code)| (entry + code) % CODES).collect()
    }

    /// Guesses the code after the first `known`: the sum that came most often, or the one of an hour ago.
    fn guesses(&self, known: usize) -> bool {
        let sums = self.sums();
        let mut sorted = sums[..known].to_vec();
        sorted.sort_unstable();
        let often = sorted.chunk_by(|a, b| a == b).max_by_key(|run| run.len()).map(|run| run[0]);
        let hour_ago = known.checked_sub(120).map(|at| sums[at]);
        let last = sums[known - 1];
        let next = |sum: u32| (sum + CODES - self.table[known]) % CODES;
        [often, hour_ago, Some(last)].into_iter().flatten().any(|sum| next(sum) == self.codes[known])
    }
}

/// Pearson's statistic of numbers below a million in a hundred classes: 99 on average, above 180 once in a million.
fn chi_square(numbers: &[u32]) -> f64 {
    let mut classes = [0_u32; 100];
    for number in numbers {
        classes[(number / (CODES / 100)) as usize] += 1;
    }
    let expected = numbers.len() as f64 / 100.0;
    classes.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum()
}

/// Differences between neighbours at a distance.
fn differences(numbers: &[u32], distance: usize) -> Vec<u32> {
    numbers.iter().zip(&numbers[distance..]).map(|(one, other)| (other + CODES - one) % CODES).collect()
}

fn right_guesses(made: Made) -> usize {
    let tries = (0..40).flat_map(|seed| {
        let seen = seen(made, seed);
        [1, 2, 10, 120, 121, 1000, 2879].map(|known| seen.guesses(known))
    });
    tries.filter(|right| *right).count()
}

#[test]
fn a_table_and_any_number_of_seen_codes_give_no_other_code() {
    // 280 times three guesses at one in a million.
    assert_eq!(right_guesses(Made::Rightly), 0);
}

#[test]
fn the_same_guesser_reads_tables_that_are_not_masked_step_by_step() {
    assert_eq!(right_guesses(Made::Unmasked), 280);
    assert_eq!(right_guesses(Made::MaskedOnce), 280);
    assert!(right_guesses(Made::MaskedInTurn) >= 160, "those with an hour of seen codes");
}

fn looks_random(made: Made) -> bool {
    let all: Vec<Seen> = (100..140).map(|seed| seen(made, seed)).collect();
    let entries: Vec<u32> = all.iter().flat_map(|seen| seen.table.clone()).collect();
    let apart =
        |distance| all.iter().flat_map(|seen| differences(&seen.sums(), distance)).collect::<Vec<_>>();
    [entries, apart(1), apart(2), apart(120), apart(2879)].iter().all(|numbers| chi_square(numbers) < 180.0)
}

#[test]
fn what_hides_the_target_is_spread_evenly_and_says_nothing_of_the_next() {
    // Entries, and what two steps have between them once their codes are known: evenly spread over 115,200 of each.
    assert!(looks_random(Made::Rightly));
    for wrong in [Made::Unmasked, Made::MaskedOnce, Made::MaskedInTurn] {
        assert!(!looks_random(wrong), "{wrong:?} passes, so this test finds nothing");
    }
}

#[test]
fn a_mask_hangs_on_passphrase_keyring_half_salt_and_generation_alike() {
    let span = TableSpan { first: FIRST, steps: STEPS };
    let mut random = Random::from_seed([200; 32]);
    let ((header, a_key), k_slot) = (begun(&mut random, span), SlotKey::make(&mut random));
    let masks = |a_key: &PassphraseKey, k_slot: &SlotKey, header: &Header| -> Vec<u32> {
        let key = seal::derive_mask_key(a_key, k_slot, header);
        span.all().map(|step| key.mask(step, CODES)).collect()
    };
    let right = masks(&a_key, &k_slot, &header);
    let salted =
        Header { generation_salt: random.bytes(), ..begun(&mut Random::from_seed([200; 32]), span).0 };
    let next = Header { generation: 2, ..begun(&mut Random::from_seed([200; 32]), span).0 };
    for other in [
        masks(&PassphraseKey::make(&mut random), &k_slot, &header),
        masks(&a_key, &SlotKey::make(&mut random), &header),
        masks(&a_key, &k_slot, &salted),
        masks(&a_key, &k_slot, &next),
    ] {
        let same = right.iter().zip(&other).filter(|(one, other)| one == other).count();
        assert!(same <= 1, "{same} of {STEPS} masks are the same");
        let between: Vec<u32> =
            right.iter().zip(&other).map(|(one, other)| (one + CODES - other) % CODES).collect();
        assert!(chi_square(&between) < 180.0);
    }
}

/// Where the true target stands (0 first, 1 last) when all are ordered by how well they explain a table whose masks are
/// known. Codes below `split` are a little more likely than others: the only thing a table could be read by.
fn rank_of_target(codes: &[u32], split: u32) -> f64 {
    let size = CODES as usize;
    // With target 0 an unmasked entry is −code, and target t would mean that the codes were code + t.
    let mut counts = vec![0_u32; size];
    for code in codes {
        counts[*code as usize] += 1;
    }
    let below = |from: usize| (0..split as usize).map(|at| counts[(from + at) % size]).sum::<u32>();
    let (mut count, truth) = (below(0), below(0));
    let (mut better, mut even) = (0_u32, 0_u32);
    for shift in 1..size {
        count = count - counts[shift - 1] + counts[(shift - 1 + split as usize) % size];
        better += u32::from(count > truth);
        even += u32::from(count == truth);
    }
    (f64::from(better) + f64::from(even) / 2.0) / f64::from(CODES)
}

#[test]
fn that_some_codes_are_likelier_than_others_does_not_betray_the_target() {
    // 2³¹ mod 10⁶: codes below it come 2148 times in 2³¹, the others 2147 times (RFC 4226 §5.3). To who has
    // passphrase and keyring half each step gives ½·¼·2147⁻² nats about the target: a hundredth of a bit in 90 days.
    let split = (1_u32 << 31) % CODES;
    let steps = 1000..1000 + 45 * u64::from(STEPS_PER_DAY);
    let ranks = |draw: &dyn Fn(u32) -> u32| -> f64 {
        let one = |seed: u8| {
            let seed = TotpSeed::make(&mut Random::from_seed([seed; 32]));
            let generator = seed.generator();
            let codes: Vec<u32> = steps.clone().map(|step| draw(generator.code_at(step))).collect();
            rank_of_target(&codes, split)
        };
        (0..6).map(one).sum::<f64>() / 6.0
    };
    let real = ranks(&|code| code);
    assert!(real > 0.2, "the target stands at {real} of all, on average over 6 tables");
    // Were low codes drawn a hundredth more often, the target would stand out.
    let bent = ranks(&|code| if code >= split && code % 100 == 0 { code - split } else { code });
    assert!(bent < 0.05, "a bent table passes at {bent}, so this test finds nothing");
}
