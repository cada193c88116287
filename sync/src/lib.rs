//! How a workstation and the central server talk: the words they use and the order they use them in.
//!
//! [`wire`] holds the body of every route, for client and server alike. What crosses there is a sealed envelope, the exact bytes
//! of an audit event, a FHIR document or an opaque id; nothing here opens, signs or merges any of it.
//!
//! [`Machine`] is the workstation's side as a state machine without I/O. Four lanes run beside each other:
//!
//! * **changes** go out in the order they were saved, each known by its id; what was answered is never sent again, what was not
//!   answered is sent again until it is, and the server knows a change by its id, so twice is once. A refused change stops the
//!   changes that stand on it and nobody else's.
//! * **audit** events go out as one unbroken run of log indices. The server says how far it has come; the machine goes on there.
//! * **pulls**, one lane a drawer, follow a cursor. A page and its next cursor are applied in one step by whoever drives the
//!   machine; the cursor moves when they say so. Pages are asked for while somebody with a session is signed in.
//! * **directives** are asked for now and then, and whenever contact was lost and is back.
//!
//! Whoever drives it feeds `handle_*(.., now)` and drains [`Machine::poll_transmit`] and [`Machine::poll_event`], then sleeps until
//! [`Machine::poll_timeout`]. The machine has no clock and no randomness of its own, and holds no bytes of a change or an event:
//! it names them and the driver fetches them, so weeks without a network cost it a few dozen bytes a change.

mod backoff;
mod config;
mod event;
mod lane;
mod machine;
mod request;
pub mod wire;

pub use config::Config;
pub use event::{Event, LogAlarm};
pub use lane::audit::LogPosition;
pub use lane::changes::QueuedChange;
pub use machine::{Machine, Restored};
pub use request::{Answer, Failure, Request, RequestId, Transmit};
