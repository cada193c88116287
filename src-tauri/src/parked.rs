//! Memory that goes on through the `exec` of a lock: a file without a disk, handed on as standard input.
//!
//! It holds who may come back with the passphrase alone (`client::parking`). It is closed in every program that this one
//! starts, except in the image that replaces it.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileExt as _;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use client::parking::ParkedMemory;
use rustix::fs::{MemfdFlags, memfd_create};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Names the process to the image that replaces it; a child has another process id.
const HANDED: &str = "CHARTKEEP_PARKED";
const NAME: &str = "chartkeep-parked";
/// More than sixteen people take.
const MOST_BYTES: usize = 1024 * 1024;

/// The memory.
pub(crate) struct HandedOn {
    file: Mutex<File>,
    boot: Uuid,
}

impl HandedOn {
    /// The memory of the image before, or a new one.
    ///
    /// # Errors
    /// Where the system gives no such memory: then nobody comes back with the passphrase alone.
    pub(crate) fn take() -> io::Result<Self> {
        let inherited = inherited(std::env::var(HANDED).ok().as_deref())?;
        let file = inherited.map_or_else(make, Ok)?;
        Ok(Self { file: Mutex::new(file), boot: boot() })
    }

    /// Hands it to the program that is about to replace this one.
    ///
    /// # Errors
    /// Where the descriptor cannot be copied.
    pub(crate) fn hand_on(&self, command: &mut Command) -> io::Result<()> {
        let file = self.file().try_clone()?;
        command.stdin(Stdio::from(file)).env(HANDED, std::process::id().to_string());
        Ok(())
    }

    fn file(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ParkedMemory for HandedOn {
    fn boot(&self) -> Uuid {
        self.boot
    }

    fn load(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        let file = self.file();
        let mut bytes = Zeroizing::new(vec![0; length(&file)?]);
        file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    fn store(&self, bytes: &[u8]) -> io::Result<()> {
        let file = self.file();
        wipe(&file)?;
        file.set_len(0)?;
        file.write_all_at(bytes, 0)
    }
}

fn make() -> io::Result<File> {
    let sealed = memfd_create(NAME, MemfdFlags::CLOEXEC | MemfdFlags::NOEXEC_SEAL);
    // A kernel before 6.3 does not know that memory can be barred from being run.
    let memory = sealed.or_else(|_| memfd_create(NAME, MemfdFlags::CLOEXEC))?;
    Ok(File::from(memory))
}

/// The memory that came as standard input, which is then given away: nothing that this program starts shall have it.
fn inherited(holder: Option<&str>) -> io::Result<Option<File>> {
    let ours = holder == Some(std::process::id().to_string().as_str());
    let named = fs::read_link("/proc/self/fd/0").unwrap_or_default();
    if !ours || !named.to_string_lossy().starts_with(&format!("/memfd:{NAME}")) {
        return Ok(None);
    }
    let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(Some(file))
}

/// Which start of the machine this is.
fn boot() -> Uuid {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    text.trim().parse().unwrap_or_default()
}

/// Overwrites all of it: what is merely cut off lies in the machine's memory until somebody else is given that page.
fn wipe(file: &File) -> io::Result<()> {
    file.write_all_at(&vec![0; length(file)?], 0)
}

fn length(file: &File) -> io::Result<usize> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    if length > MOST_BYTES { Err(io::ErrorKind::InvalidData.into()) } else { Ok(length) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt as _;

    use super::*;

    const ROLE: &str = "CHARTKEEP_TEST_PARKED";

    #[test]
    fn what_was_put_is_there_and_what_was_there_before_is_not() {
        let memory = HandedOn::take().expect("the system gives memory");
        assert!(memory.load().expect("it reads").is_empty());
        memory.store(&[7; 4000]).expect("it writes");
        memory.store(b"short").expect("it writes");
        assert_eq!(memory.load().expect("it reads").as_slice(), b"short");
        memory.file().set_len(4000).expect("it grows");
        assert!(memory.load().expect("it reads").iter().skip(5).all(|byte| *byte == 0));
        assert_ne!(memory.boot(), Uuid::nil());
    }

    #[test]
    fn what_is_wiped_is_zero_to_its_last_byte() {
        let memory = HandedOn::take().expect("the system gives memory");
        memory.store(&[7; 9000]).expect("it writes");
        wipe(&memory.file()).expect("it writes");
        assert_eq!(memory.load().expect("it reads").as_slice(), [0; 9000]);
    }

    #[test]
    fn the_image_after_an_exec_has_it_and_a_child_of_that_has_not() {
        let child = test_again("before").output().expect("the test runs itself");
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(said.contains("after: who comes back"), "{said}");
        assert!(said.contains("child: nobody"), "{said}");
        assert!(said.contains("descriptors of the memory in the child: 0"), "{said}");
    }

    /// One of the programs of the test above; by itself it does nothing.
    #[test]
    fn as_one_of_the_images() {
        match std::env::var(ROLE).as_deref() {
            Ok("before") => {
                let memory = HandedOn::take().expect("the system gives memory");
                memory.store(b"who comes back").expect("it writes");
                let mut next = test_again("after");
                memory.hand_on(&mut next).expect("it is handed on");
                panic!("{}", next.exec());
            }
            Ok("after") => {
                println!("after: {}", said(&HandedOn::take().expect("it is taken over")));
                // A program that inherits everything, as the web view's do.
                let status = test_again("child").stdin(Stdio::inherit()).status().expect("it starts");
                assert!(status.success());
            }
            Ok("child") => {
                let held = fs::read_dir("/proc/self/fd").expect("it lists").flatten();
                let of_memory = |entry: &fs::DirEntry| {
                    fs::read_link(entry.path()).is_ok_and(|to| to.to_string_lossy().contains(NAME))
                };
                println!("descriptors of the memory in the child: {}", held.filter(of_memory).count());
                println!("child: {}", said(&HandedOn::take().expect("a new one")));
            }
            Ok(_) | Err(_) => {}
        }
    }

    fn said(memory: &HandedOn) -> String {
        let bytes = memory.load().expect("it reads");
        if bytes.is_empty() { "nobody".to_owned() } else { String::from_utf8_lossy(&bytes).into_owned() }
    }

    fn test_again(role: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("this test"));
        command.args(["--exact", "parked::tests::as_one_of_the_images", "--nocapture"]).env(ROLE, role);
        command
    }
}
