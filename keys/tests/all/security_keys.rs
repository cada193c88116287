//! Slots of security keys: the key's answer is a part of the slot's key, one touch opens and makes the next.

use keys::reentry::by_key::KeyShare;
use keys::reentry::{self, ReentryBounds, ReentryKey, ReentryRefused};
use keys::slot::{
    self, Attempt, KeyAnswer, KeyRequest, MadeSlot, SlotKey, SlotKind, SlotNotMade, SlotRefused, by_key,
};
use keys::{Passphrase, Random, Secret, Unreadable};
use sha2::{Digest, Sha256};

use super::given::{
    Desk, NOW, PASSPHRASE, at, contents, every_flip_refuses, id, new_slot, now, passphrase, random, to_park,
};

/// A security key as the slot sees it: one secret, one answer a salt.
struct Token([u8; 32]);

impl Token {
    fn answer(&self, salt: [u8; 32]) -> KeyAnswer {
        KeyAnswer::from_secret(Secret::from_bytes(Sha256::digest([self.0, salt].concat()).into()))
    }
}

/// A slot that this key opens.
struct KeyDesk {
    token: Token,
    made: MadeSlot,
    random: Random,
}

impl KeyDesk {
    fn new(seed: u8) -> Self {
        let mut random = random(seed);
        let contents = contents(&mut random);
        let token = Token([seed; 32]);
        let request = KeyRequest::make(b"credential".to_vec(), false, &mut random);
        let passphrase = passphrase(PASSPHRASE);
        let made = by_key::create(
            &new_slot(&contents, &passphrase),
            &request,
            &token.answer(request.salts[0]),
            &mut random,
        )
        .unwrap();
        Self { token, made, random }
    }

    fn request(&self) -> KeyRequest {
        by_key::request(&self.made.file).unwrap().unwrap()
    }

    fn open(
        &self,
        passphrase: &Passphrase,
        token: &Token,
        k_slot: &SlotKey,
    ) -> Result<slot::OpenedSlot, SlotRefused> {
        by_key::open(&self.made.file, passphrase, &token.answer(self.request().salts[0]), k_slot)
    }

    fn opens(&self) -> slot::OpenedSlot {
        self.open(&passphrase(PASSPHRASE), &self.token, &self.made.k_slot).unwrap()
    }
}

#[test]
fn passphrase_key_and_device_open_a_slot_together_and_each_wrong_one_gives_the_same_refusal() {
    let desk = KeyDesk::new(1);
    assert_eq!(desk.opens().contents.person, id(3));
    assert_eq!(slot::inspect(&desk.made.file).unwrap().kind, SlotKind::SecurityKey);
    let (right, wrong) = (passphrase(PASSPHRASE), passphrase("another passphrase of mine"));
    let (other_key, other_device) = (Token([99; 32]), SlotKey::make(&mut random(98)));
    for by_passphrase in [&right, &wrong] {
        for by_token in [&desk.token, &other_key] {
            for by_device in [&desk.made.k_slot, &other_device] {
                let all_right = std::ptr::eq(by_passphrase, &right)
                    && std::ptr::eq(by_token, &desk.token)
                    && std::ptr::eq(by_device, &desk.made.k_slot);
                let refused = desk.open(by_passphrase, by_token, by_device).err();
                assert_eq!(refused, (!all_right).then_some(SlotRefused::NotOpened));
            }
        }
    }
}

#[test]
fn one_touch_opens_a_generation_and_makes_the_next() {
    let mut desk = KeyDesk::new(2);
    for generation in 2..5 {
        let [_, next_salt] = desk.request().salts;
        let mut opened = desk.opens();
        let next = desk.token.answer(next_salt);
        let before =
            std::mem::replace(&mut desk.made, by_key::refresh(&mut opened, &next, &mut desk.random).unwrap());
        assert_eq!(desk.made.generation, generation);
        assert_eq!(desk.request().salts[0], next_salt);
        let old_half = desk.open(&passphrase(PASSPHRASE), &desk.token, &before.k_slot);
        assert_eq!(old_half.err(), Some(SlotRefused::NotOpened), "the keyring half of the generation before");
    }
    assert_eq!(desk.opens().contents.anchors["clinical"].sequence, 7);
}

#[test]
fn the_answer_of_one_generation_does_not_open_another() {
    let mut desk = KeyDesk::new(3);
    let [salt, next_salt] = desk.request().salts;
    let mut opened = desk.opens();
    desk.made = by_key::refresh(&mut opened, &desk.token.answer(next_salt), &mut desk.random).unwrap();
    let seen = desk.token.answer(salt);
    let refused = by_key::open(&desk.made.file, &passphrase(PASSPHRASE), &seen, &desk.made.k_slot).err();
    assert_eq!(refused, Some(SlotRefused::NotOpened));
}

#[test]
fn no_kind_of_slot_opens_or_goes_on_as_another() {
    let mut by_code = Desk::new(4);
    let desk = KeyDesk::new(4);
    assert_eq!(by_key::request(&by_code.made.file), Ok(None));
    let answer = KeyAnswer::make(&mut by_code.random);
    let right = passphrase(PASSPHRASE);
    let as_key = by_key::open(&by_code.made.file, &right, &answer, &by_code.made.k_slot);
    assert_eq!(as_key.err(), Some(SlotRefused::NotOpened));
    let code = by_code.code(NOW);
    let attempt = Attempt {
        passphrase: &right,
        code: &code,
        k_slot: &desk.made.k_slot,
        now: now(),
        last_used_step: None,
    };
    assert_eq!(slot::open(&desk.made.file, &attempt).err(), Some(SlotRefused::NotOpened));
    let mut opened = by_code.open(&code, NOW).unwrap();
    let refused = by_key::refresh(&mut opened, &answer, &mut by_code.random).err();
    assert_eq!(refused, Some(SlotNotMade::OtherFactor));
    let refused = slot::refresh(&mut desk.opens(), 1, &mut by_code.random).err();
    assert_eq!(refused, Some(SlotNotMade::OtherFactor));
}

