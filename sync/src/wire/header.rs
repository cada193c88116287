//! Names of the headers of our own, in lower case as HTTP/2 wants them.

/// The id of the audit log that a batch belongs to.
pub const LOG: &str = "chartkeep-log";
/// The index in the log of the first event of a batch, decimal.
pub const FIRST_INDEX: &str = "chartkeep-first-index";
/// The signed checkpoint over the log up to the end of the batch: base64 of the signed note.
pub const CHECKPOINT: &str = "chartkeep-checkpoint";
/// In answers: how many leaves of the log the server holds, decimal.
pub const LOG_SIZE: &str = "chartkeep-log-size";
/// In answers to an audit batch: base64 of the JSON of [`super::AuditReceipt`].
pub const RECEIPT: &str = "chartkeep-receipt";
/// One id for a request in both audit trails (BALP `XrequestId`).
pub const REQUEST_ID: &str = "x-request-id";
