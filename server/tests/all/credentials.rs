//! A passphrase or phone of one's own, changed at one workstation for all of them.

use crate::clinic::{Answer, Clinic, PASSPHRASE};
use crate::workstation::{Person, Workstation};
use chartkeep_server::approving::{self, Proof};
use chartkeep_server::people;
use chartkeep_server::store::{Act, AlertKind};
use keys::prepared::{self, PreparedFor};
use keys::sign_in::{Direction, SignInCost, SignInKey, start_login, start_registration};
use keys::slot::{MadeSlot, NewSlot, SlotContents, SlotCost, create};
use keys::twin::{self, TwinPlace};
use keys::{AgreementSecret, Passphrase, Random, SigningKey, TotpSeed, totp};
use records::Role;
use serde::de::DeserializeOwned;
use sync::wire::{
    self, Base64Bytes, CredentialChanged, CredentialFinish, CredentialProve, CredentialProven,
    CredentialStart, CredentialStarted, DirectiveOrder, DirectivesRequest, DirectivesResponse, NewPhone,
    PreparedStanding, ProblemCode, SecretText, TwinsRequest, TwinsResponse, UsedStep, path,
};

const NEW: &str = "seven geese cross the harbour";

fn code(clinic: &Clinic, seed: &TotpSeed) -> String {
    totp::code_at(seed, totp::step_at(clinic.now()))
}

fn next_code(clinic: &Clinic, seed: &TotpSeed) -> String {
    clinic.advance(30);
    code(clinic, seed)
}

/// A person signed in at one workstation, and again at another.
fn at_two<'a>(clinic: &'a Clinic, username: &str) -> (Workstation<'a>, Person, Workstation<'a>, Person) {
    let (first, second) = (clinic.enrol(), clinic.enrol());
    let here = first.activate(username, Role::Nurse);
    let (there, _) = second.sign_in(username, PASSPHRASE, &next_code(clinic, &here.seed)).unwrap();
    (first, here, second, there)
}

/// A change that is proven, with the new passphrase's upload where there is one.
struct Proven {
    key: SignInKey,
    upload: Option<Base64Bytes>,
    answer: CredentialProven,
}

fn prove(
    workstation: &Workstation<'_>,
    person: &Person,
    (passphrase, code): (&str, &str),
    new: Option<&str>,
) -> Result<Proven, Answer> {
    let mut random = Random::from_os();
    let token = &person.signed_in.session.token;
    let passphrase = Passphrase::from_typed(passphrase).unwrap();
    let (login, message) = start_login(&passphrase, &mut random).unwrap();
    let started: CredentialStarted = read(workstation.post_as(
        token,
        path::CREDENTIAL_START,
        &CredentialStart { message: message.into() },
    ))?;
    let (binding, cost) = (workstation.binding(), SignInCost::for_tests());
    let finished = login.finish(&passphrase, started.message.as_slice(), &binding, cost, &mut random);
    let (key, message) = match finished {
        Ok((key, message)) => (Some(key), message),
        Err(_) => (None, vec![0; 64]),
    };
    let new = new.map(|new| Passphrase::from_typed(new).unwrap());
    let registering = new.as_ref().map(|new| start_registration(new, &mut random).unwrap());
    let (registering, registration) = registering.map_or((None, None), |(a, b)| (Some(a), Some(b.into())));
    let asked = CredentialProve {
        attempt: started.attempt,
        message: message.into(),
        code: SecretText::new(code),
        registration,
    };
    let answer: CredentialProven = read(workstation.post_as(token, path::CREDENTIAL_PROVE, &asked))?;
    let upload = registering.map(|registering| {
        let answered = answer.registration.as_ref().unwrap();
        let new = new.as_ref().unwrap();
        registering.finish(new, answered.as_slice(), cost, &mut random).unwrap().into()
    });
    Ok(Proven { key: key.unwrap(), upload, answer })
}

fn read<T: DeserializeOwned>(answer: Answer) -> Result<T, Answer> {
    if answer.status == 200 { Ok(answer.json()) } else { Err(answer) }
}

