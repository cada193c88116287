//! How far this workstation had come, noted in the keyring: what finds a data folder, or a drawer, that was put back.
//!
//! Whoever copies the data folder and puts it back later has no way to set the keyring back with it. The item is written
//! after what it tells of is durable, so a folder is never behind it unless it is an older one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use records::Drawer;
use records::id::LogId;
use uuid::Uuid;
use vault::{Anchor, Device, StoreError};

use crate::keyring::{Keyring, KeyringProblem};

/// The name of the item.
const ITEM: &str = "anchors";
const VERSION: u8 = 1;

/// What was noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Anchors {
    /// The audit log of this workstation.
    pub(crate) log: LogId,
    /// How many entries it had.
    pub(crate) size: u64,
    /// Its root over these.
    pub(crate) root: [u8; 32],
    /// When this was noted.
    pub(crate) noted_at: Timestamp,
    /// How far each drawer had come.
    pub(crate) drawers: BTreeMap<Drawer, Anchor>,
}

impl Anchors {
    /// Reads the item; `None` when there is none.
    ///
    /// # Errors
    /// The state of the keyring; an item that cannot be read is a failure, and is not written over.
    pub(crate) fn read(keyring: &dyn Keyring) -> Result<Option<Self>, KeyringProblem> {
        match keyring.read(ITEM)? {
            None => Ok(None),
            Some(bytes) => Self::from_bytes(&bytes).map(Some).ok_or(KeyringProblem::Failed),
        }
    }

    /// Writes the item.
    ///
    /// # Errors
    /// The state of the keyring; the item before then stands.
    pub(crate) fn write(&self, keyring: &dyn Keyring) -> Result<(), KeyringProblem> {
        keyring.write(ITEM, &self.to_bytes())
    }

    /// Removes the item, with the folder it tells of.
    ///
    /// # Errors
    /// The state of the keyring.
    pub(crate) fn forget(keyring: &dyn Keyring) -> Result<(), KeyringProblem> {
        keyring.delete(ITEM)
    }

    /// Whether the log in `device.db` is this one, as long or longer.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub(crate) fn holds_for(&self, device: &Device) -> Result<bool, StoreError> {
        let head = device.head_at(self.size)?;
        Ok(head.is_some_and(|head| *head.root.as_bytes() == self.root))
    }

    /// Whether two notes tell of the same, whenever they were made.
    pub(crate) fn tells_the_same(&self, other: &Self) -> bool {
        Self { noted_at: other.noted_at, ..self.clone() } == *other
    }

    /// `01 · log 16 · size 8 · root 32 · noted at, ms since 1970, 8 · (drawer's place in the list of drawers 1 · sequence 8 ·
    /// digest 32)*`; numbers big-endian.
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(self.log.uuid().as_bytes());
        bytes.extend_from_slice(&self.size.to_be_bytes());
        bytes.extend_from_slice(&self.root);
        bytes.extend_from_slice(&self.noted_at.as_millisecond().to_be_bytes());
        for (place, drawer) in (0_u8..).zip(Drawer::ALL) {
            if let Some(anchor) = self.drawers.get(&drawer) {
                bytes.push(place);
                bytes.extend_from_slice(&anchor.sequence.to_be_bytes());
                bytes.extend_from_slice(&anchor.digest);
            }
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        (*version == VERSION).then_some(())?;
        let (log, rest) = rest.split_first_chunk()?;
        let (size, rest) = rest.split_first_chunk()?;
        let (root, rest) = rest.split_first_chunk()?;
        let (noted_at, mut rest) = rest.split_first_chunk()?;
        let mut drawers = BTreeMap::new();
        while let Some((place, after)) = rest.split_first() {
            let drawer = *Drawer::ALL.get(usize::from(*place))?;
            let (sequence, after) = after.split_first_chunk()?;
            let (digest, after) = after.split_first_chunk()?;
            let anchor = Anchor { sequence: u64::from_be_bytes(*sequence), digest: *digest };
            drawers.insert(drawer, anchor).is_none().then_some(())?;
            rest = after;
        }
        Some(Self {
            log: LogId::from_uuid(Uuid::from_bytes(*log)),
            size: u64::from_be_bytes(*size),
            root: *root,
            noted_at: Timestamp::from_millisecond(i64::from_be_bytes(*noted_at)).ok()?,
            drawers,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted() -> Anchors {
        Anchors {
            log: LogId::from_uuid(Uuid::from_u128(7)),
            size: 258,
            root: [5; 32],
            noted_at: "2026-11-22T10:00:00Z".parse().unwrap(),
            drawers: BTreeMap::from([(Drawer::Clinical, Anchor { sequence: 3, digest: [9; 32] })]),
        }
    }

    #[test]
    fn an_item_is_written_like_this_for_ever() {
        let hex: String = noted().to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let expected = [
            "01",
            "00000000000000000000000000000007",
            "0000000000000102",
            &"05".repeat(32),
            "000001a202b2c500",
            "01",
            "0000000000000003",
            &"09".repeat(32),
        ];
        assert_eq!(hex, expected.concat());
        assert_eq!(Anchors::from_bytes(&noted().to_bytes()), Some(noted()));
    }

    #[test]
    fn an_item_that_is_cut_off_or_too_long_is_none() {
        let whole = noted().to_bytes();
        for length in (0..whole.len()).filter(|length| *length != 65) {
            assert_eq!(Anchors::from_bytes(&whole[..length]), None, "{length}");
        }
        assert_eq!(Anchors::from_bytes(&[&whole[..], &[1]].concat()), None);
        assert_eq!(Anchors::from_bytes(&[&whole[..], &whole[65..]].concat()), None, "a drawer twice");
        let newer = [&[2], &whole[1..]].concat();
        assert_eq!(Anchors::from_bytes(&newer), None);
    }
}
