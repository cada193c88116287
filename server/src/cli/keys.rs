//! The commands for the keys of the practice: those that seal records, the witness's, and who signs certificates.

use super::authority::{self, AuthorityCommand};
use super::{Data, bar, print};
use crate::data_dir::DataDir;
use crate::error::Failure;
use crate::practice::Practice;
use crate::{rotating, witnessing};
use clap::Subcommand;
use serde_json::json;
use std::path::PathBuf;

const ROTATE: &str = "\
Records are sealed under a data key per patient, and data keys are wrapped by one key-encryption key.

  by schedule    chartkeep-server keys rotate --data ./practice
                 A new key-encryption key wraps every data key anew; records stay as they are. Once a year.
  after a leak   chartkeep-server keys rotate --data ./practice --incident
                 New data keys as well, and every record is sealed anew under them. For when somebody may have
                 had the key-encryption key together with a copy of the store.

Servers go on meanwhile. A rotation that was cut short, by Ctrl-C or by a power cut, goes on where it stood
when the command is given again. At its end the key-encryption key of before is destroyed, so an older backup
opens only with a backup of the keys from then.

Where custody.toml names a token (PKCS #11), the new key is made in it and never leaves it: that is how a
practice moves its key into a token. With new_keys = \"file\" there it moves out again.";

const WITNESS: &str = "\
For when somebody may have had keys/witness.key, with which receipts for audit logs could be made up. Workstations take the new
bundle at their next contact; receipts from before still count for what they vouched for. Where several servers serve one
database, copy keys/witness.key to each before it starts.";

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Say which key-encryption keys there are, who keeps them, and when the present one is due. Exit status 1: it is due,
    /// or a rotation was cut short.
    Status {
        #[command(flatten)]
        data: Data,
    },
    /// Make a new key for the witness of audit logs, in a trust bundle that the root signs. Start the servers anew afterwards.
    #[command(after_long_help = WITNESS)]
    Witness {
        #[command(flatten)]
        data: Data,
        /// The folder offline-root, brought for this.
        #[arg(long, value_name = "FOLDER")]
        offline_root: PathBuf,
    },
    /// The issuing authority, which signs the certificates of workstations and of the server.
    #[command(subcommand, after_long_help = authority::TEACHES)]
    Authority(AuthorityCommand),
    /// Make a new key-encryption key and destroy the one before.
    #[command(after_long_help = ROTATE)]
    Rotate {
        #[command(flatten)]
        data: Data,
        /// A key may be known to somebody: replace the data keys too, and seal every record anew.
        #[arg(long)]
        incident: bool,
    },
}

pub(super) fn run(
    command: KeysCommand,
    open: &dyn Fn(&Data) -> Result<Practice, Failure>,
) -> Result<(), Failure> {
    match command {
        KeysCommand::Status { data } => {
            let state = rotating::state(&open(&data)?)?;
            print(&state)?;
            rotating::complain(&state)
        }
        KeysCommand::Witness { data, offline_root } => {
            let number = witnessing::renew(&open(&data)?, &DataDir::at(&data.dir), &offline_root)?;
            print(
                &json!({ "trust_bundle": number, "next": "start every server anew, and take the root away again" }),
            )
        }
        KeysCommand::Authority(command) => authority::run(command, open),
        KeysCommand::Rotate { data, incident } => {
            let bar = bar("sealing anew {bar:40} {pos}/{len} keys and records, {eta} left");
            let rotated = rotating::rotate(&open(&data)?, incident, &mut |done, total| {
                bar.set_length(total);
                bar.set_position(done);
            })?;
            bar.finish_and_clear();
            print(&rotated)
        }
    }
}
