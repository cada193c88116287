//! The person's keys here, sealed to their keys on their other workstations and handed to the server, which cannot open them:
//! so that from there a slot can be prepared for this one.

use std::sync::Arc;

use keys::twin::{self, TwinPlace};
use keys::{AgreementPublic, Random};
use sync::wire::{Base64Bytes, TwinsRequest, TwinsResponse, WantedTwin, path};

use crate::ClientError;
use crate::station::Station;

/// Gives the server the twins that it lacks. For nobody, when nobody is signed in any more.
pub(crate) async fn offer(station: &Arc<Station>) -> Result<(), ClientError> {
    let Some(token) = station.session_token() else { return Ok(()) };
    let server = station.server();
    let answer: TwinsResponse = server.call_as(Some(&token), path::TWINS, &TwinsRequest::default()).await?;
    let twins: Vec<Base64Bytes> = answer.wanted.iter().filter_map(|wanted| seal(station, wanted)).collect();
    if !twins.is_empty() {
        let _left: TwinsResponse = server.call_as(Some(&token), path::TWINS, &TwinsRequest { twins }).await?;
    }
    Ok(())
}

fn seal(station: &Station, wanted: &WantedTwin) -> Option<Base64Bytes> {
    let identity = station.identity();
    let to = AgreementPublic::from_bytes(wanted.agreement_key.to_array()?);
    let (person, signing, agreement) = station.parking().own_keys()?;
    let place = TwinPlace {
        practice: identity.practice.uuid(),
        person: person.uuid(),
        of: identity.device.uuid(),
        on: wanted.device.uuid(),
    };
    Some(twin::seal(&place, (&signing, &agreement), &to, &mut Random::from_os()).ok()?.into())
}
