//! A light-weight workstation: a certificate, a log of its own with marks and signed checkpoints, and no disk. Many of them fit into one
//! process; on the wire they are told from the real ones by nothing.

use std::collections::VecDeque;
use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::https::{PinnedRoot, Server, TlsMaterial};
use jiff::Timestamp;
use keys::certificate::{self, CertificateRequest};
use keys::checkpoint::Checkpoint;
use keys::epoch::{ChainPlace, EpochKey, Mark, NO_MARK, StartKey};
use keys::marks::{EntryMark, Marks};
use keys::token::EnrolmentToken;
use keys::trust::TrustBundle;
use keys::{AgreementSecret, Random, SigningKey};
use records::id::{DeviceId, EventId, LogId, PersonId, PracticeId, SessionId};
use records::log::{LogPosition, Tree, audit_leaf_hash};
use records::rights::{Action, Facts, Relation, Rights, Trail, decide};
use records::{Actor, AuditEvent, DataClass, Purpose, Role};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use sync::wire::{self, AuditReceipt, SecretText};
use uuid::Uuid;

use super::Outcome;

/// A workstation without a disk.
pub(crate) struct Station {
    server: Server,
    /// Its id.
    pub(crate) id: DeviceId,
    /// Its practice.
    pub(crate) practice: PracticeId,
    /// Its audit log.
    pub(crate) log: LogId,
    checkpoint_key: SigningKey,
    tree: Tree,
    key: EpochKey,
    start: Vec<u8>,
    last_mark: Mark,
    waiting: VecDeque<(Vec<u8>, EntryMark)>,
    mark_before_waiting: Mark,
}

/// Events on their way, ready to be sent.
pub(crate) struct Batch {
    headers: HeaderMap,
    body: Vec<u8>,
    size: u64,
    root: String,
    /// How many events there are in it.
    pub(crate) count: usize,
}

impl Station {
    /// Joins a practice whose enrolment listener is at `address`.
    pub(crate) async fn enrol(address: &str, token: &str, now: Timestamp) -> Outcome<Station> {
        let mut random = Random::from_os();
        let parsed: EnrolmentToken = token.parse().map_err(|_| "a token of the server cannot be read")?;
        let root = PinnedRoot::from_fingerprint(parsed.root_fingerprint);
        let request = CertificateRequest::make()?;
        let checkpoint_key = SigningKey::make(&mut random);
        let asked = wire::EnrolRequest {
            token: SecretText::new(token),
            csr_pem: request.request_pem,
            device_label: "Light".to_owned(),
            checkpoint_key: checkpoint_key.verifying_key().to_bytes().into(),
            agreement_key: AgreementSecret::make(&mut random).public().to_bytes().into(),
            escrow_key: Some(random.bytes::<32>().into()),
        };
        let joining = Server::at(address, &TlsMaterial::joining(root))?;
        let joined: wire::EnrolResponse = joining.call(wire::path::ENROL, &asked).await?;
        // EXPOSE: rustls needs the bytes of the key.
        let key = request.key.expose();
        let tls = TlsMaterial::workstation(root, &joined.certificate_pem, &joined.chain_pem, key)?;
        let server = Server::at(&joined.server_url, &tls)?;
        let chain = certificate::from_pem(&joined.chain_pem)?;
        let bundle = STANDARD.decode(&joined.trust_bundle)?;
        let anchor = chain.get(1).ok_or("the chain has no root")?;
        let trust = TrustBundle::verify(&bundle, anchor, joined.practice_id.uuid(), None)?;
        let log = LogId::from_uuid(random.uuid_v7(now));
        let start = StartKey::make(&mut random);
        let place = ChainPlace { device: joined.device_id.uuid(), log: log.uuid(), first: 0 };
        Ok(Station {
            server,
            id: joined.device_id,
            practice: joined.practice_id,
            log,
            checkpoint_key,
            tree: Tree::new(),
            key: start.epoch(),
            start: start.seal(&trust.sealing_key, &place, &mut random)?,
            last_mark: NO_MARK,
            waiting: VecDeque::new(),
            mark_before_waiting: NO_MARK,
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

    fn record(&mut self, event: &AuditEvent) -> LogPosition {
        let index = self.tree.size();
        let hash = audit_leaf_hash(LogPosition { log: self.log, index }, event.bytes());
        self.last_mark = self.key.mark(index, &self.last_mark, &hash.0);
        self.tree.push(hash);
        let mark = EntryMark { epoch: self.key.epoch(), mark: self.last_mark };
        self.waiting.push_back((event.bytes().to_vec(), mark));
        LogPosition { log: self.log, index }
    }

    /// How many events the log has.
    pub(crate) fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Takes what waits off and makes it ready to be sent, signed as the log stands.
    pub(crate) fn batch(&mut self, now: Timestamp) -> Outcome<Batch> {
        let (events, entries): (Vec<Vec<u8>>, Vec<EntryMark>) = self.waiting.drain(..).unzip();
        let size = self.tree.size();
        let at = size - events.len() as u64;
        let before = std::mem::replace(&mut self.mark_before_waiting, self.last_mark);
        let marks = Marks { chain: 0, start: self.start.clone(), at, before, entries, ends: Vec::new() };
        let root = self.tree.root();
        let checkpoint =
            Checkpoint { origin: wire::checkpoint_origin(self.log), size, root: *root.as_bytes(), at: now };
        let note = checkpoint.sign(&wire::checkpoint_key_name(self.id), &self.checkpoint_key)?;
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (wire::header::LOG, self.log.to_string()),
            (wire::header::FIRST_INDEX, at.to_string()),
            (wire::header::CHECKPOINT, STANDARD.encode(note)),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(&value)?);
        }
        let body = wire::audit_batch_json(&events, Some(&marks.to_bytes()));
        Ok(Batch { headers, body, size, root: root.to_string(), count: events.len() })
    }

    /// The way to the server, to send with from anywhere.
    pub(crate) fn way(&self) -> Server {
        self.server.clone()
    }
}

impl Trail for Station {
    type Error = Infallible;

    fn append(&mut self, event: &AuditEvent) -> Result<LogPosition, Infallible> {
        Ok(self.record(event))
    }
}

impl Batch {
    /// How many bytes it has.
    pub(crate) fn bytes(&self) -> usize {
        self.body.len()
    }

    /// Sends it; an error unless the server holds exactly this log afterwards.
    pub(crate) async fn deliver(self, server: &Server) -> Outcome<()> {
        let answer = server.send(Method::POST, wire::path::FHIR, None, self.headers, self.body).await?;
        answer.ok()?;
        let receipt = answer.headers.get(wire::header::RECEIPT).ok_or("an answer without a receipt")?;
        let receipt: AuditReceipt = serde_json::from_slice(&STANDARD.decode(receipt)?)?;
        if (receipt.size, &receipt.root) == (self.size, &self.root) {
            return Ok(());
        }
        Err(format!("the server holds {} of {} events", receipt.size, self.size).into())
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
