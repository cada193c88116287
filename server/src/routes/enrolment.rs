//! A workstation joins: token in, certificate out; its drawer keys are made here.

use crate::answer::{Answer, Refusal, json};
use crate::audit_intake::receipt;
use crate::certifying;
use crate::custody::Sealed;
use crate::identity::blocking;
use crate::intake::{Json, SMALL};
use crate::practice::Practice;
use crate::store::{self, AlertKind, DeviceRow, NewDevice, StoreError, Transaction};
use crate::trail::ServerTrail;
use axum::extract::State;
use jiff::Timestamp;
use keys::certificate::{self, CertificateNotMade};
use keys::token::EnrolmentToken;
use keys::{AgreementPublic, DrawerKeys, Parcel, Random, VerifyingKey};
use records::id::DeviceId;
use records::rights::Trail as _;
use records::{AuditEvent, Drawer};
use std::sync::Arc;
use sync::wire::{Base64Bytes, EnrolRequest, EnrolResponse, ProblemCode, Rescue};

/// The practice, and where its main listener is.
#[derive(Clone, Debug)]
pub(crate) struct Enrolment {
    /// The practice.
    pub practice: Practice,
    /// `https://host:port`.
    pub server_url: Arc<str>,
}

/// The longest name of a workstation, in characters.
const LONGEST_LABEL: usize = 80;

/// `POST /v1/enrol`.
pub(crate) async fn enrol(
    State(enrolment): State<Enrolment>,
    Json(request): Json<EnrolRequest, SMALL>,
) -> Answer {
    let answer = blocking(move || {
        let practice = &enrolment.practice;
        let now = practice.clock.now();
        let admitted = store::write(practice.store.as_ref(), |tx| admit(&enrolment, tx, &request, now));
        if let Err(Refused::Token) = admitted {
            store::write(practice.store.as_ref(), |tx| record_refusal(practice, tx, now))?;
        }
        admitted.map_err(Refusal::from)
    })
    .await?;
    json(&answer)
}

enum Refused {
    Token,
    Other(Refusal),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Other(refusal)
    }
}

impl From<ProblemCode> for Refused {
    fn from(code: ProblemCode) -> Self {
        Self::Other(code.into())
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Token => ProblemCode::TokenRefused.into(),
            Refused::Other(refusal) => refusal,
        }
    }
}

fn admit(
    enrolment: &Enrolment,
    tx: &dyn Transaction,
    request: &EnrolRequest,
    now: Timestamp,
) -> Result<EnrolResponse, Refused> {
    let practice = &enrolment.practice;
    let token: EnrolmentToken = request.token.expose().parse().map_err(|_| Refused::Token)?;
    let hash = token.digest();
    let known = tx.token(&hash)?.filter(|row| row.used_by.is_none() && row.expires_at > now);
    let known = known.ok_or(Refused::Token)?;
    let mut random = Random::from_os();
    if known.device.is_none() && request.escrow_key.is_none() {
        // A workstation that asks for the key of its folder, with a token that makes a new one: the token stays good.
        return Err(Refused::Token);
    }
    let again = match known.device {
        // Revoked since two people agreed: the later word counts.
        Some(id) => Some(tx.device(id)?.filter(|row| row.revoked_at.is_none()).ok_or(Refused::Token)?),
        None => None,
    };
    let id = again.as_ref().map_or_else(|| DeviceId::from_uuid(random.uuid_v7(now)), |row| row.id);
    let planned = again.as_ref().map_or(&known.label, |row| &row.label);
    let standing = practice.authorities.standing();
    let certificate = standing.issuing().issue_client(&request.csr_pem, id.uuid(), now, &mut random);
    let certificate = certificate.map_err(|error: CertificateNotMade| match error {
        CertificateNotMade::BadRequest | CertificateNotMade::BadName => ProblemCode::Malformed,
        CertificateNotMade::BadKey | CertificateNotMade::Failed => ProblemCode::Internal,
    })?;
    let device = NewDevice {
        id,
        practice: practice.row.id,
        label: label(&request.device_label, planned),
        certificate: certifying::kept(&certificate)?,
        checkpoint_key: verifying_key(&request.checkpoint_key)?,
        agreement_key: AgreementPublic::from_bytes(
            request.agreement_key.to_array().ok_or(ProblemCode::Malformed)?,
        ),
        escrow: seal_escrow(practice, id, request.escrow_key.as_ref())?,
        enrolled_at: now,
    };
    let rescue = match &again {
        Some(row) => Some(give_back(practice, tx, row, &device, now)?),
        None => None,
    };
    if again.is_some() {
        tx.enrol_again(&device)?;
    } else {
        tx.insert_device(&device)?;
        make_drawer_keys(practice, tx, id, &mut random, now)?;
    }
    if !tx.use_token(&hash, id)? {
        return Err(Refused::Token);
    }
    record_enrolment(practice, tx, id, now)?;
    Ok(EnrolResponse {
        device_id: id,
        practice_id: practice.row.id,
        practice_name: practice.row.name.clone(),
        certificate_pem: certificate::to_pem(&[&certificate]),
        chain_pem: standing.chain_pem(),
        trust_bundle: practice.row.trust.clone(),
        server_url: enrolment.server_url.to_string(),
        escrowed: tx.escrow(id)?.is_some(),
        rescue,
    })
}

