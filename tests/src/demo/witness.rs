//! A second workstation without a window, which has nothing but what the server gives it: the witness of what has arrived.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use client::keyring::MemoryKeyring;
use client::view::OpenReason;
use client::{EnrolForm, LockCause, Settings, SignInForm, SystemClock, Workstation};
use serde_json::Value;

use super::DemoError;
use super::driver::now;
use crate::network::Entry;
use crate::practice::people::CLINICIAN;

/// How long the records may take to arrive.
const PATIENCE: Duration = Duration::from_secs(300);

/// Where a witness comes from, and what it signs in with.
pub(super) struct Call<'a> {
    /// Its data folder, which is not there yet.
    pub(super) folder: &'a Path,
    /// The server, as a person types it.
    pub(super) server: String,
    /// A one-time token.
    pub(super) token: String,
    /// The clinician's next code.
    pub(super) code: String,
}

/// Enrols, signs the clinician in, waits for all records, and reads what a chart holds.
///
/// # Errors
/// The step that failed.
pub(super) fn read_chart(call: Call<'_>, patient_id: &str) -> Result<Value, DemoError> {
    let settings = Settings::standard(call.folder.to_owned());
    let keyring = Arc::new(MemoryKeyring::default());
    let workstation = Workstation::start(settings, keyring, Arc::new(SystemClock::new()), |_| {});
    let label = "Second room".to_owned();
    workstation.enrol(EnrolForm { server: call.server, token: call.token, label }).map_err(told)?;
    workstation
        .sign_in(SignInForm {
            username: CLINICIAN.username.to_owned(),
            passphrase: CLINICIAN.passphrase.to_owned(),
            code: call.code,
            phone_time: None,
        })
        .map_err(told)?;
    wait_for_records(&workstation)?;
    let chart = workstation.open_chart(patient_id, Some(OpenReason::Visit)).map_err(told)?;
    let chart =
        serde_json::to_value(chart).map_err(|_| DemoError::step("read the second workstation's chart"));
    workstation.lock(LockCause::Person);
    workstation.stop();
    chart
}

/// The notes and blood pressures of a chart, each in words of its own.
pub(super) fn entries_of(chart: &Value) -> Vec<Entry> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let notes = list(&chart["notes"]).into_iter().filter_map(|note| Some(note["text"].as_str()?.to_owned()));
    let points = list(&chart["vitals"]["series"]).into_iter().flat_map(|series| list(&series["points"]));
    let pressures =
        points.filter_map(|point| Some(pressure_entry(point["high"].as_f64()?, point["low"].as_f64()?)));
    notes.chain(pressures).collect()
}

/// A blood pressure in the words in which it is counted.
pub(super) fn pressure_entry(systolic: impl Into<f64>, diastolic: impl Into<f64>) -> Entry {
    format!("blood pressure {}/{}", systolic.into(), diastolic.into())
}

fn wait_for_records(workstation: &Workstation) -> Result<(), DemoError> {
    let until = now() + PATIENCE;
    while now() < until {
        let pulls = workstation.sync_status().map_err(told)?.last_pull;
        if !pulls.is_empty() && pulls.iter().all(|pull| pull.at.is_some()) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(DemoError::not_seen("the records at a second workstation"))
}

fn told(error: client::ClientError) -> DemoError {
    DemoError::Step(format!("read the chart at a second workstation: {error}"))
}
