//! Events of the app itself: signing in, locking, starting, emergencies, machines that were refused.

use super::codes::{self, EventKind};
use super::draft::Draft;
use super::{AuditEvent, EventOutcome, Node, Stamp};
use crate::actor::Actor;
use crate::id::{LogId, PatientId};

/// How somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignIn {
    /// Against the server, with passphrase and code.
    Online,
    /// Against the slot on this workstation, with passphrase and code.
    Offline,
    /// Back within hours of a full unlock, with the passphrase alone.
    ReEntry,
    /// Against the slot on this workstation, with passphrase and security key.
    SecurityKey,
    /// Against a recovery slot on this workstation, with passphrase and a code of the person's sheet.
    RecoveryCode,
    /// Against a recovery slot on this workstation, with passphrase and the code that was read out on the telephone.
    ReleasedCode,
    /// A program at the server, with an assertion that it signed.
    Assertion,
}

impl SignIn {
    /// The word in the event.
    pub const fn as_str(self) -> &'static str {
        match self {
            SignIn::Online => "online",
            SignIn::Offline => "offline",
            SignIn::ReEntry => "re-entry",
            SignIn::SecurityKey => "security-key",
            SignIn::RecoveryCode => "recovery-code",
            SignIn::ReleasedCode => "released-code",
            SignIn::Assertion => "assertion",
        }
    }
}

/// A means of signing in that a person changes alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnCredential {
    /// A new sheet of recovery codes; the one before it is void.
    RecoverySheet,
    /// A security key was registered on this workstation; the one before it opens nothing there any more.
    SecurityKey,
    /// The security key of this workstation opens nothing any more.
    SecurityKeyRemoved,
    /// One-time codes no longer open this workstation without the server, because policy wants a security key.
    CodesEnded,
    /// A new passphrase; every recovery code is void.
    Passphrase,
    /// A new phone, with a seed of its own; every recovery code is void.
    Phone,
}

impl OwnCredential {
    /// The word in the event.
    pub const fn as_str(self) -> &'static str {
        match self {
            OwnCredential::RecoverySheet => "recovery-sheet",
            OwnCredential::SecurityKey => "security-key",
            OwnCredential::SecurityKeyRemoved => "security-key-removed",
            OwnCredential::CodesEnded => "codes-ended",
            OwnCredential::Passphrase => "passphrase",
            OwnCredential::Phone => "phone",
        }
    }
}

/// What locked the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockCause {
    /// The person.
    Request,
    /// Nobody touched anything for the idle limit.
    Idle,
    /// The operating system locked its screen.
    ScreenLock,
    /// The machine goes to sleep.
    Sleep,
    /// Another user of the operating system.
    UserSwitch,
    /// The longest a session may last.
    Absolute,
    /// A directive of the server.
    Directive,
    /// A process of the app ended by itself.
    Crash,
    /// The date of the computer ran away from its own clock.
    ClockSet,
}

impl LockCause {
    /// The word in the event.
    pub const fn as_str(self) -> &'static str {
        match self {
            LockCause::Request => "request",
            LockCause::Idle => "idle",
            LockCause::ScreenLock => "screen-lock",
            LockCause::Sleep => "sleep",
            LockCause::UserSwitch => "user-switch",
            LockCause::Absolute => "absolute",
            LockCause::Directive => "directive",
            LockCause::Crash => "crash",
            LockCause::ClockSet => "clock-set",
        }
    }
}

/// What security staff should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alert {
    /// A store is older than the anchor that was kept of it.
    RolledBack,
    /// A store or file could not be opened, or is damaged.
    Damaged,
    /// A one-time code was used on two workstations.
    CodeReused,
    /// Too many failed sign-ins.
    Throttled,
    /// A log forked, shrank, or does not fit its checkpoint.
    LogBroken,
    /// A change was refused, or put aside for a person.
    ChangeRefused,
    /// The workstation was enrolled, retired or wiped, or has another certificate.
    DeviceChanged,
    /// A person's means of signing in were changed.
    CredentialChanged,
    /// A recovery code was read out on the telephone, or somebody signed in with one.
    RecoveryCode,
    /// Audit keys could not be advanced.
    AuditImpaired,
    /// An offline lease was extended: by the server, or taken in by the workstation.
    LeaseExtended,
    /// Somebody looked at many patients, or at an unusual hour.
    UnusualAccess,
    /// The server has not heard of a workstation for long.
    DeviceStale,
    /// The server's store was copied into a backup.
    BackedUp,
    /// There is no backup, or none that is recent enough.
    BackupOld,
    /// A key-encryption key of the server was replaced or destroyed, or is due.
    KeysRotated,
}