/// What the workstation had: the key of its `device.db`, for the keys it comes with now, and how far its log is known.
fn give_back(
    practice: &Practice,
    tx: &dyn Transaction,
    row: &DeviceRow,
    device: &NewDevice,
    now: Timestamp,
) -> Result<Rescue, Refused> {
    let log = row.log.map(|log| tx.log(log)).transpose()?.flatten();
    let log = log.and_then(|log| receipt(practice, &log, now));
    let Some(sealed) = tx.escrow(row.id)? else {
        return Ok(Rescue { escrow: None, log });
    };
    let key = practice.keys.open(Sealed::Escrow(row.id.uuid()), &sealed);
    let key = key.ok_or(StoreError::Unreadable("an escrow"))?;
    let context = row.id.uuid().into_bytes();
    // The key leaves the store for the workstation alone that two people have named.
    let parcel =
        device.agreement_key.seal(Parcel::DeviceKeyEscrow, &context, key.expose(), &mut Random::from_os());
    let parcel = parcel.map_err(|_| ProblemCode::Malformed)?;
    Ok(Rescue { escrow: Some(Base64Bytes(parcel)), log })
}

fn label(wanted: &str, planned: &str) -> String {
    let wanted: String = wanted.trim().chars().filter(|c| !c.is_control()).take(LONGEST_LABEL).collect();
    if wanted.is_empty() { planned.to_owned() } else { wanted }
}

fn verifying_key(bytes: &Base64Bytes) -> Result<VerifyingKey, ProblemCode> {
    let bytes = bytes.to_array().ok_or(ProblemCode::Malformed)?;
    VerifyingKey::from_bytes(bytes).map_err(|_| ProblemCode::Malformed)
}

fn seal_escrow(
    practice: &Practice,
    id: DeviceId,
    key: Option<&Base64Bytes>,
) -> Result<Option<Vec<u8>>, ProblemCode> {
    let Some(key) = key else { return Ok(None) };
    if key.as_slice().len() != 32 {
        return Err(ProblemCode::Malformed);
    }
    Ok(Some(practice.keys.seal(Sealed::Escrow(id.uuid()), key.as_slice())))
}

fn make_drawer_keys(
    practice: &Practice,
    tx: &dyn Transaction,
    id: DeviceId,
    random: &mut Random,
    now: Timestamp,
) -> Result<(), Refusal> {
    for drawer in Drawer::ALL {
        let made = DrawerKeys::make(1, random);
        let sealed = practice.keys.seal_drawer(id.uuid(), drawer.as_str(), &made);
        tx.insert_drawer_key((id, drawer), 1, &sealed, now)?;
    }
    Ok(())
}

fn record_enrolment(
    practice: &Practice,
    tx: &dyn Transaction,
    id: DeviceId,
    now: Timestamp,
) -> Result<(), Refusal> {
    let detail = "enrolled".to_owned();
    ServerTrail::new(practice, tx, now).alert(AlertKind::NewDevice, Some(id), None, detail)?;
    Ok(())
}

fn record_refusal(practice: &Practice, tx: &dyn Transaction, now: Timestamp) -> Result<(), Refusal> {
    let mut trail = ServerTrail::new(practice, tx, now);
    let event = AuditEvent::node_refused(trail.stamp(), trail.node(), "enrolment");
    trail.append(&event)?;
    Ok(())
}
