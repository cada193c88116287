//! How long the workstation may stand idle: as the practice says, within what no policy lifts.

use sync::wire::{DirectivesResponse, Policy};

use super::*;
use crate::fixture::Fixture;
use crate::{IDLE_CEILING, IdleState, IdleTimer};

/// The status after the server has sent this policy.
fn status_under(policy: Policy) -> StatusView {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    let now = fixture.clock.now();
    let answer = DirectivesResponse {
        prepared_slots: Vec::new(),
        now,
        policy,
        directives: Vec::new(),
        log: None,
        backed_up_until: None,
        trust_bundle: None,
        renewal: None,
        recovery_codes_held: Vec::new(),
        recovery_codes_released: Vec::new(),
    };
    workstation.station().unwrap().take_directives(&answer);
    workstation.status()
}

#[test]
fn an_exam_room_locks_after_five_minutes_and_is_covered_when_its_policy_says_so() {
    let policy = Policy { idle_lock_s: 300, privacy_cover_s: Some(60), ..Policy::default() };
    let status = status_under(policy);
    assert_eq!((status.idle_limit_s, status.privacy_cover_s), (300, Some(60)));
    assert_eq!(status_under(Policy::default()).privacy_cover_s, Some(120));
}

#[test]
fn no_policy_keeps_a_workstation_open_beyond_the_ceiling() {
    let status = status_under(Policy { idle_lock_s: 86_400, ..Policy::default() });
    let timer = IdleTimer::start(Duration::from_secs(status.idle_limit_s.into()), Duration::ZERO);
    assert_eq!(timer.poll(IDLE_CEILING), IdleState::Lock(LockCause::Idle));
}