impl Proven {
    fn finish(&self, workstation: &Workstation<'_>, person: &Person, change: Change) -> Answer {
        let finish = CredentialFinish {
            attempt: self.answer.attempt.clone(),
            passphrase: change.phone.is_none().then(|| self.upload.clone()).flatten(),
            phone: change.phone,
            prepared: change.prepared,
        };
        workstation.post_as(&person.signed_in.session.token, path::CREDENTIAL_FINISH, &finish)
    }

    fn phone(&self, seed: &TotpSeed, code: &str) -> NewPhone {
        let random = &mut Random::from_os();
        let sealed = self.key.seal(Direction::ToServer, wire::NEW_SEED_CONTEXT, seed.expose(), random);
        NewPhone { sealed_seed: sealed.into(), code: SecretText::new(code) }
    }
}

#[derive(Default)]
struct Change {
    phone: Option<NewPhone>,
    prepared: Vec<Base64Bytes>,
}

fn made_slot(person: &Person, device: uuid::Uuid) -> MadeSlot {
    let mut random = Random::from_os();
    let contents = SlotContents {
        person: person.id.uuid(),
        signing: person.signing.duplicate(),
        agreement: person.agreement.duplicate(),
        totp_seed: person.seed.duplicate(),
        last_step: 1,
        anchors: std::collections::BTreeMap::new(),
    };
    let passphrase = Passphrase::from_typed(NEW).unwrap();
    let new = NewSlot {
        slot: random.uuid(),
        device,
        contents: &contents,
        passphrase: &passphrase,
        window_days: 1,
        cost: SlotCost::for_tests(),
    };
    create(&new, &mut random).unwrap()
}

/// A slot for a workstation with this number, signed with this key.
fn prepare(workstation: &Workstation<'_>, person: &Person, number: u64, signing: &SigningKey) -> Base64Bytes {
    let mut random = Random::from_os();
    let device = workstation.id.uuid();
    let place = PreparedFor {
        practice: workstation.enrolled.practice_id.uuid(),
        device,
        person: person.id.uuid(),
        number,
    };
    let device_key = AgreementSecret::make(&mut random).public();
    prepared::make(&place, &made_slot(person, device), &device_key, signing, &mut random).unwrap().into()
}

fn ask(workstation: &Workstation<'_>, request: DirectivesRequest) -> DirectivesResponse {
    workstation.post(path::DIRECTIVES, &DirectivesRequest { trust_bundle: 1, ..request }).json()
}

fn orders(workstation: &Workstation<'_>) -> Vec<DirectiveOrder> {
    let given = ask(workstation, DirectivesRequest::default()).directives;
    given.into_iter().map(|directive| directive.order).collect()
}

#[test]
fn a_new_passphrase_counts_everywhere_from_then_on_and_the_one_before_nowhere() {
    let clinic = Clinic::open();
    let (first, here, second, there) = at_two(&clinic, "nora");
    let code = next_code(&clinic, &here.seed);
    let proven = prove(&first, &here, (PASSPHRASE, &code), Some(NEW)).unwrap();
    assert_eq!((proven.answer.number, proven.answer.workstations.len()), (2, 2));
    let changed: CredentialChanged = proven.finish(&first, &here, Change::default()).json();
    let asks = |workstation: &Workstation<'_>, token: &SecretText| {
        workstation.post_as(token, path::TWINS, &TwinsRequest::default()).problem()
    };
    assert_eq!(asks(&first, &changed.session.token), None);
    assert_eq!(asks(&first, &here.signed_in.session.token), Some(ProblemCode::SessionRequired));
    assert_eq!(asks(&second, &there.signed_in.session.token), Some(ProblemCode::SessionRequired));
    let refused = second.sign_in("nora", PASSPHRASE, &next_code(&clinic, &here.seed)).err().unwrap();
    assert_eq!(refused.problem(), Some(ProblemCode::SignInRefused));
    let (again, seed) = second.sign_in("nora", NEW, &next_code(&clinic, &here.seed)).unwrap();
    assert_eq!((again.signed_in.credential, seed), (2, here.seed), "the phone stays");
}

