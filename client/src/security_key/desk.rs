//! Whose turn it is with the security key: one wait at a time, and a lock or the person ends it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{KeyProblem, SecurityKey, UsbSecurityKey, Wait};

/// The security key of a workstation, shared by all who may wait for it.
#[derive(Clone)]
pub(crate) struct KeyDesk(Arc<Shared>);

struct Shared {
    key: Mutex<Arc<dyn SecurityKey>>,
    waiting: Mutex<Option<Arc<Wait>>>,
}

impl Default for KeyDesk {
    fn default() -> Self {
        let key: Arc<dyn SecurityKey> = Arc::new(UsbSecurityKey);
        Self(Arc::new(Shared { key: Mutex::new(key), waiting: Mutex::default() }))
    }
}

impl KeyDesk {
    /// Takes another key from now on.
    pub(crate) fn use_key(&self, key: Arc<dyn SecurityKey>) {
        *held(&self.0.key) = key;
    }

    /// Asks the key. Whoever waited before waits no longer.
    pub(crate) fn ask<T>(
        &self,
        wait: Wait,
        ask: impl FnOnce(&dyn SecurityKey, &Wait) -> Result<T, KeyProblem>,
    ) -> Result<T, KeyProblem> {
        let wait = Arc::new(wait);
        if let Some(before) = held(&self.0.waiting).replace(wait.clone()) {
            before.cancel();
        }
        let key = held(&self.0.key).clone();
        let answer = ask(key.as_ref(), &wait);
        held(&self.0.waiting).take_if(|waiting| Arc::ptr_eq(waiting, &wait));
        // What a key answers after the end is of nobody's use.
        if wait.is_cancelled() { Err(KeyProblem::Cancelled) } else { answer }
    }

    /// Nobody waits any more.
    pub(crate) fn cancel(&self) {
        if let Some(waiting) = held(&self.0.waiting).as_ref() {
            waiting.cancel();
        }
    }
}

fn held<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in a library for hardware must not take signing in with it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
