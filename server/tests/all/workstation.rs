//! A workstation of a test: its keys, its log, and the people who sign in at it.

use crate::clinic::{Answer, Clinic, PASSPHRASE};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keys::certificate::{self, CertificateRequest};
use keys::checkpoint::Checkpoint;
use keys::envelope::{Letter, seal};
use keys::session::SessionClaim;
use keys::sign_in::{Direction, SignInBinding, SignInCost, start_login, start_registration};
use keys::token::EnrolmentToken;
use keys::trust::TrustBundle;
use keys::{AgreementSecret, Passphrase, Random, Secret, SecretBytes, SigningKey, TotpSeed, totp};
use records::change::{Base, Change, Deletion, Entry, Origin};
use records::id::{ChangeId, DeviceId, LogId, PersonId};
use records::log::{LogPosition, Tree, audit_leaf_hash};
use records::{Document, Role};
use serde::Serialize;
use sync::wire::{self, SecretText};

/// A workstation with its keys and log.
pub(crate) struct Workstation<'a> {
    pub(crate) clinic: &'a Clinic,
    pub(crate) id: DeviceId,
    pub(crate) enrolled: wire::EnrolResponse,
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: SecretBytes,
    pub(crate) trust: TrustBundle,
    pub(crate) checkpoint_key: SigningKey,
    pub(crate) log: LogId,
    pub(crate) client: reqwest::Client,
    sequence: std::cell::Cell<u64>,
    /// The path and the bytes of the last request that [`post`](Self::post) sent.
    said: std::cell::RefCell<(String, Vec<u8>)>,
}

/// A person who has signed in at a workstation.
pub(crate) struct Person {
    pub(crate) id: PersonId,
    pub(crate) username: String,
    pub(crate) seed: TotpSeed,
    pub(crate) signing: SigningKey,
    pub(crate) agreement: AgreementSecret,
    pub(crate) signed_in: wire::SignedIn,
}

pub(crate) fn enrol_request(token: &str, csr_pem: &str, checkpoint_key: &SigningKey) -> wire::EnrolRequest {
    let agreement = AgreementSecret::make(&mut Random::from_os());
    wire::EnrolRequest {
        token: SecretText::new(token),
        csr_pem: csr_pem.to_owned(),
        device_label: "Exam room 2".into(),
        checkpoint_key: checkpoint_key.verifying_key().to_bytes().into(),
        agreement_key: agreement.public().to_bytes().into(),
        escrow_key: Some([7; 32].into()),
    }
}

impl<'a> Workstation<'a> {
    pub(crate) fn enrol(clinic: &'a Clinic, token: &str) -> Result<Self, Answer> {
        let mut random = Random::from_os();
        let request = CertificateRequest::make().unwrap();
        let checkpoint_key = SigningKey::make(&mut random);
        let body = enrol_request(token, &request.request_pem, &checkpoint_key);
        let answer = clinic.send(clinic.connection(None).post(clinic.enrol_url()).json(&body)).unwrap();
        if answer.status != 200 {
            return Err(answer);
        }
        let enrolled: wire::EnrolResponse = answer.json();
        let certificate = certificate::from_pem(&enrolled.certificate_pem).unwrap().remove(0);
        let chain = certificate::from_pem(&enrolled.chain_pem).unwrap();
        let token: EnrolmentToken = token.parse().unwrap();
        assert_eq!(certificate::fingerprint(&chain[1]), token.root_fingerprint, "the root is the one pinned");
        let bundle = STANDARD.decode(&enrolled.trust_bundle).unwrap();
        let trust = TrustBundle::verify(&bundle, &chain[1], enrolled.practice_id.uuid(), None).unwrap();
        let client = clinic.connection(Some((vec![certificate.clone()], &request.key)));
        let log = LogId::from_uuid(random.uuid());
        let (id, sequence) = (enrolled.device_id, std::cell::Cell::new(0));
        let key = request.key;
        Ok(Self {
            clinic,
            id,
            enrolled,
            certificate,
            key,
            trust,
            checkpoint_key,
            log,
            client,
            sequence,
            said: std::cell::RefCell::default(),
        })
    }

