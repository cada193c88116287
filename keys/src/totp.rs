//! One-time codes (TOTP, RFC 6238: HMAC-SHA-1, 6 digits, 30 s).

use std::fmt;

use jiff::Timestamp;
use subtle::{ConditionallySelectable, ConstantTimeEq};
use totp_rs::{Builder, Totp};

use crate::{Random, Secret};

/// Length of a step in seconds.
pub const STEP_SECONDS: u64 = 30;
/// Number of codes there are.
pub const CODES: u32 = 1_000_000;
/// Length of a seed in bytes (160 bits, RFC 4226 §4).
pub const SEED_LENGTH: usize = 20;

/// The seed a phone and a slot share.
#[derive(PartialEq, Eq)]
pub struct TotpSeed(Secret<SEED_LENGTH>);

impl TotpSeed {
    /// A new random seed.
    #[must_use]
    pub fn make(random: &mut Random) -> Self {
        Self(Secret::make(random))
    }

    /// The seed with these bytes.
    #[must_use]
    pub fn from_secret(secret: Secret<SEED_LENGTH>) -> Self {
        Self(secret)
    }

    /// The seed's bytes, for the sealed formats that carry it and for the phone.
    #[must_use]
    pub fn expose(&self) -> &[u8; SEED_LENGTH] {
        self.0.expose()
    }

    /// A second copy, for the few places that need one.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }

    /// Base32 without padding, as people type it into a phone.
    #[must_use]
    pub fn to_base32(&self) -> crate::SecretText {
        crate::SecretText::new(self.secret().to_base32())
    }

    /// The seed that [`TotpSeed::to_base32`] wrote; `None` for any other text.
    #[must_use]
    pub fn from_base32(text: &str) -> Option<Self> {
        let secret = totp_rs::Secret::try_from_base32(text).ok()?;
        let bytes: [u8; SEED_LENGTH] = secret.as_bytes().try_into().ok()?;
        Some(Self(Secret::from_bytes(bytes)))
    }

    /// The `otpauth://` address that a phone reads from a QR code. Both names are percent-encoded.
    #[must_use]
    pub fn provisioning_uri(&self, issuer: &str, account: &str) -> crate::SecretText {
        let (issuer, account) = (percent_encode(issuer), percent_encode(account));
        let secret = self.to_base32();
        crate::SecretText::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period=30",
            secret.expose()
        ))
    }

    fn secret(&self) -> totp_rs::Secret {
        totp_rs::Secret::new(Box::new(*self.0.expose()))
    }

    /// The generator for this seed; made once where many codes follow.
    pub(crate) fn generator(&self) -> Generator {
        let builder = Builder::new().with_secret(self.secret()).with_digits(6).with_skew(0);
        Generator(builder.with_step_duration(STEP_SECONDS).build_noncompliant())
    }
}

impl fmt::Debug for TotpSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSeed(…)")
    }
}

/// Codes of one seed.
pub(crate) struct Generator(Totp);

impl Generator {
    pub(crate) fn code_at(&self, step: u64) -> u32 {
        let signature = self.0.sign(step.saturating_mul(STEP_SECONDS));
        truncate(signature.as_ref())
    }
}

/// Dynamic truncation (RFC 4226 §5.3) to six digits.
fn truncate(signature: &[u8]) -> u32 {
    let offset = usize::from(signature.last().copied().unwrap_or_default() & 0x0f);
    let four = signature.get(offset..offset + 4).and_then(|four| four.try_into().ok());
    let four: [u8; 4] = four.expect("HMAC-SHA-1 gives 20 bytes, and the offset is at most 15");
    (u32::from_be_bytes(four) & 0x7fff_ffff) % CODES
}

/// The step a moment lies in; the first for moments before 1970.
#[must_use]
pub fn step_at(now: Timestamp) -> u64 {
    u64::try_from(now.as_second()).unwrap_or(0) / STEP_SECONDS
}

/// The six digits of a step.
#[must_use]
pub fn code_at(seed: &TotpSeed, step: u64) -> String {
    format!("{:06}", seed.generator().code_at(step))
}

/// The step whose code was typed: now, the one before or the one after, and later than `last_used`.
/// All three are computed and compared in constant time.
#[must_use]
pub fn matching_step(seed: &TotpSeed, typed: &str, now: Timestamp, last_used: Option<u64>) -> Option<u64> {
    let typed = parse_code(typed)?;
    let generator = seed.generator();
    let mut found = 0;
    let mut any = subtle::Choice::from(0);
    for step in candidate_steps(step_at(now)) {
        let usable = last_used.is_none_or(|used| step > used);
        let matches = generator.code_at(step).ct_eq(&typed) & subtle::Choice::from(u8::from(usable));
        found = u64::conditional_select(&found, &step, matches);
        any |= matches;
    }
    bool::from(any).then_some(found)
}

/// The steps that are tried, in this order: now, −1, +1.
pub(crate) const fn candidate_steps(now: u64) -> [u64; 3] {
    [now, now.saturating_sub(1), now.saturating_add(1)]
}

/// Six digits, with spaces as people type them, or nothing.
pub(crate) fn parse_code(typed: &str) -> Option<u32> {
    let mut value = 0;
    let mut digits = 0;
    for character in typed.chars().filter(|character| !character.is_whitespace()) {
        value = value * 10 + character.to_digit(10)?;
        digits += 1;
        if digits > 6 {
            return None;
        }
    }
    (digits == 6).then_some(value)
}

fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
