//! Looks into every process of the app: which there are, and whether marked text is in their memory.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use aho_corasick::packed::Searcher;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};

/// What must not be in memory after a lock, in each way in which it could stand there.
#[derive(Clone)]
pub(crate) struct Canary {
    /// What it stands for in the report; the text or key itself is never printed.
    pub(crate) label: String,
    needles: Vec<Vec<u8>>,
}

impl Canary {
    /// Marks a text, as UTF-8 and as UTF-16LE.
    #[must_use]
    pub(crate) fn new(label: &str, text: &str) -> Canary {
        let wide = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        Canary { label: label.to_owned(), needles: vec![text.as_bytes().to_vec(), wide] }
    }

    /// Marks a key, as it is and as the hexadecimal digits that SQLCipher takes.
    #[must_use]
    pub(crate) fn of_key(label: &str, key: &[u8]) -> Canary {
        let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let needles = vec![key.to_vec(), digits.into_bytes()];
        Canary { label: label.to_owned(), needles }
    }
}

/// What one look into the memory of all processes found.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub(crate) struct Residue {
    /// Processes read, by id, with the program's name.
    pub(crate) processes: BTreeMap<u32, String>,
    /// Bytes read.
    pub(crate) bytes: u64,
    /// Places found, by canary and program.
    pub(crate) hits: BTreeMap<String, u64>,
}

impl Residue {
    /// All places found.
    #[must_use]
    pub(crate) fn total(&self) -> u64 {
        self.hits.values().sum()
    }

    /// The places of one canary.
    #[must_use]
    pub(crate) fn total_of(&self, label: &str) -> u64 {
        self.hits.iter().filter(|(found, _)| found.starts_with(label)).map(|(_, count)| count).sum()
    }
}

/// Makes this process the one that orphans below it fall to, so that no process of the app escapes the look.
///
/// # Errors
/// Where the kernel refuses (prctl(2), `PR_SET_CHILD_SUBREAPER`).
pub(crate) fn become_subreaper() -> io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).map_err(io::Error::from)
}

/// The processes below this one that belong to the app: the program itself and its web processes.
///
/// # Errors
/// Where the list of processes cannot be read.
pub(crate) fn of_app(app_binary: &Path) -> io::Result<BTreeMap<u32, String>> {
    let app = app_binary.canonicalize()?;
    let parents = parents()?;
    let mut found = BTreeMap::new();
    for &id in parents.keys() {
        if !descends_from(std::process::id(), id, &parents) {
            continue;
        }
        let Some(program) = program_of(id) else { continue };
        let name = program.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_web_process = name.starts_with("WebKit") && name != "WebKitWebDriver";
        if program == app || is_web_process {
            found.insert(id, name);
        }
    }
    Ok(found)
}

/// Ends every process of the app, as switching the computer off would, and waits until they are gone.
///
/// # Errors
/// Where one does not end within 10 s.
pub(crate) fn end(app_binary: &Path) -> io::Result<()> {
    for _ in 0..100 {
        let left = of_app(app_binary)?;
        if left.is_empty() {
            return Ok(());
        }
        for &id in left.keys() {
            signal(id, Signal::KILL);
        }
        // Those that fell to us when their parent ended are ours to reap; the driver reaps its own.
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    Err(io::Error::other("a process of the app does not end"))
}

/// Kills the processes that show the page, as running out of memory would.
///
/// # Errors
/// Where there is none.
pub(crate) fn kill_web_process(app_binary: &Path) -> io::Result<()> {
    let mut pages = of_app(app_binary)?;
    pages.retain(|_, name| name == "WebKitWebProcess");
    pages.keys().for_each(|id| signal(*id, Signal::KILL));
    if pages.is_empty() { Err(io::Error::other("the app has no web process")) } else { Ok(()) }
}

/// Where the running app listens for a driver: its environment says so, and outlives its lock.
///
/// # Errors
/// Where the app does not run, or is not to be driven.
pub(crate) fn driven_at(app_binary: &Path) -> io::Result<String> {
    const NAME: &[u8] = b"WEBKIT_INSPECTOR_SERVER=";
    let app = app_binary.canonicalize()?;
    for id in of_app(&app)?.into_keys().filter(|id| program_of(*id).as_ref() == Some(&app)) {
        let environment = fs::read(format!("/proc/{id}/environ"))?;
        let named = environment.split(|byte| *byte == 0).find_map(|line| line.strip_prefix(NAME));
        if let Some(address) = named {
            return Ok(String::from_utf8_lossy(address).into_owned());
        }
    }
    Err(io::Error::other("no app that can be driven"))
}

/// Every process of the app, stopped where it stood, so that a look of some seconds shows one moment. They go on when
/// this is dropped.
#[derive(Debug)]
pub(crate) struct Stopped(BTreeMap<u32, String>);

impl Stopped {
    /// Stops them all; those too that one of them started meanwhile.
    ///
    /// # Errors
    /// Where the list of processes cannot be read.
    pub(crate) fn now(app_binary: &Path) -> io::Result<Stopped> {
        let mut stopped = Stopped(BTreeMap::new());
        loop {
            let found = of_app(app_binary)?;
            if found.keys().all(|id| stopped.0.contains_key(id)) {
                return Ok(stopped);
            }
            for (id, name) in found {
                signal(id, Signal::STOP);
                stopped.0.insert(id, name);
            }
        }
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        for id in self.0.keys() {
            signal(*id, Signal::CONT);
        }
    }
}

/// Sends a signal; a process that has ended needs none.
fn signal(id: u32, signal: Signal) {
    if let Some(process) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _already_gone = kill_process(process, signal);
    }
}