    pub(crate) fn post(&self, path: &str, body: &impl Serialize) -> Answer {
        self.said.replace((path.to_owned(), serde_json::to_vec(body).unwrap()));
        self.say_again()
    }

    /// Sends the last request once more, byte by byte, as somebody who has recorded it would.
    pub(crate) fn say_again(&self) -> Answer {
        let (path, body) = self.said.borrow().clone();
        let request = self.client.post(self.clinic.url(&path)).header("content-type", "application/json");
        self.clinic.send(request.body(body)).unwrap()
    }

    pub(crate) fn post_as(&self, token: &SecretText, path: &str, body: &impl Serialize) -> Answer {
        let request = self.client.post(self.clinic.url(path)).bearer_auth(token.expose()).json(body);
        self.clinic.send(request).unwrap()
    }

    pub(crate) fn get_as(&self, token: &SecretText, path: &str) -> Answer {
        self.clinic.send(self.client.get(self.clinic.url(path)).bearer_auth(token.expose())).unwrap()
    }

    pub(crate) fn binding(&self) -> SignInBinding {
        SignInBinding { practice: self.enrolled.practice_id.uuid(), device: self.id.uuid() }
    }

    /// Activates a new person of this role.
    pub(crate) fn activate(&self, username: &str, role: Role) -> Person {
        let added = self.clinic.add(username, role);
        let answer = self.try_activate(username, &added.activation_code, &[]).unwrap();
        assert_eq!(answer.id, added.person);
        answer
    }

    pub(crate) fn try_activate(
        &self,
        username: &str,
        code: &str,
        wrong_codes: &[&str],
    ) -> Result<Person, Answer> {
        let mut random = Random::from_os();
        let passphrase = Passphrase::from_typed(PASSPHRASE).unwrap();
        let (registering, message) = start_registration(&passphrase, &mut random).unwrap();
        let start = wire::ActivateStart {
            username: username.to_owned(),
            activation_code: SecretText::new(code),
            message: message.into(),
        };
        let answer = self.post(wire::path::ACTIVATE_START, &start);
        if answer.status != 200 {
            return Err(answer);
        }
        let started: wire::ActivateStarted = answer.json();
        let seed = TotpSeed::from_secret(Secret::from_slice(started.seed.as_slice()).unwrap());
        let upload = registering
            .finish(&passphrase, started.message.as_slice(), SignInCost::for_tests(), &mut random)
            .unwrap();
        let (signing, agreement) = (SigningKey::make(&mut random), AgreementSecret::make(&mut random));
        let code = totp::code_at(&seed, totp::step_at(self.clinic.now()));
        let upload: wire::Base64Bytes = upload.into();
        let finish = |code: &str| {
            let finish = wire::ActivateFinish {
                attempt: started.attempt.clone(),
                message: upload.clone(),
                code: SecretText::new(code),
                agreement_key: agreement.public().to_bytes().into(),
                signing_key: signing.verifying_key().to_bytes().into(),
            };
            self.post(wire::path::ACTIVATE_FINISH, &finish)
        };
        for wrong in wrong_codes {
            let refused = finish(wrong);
            assert_eq!(refused.problem(), Some(wire::ProblemCode::ProofRefused));
            let person = self.clinic.look(|tx| tx.person_named(username)).unwrap();
            assert!(person.opaque.is_none(), "a wrong code changes nothing");
        }
        let answer = finish(&code);
        if answer.status != 200 {
            return Err(answer);
        }
        let signed_in: wire::SignedIn = answer.json();
        Ok(Person {
            id: signed_in.person,
            username: username.to_owned(),
            seed,
            signing,
            agreement,
            signed_in,
        })
    }

