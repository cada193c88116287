//! The push: what somebody wrote while the server was away goes out when it is back.

use client::view::{OpenReason, VitalsForm};
use client::{Clock as _, SystemClock};
use std::time::Duration;

use super::super::report::Line;
use super::super::statistics::{rate_by_part, spread};
use super::super::{BenchResult, say};
use super::{PARTS, Store};
use crate::served::{Desk, Served, until};

/// Patients whose charts are written in.
const PATIENTS: usize = 20;

/// Writes so many changes with the server away, then lets it come back.
pub(super) fn measure(
    store: Store,
    served: &mut Served,
    desk: &Desk,
    changes: u32,
) -> BenchResult<[Line; 2]> {
    say(&format!("{}: {changes} changes without the server", store.name()));
    let applied = |served: &Served| -> BenchResult<u64> {
        Ok(served.say(&["status"])?["changes_applied"].as_u64().unwrap_or(0))
    };
    let before = applied(served)?;
    served.stop();
    let written = write(desk, changes)?;
    say(&format!("{}: push", store.name()));
    served.start()?;
    let looks = follow(desk, changes)?;
    let made = applied(served)? - before;
    if made != u64::from(changes) {
        return Err(format!("{changes} changes were acknowledged, and the server has {made}").into());
    }
    Ok([saved(store, changes, written), pushed(store, changes, &looks)])
}

fn write(desk: &Desk, changes: u32) -> BenchResult<Duration> {
    let found = desk.workstation.search("a")?.rows;
    let patients: Vec<&str> = found.iter().take(PATIENTS).map(|row| row.id.as_str()).collect();
    for patient in &patients {
        desk.workstation.open_chart(patient, Some(OpenReason::Visit))?;
    }
    let clock = SystemClock::new();
    let begun = clock.monotonic();
    for (number, patient) in (0..changes).zip(patients.iter().cycle()) {
        let form = VitalsForm {
            patient_id: (*patient).to_owned(),
            heart_rate: Some((60 + number % 40).to_string()),
            confirmed: true,
            ..VitalsForm::default()
        };
        if !desk.workstation.save_vitals(form)?.saved {
            return Err("a change was not saved".into());
        }
    }
    Ok(clock.monotonic() - begun)
}

/// Looks on until the last change is acknowledged; the time starts with the first that is.
fn follow(desk: &Desk, changes: u32) -> BenchResult<Vec<(Duration, f64)>> {
    let clock = SystemClock::new();
    let mut looks = Vec::new();
    let all = f64::from(changes);
    desk.workstation.sync_now()?;
    until(|| {
        let left = desk.workstation.status().unsent_changes;
        if left == u64::from(changes) {
            looks.clear();
        }
        looks.push((clock.monotonic(), all - f64::from(u32::try_from(left)?)));
        Ok(left == 0)
    })?;
    Ok(looks)
}

fn saved(store: Store, changes: u32, time: Duration) -> Line {
    Line {
        name: match store {
            Store::Sqlcipher => "changes saved offline, before SQLCipher",
            Store::Postgres => "changes saved offline, before PostgreSQL",
        },
        value: f64::from(changes) / time.as_secs_f64(),
        unit: "changes/s",
        limit: None,
        spread: None,
        note: format!(
            "{changes} times vital signs at the workstation: decided, recorded, signed, sealed, durable"
        ),
        reason: "",
    }
}

fn pushed(store: Store, changes: u32, looks: &[(Duration, f64)]) -> Line {
    let time =
        looks.first().zip(looks.last()).map_or(f64::NAN, |(first, last)| (last.0 - first.0).as_secs_f64());
    let spread = spread(&rate_by_part(looks, PARTS));
    Line {
        name: match store {
            Store::Sqlcipher => "push of queued changes, SQLCipher",
            Store::Postgres => "push of queued changes, PostgreSQL",
        },
        value: f64::from(changes) / time,
        unit: "changes/s",
        limit: None,
        spread: Some(spread),
        note: format!(
            "{changes} changes, each with a receipt that the workstation has kept, in {time:.1} s; as many are applied at the server; their \
             audit events go out beside them"
        ),
        reason: "",
    }
}
