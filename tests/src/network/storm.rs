//! Faults at random moments while somebody works: the whole schedule comes from one number, so that it can be had again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use client::{Clock as _, SystemClock};
use keys::Random;

use super::{Fault, Proxy};

/// The longest that is waited between two faults, on top of waiting for a connection.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// So long is waited for a connection to strike; then the fault finds nobody.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether there is a connection.
const GLANCE: Duration = Duration::from_millis(2);

/// What the faults have met so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Struck {
    /// Faults that hit a live connection, by kind.
    pub live: BTreeMap<Fault, usize>,
    /// Faults that found no connection.
    pub nobody: usize,
}

impl Struck {
    /// Faults that hit a live connection.
    #[must_use]
    pub fn hits(&self) -> usize {
        self.live.values().sum()
    }
}

/// Faults that come one after the other, on a thread of their own.
#[derive(Debug)]
pub struct Storm {
    passed: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Struck>>,
}

impl Storm {
    /// Strikes `cuts` times, at moments and with faults that `seed` decides.
    #[must_use]
    pub fn begin(proxy: Arc<Proxy>, seed: u64, cuts: usize) -> Storm {
        let (passed, over) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (counter, ends) = (passed.clone(), over.clone());
        let thread = std::thread::spawn(move || {
            let mut struck = Struck::default();
            let mut random = lots(seed);
            for _ in 0..cuts {
                std::thread::sleep(pause(&mut random));
                wait_for_a_connection(&proxy, &ends);
                if ends.load(Ordering::SeqCst) {
                    break;
                }
                match proxy.strike(&mut random) {
                    Some(fault) => *struck.live.entry(fault).or_default() += 1,
                    None => struck.nobody += 1,
                }
                counter.fetch_add(1, Ordering::SeqCst);
            }
            struck
        });
        Storm { passed, over, thread: Some(thread) }
    }

    /// How many faults there have been.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }

    /// Waits for the last fault; what all of them have met.
    #[must_use]
    pub fn end(mut self) -> Struck {
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
    }
}

fn lots(seed: u64) -> Random {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    Random::from_seed(bytes)
}

fn pause(random: &mut Random) -> Duration {
    let [high, low] = random.bytes::<2>();
    LONGEST_PAUSE * u32::from(u16::from_be_bytes([high, low])) / u32::from(u16::MAX)
}

fn wait_for_a_connection(proxy: &Proxy, over: &AtomicBool) {
    let clock = SystemClock::new();
    while proxy.live() == 0 && clock.monotonic() < PATIENCE && !over.load(Ordering::SeqCst) {
        std::thread::sleep(GLANCE);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn the_same_number_gives_the_same_faults_and_each_hits_what_is_open() {
        let struck = [7, 7, 8].map(storm_over_an_echo);
        assert_eq!(struck[0], struck[1]);
        assert_ne!(struck[0], struck[2], "another number, other faults");
        assert_eq!((struck[0].hits(), struck[0].nobody), (12, 0));
    }

    /// Somebody who connects again and again and hears what they said.
    fn storm_over_an_echo(seed: u64) -> Struck {
        let proxy = Arc::new(Proxy::start(0).expect("a free port"));
        let server = TcpListener::bind(proxy.target()).expect("the same port of the next address");
        std::thread::spawn(move || {
            for connection in server.incoming().flatten() {
                std::thread::spawn(move || {
                    let (mut from, mut to) = (&connection, &connection);
                    std::io::copy(&mut from, &mut to).ok();
                });
            }
        });
        let storm = Storm::begin(proxy.clone(), seed, 12);
        while storm.passed() < 12 {
            let Ok(mut stream) = TcpStream::connect(("127.0.0.1", proxy.port)) else { continue };
            let limit = Some(Duration::from_millis(20));
            stream.set_read_timeout(limit).expect("a limit");
            while storm.passed() < 12 && stream.write_all(b"hello").is_ok() {
                match stream.read(&mut [0; 64]) {
                    Ok(0) => break,
                    Ok(_) => std::thread::sleep(Duration::from_millis(1)),
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    Err(_) => break,
                }
            }
        }
        storm.end()
    }
}