#[test]
fn a_new_phone_counts_once_one_code_of_it_was_typed() {
    let clinic = Clinic::open();
    let (first, here, _, _) = at_two(&clinic, "nora");
    let proven = prove(&first, &here, (PASSPHRASE, &next_code(&clinic, &here.seed)), None).unwrap();
    let seed = TotpSeed::make(&mut Random::from_os());
    let with = |code: &str| Change { phone: Some(proven.phone(&seed, code)), ..Change::default() };
    let refused = proven.finish(&first, &here, with("000000"));
    assert_eq!(refused.problem(), Some(ProblemCode::ProofRefused), "the next code may be tried");
    let (still, _) = first.sign_in("nora", PASSPHRASE, &next_code(&clinic, &here.seed)).unwrap();
    assert_eq!(still.signed_in.credential, 1);
    let answer = proven.finish(&first, &here, with(&next_code(&clinic, &seed)));
    let _changed: CredentialChanged = answer.json();
    let refused = first.sign_in("nora", PASSPHRASE, &next_code(&clinic, &here.seed)).err().unwrap();
    assert_eq!(refused.problem(), Some(ProblemCode::SignInRefused));
    assert!(first.sign_in("nora", PASSPHRASE, &next_code(&clinic, &seed)).is_ok());
}

#[test]
fn whoever_does_not_prove_the_present_ones_changes_nothing_and_is_counted() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let fresh = next_code(&clinic, &nora.seed);
    for (passphrase, code) in [("another passphrase here", fresh.as_str()), (PASSPHRASE, "000000")] {
        let refused = prove(&workstation, &nora, (passphrase, code), Some(NEW)).err().unwrap();
        assert_eq!(refused.problem(), Some(ProblemCode::SignInRefused));
    }
    let (_, again) = (fresh, workstation.sign_in("nora", PASSPHRASE, &next_code(&clinic, &nora.seed)));
    assert_eq!(again.unwrap().0.signed_in.failures_since, 2);
    let unsigned = workstation.post(path::CREDENTIAL_START, &CredentialStart { message: [0; 32].into() });
    assert_eq!(unsigned.problem(), Some(ProblemCode::SessionRequired));
}

#[test]
fn a_change_that_took_too_long_or_met_another_one_is_over() {
    let clinic = Clinic::open();
    let (first, here, second, there) = at_two(&clinic, "nora");
    let slow = prove(&first, &here, (PASSPHRASE, &next_code(&clinic, &here.seed)), Some(NEW)).unwrap();
    let quick = prove(&second, &there, (PASSPHRASE, &next_code(&clinic, &here.seed)), Some(NEW)).unwrap();
    let _changed: CredentialChanged = quick.finish(&second, &there, Change::default()).json();
    // The other one has ended this session; with a new one it is over all the same.
    let (here, _) = first.sign_in("nora", NEW, &next_code(&clinic, &here.seed)).unwrap();
    let over = slow.finish(&first, &here, Change::default());
    assert_eq!(over.problem(), Some(ProblemCode::CredentialOver));
    let late = prove(&first, &here, (NEW, &next_code(&clinic, &here.seed)), Some(PASSPHRASE)).unwrap();
    clinic.advance(14 * 60);
    let (here, _) = first.sign_in("nora", NEW, &next_code(&clinic, &here.seed)).unwrap();
    clinic.advance(60);
    let over = late.finish(&first, &here, Change::default());
    assert_eq!(over.problem(), Some(ProblemCode::CredentialOver));
}

#[test]
fn whom_an_administrator_has_reset_changes_nothing_with_the_old_passphrase() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let (ivo, mara) =
        (workstation.activate("ivo", Role::ItAdmin), workstation.activate("mara", Role::PracticeManager));
    let proven =
        prove(&workstation, &nora, (PASSPHRASE, &next_code(&clinic, &nora.seed)), Some(NEW)).unwrap();
    let proof = |admin: &Person| Proof {
        username: admin.username.clone(),
        code: SecretText::new(code(&clinic, &admin.seed)),
    };
    let number = approving::ask(&clinic.practice, Act::PersonReset(nora.id), &proof(&ivo)).unwrap();
    approving::approve(&clinic.practice, number, &proof(&mara)).unwrap();
    let forget = DirectiveOrder::DropPerson { person: nora.id, before: Some(2) };
    assert_eq!(orders(&workstation), [forget], "whoever activates before this is heard is spared");
    let session: wire::SessionResponse = workstation.session(&nora, &nora.signing).json();
    let nora = Person { signed_in: wire::SignedIn { session, ..nora.signed_in.clone() }, ..nora };
    assert_eq!(
        proven.finish(&workstation, &nora, Change::default()).problem(),
        Some(ProblemCode::CredentialOver)
    );
    let refused = prove(&workstation, &nora, (PASSPHRASE, &next_code(&clinic, &nora.seed)), Some(NEW));
    assert_eq!(refused.err().unwrap().problem(), Some(ProblemCode::SignInRefused));
}

