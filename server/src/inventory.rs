//! The device list: when each workstation was heard of, what it runs on, and what deserves a look.

use crate::error::Failure;
use crate::people::policy_in;
use crate::practice::Practice;
use crate::store::{self, DeviceRow, StoreError, Transaction};
use jiff::{SignedDuration, Timestamp};
use records::id::DeviceId;
use serde::Serialize;

/// A certificate with less time left than this should have been renewed by now.
const CERTIFICATE_DUE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// One workstation.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Its id.
    pub device_id: DeviceId,
    /// What people call it.
    pub label: String,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
    /// When it was heard of last.
    pub contact_at: Timestamp,
    /// Whole days since then.
    pub days_away: i64,
    /// The version of its program; empty where it never said.
    pub program: String,
    /// Its operating system.
    pub system: String,
    /// What its data folder lies on: encrypted, plain, memory or unknown.
    pub disk: String,
    /// What its swap lies on; absent where it has none.
    pub swap: String,
    /// When its certificate ends.
    pub certificate_until: Timestamp,
    /// Changes that it had not delivered when it was heard of.
    pub unsent_changes: u64,
    /// Events that it had not delivered then.
    pub unsent_events: u64,
    /// Until which number it has carried out directives.
    pub directives_done: u64,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// What deserves a look.
    pub look_at: Vec<&'static str>,
}

/// Every workstation, oldest first; with `stale_days` those alone that count and were not heard of for so long.
///
/// # Errors
/// When the store fails.
pub fn list(practice: &Practice, stale_days: Option<u32>) -> Result<Vec<Entry>, Failure> {
    let now = practice.clock.now();
    let entries = store::read(practice.store.as_ref(), |tx| entries(tx, now))?;
    let is_asked_for = |entry: &Entry| {
        stale_days.is_none_or(|days| entry.revoked_at.is_none() && entry.days_away >= i64::from(days))
    };
    Ok(entries.into_iter().filter(is_asked_for).collect())
}

/// Every workstation, within a unit of work.
pub(crate) fn entries(tx: &dyn Transaction, now: Timestamp) -> Result<Vec<Entry>, StoreError> {
    let lease_days = policy_in(tx)?.lease_days;
    Ok(tx.devices()?.into_iter().map(|device| entry(device, lease_days, now)).collect())
}

/// The list as a table (RFC 4180), with its heads.
#[must_use]
pub fn csv(entries: &[Entry]) -> String {
    let heads = "device_id,label,enrolled_at,contact_at,days_away,program,system,disk,swap,certificate_until,\
        unsent_changes,unsent_events,directives_done,revoked_at,look_at";
    let rows = entries.iter().map(|entry| {
        let cells = [
            entry.device_id.to_string(),
            cell(&entry.label),
            entry.enrolled_at.to_string(),
            entry.contact_at.to_string(),
            entry.days_away.to_string(),
            cell(&entry.program),
            cell(&entry.system),
            cell(&entry.disk),
            cell(&entry.swap),
            entry.certificate_until.to_string(),
            entry.unsent_changes.to_string(),
            entry.unsent_events.to_string(),
            entry.directives_done.to_string(),
            entry.revoked_at.map(|at| at.to_string()).unwrap_or_default(),
            entry.look_at.join(" "),
        ];
        format!("{}\r\n", cells.join(","))
    });
    std::iter::once(format!("{heads}\r\n")).chain(rows).collect()
}

/// A text as a cell. A spreadsheet takes one that begins with a sign of arithmetic for a formula, so such a one gets an
/// apostrophe before it.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

fn entry(device: DeviceRow, lease_days: u32, now: Timestamp) -> Entry {
    Entry {
        device_id: device.id,
        days_away: device.contact_at.duration_until(now).as_hours() / 24,
        look_at: if device.revoked_at.is_some() { Vec::new() } else { faults(&device, lease_days, now) },
        label: device.label,
        enrolled_at: device.enrolled_at,
        contact_at: device.contact_at,
        program: device.report.program,
        system: device.report.system,
        disk: device.report.disk,
        swap: device.report.swap,
        certificate_until: device.certificate.until,
        unsent_changes: device.report.unsent_changes,
        unsent_events: device.report.unsent_events,
        directives_done: device.directives_done,
        revoked_at: device.revoked_at,
    }
}

fn faults(device: &DeviceRow, lease_days: u32, now: Timestamp) -> Vec<&'static str> {
    let away = device.contact_at.duration_until(now);
    let lease = SignedDuration::from_hours(24 * i64::from(lease_days));
    let left = now.duration_until(device.certificate.until);
    let checks = [
        (away >= lease, "lease-ended"),
        (left <= SignedDuration::ZERO, "certificate-ended"),
        (left > SignedDuration::ZERO && left < CERTIFICATE_DUE, "certificate-ends-soon"),
        (device.report.disk == "plain", "disk-plain"),
        (device.report.swap == "plain", "swap-plain"),
    ];
    checks.into_iter().filter(|(is_so, _)| *is_so).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_keeps_its_quotes_and_is_never_a_formula() {
        assert_eq!(cell("Exam \"2\", left"), "\"Exam \"\"2\"\", left\"");
        assert_eq!(cell("=HYPERLINK(1)"), "\"'=HYPERLINK(1)\"");
        assert_eq!(cell("a-b"), "\"a-b\"");
    }
}
