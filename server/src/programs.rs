//! Programs by others that read over FHIR without a person (SMART backend services): registered with their public keys, admitted by
//! two administrators, proven by assertions that they sign, bounded by their scopes, and ended at once.
//!
//! A program runs on a machine that is enrolled like a workstation: its certificate carries the connection, and a token is bound to
//! it. What a program may see is the row of the rights table for programs, and of that what its scopes name.

use crate::answer::Refusal;
use crate::error::{Failure, Kind};
use crate::fhir::Scopes;
use crate::identity::Workstation;
use crate::practice::Practice;
use crate::store::{self, ProgramRow, SessionRow, StoreError, Transaction};
use crate::trail::ServerTrail;
use jiff::{SignedDuration, Timestamp};
use keys::Random;
use keys::SecretText;
use keys::assertion::{Claims, ProgramKeys, claimed_program};
use keys::token::BearerToken;
use records::event::SignIn;
use records::id::{DeviceId, PersonId, SessionId};
use records::rights::Trail as _;
use records::{Actor, AuditEvent, Purpose, Role};
use sha2::{Digest as _, Sha256};

/// Where a program gets a token.
pub(crate) const TOKEN: &str = "/auth/token";
/// The longest life of an assertion, in seconds (SMART: five minutes).
const LONGEST_ASSERTION_S: i64 = 300;
/// How long a token is good for (SMART recommends at most five minutes).
pub(crate) const TOKEN_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// How far ahead the clock of a program may be, in seconds.
const AHEAD_S: i64 = 60;
const LONGEST_NAME: usize = 80;
const LONGEST_ID: usize = 256;

/// Registers a program; nothing is open to it before two administrators have admitted it. Returns its id.
///
/// # Errors
/// When the name, the keys or the scopes are none, or the store fails.
pub fn add(practice: &Practice, name: &str, jwks: &[u8], scopes: &str) -> Result<PersonId, Failure> {
    let name = name.trim();
    if name.is_empty() || name.len() > LONGEST_NAME || name.contains(char::is_control) {
        return Err(Failure::new(
            Kind::Usage,
            "A program has a name of at most 80 letters.",
            "Give another.",
        ));
    }
    let scopes: Scopes = scopes.parse().map_err(|_| {
        let advice =
            "Such as \"system/Patient.rs system/Observation.rs\"; r reads, s searches, * is every type.";
        Failure::new(Kind::Usage, "These are no scopes of a program that reads.", advice)
    })?;
    ProgramKeys::from_jwks(jwks).map_err(|refused| {
        let advice =
            "Give its public keys as a JSON Web Key Set: RSA from 2048 bits on, or P-384, each with a kid.";
        Failure::new(Kind::Usage, format!("The keys of the program are not taken: {refused}."), advice)
    })?;
    let jwks = std::str::from_utf8(jwks).unwrap_or_default().to_owned();
    let now = practice.clock.now();
    let id = PersonId::from_uuid(Random::from_os().uuid_v7(now));
    store::write(practice.store.as_ref(), |tx| -> Result<(), StoreError> {
        let scopes = scopes.to_string();
        let name = name.to_owned();
        tx.insert_program(&ProgramRow {
            id,
            name,
            scopes,
            jwks,
            added_at: now,
            admitted_at: None,
            ended_at: None,
        })?;
        ServerTrail::new(practice, tx, now).changed_settings()
    })?;
    Ok(id)
}

/// Every program, oldest first.
///
/// # Errors
/// When the store fails.
pub fn list(practice: &Practice) -> Result<Vec<ProgramRow>, Failure> {
    Ok(store::read(practice.store.as_ref(), |tx| tx.programs())?)
}

/// Ends a program: its tokens are void from now on.
///
/// # Errors
/// When there is none, or it was ended before, or the store fails.
pub fn end(practice: &Practice, id: PersonId) -> Result<(), Failure> {
    let now = practice.clock.now();
    let ended = store::write(practice.store.as_ref(), |tx| -> Result<bool, StoreError> {
        let ended = tx.end_program(id, now)?;
        if ended {
            tx.end_sessions_of(id)?;
            ServerTrail::new(practice, tx, now).changed_settings()?;
        }
        Ok(ended)
    })?;
    let advice = "See `program list`; nothing was changed.";
    if ended {
        Ok(())
    } else {
        Err(Failure::new(Kind::Usage, "There is no such program that is not ended.", advice))
    }
}

