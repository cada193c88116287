//! The path of every route, without host or version negotiation: a new meaning gets a new path.

/// Enrolment listener: a new workstation joins. [`super::EnrolRequest`].
pub const ENROL: &str = "/v1/enrol";
/// Enrolment listener: a challenge for a workstation whose certificate has ended. [`super::LateRenewalStart`].
pub const RENEW_START: &str = "/v1/renew/start";
/// Enrolment listener: the signed challenge, for a new certificate. [`super::LateRenewalFinish`].
pub const RENEW_FINISH: &str = "/v1/renew/finish";
/// Policy, directives and audit receipts. [`super::DirectivesRequest`].
pub const DIRECTIVES: &str = "/v1/directives";
/// The grants that lie ready for this workstation. [`super::GrantsRequest`].
pub const GRANTS: &str = "/v1/grants";
/// First half of an online sign-in. [`super::SignInStart`].
pub const SIGN_IN_START: &str = "/v1/sign-in/start";
/// Second half of an online sign-in. [`super::SignInFinish`].
pub const SIGN_IN_FINISH: &str = "/v1/sign-in/finish";
/// First half of an activation. [`super::ActivateStart`].
pub const ACTIVATE_START: &str = "/v1/activate/start";
/// Second half of an activation. [`super::ActivateFinish`].
pub const ACTIVATE_FINISH: &str = "/v1/activate/finish";
/// A challenge to sign with the slot's key. [`super::ChallengeRequest`].
pub const SESSION_CHALLENGE: &str = "/v1/session/challenge";
/// The signed challenge, for a session token. [`super::SessionRequest`].
pub const SESSION: &str = "/v1/session";
/// First third of a new passphrase or phone. [`super::CredentialStart`].
pub const CREDENTIAL_START: &str = "/v1/credentials/start";
/// Second third: the present ones are proven. [`super::CredentialProve`].
pub const CREDENTIAL_PROVE: &str = "/v1/credentials/prove";
/// Last third: what is new counts. [`super::CredentialFinish`].
pub const CREDENTIAL_FINISH: &str = "/v1/credentials/finish";
/// A person's keys of one workstation, sealed to them on another. [`super::TwinsRequest`].
pub const TWINS: &str = "/v1/twins";
/// Sealed changes. [`super::ChangesRequest`].
pub const CHANGES: &str = "/v1/changes";
/// What a courier brings for other workstations. [`super::CourierRequest`].
pub const COURIER: &str = "/v1/courier";
/// What became of changes, with both versions of a conflict. [`super::OutcomesRequest`].
pub const OUTCOMES: &str = "/v1/outcomes";
/// The next part of an attached file, sealed. [`super::AttachmentPart`].
pub const ATTACHMENTS: &str = "/v1/attachments";
/// A part of an attached file, as it lies there. [`super::AttachmentRead`].
pub const READ_ATTACHMENT: &str = "/v1/attachments/read";
/// Alerts, newest first. [`super::AlertsRequest`].
pub const ALERTS: &str = "/v1/alerts";
/// What came of an alert. [`super::CloseAlertRequest`].
pub const CLOSE_ALERT: &str = "/v1/alerts/close";
/// The report of a day. [`super::ReportRequest`].
pub const REPORTS: &str = "/v1/reports";
/// A batch Bundle of audit events (IHE ITI-20). [`super::audit_batch_json`].
pub const FHIR: &str = "/fhir";
/// The history of one drawer. [`super::HistoryPage`].
pub const HISTORY: &str = "/fhir/_history";
/// A page of the history of a drawer that is shut, sealed to it. [`super::SealedPageRequest`].
pub const INBOX: &str = "/v1/inbox";
/// All that a drawer holds of one patient. [`super::ChartRequest`].
pub const CHART: &str = "/v1/chart";
/// What the FHIR surface can do.
pub const METADATA: &str = "/fhir/metadata";
/// Whether the server is up.
pub const HEALTH: &str = "/healthz";
