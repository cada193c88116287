//! People, their roles over time, and their keys on each workstation.

use super::StoreError;
use jiff::Timestamp;
use keys::{AgreementPublic, VerifyingKey};
use records::Role;
use records::id::{DeviceId, PatientId, PersonId, PracticeId};

/// A person about to be known.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// Their id.
    pub id: PersonId,
    /// Their practice.
    pub practice: PracticeId,
    /// What they sign in with, folded to lower case.
    pub username: String,
    /// Their name, to be shown.
    pub name: String,
    /// When they were added.
    pub made_at: Timestamp,
}

/// A person.
#[derive(Clone)]
pub struct PersonRow {
    /// Their id.
    pub id: PersonId,
    /// Their practice.
    pub practice: PracticeId,
    /// What they sign in with.
    pub username: String,
    /// Their name, to be shown.
    pub name: String,
    /// Their OPAQUE password file, once activated.
    pub opaque: Option<Vec<u8>>,
    /// Their TOTP seed, sealed.
    pub sealed_seed: Option<Vec<u8>>,
    /// Counts their passphrases and seeds; 0 before the first.
    pub credential: u64,
    /// When they signed in last.
    pub signed_in_at: Option<Timestamp>,
    /// When they left.
    pub ended_at: Option<Timestamp>,
}

impl std::fmt::Debug for PersonRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PersonRow({})", self.id)
    }
}

/// What an administrator handed to a person who has no passphrase yet.
#[derive(Clone, Debug)]
pub struct ActivationRow {
    /// SHA-256 of the code.
    pub code: [u8; 32],
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Wrong codes so far.
    pub failures: u32,
}

/// A person's keys on one workstation.
#[derive(Clone, Debug)]
pub struct PersonKeyRow {
    /// Whose.
    pub person: PersonId,
    /// Where.
    pub device: DeviceId,
    /// What signs changes and challenges.
    pub signing_key: VerifyingKey,
    /// What grants are sealed to.
    pub agreement_key: AgreementPublic,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// A care relation.
#[derive(Clone, Debug)]
pub struct RelationRow {
    /// Who cares.
    pub person: PersonId,
    /// For whom.
    pub patient: PatientId,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Where it comes from.
    pub source: String,
}

/// Failed sign-ins in a row under one name.
#[derive(Clone, Copy, Debug)]
pub struct ThrottleRow {
    /// How many.
    pub failures: u32,
    /// The earliest next try.
    pub not_before: Timestamp,
}

/// The rows of people.
pub trait People {
    /// Stores a person; false when the name is taken.
    fn insert_person(&self, person: &NewPerson) -> Result<bool, StoreError>;
    /// A person.
    fn person(&self, id: PersonId) -> Result<Option<PersonRow>, StoreError>;
    /// The person who signs in with this name, folded.
    fn person_named(&self, username: &str) -> Result<Option<PersonRow>, StoreError>;
    /// Everybody, oldest first.
    fn people(&self) -> Result<Vec<PersonRow>, StoreError>;
    /// Stores what a person signs in with from now on; their number rises by one.
    fn set_credentials(&self, person: PersonId, opaque: &[u8], sealed_seed: &[u8]) -> Result<(), StoreError>;
    /// Forgets the passphrase of a person: no sign-in until there are credentials again.
    fn forget_passphrase(&self, person: PersonId) -> Result<(), StoreError>;
    /// A person came in.
    fn note_sign_in(&self, person: PersonId, at: Timestamp) -> Result<(), StoreError>;
    /// Failed tries under a name, by its hash.
    fn throttle(&self, name: &[u8; 32]) -> Result<Option<ThrottleRow>, StoreError>;
    /// Notes failed tries under a name; `None` forgets them.
    fn set_throttle(&self, name: &[u8; 32], throttle: Option<ThrottleRow>) -> Result<(), StoreError>;
    /// A person leaves: kept for ever, and let in no more.
    fn end_person(&self, person: PersonId, at: Timestamp) -> Result<bool, StoreError>;
    /// The roles a person had at a time.
    fn roles(&self, person: PersonId, at: Timestamp) -> Result<Vec<Role>, StoreError>;
    /// Gives a role.
    fn insert_role(&self, person: PersonId, role: Role, since: Timestamp) -> Result<(), StoreError>;
    /// Takes a role.
    fn end_role(&self, person: PersonId, role: Role, at: Timestamp) -> Result<(), StoreError>;
    /// Takes every role.
    fn end_roles(&self, person: PersonId, at: Timestamp) -> Result<(), StoreError>;
    /// Stores an activation code, in place of an earlier one.
    fn set_activation(&self, person: PersonId, activation: &ActivationRow) -> Result<(), StoreError>;
    /// The activation code that waits for a person.
    fn activation(&self, person: PersonId) -> Result<Option<ActivationRow>, StoreError>;
    /// The activation code was used, or shall count no more.
    fn end_activation(&self, person: PersonId) -> Result<(), StoreError>;
    /// A person's keys on a workstation, in force now.
    fn person_key(&self, person: PersonId, device: DeviceId) -> Result<Option<PersonKeyRow>, StoreError>;
    /// All keys a person ever had on a workstation, newest first.
    fn person_keys(&self, person: PersonId, device: DeviceId) -> Result<Vec<PersonKeyRow>, StoreError>;
    /// The people who have keys on a workstation now.
    fn people_on(&self, device: DeviceId) -> Result<Vec<PersonId>, StoreError>;
    /// Puts new keys in place of the present ones.
    fn set_person_key(&self, key: &PersonKeyRow) -> Result<(), StoreError>;
    /// Marks a code's step as used on a workstation; false when it was already.
    fn use_step(&self, person: PersonId, device: DeviceId, step: u64) -> Result<bool, StoreError>;
    /// Whether a code's step was used on another workstation.
    fn step_used_elsewhere(&self, person: PersonId, device: DeviceId, step: u64) -> Result<bool, StoreError>;
    /// Stores a care relation.
    fn insert_relation(&self, relation: &RelationRow) -> Result<(), StoreError>;
    /// Until when a person cared for a patient, as of a time.
    fn relation_until(
        &self,
        person: PersonId,
        patient: &PatientId,
        at: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError>;
}
