//! Security keys on USB, through Mozilla's library. What is asked of it and why stands in `docs/adr/0012-security-keys-are-asked-with-their-pin.md`.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use authenticator::authenticatorservice::{AuthenticatorService, RegisterArgs, SignArgs};
use authenticator::crypto::COSEAlgorithm;
use authenticator::ctap2::attestation::AuthenticatorDataFlags;
use authenticator::ctap2::commands::StatusCode;
use authenticator::ctap2::server::{
    AuthenticationExtensionsClientInputs, HMACGetSecretInput, PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters, PublicKeyCredentialUserEntity, RelyingParty, ResidentKeyRequirement,
    Transport, UserVerificationRequirement,
};
use authenticator::errors::{
    AuthenticatorError, CommandError, HIDError, PinError, U2FTokenError, UnsupportedOption,
};
use authenticator::statecallback::StateCallback;
use authenticator::{Pin, StatusPinUv, StatusUpdate};
use keys::Secret;
use keys::slot::{KeyAnswer, KeyRequest};

use super::{KeyPin, KeyProblem, KeyStep, RELYING_PARTY, SecurityKey, Wait};

/// How long a person has to plug in and touch.
const LIMIT_MS: u64 = 60_000;
/// How soon a cancelled wait ends.
const POLL: Duration = Duration::from_millis(50);
/// What a signature would cover. Nobody checks one: only the answers to the salts count.
const NOTHING_TO_SIGN: [u8; 32] = [0; 32];

/// Whatever security key is plugged in.
#[derive(Clone, Copy, Debug)]
pub struct UsbSecurityKey;

type Answer<T> = StateCallback<authenticator::Result<T>>;

impl SecurityKey for UsbSecurityKey {
    fn enrol(&self, user: [u8; 32], pin: &KeyPin, wait: &Wait) -> Result<Vec<u8>, KeyProblem> {
        let args = RegisterArgs {
            client_data_hash: NOTHING_TO_SIGN,
            relying_party: RelyingParty { id: RELYING_PARTY.to_owned(), name: Some("Chartkeep".to_owned()) },
            origin: format!("https://{RELYING_PARTY}"),
            user: PublicKeyCredentialUserEntity {
                id: user.to_vec(),
                name: Some("Chartkeep".to_owned()),
                display_name: None,
            },
            pub_cred_params: vec![PublicKeyCredentialParameters { alg: COSEAlgorithm::ES256 }],
            exclude_list: Vec::new(),
            user_verification_req: UserVerificationRequirement::Required,
            // A credential that the key lists by itself would tell its finder where it is used.
            resident_key_req: ResidentKeyRequirement::Discouraged,
            extensions: AuthenticationExtensionsClientInputs {
                hmac_create_secret: Some(true),
                ..Default::default()
            },
            pin: given(pin),
            use_ctap1_fallback: false,
        };
        let made = ask(wait, |service, status, answer| service.register(LIMIT_MS, args, status, answer))?;
        let data = made.att_obj.auth_data;
        if !data.flags.contains(AuthenticatorDataFlags::USER_VERIFIED) {
            return Err(KeyProblem::NoPin);
        }
        let credential = data.credential_data.map(|data| data.credential_id);
        match (made.extensions.hmac_create_secret, credential) {
            (Some(true), Some(credential)) => Ok(credential),
            (_, _) => Err(KeyProblem::Unfit),
        }
    }

    fn answer(&self, request: &KeyRequest, pin: &KeyPin, wait: &Wait) -> Result<[KeyAnswer; 2], KeyProblem> {
        if !request.with_pin {
            // The library asks no salts without a PIN, and with one the answer is another.
            return Err(KeyProblem::Unfit);
        }
        let [salt1, salt2] = request.salts;
        let args = SignArgs {
            client_data_hash: NOTHING_TO_SIGN,
            origin: format!("https://{RELYING_PARTY}"),
            relying_party_id: RELYING_PARTY.to_owned(),
            allow_list: vec![PublicKeyCredentialDescriptor {
                id: request.credential.clone(),
                transports: vec![Transport::USB],
            }],
            user_verification_req: UserVerificationRequirement::Required,
            user_presence_req: true,
            extensions: AuthenticationExtensionsClientInputs {
                hmac_get_secret: Some(HMACGetSecretInput { salt1, salt2: Some(salt2) }),
                ..Default::default()
            },
            pin: given(pin),
            use_ctap1_fallback: false,
        };
        let signed = ask(wait, |service, status, answer| service.sign(LIMIT_MS, args, status, answer))?;
        if !signed.assertion.auth_data.flags.contains(AuthenticatorDataFlags::USER_VERIFIED) {
            return Err(KeyProblem::NoPin);
        }
        let output = signed.extensions.hmac_get_secret.ok_or(KeyProblem::Unfit)?;
        let second = output.output2.ok_or(KeyProblem::Unfit)?;
        Ok([output.output1, second].map(|bytes| KeyAnswer::from_secret(Secret::from_bytes(bytes))))
    }
}

