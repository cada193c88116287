//! Who may do what: the rights table, the decision, and the permit that a durable event turns it into.
//!
//! `decide` is pure. An [`Allowed`] shows nothing by itself: only [`Allowed::permit`], after the trail has appended
//! the event, makes the [`Permit`] that every function which moves a record asks for.

mod decide;
mod permit;
mod scope;
mod table;

pub use decide::{Allowed, Denied, DeniedReason, Facts, Relation, StatedReason, decide};
pub use permit::{Permit, Trail};
pub use scope::{ClassScope, RowScope, row_scope};
pub use table::{Action, Otherwise, Rights, RightsError, Row};
