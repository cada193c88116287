//! Registers the commands of the table with Tauri's access list, so that a window may call only what it is granted.

#[macro_use]
#[path = "src/command_table.rs"]
mod command_table;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident($($form:ident: $Form:ty)?) -> $View:ty;)*) => {
        &[$(stringify!($name)),*]
    };
}

fn main() {
    const COMMANDS: &[&str] = command_table!(names);
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    if let Err(error) = tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest)) {
        // A build script speaks through its exit code and what it prints.
        panic!("{error:#}");
    }
}
