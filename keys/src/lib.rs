//! Secrets in, secrets out: all the cryptography of Chartkeep beyond plain hashing.

mod agreement;
pub mod envelope;
pub mod grant;
mod hazmat;
mod label;
mod layout;
pub mod passphrase;
mod random;
pub mod row;
mod secret;
mod sign;
pub mod totp;

pub use agreement::{AgreementPublic, AgreementSecret, KeyId, Parcel, ParcelRefused};
pub use layout::Unreadable;
pub use passphrase::Passphrase;
pub use random::Random;
pub use row::{DrawerKeys, FieldKey, FileKey, PatientKey, TokenKey};
pub use secret::{Secret, SecretBytes, SecretText};
pub use sign::{BadPublicKey, BadSignature, Purpose, Signature, SigningKey, VerifyingKey};
pub use totp::TotpSeed;
