//! FHIR search: the parameters of each resource type, what is indexed of a document, and what a value asks for.
//!
//! One table says which parameters there are; the index and the question are read out of it, and so is what the server
//! says of itself. What could tell who somebody is (names, numbers, birth dates) is [`Term::Keyed`]: a store keeps it only
//! as a keyed token. Codes and times stand in clear.

mod index;
mod parameter;
mod question;
mod range;

use std::borrow::Cow;

pub use index::{Indexed, VIP, index_of, is_confidential};
pub use parameter::{Parameter, ParameterKind, parameters, patient_parameters, with_parameters};
pub use question::{NotAsked, question};
pub use range::{Range, millis_bytes};

/// A value as it is indexed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// As it is: a code or a time.
    Clear(Vec<u8>),
    /// To be kept as a keyed token, under the name of its parameter.
    Keyed(Vec<u8>),
}

impl std::fmt::Debug for Term {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Term")
    }
}

/// What one index row of a parameter must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// Exactly this.
    Is(Term),
    /// In clear, not before the first and before the second, as far as they are given.
    Within(Option<Vec<u8>>, Option<Vec<u8>>),
}

/// That a record has an index row of this parameter that passes the test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The parameter, as the index names it.
    pub parameter: Cow<'static, str>,
    /// What the row must be.
    pub test: Test,
}

/// Alternatives; of one, all conditions must hold.
pub type Group = Vec<Vec<Condition>>;
