//! The bodies, headers and paths that cross between workstation and server; final, and the same on both sides.

pub mod alert;
pub mod attachment;
pub mod audit;
pub mod binary;
pub mod change;
pub mod courier;
pub mod credential;
pub mod cursor;
pub mod directive;
pub mod enrolment;
pub mod export;
pub mod grant;
pub mod header;
pub mod history;
pub mod path;
pub mod problem;
pub mod renewal;
pub mod session;
pub mod sign_in;

pub use alert::{
    AlertEntry, AlertOutcome, AlertsRequest, AlertsResponse, CloseAlertRequest, CloseAlertResponse, Closed,
    DayActivity, DayAlerts, DayReport, DayWorkstation, NamedDevice, NamedPerson, ReportRequest,
};
pub use attachment::{
    AttachmentHeld, AttachmentPart, AttachmentPiece, AttachmentRead, LONGEST_ATTACHMENT, LONGEST_PART,
};
pub use audit::{
    AuditBatch, AuditReceipt, audit_batch_json, checkpoint_key_name, checkpoint_origin, witness_key_name,
};
pub use binary::{Base64Bytes, SecretText};
pub use change::{
    ChangeReceipt, ChangesRequest, ChangesResponse, MadeVersion, RefusalCode, ResourceVersion, Standing,
};
pub use courier::{CourierAnswers, CourierRequest, CourierResponse, FileReceipt, ItemResult, ItemStanding};
pub use credential::{
    CredentialChanged, CredentialFinish, CredentialProve, CredentialProven, CredentialStart,
    CredentialStarted, NEW_SEED_CONTEXT, NewPhone, OwnWorkstation, PreparedStanding, TwinsRequest,
    TwinsResponse, UsedStep, WantedTwin,
};
pub use cursor::{Cursor, CursorError};
pub use directive::{
    Directive, DirectiveOrder, DirectivesRequest, DirectivesResponse, DiskState, EscrowedCode, MachineReport,
    Policy,
};
pub use enrolment::{EnrolRequest, EnrolResponse, Rescue};
pub use export::{ExportHead, ExportedBy};
pub use grant::{GrantsRequest, GrantsResponse};
pub use history::{
    ChartEntry, ChartRequest, HistoryEntry, HistoryMethod, HistoryPage, HistoryWriter, SealedPageRequest,
};
pub use problem::{Problem, ProblemCode};
pub use renewal::{LateRenewalFinish, LateRenewalStart, LateRenewalStarted, Renewal};
pub use session::{
    ChallengeRequest, ChallengeResponse, ChangeOutcome, OutcomesRequest, OutcomesResponse, SessionRequest,
    SessionResponse,
};
pub use sign_in::{
    ActivateFinish, ActivateStart, ActivateStarted, SEED_CONTEXT, SignInFinish, SignInStart, SignInStarted,
    SignedIn,
};