#[test]
fn a_prepared_slot_waits_for_its_workstation_until_that_has_it() {
    let clinic = Clinic::open();
    let (first, here, second, there) = at_two(&clinic, "nora");
    let proven = prove(&first, &here, (PASSPHRASE, &next_code(&clinic, &here.seed)), Some(NEW)).unwrap();
    let slots = [prepare(&first, &here, 2, &here.signing), prepare(&second, &there, 2, &there.signing)];
    let change = Change { prepared: slots.to_vec(), phone: None };
    let _changed: CredentialChanged = proven.finish(&first, &here, change).json();
    let waiting =
        |workstation: &Workstation<'_>| ask(workstation, DirectivesRequest::default()).prepared_slots;
    assert_eq!((waiting(&first), waiting(&second)), (vec![slots[0].clone()], vec![slots[1].clone()]));
    assert_eq!((orders(&first), orders(&second)), (vec![], vec![]), "nobody is forgotten where a slot waits");
    let answered = |number, taken| DirectivesRequest {
        prepared_slots: vec![PreparedStanding { person: here.id, number, taken }],
        ..DirectivesRequest::default()
    };
    ask(&second, answered(1, true));
    assert_eq!(waiting(&second).len(), 1, "an answer to an earlier one does not count");
    ask(&second, answered(2, true));
    ask(&first, answered(2, false));
    assert_eq!((waiting(&first).len(), waiting(&second).len()), (0, 0));
    let forget = DirectiveOrder::DropPerson { person: here.id, before: Some(2) };
    assert_eq!(
        (orders(&first), orders(&second)),
        (vec![forget], vec![]),
        "one that could not be taken is no use"
    );
}

#[test]
fn where_no_slot_fits_the_person_is_forgotten() {
    let clinic = Clinic::open();
    let (first, here, second, there) = at_two(&clinic, "nora");
    let proven = prove(&first, &here, (PASSPHRASE, &next_code(&clinic, &here.seed)), Some(NEW)).unwrap();
    // Of another number, and signed with a key that the person has on another workstation.
    let prepared = vec![prepare(&first, &here, 3, &here.signing), prepare(&second, &there, 2, &here.signing)];
    let _changed: CredentialChanged = proven.finish(&first, &here, Change { prepared, phone: None }).json();
    let forget = DirectiveOrder::DropPerson { person: here.id, before: Some(2) };
    assert_eq!((orders(&first), orders(&second)), (vec![forget.clone()], vec![forget]));
    assert!(ask(&second, DirectivesRequest::default()).prepared_slots.is_empty());
}

