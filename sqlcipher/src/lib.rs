//! Open, key, prove and migrate an SQLCipher file; this crate knows no domain, and nobody else says `PRAGMA key`.
//!
//! A file is made by [`create_new`], or filled as [`Unfinished`] before it has its name, and opened by [`open()`]. Opening proves the key by reading a page: `PRAGMA key`
//! itself always succeeds. A wrong key and a damaged file look the same from outside, so they are one error, and no
//! code here deletes, truncates or recreates a file that it could not open.
//!
//! Migrations are numbered, frozen once shipped and forward only. A file from a newer program is refused unharmed,
//! and before an old one is touched a copy of it is laid beside it (see [`backup`]).
//!
//! What each `PRAGMA` is for stands in `README.md`.

pub mod backup;
mod copying;
mod error;
mod key;
mod migrate;
mod open;
mod profile;
mod transaction;
mod unfinished;

pub use copying::copy;
pub use error::{OpenError, is_busy, is_damage, is_full};
pub use key::RawKey;
pub use migrate::{Migration, Migrations};
pub use open::{damaged_pages, open};
pub use profile::{Locking, Profile, Synchronous};
pub use rusqlite;
pub use rusqlite::Connection;
pub use transaction::immediate;
pub use unfinished::{Unfinished, create_new};
