//! Real faults: a real server and real workstations over TLS, on a network that is cut, and with either side killed.
//!
//! `CHARTKEEP_FAULTS` sets how many faults a run has, `CHARTKEEP_FAULTS_SEED` which ones; a run prints both.

#![expect(clippy::unwrap_used, clippy::unwrap_in_result, reason = "a test fails by panicking")]

mod impostors;
mod killed;
mod ward;

use std::collections::BTreeMap;
use std::time::Duration;

use chartkeep_tests::network::FAULTS;
use keys::Random;

use ward::Ward;

/// How many faults, and the lots they are drawn by.
#[expect(clippy::print_stdout, reason = "a run that failed has to say which one it was")]
fn faults(usual: usize) -> (usize, Random) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let count = number("CHARTKEEP_FAULTS").map_or(usual, |count| usize::try_from(count).unwrap());
    let seed = number("CHARTKEEP_FAULTS_SEED").unwrap_or(1);
    println!("CHARTKEEP_FAULTS={count} CHARTKEEP_FAULTS_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    (count, Random::from_seed(bytes))
}

#[test]
fn over_a_network_that_is_cut_at_two_hundred_moments_nothing_is_lost_and_nothing_is_twice() {
    let (count, mut random) = faults(200);
    let mut ward = Ward::make();
    ward.server_becomes_a_process();
    let mut struck = BTreeMap::new();
    let (bytes, connections) = (ward.proxy.passed(), ward.proxy.carried());
    for fault in 0..count {
        ward.work(fault, &mut random);
        pause(&mut random);
        if let Some(fault) = ward.proxy.strike(&mut random) {
            *struck.entry(fault).or_insert(0_usize) += 1;
        }
    }
    let (bytes, connections) = (ward.proxy.passed() - bytes, ward.proxy.carried() - connections);
    println!("{struck:?} struck something open; {connections} connections, {bytes} bytes");
    ward.everything_has_arrived_once();
    assert_eq!(struck.len(), FAULTS.len().min(count), "each kind: {struck:?}");
    assert!(struck.values().sum::<usize>() >= count * 3 / 4, "{struck:?} of {count}");
    assert!(connections >= count / 4, "only {connections} had to be made anew");
}

#[test]
fn a_server_that_is_killed_again_and_again_loses_nothing_and_doubles_nothing() {
    let (count, mut random) = faults(10);
    let mut ward = Ward::make();
    ward.server_becomes_a_process();
    for fault in 0..count {
        for part in 0..3 {
            ward.work(fault * 3 + part, &mut random);
            pause(&mut random);
        }
        ward.server_is_killed();
        ward.work(count * 3 + fault, &mut random);
        ward.server_becomes_a_process();
    }
    ward.everything_has_arrived_once();
}

/// Up to 60 ms: enough for a request to be on its way, in any of its parts.
fn pause(random: &mut Random) {
    let [high, low] = random.bytes::<2>();
    std::thread::sleep(Duration::from_micros(u64::from(u16::from_be_bytes([high, low])) * 60 / 65));
}