/// What a program is given.
pub(crate) struct Token {
    pub(crate) text: SecretText,
    pub(crate) scopes: Scopes,
}

/// Why a program is given nothing: the codes of OAuth 2.0 (RFC 6749 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenRefused {
    /// It is not who it says, or must not any more.
    Client(&'static str),
    /// It asks for more than it was given.
    Scope,
    /// What it sent is no request for a token.
    Request(&'static str),
    /// It asks for a token in another way.
    GrantType,
}

/// A request for a token, as it was sent.
#[derive(Default)]
pub(crate) struct TokenRequest {
    pub(crate) grant_type: String,
    pub(crate) scope: Option<String>,
    pub(crate) assertion_type: String,
    pub(crate) assertion: String,
}

/// Gives a program a token, or says why not. A refusal is in the trail.
///
/// # Errors
/// When the store fails.
pub(crate) fn token(
    practice: &Practice,
    workstation: &Workstation,
    request: &TokenRequest,
) -> Result<Result<Token, TokenRefused>, Refusal> {
    let now = practice.clock.now();
    // A refusal is a value inside the unit of work: what it leaves behind has to be stored.
    store::write(practice.store.as_ref(), |tx| {
        let outcome = prove(practice, tx, request, now)?;
        let outcome = match outcome {
            Ok((program, scopes)) => Ok(open(practice, tx, workstation, &program, scopes, now)?),
            Err(refused) => {
                tracing::warn!(?refused, device = %workstation.id(), "a program was given no token");
                note_refused(practice, tx, request, now)?;
                Err(refused)
            }
        };
        Ok(outcome)
    })
}

/// The program with the scopes that it asks for, if everything that it shows holds.
fn prove(
    practice: &Practice,
    tx: &dyn Transaction,
    request: &TokenRequest,
    now: Timestamp,
) -> Result<Result<(ProgramRow, Scopes), TokenRefused>, StoreError> {
    use TokenRefused::{Client, GrantType, Request, Scope};
    if request.grant_type != "client_credentials" {
        return Ok(Err(GrantType));
    }
    if request.assertion_type != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
        return Ok(Err(Request("client_assertion_type is that of a JWT")));
    }
    let Some(id) = claimed_program(&request.assertion).ok().and_then(|id| id.parse::<PersonId>().ok()) else {
        return Ok(Err(Client("the assertion cannot be read, or names no program")));
    };
    let program = tx.program(id)?.filter(|row| row.admitted_at.is_some() && row.ended_at.is_none());
    let Some(program) = program else { return Ok(Err(Client("there is no such program"))) };
    let keys = ProgramKeys::from_jwks(program.jwks.as_bytes());
    let keys = keys.map_err(|_| StoreError::Unreadable("the keys of a program"))?;
    let claims = match keys.verify(&request.assertion) {
        Ok(claims) => claims,
        Err(refused) => {
            tracing::warn!(%refused, program = %id, "an assertion does not verify");
            return Ok(Err(Client("the assertion does not verify")));
        }
    };
    if let Err(why) = check(&claims, &program.id.to_string(), &practice.row.host, now) {
        return Ok(Err(Client(why)));
    }
    let until = Timestamp::from_second(claims.exp).unwrap_or(now);
    if !tx.use_assertion(&single_use(&program.id, &claims.jti), until)? {
        return Ok(Err(Client("the assertion was used before")));
    }
    let given: Scopes =
        program.scopes.parse().map_err(|_| StoreError::Unreadable("the scopes of a program"))?;
    let asked = match request.scope.as_deref().map(str::parse::<Scopes>) {
        None => given,
        Some(Ok(asked)) if given.cover(&asked) => asked,
        Some(_) => return Ok(Err(Scope)),
    };
    Ok(Ok((program, asked)))
}

