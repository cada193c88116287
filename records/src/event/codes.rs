//! The codes in events: DICOM PS3.16 CID 400 and 401, FHIR R4 `AuditEvent`, IHE BALP, and our own kinds.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::rights::{Action, StatedReason};

pub(super) const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
pub(super) const RESTFUL: &str = "http://hl7.org/fhir/restful-interaction";
pub(super) const LIFECYCLE: &str = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
pub(super) const AUDIT_EVENT_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-event-type";
pub(super) const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
pub(super) const ENTITY_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
pub(super) const SOURCE_TYPE: &str = "http://terminology.hl7.org/CodeSystem/security-source-type";
pub(super) const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
pub(super) const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
pub(super) const PROVENANCE: &str = "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
pub(super) const BALP_ENTITY: &str = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType";
pub(super) const BALP_PROFILES: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/";
/// Our own kinds of event, as a second subtype beside the standard one.
pub(super) const OWN_KIND: &str = "urn:chartkeep:event";
/// What an entity of ours is to the event, where neither FHIR nor BALP has a word for it.
pub(super) const OWN_ENTITY: &str = "urn:chartkeep:entity";
/// Our own roles.
pub(super) const OWN_ROLE: &str = "urn:chartkeep:role";

pub(super) const APPLICATION: &str = "110150";
pub(super) const DESTINATION: &str = "110152";
pub(super) const SOURCE: &str = "110153";

pub(super) const APPLICATION_ACTIVITY: &str = "110100";
pub(super) const AUDIT_LOG_USED: &str = "110101";
pub(super) const EXPORT: &str = "110106";
pub(super) const PATIENT_RECORD: &str = "110110";
pub(super) const SECURITY_ALERT: &str = "110113";
pub(super) const USER_AUTHENTICATION: &str = "110114";

pub(super) const APPLICATION_START: &str = "110120";
pub(super) const APPLICATION_STOP: &str = "110121";
pub(super) const LOGIN: &str = "110122";
pub(super) const LOGOUT: &str = "110123";
pub(super) const NODE_AUTHENTICATION: &str = "110126";
pub(super) const EMERGENCY_STARTED: &str = "110127";
pub(super) const SECURITY_CONFIGURATION: &str = "110129";
pub(super) const RESTRICTED_FUNCTION: &str = "110132";
pub(super) const AUDIT_STARTED: &str = "110134";
pub(super) const ROLES_CHANGED: &str = "110136";
pub(super) const USER_ATTRIBUTES: &str = "110137";
pub(super) const EMERGENCY_STOPPED: &str = "110138";

/// The words that go with the DICOM codes above.
pub(super) fn dicom_display(code: &str) -> &'static str {
    match code {
        APPLICATION => "Application",
        DESTINATION => "Destination Role ID",
        SOURCE => "Source Role ID",
        APPLICATION_ACTIVITY => "Application Activity",
        AUDIT_LOG_USED => "Audit Log Used",
        EXPORT => "Export",
        PATIENT_RECORD => "Patient Record",
        SECURITY_ALERT => "Security Alert",
        USER_AUTHENTICATION => "User Authentication",
        APPLICATION_START => "Application Start",
        APPLICATION_STOP => "Application Stop",
        LOGIN => "Login",
        LOGOUT => "Logout",
        NODE_AUTHENTICATION => "Node Authentication",
        EMERGENCY_STARTED => "Emergency Override Started",
        SECURITY_CONFIGURATION => "Security Configuration",
        RESTRICTED_FUNCTION => "Use of Restricted Function",
        AUDIT_STARTED => "Audit Recording Started",
        ROLES_CHANGED => "User Security Roles Changed",
        USER_ATTRIBUTES => "User Security Attributes Changed",
        EMERGENCY_STOPPED => "Emergency Override Stopped",
        _ => "",
    }
}

