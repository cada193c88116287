//! Whether the desktop's keyring lies open on the disk, as GNOME Keyring's does when it has no password.

use std::fs;
use std::path::Path;

/// How a keyring file without a password begins: text, with every secret in it. One with a password begins otherwise
/// (`GnomeKeyring`, then binary).
const OPEN: &str = "[keyring]";

/// Whether a keyring in `folder` (`~/.local/share/keyrings`) holds items of `service` for everybody to read.
pub(super) fn lies_open(folder: &Path, service: &str) -> bool {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let keyrings = files.filter(|file| file.path().extension().is_some_and(|end| end == "keyring"));
    let mut texts =
        keyrings.filter_map(|file| fs::read_to_string(file.path()).map(zeroize::Zeroizing::new).ok());
    texts.any(|text| text.starts_with(OPEN) && text.contains(service))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lies_open_with(name: &str, bytes: &[u8]) -> bool {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(name), bytes).expect("it writes");
        lies_open(folder.path(), "org.chartkeep.workstation")
    }

    /// Written by gnome-keyring 42.1 into a keyring without a password.
    const WITHOUT_PASSWORD: &[u8] = b"\n[keyring]\ndisplay-name=Default keyring\n\n[1]\nsecret=a1b2\n\n\
        [1:attribute0]\nname=service\ntype=string\nvalue=org.chartkeep.workstation\n";

    #[test]
    fn a_keyring_without_a_password_that_holds_our_keys_lies_open() {
        assert!(lies_open_with("login.keyring", WITHOUT_PASSWORD.trim_ascii_start()));
    }

    #[test]
    fn one_with_a_password_or_without_anything_of_ours_does_not() {
        assert!(!lies_open_with("login.keyring", b"GnomeKeyring\n\r\0\n\0\0org.chartkeep.workstation"));
        assert!(!lies_open_with("login.keyring", b"[keyring]\ndisplay-name=Default keyring\n"));
        assert!(!lies_open_with("notes.txt", WITHOUT_PASSWORD.trim_ascii_start()));
        assert!(!lies_open(Path::new("/nowhere"), "org.chartkeep.workstation"));
    }
}
