//! What people do at a workstation, in the order in which they do it: sign in, look for a patient, open the chart, read in it, go on to the
//! next, and lock. Each is decided as in the app, and recorded.

use jiff::{SignedDuration, Timestamp};
use keys::Random;
use records::event::{LockCause, Observer, SignIn, Stamp};
use records::id::{DeviceId, EventId, PatientId, PersonId, PracticeId, SessionId};
use records::rights::{Action, Facts, Relation, Rights, Trail as _, decide};
use records::{Actor, AuditEvent, DataClass, Purpose, Role};
use uuid::Uuid;

use crate::served::{Outcome, Station};

/// People at a workstation, who take turns.
const PEOPLE: u64 = 3;
/// Patients of the practice whose charts are opened.
const CHARTS: u64 = 20_000;

/// One thing after the other.
const ROUND: [Act; 12] = [
    Act::SignIn,
    Act::Search,
    Act::Open,
    Act::Read,
    Act::Read,
    Act::Search,
    Act::Open,
    Act::Read,
    Act::Schedule,
    Act::Open,
    Act::Read,
    Act::Lock,
];

#[derive(Clone, Copy)]
enum Act {
    SignIn,
    Schedule,
    Search,
    Open,
    Read,
    Lock,
}

/// Where the people of a workstation are.
pub(super) struct Acts {
    number: u64,
    device: DeviceId,
    practice: PracticeId,
    done: u64,
}

impl Acts {
    pub(super) fn of(number: u32, device: DeviceId, practice: PracticeId) -> Acts {
        Acts { number: number.into(), device, practice, done: 0 }
    }

    /// Records so many events, spread evenly over a time.
    pub(super) fn record(
        &mut self,
        station: &mut Station,
        count: u32,
        from: Timestamp,
        until: Timestamp,
    ) -> Outcome<()> {
        let step = from.duration_until(until) / i32::try_from(count.max(1))?;
        for number in 0..count {
            let at = from.checked_add(step * i32::try_from(number)?)?;
            self.act(station, at)?;
            self.done += 1;
        }
        Ok(())
    }

    fn act(&self, station: &mut Station, at: Timestamp) -> Outcome<()> {
        let length = ROUND.len() as u64;
        let (round, place) = (self.done / length, usize::try_from(self.done % length)?);
        let act = ROUND.get(place).ok_or("a round has an end")?;
        let actor = self.actor(round);
        let id = EventId::from_uuid(Random::from_os().uuid_v7(at));
        let stamp = Stamp { id, at, observer: Observer::Workstation(self.device) };
        let event = match act {
            Act::SignIn if round % PEOPLE == 0 => {
                AuditEvent::signed_in(stamp, &actor, "Fleet", SignIn::Offline)
            }
            Act::SignIn => AuditEvent::signed_in(stamp, &actor, "Fleet", SignIn::ReEntry),
            Act::Lock => AuditEvent::locked(stamp, &actor, LockCause::Idle),
            Act::Schedule => return self.decided(station, &actor, Action::ViewSchedule, None, (id, at)),
            Act::Search => return self.decided(station, &actor, Action::Search, None, (id, at)),
            Act::Open => {
                let patient = self.patient()?;
                return self.decided(station, &actor, Action::OpenChart, Some(patient), (id, at));
            }
            Act::Read => {
                let patient = self.patient()?;
                return self.decided(station, &actor, Action::Read, Some(patient), (id, at));
            }
        };
        let Ok(_position) = station.append(&event);
        Ok(())
    }

    fn decided(
        &self,
        station: &mut Station,
        actor: &Actor,
        action: Action,
        patient: Option<PatientId>,
        (id, at): (EventId, Timestamp),
    ) -> Outcome<()> {
        let facts = match patient {
            Some(patient) => {
                let relation = Relation::Care { until: at + SignedDuration::from_hours(24) };
                Facts::of_patient(self.practice, patient, vec![DataClass::ClinicalSummary], relation)
            }
            None => Facts::of_practice(self.practice),
        };
        let allowed = decide(Rights::built_in(), actor, action, &facts, at);
        let allowed = allowed.map_err(|denied| format!("{:?}", denied.reason()))?;
        let Ok(_permit) = allowed.with_tokens(&id.uuid().into_bytes()).permit(station, id, at);
        Ok(())
    }

    fn actor(&self, round: u64) -> Actor {
        let person = self.number * PEOPLE + round % PEOPLE;
        Actor {
            person: PersonId::from_uuid(Uuid::from_u128(0xc0de_0000 + u128::from(person))),
            practice: self.practice,
            roles: vec![Role::Clinician],
            device: self.device,
            session: SessionId::from_uuid(Uuid::from_u128(u128::from(round) + 1)),
            purpose: Purpose::usual(Role::Clinician),
        }
    }

    /// The patient of this part of the round: whoever was opened is read.
    fn patient(&self) -> Outcome<PatientId> {
        // A chart is opened at the places 2, 6 and 9 of a round.
        let (round, place) = (self.done / ROUND.len() as u64, self.done % ROUND.len() as u64);
        let visit = round * 3 + u64::from(place >= 6) + u64::from(place >= 9);
        let chart = (self.number * 7_919 + visit * 104_729) % CHARTS;
        Ok(Uuid::from_u128(0xca5e_0000 + u128::from(chart)).to_string().parse()?)
    }
}
