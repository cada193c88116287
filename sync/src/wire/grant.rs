//! The grants that lie ready for a workstation.

use super::Base64Bytes;
use records::Role;
use records::id::PersonId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `POST /v1/grants`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct GrantsRequest {}

/// Every grant in force for this workstation; what is not listed is not in force any more.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct GrantsResponse {
    /// Grants as `keys::grant` seals and signs them, each to a person's key on this workstation.
    pub grants: Vec<Base64Bytes>,
    /// People who had a key here and may not come in any more.
    pub dropped: Vec<PersonId>,
    /// The roles of everybody who has a key here; absent from a server that does not say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<PersonId, Vec<Role>>,
}
