//! What a program by others shows to prove who it is: a JSON Web Token that it signed with a key of its own (RFC 7523, SMART
//! backend services), and the set of its public keys (RFC 7517).
//!
//! Signatures are RS384 or ES384, the two that SMART asks for; whatever else a token names, `none` and HMAC included, is
//! refused before any key is looked at. What the claims say is for the caller to judge: here it is only read, and only after
//! the signature has verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA384};
use ring::signature::{RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;

/// Longest assertion that is read, in bytes.
const LONGEST: usize = 8192;
/// Longest set of keys, in bytes, and the most keys in it.
const LONGEST_SET: usize = 65_536;
const MOST_KEYS: usize = 16;
/// The length of a coordinate of P-384.
const COORDINATE: usize = 48;
/// The least length of an RSA modulus, in bytes: 2048 bits.
const LEAST_MODULUS: usize = 256;

/// How a token may be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Rs384,
    Es384,
}

impl Algorithm {
    fn named(name: &str) -> Option<Self> {
        match name {
            "RS384" => Some(Self::Rs384),
            "ES384" => Some(Self::Es384),
            _ => None,
        }
    }
}

/// The public keys of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramKeys(Vec<ProgramKey>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct ProgramKey {
    id: String,
    key: PublicKey,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PublicKey {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// `04` ‖ x ‖ y.
    P384(Vec<u8>),
}

/// Why a set of keys is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysRefused {
    /// It is no JSON Web Key Set, or a far too long one.
    #[error("this is no JSON Web Key Set")]
    Unreadable,
    /// There is a private key in it: that must never leave the program.
    #[error("there is a private key in the set")]
    Private,
    /// A key is neither RSA of 2048 bits and more nor P-384, or has no id, or the id of another.
    #[error("key {0} is not RSA from 2048 bits on or P-384 with an id of its own")]
    Unfit(usize),
}

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssertionRefused {
    /// It is no signed token, or says what it says twice.
    #[error("the assertion cannot be read")]
    Unreadable,
    /// It is signed neither with RS384 nor with ES384.
    #[error("the assertion is signed neither with RS384 nor with ES384")]
    Algorithm,
    /// No key of the program has this id and is of this kind.
    #[error("no key of the program fits the assertion")]
    UnknownKey,
    /// The key did not sign this.
    #[error("the signature of the assertion does not verify")]
    BadSignature,
}

/// What a token says. Nobody has compared any of it yet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// Who made it.
    pub iss: String,
    /// Who it is about.
    pub sub: String,
    /// Whom it is for.
    pub aud: Audience,
    /// Until when, in seconds since 1970.
    pub exp: i64,
    /// Not before, in seconds since 1970.
    #[serde(default)]
    pub nbf: Option<i64>,
    /// When it was made, in seconds since 1970.
    #[serde(default)]
    pub iat: Option<i64>,
    /// Its own id.
    pub jti: String,
}

/// Whom a token is for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Audience {
    /// Whether one of those it is for is such a one.
    pub fn any(&self, is: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::One(one) => is(one),
            Self::Several(several) => several.iter().any(|one| is(one)),
        }
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    typ: Option<String>,
    /// Extensions that have to be understood; none is.
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    usage: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
    /// The private part of either kind.
    #[serde(default)]
    d: Option<serde_json::Value>,
    /// The key itself, of a secret that both ends share.
    #[serde(default)]
    k: Option<serde_json::Value>,
}

impl ProgramKeys {
    /// Reads a JSON Web Key Set.
    ///
    /// # Errors
    /// [`KeysRefused`]: a key that cannot be used is an error, since nobody would notice one that was left out.
    pub fn from_jwks(json: &[u8]) -> Result<Self, KeysRefused> {
        if json.len() > LONGEST_SET {
            return Err(KeysRefused::Unreadable);
        }
        let set: KeySet = serde_json::from_slice(json).map_err(|_| KeysRefused::Unreadable)?;
        if set.keys.is_empty() || set.keys.len() > MOST_KEYS {
            return Err(KeysRefused::Unreadable);
        }
        if set.keys.iter().any(|key| key.d.is_some() || key.k.is_some()) {
            return Err(KeysRefused::Private);
        }
        let mut keys: Vec<ProgramKey> = Vec::new();
        for (place, key) in set.keys.iter().enumerate() {
            let read = read_key(key).filter(|read| keys.iter().all(|known| known.id != read.id));
            keys.push(read.ok_or(KeysRefused::Unfit(place))?);
        }
        Ok(Self(keys))
    }

    /// The ids of the keys, in their order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.id.as_str())
    }

    /// What an assertion says, if one of these keys signed it.
    ///
    /// # Errors
    /// [`AssertionRefused`].
    pub fn verify(&self, assertion: &str) -> Result<Claims, AssertionRefused> {
        let token = Token::of(assertion)?;
        let header: Header =
            serde_json::from_slice(&token.header).map_err(|_| AssertionRefused::Unreadable)?;
        let algorithm = Algorithm::named(&header.alg).ok_or(AssertionRefused::Algorithm)?;
        let is_jwt = header.typ.as_deref().is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
        if header.crit.is_some() || !is_jwt {
            return Err(AssertionRefused::Unreadable);
        }
        let fits =
            |key: &&ProgramKey| Some(&key.id) == header.kid.as_ref() && key.key.algorithm() == algorithm;
        let key = self.0.iter().find(fits).ok_or(AssertionRefused::UnknownKey)?;
        if !key.key.has_signed(token.signed.as_bytes(), &token.signature) {
            return Err(AssertionRefused::BadSignature);
        }
        serde_json::from_slice(&token.claims).map_err(|_| AssertionRefused::Unreadable)
    }
}

