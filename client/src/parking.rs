//! The memory that outlives a lock: a window hands it from the image of the program that locks to the one that comes after.

use std::io;
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;
use zeroize::Zeroizing;

/// Memory that goes on through a lock and ends with the program. It never reaches a disk.
pub trait ParkedMemory: Send + Sync {
    /// The boot of the machine that this memory belongs to.
    fn boot(&self) -> Uuid;

    /// All of it; empty where nothing was ever put.
    ///
    /// # Errors
    /// When it cannot be read: then nobody is parked.
    fn load(&self) -> io::Result<Zeroizing<Vec<u8>>>;

    /// Puts these bytes in the place of what was there, which is overwritten.
    ///
    /// # Errors
    /// When it cannot be written.
    fn store(&self, bytes: &[u8]) -> io::Result<()>;
}

/// Memory of this process alone: for tests, and where a system has no way to hand memory on.
#[derive(Default)]
pub struct ProcessMemory(Mutex<Zeroizing<Vec<u8>>>);

impl ParkedMemory for ProcessMemory {
    fn boot(&self) -> Uuid {
        // What ends with the process needs no name for the boot.
        Uuid::nil()
    }

    fn load(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn store(&self, bytes: &[u8]) -> io::Result<()> {
        // The old bytes are wiped as they are dropped.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Zeroizing::new(bytes.to_vec());
        Ok(())
    }
}
