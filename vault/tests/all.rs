//! What the vault promises, through its public door.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "all/alike.rs"]
mod alike;
#[path = "all/anchoring.rs"]
mod anchoring;
#[path = "all/attachments.rs"]
mod attachments;
#[path = "all/away.rs"]
mod away;
#[path = "all/charting.rs"]
mod charting;
#[path = "all/clinic.rs"]
mod clinic;
#[path = "all/crash.rs"]
mod crash;
#[path = "all/damage.rs"]
mod damage;
#[path = "all/disk.rs"]
mod disk;
#[path = "all/drafting.rs"]
mod drafting;
#[path = "all/erasing.rs"]
mod erasing;
#[path = "all/erasing_killed.rs"]
mod erasing_killed;
#[path = "all/formats.rs"]
mod formats;
#[path = "all/full.rs"]
mod full;
#[path = "all/histories.rs"]
mod histories;
#[path = "all/inbox.rs"]
mod inbox;
#[path = "all/joining.rs"]
mod joining;
#[path = "all/leaving.rs"]
mod leaving;
#[path = "all/logging.rs"]
mod logging;
#[path = "all/marking.rs"]
mod marking;
#[path = "all/opening.rs"]
mod opening;
#[path = "all/power.rs"]
mod power;
#[path = "all/pulling.rs"]
mod pulling;
#[path = "all/recovering.rs"]
mod recovering;
#[path = "all/replaying.rs"]
mod replaying;
#[path = "all/rewriting.rs"]
mod rewriting;
#[path = "all/saving.rs"]
mod saving;
#[path = "all/scoping.rs"]
mod scoping;
#[path = "all/searching.rs"]
mod searching;
#[path = "all/secrecy.rs"]
mod secrecy;
#[path = "all/settling.rs"]
mod settling;
#[path = "all/signing_in.rs"]
mod signing_in;
#[path = "all/verdicts.rs"]
mod verdicts;
#[path = "all/writer.rs"]
mod writer;
