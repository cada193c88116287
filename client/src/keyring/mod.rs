//! Small secrets in the keyring of the operating system. Nothing here ever makes or replaces a key because one could not be read.

mod memory;
mod secret_service;

pub use memory::MemoryKeyring;
pub use secret_service::OsKeyring;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::{ClientError, Code};

/// A secret as it comes out of the keyring: wiped when dropped.
pub type KeyringSecret = Zeroizing<Vec<u8>>;

/// A store of small secrets under names. `Ok(None)` means that the keyring answered and has no such item.
pub trait Keyring: Send + Sync {
    /// Reads one item.
    ///
    /// # Errors
    /// One of the four states in which a keyring gives no answer to rely on.
    fn read(&self, name: &str) -> Result<Option<KeyringSecret>, KeyringProblem>;

    /// Writes one item, over what was there.
    ///
    /// # Errors
    /// As [`Keyring::read`]; the old item then stands.
    fn write(&self, name: &str, secret: &[u8]) -> Result<(), KeyringProblem>;

    /// Removes one item; it is no error when there is none.
    ///
    /// # Errors
    /// As [`Keyring::read`].
    fn delete(&self, name: &str) -> Result<(), KeyringProblem>;

    /// Where an item is that [`Keyring::read`] did not bring. Only looks: nothing is written, and nobody is asked for a
    /// password.
    ///
    /// # Errors
    /// As [`Keyring::read`].
    fn look(&self, name: &str) -> Result<Sight, KeyringProblem>;
}

/// What a keyring shows of an item without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// It is in the collection in use.
    Here,
    /// It is in another collection than the one in use.
    Elsewhere,
    /// It is not there, and other items of ours are.
    Gone,
    /// Nothing of ours is there: the keyring is a new one, or another program's than before.
    Foreign,
}

/// Why a keyring gave no answer to rely on. Each has its own screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringProblem {
    /// No keyring service runs here.
    #[error("no keyring service")]
    Absent,
    /// It runs and is locked.
    #[error("the keyring is locked")]
    Locked,
    /// It runs and failed.
    #[error("the keyring failed")]
    Failed,
    /// It did not answer within the limit.
    #[error("the keyring did not answer")]
    NoAnswer,
    /// The item lies in another collection than the one in use, and that one is shut.
    #[error("the item is in another collection of the keyring")]
    Elsewhere,
    /// The item is there twice, and nothing says which is ours.
    #[error("the keyring holds the item twice")]
    Twice,
    /// The item is there, and its value is none that we wrote.
    #[error("the value in the keyring cannot be read")]
    Unreadable,
    /// It took a value, and what it gives back is another.
    #[error("the keyring does not keep what it is given")]
    NotKept,
}

impl From<KeyringProblem> for Code {
    fn from(problem: KeyringProblem) -> Self {
        match problem {
            KeyringProblem::Absent => Self::KeyringAbsent,
            KeyringProblem::Locked => Self::KeyringLocked,
            KeyringProblem::Failed => Self::KeyringError,
            KeyringProblem::NoAnswer => Self::KeyringNoAnswer,
            KeyringProblem::Elsewhere => Self::KeyringElsewhere,
            KeyringProblem::Twice => Self::KeyringTwice,
            KeyringProblem::Unreadable => Self::KeyringUnreadable,
            KeyringProblem::NotKept => Self::KeyringForgets,
        }
    }
}

impl From<KeyringProblem> for ClientError {
    fn from(problem: KeyringProblem) -> Self {
        Code::from(problem).into()
    }
}

/// Calls that were given up may still hang; beyond this many no further one is begun.
const MOST_CALLS_AT_ONCE: usize = 6;

/// Runs keyring calls on threads of their own and gives each of them up after a limit.
#[derive(Clone, Debug)]
struct Limiter {
    limit: Duration,
    running: Arc<AtomicUsize>,
}

impl Limiter {
    fn new(limit: Duration) -> Self {
        Self { limit, running: Arc::new(AtomicUsize::new(0)) }
    }

    fn run<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> Result<T, KeyringProblem> + Send + 'static,
    ) -> Result<T, KeyringProblem> {
        if self.running.fetch_add(1, Ordering::SeqCst) >= MOST_CALLS_AT_ONCE {
            self.running.fetch_sub(1, Ordering::SeqCst);
            return Err(KeyringProblem::NoAnswer);
        }
        let (answer_to, answer) = mpsc::channel();
        let running = self.running.clone();
        let spawned = thread::Builder::new().name("keyring".to_owned()).spawn(move || {
            let answered = call();
            running.fetch_sub(1, Ordering::SeqCst);
            // Nobody listens any more when the limit has passed.
            answer_to.send(answered).unwrap_or_default();
        });
        if spawned.is_err() {
            self.running.fetch_sub(1, Ordering::SeqCst);
            return Err(KeyringProblem::Failed);
        }
        answer.recv_timeout(self.limit).unwrap_or(Err(KeyringProblem::NoAnswer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_never_ends_is_no_answer_after_the_limit() {
        let limiter = Limiter::new(Duration::from_millis(30));
        let (_keep, never) = mpsc::channel::<()>();
        let answer = limiter.run(move || {
            never.recv().unwrap_or_default();
            Ok(())
        });
        assert_eq!(answer, Err(KeyringProblem::NoAnswer));
    }

    #[test]
    fn hanging_calls_do_not_pile_up_for_ever() {
        let limiter = Limiter::new(Duration::from_millis(1));
        let mut kept = Vec::new();
        for _ in 0..MOST_CALLS_AT_ONCE {
            let (keep, never) = mpsc::channel::<()>();
            kept.push(keep);
            let hung = limiter.run(move || {
                never.recv().unwrap_or_default();
                Ok(())
            });
            assert_eq!(hung, Err(KeyringProblem::NoAnswer));
        }
        assert_eq!(limiter.run(|| Ok(())), Err(KeyringProblem::NoAnswer));
        assert_eq!(limiter.running.load(Ordering::SeqCst), MOST_CALLS_AT_ONCE);
    }

    #[test]
    fn each_problem_has_a_code_of_its_own() {
        let problems = [
            KeyringProblem::Absent,
            KeyringProblem::Locked,
            KeyringProblem::Failed,
            KeyringProblem::NoAnswer,
            KeyringProblem::Elsewhere,
            KeyringProblem::Twice,
            KeyringProblem::Unreadable,
            KeyringProblem::NotKept,
        ];
        let codes: std::collections::BTreeSet<Code> = problems.into_iter().map(Code::from).collect();
        assert_eq!(codes.len(), problems.len());
    }
}
