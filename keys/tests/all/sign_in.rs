//! Sign-in: the server never sees the passphrase, and a wrong one, an unknown name or a bent message all refuse.

use keys::sign_in::{self, Direction, ServerSetup, SignInBinding, SignInCost, SignInKey, SignInRefused};
use keys::{Passphrase, Random};

use super::given::{PASSPHRASE, id, passphrase, random};

const WHO: &[u8] = b"person-3";
const COST: SignInCost = SignInCost::for_tests();

fn binding() -> SignInBinding {
    SignInBinding { practice: id(1), device: id(2) }
}

fn registered(seed: u8) -> (ServerSetup, Vec<u8>, Random) {
    let mut random = random(seed);
    let setup = ServerSetup::make(&mut random);
    let passphrase = passphrase(PASSPHRASE);
    let (client, request) = sign_in::start_registration(&passphrase, &mut random).unwrap();
    let answer = setup.answer_registration(WHO, &request).unwrap();
    let upload = client.finish(&passphrase, &answer, COST, &mut random).unwrap();
    let record = ServerSetup::accept_registration(&upload).unwrap();
    (setup, record, random)
}

fn sign_in_with(
    setup: &ServerSetup,
    record: Option<&[u8]>,
    typed: &Passphrase,
    random: &mut Random,
) -> Result<(SignInKey, SignInKey), SignInRefused> {
    let (client, request) = sign_in::start_login(typed, random)?;
    let answer = setup.answer_login(record, WHO, &request, &binding(), random)?;
    let (client_key, proof) = client.finish(typed, &answer.message, &binding(), COST, random)?;
    Ok((client_key, ServerSetup::finish_login(&answer.state, &proof, &binding())?))
}

#[test]
fn both_sides_end_with_the_same_key_and_secrets_travel_under_it() {
    let (setup, record, mut random) = registered(160);
    let (client, server) = sign_in_with(&setup, Some(&record), &passphrase(PASSPHRASE), &mut random).unwrap();
    assert_eq!(client, server);
    let sealed = server.seal(Direction::ToClient, b"seed", b"twenty bytes of seed", &mut random);
    assert_eq!(client.open(Direction::ToClient, b"seed", &sealed).unwrap().expose(), b"twenty bytes of seed");
    assert_eq!(client.open(Direction::ToServer, b"seed", &sealed).err(), Some(SignInRefused::Refused));
    assert_eq!(client.open(Direction::ToClient, b"other", &sealed).err(), Some(SignInRefused::Refused));
}

#[test]
fn the_setup_survives_being_kept() {
    let (setup, record, mut random) = registered(161);
    let kept = ServerSetup::from_bytes(setup.to_bytes().expose()).unwrap();
    assert!(sign_in_with(&kept, Some(&record), &passphrase(PASSPHRASE), &mut random).is_ok());
    assert!(ServerSetup::from_bytes(&[setup.to_bytes().expose(), b"\0"].concat()).is_err());
}

#[test]
fn a_wrong_passphrase_and_an_unknown_name_refuse_alike() {
    let (setup, record, mut random) = registered(162);
    let wrong = passphrase("lantern orchard quietly");
    assert_eq!(sign_in_with(&setup, Some(&record), &wrong, &mut random).err(), Some(SignInRefused::Refused));
    let right = passphrase(PASSPHRASE);
    assert_eq!(sign_in_with(&setup, None, &right, &mut random).err(), Some(SignInRefused::Refused));
    let (_, request) = sign_in::start_login(&right, &mut random).unwrap();
    let known = setup.answer_login(Some(&record), WHO, &request, &binding(), &mut random).unwrap();
    let unknown = setup.answer_login(None, WHO, &request, &binding(), &mut random).unwrap();
    assert_eq!(known.message.len(), unknown.message.len());
}

#[test]
fn another_server_another_device_or_another_person_refuses() {
    let (setup, record, mut random) = registered(163);
    let right = passphrase(PASSPHRASE);
    let other = ServerSetup::make(&mut random);
    assert!(sign_in_with(&other, Some(&record), &right, &mut random).is_err());
    let (client, request) = sign_in::start_login(&right, &mut random).unwrap();
    let answer = setup.answer_login(Some(&record), WHO, &request, &binding(), &mut random).unwrap();
    let elsewhere = SignInBinding { device: id(9), ..binding() };
    assert!(client.finish(&right, &answer.message, &elsewhere, COST, &mut random).is_err());
    let (client, request) = sign_in::start_login(&right, &mut random).unwrap();
    let answer = setup.answer_login(Some(&record), b"person-4", &request, &binding(), &mut random).unwrap();
    assert!(client.finish(&right, &answer.message, &binding(), COST, &mut random).is_err());
}

#[test]
fn a_proof_is_good_for_its_own_sign_in_alone() {
    let (setup, record, mut random) = registered(164);
    let right = passphrase(PASSPHRASE);
    let (client, request) = sign_in::start_login(&right, &mut random).unwrap();
    let answer = setup.answer_login(Some(&record), WHO, &request, &binding(), &mut random).unwrap();
    let again = setup.answer_login(Some(&record), WHO, &request, &binding(), &mut random).unwrap();
    let (_, proof) = client.finish(&right, &answer.message, &binding(), COST, &mut random).unwrap();
    assert_eq!(
        ServerSetup::finish_login(&again.state, &proof, &binding()).err(),
        Some(SignInRefused::Refused)
    );
    assert!(ServerSetup::finish_login(&answer.state, &proof, &binding()).is_ok());
}

#[test]
fn messages_with_something_added_or_missing_are_malformed() {
    let (setup, record, mut random) = registered(165);
    let right = passphrase(PASSPHRASE);
    let (_, request) = sign_in::start_login(&right, &mut random).unwrap();
    for bent in [&request[..request.len() - 1], &[&request[..], b"\0"].concat(), b""] {
        let answer = setup.answer_login(Some(&record), WHO, bent, &binding(), &mut random);
        assert_eq!(answer.err(), Some(SignInRefused::Malformed));
        assert_eq!(setup.answer_registration(WHO, bent).err(), Some(SignInRefused::Malformed));
    }
}
