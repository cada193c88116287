//! What an item has sealed: audit events for the server, and the server's answers for a workstation.

use uuid::Uuid;

use super::{Item, ItemHeader, ItemKind, ItemRefused};
use crate::layout::{Reader, Writer};
use crate::{
    AgreementPublic, AgreementSecret, BadPublicKey, Parcel, Purpose, Random, Signature, SigningKey,
    VerifyingKey,
};

/// Where events lie in the log of a workstation.
#[derive(Debug, Clone, Copy)]
pub struct EventsFrom {
    /// The practice.
    pub practice: Uuid,
    /// The workstation.
    pub device: Uuid,
    /// The log.
    pub log: Uuid,
    /// The index of the first.
    pub first: u64,
    /// How many.
    pub count: u32,
}

/// Events as they came out of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedEvents {
    /// The signed note over the log up to the last of them.
    pub note: String,
    /// The FHIR batch Bundle that holds them.
    pub batch: Vec<u8>,
}

impl Item {
    /// The item that carries events, sealed to the server.
    ///
    /// # Errors
    /// [`BadPublicKey`].
    pub fn of_events(
        from: &EventsFrom,
        events: &OpenedEvents,
        to: &AgreementPublic,
        random: &mut Random,
    ) -> Result<Self, BadPublicKey> {
        let header = ItemHeader {
            practice: from.practice,
            device: from.device,
            kind: ItemKind::Events,
            name: from.log,
            first: from.first,
            count: from.count,
            sealed_to: to.id(),
        };
        let plaintext = Writer::with_capacity(events.note.len() + events.batch.len() + 4)
            .bytes(events.note.as_bytes())
            .raw(&events.batch)
            .into_secret();
        let context = header.context();
        let body = to.seal(Parcel::CourierEvents, &context, plaintext.expose(), random)?;
        Ok(Self { header, body })
    }

    /// The item that carries the server's answers to one workstation: sealed to it, and signed by the server.
    ///
    /// # Errors
    /// [`BadPublicKey`].
    pub fn of_answers(
        practice: Uuid,
        device: Uuid,
        json: &[u8],
        signer: &SigningKey,
        to: &AgreementPublic,
        random: &mut Random,
    ) -> Result<Self, BadPublicKey> {
        let kind = ItemKind::Answers;
        let header =
            ItemHeader { practice, device, kind, name: device, first: 0, count: 0, sealed_to: to.id() };
        let context = header.context();
        let signature = signer.sign(Purpose::Receipt, &[context.as_slice(), json].concat());
        let plaintext = [signature.to_bytes().as_slice(), json].concat();
        let body = to.seal(Parcel::CourierAnswers, &context, &plaintext, random)?;
        Ok(Self { header, body })
    }

    /// Opens events with the server's sealing key.
    ///
    /// # Errors
    /// [`ItemRefused`].
    pub fn open_events(&self, secret: &AgreementSecret) -> Result<OpenedEvents, ItemRefused> {
        let opened = self.open(ItemKind::Events, Parcel::CourierEvents, secret)?;
        let mut reader = Reader::new(&opened);
        let note = reader.bytes().map_err(|_| ItemRefused)?;
        let note = String::from_utf8(note.to_vec()).map_err(|_| ItemRefused)?;
        let batch = opened.get(reader.read_so_far().len()..).ok_or(ItemRefused)?.to_vec();
        Ok(OpenedEvents { note, batch })
    }

    /// Opens answers with the workstation's own key; what comes out is the server's word.
    ///
    /// # Errors
    /// [`ItemRefused`], also where the server's key has not signed this.
    pub fn open_answers(
        &self,
        secret: &AgreementSecret,
        server: &VerifyingKey,
    ) -> Result<Vec<u8>, ItemRefused> {
        let opened = self.open(ItemKind::Answers, Parcel::CourierAnswers, secret)?;
        let (signature, json) = opened.split_at_checked(Signature::LENGTH).ok_or(ItemRefused)?;
        let signature = Signature::from_bytes(signature.try_into().map_err(|_| ItemRefused)?);
        let context = self.header.context();
        let signed = [context.as_slice(), json].concat();
        server.verify(Purpose::Receipt, &signed, &signature).map_err(|_| ItemRefused)?;
        Ok(json.to_vec())
    }

    fn open(&self, kind: ItemKind, parcel: Parcel, secret: &AgreementSecret) -> Result<Vec<u8>, ItemRefused> {
        if self.header.kind != kind {
            return Err(ItemRefused);
        }
        let context = self.header.context();
        let opened = secret.open(parcel, &context, &self.body).map_err(|_| ItemRefused)?;
        Ok(opened.expose().to_vec())
    }
}
