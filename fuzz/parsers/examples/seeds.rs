//! Writes the genuine articles among the seeds: `cargo run -p parsers --features inside --example seeds`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../seeds");
    for (name, bytes) in parsers::genuine() {
        std::fs::write(seeds.join(name).join("genuine"), bytes)?;
    }
    Ok(())
}