/// What kind of event it is, in our own words: what the audit page lists and filters by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A chart was opened.
    ChartOpened,
    /// A chart was opened by breaking the glass.
    EmergencyOpened,
    /// Records were read.
    Read,
    /// A search session began.
    Searched,
    /// A search showed this patient.
    PatientShown,
    /// The list of a day's appointments was seen.
    ScheduleViewed,
    /// A write was about to happen.
    WriteIntent,
    /// A write happened, or failed.
    Written,
    /// Records were printed.
    Printed,
    /// Records were exported.
    Exported,
    /// A page of history was fetched.
    Replicated,
    /// The trail was read.
    AuditRead,
    /// People or workstations were administered.
    Administered,
    /// Something was refused.
    Denied,
    /// Changes or pages were moved.
    Delivered,
    /// Someone signed in.
    SignedIn,
    /// Someone failed to sign in.
    SignInFailed,
    /// The screen was locked.
    Locked,
    /// The app started.
    AppStarted,
    /// The app stopped.
    AppStopped,
    /// The glass was broken.
    EmergencyStarted,
    /// An emergency access ended.
    EmergencyEnded,
    /// A machine could not prove who it is.
    NodeRefused,
    /// Something that security staff should know.
    SecurityAlert,
    /// A log began where an earlier one was lost.
    LogLinked,
    /// The workstation has carried out an order of the server.
    OrderCarriedOut,
    /// An audit log was written into a file.
    AuditExported,
    /// Somebody said what came of an alert.
    AlertClosed,
    /// Entries of audit logs whose time was over gave up what they said.
    AuditPurged,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [EventKind; 29] = [
        EventKind::ChartOpened,
        EventKind::EmergencyOpened,
        EventKind::Read,
        EventKind::Searched,
        EventKind::PatientShown,
        EventKind::ScheduleViewed,
        EventKind::WriteIntent,
        EventKind::Written,
        EventKind::Printed,
        EventKind::Exported,
        EventKind::Replicated,
        EventKind::AuditRead,
        EventKind::Administered,
        EventKind::Denied,
        EventKind::Delivered,
        EventKind::SignedIn,
        EventKind::SignInFailed,
        EventKind::Locked,
        EventKind::AppStarted,
        EventKind::AppStopped,
        EventKind::EmergencyStarted,
        EventKind::EmergencyEnded,
        EventKind::NodeRefused,
        EventKind::SecurityAlert,
        EventKind::LogLinked,
        EventKind::OrderCarriedOut,
        EventKind::AuditExported,
        EventKind::AlertClosed,
        EventKind::AuditPurged,
    ];

    /// The kind of an `AuditEvent`, where it is one of ours.
    pub fn of(event: &Value) -> Option<Self> {
        event.get("subtype")?.as_array()?.iter().find_map(|subtype| {
            let ours = subtype.get("system")?.as_str() == Some(OWN_KIND);
            let code = subtype.get("code")?.as_str()?;
            Self::ALL.into_iter().find(|kind| ours && kind.as_str() == code)
        })
    }

    /// Whether somebody opened a chart, or took records out of it. What a list displays is neither: a search shows fifty people.
    pub const fn is_access(self) -> bool {
        matches!(self, Self::ChartOpened | Self::EmergencyOpened | Self::Printed | Self::Exported)
    }

    /// The code in our own code system.
    pub const fn as_str(self) -> &'static str {
        match self {
            EventKind::ChartOpened => "chart-opened",
            EventKind::EmergencyOpened => "emergency-opened",
            EventKind::Read => "read",
            EventKind::Searched => "searched",
            EventKind::PatientShown => "patient-shown",
            EventKind::ScheduleViewed => "schedule-viewed",
            EventKind::WriteIntent => "write-intent",
            EventKind::Written => "written",
            EventKind::Printed => "printed",
            EventKind::Exported => "exported",
            EventKind::Replicated => "replicated",
            EventKind::AuditRead => "audit-read",
            EventKind::Administered => "administered",
            EventKind::Denied => "denied",
            EventKind::Delivered => "delivered",
            EventKind::SignedIn => "signed-in",
            EventKind::SignInFailed => "sign-in-failed",
            EventKind::Locked => "locked",
            EventKind::AppStarted => "app-started",
            EventKind::AppStopped => "app-stopped",
            EventKind::EmergencyStarted => "emergency-started",
            EventKind::EmergencyEnded => "emergency-ended",
            EventKind::NodeRefused => "node-refused",
            EventKind::SecurityAlert => "security-alert",
            EventKind::LogLinked => "log-linked",
            EventKind::OrderCarriedOut => "order-carried-out",
            EventKind::AuditExported => "audit-exported",
            EventKind::AlertClosed => "alert-closed",
            EventKind::AuditPurged => "audit-purged",
        }
    }
}

pub(super) const fn stated(reason: StatedReason) -> &'static str {
    match reason {
        StatedReason::Visit => "visit",
        StatedReason::Telephone => "telephone",
        StatedReason::Results => "results",
        StatedReason::Covering => "covering",
    }
}

/// `AuditEvent.action`.
pub(super) const fn action_letter(action: Action) -> &'static str {
    match action {
        Action::Create | Action::Import => "C",
        Action::Update | Action::Sign | Action::CloseAlerts => "U",
        Action::Delete => "D",
        Action::OpenChart
        | Action::Read
        | Action::Print
        | Action::Export
        | Action::ReadAudit
        | Action::ReadOwnAudit
        | Action::ExportAudit
        | Action::ReadAlerts => "R",
        Action::Search
        | Action::ViewSchedule
        | Action::Replicate
        | Action::ManagePeople
        | Action::ManageDevices => "E",
    }
}

/// The FHIR interaction that a write amounts to, by its letter.
pub(super) fn interaction(action: Action) -> &'static str {
    match action_letter(action) {
        "D" => "delete",
        "U" => "update",
        _ => "create",
    }
}

pub(super) fn write_profile(action: Action, of_patient: bool) -> &'static str {
    match (action_letter(action), of_patient) {
        ("U", true) => "IHE.BasicAudit.PatientUpdate",
        ("U", false) => "IHE.BasicAudit.Update",
        ("D", true) => "IHE.BasicAudit.PatientDelete",
        ("D", false) => "IHE.BasicAudit.Delete",
        (_, true) => "IHE.BasicAudit.PatientCreate",
        (_, false) => "IHE.BasicAudit.Create",
    }
}
