//! Two charts of one person.

use client::view::{AlikePairsForm, AlikePairsView, AlikeRow, ChartsCompared, JoinForm, SaveView};

use super::{Answer, Desk};
use crate::view::ChartRef;

impl Desk {
    pub(crate) fn alike_charts(&self, form: ChartRef) -> Answer<Vec<AlikeRow>> {
        self.workstation.alike_charts(&form.patient_id)
    }

    pub(crate) fn count_alike(&self) -> Answer<u64> {
        self.workstation.count_alike()
    }

    pub(crate) fn alike_pairs(&self, form: AlikePairsForm) -> Answer<AlikePairsView> {
        self.workstation.alike_pairs(form)
    }

    pub(crate) fn compare_charts(&self, form: JoinForm) -> Answer<ChartsCompared> {
        self.workstation.compare_charts(form)
    }

    pub(crate) fn join_charts(&self, form: JoinForm) -> Answer<SaveView> {
        self.workstation.join_charts(form)
    }

    pub(crate) fn tell_charts_apart(&self, form: JoinForm) -> Answer<SaveView> {
        self.workstation.tell_charts_apart(form)
    }

    pub(crate) fn take_back_apart(&self, form: JoinForm) -> Answer<SaveView> {
        self.workstation.take_back_apart(form)
    }

    pub(crate) fn separate_charts(&self, form: JoinForm) -> Answer<SaveView> {
        self.workstation.separate_charts(form)
    }
}
