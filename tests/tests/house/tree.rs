//! The files of this repository: those git tracks or would track.

use std::path::{Path, PathBuf};
use std::process::Command;

/// One file, its path relative to the root with forward slashes.
pub(crate) struct File {
    pub(crate) path: String,
    /// The content when it is text.
    pub(crate) text: String,
}

impl File {
    /// A made-up file, to try a checker on.
    pub(crate) fn sample(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether the name ends in one of these, dot not given.
    pub(crate) fn is(&self, extensions: &[&str]) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate lies in a folder of the root")
        .to_path_buf()
}

/// Every path, of text files and others.
pub(crate) fn paths() -> Vec<String> {
    let root = root();
    tracked(&root)
        .unwrap_or_else(|| walked(&root))
        .into_iter()
        .filter(|path| root.join(path).exists())
        .collect()
}

/// Every text file that is tracked, or is not and is not ignored either.
pub(crate) fn files() -> Vec<File> {
    let root = root();
    let paths = paths();
    let read = |path: String| {
        let text = String::from_utf8(std::fs::read(root.join(&path)).ok()?).ok()?;
        Some(File { path, text })
    };
    let files: Vec<File> = paths.into_iter().filter_map(read).collect();
    assert!(
        files.iter().any(|file| file.path == "Cargo.toml"),
        "the tree was not found at {}",
        root.display()
    );
    files
}

fn tracked(root: &Path) -> Option<Vec<String>> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(arguments).current_dir(root).output().ok()?;
    let list = String::from_utf8(output.stdout).ok()?;
    output
        .status
        .success()
        .then(|| list.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

/// For a tree without git, such as an unpacked archive.
fn walked(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the tree can be read").flatten() {
            let name = entry.file_name();
            if entry.path().is_dir() {
                if !["target", "node_modules", "dist", "gen", ".git"].iter().any(|built| name == *built) {
                    folders.push(entry.path());
                }
            } else if let Ok(path) = entry.path().strip_prefix(root) {
                found.push(path.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

/// Fails with one line per broken rule.
#[track_caller]
pub(crate) fn assert_none(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn the_tree_is_the_same_with_and_without_git() {
    let root = root();
    let Some(mut tracked) = tracked(&root) else { return };
    tracked.retain(|path| root.join(path).exists());
    let walked = walked(&root);
    let lost: Vec<_> = tracked.iter().filter(|path| !walked.contains(path)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}
