//! What a person types at the workstation itself, and why it locks.

use serde::Deserialize;

/// How a computer joins a clinic.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct EnrolForm {
    /// Address of the enrolment listener, `https://host:port`.
    pub server: String,
    /// One-time token, with the fingerprint of the practice's root inside.
    pub token: String,
    /// What people call this computer.
    pub label: String,
}

/// What a person types to sign in.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SignInForm {
    /// User name.
    pub username: String,
    /// Passphrase.
    pub passphrase: String,
    /// Six digits of the authenticator app.
    pub code: String,
    /// What the phone shows, where the clock of this computer may be wrong.
    #[serde(default)]
    pub phone_time: Option<PhoneTime>,
}

/// The time on a phone.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PhoneTime {
    /// Hour and minute, `14:05`.
    pub time: String,
    /// The day, `14-Jul-2026`; empty where the computer has the day right, or nearly.
    pub date: String,
}

/// An extension of the offline lease.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct LeaseForm {
    /// Seven words, or the text of a file.
    pub text: String,
}

/// What a person types who comes back within hours of a full sign-in.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ReenterForm {
    /// Who, by the id that the lock screen was given.
    pub person: String,
    /// Passphrase.
    pub passphrase: String,
}

/// What a person types who does not have the phone.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RecoveryForm {
    /// User name.
    pub username: String,
    /// Passphrase.
    pub passphrase: String,
    /// A code of the person's sheet, or the seven words of the telephone.
    pub recovery_code: String,
}

/// What a signed-in person types to prove once more who they are: for a sheet of recovery codes, or a new phone.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SheetForm {
    /// Passphrase.
    pub passphrase: String,
    /// Six digits of the authenticator app, not used before.
    pub code: String,
    /// The PIN of the security key, which then takes the place of the code.
    #[serde(default)]
    pub pin: Option<String>,
}

/// What a person types who signs in with a security key.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct KeySignInForm {
    /// User name.
    pub username: String,
    /// Passphrase.
    pub passphrase: String,
    /// The PIN of the security key.
    pub pin: String,
}

/// What a person types who comes back with a security key.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct KeyReenterForm {
    /// Who, by the id that the lock screen was given.
    pub person: String,
    /// The PIN of the security key.
    pub pin: String,
}

/// What a signed-in person types to register a security key.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RegisterKeyForm {
    /// Passphrase.
    pub passphrase: String,
    /// Six digits of the authenticator app, not used before.
    pub code: String,
    /// The PIN of the security key.
    pub pin: String,
}

/// What a signed-in person types for a new passphrase.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PassphraseForm {
    /// The present passphrase.
    pub passphrase: String,
    /// Six digits of the authenticator app, not used before.
    pub code: String,
    /// The new passphrase.
    pub new_passphrase: String,
}

/// What a new person types once to get a passphrase and an authenticator.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ActivateForm {
    /// User name.
    pub username: String,
    /// The code the administrator gave.
    pub activation_code: String,
    /// The passphrase the person chose.
    pub passphrase: String,
}

impl Drop for SignInForm {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.passphrase);
        zeroize::Zeroize::zeroize(&mut self.code);
    }
}

impl Drop for ReenterForm {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.passphrase);
    }
}

impl Drop for RecoveryForm {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.passphrase);
        zeroize::Zeroize::zeroize(&mut self.recovery_code);
    }
}

impl Drop for SheetForm {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.passphrase);
        zeroize::Zeroize::zeroize(&mut self.code);
        zeroize::Zeroize::zeroize(&mut self.pin);
    }
}

impl Drop for KeySignInForm {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.passphrase);
        zeroize::Zeroize::zeroize(&mut self.pin);
    }
}

impl Drop for KeyReenterForm {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.pin);
    }
}

impl Drop for RegisterKeyForm {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.passphrase);
        zeroize::Zeroize::zeroize(&mut self.code);
        zeroize::Zeroize::zeroize(&mut self.pin);
    }
}

impl Drop for PassphraseForm {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.passphrase);
        zeroize::Zeroize::zeroize(&mut self.code);
        zeroize::Zeroize::zeroize(&mut self.new_passphrase);
    }
}

impl Drop for ActivateForm {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.passphrase);
    }
}

/// Why the workstation locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockCause {
    /// The person asked for it, and means to come back.
    Person,
    /// The person leaves: nothing is kept for coming back with the passphrase alone.
    SignOut,
    /// Nobody was there for too long.
    Idle,
    /// The clinic's server ordered it.
    Order,
    /// The longest a session may last is over.
    Absolute,
    /// The computer's own screen was locked.
    ScreenLock,
    /// The computer goes to sleep.
    Sleep,
    /// Another user of the computer is at the screen.
    UserSwitch,
    /// The process that shows the page ended by itself.
    Crash,
    /// The date was set while somebody was signed in.
    ClockSet,
    /// The program ends.
    Exit,
}
