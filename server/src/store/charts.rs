//! Charts that workstations do not keep: which they are, and the marks that tell each drawer of it.

use super::{PageLimits, Records, StoreError};
use jiff::Timestamp;
use records::Drawer;
use records::id::{PatientId, PracticeId};
use records::rights::Permit;
use sync::wire::HistoryWriter;

/// How a patient's chart stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartRow {
    /// Whose.
    pub patient: PatientId,
    /// Whether nothing in it is of the time that was asked about.
    pub rests: bool,
    /// Whether workstations do not keep it, in one drawer at least.
    pub is_away: bool,
}

/// What a drawer's history says of a whole chart, at its place in the sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartMark {
    /// The place.
    pub seq: u64,
    /// Whose chart.
    pub patient: String,
    /// Whether workstations do not keep it.
    pub is_away: bool,
}

/// The marks, and what they are made from.
pub trait Charts: Records {
    /// The patients after `after`, in the order of their ids, and whether their charts rest: nothing in them is dated `since` or
    /// later, or was written at a workstation since. Where nothing is dated at all, the day of its arrival counts.
    fn charts(
        &self,
        practice: PracticeId,
        since: Timestamp,
        after: &str,
        most: u32,
    ) -> Result<Vec<ChartRow>, StoreError>;
    /// The drawers in which a patient has records that workstations need not keep: all but the one that says who is who.
    fn drawers_of_chart(&self, patient: &PatientId) -> Result<Vec<Drawer>, StoreError>;
    /// Marks a chart in one drawer as away or kept, in the place of an earlier mark, at the end of the sequence.
    fn mark_chart(
        &self,
        practice: PracticeId,
        patient: &PatientId,
        drawer: Drawer,
        is_away: bool,
    ) -> Result<(), StoreError>;
    /// Marks a chart as kept in every drawer in which it is away.
    fn bring_back(&self, practice: PracticeId, patient: &PatientId) -> Result<(), StoreError>;
    /// The marks of a drawer after a place in the sequence, in its order.
    fn marks_after(
        &self,
        practice: PracticeId,
        drawer: Drawer,
        after: u64,
        most: u32,
    ) -> Result<Vec<ChartMark>, StoreError>;
    /// Adds all that stands in one drawer of a patient to a page.
    fn chart(
        &self,
        permit: &Permit,
        patient: &str,
        drawer: Drawer,
        page: &mut HistoryWriter,
    ) -> Result<(), StoreError>;
    /// How many patients there are, and how many of their charts are away.
    fn count_charts(&self) -> Result<(u64, u64), StoreError>;
}

/// The marks of a drawer on their way into a page, beside the rows between which they stand.
pub(super) struct Marks {
    marks: std::iter::Peekable<std::vec::IntoIter<ChartMark>>,
    back: Option<ChartMark>,
}

impl Marks {
    /// Those after a place. The first that says that a chart is kept again ends the page, since the whole chart goes with it.
    pub(super) fn of(mut marks: Vec<ChartMark>) -> Self {
        let back = marks.iter().position(|mark| !mark.is_away);
        let back = back.and_then(|at| marks.split_off(at).into_iter().next());
        Self { marks: marks.into_iter().peekable(), back }
    }

    /// No row from this place on belongs to the page.
    pub(super) fn end(&self) -> u64 {
        self.back.as_ref().map_or(u64::MAX >> 1, |mark| mark.seq)
    }

    /// Adds the marks before a place to a page, and moves its end on; says whether the page was full before all were added.
    pub(super) fn tell_before(
        &mut self,
        seq: u64,
        limits: PageLimits,
        page: &mut HistoryWriter,
        end: &mut u64,
    ) -> bool {
        while let Some(mark) = self.marks.peek().filter(|mark| mark.seq < seq) {
            if limits.is_reached(page) {
                return true;
            }
            page.leave(&mark.patient);
            *end = mark.seq;
            self.marks.next();
        }
        false
    }

    /// The mark that ends the page.
    pub(super) fn back(self) -> Option<ChartMark> {
        self.back
    }
}