    /// Signs in online with a passphrase and a code; the keys are new ones.
    pub(crate) fn sign_in(
        &self,
        username: &str,
        passphrase: &str,
        code: &str,
    ) -> Result<(Person, TotpSeed), Answer> {
        self.sign_in_after(username, passphrase, code, || {})
    }

    /// As [`sign_in`](Self::sign_in); `between` runs once the server has answered the first half.
    pub(crate) fn sign_in_after(
        &self,
        username: &str,
        passphrase: &str,
        code: &str,
        between: impl FnOnce(),
    ) -> Result<(Person, TotpSeed), Answer> {
        let mut random = Random::from_os();
        let passphrase = Passphrase::from_typed(passphrase).unwrap();
        let (signing_in, message) = start_login(&passphrase, &mut random).unwrap();
        let start = wire::SignInStart { username: username.to_owned(), message: message.into() };
        let answer = self.post(wire::path::SIGN_IN_START, &start);
        if answer.status != 200 {
            return Err(answer);
        }
        let started: wire::SignInStarted = answer.json();
        between();
        let (binding, cost) = (self.binding(), SignInCost::for_tests());
        let finished =
            signing_in.finish(&passphrase, started.message.as_slice(), &binding, cost, &mut random);
        // A wrong passphrase ends here; the server is told with a message that proves nothing.
        let (key, proof) = match finished {
            Ok((key, proof)) => (Some(key), proof),
            Err(_) => (None, vec![0; 64]),
        };
        let (signing, agreement) = (SigningKey::make(&mut random), AgreementSecret::make(&mut random));
        let finish = wire::SignInFinish {
            attempt: started.attempt,
            message: proof.into(),
            code: SecretText::new(code),
            agreement_key: agreement.public().to_bytes().into(),
            signing_key: signing.verifying_key().to_bytes().into(),
        };
        let answer = self.post(wire::path::SIGN_IN_FINISH, &finish);
        if answer.status != 200 {
            return Err(answer);
        }
        let signed_in: wire::SignedIn = answer.json();
        let sealed = signed_in.sealed_seed.clone().unwrap();
        let seed = key.unwrap().open(Direction::ToClient, wire::SEED_CONTEXT, sealed.as_slice()).unwrap();
        let seed = || TotpSeed::from_secret(Secret::from_slice(seed.expose()).unwrap());
        let person = Person {
            id: signed_in.person,
            username: username.to_owned(),
            seed: seed(),
            signing,
            agreement,
            signed_in,
        };
        Ok((person, seed()))
    }

    /// A session by the slot key, as after an offline unlock.
    pub(crate) fn session(&self, person: &Person, signing: &SigningKey) -> Answer {
        let challenge: wire::ChallengeResponse =
            self.post(wire::path::SESSION_CHALLENGE, &wire::ChallengeRequest { person: person.id }).json();
        let claim = SessionClaim {
            practice: self.enrolled.practice_id.uuid(),
            device: self.id.uuid(),
            person: person.id.uuid(),
            certificate: certificate::fingerprint(&self.certificate),
            challenge: challenge.challenge.to_array().unwrap(),
        };
        let signature = claim.sign(signing).to_bytes().into();
        let request = wire::SessionRequest { person: person.id, challenge: challenge.challenge, signature };
        self.post(wire::path::SESSION, &request)
    }

    /// Signs and seals a change.
    pub(crate) fn envelope(&self, person: &Person, entries: Vec<(Document, Base)>) -> (ChangeId, Vec<u8>) {
        let id = ChangeId::from_uuid(Random::from_os().uuid_v7(self.clinic.now()));
        (id, self.envelope_as(id, person, &person.signing, entries))
    }

    pub(crate) fn envelope_as(
        &self,
        id: ChangeId,
        person: &Person,
        signing: &SigningKey,
        entries: Vec<(Document, Base)>,
    ) -> Vec<u8> {
        let entries = entries.into_iter().map(|(document, base)| Entry { document, base }).collect();
        self.sealed(&Change::new(self.origin(id, person), entries).unwrap(), signing)
    }

