//! Failed attempts are counted twice, in `device.db` and in the keyring: an old copy of the one gives nobody fresh tries.

use std::collections::BTreeMap;
use std::time::Duration;

use records::event::AuditEvent;
use uuid::Uuid;
use vault::{Subject, Throttle};

use crate::ClientError;
use crate::keyring::{Keyring, KeyringProblem};
use crate::station::Station;
use crate::throttle;

/// The name of the item in the keyring.
pub(crate) const ITEM: &str = "tries";
const MAGIC: [u8; 4] = *b"CKT\x01";
/// Name token 16 · rounds 8 · failures 4 · milliseconds since boot 8 · boot 16, all big-endian.
const ENTRY: usize = 16 + 8 + 4 + 8 + 16;
/// So many names; the ones with the fewest failures go first.
const MOST_NAMES: usize = 64;

/// How sign-ins under a name went, by whichever of the two counts has seen more.
pub(crate) fn of(station: &Station, name: [u8; 16]) -> Result<Throttle, ClientError> {
    let kept = station.device().throttle(Subject(name))?;
    let anchored = anchors(station.keyring()).unwrap_or_else(|problem| {
        // What holds the slot's half back holds the slot shut; so this alone gives no tries.
        tracing::warn!(%problem, "the count of failed attempts in the keyring cannot be read");
        BTreeMap::new()
    });
    Ok(kept.into_iter().chain(anchored.get(&name).copied()).max().unwrap_or_else(throttle::none))
}

/// Counts a failure and records it, before the person learns of it.
pub(crate) fn note_failure(station: &Station, name: [u8; 16], before: &Throttle) -> Result<(), ClientError> {
    let after = throttle::failed(before, &station.reading());
    station.device().keep_throttle(Subject(name), &after)?;
    anchor(station.keyring(), name, &after);
    station.record(&[AuditEvent::sign_in_failed(station.stamp(), station.node(), Some(&name))])
}

/// Ends the row of failures. Without one there is nothing to end, and the keyring is left alone.
pub(crate) fn note_success(station: &Station, name: [u8; 16], before: &Throttle) -> Result<(), ClientError> {
    if before.failures == 0 {
        return Ok(());
    }
    let after = throttle::succeeded(before);
    station.device().keep_throttle(Subject(name), &after)?;
    anchor(station.keyring(), name, &after);
    Ok(())
}

/// A keyring that takes nothing now keeps nobody out: `device.db` has counted.
fn anchor(keyring: &dyn Keyring, name: [u8; 16], throttle: &Throttle) {
    let kept = anchors(keyring).and_then(|mut all| {
        all.insert(name, *throttle);
        keyring.write(ITEM, &to_bytes(&all))
    });
    if let Err(problem) = kept {
        tracing::warn!(%problem, "failed attempts were not counted in the keyring as well");
    }
}

fn anchors(keyring: &dyn Keyring) -> Result<BTreeMap<[u8; 16], Throttle>, KeyringProblem> {
    match keyring.read(ITEM)? {
        None => Ok(BTreeMap::new()),
        Some(bytes) => from_bytes(&bytes).ok_or(KeyringProblem::Unreadable),
    }
}

fn to_bytes(all: &BTreeMap<[u8; 16], Throttle>) -> Vec<u8> {
    let mut entries: Vec<_> = all.iter().collect();
    entries.sort_by_key(|(_, throttle)| std::cmp::Reverse(throttle.failures));
    entries.truncate(MOST_NAMES);
    let mut bytes = MAGIC.to_vec();
    for (name, throttle) in entries {
        let last_at = u64::try_from(throttle.last_at.as_millis()).unwrap_or(u64::MAX);
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(&throttle.rounds.to_be_bytes());
        bytes.extend_from_slice(&throttle.failures.to_be_bytes());
        bytes.extend_from_slice(&last_at.to_be_bytes());
        bytes.extend_from_slice(throttle.boot.as_bytes());
    }
    bytes
}

fn from_bytes(bytes: &[u8]) -> Option<BTreeMap<[u8; 16], Throttle>> {
    let entries = bytes.strip_prefix(&MAGIC)?;
    let (entries, rest) = entries.as_chunks::<ENTRY>();
    (rest.is_empty() && entries.len() <= MOST_NAMES).then_some(())?;
    let mut all = BTreeMap::new();
    for entry in entries {
        let (name, entry) = entry.split_first_chunk::<16>()?;
        let (rounds, entry) = entry.split_first_chunk()?;
        let (failures, entry) = entry.split_first_chunk()?;
        let (last_at, boot) = entry.split_first_chunk()?;
        let throttle = Throttle {
            rounds: u64::from_be_bytes(*rounds),
            failures: u32::from_be_bytes(*failures),
            last_at: Duration::from_millis(u64::from_be_bytes(*last_at)),
            boot: Uuid::from_slice(boot).ok()?,
        };
        // A name stands once.
        all.insert(*name, throttle).is_none().then_some(())?;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(failures: u32) -> Throttle {
        Throttle { rounds: 3, failures, last_at: Duration::from_millis(0x0102), boot: Uuid::from_u128(5) }
    }

    #[test]
    fn the_format_stays_as_it_is() {
        let bytes = to_bytes(&BTreeMap::from([([0xaa; 16], throttle(7))]));
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let (name, boot) = ("aa".repeat(16), format!("{:032x}", 5));
        assert_eq!(text, format!("434b5401{name}0000000000000003{}{}{boot}", "00000007", "0000000000000102"));
        assert_eq!(from_bytes(&bytes), Some(BTreeMap::from([([0xaa; 16], throttle(7))])));
    }

    #[test]
    fn anything_else_is_refused() {
        let bytes = to_bytes(&BTreeMap::from([([1; 16], throttle(1))]));
        let twice = [bytes.as_slice(), &bytes[4..]].concat();
        let newer = [b"CKT\x02", &bytes[4..]].concat();
        for wrong in [&bytes[..bytes.len() - 1], &[], &twice, &newer] {
            assert_eq!(from_bytes(wrong), None);
        }
    }

    #[test]
    fn a_flood_of_names_pushes_out_the_ones_with_the_fewest_failures() {
        let all: BTreeMap<_, _> = (0..200_u8).map(|n| ([n; 16], throttle(u32::from(n)))).collect();
        let kept = from_bytes(&to_bytes(&all)).unwrap();
        assert_eq!(kept.len(), MOST_NAMES);
        assert!(kept.values().all(|throttle| throttle.failures >= 136));
    }
}