impl Alert {
    /// The word in the event.
    pub const fn as_str(self) -> &'static str {
        match self {
            Alert::RolledBack => "rolled-back",
            Alert::Damaged => "damaged",
            Alert::CodeReused => "code-reused",
            Alert::Throttled => "throttled",
            Alert::LogBroken => "log-broken",
            Alert::ChangeRefused => "change-refused",
            Alert::DeviceChanged => "device-changed",
            Alert::CredentialChanged => "credential-changed",
            Alert::RecoveryCode => "recovery-code",
            Alert::AuditImpaired => "audit-impaired",
            Alert::LeaseExtended => "lease-extended",
            Alert::UnusualAccess => "unusual-access",
            Alert::DeviceStale => "device-stale",
            Alert::BackedUp => "backed-up",
            Alert::BackupOld => "backup-old",
            Alert::KeysRotated => "keys-rotated",
        }
    }

    const fn subtype(self) -> &'static str {
        match self {
            Alert::CredentialChanged => codes::USER_ATTRIBUTES,
            Alert::DeviceChanged
            | Alert::AuditImpaired
            | Alert::LeaseExtended
            | Alert::BackedUp
            | Alert::KeysRotated => codes::SECURITY_CONFIGURATION,
            Alert::RolledBack
            | Alert::Damaged
            | Alert::CodeReused
            | Alert::Throttled
            | Alert::LogBroken
            | Alert::RecoveryCode
            | Alert::UnusualAccess
            | Alert::DeviceStale
            | Alert::BackupOld
            | Alert::ChangeRefused => codes::RESTRICTED_FUNCTION,
        }
    }
}

/// The head of a lost log that a new one goes on from: what the server had confirmed of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLink {
    /// The earlier log.
    pub log: LogId,
    /// How many entries of it the server held.
    pub size: u64,
    /// The root over them (RFC 6962), as lower-case hex.
    pub root: String,
}

/// The detail of an event that carries a link.
const LINK: &str = "earlier-log";

impl AuditEvent {
    /// A log begins where an earlier one of the same machine was lost.
    pub fn log_linked(stamp: Stamp, node: Node, link: &LogLink) -> Self {
        let subtypes = [(codes::AUDIT_STARTED, codes::DICOM)];
        let mut draft =
            Draft::dicom(stamp, EventKind::LogLinked, "E", codes::APPLICATION_ACTIVITY, &subtypes);
        draft.machine(node, codes::APPLICATION);
        draft.detail(LINK, &format!("{}/{}/{}", link.log, link.size, link.root));
        draft.finish()
    }

    /// The link in an event that was made by [`AuditEvent::log_linked`].
    pub fn log_link(&self) -> Option<LogLink> {
        if self.summary().kind != Some(EventKind::LogLinked) {
            return None;
        }
        let value = self.value();
        let detail = value.get("entity")?.get(0)?.get("detail")?.get(0)?;
        if detail.get("type")?.as_str()? != LINK {
            return None;
        }
        let mut parts = detail.get("valueString")?.as_str()?.split('/');
        let (log, size, root) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
        parts.next().is_none().then(|| LogLink { log, size, root: root.to_owned() })
    }

    /// The workstation has carried out an order of the server: its number, and what it was (`lock`, `re-key`, …).
    pub fn order_carried_out(stamp: Stamp, node: Node, number: u64, order: &str) -> Self {
        let subtypes = [(codes::SECURITY_CONFIGURATION, codes::DICOM)];
        let mut draft =
            Draft::dicom(stamp, EventKind::OrderCarriedOut, "E", codes::SECURITY_ALERT, &subtypes);
        draft.machine(node, codes::APPLICATION);
        draft.detail("order", &format!("{number}/{order}"));
        draft.finish()
    }

    /// An audit log was written into a file, with the program for whoever looks after the machine (DICOM 110101).
    pub fn audit_exported(stamp: Stamp, node: Node, log: LogId) -> Self {
        let mut draft = Draft::dicom(stamp, EventKind::AuditExported, "R", codes::AUDIT_LOG_USED, &[]);
        draft.machine(node, codes::APPLICATION);
        draft.audit_log();
        draft.detail("exported-log", &log.to_string());
        draft.finish()
    }

    /// Entries of audit logs whose time was over gave up what they said (DICOM 110101). Who agreed to it stands in the certificate
    /// of this number, and in events of their own.
    pub fn audit_purged(stamp: Stamp, node: Node, purge: u64, entries: u64) -> Self {
        let subtypes = [("destroy", codes::LIFECYCLE)];
        let mut draft = Draft::dicom(stamp, EventKind::AuditPurged, "D", codes::AUDIT_LOG_USED, &subtypes);
        draft.machine(node, codes::APPLICATION);
        draft.audit_log();
        draft.detail("purge", &purge.to_string());
        draft.detail("purged-entries", &entries.to_string());
        draft.finish()
    }

    /// Someone signed in. Carries the name of the person, so that who reads the trail needs no other record to know it.
    pub fn signed_in(stamp: Stamp, actor: &Actor, name: &str, how: SignIn) -> Self {
        let subtypes = [(codes::LOGIN, codes::DICOM)];
        let mut draft = Draft::dicom(stamp, EventKind::SignedIn, "E", codes::USER_AUTHENTICATION, &subtypes);
        draft.user(actor, "IRCP", true);
        draft.named(name);
        draft.detail(super::summary::METHOD, how.as_str());
        draft.finish()
    }