/// What the claims say, compared with who, where and when.
fn check(claims: &Claims, id: &str, host: &str, now: Timestamp) -> Result<(), &'static str> {
    let now = now.as_second();
    if claims.iss != id || claims.sub != id {
        return Err("iss and sub are the id of the program");
    }
    if !claims.aud.any(|address| is_token_address(address, host)) {
        return Err("aud is the address of the token endpoint");
    }
    if claims.exp <= now {
        return Err("the assertion has expired");
    }
    let made = claims.iat.into_iter().chain(claims.nbf).max();
    if made.is_some_and(|made| made > now.saturating_add(AHEAD_S)) {
        return Err("the assertion is not good yet");
    }
    // From when it says it was made, where it does: an old one is not good for longer by being kept.
    let since = claims.iat.unwrap_or(now).min(now);
    if claims.exp.saturating_sub(since) > LONGEST_ASSERTION_S {
        return Err("an assertion is good for five minutes at the most");
    }
    if claims.jti.is_empty() || claims.jti.len() > LONGEST_ID {
        return Err("jti is the assertion's own id");
    }
    Ok(())
}

/// Whether this is where a program gets a token of this practice. The name is the practice's own, whatever the request says;
/// a port may be mapped on the way.
fn is_token_address(address: &str, host: &str) -> bool {
    let Ok(address) = address.parse::<axum::http::Uri>() else { return false };
    address.scheme_str() == Some("https")
        && address.host().is_some_and(|named| named.eq_ignore_ascii_case(host))
        && address.path() == TOKEN
        && address.query().is_none()
}

fn single_use(program: &PersonId, jti: &str) -> [u8; 32] {
    let hash = Sha256::new().chain_update(b"chartkeep/assertion/v1\0");
    hash.chain_update(program.uuid().as_bytes()).chain_update(jti).finalize().into()
}

fn open(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    program: &ProgramRow,
    scopes: Scopes,
    now: Timestamp,
) -> Result<Token, StoreError> {
    let mut random = Random::from_os();
    let token = BearerToken::make(&mut random);
    let id = SessionId::from_uuid(random.uuid_v7(now));
    tx.purge_expired(now)?;
    tx.insert_session(&SessionRow {
        token: token.digest(),
        id,
        person: program.id,
        device: workstation.id(),
        certificate: workstation.certificate,
        expires_at: now.checked_add(TOKEN_LIFE).unwrap_or(now),
        scopes: scopes.to_string(),
    })?;
    let actor = actor(practice, program, workstation.id(), id);
    let mut trail = ServerTrail::new(practice, tx, now);
    let event = AuditEvent::signed_in(trail.stamp(), &actor, &program.name, SignIn::Assertion);
    trail.append(&event)?;
    Ok(Token { text: token.to_text(), scopes })
}

/// Whoever it was: of a program that there is its id, since that is no secret; of all else a hash of what was claimed.
fn note_refused(
    practice: &Practice,
    tx: &dyn Transaction,
    request: &TokenRequest,
    now: Timestamp,
) -> Result<(), StoreError> {
    let claimed = claimed_program(&request.assertion).unwrap_or_default();
    let hash: [u8; 32] =
        Sha256::new().chain_update(b"chartkeep/claimed-program/v1\0").chain_update(claimed).finalize().into();
    let mut trail = ServerTrail::new(practice, tx, now);
    let event = AuditEvent::sign_in_failed(trail.stamp(), trail.node(), Some(hash.split_at(16).0));
    trail.append(&event)?;
    Ok(())
}

/// The program of a session, while it is admitted and not ended, and what its token is good for.
pub(crate) fn of_session(
    practice: &Practice,
    tx: &dyn Transaction,
    session: &SessionRow,
) -> Result<Option<(Actor, Scopes)>, StoreError> {
    let program = tx.program(session.person)?;
    let Some(program) = program.filter(|row| row.admitted_at.is_some() && row.ended_at.is_none()) else {
        return Ok(None);
    };
    let scopes = session.scopes.parse().map_err(|_| StoreError::Unreadable("the scopes of a token"))?;
    Ok(Some((actor(practice, &program, session.device, session.id), scopes)))
}

fn actor(practice: &Practice, program: &ProgramRow, device: DeviceId, session: SessionId) -> Actor {
    Actor {
        person: program.id,
        practice: practice.row.id,
        roles: vec![Role::Program],
        device,
        session,
        purpose: Purpose::Operations,
    }
}
