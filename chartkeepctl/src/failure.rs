//! What goes wrong: a code for scripts, a sentence, an advice; and whether it is a finding or something to put right.

use client::ClientError;
use std::fmt;
use std::io;

/// A failure as the operator sees it.
#[derive(Debug)]
pub(crate) struct Failure {
    code: String,
    sentence: String,
    advice: String,
    exit: u8,
}

impl Failure {
    /// Something that was looked for and found, or a step that did not hold: exit status 1.
    pub(crate) fn finding(code: &str, sentence: impl Into<String>, advice: &str) -> Self {
        Self { code: code.to_owned(), sentence: sentence.into(), advice: advice.to_owned(), exit: 1 }
    }

    /// Something the operator can put right: exit status 2.
    pub(crate) fn usage(code: &str, sentence: impl Into<String>, advice: &str) -> Self {
        Self { exit: 2, ..Self::finding(code, sentence, advice) }
    }

    /// A file could not be read or written.
    pub(crate) fn disk(sentence: &str, error: &io::Error) -> Self {
        let advice =
            "Check the path, the space on the disk and who may read and write there. Nothing was changed.";
        Self::usage("disk", format!("{sentence} ({})", error.kind()), advice)
    }

    /// The exit status.
    pub(crate) fn exit_code(&self) -> u8 {
        self.exit
    }

    /// As JSON, for scripts.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "error": self.code, "message": self.sentence, "advice": self.advice })
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::usage(error.code.as_str(), error.message, &error.advice)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.sentence, self.advice)
    }
}