    /// Somebody changed their own means of signing in.
    pub fn own_credential_changed(stamp: Stamp, actor: &Actor, what: OwnCredential) -> Self {
        let subtypes = [(Alert::CredentialChanged.subtype(), codes::DICOM)];
        let mut draft = Draft::dicom(stamp, EventKind::SecurityAlert, "E", codes::SECURITY_ALERT, &subtypes);
        draft.outcome(EventOutcome::Success, Some(Alert::CredentialChanged.as_str()));
        draft.user(actor, "IRCP", true);
        draft.detail("credential", what.as_str());
        draft.finish()
    }

    /// Someone failed to sign in; who, is known at most as a keyed token of the name that was typed.
    pub fn sign_in_failed(stamp: Stamp, node: Node, name_token: Option<&[u8]>) -> Self {
        let subtypes = [(codes::LOGIN, codes::DICOM)];
        let mut draft =
            Draft::dicom(stamp, EventKind::SignInFailed, "E", codes::USER_AUTHENTICATION, &subtypes);
        draft.outcome(EventOutcome::MinorFailure, None);
        draft.unproven(name_token);
        draft.machine(node, codes::APPLICATION);
        draft.finish()
    }

    /// The trail of a day was looked through and summed up.
    pub fn audit_reported(stamp: Stamp, node: Node, day: &str) -> Self {
        let mut draft = Draft::dicom(stamp, EventKind::AuditRead, "R", codes::AUDIT_LOG_USED, &[]);
        draft.machine(node, codes::APPLICATION);
        draft.audit_log();
        draft.detail("audit-report", day);
        draft.finish()
    }

    /// The screen was locked. A lock that the person did not ask for has `requestor` false (ITI-20).
    pub fn locked(stamp: Stamp, actor: &Actor, cause: LockCause) -> Self {
        let subtypes = [(codes::LOGOUT, codes::DICOM)];
        let mut draft = Draft::dicom(stamp, EventKind::Locked, "E", codes::USER_AUTHENTICATION, &subtypes);
        draft.user(actor, "IRCP", cause == LockCause::Request);
        draft.detail("cause", cause.as_str());
        draft.finish()
    }

    /// The app started, and with it the recording of events.
    pub fn app_started(stamp: Stamp, node: Node, version: &str) -> Self {
        let subtypes = [(codes::APPLICATION_START, codes::DICOM), (codes::AUDIT_STARTED, codes::DICOM)];
        let mut draft =
            Draft::dicom(stamp, EventKind::AppStarted, "E", codes::APPLICATION_ACTIVITY, &subtypes);
        draft.machine(node, codes::APPLICATION);
        draft.detail("version", version);
        draft.finish()
    }

    /// The app stopped.
    pub fn app_stopped(stamp: Stamp, node: Node) -> Self {
        let subtypes = [(codes::APPLICATION_STOP, codes::DICOM)];
        let mut draft =
            Draft::dicom(stamp, EventKind::AppStopped, "E", codes::APPLICATION_ACTIVITY, &subtypes);
        draft.machine(node, codes::APPLICATION);
        draft.finish()
    }

    /// The glass was broken over one patient, for a coded reason.
    pub fn emergency_started(stamp: Stamp, actor: &Actor, patient: &PatientId, reason_code: &str) -> Self {
        let subtypes = [(codes::EMERGENCY_STARTED, codes::DICOM)];
        let mut draft =
            Draft::dicom(stamp, EventKind::EmergencyStarted, "E", codes::SECURITY_ALERT, &subtypes);
        draft.user(actor, "IRCP", true);
        draft.patient(Some(patient));
        draft.detail("reason", reason_code);
        draft.finish()
    }

    /// The emergency access ended: by itself (`requestor` false) or by the person.
    pub fn emergency_ended(stamp: Stamp, actor: &Actor, patient: &PatientId, by_person: bool) -> Self {
        let subtypes = [(codes::EMERGENCY_STOPPED, codes::DICOM)];
        let mut draft = Draft::dicom(stamp, EventKind::EmergencyEnded, "E", codes::SECURITY_ALERT, &subtypes);
        draft.user(actor, "IRCP", by_person);
        draft.patient(Some(patient));
        draft.finish()
    }

    /// A machine could not prove who it is (ITI-20: Security Alert, Node Authentication).
    pub fn node_refused(stamp: Stamp, node: Node, peer_address: &str) -> Self {
        let subtypes = [(codes::NODE_AUTHENTICATION, codes::DICOM)];
        let mut draft = Draft::dicom(stamp, EventKind::NodeRefused, "E", codes::SECURITY_ALERT, &subtypes);
        draft.outcome(EventOutcome::SeriousFailure, None);
        draft.peer(peer_address);
        draft.machine(node, codes::APPLICATION);
        draft.finish()
    }

    /// Something that security staff should know.
    pub fn security_alert(stamp: Stamp, node: Node, alert: Alert) -> Self {
        let subtypes = [(alert.subtype(), codes::DICOM)];
        let mut draft = Draft::dicom(stamp, EventKind::SecurityAlert, "E", codes::SECURITY_ALERT, &subtypes);
        draft.outcome(EventOutcome::SeriousFailure, Some(alert.as_str()));
        draft.machine(node, codes::APPLICATION);
        draft.finish()
    }
}
