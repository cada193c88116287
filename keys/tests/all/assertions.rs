//! Assertions of programs: those that another implementation signed verify, and whatever is bent, swapped or weak does not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keys::assertion::{AssertionRefused, KeysRefused, ProgramKeys, TestProgram, claimed_program};
use serde_json::{Value, json};

/// Made once with another implementation (Python's `cryptography`): a set of two keys, one that is too short, and a token by each.
const FROZEN: &str = include_str!("../vectors/assertions.txt");

fn frozen(name: &str) -> &'static str {
    FROZEN.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = ")).unwrap()
}

fn program() -> ProgramKeys {
    ProgramKeys::from_jwks(frozen("jwks").as_bytes()).unwrap()
}

fn with_header(token: &str, header: &Value) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
}

#[test]
fn what_another_implementation_signed_verifies_with_either_kind_of_key() {
    for name in ["rs384", "es384"] {
        let claims = program().verify(frozen(name)).unwrap();
        assert_eq!((claims.iss.as_str(), claims.sub.as_str()), ("program", "program"));
        assert!(claims.aud.any(|address| address == "https://server.example/auth/token"));
        assert_eq!((claims.exp, claims.iat, claims.nbf), (1_795_341_900, Some(1_795_341_600), None));
        assert_eq!(claims.jti, "an-id-of-its-own");
        assert_eq!(claimed_program(frozen(name)).unwrap(), "program");
    }
    assert_eq!(program().ids().collect::<Vec<_>>(), ["rsa", "ec"]);
}

#[test]
fn a_token_of_which_one_character_was_changed_or_cut_off_does_not_verify() {
    for name in ["rs384", "es384"] {
        let token = frozen(name);
        for at in (0..token.len()).step_by(3) {
            let mut bent = token.as_bytes().to_vec();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            assert!(program().verify(std::str::from_utf8(&bent).unwrap()).is_err(), "{name} {at}");
            assert!(program().verify(token.split_at(at).0).is_err(), "{name} cut at {at}");
        }
        assert_eq!(program().verify(&format!("{token}.")), Err(AssertionRefused::Unreadable));
    }
}

#[test]
fn no_header_chooses_another_algorithm_or_the_key_of_another_kind() {
    let refused =
        |name: &str, header: Value| program().verify(&with_header(frozen(name), &header)).unwrap_err();
    for alg in ["none", "HS256", "HS384", "RS256", "ES256", "PS384", "rs384", ""] {
        let header = json!({ "alg": alg, "kid": "rsa" });
        assert_eq!(refused("rs384", header), AssertionRefused::Algorithm, "{alg}");
    }
    assert_eq!(refused("rs384", json!({ "alg": "ES384", "kid": "rsa" })), AssertionRefused::UnknownKey);
    assert_eq!(refused("es384", json!({ "alg": "RS384", "kid": "ec" })), AssertionRefused::UnknownKey);
    assert_eq!(refused("rs384", json!({ "alg": "RS384" })), AssertionRefused::UnknownKey);
    assert_eq!(refused("rs384", json!({ "alg": "RS384", "kid": "rsa" })), AssertionRefused::BadSignature);
    let critical = json!({ "alg": "RS384", "kid": "rsa", "crit": ["b64"] });
    assert_eq!(refused("rs384", critical), AssertionRefused::Unreadable);
    let other = json!({ "alg": "RS384", "kid": "rsa", "typ": "at+jwt" });
    assert_eq!(refused("rs384", other), AssertionRefused::Unreadable);
}

#[test]
fn claims_that_are_missing_twice_there_or_of_another_type_are_unreadable() {
    let signer = TestProgram::make();
    let keys = ProgramKeys::from_jwks(signer.jwks("k").as_bytes()).unwrap();
    let header = r#"{"alg":"ES384","kid":"k"}"#;
    let good = r#"{"iss":"p","sub":"p","aud":["a","b"],"exp":5,"jti":"j"}"#;
    let verify = |claims: &str| keys.verify(&signer.sign(header, claims));
    assert!(verify(good).unwrap().aud.any(|address| address == "b"));
    for claims in [
        r#"{"iss":"p","sub":"p","aud":"a","exp":5}"#,
        r#"{"iss":"p","sub":"p","aud":"a","jti":"j"}"#,
        r#"{"iss":"p","sub":"p","aud":"a","exp":"5","jti":"j"}"#,
        r#"{"iss":"p","sub":"p","aud":"a","exp":5,"exp":900,"jti":"j"}"#,
        r#"{"iss":"p","sub":"p","aud":"a","exp":5,"iat":"now","jti":"j"}"#,
        "[]",
    ] {
        assert_eq!(verify(claims), Err(AssertionRefused::Unreadable), "{claims}");
    }
}

#[test]
fn a_set_with_a_key_that_is_private_weak_unnamed_or_named_twice_is_not_taken() {
    let set =
        |keys: Value| ProgramKeys::from_jwks(json!({ "keys": keys }).to_string().as_bytes()).unwrap_err();
    let whole: Value = serde_json::from_str(frozen("jwks")).unwrap();
    let (rsa, ec) = (&whole["keys"][0], &whole["keys"][1]);
    let with = |key: &Value, name: &str, value: Value| {
        let mut key = key.clone();
        key[name] = value;
        key
    };
    let weak: Value = serde_json::from_str(frozen("weak")).unwrap();
    assert_eq!(set(json!([rsa, weak])), KeysRefused::Unfit(1), "1024 bits");
    assert_eq!(set(json!([with(rsa, "d", json!("AQ"))])), KeysRefused::Private);
    assert_eq!(set(json!([{ "kty": "oct", "kid": "s", "k": "AAAA" }])), KeysRefused::Private);
    for key in [
        with(rsa, "kid", Value::Null),
        with(rsa, "alg", json!("RS256")),
        with(rsa, "use", json!("enc")),
        with(ec, "crv", json!("P-256")),
        with(ec, "x", json!("AAAA")),
        with(ec, "kty", json!("OKP")),
    ] {
        assert_eq!(set(json!([key.clone()])), KeysRefused::Unfit(0), "{key}");
    }
    assert_eq!(set(json!([rsa, with(ec, "kid", json!("rsa"))])), KeysRefused::Unfit(1), "the same id twice");
    assert_eq!(set(json!([])), KeysRefused::Unreadable);
    let too_many: Vec<&Value> = std::iter::repeat_n(rsa, 17).collect();
    assert_eq!(set(json!(too_many)), KeysRefused::Unreadable);
}