/// Who an assertion says it is of, before anything has verified: to know whose keys to look at, and for nothing else.
///
/// # Errors
/// [`AssertionRefused::Unreadable`].
pub fn claimed_program(assertion: &str) -> Result<String, AssertionRefused> {
    let token = Token::of(assertion)?;
    let claims: Claims = serde_json::from_slice(&token.claims).map_err(|_| AssertionRefused::Unreadable)?;
    Ok(claims.sub)
}

impl PublicKey {
    const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa { .. } => Algorithm::Rs384,
            Self::P384(_) => Algorithm::Es384,
        }
    }

    fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa { n, e } => {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA384, message, signature).is_ok()
            }
            Self::P384(point) => {
                let key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point);
                key.verify(message, signature).is_ok()
            }
        }
    }
}

/// A token in its compact form, taken apart.
struct Token<'a> {
    /// What was signed.
    signed: &'a str,
    header: Vec<u8>,
    claims: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    fn of(assertion: &'a str) -> Result<Self, AssertionRefused> {
        let unreadable = AssertionRefused::Unreadable;
        if assertion.len() > LONGEST {
            return Err(unreadable);
        }
        let (signed, signature) = assertion.rsplit_once('.').ok_or(unreadable)?;
        let parts = signed.split_once('.').filter(|(_, claims)| !claims.contains('.'));
        let (header, claims) = parts.ok_or(unreadable)?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| unreadable);
        Ok(Self { signed, header: decode(header)?, claims: decode(claims)?, signature: decode(signature)? })
    }
}

fn read_key(key: &Key) -> Option<ProgramKey> {
    let id = key.kid.clone().filter(|id| !id.is_empty() && id.len() <= 128)?;
    let decode = |part: &Option<String>| URL_SAFE_NO_PAD.decode(part.as_deref()?).ok();
    let read = match (key.kty.as_str(), key.crv.as_deref()) {
        ("RSA", None) => {
            let (n, e) = (decode(&key.n)?, decode(&key.e)?);
            let is_fit = n.len() >= LEAST_MODULUS && n.first() != Some(&0) && !e.is_empty();
            is_fit.then_some(PublicKey::Rsa { n, e })?
        }
        ("EC", Some("P-384")) => {
            let (x, y) = (decode(&key.x)?, decode(&key.y)?);
            let is_fit = x.len() == COORDINATE && y.len() == COORDINATE;
            is_fit.then(|| PublicKey::P384([&[4], x.as_slice(), y.as_slice()].concat()))?
        }
        _ => return None,
    };
    let named = key.alg.as_deref().is_none_or(|name| Algorithm::named(name) == Some(read.algorithm()));
    let is_for_signing = key.usage.as_deref().is_none_or(|usage| usage == "sig");
    (named && is_for_signing).then_some(ProgramKey { id, key: read })
}

/// A program of a test: it has a key of P-384 and signs what it is told, true or not.
#[cfg(feature = "test-cost")]
pub struct TestProgram {
    pair: ring::signature::EcdsaKeyPair,
    random: ring::rand::SystemRandom,
}

#[cfg(feature = "test-cost")]
impl TestProgram {
    /// A new one.
    ///
    /// # Panics
    /// When the system has no randomness.
    #[must_use]
    pub fn make() -> Self {
        use ring::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
        let (random, kind) = (ring::rand::SystemRandom::new(), &ECDSA_P384_SHA384_FIXED_SIGNING);
        let made = EcdsaKeyPair::generate_pkcs8(kind, &random).expect("the system has randomness");
        let pair = EcdsaKeyPair::from_pkcs8(kind, made.as_ref(), &random).expect("it was made just now");
        Self { pair, random }
    }

    /// Its set of keys, with its one key under this id.
    #[must_use]
    pub fn jwks(&self, id: &str) -> String {
        use ring::signature::KeyPair as _;
        let point = self.pair.public_key().as_ref();
        let (x, y) = point.get(1..).unwrap_or_default().split_at(COORDINATE);
        let [x, y] = [x, y].map(|part| URL_SAFE_NO_PAD.encode(part));
        format!(r#"{{"keys":[{{"kty":"EC","crv":"P-384","alg":"ES384","kid":"{id}","x":"{x}","y":"{y}"}}]}}"#)
    }

    /// A token with this header and these claims, JSON both.
    ///
    /// # Panics
    /// When the system has no randomness.
    #[must_use]
    pub fn sign(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.pair.sign(&self.random, signed.as_bytes()).expect("the system has randomness");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

#[cfg(feature = "test-cost")]
impl std::fmt::Debug for TestProgram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TestProgram(…)")
    }
}
