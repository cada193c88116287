//! Unlock to first screen beyond Argon2id itself: slot file, used step, grants, drawers, the event, today's appointments.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use keys::slot::{self, Attempt, MadeSlot, NewSlot, OpenedSlot, SlotContents, SlotCost};
use keys::{AgreementSecret, Passphrase, Random, SigningKey, TotpSeed, VerifyingKey, grant, totp};
use records::Drawer;
use records::event::{AuditEvent, Observer, SignIn, Stamp};
use records::id::PersonId;
use records::rights::{Action, Trail};
use vault::{DayPart, Device, OpenGrant, Slots, StoredGrant, Vault};

use super::BenchResult;
use super::ROUNDS;
use super::clinic::{Clinic, DRAWERS, event_id, now};
use super::report::{Limit, Line};
use super::statistics::{by_round, millis, percentile, spread};
use super::stopwatch::timed;
use crate::practice::people::CLINICIAN;

const LIMIT_MS: f64 = 80.0;
const UNLOCKS: usize = 90;
/// Appointments that the window asks for at a time.
const FIRST_ROWS: u32 = 100;
/// Runs of the whole slot with its Argon2id, each beside a run of Argon2id alone.
const SLOT_RUNS: usize = 5;

/// Measures, and gives the vault of the last unlock back.
pub(super) fn measure(clinic: &mut Clinic, vault: Vault) -> BenchResult<(Vault, Line)> {
    let mut random = Random::from_os();
    let mut station = Station::prepare(clinic, vault, &mut random)?;
    let (opened, beyond) = station.slot_beyond_argon2(&mut random)?;
    let mut samples = Vec::with_capacity(UNLOCKS);
    let mut vault = None;
    for _ in 0..UNLOCKS {
        if let Some(open) = vault.take() {
            station.lock(open);
        }
        let (time, open) = timed(|| station.unlock(clinic, &opened, &mut random));
        vault = Some(open?);
        samples.push(time);
    }
    let vault = vault.ok_or("no unlock was measured")?;
    let note = format!(
        "p95; p50 {:.1} ms over {UNLOCKS} unlocks: slot file read, step recorded, {} grants opened, drawers keyed and proven, event durable, \
         the first {FIRST_ROWS} of today's appointments read. Opening the slot itself takes {beyond:.1} ms beyond Argon2id (difference of medians of {SLOT_RUNS}); the OS \
         keyring (11 to 30 ms a call) is not in it",
        millis(percentile(&samples, 500)),
        DRAWERS.len(),
    );
    let line = Line {
        name: "unlock to first screen, beyond Argon2id, p95",
        value: millis(percentile(&samples, 950)) + beyond,
        unit: "ms",
        limit: Some(Limit::Most(LIMIT_MS)),
        spread: Some(spread(&by_round(&samples, 500, ROUNDS))),
        note,
        reason: "two syncs, the used code and the event, and every page of the first screen is read and decrypted cold",
    };
    Ok((vault, line))
}

/// A locked workstation with a slot and grants.
struct Station {
    device: Option<Device>,
    slots: Slots,
    made: MadeSlot,
    passphrase: Passphrase,
    seed: TotpSeed,
    rights_key: VerifyingKey,
    person: PersonId,
    step: u64,
}

impl Station {
    fn prepare(clinic: &Clinic, vault: Vault, random: &mut Random) -> BenchResult<Station> {
        let mut device = vault.close();
        let (rights, agreement, seed) =
            (SigningKey::make(random), AgreementSecret::make(random), TotpSeed::make(random));
        let person = PersonId::from_uuid(CLINICIAN.id);
        let mut grants = Vec::new();
        for drawer in DRAWERS {
            grants.push(stored_grant(clinic, drawer, (&rights, &agreement), random)?);
        }
        device.replace_grants_of(person, &grants)?;
        let step = totp::step_at(now());
        let contents = SlotContents {
            person: CLINICIAN.id,
            signing: SigningKey::make(random),
            agreement,
            totp_seed: seed.duplicate(),
            last_step: step - 1,
            anchors: BTreeMap::new(),
        };
        let passphrase = Passphrase::from_typed(CLINICIAN.passphrase).ok_or("the passphrase is too long")?;
        let new = NewSlot {
            slot: random.uuid_v7(now()),
            device: clinic.identity.device.uuid(),
            contents: &contents,
            passphrase: &passphrase,
            window_days: slot::DEFAULT_WINDOW_DAYS,
            cost: SlotCost::STANDARD,
        };
        let made = slot::create(&new, random)?;
        let slots = Slots::new(clinic.folder());
        slots.write(person, made.generation, &made.file)?;
        let rights_key = rights.verifying_key();
        Ok(Station { device: Some(device), slots, made, passphrase, seed, rights_key, person, step })
    }

