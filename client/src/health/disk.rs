//! Where swap and the data folder lie: on an encrypted disk or not, as the kernel tells it under `/proc` and `/sys`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::view::Storage;

/// The kernel's view of this machine, below a folder that is `/` but in tests.
pub(super) struct Machine<'a>(pub(super) &'a Path);

impl Machine<'_> {
    /// What kind of storage holds `folder`.
    pub(super) fn storage_of(&self, folder: &Path) -> Storage {
        let mounts = self.text("proc/self/mountinfo").unwrap_or_default();
        match mount_of(&mounts, folder) {
            Some(Mount { kind: "tmpfs" | "ramfs", .. }) => Storage::Memory,
            Some(Mount { kind: "ecryptfs" | "fuse.gocryptfs" | "fuse.encfs", .. }) => Storage::Encrypted,
            Some(Mount { source, .. }) => self.storage_of_device(source),
            None => Storage::Unknown,
        }
    }

    /// The worst of what swap lies on: one plain area is enough to write a page in the clear.
    pub(super) fn swap(&self) -> Storage {
        let Some(areas) = self.text("proc/swaps") else { return Storage::Unknown };
        let kinds = areas.lines().skip(1).filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.next()?))
        });
        let storages = kinds.map(|(name, kind)| match kind {
            "file" => self.storage_of(Path::new(name)),
            _ if name.starts_with("/dev/zram") => Storage::Memory,
            _ => self.storage_of_device(name),
        });
        storages.max_by_key(|storage| badness(*storage)).unwrap_or(Storage::Absent)
    }

    /// The name of the operating system (os-release(5)).
    pub(super) fn system(&self) -> String {
        let text = self.text("etc/os-release").unwrap_or_default();
        let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
        name.map(|name| name.trim_matches('"').to_owned()).unwrap_or_default()
    }

    fn storage_of_device(&self, device: &str) -> Storage {
        let Some(name) = device.strip_prefix("/dev/").and_then(|device| self.block_name(device)) else {
            return Storage::Unknown;
        };
        match self.is_encrypted(&name, 0) {
            Some(true) => Storage::Encrypted,
            Some(false) => Storage::Plain,
            None => Storage::Unknown,
        }
    }

    /// The kernel's name (`dm-0`) of a device that may be given by its mapper name (`mapper/cryptroot`).
    fn block_name(&self, device: &str) -> Option<String> {
        let Some(mapped) = device.strip_prefix("mapper/") else { return Some(device.to_owned()) };
        let entries = fs::read_dir(self.0.join("sys/class/block")).ok()?;
        let mut names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.find(|name| self.about(name, "dm/name").is_some_and(|said| said == mapped))
    }

    /// Whether a block device is encrypted itself or stands on nothing but encrypted ones; none where it is not known.
    fn is_encrypted(&self, name: &str, depth: u8) -> Option<bool> {
        /// Volumes on arrays on partitions: real stacks are four high at most.
        const DEEPEST: u8 = 8;
        let folder = self.block(name);
        if depth > DEEPEST || !folder.exists() {
            return None;
        }
        if self.about(name, "dm/uuid").is_some_and(|uuid| uuid.starts_with("CRYPT-")) {
            return Some(true);
        }
        let below = fs::read_dir(folder.join("slaves")).into_iter().flatten().flatten();
        let below: Vec<String> =
            below.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        if below.is_empty() {
            return Some(false);
        }
        below
            .iter()
            .map(|name| self.is_encrypted(name, depth + 1))
            .try_fold(true, |all, one| Some(all && one?))
    }

    fn block(&self, name: &str) -> PathBuf {
        self.0.join("sys/class/block").join(name)
    }

    fn about(&self, name: &str, what: &str) -> Option<String> {
        fs::read_to_string(self.block(name).join(what)).ok().map(|text| text.trim().to_owned())
    }

    fn text(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.0.join(path)).ok()
    }
}

fn badness(storage: Storage) -> u8 {
    match storage {
        Storage::Absent => 0,
        Storage::Memory => 1,
        Storage::Encrypted => 2,
        Storage::Unknown => 3,
        Storage::Plain => 4,
    }
}

/// A line of `/proc/self/mountinfo`.
struct Mount<'a> {
    kind: &'a str,
    source: &'a str,
}

