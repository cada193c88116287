//! The practice, its workstations, and what lies ready for each.

use super::StoreError;
use jiff::Timestamp;
use keys::{AgreementPublic, VerifyingKey};
use records::Drawer;
use records::id::{DeviceId, LogId, PersonId, PracticeId};

/// The practice this server serves.
#[derive(Clone, Debug)]
pub struct PracticeRow {
    /// Its id.
    pub id: PracticeId,
    /// Its name, to be shown.
    pub name: String,
    /// The name in the server's certificate.
    pub host: String,
    /// The server's own device id, in its audit events.
    pub node: DeviceId,
    /// The server's own audit log.
    pub log: LogId,
    /// The signed trust bundle.
    pub trust: String,
    /// Its number.
    pub trust_number: u64,
    /// When the store was made.
    pub made_at: Timestamp,
}

/// A one-time enrolment token.
#[derive(Clone, Debug)]
pub struct TokenRow {
    /// SHA-256 of its secret part.
    pub hash: [u8; 32],
    /// What the workstation shall be called, where its people say nothing.
    pub label: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// The workstation it enrols again; `None` where it makes a new one.
    pub device: Option<DeviceId>,
    /// Who used it.
    pub used_by: Option<DeviceId>,
}

/// A workstation's certificate, as far as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateRow {
    /// SHA-256 of it.
    pub fingerprint: [u8; 32],
    /// When it ends.
    pub until: Timestamp,
}

/// What a workstation says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportRow {
    /// The version of the program.
    pub program: String,
    /// The operating system.
    pub system: String,
    /// What the data folder lies on, in one word.
    pub disk: String,
    /// What swap lies on, in one word.
    pub swap: String,
    /// Changes that were not acknowledged yet.
    pub unsent_changes: u64,
    /// Events that were not acknowledged yet.
    pub unsent_events: u64,
}

/// A workstation about to be known.
#[derive(Clone, Debug)]
pub struct NewDevice {
    /// Its id.
    pub id: DeviceId,
    /// Its practice.
    pub practice: PracticeId,
    /// What people call it.
    pub label: String,
    /// Its certificate.
    pub certificate: CertificateRow,
    /// What signs its checkpoints.
    pub checkpoint_key: VerifyingKey,
    /// What is sealed to it alone.
    pub agreement_key: AgreementPublic,
    /// The key of its `device.db`, sealed.
    pub escrow: Option<Vec<u8>>,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
}

/// A workstation.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    /// Its id.
    pub id: DeviceId,
    /// Its practice.
    pub practice: PracticeId,
    /// What people call it.
    pub label: String,
    /// The certificate in use.
    pub certificate: CertificateRow,
    /// One that was issued and not used yet.
    pub renewing: Option<CertificateRow>,
    /// What signs its checkpoints.
    pub checkpoint_key: VerifyingKey,
    /// What is sealed to it alone.
    pub agreement_key: AgreementPublic,
    /// Its audit log, once something was delivered.
    pub log: Option<LogId>,
    /// Until which number it has carried out directives.
    pub directives_done: u64,
    /// Directives up to this number were carried out before it was enrolled again.
    pub directives_since: u64,
    /// Whether it was enrolled again and may bring one log that links to the one held.
    pub may_link: bool,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
    /// When it was heard of last.
    pub contact_at: Timestamp,
    /// What it said of itself then.
    pub report: ReportRow,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A grant that was issued.
#[derive(Clone, Debug)]
pub struct GrantRow {
    /// Its number; 0 until it is stored.
    pub number: u64,
    /// Whose.
    pub person: PersonId,
    /// Where.
    pub device: DeviceId,
    /// Of which drawer.
    pub drawer: Drawer,
    /// Of which generation of its keys.
    pub generation: u32,
    /// Until when.
    pub not_after: Timestamp,
    /// The grant as it is sent.
    pub bytes: Vec<u8>,
}

/// A directive that was given.
#[derive(Clone, Debug)]
pub struct DirectiveRow {
    /// Rises by one for each directive to a workstation.
    pub number: u64,
    /// When it was given.
    pub issued_at: Timestamp,
    /// The JSON of the order.
    pub body: String,
    /// The signature of the directive key.
    pub signature: [u8; 64],
}

