//! How much memory a process holds, and how long it has computed, as the kernel counts it.

use std::time::Duration;

use super::Outcome;

/// Ticks a second in what the kernel tells of processes; the same on every machine that Linux runs on today.
const USER_HZ: u64 = 100;

/// Memory of a process, in KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// What is its own, and its share of what it has in common with others.
    pub(crate) pss: u64,
    /// The part of it that no file stands behind: what was allocated.
    pub(crate) anonymous: u64,
}

/// The memory that a process holds now.
pub(crate) fn memory_of(process: u32) -> Outcome<Memory> {
    let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let line = |name: &str| -> Option<u64> {
        let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
        rest.split_whitespace().next()?.parse().ok()
    };
    match (line("Pss:"), line("Pss_Anon:")) {
        (Some(pss), Some(anonymous)) => Ok(Memory { pss, anonymous }),
        (Some(_) | None, _) => Err("the kernel does not say how much memory a process holds".into()),
    }
}

/// How long a process has computed on any core, with those of its children that have ended.
pub(crate) fn cpu_of(process: u32) -> Outcome<Duration> {
    let (_, ticks) = stat_of(process)?;
    Ok(Duration::from_millis(ticks * 1000 / USER_HZ))
}

/// The children of a process that run now.
pub(super) fn children_of(process: u32) -> Outcome<Vec<u32>> {
    let mut children = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(number) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that has ended meanwhile counts with its parent.
        if stat_of(number).is_ok_and(|(parent, _)| parent == process) {
            children.push(number);
        }
    }
    Ok(children)
}

/// Whose child a process is, and its ticks of all four kinds.
fn stat_of(process: u32) -> Outcome<(u32, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, in brackets, may hold anything.
    let (_, rest) = text.rsplit_once(')').ok_or("the kernel's words on a process cannot be read")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |at: usize| fields.get(at).ok_or("the kernel says too little of a process");
    let mut ticks = 0;
    for at in 11..15 {
        ticks += field(at)?.parse::<u64>()?;
    }
    Ok((field(1)?.parse()?, ticks))
}
