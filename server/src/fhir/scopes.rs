//! What a program may ask for: scopes of SMART (version 2) for a system, `system/<type or *>.<r, s or rs>`. Nothing else is one here:
//! programs do not write.

use super::asking::Interaction;
use records::ResourceKind;
use std::fmt;
use std::str::FromStr;

/// The scopes of a program, or of a token of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scopes(Vec<Scope>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Scope {
    /// Every type, where there is none.
    kind: Option<ResourceKind>,
    reads: bool,
    searches: bool,
}

/// A text that is no list of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoScopes;

impl Scopes {
    /// Whether this may be asked. What is of no one type is for who may ask for all.
    pub(crate) fn allow(&self, interaction: &Interaction) -> bool {
        match interaction {
            Interaction::Read(key) | Interaction::Vread(key, _) | Interaction::HistoryOfRecord(key) => {
                self.0.iter().any(|scope| scope.reads && scope.is_of(&key.kind))
            }
            Interaction::Search(kind) => self.search(kind),
            // A history shows what a search finds, and each record as it was.
            Interaction::HistoryOfType(kind) => {
                self.0.iter().any(|scope| scope.reads && scope.searches && scope.is_of(kind))
            }
            Interaction::HistoryOfAll => self.are_of_all(),
        }
    }

    /// Whether records of a type may be searched for.
    pub(crate) fn search(&self, kind: &ResourceKind) -> bool {
        self.0.iter().any(|scope| scope.searches && scope.is_of(kind))
    }

    /// Whether records of a type may be exported: searched for, and read.
    pub(crate) fn export(&self, kind: &ResourceKind) -> bool {
        self.0.iter().any(|scope| scope.searches && scope.reads && scope.is_of(kind))
    }

    /// Whether every type may be read and searched for.
    pub(crate) fn are_of_all(&self) -> bool {
        self.0.iter().any(|scope| scope.kind.is_none() && scope.reads && scope.searches)
    }

    /// Whether each of these is among them.
    pub(crate) fn cover(&self, asked: &Self) -> bool {
        asked.0.iter().all(|asked| {
            self.0.iter().any(|scope| {
                (scope.kind.is_none() || scope.kind == asked.kind)
                    && (scope.reads || !asked.reads)
                    && (scope.searches || !asked.searches)
            })
        })
    }
}

impl Scope {
    fn is_of(&self, kind: &ResourceKind) -> bool {
        self.kind.as_ref().is_none_or(|own| own == kind)
    }
}

impl FromStr for Scopes {
    type Err = NoScopes;

    fn from_str(text: &str) -> Result<Self, NoScopes> {
        let scopes: Vec<Scope> = text.split_whitespace().map(scope).collect::<Option<_>>().ok_or(NoScopes)?;
        if scopes.is_empty() { Err(NoScopes) } else { Ok(Self(scopes)) }
    }
}

fn scope(text: &str) -> Option<Scope> {
    let (kind, may) = text.strip_prefix("system/")?.split_once('.')?;
    let kind = match kind {
        "*" => None,
        named => {
            let known = records::class::known_kinds().any(|known| known == named);
            Some(named.parse().ok().filter(|_| known)?)
        }
    };
    let (reads, searches) = match may {
        "r" => (true, false),
        "s" => (false, true),
        "rs" => (true, true),
        _ => return None,
    };
    Some(Scope { kind, reads, searches })
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scope) in self.0.iter().enumerate() {
            let separator = if place == 0 { "" } else { " " };
            let kind = scope.kind.as_ref().map_or_else(|| "*".to_owned(), ToString::to_string);
            let (reads, searches) =
                (if scope.reads { "r" } else { "" }, if scope.searches { "s" } else { "" });
            write!(f, "{separator}system/{kind}.{reads}{searches}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_scope_of_a_reading_system_is_none_at_all() {
        for text in [
            "",
            "system/Patient.rs system/Patient.c",
            "system/Patient.sr",
            "system/Patient.read",
            "system/Patient",
            "user/Patient.rs",
            "system/Nothing.rs",
            "system/AuditEvent.rs",
            "system/Patient.rs?gender=male",
            "launch",
        ] {
            assert_eq!(text.parse::<Scopes>(), Err(NoScopes), "{text}");
        }
    }

    #[test]
    fn they_are_written_as_they_were_read_and_cover_what_is_narrower() {
        let text = "system/Patient.r system/*.s";
        let scopes: Scopes = text.parse().unwrap();
        assert_eq!(scopes.to_string(), text);
        let cover = |asked: &str| scopes.cover(&asked.parse().unwrap());
        assert!(cover("system/Patient.r") && cover("system/Observation.s") && cover("system/*.s"));
        assert!(!cover("system/Observation.r") && !cover("system/*.r") && !cover("system/Patient.rs"));
    }
}
