//! The demo for a person: opens the app on a running clinic and says who may sign in.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::DemoError;
use super::cli;
use super::clinic::{Clinic, Holdings, say};
use super::desktop::{Desktop, DesktopPlan, own_keyring_is_open};
use super::state::FOLDER;
use crate::practice::people::DEMO_PEOPLE;

/// How long the person's own keyring may take before the demo brings one of its own.
const KEYRING_PATIENCE: Duration = Duration::from_secs(2);

/// Opens the clinic and the app, and returns when the window is closed or Ctrl-C is pressed.
///
/// # Errors
/// The step that failed.
pub(crate) async fn open(
    plan: &cli::Clinic,
    folder: &Path,
    today: jiff::civil::Date,
) -> Result<(), DemoError> {
    let private_keyring = !own_keyring_is_open(KEYRING_PATIENCE);
    if private_keyring {
        say("No unlocked OS keyring answers here: the demo brings one of its own");
    }
    let desktop = Desktop::start(&DesktopPlan { home: folder.join("home"), display: None, private_keyring })?;
    let clinic = Clinic::make(plan, folder, today, None)?;
    clinic.join(&desktop, &PathBuf::from(FOLDER))?;
    introduce(&clinic.holdings()?, plan.keep);
    let mut start = desktop.command(&plan.app);
    start.args(clinic.app_arguments(plan.idle));
    let mut app = tokio::process::Command::from(start).spawn()?;
    tokio::select! {
        ended = app.wait() => drop(ended?),
        pressed = tokio::signal::ctrl_c() => {
            pressed?;
            app.kill().await?;
        }
    }
    if !private_keyring {
        clinic.forget_keys(&desktop)?;
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is a program for a terminal")]
fn introduce(holdings: &Holdings, keep: bool) {
    println!("\nThe clinic is open: {} patients, {} resources.\n", holdings.patients(), holdings.resources());
    println!("  {:<22} {:<10} passphrase", "role", "user name");
    for person in DEMO_PEOPLE {
        println!("  {:<22} {:<10} {}", person.title, person.username, person.passphrase);
    }
    println!("\nA person's next one-time code:  cargo xtask code rosa");
    let fate = if keep { "kept" } else { "removed" };
    println!("Close the window or press Ctrl-C to end; the clinic's folder is {fate} then.\n");
}