/// Looks for every canary in the memory of every process of the app.
///
/// # Errors
/// Where a process that still lives cannot be read: a look that missed one proves nothing.
pub(crate) fn look_for(canaries: &[Canary], app: &Stopped) -> io::Result<Residue> {
    let mut residue = Residue { processes: app.0.clone(), ..Residue::default() };
    let marks = Marks::of(canaries)?;
    for (id, name) in residue.processes.clone() {
        match look_into(id, &marks) {
            Ok((bytes, hits)) => {
                residue.bytes += bytes;
                for (label, count) in hits {
                    *residue.hits.entry(format!("{label} in {name}")).or_default() += count;
                }
            }
            Err(_) if !Path::new(&format!("/proc/{id}")).exists() => {
                residue.processes.remove(&id);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(residue)
}

/// Everything to look for, in one pass.
struct Marks<'a> {
    searcher: Searcher,
    /// The label of each pattern.
    labels: Vec<&'a str>,
    longest: usize,
}

impl<'a> Marks<'a> {
    fn of(canaries: &'a [Canary]) -> io::Result<Self> {
        let needles = canaries.iter().flat_map(|canary| canary.needles.iter().map(move |one| (canary, one)));
        let (labels, needles): (Vec<&str>, Vec<&Vec<u8>>) =
            needles.map(|(canary, needle)| (canary.label.as_str(), needle)).unzip();
        let longest = needles.iter().map(|needle| needle.len()).max().unwrap_or(0);
        let searcher =
            Searcher::new(needles).ok_or_else(|| io::Error::other("more marks than can be sought"))?;
        Ok(Marks { searcher, labels, longest })
    }
}

type Hits = BTreeMap<String, u64>;

/// Bytes searched at once.
const STEP: usize = 4 << 20;

fn look_into(id: u32, marks: &Marks<'_>) -> io::Result<(u64, Hits)> {
    let memory = File::open(format!("/proc/{id}/mem"))?;
    let pages = File::open(format!("/proc/{id}/pagemap"))?;
    let mut buffer = vec![0_u8; STEP + marks.longest];
    let (mut bytes, mut hits) = (0, Hits::new());
    for range in readable_ranges(id)? {
        for (start, end) in populated(&pages, range)? {
            bytes += look_into_range(&memory, (start, end), &mut buffer, marks, &mut hits);
        }
    }
    Ok((bytes, hits))
}

/// Searches one run of pages in steps that overlap by the longest mark, so that none is cut in two.
fn look_into_range(
    memory: &File,
    (start, end): (u64, u64),
    buffer: &mut [u8],
    marks: &Marks<'_>,
    hits: &mut Hits,
) -> u64 {
    let mut at = start;
    while at < end {
        let want = buffer.len().min(usize::try_from(end - at).unwrap_or(usize::MAX));
        // A page may go between the list and the read; what is gone holds nothing.
        let got = memory.read_at(&mut buffer[..want], at).unwrap_or(0);
        if got == 0 {
            break;
        }
        // What begins in the overlap is counted in the next step.
        for found in marks.searcher.find_iter(&buffer[..got]).filter(|found| found.start() < STEP) {
            *hits.entry(marks.labels[found.pattern().as_usize()].to_owned()).or_default() += 1;
        }
        at += got.min(STEP) as u64;
    }
    at.min(end) - start
}

/// The runs of pages in `range` that are in memory or in swap; a web process maps gigabytes that it never touched.
fn populated(pages: &File, (start, end): (u64, u64)) -> io::Result<Vec<(u64, u64)>> {
    /// Bit 63 "present", bit 62 "swapped" (Documentation/admin-guide/mm/pagemap.rst of the kernel).
    const HELD: u64 = 0b11 << 62;
    const PAGE: u64 = 4096;
    let mut entries = vec![0_u8; usize::try_from((end - start) / PAGE * 8).unwrap_or(0)];
    let got = pages.read_at(&mut entries, start / PAGE * 8)?;
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for (number, entry) in entries[..got].chunks_exact(8).enumerate() {
        let entry = entry.iter().rev().fold(0_u64, |entry, byte| entry << 8 | u64::from(*byte));
        if entry & HELD == 0 {
            continue;
        }
        let page = start + number as u64 * PAGE;
        match runs.last_mut() {
            Some((_, end)) if *end == page => *end += PAGE,
            _ => runs.push((page, page + PAGE)),
        }
    }
    Ok(runs)
}

/// Mappings of the process that hold data: readable, and not the kernel's own pages.
fn readable_ranges(id: u32) -> io::Result<Vec<(u64, u64)>> {
    let maps = fs::read_to_string(format!("/proc/{id}/maps"))?;
    let mut ranges = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (Some(range), Some(rights)) = (words.next(), words.next()) else { continue };
        let kernel_page = ["[vvar", "[vsyscall]", "[vdso]"].iter().any(|name| line.contains(name));
        if !rights.starts_with('r') || kernel_page {
            continue;
        }
        let ends = range.split_once('-').and_then(|(start, end)| {
            Some((u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?))
        });
        ranges.extend(ends);
    }
    Ok(ranges)
}

fn parents() -> io::Result<BTreeMap<u32, u32>> {
    let mut parents = BTreeMap::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name in parentheses may itself hold blanks, so the fields are counted from its end (proc(5)).
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        if let Some(parent) = parent {
            parents.insert(id, parent);
        }
    }
    Ok(parents)
}

