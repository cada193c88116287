//! Many small disasters, each from a seed: whatever happens, what was saved arrives once, whole and in order.

use crate::clinic::{Clinic, Dice};
use records::id::ChangeId;
use std::collections::BTreeSet;

#[test]
fn nothing_is_lost_or_doubled_however_bad_the_network() {
    for seed in 1..=150 {
        simulate(seed);
    }
}

fn simulate(seed: u64) {
    let mut dice = Dice::new(seed ^ 0xfeed);
    let mut clinic = Clinic::new(seed);
    let mut saved: Vec<(ChangeId, Option<ChangeId>)> = Vec::new();
    clinic.loss = dice.below(60);
    for _ in 0..40 {
        match dice.below(12) {
            0..=3 => {
                let base = (!saved.is_empty() && dice.hits(60))
                    .then(|| saved[usize::try_from(dice.below(saved.len() as u64)).unwrap()].0);
                let id = clinic.save(base);
                if dice.hits(15) {
                    clinic.server.refuses.insert(id);
                }
                saved.push((id, base));
            }
            4 => clinic.log(dice.below(3_000)),
            5 => *clinic.server.feed.entry("clinical").or_default() += dice.below(4_000),
            6 => *clinic.server.feed.entry("demographics").or_default() += dice.below(50),
            7 => clinic.open_session(),
            8 => clinic.restart(),
            9 => clinic.cut = !clinic.cut,
            10 => clinic.machine.handle_sync_now(clinic.now),
            _ => clinic.run(i64::try_from(dice.below(400)).unwrap()),
        }
        clinic.run(i64::try_from(dice.below(20)).unwrap());
    }
    clinic.loss = 0;
    clinic.cut = false;
    clinic.open_session();
    clinic.run(3_600);
    check(seed, &clinic, &saved);
}

fn check(seed: u64, clinic: &Clinic, saved: &[(ChangeId, Option<ChangeId>)]) {
    let (disk, server) = (&clinic.disk, &clinic.server);
    let applied: BTreeSet<_> = server.applied.iter().copied().collect();
    assert_eq!(applied.len(), server.applied.len(), "seed {seed}: a change was applied twice");
    let settled: BTreeSet<_> = disk.settled.iter().copied().collect();
    assert_eq!(settled.len(), disk.settled.len(), "seed {seed}: a change was settled twice");
    for (id, base) in saved {
        let is_stopped = disk.stopped.contains(id);
        assert!(
            settled.contains(id) != is_stopped,
            "seed {seed}: {id} is neither settled nor stopped, or both"
        );
        let in_outbox = disk.outbox.iter().any(|queued| queued.id == *id);
        assert_eq!(in_outbox, is_stopped, "seed {seed}: the outbox keeps what is stopped and nothing else");
        if let (Some(base), true) = (base, applied.contains(id)) {
            let place = |id: &ChangeId| server.applied.iter().position(|applied| applied == id);
            assert!(place(base) < place(id), "seed {seed}: {id} was applied before its base");
        }
    }
    assert_eq!(server.leaves, disk.leaves, "seed {seed}: the audit log differs");
    assert_eq!(disk.delivered, disk.leaves.len() as u64, "seed {seed}: delivery was not noticed");
    for drawer in ["clinical", "demographics"] {
        let end = server.feed.get(drawer).copied().unwrap_or(0);
        let received = disk.received.get(drawer).cloned().unwrap_or_default();
        assert!(received.iter().copied().eq(1..=end), "seed {seed}: {drawer} has a gap or a double");
    }
}
