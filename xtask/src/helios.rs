//! helios-hfs, a FHIR server by others: built once and kept in the cache folder, for the bench alone.

use std::path::PathBuf;

use crate::ground::Ground;
use crate::run::{Stop, with_progress};

const VERSION: &str = "0.2.7";

/// Its program, after building it where there is none: FHIR R4 on SQLite, as it would ship but for optimisation across crates.
pub(crate) fn program(ground: &Ground) -> Result<PathBuf, Stop> {
    let folder = ground.cache.tool(&format!("helios-hfs-{VERSION}"));
    let binary = folder.join("bin").join(format!("hfs{}", std::env::consts::EXE_SUFFIX));
    if !binary.exists() {
        let mut command =
            ground.cargo(&["install", "--locked", "--no-default-features", "--features", "R4,sqlite"]);
        command.arg("--root").arg(&folder).arg(format!("helios-hfs@{VERSION}"));
        with_progress("helios-hfs, optimised", command.env_remove("CARGO_TARGET_DIR"))?;
    }
    Ok(binary)
}
