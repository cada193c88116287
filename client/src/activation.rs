//! A new person chooses a passphrase and puts a seed into an authenticator, on any workstation of the practice.
//!
//! Nothing stays here: the first sign-in makes the slot, with keys of its own.

use keys::passphrase::{self, PassphrasePolicy, PassphraseRefused};
use keys::sign_in::{self, Registering};
use keys::{AgreementSecret, Passphrase, Random, Secret, SigningKey, TotpSeed};
use sync::wire::{ActivateFinish, ActivateStart, ActivateStarted, Base64Bytes, SecretText, SignedIn, path};

use crate::station::Station;
use crate::view::ActivationView;
use crate::workstation::ActivateForm;
use crate::{ClientError, Code, qr};

/// An activation between its two halves.
pub(crate) struct Pending {
    attempt: Base64Bytes,
    upload: Base64Bytes,
}

/// First half: the activation code buys a seed. The passphrase never leaves this process.
pub(crate) fn start(
    station: &Station,
    form: &ActivateForm,
) -> Result<(Pending, ActivationView), ClientError> {
    let passphrase = Passphrase::from_typed(&form.passphrase).ok_or(Code::PassphraseWeak)?;
    let practice = station.practice_name();
    passphrase::check(&passphrase, &[&form.username, practice], PassphrasePolicy::default())
        .map_err(why_weak)?;
    let mut random = Random::from_os();
    let (registering, message) =
        sign_in::start_registration(&passphrase, &mut random).map_err(|_| Code::Internal)?;
    let asked = ActivateStart {
        username: form.username.trim().to_owned(),
        activation_code: SecretText::new(form.activation_code.trim()),
        message: message.into(),
    };
    let started: ActivateStarted = station.call(path::ACTIVATE_START, asked)?;
    let upload = upload(station, registering, &passphrase, &started, &mut random)?;
    let seed = Secret::from_slice(started.seed.as_slice()).ok_or(Code::ServerAnswer)?;
    let seed = TotpSeed::from_secret(seed);
    // EXPOSE: shown once, for the authenticator app.
    let uri = seed.provisioning_uri(practice, form.username.trim()).expose().to_owned();
    let drawn = qr::draw(&uri).ok_or(Code::Internal)?;
    let view = ActivationView {
        seed: seed.to_base32().expose().to_owned(),
        uri,
        qr_path: drawn.path,
        qr_size: drawn.size,
    };
    Ok((Pending { attempt: started.attempt, upload }, view))
}

/// Second half: one code proves that the authenticator holds the seed.
pub(crate) fn finish(station: &Station, pending: &Pending, code: &str) -> Result<(), ClientError> {
    let mut random = Random::from_os();
    // The server wants keys for this workstation; these are thrown away, and the first sign-in brings its own.
    let (agreement, signing) = (AgreementSecret::make(&mut random), SigningKey::make(&mut random));
    let asked = ActivateFinish {
        attempt: pending.attempt.clone(),
        message: pending.upload.clone(),
        code: SecretText::new(code.trim()),
        agreement_key: agreement.public().to_bytes().into(),
        signing_key: signing.verifying_key().to_bytes().into(),
    };
    let _activated: SignedIn = station.call(path::ACTIVATE_FINISH, asked)?;
    Ok(())
}

/// Says which rule a passphrase does not meet (NIST SP 800-63B §3.1.1.2).
pub(crate) fn why_weak(refused: PassphraseRefused) -> ClientError {
    let why = match refused {
        PassphraseRefused::TooShort { min_characters } => {
            format!("This passphrase is shorter than {min_characters} characters.")
        }
        PassphraseRefused::ContainsKnownWord => {
            "This passphrase leans on a name that others know: yours, the clinic's or the program's."
                .to_owned()
        }
        PassphraseRefused::Guessable => {
            "This passphrase is too easy to guess: it is among common ones, or follows a pattern.".to_owned()
        }
    };
    ClientError::saying(Code::PassphraseWeak, why)
}

fn upload(
    station: &Station,
    registering: Registering,
    passphrase: &Passphrase,
    started: &ActivateStarted,
    random: &mut Random,
) -> Result<Base64Bytes, ClientError> {
    let cost = station.settings().key_cost.sign_in();
    let upload = registering.finish(passphrase, started.message.as_slice(), cost, random);
    Ok(upload.map_err(|_| Code::ServerAnswer)?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_passphrase_is_told_why() {
        let why = |text: &str| {
            let typed = Passphrase::from_typed(text).unwrap();
            let refused = passphrase::check(&typed, &["rosa"], PassphrasePolicy::default()).err();
            refused.map(|refused| why_weak(refused).message)
        };
        assert!(why("lantern orc").unwrap().contains("shorter than 12 characters"));
        assert!(why("chartkeep2026").unwrap().contains("a name that others know"));
        assert!(why("password1234").unwrap().contains("too easy to guess"));
        assert_eq!(why("lantern orchard quietly mended"), None);
    }
}
