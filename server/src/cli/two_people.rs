//! The commands for which an administrator proves who they are: what two do together, and reading a code out.

use super::{Data, print};
use crate::approving::{Done, Proof, approve, ask, waiting};
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::releasing::{self, Release};
use crate::store::Act;
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::{self, BufRead as _, Write as _};
use sync::wire::SecretText;

#[derive(Debug, Subcommand)]
pub(super) enum ApprovalCommand {
    /// List what waits for a second administrator.
    List {
        #[command(flatten)]
        data: Data,
    },
    /// Agree to what another administrator has asked for; it is done at once, and what comes of it is printed.
    Approve {
        #[command(flatten)]
        data: Data,
        /// Its number, from `approval list`.
        number: u64,
        #[command(flatten)]
        by: By,
    },
}

/// Who is acting, and the proof of it.
#[derive(Debug, Args)]
pub(super) struct By {
    /// The administrator who does this: the name they sign in with.
    #[arg(long = "by", value_name = "USERNAME")]
    username: String,
    /// The code their authenticator shows now. Without it, it is asked for on standard input.
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
}

impl By {
    pub(super) fn proof(self) -> Result<Proof, Failure> {
        let code = match self.code {
            Some(code) => code,
            None => ask_for_code(&self.username)?,
        };
        Ok(Proof { username: self.username, code: SecretText::new(code) })
    }
}

pub(super) fn run(
    command: ApprovalCommand,
    open: &dyn Fn(&Data) -> Result<Practice, Failure>,
) -> Result<(), Failure> {
    match command {
        ApprovalCommand::List { data } => list(&open(&data)?),
        ApprovalCommand::Approve { data, number, by } => {
            // Printed once, for who acts on it.
            print(&match approve(&open(&data)?, number, &by.proof()?)? {
                Done::RescueToken(token) => json!({ "approval": number, "token": token.expose() }),
                Done::ActivationCode(code) => json!({ "approval": number, "activation_code": code }),
                Done::RoleGiven(role) => json!({ "approval": number, "role": role }),
                Done::Erased(erasure) => json!({ "approval": number, "erasure": erasure }),
                Done::ProgramAdmitted => json!({ "approval": number, "admitted": true }),
                Done::PurgeAgreed(purge) => json!({
                    "approval": number,
                    "next": format!("within 24 hours: audit carry-out {purge}"),
                }),
            })
        }
    }
}

/// Asks for an act, and says what has to follow.
pub(super) fn ask_for(practice: &Practice, act: Act, by: By) -> Result<(), Failure> {
    let name = act.as_str();
    let number = ask(practice, act, &by.proof()?)?;
    print(&json!({
        "approval": number,
        "act": name,
        "next": format!("within 24 hours another administrator: approval approve {number} --by USERNAME"),
    }))
}

/// Reads a person's recovery code out.
pub(super) fn release(
    practice: &Practice,
    username: &str,
    device: &str,
    reason: &str,
    by: By,
) -> Result<(), Failure> {
    let released = releasing::release(practice, &Release { username, device, reason }, &by.proof()?)?;
    // Printed once, for the one who reads it out.
    print(&json!({ "words": released.words.expose(), "device_id": released.device }))
}

fn list(practice: &Practice) -> Result<(), Failure> {
    let rows = waiting(practice)?;
    let list: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "approval": row.number,
                "act": row.act.as_str(),
                "subject": row.act.subject(),
                "reason": row.act.reason(),
                "asked_by": row.asked_by,
                "asked_at": row.asked_at,
                "expires_at": row.expires_at,
            })
        })
        .collect();
    print(&list)
}

fn ask_for_code(username: &str) -> Result<String, Failure> {
    let mut line = String::new();
    // Whoever has closed standard error reads no question; the answer is still awaited.
    write!(io::stderr(), "Code of {username}: ").and_then(|()| io::stderr().flush()).ok();
    io::stdin().lock().read_line(&mut line).map_err(|_| {
        Failure::new(Kind::Usage, "No code was given.", "Give it with --code or on standard input.")
    })?;
    Ok(line.trim().to_owned())
}
