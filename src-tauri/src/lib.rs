//! The window over the client: it parses, calls and converts, locks when nobody is there, and has no rules of its own.

#[macro_use]
mod command_table;
mod arguments;
mod clipboard;
mod commands;
mod desk;
mod hardening;
mod parked;
mod presence;
mod relock;
mod signals;
mod single;
mod view;
mod watch;
mod window;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use tauri::Manager as _;

use arguments::Arguments;
use desk::Desk;
use parked::HandedOn;

/// Runs the app until its window closes. Exit code 1 where it could not start at all.
#[must_use]
pub fn run() -> ExitCode {
    if let Err(step) = hardening::refuse_remote_control().and_then(|()| hardening::harden()) {
        return fail(&format!("the operating system refused to protect this process ({step})"));
    }
    let arguments = Arguments::parse();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter("warn,chartkeep=info").init();
    let _sole = match single::take(&arguments.data_dir()) {
        Ok(sole) => sole,
        Err(single::SoleError::Taken) => {
            return fail("another Chartkeep is open on this data folder; switch to its window");
        }
        Err(single::SoleError::Io(_)) => {
            return fail("the data folder cannot be written; check its owner and the disk");
        }
    };
    match start(&arguments, handed_on()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

/// The memory that outlives a lock. Without it everything works but coming back with the passphrase alone.
fn handed_on() -> Option<Arc<HandedOn>> {
    let taken = HandedOn::take();
    if let Err(error) = &taken {
        tracing::warn!(%error, "no memory to outlive a lock; it takes a full sign-in after each");
    }
    taken.ok().map(Arc::new)
}

fn start(arguments: &Arguments, handed_on: Option<Arc<HandedOn>>) -> tauri::Result<()> {
    let settings = arguments.settings();
    tauri::Builder::default()
        .invoke_handler(commands::handler())
        .setup(move |app| {
            let ears = signals::Ears::default();
            let desk = Desk::start(app.handle(), settings, handed_on, ears.clone());
            watch::idle(desk.clone());
            presence::watch(desk.clone(), ears.clone());
            let on_signal = desk.clone();
            signals::watch(&ears, move |cause| on_signal.lock_away(cause));
            let on_crash = desk.clone();
            app.manage(desk);
            window::open(app.handle(), move || on_crash.page_crashed())?;
            Ok(())
        })
        .build(tauri::generate_context!())?
        .run(|app, event| {
            if let tauri::RunEvent::Exit = event {
                app.state::<Desk>().end();
            }
        });
    Ok(())
}

/// One sentence for the person who started the program from a terminal or a launcher.
#[expect(clippy::print_stderr, reason = "there is no window to say it in")]
fn fail(sentence: &str) -> ExitCode {
    eprintln!("Chartkeep: {sentence}.");
    ExitCode::FAILURE
}
