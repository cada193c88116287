//! Secrets in, secrets out: all the cryptography of Chartkeep beyond plain hashing.
//!
//! Nothing here does I/O or asks the time: randomness comes in as [`Random`], time as a timestamp, and what is sealed
//! goes out as bytes for others to keep. Each thing sealed, signed or derived has its own label, each key its own
//! type, and each format a magic, a version, a strict parser and a fixed vector. The README draws the hierarchy.
//!
//! - A person at a workstation: [`passphrase`], [`totp`], [`slot`], [`reentry`], [`parked`], [`recovery`], [`spoken`],
//!   [`username`]; on several workstations: [`twin`], [`prepared`].
//! - Records: [`grant`] brings a drawer's keys, [`row`] seals documents and makes search tokens, [`blob`] seals drafts
//!   and attachments, [`envelope`] carries a change to the server, [`courier`] does so by file, [`inbox`] brings pages for a
//!   drawer that is shut. At the server [`data_key`] wraps the keys that records are sealed under.
//! - Between machines: [`certificate`], [`trust`], [`token`], [`sign_in`], [`session`], [`erasure`], [`purge`], [`assertion`].
//! - The audit log: [`epoch`] marks entries, [`marks`] checks that, [`checkpoint`] signs and cosigns its state,
//!   [`export`] takes it elsewhere.

mod agreement;
pub mod assertion;
pub mod blob;
pub mod certificate;
pub mod checkpoint;
pub mod courier;
pub mod data_key;
pub mod envelope;
pub mod epoch;
pub mod erasure;
pub mod export;
#[cfg(feature = "fuzz")]
pub mod fuzz;
pub mod grant;
mod hazmat;
pub mod inbox;
mod label;
mod layout;
pub mod lease;
pub mod marks;
mod pages;
pub mod parked;
pub mod passphrase;
pub mod prepared;
pub mod purge;
mod random;
pub mod recovery;
pub mod reentry;
pub mod row;
mod secret;
pub mod session;
mod sign;
pub mod sign_in;
pub mod slot;
pub mod spoken;
pub mod token;
pub mod totp;
pub mod trust;
pub mod twin;
pub mod username;

pub use agreement::{AgreementPublic, AgreementSecret, KeyId, Parcel, ParcelRefused};
pub use layout::Unreadable;
pub use pages::{LockedPages, locked_pages};
pub use passphrase::Passphrase;
pub use random::Random;
pub use row::{DrawerKeys, FieldKey, FileKey, PatientKey, TokenKey};
pub use secret::{Secret, SecretBytes, SecretText};
pub use sign::{BadPublicKey, BadSignature, Purpose, Signature, SigningKey, VerifyingKey};
pub use totp::TotpSeed;
