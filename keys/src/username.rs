//! User names on a workstation: kept as keyed tokens, so that `device.db` holds no name.

use unicode_normalization::UnicodeNormalization;

use crate::row::first_half;
use crate::secret::key_type;
use crate::{hazmat, label};

key_type! {
    /// Makes the tokens; one per device.
    UsernameKey
}

/// The token of a user name: 16 bytes of `HMAC-SHA256(key, label ‖ name)`, the name in NFKC, lower case, trimmed.
#[must_use]
pub fn username_token(key: &UsernameKey, username: &str) -> [u8; 16] {
    first_half(hazmat::hmac(key.expose(), &[label::USERNAME, fold(username).as_bytes()]))
}

/// The form of a user name that tokens and OPAQUE's credential identifier are made from.
#[must_use]
pub fn fold(username: &str) -> String {
    username.trim().nfkc().collect::<String>().to_lowercase().nfkc().collect()
}
