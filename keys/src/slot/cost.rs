//! What a guess at a slot costs: two runs of Argon2id, with floors and a ceiling.

use std::time::Duration;

use crate::hazmat::{Argon2Cost, Argon2Input, argon2id};
use crate::layout::{Reader, Writer};
use crate::slot::{PassphraseKey, Root};
use crate::{Passphrase, Unreadable};

const MIB: u32 = 1024;

/// The least that may protect a slot.
const FLOOR: SlotCost = SlotCost {
    passphrase: Argon2Cost { memory_kib: 64 * MIB, passes: 3, lanes: 1 },
    unlock: Argon2Cost { memory_kib: 128 * MIB, passes: 3, lanes: 4 },
};
/// The most a slot file may ask a machine for.
const CEILING: Argon2Cost = Argon2Cost { memory_kib: 1024 * MIB, passes: 16, lanes: 16 };
/// So little that tests are fast. It protects nothing.
const TEST: SlotCost = SlotCost {
    passphrase: Argon2Cost { memory_kib: 32, passes: 1, lanes: 1 },
    unlock: Argon2Cost { memory_kib: 64, passes: 1, lanes: 4 },
};

/// Calibration aims at this for one unlock.
const UNLOCK_AIM: Duration = Duration::from_millis(500);

/// The cost lies below the floor or above the ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cost of guessing is outside what is allowed")]
pub struct CostRefused;

/// What one guess costs: the passphrase's share (64 MiB, 3 passes) and the unlock's share (128 MiB, 3 passes, 4
/// lanes, more on a fast machine).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotCost {
    passphrase: Argon2Cost,
    unlock: Argon2Cost,
}

impl SlotCost {
    /// The floor, which is what ships.
    pub const STANDARD: Self = FLOOR;

    /// The standard cost with another memory for the unlock's share, in MiB, within 128 and 1024.
    ///
    /// # Errors
    /// [`CostRefused`].
    pub fn with_unlock_memory_mib(memory_mib: u32) -> Result<Self, CostRefused> {
        let memory_kib = memory_mib.checked_mul(MIB).ok_or(CostRefused)?;
        let cost = Self { unlock: Argon2Cost { memory_kib, ..FLOOR.unlock }, ..FLOOR };
        cost.check()?;
        Ok(cost)
    }

    /// Finds the memory with which one unlock takes at least half a second here, never below the floor.
    /// `measure` runs an unlock at the cost given (see [`Self::spend_unlock`]) and says how long it took.
    #[must_use]
    pub fn calibrated(mut measure: impl FnMut(&Self) -> Duration) -> Self {
        let mut cost = FLOOR;
        while measure(&cost) < UNLOCK_AIM && cost.unlock.memory_kib * 2 <= CEILING.memory_kib {
            cost.unlock.memory_kib *= 2;
        }
        cost
    }

    /// Spends what one right unlock spends, for measuring. False if the machine lacks the memory.
    #[must_use]
    pub fn spend_unlock(&self) -> bool {
        let passphrase =
            Passphrase::from_typed("calibration").expect("an eleven-letter word is short enough");
        let a_key = self.derive_a(&passphrase, &[0; 32]);
        a_key.and_then(|a_key| self.derive_root(&a_key, &[0; 32], &[0; 32], &[0; 32])).is_some()
    }

    /// A cost that protects nothing, for tests only: refused by every build without the feature `test-cost`.
    #[cfg(feature = "test-cost")]
    #[must_use]
    pub const fn for_tests() -> Self {
        TEST
    }

    /// Memory of the unlock's share in MiB.
    #[must_use]
    pub const fn unlock_memory_mib(&self) -> u32 {
        self.unlock.memory_kib / MIB
    }

    /// Within floor and ceiling, or the test cost in a build that knows it.
    pub(crate) fn check(&self) -> Result<(), CostRefused> {
        self.check_in(cfg!(feature = "test-cost"))
    }

