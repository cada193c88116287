//! Re-entry: the passphrase alone, in the same boot, in time, without the seed.

use keys::Random;
use keys::reentry::{self, ReentryBounds, ReentryKey, ReentryRefused};

use super::given::{Desk, NOW, PASSPHRASE, at, every_flip_refuses, id, passphrase, to_park};

fn parked() -> (Vec<u8>, ReentryKey, Random) {
    let mut desk = Desk::new(30);
    let opened = desk.open(&desk.code(NOW), NOW).unwrap();
    let key = ReentryKey::make(&mut desk.random);
    let bounds = ReentryBounds { boot: id(9), not_after: at(NOW + 12 * 3600) };
    let share = opened.passphrase_share();
    let sealed = reentry::seal(&to_park(opened.contents), &share, bounds, &key, &mut desk.random);
    (sealed, key, desk.random)
}

#[test]
fn the_passphrase_alone_reopens_within_hours() {
    let (sealed, key, _) = parked();
    assert_eq!(reentry::inspect(&sealed).unwrap().0, id(3));
    let (back, _) = reentry::open(&sealed, &passphrase(PASSPHRASE), &key, id(9), at(NOW + 3600)).unwrap();
    assert_eq!(back.person, id(3));
    assert_eq!(back.session.expose(), b"grants");
    assert_eq!(back.anchors["demographics"].sequence, 12);
    let desk = Desk::new(30);
    let opened = desk.open(&desk.code(NOW), NOW).unwrap();
    assert_eq!(back.agreement, opened.contents.agreement);
    assert_eq!(back.signing.verifying_key(), opened.contents.signing.verifying_key());
}

#[test]
fn a_wrong_passphrase_or_key_does_not() {
    let (sealed, key, mut random) = parked();
    let wrong = reentry::open(&sealed, &passphrase("something else entirely"), &key, id(9), at(NOW)).err();
    assert_eq!(wrong, Some(ReentryRefused::NotOpened));
    let other = ReentryKey::make(&mut random);
    assert_eq!(
        reentry::open(&sealed, &passphrase(PASSPHRASE), &other, id(9), at(NOW)).err(),
        Some(ReentryRefused::NotOpened)
    );
}

#[test]
fn after_a_restart_or_too_late_a_full_unlock_is_due() {
    let (sealed, key, _) = parked();
    let right = passphrase(PASSPHRASE);
    assert_eq!(reentry::open(&sealed, &right, &key, id(8), at(NOW)).err(), Some(ReentryRefused::Over));
    let late = at(NOW + 12 * 3600 + 1);
    assert_eq!(reentry::open(&sealed, &right, &key, id(9), late).err(), Some(ReentryRefused::Over));
}

#[test]
fn any_change_refuses_and_so_does_a_later_end_written_in() {
    let (sealed, key, _) = parked();
    let right = passphrase(PASSPHRASE);
    every_flip_refuses(&sealed, |bytes| reentry::open(bytes, &right, &key, id(9), at(NOW)).is_ok());
}

#[test]
fn the_seed_is_not_inside() {
    // The sealed part is as long as its fields without a seed: version, two keys, anchors, session, tag.
    let (sealed, ..) = parked();
    let header = 5 + 16 + 16 + 8 + 32 + 24;
    let anchors = 2 + (2 + 8 + 40) + (2 + 12 + 40);
    assert_eq!(sealed.len(), header + 32 + 12 + 4 + (1 + 32 + 32 + anchors + 4 + 6) + 16);
}

#[test]
fn who_came_back_can_be_parked_again_with_the_same_passphrase_and_no_other() {
    let (sealed, key, mut random) = parked();
    let right = passphrase(PASSPHRASE);
    let (back, share) = reentry::open(&sealed, &right, &key, id(9), at(NOW)).unwrap();
    let next = ReentryKey::make(&mut random);
    let bounds = ReentryBounds { boot: id(9), not_after: at(NOW + 60) };
    let sealed = reentry::seal(&back, &share, bounds, &next, &mut random);
    let (again, _) = reentry::open(&sealed, &right, &next, id(9), at(NOW)).unwrap();
    assert_eq!(again.agreement, back.agreement);
    let wrong = passphrase("something else entirely");
    assert_eq!(reentry::open(&sealed, &wrong, &next, id(9), at(NOW)).err(), Some(ReentryRefused::NotOpened));
    assert_eq!(reentry::open(&sealed, &right, &key, id(9), at(NOW)).err(), Some(ReentryRefused::NotOpened));
}
