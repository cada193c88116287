//! A small generator of pseudo-random numbers (`xoshiro256++` seeded by `SplitMix64`), written here once so that a practice
//! does not change when a library does. It makes test data only, never a key.

/// One stream of numbers. Streams of different topics or patients do not disturb each other.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: [u64; 4],
}

/// What a stream is for, so that a change in one part of a chart leaves the others as they were.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Topic {
    Directory = 1,
    Plan = 2,
    Persona = 3,
    Course = 4,
    Identifier = 5,
    Appointment = 6,
    Account = 7,
    Allergy = 8,
    Immunization = 9,
    Shift = 10,
    Absence = 11,
}

impl Random {
    pub(crate) fn for_topic(seed: u64, topic: Topic, index: u64) -> Random {
        let mut mixer = seed ^ (topic as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let mut state = split_mix(&mut mixer) ^ index;
        Random { state: std::array::from_fn(|_| split_mix(&mut state)) }
    }

    /// The next 64 bits, after Blackman and Vigna, <https://prng.di.unimi.it/xoshiro256plusplus.c>.
    pub(crate) fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let c = c ^ a;
        let d = d ^ b;
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// A number in `0..bound`; `bound` is at least 1. The bias of the multiplication is of no weight here.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.next()) * u128::from(bound);
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// A number in `low..=high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high - low).unwrap_or(0) + 1;
        low + i64::try_from(self.below(width)).unwrap_or(0)
    }

    /// True in `per_mille` of 1000 cases.
    pub(crate) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// A deviation in `-width..=width`, small ones more often.
    pub(crate) fn spread(&mut self, width: i64) -> i64 {
        (self.between(-width, width) + self.between(-width, width) + self.between(-width, width)) / 3
    }

    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let at = self.below(choices.len() as u64);
        &choices[usize::try_from(at).unwrap_or(0)]
    }
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs for the state 1, 2, 3, 4 as published with the reference code of `rand_xoshiro`.
    #[test]
    fn the_stream_is_that_of_the_reference_implementation() {
        let mut random = Random { state: [1, 2, 3, 4] };
        let expected = [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386];
        assert_eq!(expected.map(|_| random.next()), expected);
    }

    #[test]
    fn a_number_stays_within_its_bounds() {
        let mut random = Random::for_topic(7, Topic::Course, 3);
        assert!((0..1000).all(|_| (-3..=4).contains(&random.between(-3, 4))));
    }
}
