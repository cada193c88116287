//! The disk under this test binary: run again with a recorder between it and the system (`disk.c`), and what that saw.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Set in the process that was started by [`again_on`]: the folder to work in.
pub(crate) const ROOT: &str = "DISK_ROOT";

/// Something that a program did to the files under the folder.
#[derive(Debug)]
pub(crate) enum Op {
    Open { fd: u32, path: PathBuf, flags: u64 },
    Close { fd: u32 },
    Write { fd: u32, at: u64, bytes: Vec<u8> },
    Length { fd: u32, length: u64 },
    Sync { fd: u32 },
    Unlink { path: PathBuf },
    Folder { path: PathBuf },
    Link { from: PathBuf, to: PathBuf },
    Rename { from: PathBuf, to: PathBuf },
}

/// The folder to work in, when this process is the one that was started on it.
pub(crate) fn root() -> Option<PathBuf> {
    std::env::var_os(ROOT).map(PathBuf::from)
}

/// How often to try, from the environment or a number that is quick.
pub(crate) fn rounds(name: &str, usual: u32) -> u32 {
    std::env::var(name).ok().map_or(usual, |number| number.parse().unwrap())
}

/// This binary, to run one test of it in a process of its own.
pub(crate) fn this_test(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture"]);
    command
}

/// Runs one test of this binary again with the disk of `disk.c` under it. `None` where there is no `LD_PRELOAD`.
#[expect(clippy::print_stderr, reason = "a test that cannot run says so")]
pub(crate) fn again_on(root: &Path, test: &str, more: &[(&str, &OsStr)]) -> Option<Output> {
    if !cfg!(target_os = "linux") {
        eprintln!("not run: only Linux lets a test stand between a program and its disk");
        return None;
    }
    let library = tempfile::tempdir().unwrap();
    let shared = library.path().join("disk.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/disk.c");
    let args = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"].map(OsString::from);
    let built = Command::new("cc").args(args).arg(&shared).arg(&source).arg("-ldl").output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let mut command = this_test(test);
    command.env("LD_PRELOAD", &shared).env(ROOT, root).envs(more.iter().copied());
    Some(command.output().unwrap())
}

/// Reads what the recorder wrote.
pub(crate) fn read_ops(record: &Path) -> Vec<Op> {
    let bytes = fs::read(record).unwrap();
    let mut rest = bytes.as_slice();
    let mut ops = Vec::new();
    while let Some((head, after)) = rest.split_at_checked(17) {
        let fd = u32::from_le_bytes(head[1..5].try_into().unwrap());
        let number = u64::from_le_bytes(head[5..13].try_into().unwrap());
        let length = u32::from_le_bytes(head[13..17].try_into().unwrap());
        let (payload, after) = after.split_at(length as usize);
        ops.push(op(head[0], fd, number, payload));
        rest = after;
    }
    assert!(rest.is_empty(), "the record ends in the middle");
    ops
}

fn op(code: u8, fd: u32, number: u64, payload: &[u8]) -> Op {
    let text = |bytes: &[u8]| PathBuf::from(String::from_utf8(bytes.to_vec()).unwrap());
    let two = || {
        let middle = payload.iter().position(|byte| *byte == 0).unwrap();
        (text(&payload[..middle]), text(&payload[middle + 1..]))
    };
    match code {
        b'o' => Op::Open { fd, path: text(payload), flags: number },
        b'c' => Op::Close { fd },
        b'w' => Op::Write { fd, at: number, bytes: payload.to_vec() },
        b't' => Op::Length { fd, length: number },
        b's' => Op::Sync { fd },
        b'u' => Op::Unlink { path: text(payload) },
        b'm' => Op::Folder { path: text(payload) },
        b'l' => {
            let (from, to) = two();
            Op::Link { from, to }
        }
        b'r' => {
            let (from, to) = two();
            Op::Rename { from, to }
        }
        other => panic!("the recorder wrote {other}"),
    }
}
