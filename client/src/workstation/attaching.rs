//! Attached files: put into a chart, and opened, fetched where they are not here.

use super::Workstation;
use crate::session::{self, AttachForm};
use crate::station::Station;
use crate::syncing::{Told, attachments};
use crate::view::SaveView;
use crate::{ClientError, Code};
use records::write::{Attached, SealedFile};
use std::sync::Arc;

impl Workstation {
    /// Attaches a file to a chart, sealed; it goes to the server in parts, also while locked.
    ///
    /// # Errors
    /// `needs-reason`, `not-your-role`, `disk-full`, `audit-failed`, `locked`: nothing was attached.
    pub fn attach(&self, form: AttachForm) -> Result<SaveView, ClientError> {
        let saved = self.save(move |session| session.attach(&form))?;
        let station = self.station()?;
        station.files_moved();
        station.driver().tell(Told::Attached);
        Ok(saved)
    }

    /// What is attached to a record. Where it is not on this workstation it is fetched, and a fetch that was cut off goes on.
    ///
    /// # Errors
    /// `attachment-not-here`, `server-away`, `needs-reason`, `not-found`, `not-your-role`, `locked`.
    pub fn attachment(&self, patient_id: &str, record_id: &str) -> Result<Vec<u8>, ClientError> {
        let station = self.desk()?;
        let (patient, record) = (patient_id.to_owned(), record_id.to_owned());
        let file = match station.ask(move |session| session.attachment(&patient, &record))? {
            Attached::Here(bytes) => return Ok(bytes),
            Attached::Sealed(file) => file,
        };
        let sealed = sealed(&station, &file)?;
        // Whoever locked meanwhile sees nothing.
        self.desk()?.ask(|_| Ok(()))?;
        session::open_attachment(&file, &sealed)
    }
}

fn sealed(station: &Arc<Station>, file: &SealedFile) -> Result<Vec<u8>, ClientError> {
    let id = file.attachment;
    let here = station.device().attachment(id)?;
    if let Some(sealed) = here {
        return Ok(sealed);
    }
    let fetching = station.clone();
    crate::net::wait(station.runtime(), async move { attachments::fetch(&fetching, id).await })?;
    let fetched = station.device().attachment(id)?;
    fetched.ok_or_else(|| Code::AttachmentNotHere.into())
}
