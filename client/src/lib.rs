//! Everything a person can do at a workstation, without a window.
//!
//! [`Workstation`] is the one door: enrol, activate, sign in, find, open, write, lock, review. A window calls it and shows what
//! comes back ([`view`]), which is plain data; what goes wrong is a [`ClientError`] out of one table of codes.
//!
//! Inside, a *station* is what stays open with nobody signed in: `device.db`, the keys of this computer, the way to the server,
//! and the sync driver, which delivers changes and audit events whether somebody is there or not. A *session* is somebody at
//! the keyboard: it lives on a thread of its own behind a mailbox. Locking closes the mailbox, so that a lock beats an unlock
//! that is under way, and no answer that is ready after the lock is handed out.
//!
//! Time comes from a [`Clock`], secrets from a [`keyring::Keyring`]; both have a form for tests.

mod activation;
mod anchors;
pub mod audit_export;
mod client_state;
mod clock;
pub mod courier;
mod credentials;
mod device_keys;
mod enrolment;
mod error;
#[cfg(test)]
mod fixture;
mod health;
pub mod https;
mod idle;
mod kept_epoch;
pub mod keyring;
mod lease;
mod mailbox;
mod net;
pub mod parking;
mod proven_time;
mod qr;
mod receipts;
mod recovery;
mod renewing;
pub mod security_key;
mod session;
mod settings;
mod sign_in;
mod station;
mod store;
mod store_error;
mod syncing;
pub mod throttle;
pub mod view;
mod when;
mod workstation;

pub use clock::{Clock, Reading, SteppedClock, SystemClock};
pub use error::{ClientError, Code};
pub use idle::{ABSOLUTE_LIMIT, IdleState, IdleTimer, WARNING};
pub use recovery::spoken_words;
pub use settings::{IDLE_CEILING, KeyCost, Settings};
pub use workstation::{
    ActivateForm, AttachForm, EnrolForm, Event, KeyReenterForm, KeySignInForm, LeaseForm, LockCause,
    PassphraseForm, PhoneTime, RecoveryForm, ReenterForm, RegisterKeyForm, SheetForm, SignInForm,
    Workstation,
};