/// The mount that holds `folder`: the longest mount point above it, and of equal ones the last, which covers the others
/// (proc(5), `mountinfo`).
fn mount_of<'a>(mounts: &'a str, folder: &Path) -> Option<Mount<'a>> {
    let mut best: Option<(usize, Mount<'a>)> = None;
    for line in mounts.lines() {
        let Some((left, right)) = line.split_once(" - ") else { continue };
        let mut right = right.split_whitespace();
        let (Some(point), Some(kind), Some(source)) =
            (left.split_whitespace().nth(4), right.next(), right.next())
        else {
            continue;
        };
        // The kernel writes a blank as an octal number.
        let point = PathBuf::from(point.replace("\\040", " "));
        let length = point.as_os_str().len();
        if folder.starts_with(&point) && best.as_ref().is_none_or(|(so_far, _)| *so_far <= length) {
            best = Some((length, Mount { kind, source }));
        }
    }
    best.map(|(_, mount)| mount)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 253:1 / / rw,relatime shared:1 - ext4 /dev/mapper/vg-root rw
30 22 0:25 / /run rw shared:2 - tmpfs tmpfs rw
31 22 8:1 / /boot rw shared:3 - ext4 /dev/sda1 rw
32 22 0:40 / /srv/shared\\040drive rw - nfs4 server:/x rw
33 22 0:41 / /srv/bea rw - ecryptfs /srv/.ecryptfs/bea rw
";

    /// A notebook with LVM on LUKS: sda2 under dm-0 (crypt), under dm-1 (root) and dm-2 (swap); sda1 is plain.
    fn machine(swaps: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("below the folder")).expect("folders");
            fs::write(path, text).expect("a file");
        };
        write("proc/self/mountinfo", MOUNTS);
        write("proc/swaps", &format!("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n{swaps}"));
        write(
            "etc/os-release",
            "NAME=\"Debian GNU/Linux\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n",
        );
        write("sys/class/block/sda1/size", "1");
        write("sys/class/block/sda2/size", "1");
        write("sys/class/block/dm-0/dm/uuid", "CRYPT-LUKS2-0123-sda2_crypt\n");
        write("sys/class/block/dm-0/dm/name", "sda2_crypt\n");
        write("sys/class/block/dm-0/slaves/sda2", "");
        for (name, called) in [("dm-1", "vg-root"), ("dm-2", "vg-swap")] {
            write(&format!("sys/class/block/{name}/dm/uuid"), "LVM-abc\n");
            write(&format!("sys/class/block/{name}/dm/name"), called);
            write(&format!("sys/class/block/{name}/slaves/dm-0"), "");
        }
        folder
    }

    fn swap_with(areas: &str) -> Storage {
        Machine(machine(areas).path()).swap()
    }

    fn storage_of(folder: &str) -> Storage {
        Machine(machine("").path()).storage_of(Path::new(folder))
    }

    #[test]
    fn a_volume_on_an_encrypted_partition_is_encrypted_and_a_partition_is_not() {
        assert_eq!(storage_of("/var/lib/chartkeep"), Storage::Encrypted);
        assert_eq!(storage_of("/boot/chartkeep"), Storage::Plain);
        assert_eq!(storage_of("/srv/bea/x"), Storage::Encrypted);
        assert_eq!(storage_of("/run/x"), Storage::Memory);
    }

    #[test]
    fn what_lies_elsewhere_or_is_not_described_is_unknown_and_never_called_encrypted() {
        assert_eq!(storage_of("/srv/shared drive/x"), Storage::Unknown);
        let empty = tempfile::tempdir().expect("a folder");
        assert_eq!(Machine(empty.path()).storage_of(Path::new("/x")), Storage::Unknown);
        assert_eq!(Machine(empty.path()).swap(), Storage::Unknown);
    }

    #[test]
    fn one_plain_swap_area_makes_all_of_it_plain() {
        let line = |name: &str, kind: &str| format!("{name}\t{kind}\t1048572\t0\t-2\n");
        assert_eq!(swap_with(""), Storage::Absent);
        assert_eq!(swap_with(&line("/dev/zram0", "partition")), Storage::Memory);
        assert_eq!(swap_with(&line("/dev/dm-2", "partition")), Storage::Encrypted);
        assert_eq!(swap_with(&line("/swapfile", "file")), Storage::Encrypted);
        let mixed = line("/dev/dm-2", "partition") + &line("/dev/sda1", "partition");
        assert_eq!(swap_with(&mixed), Storage::Plain);
        assert_eq!(swap_with(&line("/dev/sdz9", "partition")), Storage::Unknown);
    }

    #[test]
    fn the_system_says_its_name() {
        assert_eq!(Machine(machine("").path()).system(), "Debian GNU/Linux 12 (bookworm)");
    }
}
