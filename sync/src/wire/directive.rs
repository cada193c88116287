//! What the server tells a workstation: policy, orders, and how far its audit log has come.

use super::{AuditReceipt, Base64Bytes, PreparedStanding, Renewal, UsedStep};
use jiff::Timestamp;
use records::id::{DeviceId, PatientId, PersonId, SlotId};
use records::{Drawer, Role};
use serde::{Deserialize, Serialize};

/// `POST /v1/directives`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DirectivesRequest {
    /// The number of the last directive that was carried out; 0 before the first.
    pub done: u64,
    /// The version of the program, for the device list.
    pub program: String,
    /// The number of the trust bundle held.
    pub trust_bundle: u64,
    /// A signing request for a new certificate, PEM, when the present one ends within 30 days.
    pub renewal_csr_pem: Option<String>,
    /// Recovery codes that the server shall keep, to be read out on the telephone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery_codes: Vec<EscrowedCode>,
    /// What became of slots that the last answer brought.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prepared_slots: Vec<PreparedStanding>,
    /// Codes that were used here since the server last heard of some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_steps: Vec<UsedStep>,
    /// What the workstation says of itself; absent from a program that does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<MachineReport>,
}

/// What a workstation says of itself, for the device list: nothing of a person or patient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineReport {
    /// The operating system, by the name it gives itself.
    pub system: String,
    /// What the data folder lies on.
    pub disk: DiskState,
    /// What swap lies on.
    pub swap: DiskState,
    /// Changes that the server has not acknowledged.
    pub unsent_changes: u64,
    /// Audit events that the server has not acknowledged.
    pub unsent_events: u64,
}

/// Whether a thief of a disk could read what lies on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskState {
    /// There is none.
    Absent,
    /// It never reaches a disk.
    Memory,
    /// Encrypted by the operating system.
    Encrypted,
    /// Not encrypted by the operating system.
    Plain,
    /// The workstation cannot tell, or says a word that this program does not know.
    #[serde(other)]
    Unknown,
}

impl DiskState {
    /// The word on the wire and in lists.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Memory => "memory",
            Self::Encrypted => "encrypted",
            Self::Plain => "plain",
            Self::Unknown => "unknown",
        }
    }
}

/// A person's recovery code for one workstation, sealed to the server's sealing key there (`keys::spoken`).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EscrowedCode {
    /// The slot it opens.
    pub slot: SlotId,
    /// Whose it is.
    pub person: PersonId,
    /// The sealed code.
    pub sealed: Base64Bytes,
}

/// The answer to [`DirectivesRequest`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DirectivesResponse {
    /// The server's time.
    pub now: Timestamp,
    /// What IT has set.
    pub policy: Policy,
    /// Orders after `done`, in their order.
    pub directives: Vec<Directive>,
    /// How much of this workstation's audit log the server holds; absent before the first delivery.
    pub log: Option<AuditReceipt>,
    /// What the server received until then is in a backup of its own; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backed_up_until: Option<Timestamp>,
    /// The trust bundle as base64, where it is newer than the one held.
    pub trust_bundle: Option<String>,
    /// The new certificate, where one was asked for.
    pub renewal: Option<Renewal>,
    /// The recovery codes of the request that the server holds now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery_codes_held: Vec<SlotId>,
    /// Recovery codes of this workstation that were read out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery_codes_released: Vec<SlotId>,
    /// Slots that people prepared elsewhere for this workstation (`keys::prepared`), until it says what became of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prepared_slots: Vec<Base64Bytes>,
}

/// One order to this workstation, signed with the directive key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Directive {
    /// Rises by one for each directive to this workstation.
    pub number: u64,
    /// When it was given.
    pub issued_at: Timestamp,
    /// What to do.
    pub order: DirectiveOrder,
    /// Ed25519 signature (64 bytes) of the directive key over [`Directive::signed_bytes`].
    pub signature: Base64Bytes,
}

