//! The encrypted store on a workstation's disk.
//!
//! [`Device`] is `device.db`: it opens with nobody signed in and holds the audit log and its queue, sign-in throttle,
//! wrapped grants, directives, the identity of the workstation, and the index of changes on their way to the server.
//! It is the [`records::Trail`]: an event is durable before `append` returns.
//!
//! [`Vault`] is a device with the drawers that one person's grants open. Every function of it that shows or changes a
//! record takes a [`records::Permit`], and there is no permit without its event in the log. What is in a drawer is
//! sealed row by row under a data key a patient; an opened file alone shows no record.
//!
//! [`Drafts`] and [`Slots`] are the files beside the databases. `README.md` describes the format, how it opens, and
//! what can be seen from outside. Only this crate opens the local store; no code here deletes or makes anew a file
//! that it failed to open.

mod alike;
mod away;
mod chart;
mod device;
mod drafts;
mod drawer;
mod durable;
mod erasing;
mod error;
mod facts;
mod folder;
mod inbox;
mod number;
mod pull;
mod recovery;
mod recovery_slots;
mod rewrite;
mod save;
mod schedule;
mod search;
mod slots;
mod vault;
mod verdict;

pub use alike::AlikePair;
pub use away::{Away, ChartNews, FETCHED_FOR, Fetched};
pub use device::{
    AuditBatch, AuditEntry, AuditFilter, Checkpoint, CodeToEscrow, Credential, Device, Identity, LogCheck,
    LogHead, MarkStanding, OutboxEntry, OutboxState, OwnAttachment, RecoveryPlace, RecoverySlot, Setting,
    StepUsed, StoredDirective, StoredEntry, StoredGrant, Subject, Throttle,
};
pub use drafts::{Draft, DraftError, Drafts};
pub use drawer::{Anchor, Count, DayPart, Freshness, HeldFor, SetApart, Standing};
pub use durable::write as write_durably;
pub use error::{InboxError, PullError, ReadError, RewriteError, SaveError, StoreError, VaultError};
pub use folder::Folder;
pub use inbox::{INBOX_LIMIT, OpenedPage, WaitingPage};
pub use pull::{Page, PageEntry};
pub use recovery_slots::RecoverySlots;
pub use rewrite::{RewriteProgress, RewriteStep};
pub use save::{Pen, SaveStep};
pub use schedule::DayEntry;
pub use search::{MOST_SHOWN, SearchPage};
pub use slots::{Slots, StoredSlot};
pub use sqlcipher::{OpenError, RawKey};
pub use vault::{NotOpened, OpenGrant, Vault};
pub use verdict::Verdict;
