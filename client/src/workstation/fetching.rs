//! Charts that this workstation does not keep.

use super::Workstation;
use crate::ClientError;
use crate::view::ChartView;

impl Workstation {
    /// Fetches a chart that this workstation does not keep, for a day, and opens it anew.
    ///
    /// # Errors
    /// `server-away` and what else keeps the server from answering: what is here stays as it was; and as
    /// [`Workstation::open_chart`].
    pub fn fetch_chart(&self, patient_id: &str) -> Result<ChartView, ClientError> {
        let station = self.desk()?;
        station.fetch_chart(patient_id)?;
        self.open_chart(patient_id, None)
    }
}