/// The PIN for the library; none where none was typed, so that the key says what it wants.
fn given(pin: &KeyPin) -> Option<Pin> {
    // EXPOSE: the key checks its PIN itself.
    (!pin.expose().is_empty()).then(|| Pin::new(pin.expose()))
}

/// Begins a call and waits for its answer, until the person or a lock ends it.
fn ask<T: Send + 'static>(
    wait: &Wait,
    begin: impl FnOnce(&mut AuthenticatorService, Sender<StatusUpdate>, Answer<T>) -> authenticator::Result<()>,
) -> Result<T, KeyProblem> {
    let mut service = AuthenticatorService::new().map_err(|error| problem_of(&error, false))?;
    service.add_detected_transports();
    let (status, news) = mpsc::channel();
    let (done, answer) = mpsc::channel();
    let callback = StateCallback::new(Box::new(move |result| done.send(result).unwrap_or_default()));
    wait.tell(KeyStep::PlugIn);
    begin(&mut service, status, callback).map_err(|error| problem_of(&error, false))?;
    let mut seen = Seen::default();
    loop {
        let answered = answer.recv_timeout(POLL);
        seen.take(&news, wait);
        match answered {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => return Err(seen.problem.unwrap_or_else(|| problem_of(&error, seen.is_there))),
            Err(RecvTimeoutError::Disconnected) => return Err(seen.problem.unwrap_or(KeyProblem::Failed)),
            Err(RecvTimeoutError::Timeout) if wait.is_cancelled() => {
                // The library's threads end behind us.
                drop(service.cancel());
                return Err(KeyProblem::Cancelled);
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// What the library has said while it worked.
#[derive(Default)]
struct Seen {
    is_there: bool,
    problem: Option<KeyProblem>,
}

impl Seen {
    fn take(&mut self, news: &Receiver<StatusUpdate>, wait: &Wait) {
        for update in news.try_iter() {
            self.is_there = true;
            match update {
                StatusUpdate::PresenceRequired => wait.tell(KeyStep::Touch),
                StatusUpdate::SelectDeviceNotice => wait.tell(KeyStep::Choose),
                // To let go of the sender is to give no further PIN: the call ends.
                StatusUpdate::PinUvError(error) => self.problem = problem_with_pin(&error).or(self.problem),
                StatusUpdate::InteractiveManagement(_) | StatusUpdate::SelectResultNotice(..) => {}
            }
        }
    }
}

/// A fingerprint that was not read is tried again by the key itself, and is no problem yet.
fn problem_with_pin(error: &StatusPinUv) -> Option<KeyProblem> {
    match error {
        StatusPinUv::PinRequired(_) => Some(KeyProblem::PinNeeded),
        StatusPinUv::InvalidPin(_, left) => Some(KeyProblem::PinWrong(*left)),
        StatusPinUv::PinIsTooShort | StatusPinUv::PinIsTooLong(_) => Some(KeyProblem::PinWrong(None)),
        StatusPinUv::PinAuthBlocked => Some(KeyProblem::PinPaused),
        StatusPinUv::PinBlocked => Some(KeyProblem::PinBlocked),
        StatusPinUv::PinNotSet => Some(KeyProblem::NoPin),
        StatusPinUv::InvalidUv(_) | StatusPinUv::UvBlocked => None,
    }
}

/// What the library's error means to the person; `is_there` is whether a key had answered before.
fn problem_of(error: &AuthenticatorError, is_there: bool) -> KeyProblem {
    match error {
        AuthenticatorError::U2FToken(U2FTokenError::NotAllowed) if is_there => KeyProblem::TimedOut,
        AuthenticatorError::U2FToken(U2FTokenError::NotAllowed)
        | AuthenticatorError::NoConfiguredTransports => KeyProblem::NonePluggedIn,
        AuthenticatorError::UnsupportedOption(option) => match option {
            UnsupportedOption::UserVerification
            | UnsupportedOption::PubCredParams
            | UnsupportedOption::CredProtect
            | UnsupportedOption::EmptyAllowList
            | UnsupportedOption::MaxPinLength
            | UnsupportedOption::ResidentKey => KeyProblem::Unfit,
        },
        AuthenticatorError::PinError(error) => match error {
            PinError::PinRequired => KeyProblem::PinNeeded,
            PinError::InvalidPin(left) => KeyProblem::PinWrong(*left),
            PinError::PinIsTooShort | PinError::PinIsTooLong(_) => KeyProblem::PinWrong(None),
            PinError::PinAuthBlocked => KeyProblem::PinPaused,
            PinError::PinBlocked => KeyProblem::PinBlocked,
            PinError::PinNotSet => KeyProblem::NoPin,
            PinError::InvalidUv(_) | PinError::UvBlocked | PinError::PinAuthInvalid | PinError::Crypto(_) => {
                KeyProblem::Failed
            }
        },
        AuthenticatorError::HIDError(HIDError::Command(CommandError::StatusCode(status, _))) => {
            problem_of_status(status)
        }
        AuthenticatorError::CancelledByUser => KeyProblem::Cancelled,
        AuthenticatorError::U2FToken(_)
        | AuthenticatorError::HIDError(_)
        | AuthenticatorError::Io(_)
        | AuthenticatorError::InvalidRelyingPartyInput
        | AuthenticatorError::Platform
        | AuthenticatorError::InternalError(_)
        | AuthenticatorError::Custom(_)
        | AuthenticatorError::VersionMismatch(..)
        | AuthenticatorError::CryptoError
        | AuthenticatorError::CredentialExcluded => KeyProblem::Failed,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's table of the protocol's fifty codes")]
fn problem_of_status(status: &StatusCode) -> KeyProblem {
    match status {
        StatusCode::NoCredentials | StatusCode::InvalidCredential => KeyProblem::WrongKey,
        StatusCode::UserActionTimeout | StatusCode::ActionTimeout | StatusCode::Timeout => {
            KeyProblem::TimedOut
        }
        StatusCode::PinInvalid | StatusCode::PinAuthInvalid => KeyProblem::PinWrong(None),
        StatusCode::PinBlocked => KeyProblem::PinBlocked,
        StatusCode::PinAuthBlocked => KeyProblem::PinPaused,
        StatusCode::PinNotSet => KeyProblem::NoPin,
        StatusCode::PinRequired => KeyProblem::PinNeeded,
        StatusCode::UnsupportedExtension
        | StatusCode::UnsupportedOption
        | StatusCode::UnsupportedAlgorithm => KeyProblem::Unfit,
        StatusCode::KeepaliveCancel => KeyProblem::Cancelled,
        _ => KeyProblem::Failed,
    }
}

#[cfg(test)]
mod tests {
    use keys::Random;

    use super::*;

    fn news(updates: Vec<StatusUpdate>) -> (Seen, Vec<KeyStep>) {
        let (sender, receiver) = mpsc::channel();
        updates.into_iter().for_each(|update| sender.send(update).unwrap());
        let (told, steps) = mpsc::channel();
        let mut seen = Seen::default();
        seen.take(&receiver, &Wait::telling(move |step| told.send(step).unwrap()));
        (seen, steps.try_iter().collect())
    }

    fn status(code: StatusCode) -> AuthenticatorError {
        HIDError::Command(CommandError::StatusCode(code, None)).into()
    }

    #[test]
    fn what_the_library_says_becomes_what_a_person_can_do() {
        let (pin, _asked) = mpsc::channel();
        let cases = [
            (StatusPinUv::PinRequired(pin.clone()), KeyProblem::PinNeeded),
            (StatusPinUv::InvalidPin(pin, Some(3)), KeyProblem::PinWrong(Some(3))),
            (StatusPinUv::PinAuthBlocked, KeyProblem::PinPaused),
            (StatusPinUv::PinBlocked, KeyProblem::PinBlocked),
            (StatusPinUv::PinNotSet, KeyProblem::NoPin),
        ];
        for (said, expected) in cases {
            let (seen, _) = news(vec![StatusUpdate::PinUvError(said)]);
            assert_eq!(seen.problem, Some(expected));
        }
        let (seen, steps) = news(vec![StatusUpdate::SelectDeviceNotice, StatusUpdate::PresenceRequired]);
        assert_eq!((seen.problem, steps), (None, vec![KeyStep::Choose, KeyStep::Touch]));
    }

    #[test]
    fn no_key_a_wrong_key_and_a_key_that_nobody_touched_are_told_apart() {
        let over = AuthenticatorError::U2FToken(U2FTokenError::NotAllowed);
        assert_eq!(problem_of(&over, false), KeyProblem::NonePluggedIn);
        assert_eq!(problem_of(&over, true), KeyProblem::TimedOut);
        assert_eq!(problem_of(&status(StatusCode::NoCredentials), true), KeyProblem::WrongKey);
        assert_eq!(problem_of(&status(StatusCode::UserActionTimeout), true), KeyProblem::TimedOut);
        assert_eq!(problem_of(&status(StatusCode::UnsupportedExtension), true), KeyProblem::Unfit);
        assert_eq!(problem_of(&HIDError::DeviceError.into(), true), KeyProblem::Failed, "pulled out");
    }

    #[test]
    fn a_wait_that_is_over_ends_the_call() {
        let wait = Wait::telling(|_| {});
        wait.cancel();
        let request = KeyRequest::make(vec![1; 64], true, &mut Random::from_seed([1; 32]));
        let answered = UsbSecurityKey.answer(&request, &KeyPin::from_typed("123456"), &wait);
        // Where the system has no list of devices at all, the library fails at once.
        let problem = answered.err();
        assert!(matches!(problem, Some(KeyProblem::Cancelled | KeyProblem::Failed)), "{problem:?}");
    }

    #[test]
    fn a_request_without_the_pin_is_not_asked_with_one() {
        let request = KeyRequest::make(vec![1; 64], false, &mut Random::from_seed([1; 32]));
        let answered = UsbSecurityKey.answer(&request, &KeyPin::from_typed("123456"), &Wait::telling(|_| {}));
        assert_eq!(answered.err(), Some(KeyProblem::Unfit));
    }
}
