//! How the server says no: a FHIR `OperationOutcome` with a code of ours, a sentence and an advice, and never a word of a record.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A refusal or failure, as its `OperationOutcome` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What a program switches on.
    pub code: ProblemCode,
    /// What went wrong, for people.
    pub sentence: String,
    /// What to do, for people.
    pub advice: String,
}

/// What a program can switch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemCode {
    /// The request could not be read.
    Malformed,
    /// The body is larger than the server takes.
    TooLarge,
    /// There is no such thing, or it is not this person's to see.
    NotFound,
    /// The method does not exist on this path.
    WrongMethod,
    /// The workstation was revoked, or its certificate was replaced.
    DeviceRevoked,
    /// No session, or one that has ended: answer a new challenge.
    SessionRequired,
    /// The person's roles do not open this.
    NotAllowed,
    /// The enrolment token is unknown, used or expired.
    TokenRefused,
    /// The activation code is unknown, used or expired, or the name does not go with it.
    ActivationRefused,
    /// The code that shall prove a new authenticator is not the one of the seed; the activation stands, try the next code.
    ProofRefused,
    /// A change of passphrase or phone that was begun is over: it took too long, or another one came first.
    CredentialOver,
    /// Name, passphrase or code is wrong, or the code was used already.
    SignInRefused,
    /// Too many failures in a row: wait.
    TooManyTries,
    /// Events are missing between what the server holds and this batch.
    LogGap,
    /// The log differs from what the server holds: this is an alarm.
    LogFork,
    /// The checkpoint is not signed by this workstation or does not cover the batch.
    CheckpointRefused,
    /// An entry is not marked with the key of its epoch: this is an alarm.
    MarksRefused,
    /// The cursor is not one of this server's.
    CursorRefused,
    /// The server has more to do than it can: try again later.
    Busy,
    /// The server failed; its log says why.
    Internal,
}

impl Problem {
    /// The `OperationOutcome`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "resourceType": "OperationOutcome",
            "issue": [{
                "severity": "error",
                "code": self.code.fhir_code(),
                "details": {
                    "coding": [{ "system": "urn:chartkeep:problem", "code": self.code }],
                    "text": self.sentence,
                },
                "diagnostics": self.advice,
            }]
        })
    }

    /// Reads an `OperationOutcome` of this server; `None` when it is anything else.
    #[must_use]
    pub fn from_json(body: &[u8]) -> Option<Self> {
        let outcome: Value = serde_json::from_slice(body).ok()?;
        let issue = outcome.get("issue")?.get(0)?;
        let details = issue.get("details")?;
        let code = details.get("coding")?.get(0)?.get("code")?.clone();
        Some(Self {
            code: serde_json::from_value(code).ok()?,
            sentence: details.get("text")?.as_str()?.to_owned(),
            advice: issue.get("diagnostics").and_then(Value::as_str).unwrap_or_default().to_owned(),
        })
    }
}

impl ProblemCode {
    /// The HTTP status it travels with.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed | Self::CursorRefused => 400,
            Self::SessionRequired
            | Self::SignInRefused
            | Self::TokenRefused
            | Self::ActivationRefused
            | Self::ProofRefused => 401,
            Self::DeviceRevoked | Self::NotAllowed => 403,
            Self::NotFound => 404,
            Self::WrongMethod => 405,
            Self::LogGap | Self::LogFork | Self::CredentialOver => 409,
            Self::TooLarge => 413,
            Self::CheckpointRefused | Self::MarksRefused => 422,
            Self::TooManyTries => 429,
            Self::Internal => 500,
            Self::Busy => 503,
        }
    }

    /// The issue type of FHIR R4 (`http://hl7.org/fhir/issue-type`).
    fn fhir_code(self) -> &'static str {
        match self {
            Self::Malformed | Self::CursorRefused => "invalid",
            Self::TooLarge => "too-long",
            Self::NotFound => "not-found",
            Self::WrongMethod => "not-supported",
            Self::DeviceRevoked | Self::NotAllowed => "forbidden",
            Self::SessionRequired => "expired",
            Self::TokenRefused | Self::ActivationRefused | Self::ProofRefused | Self::SignInRefused => {
                "login"
            }
            Self::TooManyTries => "throttled",
            Self::LogGap | Self::LogFork | Self::CredentialOver => "conflict",
            Self::CheckpointRefused | Self::MarksRefused => "security",
            Self::Busy => "transient",
            Self::Internal => "exception",
        }
    }
}
