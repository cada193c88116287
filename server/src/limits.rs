//! How much one peer may ask for: requests of a workstation, sign-ins at it, and enrolments from an address.
//!
//! These stand before everything that costs something. They are far above what a workstation does by itself, and hold one that
//! runs wild or is not ours any more; names are guarded apart from them, against guessing.

use governor::clock::DefaultClock;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use records::id::DeviceId;
use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use sync::wire::path;

/// Requests of one workstation: so many at once, and so many a second in the long run.
pub const REQUESTS: Allowance = Allowance { at_once: nonzero(2_000), each_second: nonzero(200) };
/// Sign-ins, activations and session challenges at one workstation, in steps of two requests each.
pub const SIGN_INS: Allowance = Allowance { at_once: nonzero(120), each_second: nonzero(1) };
/// Requests to the enrolment listener from one address.
pub const ENROLMENTS: Allowance = Allowance { at_once: nonzero(300), each_second: nonzero(5) };

/// How much is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// At once, after a time of rest.
    pub at_once: NonZeroU32,
    /// A second, in the long run.
    pub each_second: NonZeroU32,
}

type Keyed<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock>;

/// The limits of one server process.
pub struct Limits {
    requests: Keyed<DeviceId>,
    sign_ins: Keyed<DeviceId>,
    enrolments: Keyed<IpAddr>,
}

impl Limits {
    /// Limits that nobody has used up.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self {
            requests: RateLimiter::keyed(REQUESTS.quota()),
            sign_ins: RateLimiter::keyed(SIGN_INS.quota()),
            enrolments: RateLimiter::keyed(ENROLMENTS.quota()),
        }
    }

    /// Whether a workstation may ask for this route now.
    pub(crate) fn admit(&self, device: DeviceId, route: &str) -> bool {
        self.requests.check_key(&device).is_ok()
            && (!is_sign_in(route) || self.sign_ins.check_key(&device).is_ok())
    }

    /// Whether an address may ask the enrolment listener now.
    pub(crate) fn admit_address(&self, address: IpAddr) -> bool {
        self.enrolments.check_key(&address).is_ok()
    }

    /// Forgets peers that have rested.
    pub(crate) fn tidy(&self) {
        self.requests.retain_recent();
        self.sign_ins.retain_recent();
        self.enrolments.retain_recent();
    }
}

impl Allowance {
    fn quota(self) -> Quota {
        Quota::per_second(self.each_second).allow_burst(self.at_once)
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Limits")
    }
}

fn is_sign_in(route: &str) -> bool {
    [
        path::SIGN_IN_START,
        path::SIGN_IN_FINISH,
        path::ACTIVATE_START,
        path::ACTIVATE_FINISH,
        path::SESSION_CHALLENGE,
        path::SESSION,
        path::CREDENTIAL_START,
        path::CREDENTIAL_PROVE,
        path::CREDENTIAL_FINISH,
    ]
    .contains(&route)
}

/// A number that is one at the least.
pub(crate) const fn nonzero(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn device(number: u128) -> DeviceId {
        DeviceId::from_uuid(Uuid::from_u128(number))
    }

    fn admitted(limits: &Limits, number: u128, route: &str, tries: u32) -> u32 {
        let admitted = (0..tries).filter(|_| limits.admit(device(number), route)).count();
        u32::try_from(admitted).unwrap()
    }

    #[test]
    fn one_that_runs_wild_is_held_and_the_others_are_not() {
        let limits = Limits::new();
        let got = admitted(&limits, 1, path::DIRECTIVES, 5_000);
        assert!((2_000..3_000).contains(&got), "{got}");
        assert_eq!(admitted(&limits, 2, path::DIRECTIVES, 100), 100);
    }

    #[test]
    fn sign_ins_have_a_limit_of_their_own() {
        let limits = Limits::new();
        let got = admitted(&limits, 1, path::SIGN_IN_START, 500);
        assert!((120..130).contains(&got), "{got}");
        assert_eq!(admitted(&limits, 1, path::DIRECTIVES, 100), 100);
    }

    #[test]
    fn addresses_are_held_apart() {
        let limits = Limits::new();
        let (one, other) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let got = (0..1_000).filter(|_| limits.admit_address(one)).count();
        assert!((300..330).contains(&got), "{got}");
        assert!(limits.admit_address(other));
    }
}
