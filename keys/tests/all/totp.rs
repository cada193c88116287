//! One-time codes: RFC 6238, once each.

use keys::Secret;
use keys::totp::{TotpSeed, code_at, matching_step, step_at};
use proptest::prelude::*;

use super::given::{NOW, at, now, random};

#[test]
fn the_vectors_of_rfc_6238_hold() {
    // Appendix B, SHA-1; the last six of its eight digits.
    let seed = TotpSeed::from_secret(Secret::from_bytes(*b"12345678901234567890"));
    for (seconds, code) in [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ] {
        assert_eq!(code_at(&seed, step_at(at(seconds))), code);
    }
}

#[test]
fn a_code_of_now_the_last_or_the_next_step_matches_once() {
    let seed = TotpSeed::make(&mut random(200));
    let step = step_at(now());
    for (offset, expected) in
        [(-2_i64, None), (-1, Some(step - 1)), (0, Some(step)), (1, Some(step + 1)), (2, None)]
    {
        let code = code_at(&seed, step.checked_add_signed(offset).unwrap());
        assert_eq!(matching_step(&seed, &code, now(), None), expected, "{offset}");
    }
    let code = code_at(&seed, step);
    assert_eq!(matching_step(&seed, &code, now(), Some(step)), None, "used");
    assert_eq!(matching_step(&seed, &code, at(NOW + 30), Some(step - 1)), Some(step));
}

#[test]
fn a_phone_reads_the_seed_from_the_address() {
    let seed = TotpSeed::from_secret(Secret::from_bytes(*b"12345678901234567890"));
    assert_eq!(seed.to_base32().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    assert_eq!(
        seed.provisioning_uri("Harbour Street", "ada@desk").expose(),
        "otpauth://totp/Harbour%20Street:ada%40desk?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
         &issuer=Harbour%20Street&algorithm=SHA1&digits=6&period=30"
    );
}

proptest! {
    #[test]
    fn whatever_is_typed_is_a_match_or_not(typed in "\\PC{0,12}") {
        let _step = matching_step(&TotpSeed::make(&mut random(201)), &typed, now(), None);
    }
}
