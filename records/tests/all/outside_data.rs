//! Where data made by others lies, for tests that read it; they say so plainly when it is absent.

use std::path::PathBuf;

/// The files of one folder, by name; `None`, and a line that says so, when there are none.
///
/// `CHARTKEEP_OUTSIDE_DATA` names the folder above; without it that is `../../shared/data` beside this tree.
pub(crate) fn files(folder: &str, test: &str) -> Option<Vec<PathBuf>> {
    let root = std::env::var_os("CHARTKEEP_OUTSIDE_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let listed = std::fs::read_dir(root.join(folder)).into_iter().flatten();
    let mut files: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "json"));
    files.sort();
    if files.is_empty() {
        println!("not run: {test}: {folder} is absent");
        return None;
    }
    Some(files)
}
