//! The eight people of the demonstration: who they are, how they sign in, and which Practitioner each is.
//!
//! The passphrases stand here in plain text because these accounts exist only in a practice of invented patients.

use records::Role;
use uuid::Uuid;

/// The practice's Organization, and its identity towards the server.
pub const PRACTICE_ID: Uuid = Uuid::from_u128(0x5c1a_7e00_0001_8000_8000_c0de_0000_0001);

/// What the practice is called.
pub const PRACTICE_NAME: &str = "Alder Street Family Practice";

/// One account of the demonstration.
#[derive(Clone, Copy, Debug)]
pub struct DemoPerson {
    /// The id of the person and of their Practitioner.
    pub id: Uuid,
    /// What they type at sign-in.
    pub username: &'static str,
    /// Their passphrase; for the demonstration only.
    pub passphrase: &'static str,
    /// Their name as a person reads it.
    pub name: &'static str,
    /// Their one role.
    pub role: Role,
    /// What stands on their badge.
    pub title: &'static str,
    pub(super) family: &'static str,
    pub(super) given: &'static str,
    pub(super) prefix: &'static str,
}

/// Front desk: demographics, appointments, arrivals.
pub const FRONT_DESK: DemoPerson = person(
    1,
    Role::FrontDesk,
    ("Ms", "Dana", "Whitfield"),
    "Dana Whitfield",
    ("dana", "nine yellow kayaks drift home", "Front desk"),
);
/// Nurse: vitals and notes.
pub const NURSE: DemoPerson = person(
    2,
    Role::Nurse,
    ("Ms", "Rosa", "Quintanilla"),
    "Rosa Quintanilla",
    ("rosa", "copper kettle hums at dusk", "Registered nurse"),
);
/// Clinician: everything in the charts of their patients.
pub const CLINICIAN: DemoPerson = person(
    3,
    Role::Clinician,
    ("Dr", "Ingrid", "Lindström"),
    "Dr Ingrid Lindström",
    ("ingrid", "seven otters juggle walnuts", "Family physician"),
);
/// Biller: coverage and claims.
pub const BILLER: DemoPerson = person(
    4,
    Role::Biller,
    ("Mr", "Kwame", "Asante"),
    "Kwame Asante",
    ("kwame", "velvet ledger under moonlight", "Biller"),
);
/// Practice manager: people and schedules.
pub const PRACTICE_MANAGER: DemoPerson = person(
    5,
    Role::PracticeManager,
    ("Mrs", "Priya", "Raman"),
    "Priya Raman",
    ("priya", "orchid lantern beside the stairs", "Practice manager"),
);
/// Privacy officer: who looked at what.
pub const PRIVACY_OFFICER: DemoPerson = person(
    6,
    Role::PrivacyOfficer,
    ("Mr", "Tomás", "Herrera"),
    "Tomás Herrera",
    ("tomas", "granite foxes keep old secrets", "Privacy officer"),
);
/// IT administrator: devices and policy, no records.
pub const IT_ADMIN: DemoPerson = person(
    7,
    Role::ItAdmin,
    ("Ms", "Mei", "Tanaka"),
    "Mei Tanaka",
    ("mei", "blinking router hates thunder", "IT administrator"),
);
/// Auditor: the log, no records.
pub const AUDITOR: DemoPerson = person(
    8,
    Role::Auditor,
    ("Mr", "Alan", "Okafor"),
    "Alan Okafor",
    ("alan", "slow pencil counts every comet", "Auditor"),
);

/// All of them, in the order in which they are introduced.
pub const DEMO_PEOPLE: [DemoPerson; 8] =
    [FRONT_DESK, NURSE, CLINICIAN, BILLER, PRACTICE_MANAGER, PRIVACY_OFFICER, IT_ADMIN, AUDITOR];

const fn person(
    number: u128,
    role: Role,
    (prefix, given, family): (&'static str, &'static str, &'static str),
    name: &'static str,
    (username, passphrase, title): (&'static str, &'static str, &'static str),
) -> DemoPerson {
    let id = Uuid::from_u128(0x5c1a_7e00_0002_8000_8000_c0de_0000_0000 + number);
    DemoPerson { id, username, passphrase, name, role, title, family, given, prefix }
}