/// The rows of practice and workstations.
pub trait Devices {
    /// The practice.
    fn practice(&self) -> Result<PracticeRow, StoreError>;
    /// Stores the practice; there is one.
    fn insert_practice(&self, practice: &PracticeRow) -> Result<(), StoreError>;
    /// Puts a new trust bundle in the place of the one before.
    fn set_trust(&self, trust: &str, number: u64) -> Result<(), StoreError>;
    /// What holds for every workstation, as JSON; `None` until it was set.
    fn policy(&self) -> Result<Option<String>, StoreError>;
    /// Sets what holds for every workstation.
    fn set_policy(&self, json: &str) -> Result<(), StoreError>;
    /// Stores a token.
    fn insert_token(&self, token: &TokenRow) -> Result<(), StoreError>;
    /// The token with this hash.
    fn token(&self, hash: &[u8; 32]) -> Result<Option<TokenRow>, StoreError>;
    /// Marks a token as used; false when it was already.
    fn use_token(&self, hash: &[u8; 32], by: DeviceId) -> Result<bool, StoreError>;
    /// Stores a workstation.
    fn insert_device(&self, device: &NewDevice) -> Result<(), StoreError>;
    /// Puts new keys and a new certificate in place of a workstation's; the earlier keys stay on record. An escrow that is
    /// not given leaves the present one.
    fn enrol_again(&self, device: &NewDevice) -> Result<(), StoreError>;
    /// Every key that ever signed a workstation's checkpoints, the present one first.
    fn checkpoint_keys(&self, id: DeviceId) -> Result<Vec<VerifyingKey>, StoreError>;
    /// Notes which log a workstation goes on with.
    fn set_log(&self, id: DeviceId, log: LogId) -> Result<(), StoreError>;
    /// The workstation has brought its linked log.
    fn end_linking(&self, id: DeviceId) -> Result<(), StoreError>;
    /// A workstation.
    fn device(&self, id: DeviceId) -> Result<Option<DeviceRow>, StoreError>;
    /// Until this unit of work ends, nobody else writes what belongs to this workstation.
    fn hold_device(&self, id: DeviceId) -> Result<(), StoreError>;
    /// All workstations, oldest first.
    fn devices(&self) -> Result<Vec<DeviceRow>, StoreError>;
    /// Notes contact, progress and what the workstation says of itself.
    fn touch_device(
        &self,
        id: DeviceId,
        report: &ReportRow,
        done: u64,
        at: Timestamp,
    ) -> Result<(), StoreError>;
    /// Notes that a new certificate was issued, in place of one that was and was not used.
    fn begin_renewal(&self, id: DeviceId, certificate: &CertificateRow) -> Result<(), StoreError>;
    /// The new certificate has come into use; the old one counts no more. False when it had come into use before.
    fn end_renewal(&self, id: DeviceId, certificate: &[u8; 32]) -> Result<bool, StoreError>;
    /// Revokes a workstation; false when there is none or it was already.
    fn revoke_device(&self, id: DeviceId, at: Timestamp) -> Result<bool, StoreError>;
    /// Deletes the sealed key of a workstation's `device.db`: it was wiped.
    fn forget_escrow(&self, id: DeviceId) -> Result<(), StoreError>;
    /// The sealed key of a workstation's `device.db`.
    fn escrow(&self, id: DeviceId) -> Result<Option<Vec<u8>>, StoreError>;
    /// Stores a drawer's keys, sealed.
    fn insert_drawer_key(
        &self,
        place: (DeviceId, Drawer),
        generation: u32,
        sealed: &[u8],
        at: Timestamp,
    ) -> Result<(), StoreError>;
    /// When each generation of a drawer's keys was made, the newest first.
    fn drawer_keys_made(&self, device: DeviceId, drawer: Drawer) -> Result<Vec<Timestamp>, StoreError>;
    /// The keys of a drawer on a workstation, the newest first: generation and sealed keys. There is more than one
    /// while a re-key is under way.
    fn drawer_keys(&self, device: DeviceId, drawer: Drawer) -> Result<Vec<(u32, Vec<u8>)>, StoreError>;
    /// Deletes the keys of a drawer before a generation, and ends the grants that carry them.
    fn retire_drawer_keys(
        &self,
        device: DeviceId,
        drawer: Drawer,
        before: u32,
        at: Timestamp,
    ) -> Result<(), StoreError>;
    /// The number that the next grant will have.
    fn next_grant_number(&self) -> Result<u64, StoreError>;
    /// Stores a grant.
    fn insert_grant(&self, grant: &GrantRow, at: Timestamp) -> Result<(), StoreError>;
    /// The grants in force on a workstation.
    fn grants(&self, device: DeviceId, at: Timestamp) -> Result<Vec<GrantRow>, StoreError>;
    /// Ends the grants of a person, on one workstation or everywhere.
    fn end_grants(&self, person: PersonId, device: Option<DeviceId>, at: Timestamp)
    -> Result<(), StoreError>;
    /// The directives to a workstation after a number.
    fn directives(&self, device: DeviceId, after: u64) -> Result<Vec<DirectiveRow>, StoreError>;
    /// Stores a directive.
    fn insert_directive(&self, device: DeviceId, directive: &DirectiveRow) -> Result<(), StoreError>;
}
