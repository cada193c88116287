//! How much memory a process holds, as the kernel counts it.

use super::Outcome;

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
