//! How many connections there are, of whom; each gives its place back when it ends.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Of all peers together.
    pub in_all: usize,
    /// Of one peer.
    pub each: usize,
}

/// Whom a connection is counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Peer {
    /// An address; of IPv6 the network, since one host has all of it.
    Address(IpAddr),
    /// The fingerprint of a certificate.
    Certificate([u8; 32]),
}

/// The places of one kind.
pub(super) struct Places {
    room: Room,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    in_all: usize,
    each: BTreeMap<Peer, usize>,
}

/// A place that is taken until this is dropped.
pub(crate) struct Place {
    peer: Peer,
    taken: Arc<Mutex<Taken>>,
}

impl Peer {
    pub(super) fn of_address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
        })
    }
}

impl Places {
    pub(super) fn new(room: Room) -> Self {
        Self { room, taken: Arc::default() }
    }

    /// A place for one more connection of a peer, if there is one.
    pub(super) fn take(&self, peer: Peer) -> Option<Place> {
        let mut taken = locked(&self.taken);
        let of_peer = taken.each.get(&peer).copied().unwrap_or(0);
        if taken.in_all >= self.room.in_all || of_peer >= self.room.each {
            return None;
        }
        taken.in_all += 1;
        taken.each.insert(peer, of_peer + 1);
        Some(Place { peer, taken: Arc::clone(&self.taken) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = locked(&self.taken);
        taken.in_all = taken.in_all.saturating_sub(1);
        let left = taken.each.remove(&self.peer).unwrap_or(0).saturating_sub(1);
        if left > 0 {
            taken.each.insert(self.peer, left);
        }
    }
}

fn locked(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        Peer::of_address(address.parse().unwrap())
    }

    #[test]
    fn a_peer_gets_its_share_and_the_others_get_theirs() {
        let places = Places::new(Room { in_all: 5, each: 2 });
        let mut held: Vec<Place> = Vec::new();
        for (who, gets) in [("192.0.2.1", 2), ("192.0.2.2", 2), ("192.0.2.3", 1)] {
            let got: Vec<_> = (0..4).filter_map(|_| places.take(peer(who))).collect();
            assert_eq!(got.len(), gets, "{who}");
            held.extend(got);
        }
        held.remove(0);
        assert!(places.take(peer("192.0.2.2")).is_none(), "the place that is free is not for who has two");
        assert!(places.take(peer("192.0.2.1")).is_some());
        held.clear();
        assert!(locked(&places.taken).each.is_empty(), "nothing is kept of who has gone");
    }

    #[test]
    fn a_network_of_ipv6_is_one_peer_and_a_mapped_address_is_the_address() {
        assert_eq!(peer("2001:db8:1:2::1"), peer("2001:db8:1:2:ffff::9"));
        assert_ne!(peer("2001:db8:1:2::1"), peer("2001:db8:1:3::1"));
        assert_eq!(peer("::ffff:192.0.2.1"), peer("192.0.2.1"));
    }
}
