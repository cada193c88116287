//! Where a workstation stands in the history of one drawer.

use records::Drawer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A place in a drawer's history: everything up to and with `after` was received. Written `v1.clinical.123`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The drawer whose history this is.
    pub drawer: Drawer,
    /// The server sequence number of the last entry received; 0 before the first.
    pub after: u64,
}

/// The text is not a cursor of a version that this program knows.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a cursor")]
pub struct CursorError;

impl Cursor {
    /// The cursor of a drawer of which nothing was received yet.
    #[must_use]
    pub fn start(drawer: Drawer) -> Self {
        Self { drawer, after: 0 }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1.{}.{}", self.drawer.as_str(), self.after)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (drawer, after) =
            text.strip_prefix("v1.").and_then(|rest| rest.split_once('.')).ok_or(CursorError)?;
        let drawer = Drawer::ALL.into_iter().find(|d| d.as_str() == drawer).ok_or(CursorError)?;
        let canonical = !after.is_empty() && after.bytes().all(|b| b.is_ascii_digit());
        let after =
            if canonical { after.parse().map_err(|_| CursorError)? } else { return Err(CursorError) };
        Ok(Self { drawer, after })
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
