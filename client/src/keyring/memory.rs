//! A keyring that forgets everything with the process: for tests, which can also make it fail.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::{Keyring, KeyringProblem, KeyringSecret, Sight};

/// A keyring in memory.
#[derive(Default)]
pub struct MemoryKeyring {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    items: BTreeMap<String, KeyringSecret>,
    problem: Option<KeyringProblem>,
}

impl MemoryKeyring {
    /// Makes every call fail with `problem` from now on, or work again.
    pub fn set_problem(&self, problem: Option<KeyringProblem>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).problem = problem;
    }

    /// The names of all items, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).items.keys().cloned().collect()
    }

    fn with<T>(
        &self,
        act: impl FnOnce(&mut BTreeMap<String, KeyringSecret>) -> T,
    ) -> Result<T, KeyringProblem> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.problem {
            Some(problem) => Err(problem),
            None => Ok(act(&mut state.items)),
        }
    }
}

impl Keyring for MemoryKeyring {
    fn read(&self, name: &str) -> Result<Option<KeyringSecret>, KeyringProblem> {
        self.with(|items| items.get(name).cloned())
    }

    fn write(&self, name: &str, secret: &[u8]) -> Result<(), KeyringProblem> {
        self.with(|items| {
            items.insert(name.to_owned(), KeyringSecret::new(secret.to_vec()));
        })
    }

    fn delete(&self, name: &str) -> Result<(), KeyringProblem> {
        self.with(|items| {
            items.remove(name);
        })
    }

    fn look(&self, name: &str) -> Result<Sight, KeyringProblem> {
        self.with(|items| match (items.contains_key(name), items.is_empty()) {
            (true, _) => Sight::Here,
            (false, false) => Sight::Gone,
            (false, true) => Sight::Foreign,
        })
    }
}
