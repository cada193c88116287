//! A light-weight workstation: a certificate, a log of its own with marks and signed checkpoints, and no disk. Many of them fit into one
//! process; on the wire they are told from the real ones by nothing.

use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::https::{PinnedRoot, Server, TlsMaterial};
use jiff::Timestamp;
use keys::certificate::{self, CertificateRequest};
use keys::token::EnrolmentToken;
use keys::trust::TrustBundle;
use keys::{AgreementSecret, Random, SigningKey};
use records::id::{DeviceId, EventId, LogId, PersonId, PracticeId, SessionId};
use records::log::{LogPosition, Tree};
use records::rights::{Action, Facts, Relation, Rights, Trail, decide};
use records::{Actor, AuditEvent, DataClass, Purpose, Role};
use sync::wire::{self, SecretText};
use uuid::Uuid;

use super::Outcome;
use super::logbook::{Batch, Logbook};

/// A workstation without a disk.
pub(crate) struct Station {
    server: Server,
    /// Its id.
    pub(crate) id: DeviceId,
    /// Its practice.
    pub(crate) practice: PracticeId,
    /// Its audit log.
    pub(crate) log: LogId,
    /// SHA-256 of its certificate.
    pub(crate) certificate: [u8; 32],
    /// What it knows of the server's keys.
    pub(crate) trust: TrustBundle,
    logbook: Logbook,
}

impl Station {
    /// Joins a practice whose enrolment listener is at `address`.
    pub(crate) async fn enrol(address: &str, token: &str, now: Timestamp) -> Outcome<Station> {
        let (joined, joining) = join(address, token).await?;
        Station::joined(&joined, joining, now)
    }

    fn joined(joined: &wire::EnrolResponse, joining: Joining, now: Timestamp) -> Outcome<Station> {
        // EXPOSE: rustls needs the bytes of the key.
        let key = joining.request.key.expose();
        let tls = TlsMaterial::workstation(joining.root, &joined.certificate_pem, &joined.chain_pem, key)?;
        let shown = certificate::from_pem(&joined.certificate_pem)?;
        let chain = certificate::from_pem(&joined.chain_pem)?;
        let bundle = STANDARD.decode(&joined.trust_bundle)?;
        let anchor = chain.get(1).ok_or("the chain has no root")?;
        let trust = TrustBundle::verify(&bundle, anchor, joined.practice_id.uuid(), None)?;
        let (id, practice) = (joined.device_id, joined.practice_id);
        let logbook = Logbook::begin(id, practice, &trust, joining.checkpoint_key, now)?;
        Ok(Station {
            server: Server::at(&joined.server_url, &tls)?,
            id,
            practice,
            log: logbook.log,
            certificate: certificate::fingerprint(shown.first().ok_or("there is no certificate")?),
            trust,
            logbook,
        })
    }

    /// Opens a patient's chart as a clinician does: decided, and recorded. What is recorded waits for its delivery.
    pub(crate) fn open_chart(&mut self, person: u32, patient: u32, now: Timestamp) -> Outcome<()> {
        let actor = Actor {
            person: PersonId::from_uuid(Uuid::from_u128(0xc0de_0000 + u128::from(person))),
            practice: self.practice,
            roles: vec![Role::Clinician],
            device: self.id,
            session: SessionId::from_uuid(Uuid::from_u128(1)),
            purpose: Purpose::usual(Role::Clinician),
        };
        let patient = Uuid::from_u128(0xca5e_0000 + u128::from(patient)).to_string().parse()?;
        let relation = Relation::Care { until: Timestamp::MAX };
        let facts = Facts::of_patient(self.practice, patient, vec![DataClass::ClinicalSummary], relation);
        let allowed = decide(Rights::built_in(), &actor, Action::OpenChart, &facts, now);
        let id = EventId::from_uuid(Random::from_os().uuid_v7(now));
        let Ok(_permit) = allowed.map_err(|denied| format!("{denied:?}"))?.permit(self, id, now);
        Ok(())
    }

