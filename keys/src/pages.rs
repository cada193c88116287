//! Pages that the system keeps out of its swap: where the bytes of a [`Secret`](crate::Secret) lie.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use region::LockGuard;
use zeroize::Zeroize as _;

/// Bytes of a page, the longest secret.
pub(crate) const PAGE: usize = 4096;

/// A page that is free and wiped. It is kept for the next secret and stays locked until the process ends: locking costs a
/// call of the system, and unlocking one page would unlock its neighbour where the system's own pages are larger.
static FREE: Mutex<Vec<Place>> = Mutex::new(Vec::new());
static LOCKED: AtomicUsize = AtomicUsize::new(0);
static REFUSED: AtomicUsize = AtomicUsize::new(0);

/// How the system took the wish to keep this process's secrets out of swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockedPages {
    /// Pages that stay in memory.
    pub locked: usize,
    /// Pages that the system would not lock, for the limit of the account (`RLIMIT_MEMLOCK`, mlock(2)). Secrets lie in them
    /// all the same; whether they can reach the disk is a matter of how swap is set up.
    pub refused: usize,
}

/// What was locked and refused since the process started.
#[must_use]
pub fn locked_pages() -> LockedPages {
    LockedPages { locked: LOCKED.load(Ordering::Relaxed), refused: REFUSED.load(Ordering::Relaxed) }
}

/// A page for one secret. Dropped, it is wiped and free for the next one.
pub(crate) struct Page<const N: usize>(Option<Place>);

impl<const N: usize> Page<N> {
    /// A page of zeros.
    pub(crate) fn take() -> Self {
        const { assert!(N <= PAGE, "a secret is no longer than a page") };
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self(Some(free.unwrap_or_else(Place::make)))
    }

    pub(crate) fn bytes(&self) -> &[u8; N] {
        let place = self.0.as_ref().expect("the place goes only when this is dropped");
        place.bytes.0.first_chunk().expect("a secret is no longer than a page")
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8; N] {
        let place = self.0.as_mut().expect("the place goes only when this is dropped");
        place.bytes.0.first_chunk_mut().expect("a secret is no longer than a page")
    }
}

impl<const N: usize> Drop for Page<N> {
    fn drop(&mut self) {
        self.bytes_mut().zeroize();
        if let Some(place) = self.0.take() {
            FREE.lock().unwrap_or_else(PoisonError::into_inner).push(place);
        }
    }
}

struct Place {
    /// Before the bytes, so that it would be unlocked before it is given back.
    _lock: Option<LockGuard>,
    bytes: Box<Bytes>,
}

#[repr(C, align(4096))]
struct Bytes([u8; PAGE]);

impl Place {
    fn make() -> Self {
        let bytes = Box::new(Bytes([0; PAGE]));
        let lock = region::lock(bytes.0.as_ptr(), PAGE).ok();
        let counter = if lock.is_some() { &LOCKED } else { &REFUSED };
        counter.fetch_add(1, Ordering::Relaxed);
        Self { _lock: lock, bytes }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::Secret;

    /// The kernel's word on the mapping that holds `address`: kilobytes of it that are locked (proc(5), `smaps`).
    fn locked_kilobytes(address: usize) -> u64 {
        let maps = std::fs::read_to_string("/proc/self/smaps").expect("this is Linux");
        let mut here = false;
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            let first = words.next().unwrap_or_default();
            if let Some((start, end)) = first.split_once('-') {
                let number = |hex| usize::from_str_radix(hex, 16).unwrap_or(0);
                here = (number(start)..number(end)).contains(&address);
            } else if here && first == "Locked:" {
                return words.next().and_then(|number| number.parse().ok()).expect("a number");
            }
        }
        panic!("the address is mapped");
    }

    #[test]
    fn the_bytes_of_a_secret_lie_in_a_page_that_the_kernel_does_not_swap() {
        let secret = Secret::<32>::from_bytes([7; 32]);
        assert!(locked_pages().locked > 0, "{:?}: is `ulimit -l` zero?", locked_pages());
        assert!(locked_kilobytes(secret.expose().as_ptr() as usize) >= 4);
        let elsewhere = Box::new([7_u8; 2 * PAGE]);
        assert_eq!(locked_kilobytes(&raw const *elsewhere as usize), 0);
    }

    #[test]
    fn a_page_that_is_used_again_is_empty() {
        drop(Secret::<64>::from_bytes([9; 64]));
        let page = Page::<PAGE>::take();
        assert!(page.bytes().iter().all(|byte| *byte == 0));
    }
}
