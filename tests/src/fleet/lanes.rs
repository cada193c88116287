//! So many workstations at once as there are lanes, one after another in each.

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::plan::Plan;
use super::stop::Stop;
use super::tally::Tally;
use super::workplace::{When, Workplace};
use crate::served::Outcome;

/// All workstations, dealt out.
pub(super) struct Lanes(Vec<Vec<Workplace>>);

/// What every workstation does next.
#[derive(Clone, Copy)]
pub(super) enum Task {
    /// A shift of the plan.
    Shift(Plan, usize, When),
    /// Those with something left to tell or to hear.
    ComeBack(Timestamp),
}

impl Lanes {
    pub(super) fn deal(workplaces: Vec<Workplace>, lanes: u32) -> Lanes {
        let lanes = lanes as usize;
        let mut dealt: Vec<Vec<Workplace>> = (0..lanes).map(|_| Vec::new()).collect();
        for (number, workplace) in workplaces.into_iter().enumerate() {
            if let Some(lane) = dealt.get_mut(number % lanes) {
                lane.push(workplace);
            }
        }
        Lanes(dealt)
    }

    /// Every workstation does it, unless the run is to stop before its turn.
    pub(super) async fn all(&mut self, task: Task, stop: &Stop) -> Outcome<Tally> {
        let mut at_work = JoinSet::new();
        for lane in self.0.drain(..) {
            at_work.spawn(go_through(lane, task, stop.clone()));
        }
        let mut all = Tally::default();
        while let Some(done) = at_work.join_next().await {
            let (lane, tally) = done?;
            self.0.push(lane);
            all.add(tally?);
        }
        Ok(all)
    }

    /// How many events and changes the server has not acknowledged.
    pub(super) fn unsent(&self) -> usize {
        self.0.iter().flatten().map(Workplace::unsent).sum()
    }

    /// The workstations, in the order of their numbers.
    pub(super) fn gather(self) -> Vec<Workplace> {
        let mut all: Vec<Workplace> = self.0.into_iter().flatten().collect();
        all.sort_by_key(|workplace| workplace.number);
        all
    }
}

async fn go_through(mut lane: Vec<Workplace>, task: Task, stop: Stop) -> (Vec<Workplace>, Outcome<Tally>) {
    let mut tally = Tally::default();
    for workplace in &mut lane {
        if stop.is_told() {
            break;
        }
        match task {
            Task::Shift(plan, number, when) => {
                let shift = plan.shift(workplace.number, when.day, number);
                if let Err(error) = workplace.work(shift, when, &mut tally).await {
                    return (lane, Err(error));
                }
            }
            Task::ComeBack(at) => workplace.come_back(at, &mut tally).await,
        }
    }
    (lane, Ok(tally))
}