    fn check_in(&self, build_knows_test_cost: bool) -> Result<(), CostRefused> {
        let enough = |cost: Argon2Cost, floor: Argon2Cost| {
            (floor.memory_kib..=CEILING.memory_kib).contains(&cost.memory_kib)
                && (floor.passes..=CEILING.passes).contains(&cost.passes)
                && (floor.lanes..=CEILING.lanes).contains(&cost.lanes)
        };
        let allowed = enough(self.passphrase, FLOOR.passphrase) && enough(self.unlock, FLOOR.unlock);
        if allowed || build_knows_test_cost && *self == TEST { Ok(()) } else { Err(CostRefused) }
    }

    pub(crate) fn with_unlock_share_of(self, other: Self) -> Result<Self, CostRefused> {
        let cost = Self { unlock: other.unlock, ..self };
        cost.check()?;
        Ok(cost)
    }

    /// `A = Argon2id(passphrase; salt)`.
    pub(crate) fn derive_a(&self, passphrase: &Passphrase, salt: &[u8; 32]) -> Option<PassphraseKey> {
        let input = Argon2Input { password: passphrase.as_bytes(), salt, secret: &[], associated: &[] };
        #[cfg(feature = "test-cost")]
        spent::count(|(passphrase, _)| *passphrase += 1);
        argon2id(self.passphrase, &input).map(PassphraseKey::from_secret)
    }

    /// `root = Argon2id(A; salt_n, secret = pepper, associated data = H)`.
    pub(crate) fn derive_root(
        &self,
        a_key: &PassphraseKey,
        salt: &[u8; 32],
        pepper: &[u8; 32],
        hash: &[u8; 32],
    ) -> Option<Root> {
        let input = Argon2Input { password: a_key.expose(), salt, secret: pepper, associated: hash };
        #[cfg(test)]
        tests::RUNS.set(tests::RUNS.get() + 1);
        #[cfg(feature = "test-cost")]
        spent::count(|(_, unlock)| *unlock += 1);
        argon2id(self.unlock, &input)
    }

    pub(crate) fn write(self, writer: Writer) -> Writer {
        [self.passphrase, self.unlock]
            .into_iter()
            .fold(writer, |writer, cost| writer.u32(cost.memory_kib).u32(cost.passes).u32(cost.lanes))
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let mut one = || -> Result<Argon2Cost, Unreadable> {
            Ok(Argon2Cost { memory_kib: reader.u32()?, passes: reader.u32()?, lanes: reader.u32()? })
        };
        Ok(Self { passphrase: one()?, unlock: one()? })
    }
}

/// What tries have cost, for tests of other crates that compare them. Not in a build that ships.
#[cfg(feature = "test-cost")]
pub mod spent {
    use std::cell::Cell;

    thread_local! {
        static RUNS: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
    }

    pub(super) fn count(one: impl FnOnce(&mut (u32, u32))) {
        let mut runs = RUNS.get();
        one(&mut runs);
        RUNS.set(runs);
    }

    /// How often this thread ran Argon2id since it was asked last: over a passphrase, and for an unlock.
    pub fn take() -> (u32, u32) {
        RUNS.take()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// How often this thread derived a root: what a try has cost.
        pub(crate) static RUNS: Cell<u32> = const { Cell::new(0) };
    }

    #[test]
    fn a_build_that_ships_refuses_the_test_cost() {
        assert_eq!(TEST.check_in(true), Ok(()));
        assert_eq!(TEST.check_in(false), Err(CostRefused));
        assert_eq!(FLOOR.check_in(false), Ok(()));
    }

    #[test]
    fn each_number_below_its_floor_or_above_the_ceiling_is_refused() {
        let low = Argon2Cost { memory_kib: 64 * MIB - 1, ..FLOOR.passphrase };
        let few = Argon2Cost { passes: 2, ..FLOOR.unlock };
        let narrow = Argon2Cost { lanes: 3, ..FLOOR.unlock };
        let greedy = Argon2Cost { memory_kib: 1024 * MIB + 1, ..FLOOR.unlock };
        let long = Argon2Cost { passes: 17, ..FLOOR.unlock };
        for cost in [
            SlotCost { passphrase: low, ..FLOOR },
            SlotCost { unlock: few, ..FLOOR },
            SlotCost { unlock: narrow, ..FLOOR },
            SlotCost { unlock: greedy, ..FLOOR },
            SlotCost { unlock: long, ..FLOOR },
        ] {
            assert_eq!(cost.check_in(true), Err(CostRefused), "{cost:?}");
        }
    }
}