#[test]
fn a_twin_is_kept_for_the_workstation_it_is_for_until_keys_change_or_the_person_leaves() {
    let clinic = Clinic::open();
    let (first, here, second, there) = at_two(&clinic, "nora");
    let give = |workstation: &Workstation<'_>, person: &Person, twins: &[Vec<u8>]| -> TwinsResponse {
        let twins = twins.iter().map(|bytes| bytes.as_slice().into()).collect();
        workstation.post_as(&person.signed_in.session.token, path::TWINS, &TwinsRequest { twins }).json()
    };
    let wanted = give(&second, &there, &[]).wanted;
    assert_eq!(wanted.len(), 1);
    assert_eq!(wanted[0].device, first.id);
    assert_eq!(wanted[0].agreement_key.to_array(), Some(here.agreement.public().to_bytes()));
    let place = TwinPlace {
        practice: first.enrolled.practice_id.uuid(),
        person: here.id.uuid(),
        of: second.id.uuid(),
        on: first.id.uuid(),
    };
    let seal = |place: &TwinPlace, signing: &SigningKey| {
        let to = here.agreement.public();
        twin::seal(place, (signing, &there.agreement), &to, &mut Random::from_os()).unwrap()
    };
    let wrong = [seal(&place, &here.signing), seal(&TwinPlace { of: place.on, ..place }, &there.signing)];
    assert_eq!(give(&second, &there, &wrong).wanted.len(), 1, "neither is this workstation's");
    let twin = seal(&place, &there.signing);
    assert_eq!(give(&second, &there, std::slice::from_ref(&twin)).wanted.len(), 0);
    let listed = |person: &Person| {
        let proven = prove(&first, person, (PASSPHRASE, &next_code(&clinic, &person.seed)), Some(NEW));
        let mut own = proven.unwrap().answer.workstations;
        own.retain(|own| own.device == second.id);
        own.remove(0).twin
    };
    assert_eq!(listed(&here), Some(twin.into()));
    assert!(clinic.look(|tx| tx.twin(here.id, second.id, first.id)).is_some());
    second.sign_in("nora", PASSPHRASE, &next_code(&clinic, &here.seed)).unwrap();
    assert!(clinic.look(|tx| tx.twin(here.id, second.id, first.id)).is_none(), "the keys there are new");
    let (there, _) = second.sign_in("nora", PASSPHRASE, &next_code(&clinic, &here.seed)).unwrap();
    give(
        &second,
        &there,
        &[twin::seal(
            &place,
            (&there.signing, &there.agreement),
            &here.agreement.public(),
            &mut Random::from_os(),
        )
        .unwrap()],
    );
    assert!(clinic.look(|tx| tx.twin(here.id, second.id, first.id)).is_some());
    people::end_person(&clinic.practice, here.id).unwrap();
    assert!(clinic.look(|tx| tx.twin(here.id, second.id, first.id)).is_none());
}

#[test]
fn what_was_prepared_goes_with_the_person_or_the_workstation() {
    let clinic = Clinic::open();
    for leave in [
        |clinic: &Clinic, person: &Person, _: &Workstation<'_>| {
            people::end_person(&clinic.practice, person.id)
        },
        |clinic: &Clinic, _: &Person, device: &Workstation<'_>| {
            people::revoke_device(&clinic.practice, device.id)
        },
    ] {
        let username = format!("nora{}", clinic.look(|tx| tx.people()).len());
        let (first, here, second, there) = at_two(&clinic, &username);
        let proven = prove(&first, &here, (PASSPHRASE, &next_code(&clinic, &here.seed)), Some(NEW)).unwrap();
        let prepared = vec![prepare(&second, &there, 2, &there.signing)];
        let _changed: CredentialChanged =
            proven.finish(&first, &here, Change { prepared, phone: None }).json();
        assert_eq!(clinic.look(|tx| tx.prepared(second.id, 8)).len(), 1);
        leave(&clinic, &here, &second).unwrap();
        assert_eq!(clinic.look(|tx| tx.prepared(second.id, 8)).len(), 0);
    }
}

#[test]
fn one_code_on_two_workstations_is_an_alert_once_both_have_told_of_it() {
    let clinic = Clinic::open();
    let (first, here, second, _) = at_two(&clinic, "nora");
    let alerts = || clinic.look(|tx| tx.count_alerts(AlertKind::CodeReused));
    let tell = |workstation: &Workstation<'_>, step| {
        let used_steps = vec![UsedStep { person: here.id, step }];
        ask(workstation, DirectivesRequest { used_steps, ..DirectivesRequest::default() });
    };
    tell(&first, 1_000);
    tell(&first, 1_000);
    tell(&second, 1_001);
    assert_eq!(alerts(), 0);
    tell(&second, 1_000);
    assert_eq!(alerts(), 1);
    tell(&second, 1_000);
    assert_eq!(alerts(), 1, "told again, it is no news");
    // One that was used offline there, and at the server from here.
    let step = totp::step_at(clinic.now()) + 1;
    tell(&first, step);
    second.sign_in("nora", PASSPHRASE, &next_code(&clinic, &here.seed)).unwrap();
    assert_eq!(alerts(), 2);
}
