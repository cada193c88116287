//! Domain-separation labels: no two uses of a key, hash or signature share one, and none is ever changed.
//!
//! Each ends in a zero byte, so that no label is the beginning of another.

pub(crate) const SEEDED_RANDOM: &[u8] = b"chartkeep/seeded-random/v1\0";

pub(crate) const SLOT_MASK: &[u8] = b"chartkeep/slot/mask/v1\0";
pub(crate) const SLOT_MASK_STEP: &[u8] = b"chartkeep/slot/mask-step/v1\0";
pub(crate) const SLOT_PEPPER_CODE: &[u8] = b"chartkeep/slot/pepper/one-time-code/v1\0";
pub(crate) const SLOT_PEPPER_RECOVERY: &[u8] = b"chartkeep/slot/pepper/recovery-code/v1\0";
pub(crate) const SLOT_PEPPER_SPOKEN: &[u8] = b"chartkeep/slot/pepper/spoken-code/v1\0";
pub(crate) const SLOT_PEPPER_SECURITY_KEY: &[u8] = b"chartkeep/slot/pepper/security-key/v1\0";
pub(crate) const SLOT_CONTENTS_KEY: &[u8] = b"chartkeep/slot/contents-key/v1\0";
pub(crate) const SLOT_COMMITMENT: &[u8] = b"chartkeep/slot/commitment/v1\0";

pub(crate) const REENTRY_KEY: &[u8] = b"chartkeep/reentry/key/v1\0";
pub(crate) const REENTRY_BY_KEY: &[u8] = b"chartkeep/reentry/by-key/v1\0";
pub(crate) const REENTRY_COMMITMENT: &[u8] = b"chartkeep/reentry/commitment/v1\0";

pub(crate) const ROW: &[u8] = b"chartkeep/row/v1\0";
pub(crate) const PATIENT_KEY: &[u8] = b"chartkeep/patient-key/v1\0";
pub(crate) const DATA_KEY: &[u8] = b"chartkeep/data-key/v1\0";
pub(crate) const TOKEN_KEY: &[u8] = b"chartkeep/search-token/key/v1\0";
pub(crate) const USERNAME: &[u8] = b"chartkeep/username/v1\0";
pub(crate) const INBOX_KEY: &[u8] = b"chartkeep/inbox/key/v1\0";

pub(crate) const DRAFT_KEY: &[u8] = b"chartkeep/draft/key/v1\0";
pub(crate) const BLOB_KEY: &[u8] = b"chartkeep/blob/key/v1\0";

pub(crate) const KEY_ID: &[u8] = b"chartkeep/key-id/v1\0";
pub(crate) const TWIN: &[u8] = b"chartkeep/twin/v1\0";
pub(crate) const GRANT: &[u8] = b"chartkeep/grant/v1\0";
pub(crate) const ENVELOPE_CONTENT_KEY: &[u8] = b"chartkeep/envelope/content-key/v1\0";

pub(crate) const SIGN_IN_CONTEXT: &[u8] = b"chartkeep/sign-in/opaque/v1\0";
pub(crate) const SIGN_IN_TO_CLIENT: &[u8] = b"chartkeep/sign-in/to-client/v1\0";
pub(crate) const SIGN_IN_TO_SERVER: &[u8] = b"chartkeep/sign-in/to-server/v1\0";

pub(crate) const EPOCH_NEXT: &[u8] = b"chartkeep/audit-epoch/next/v1\0";
pub(crate) const EPOCH_MAC_KEY: &[u8] = b"chartkeep/audit-epoch/mac-key/v1\0";
pub(crate) const EPOCH_ENTRY: &[u8] = b"chartkeep/audit-epoch/entry/v2\0";
pub(crate) const EPOCH_END: &[u8] = b"chartkeep/audit-epoch/end/v1\0";

pub(crate) const EXPORT_PART: &[u8] = b"chartkeep/export/v1\0";

pub(crate) const TRUST_BUNDLE: &[u8] = b"chartkeep/trust-bundle/v1\0";
pub(crate) const LATE_RENEWAL: &[u8] = b"chartkeep/late-renewal/v1\0";
pub(crate) const LEASE_KEY: &[u8] = b"chartkeep/lease/key/v1\0";
pub(crate) const LEASE_CODE: &[u8] = b"chartkeep/lease/code/v1\0";
pub(crate) const ENROLMENT_TOKEN: &[u8] = b"chartkeep/enrolment-token/v1\0";
pub(crate) const BEARER_TOKEN: &[u8] = b"chartkeep/bearer-token/v1\0";
pub(crate) const PAPER_CODE: &[u8] = b"chartkeep/paper-code/v1\0";
pub(crate) const SPOKEN_CODE: &[u8] = b"chartkeep/spoken-code/v1\0";