fn descends_from(ancestor: u32, mut id: u32, parents: &BTreeMap<u32, u32>) -> bool {
    while let Some(&parent) = parents.get(&id) {
        if parent == ancestor {
            return true;
        }
        id = parent;
    }
    false
}

fn program_of(id: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{id}/exe")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits_in_a_child_whose_environment_holds(text: &str, canary: &Canary) -> u64 {
        let mut child =
            std::process::Command::new("sleep").arg("5").env("MARK", text).spawn().expect("it runs");
        // Until it sleeps, the child is a copy of this test, which holds the canary itself, or half loaded.
        while program_of(child.id()) == program_of(std::process::id()) || !is_asleep(child.id()) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let marks = Marks::of(std::slice::from_ref(canary)).expect("two needles");
        let (bytes, hits) = look_into(child.id(), &marks).expect("a parent may read its child");
        child.kill().expect("it lives");
        child.wait().expect("it ends");
        assert!(bytes > 100_000, "it read {bytes} bytes");
        hits.values().sum()
    }

    fn is_asleep(id: u32) -> bool {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("it lives");
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
    }

    #[test]
    fn a_marked_text_is_found_in_another_process_and_only_where_it_is() {
        let canary = Canary::new("mark", "zinnober-4711");
        assert!(hits_in_a_child_whose_environment_holds("zinnober-4711", &canary) >= 1);
        assert_eq!(hits_in_a_child_whose_environment_holds("something else", &canary), 0);
    }

    #[test]
    fn the_parent_of_a_child_is_its_ancestor() {
        let mut child = std::process::Command::new("sleep").arg("5").spawn().expect("sleep runs");
        let parents = parents().expect("proc is there");
        assert!(descends_from(std::process::id(), child.id(), &parents));
        assert!(!descends_from(child.id(), std::process::id(), &parents));
        child.kill().expect("it lives");
        child.wait().expect("it ends");
    }
}