    /// Opens the slot, and says how many milliseconds that takes beyond its two runs of Argon2id.
    fn slot_beyond_argon2(&self, _random: &mut Random) -> BenchResult<(OpenedSlot, f64)> {
        let (mut whole, mut bare): (Vec<Duration>, Vec<Duration>) = (Vec::new(), Vec::new());
        let code = totp::code_at(&self.seed, self.step);
        let mut last = None;
        for _ in 0..SLOT_RUNS {
            let attempt = Attempt {
                passphrase: &self.passphrase,
                code: &code,
                k_slot: &self.made.k_slot,
                now: now(),
                last_used_step: None,
            };
            let (time, opened) = timed(|| slot::open(&self.made.file, &attempt));
            last = Some(opened?);
            whole.push(time);
            let (time, enough_memory) = timed(|| SlotCost::STANDARD.spend_unlock());
            if !enough_memory {
                return Err("this machine lacks the memory for Argon2id".into());
            }
            bare.push(time);
        }
        let opened = last.ok_or("no slot was opened")?;
        Ok((opened, (millis(percentile(&whole, 500)) - millis(percentile(&bare, 500))).max(0.0)))
    }

    /// Everything that stands between the right passphrase and the first screen, save Argon2id.
    fn unlock(&mut self, clinic: &Clinic, opened: &OpenedSlot, random: &mut Random) -> BenchResult<Vault> {
        let mut device = self.device.take().ok_or("the device is in use")?;
        let stored = self.slots.of(self.person)?;
        let found = stored.iter().any(|slot| slot::inspect(&slot.bytes).is_ok());
        device.use_step(self.person, self.step)?.map_err(|_used| "the step was used before")?;
        self.step += 1;
        let mut grants = Vec::new();
        for stored in device.grants_of(self.person)? {
            let secret = &opened.contents.agreement;
            let body =
                grant::open(&stored.bytes, &self.rights_key, secret, clinic.identity.device.uuid(), now())?;
            grants.push(OpenGrant { drawer: stored.drawer, keys: body.keys });
        }
        let mut vault =
            Vault::open(device, grants, Random::from_os(), now()).map_err(|error| error.to_string())?;
        let stamp = Stamp {
            id: event_id(random),
            at: now(),
            observer: Observer::Workstation(clinic.identity.device),
        };
        vault.device_mut().append(&AuditEvent::signed_in(
            stamp,
            &clinic.clinician(),
            CLINICIAN.name,
            SignIn::Offline,
        ))?;
        let permit = clinic.permit(&mut vault, Action::ViewSchedule, random)?;
        let half = SignedDuration::from_hours(12);
        let first = DayPart { from: now() - half, to: now() + half, after: None, limit: FIRST_ROWS };
        let today = vault.schedule(&permit, first, now())?;
        if !found || today.is_empty() {
            return Err("the first screen is empty".into());
        }
        Ok(vault)
    }

    fn lock(&mut self, vault: Vault) {
        self.device = Some(vault.close());
    }
}

fn stored_grant(
    clinic: &Clinic,
    drawer: Drawer,
    (rights, agreement): (&SigningKey, &AgreementSecret),
    random: &mut Random,
) -> BenchResult<StoredGrant> {
    let keys = clinic.keys.get(&drawer).ok_or("a drawer without keys")?.duplicate();
    let not_after = now() + SignedDuration::from_hours(24 * 45);
    let header = grant::GrantHeader {
        number: 1,
        practice: clinic.identity.practice.uuid(),
        device: clinic.identity.device.uuid(),
        person: CLINICIAN.id,
        drawer: drawer.as_str().to_owned(),
        generation: keys.generation,
        not_before: now() - SignedDuration::from_hours(1),
        not_after,
    };
    let generation = header.generation;
    let bytes = grant::issue(&grant::GrantBody { header, keys }, rights, &agreement.public(), random)?;
    Ok(StoredGrant {
        person: PersonId::from_uuid(CLINICIAN.id),
        drawer,
        generation,
        number: 1,
        not_after,
        bytes,
    })
}