    /// How many events the log has.
    pub(crate) fn size(&self) -> u64 {
        self.logbook.tree().size()
    }

    /// The tree over everything that was recorded.
    pub(crate) fn tree(&self) -> &Tree {
        self.logbook.tree()
    }

    /// How many events wait.
    pub(crate) fn waiting(&self) -> usize {
        self.logbook.waiting()
    }

    /// Takes what waits off and makes it ready to be sent, signed as the log stands.
    pub(crate) fn batch(&mut self, now: Timestamp) -> Outcome<Batch> {
        self.batch_of(usize::MAX, now)
    }

    /// Takes at most so many of what waits off, the oldest first, and makes them ready to be sent.
    pub(crate) fn batch_of(&mut self, most: usize, now: Timestamp) -> Outcome<Batch> {
        self.logbook.batch(most, now)
    }

    /// The way to the server, to send with from anywhere.
    pub(crate) fn way(&self) -> Server {
        self.server.clone()
    }
}

/// What a workstation keeps to itself while it joins.
struct Joining {
    root: PinnedRoot,
    request: CertificateRequest,
    checkpoint_key: SigningKey,
}

async fn join(address: &str, token: &str) -> Outcome<(wire::EnrolResponse, Joining)> {
    let mut random = Random::from_os();
    let parsed: EnrolmentToken = token.parse().map_err(|_| "a token of the server cannot be read")?;
    let root = PinnedRoot::from_fingerprint(parsed.root_fingerprint);
    let request = CertificateRequest::make()?;
    let checkpoint_key = SigningKey::make(&mut random);
    let asked = wire::EnrolRequest {
        token: SecretText::new(token),
        csr_pem: request.request_pem.clone(),
        device_label: "Light".to_owned(),
        checkpoint_key: checkpoint_key.verifying_key().to_bytes().into(),
        agreement_key: AgreementSecret::make(&mut random).public().to_bytes().into(),
        escrow_key: Some(random.bytes::<32>().into()),
    };
    let server = Server::at(address, &TlsMaterial::joining(root))?;
    let joined = server.call(wire::path::ENROL, &asked).await?;
    Ok((joined, Joining { root, request, checkpoint_key }))
}

impl Trail for Station {
    type Error = Infallible;

    fn append(&mut self, event: &AuditEvent) -> Result<LogPosition, Infallible> {
        Ok(self.logbook.record(event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chartkeep_server::clock::Clock;
    use chartkeep_server::data_dir::DataDir;
    use chartkeep_server::people::make_token;
    use chartkeep_server::practice::Practice;
    use chartkeep_server::serving::{Addresses, start};
    use chartkeep_server::verifying::verify;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn its_log_is_taken_in_with_its_marks_like_that_of_any_workstation_and_nothing_else_is()
    -> Outcome<()> {
        let folder = tempfile::tempdir()?;
        let data = DataDir::at(&folder.path().join("practice"));
        let practice = Practice::make(&data, "Elm Street", "localhost", Clock::System)?;
        let any = ([127, 0, 0, 1], 0).into();
        let running = start(practice.clone(), Addresses { main: any, enrolment: any })?;
        let address = format!("https://localhost:{}", running.enrolment.port());
        let token = make_token(&practice, "Light")?;
        let now = Clock::System.now();
        let mut station = Station::enrol(&address, token.expose(), now).await?;
        let way = station.way();
        for visit in 0..3 {
            for patient in 0..5 {
                station.open_chart(visit, patient, now)?;
            }
            station.batch(now)?.deliver(&way).await?;
        }
        station.open_chart(1, 1, now)?;
        let _lost = station.batch(now)?;
        station.open_chart(1, 2, now)?;
        assert!(station.batch(now)?.deliver(&way).await.is_err(), "a gap");

        let verified = verify(&practice)?;
        assert!(verified.ok);
        let held = verified.logs.iter().find(|log| log.log == station.log.to_string()).map(|log| log.size);
        assert_eq!((held, station.size()), (Some(15), 17));
        Ok(())
    }
}