#[test]
fn a_changed_byte_anywhere_refuses() {
    let desk = KeyDesk::new(5);
    let [salt, _] = desk.request().salts;
    let (right, answer) = (passphrase(PASSPHRASE), desk.token.answer(salt));
    every_flip_refuses(&desk.made.file, |changed| {
        by_key::open(changed, &right, &answer, &desk.made.k_slot).is_ok()
    });
}

#[test]
fn a_credential_without_a_name_or_with_too_long_a_one_is_refused_on_both_ways() {
    let mut random = random(6);
    let contents = contents(&mut random);
    let secret = passphrase(PASSPHRASE);
    let answer = KeyAnswer::make(&mut random);
    for length in [0, 1024] {
        let request = KeyRequest::make(vec![1; length], false, &mut random);
        let refused = by_key::create(&new_slot(&contents, &secret), &request, &answer, &mut random).err();
        assert_eq!(refused, Some(SlotNotMade::Credential), "{length} bytes");
    }
    let mut file = KeyDesk::new(7).made.file;
    let name_at = 5 + 1 + 48 + 8 + 24 + 64 + 8 + 4;
    file[name_at..name_at + 2].copy_from_slice(&1024_u16.to_be_bytes());
    assert_eq!(by_key::request(&file), Err(Unreadable::Damaged));
}

/// A session that was opened with the key, parked.
fn parked(desk: &KeyDesk) -> (Vec<u8>, Vec<u8>, ReentryKey) {
    let mut random = random(31);
    let opened = desk.opens();
    let [_, next] = desk.request().salts;
    let by_key = KeyShare::of(&opened, &desk.token.answer(next), &mut random).unwrap();
    let share = opened.passphrase_share();
    let mut contents = to_park(opened.contents);
    contents.session = by_key.to_bytes();
    let key = ReentryKey::make(&mut random);
    let bounds = ReentryBounds { boot: id(9), not_after: at(NOW + 3600) };
    let parcel = reentry::seal(&contents, &share, bounds, &key, &mut random);
    let key_parcel = reentry::by_key::seal(&contents, (&share, &by_key), bounds, &key, &mut random);
    (parcel, key_parcel, key)
}

#[test]
fn a_touch_alone_reopens_what_the_key_had_opened_and_the_passphrase_is_good_again_after_it() {
    let desk = KeyDesk::new(7);
    let (_, parcel, key) = parked(&desk);
    let asked = reentry::by_key::request(&parcel).unwrap();
    assert_eq!((asked.salts[0], asked.with_pin), (desk.request().salts[1], desk.request().with_pin));

    let answer = desk.token.answer(asked.salts[0]);
    let (back, share) = reentry::by_key::open(&parcel, &answer, &key, id(9), now()).unwrap();

    let mut random = random(32);
    assert_eq!(back.person, id(3));
    let kept = KeyShare::from_bytes(back.session.expose()).unwrap();
    assert!(!format!("{kept:?}").contains("credential\""));
    let bounds = ReentryBounds { boot: id(9), not_after: at(NOW + 3600) };
    let again = reentry::seal(&back, &share, bounds, &key, &mut random);
    assert!(reentry::open(&again, &passphrase(PASSPHRASE), &key, id(9), now()).is_ok());
    let again = reentry::by_key::seal(&back, (&share, &kept), bounds, &key, &mut random);
    assert!(reentry::by_key::open(&again, &answer, &key, id(9), now()).is_ok(), "the same touch once more");
}

#[test]
fn another_key_memory_boot_or_hour_reopens_nothing_and_so_does_any_change() {
    let desk = KeyDesk::new(7);
    let (_, parcel, key) = parked(&desk);
    let salt = reentry::by_key::request(&parcel).unwrap().salts[0];
    let right = desk.token.answer(salt);
    let refused = |answer: &KeyAnswer, key: &ReentryKey, boot, at| {
        reentry::by_key::open(&parcel, answer, key, id(boot), at).err()
    };
    assert_eq!(refused(&Token([8; 32]).answer(salt), &key, 9, now()), Some(ReentryRefused::NotOpened));
    let other = ReentryKey::make(&mut random(33));
    assert_eq!(refused(&right, &other, 9, now()), Some(ReentryRefused::NotOpened));
    assert_eq!(refused(&right, &key, 8, now()), Some(ReentryRefused::Over));
    assert_eq!(refused(&right, &key, 9, at(NOW + 3601)), Some(ReentryRefused::Over));
    every_flip_refuses(&parcel, |bytes| reentry::by_key::open(bytes, &right, &key, id(9), now()).is_ok());
}

#[test]
fn what_a_session_keeps_of_the_key_opens_no_slot() {
    let mut desk = KeyDesk::new(7);
    let mut opened = desk.opens();
    let [_, next] = desk.request().salts;
    let kept = KeyShare::of(&opened, &desk.token.answer(next), &mut random(34)).unwrap();
    let made = by_key::refresh(&mut opened, &desk.token.answer(next), &mut desk.random).unwrap();
    let bytes = kept.to_bytes();
    let (_, share) = bytes.expose().split_last_chunk::<32>().unwrap();
    let answer = KeyAnswer::from_secret(Secret::from_bytes(*share));
    let tried = by_key::open(&made.file, &passphrase(PASSPHRASE), &answer, &made.k_slot);
    assert_eq!(tried.err(), Some(SlotRefused::NotOpened));
}