    /// Signs and seals a change that deletes one record.
    pub(crate) fn deletion(&self, person: &Person, key: &str, base: Base) -> (ChangeId, Vec<u8>) {
        let id = ChangeId::from_uuid(Random::from_os().uuid_v7(self.clinic.now()));
        let deletion = Deletion { key: key.parse().unwrap(), base };
        let change = Change::with_deletions(self.origin(id, person), Vec::new(), vec![deletion]).unwrap();
        (id, self.sealed(&change, &person.signing))
    }

    fn origin(&self, id: ChangeId, person: &Person) -> Origin {
        Origin {
            id,
            author: person.id,
            device: self.id,
            practice: self.enrolled.practice_id,
            written_at: self.clinic.now(),
        }
    }

    fn sealed(&self, change: &Change, signing: &SigningKey) -> Vec<u8> {
        let origin = change.origin();
        self.sequence.set(self.sequence.get() + 1);
        let letter = Letter {
            practice: origin.practice.uuid(),
            device: origin.device.uuid(),
            sequence: self.sequence.get(),
            change: origin.id.uuid(),
            author: origin.author.uuid(),
            written_at: origin.written_at,
            transaction: change.bundle(),
        };
        seal(&letter, signing, &self.trust.sealing_key, &self.trust.recovery_key, &mut Random::from_os())
            .unwrap()
    }

    pub(crate) fn push(&self, envelopes: &[&[u8]]) -> Vec<wire::Standing> {
        self.push_again(envelopes, &[])
    }

    /// Pushes changes, and tells what they had made at a server that has lost it.
    pub(crate) fn push_again(&self, envelopes: &[&[u8]], made: &[wire::MadeVersion]) -> Vec<wire::Standing> {
        let envelopes = envelopes.iter().map(|bytes| (*bytes).into()).collect();
        let request = wire::ChangesRequest { envelopes, made: made.to_vec() };
        let answer: wire::ChangesResponse = self.post(wire::path::CHANGES, &request).json();
        answer.receipts.into_iter().map(|receipt| receipt.standing).collect()
    }

    /// Delivers `events` as the log from `first` on; `before` are the events the log has before them.
    pub(crate) fn deliver(&self, before: &[Vec<u8>], events: &[Vec<u8>]) -> Answer {
        let tree = self.tree(self.log, &[before, events].concat());
        let note = self.note(self.log, &tree, &self.checkpoint_key);
        self.deliver_as(self.log, before.len() as u64, events, &note)
    }

    pub(crate) fn tree(&self, log: LogId, events: &[Vec<u8>]) -> Tree {
        let hashes = events.iter().enumerate().map(|(at, event)| {
            audit_leaf_hash(LogPosition { log, index: u64::try_from(at).unwrap() }, event)
        });
        Tree::of(hashes)
    }

    pub(crate) fn note(&self, log: LogId, tree: &Tree, key: &SigningKey) -> String {
        let checkpoint = Checkpoint {
            origin: wire::checkpoint_origin(log),
            size: tree.size(),
            root: *tree.root().as_bytes(),
            at: self.clinic.now(),
        };
        checkpoint.sign(&wire::checkpoint_key_name(self.id), key).unwrap()
    }

    pub(crate) fn deliver_as(&self, log: LogId, first: u64, events: &[Vec<u8>], note: &str) -> Answer {
        self.deliver_marked(log, first, events, note, None)
    }

    pub(crate) fn deliver_marked(
        &self,
        log: LogId,
        first: u64,
        events: &[Vec<u8>],
        note: &str,
        marks: Option<&[u8]>,
    ) -> Answer {
        let request = self
            .client
            .post(self.clinic.url(wire::path::FHIR))
            .header(wire::header::LOG, log.to_string())
            .header(wire::header::FIRST_INDEX, first)
            .header(wire::header::CHECKPOINT, STANDARD.encode(note))
            .body(wire::audit_batch_json(events, marks));
        self.clinic.send(request).unwrap()
    }
}
