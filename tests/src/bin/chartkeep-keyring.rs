//! Starts a workstation on the keyring of the desktop it is run on, without a window, and prints where it stands.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use client::keyring::OsKeyring;
use client::view::StatusView;
use client::{ClientError, EnrolForm, Settings, SystemClock, Workstation};

/// Print the code of what stands in a workstation's way, or `ready`.
#[derive(Parser)]
struct Arguments {
    /// The data folder.
    #[arg(long)]
    data: PathBuf,
    /// The service name of the keyring items.
    #[arg(long)]
    service: String,
    /// Where to enrol first.
    #[arg(long, requires = "token")]
    enrol: Option<String>,
    /// The enrolment token.
    #[arg(long)]
    token: Option<String>,
}

#[expect(clippy::print_stdout, reason = "this is how it answers")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match stand(arguments) {
        Ok(status) => println!("{}", status.problem.map_or("ready", |problem| problem.code.as_str())),
        Err(refused) => println!("{}", refused.code.as_str()),
    }
    ExitCode::SUCCESS
}

fn stand(arguments: Arguments) -> Result<StatusView, ClientError> {
    let Arguments { data, service, enrol, token } = arguments;
    let mut settings = Settings::standard(data);
    settings.keyring_service = service;
    let keyring = Arc::new(OsKeyring::new(&settings.keyring_service));
    let workstation = Workstation::start(settings, keyring, Arc::new(SystemClock::new()), |_| {});
    let status = match (enrol, token) {
        (Some(server), Some(token)) => {
            workstation.enrol(EnrolForm { server, token, label: "Front room".to_owned() })
        }
        _ => Ok(workstation.status()),
    };
    workstation.stop();
    status
}