impl Directive {
    /// What the signature covers, beside its own label: `<device id>\n<number>\n<JSON of the order>`.
    ///
    /// # Panics
    /// Never: an order is made of texts and numbers.
    #[must_use]
    pub fn signed_bytes(device: DeviceId, number: u64, order: &DirectiveOrder) -> Vec<u8> {
        let order = serde_json::to_string(order).expect("an order is made of texts and numbers");
        format!("{device}\n{number}\n{order}").into_bytes()
    }
}

/// What a directive asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case")]
pub enum DirectiveOrder {
    /// Lock, and open only after a sign-in at the server.
    Lock,
    /// Destroy what opens the vault: after delivery of what is unsent, or at once.
    Wipe {
        /// Whether unsent changes and events are delivered first.
        deliver_first: bool,
    },
    /// Make a drawer's keys anew when someone entitled signs in.
    ReKey {
        /// The drawer.
        drawer: Drawer,
        /// The generation that replaces the present one.
        generation: u32,
    },
    /// Forget a person's grants and slots.
    DropPerson {
        /// Who.
        person: PersonId,
        /// Spared is who signs in with a passphrase and phone of this number or a later one (`keys::prepared`); absent
        /// where nobody is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
    },
    /// The roles of a person have changed: ask for grants and roles anew.
    RolesChanged {
        /// Whose.
        person: PersonId,
    },
    /// Take a patient out of everything that is kept here, and never take anything of them in again.
    ErasePatient {
        /// Whom, by the opaque id.
        patient: PatientId,
    },
    /// Send again every change that is kept: the server's store was put back to an older state.
    SendAgain {
        /// The moment it was put back to.
        restored_to: Timestamp,
        /// The number of the recovery epoch that began with it: what the server said in an earlier one counts no more.
        recovery: u64,
    },
    /// An order of a later version: it is kept, and holds back what is said to be done, until a program knows it.
    #[serde(untagged)]
    Unknown(serde_json::Map<String, serde_json::Value>),
}

/// What IT has set for the workstations of a practice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Rises with each change.
    pub version: u64,
    /// Idle time until the lock, in seconds; never above 900.
    pub idle_lock_s: u32,
    /// Idle time until the privacy cover, in seconds; absent where there is none.
    pub privacy_cover_s: Option<u32>,
    /// How long before the lock the countdown starts, in seconds; at least 30.
    pub lock_warning_s: u32,
    /// How long after a full unlock the passphrase alone is enough, in hours.
    pub reentry_h: u32,
    /// For how many days a slot holds codes in advance, 7 to 90.
    pub slot_window_days: u32,
    /// For how many days without contact the vault still opens.
    pub lease_days: u32,
    /// How long a break-glass lasts, in minutes.
    pub break_glass_min: u32,
    /// How often a workstation asks for news, in seconds.
    pub sync_interval_s: u32,
    /// Where a workstation keeps a sealed copy of what is unsent: an absolute path whose parts may be `*`, for any folder.
    /// Absent where there is none.
    #[serde(default)]
    pub mirror: Option<String>,
    /// After how many days a drawer gets new keys without anybody asking for it; 0 for never.
    #[serde(default = "usual_rekey_days")]
    pub rekey_days: u32,
    /// The roles whose people sign in with a security key and, once they have one on a workstation, with no code there.
    #[serde(default)]
    pub security_key_roles: Vec<Role>,
}

/// A year.
const fn usual_rekey_days() -> u32 {
    365
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            version: 1,
            idle_lock_s: 600,
            privacy_cover_s: Some(120),
            lock_warning_s: 30,
            reentry_h: 12,
            slot_window_days: 45,
            lease_days: 45,
            break_glass_min: 60,
            sync_interval_s: 60,
            mirror: None,
            rekey_days: usual_rekey_days(),
            security_key_roles: Vec::new(),
        }
    }
}
