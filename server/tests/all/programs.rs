//! Programs by others that read without a person: what they show, what they are given, and what is refused.

use crate::clinic::{Answer, Clinic, patient, take_in};
use crate::workstation::{Person, Workstation};
use chartkeep_server::approving::{self, Done, Proof};
use chartkeep_server::programs;
use chartkeep_server::router::{Asks, routes};
use chartkeep_server::store::Act;
use keys::assertion::TestProgram;
use keys::totp;
use records::Role;
use records::id::PersonId;
use serde_json::{Value, json};
use sync::wire::SecretText;

const HEADER: &str = r#"{"alg":"ES384","typ":"JWT","kid":"one"}"#;
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A program with its key, on a machine that is enrolled.
pub(crate) struct Registry<'a> {
    clinic: &'a Clinic,
    pub(crate) machine: Workstation<'a>,
    ivo: Person,
    mara: Person,
    signer: TestProgram,
    pub(crate) id: PersonId,
}

impl<'a> Registry<'a> {
    /// Registered and admitted.
    pub(crate) fn with(clinic: &'a Clinic, scopes: &str) -> Self {
        let registry = Self::registered(clinic, scopes);
        registry.admit();
        registry
    }

    fn registered(clinic: &'a Clinic, scopes: &str) -> Self {
        let machine = clinic.enrol();
        let ivo = machine.activate("ivo", Role::ItAdmin);
        let mara = machine.activate("mara", Role::PracticeManager);
        let signer = TestProgram::make();
        let id = programs::add(&clinic.practice, "Registry", signer.jwks("one").as_bytes(), scopes).unwrap();
        Self { clinic, machine, ivo, mara, signer, id }
    }

    fn proof(&self, person: &Person) -> Proof {
        self.clinic.advance(30);
        let code = totp::code_at(&person.seed, totp::step_at(self.clinic.now()));
        Proof { username: person.username.clone(), code: SecretText::new(code) }
    }

    fn admit(&self) {
        assert!(matches!(self.agreed(Act::ProgramAdmission(self.id)), Done::ProgramAdmitted));
    }

    /// What two administrators do together.
    pub(crate) fn agreed(&self, act: Act) -> Done {
        let practice = &self.clinic.practice;
        let number = approving::ask(practice, act, &self.proof(&self.ivo)).unwrap();
        approving::approve(practice, number, &self.proof(&self.mara)).unwrap()
    }

    fn claims(&self, jti: &str) -> Value {
        json!({
            "iss": self.id, "sub": self.id, "aud": self.clinic.url("/auth/token"),
            "exp": self.clinic.now().as_second() + 240, "jti": jti,
        })
    }

    fn post(&self, form: &[(&str, &str)]) -> Answer {
        let mut body = form_urlencoded::Serializer::new(String::new());
        let request = self.machine.client.post(self.clinic.url("/auth/token"));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.clinic.send(request.body(body.extend_pairs(form).finish())).unwrap()
    }

    fn ask(&self, assertion: &str, scope: Option<&str>) -> Answer {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION),
            ("client_assertion", assertion),
        ];
        form.extend(scope.map(|scope| ("scope", scope)));
        self.post(&form)
    }

    /// What is answered to these claims under this header.
    fn shows(&self, header: &str, claims: &Value) -> Answer {
        self.ask(&self.signer.sign(header, &claims.to_string()), None)
    }

    pub(crate) fn token(&self, jti: &str, scope: Option<&str>) -> SecretText {
        let answer = self.ask(&self.signer.sign(HEADER, &self.claims(jti).to_string()), scope);
        let given: Value = answer.json();
        assert_eq!((&given["token_type"], &given["expires_in"]), (&json!("bearer"), &json!(300)));
        SecretText::new(given["access_token"].as_str().unwrap())
    }

    /// A token of another program on the same machine.
    pub(crate) fn token_of_another(&self, scopes: &str) -> SecretText {
        let signer = TestProgram::make();
        let practice = &self.clinic.practice;
        let id = programs::add(practice, "Another", signer.jwks("one").as_bytes(), scopes).unwrap();
        assert!(matches!(self.agreed(Act::ProgramAdmission(id)), Done::ProgramAdmitted));
        let mut claims = self.claims("of-another");
        (claims["iss"], claims["sub"]) = (json!(id), json!(id));
        let given: Value = self.ask(&signer.sign(HEADER, &claims.to_string()), None).json();
        SecretText::new(given["access_token"].as_str().unwrap())
    }

    pub(crate) fn get(&self, token: &SecretText, path: &str) -> Answer {
        self.machine.get_as(token, &format!("/fhir/{path}"))
    }

    /// Events of the server's own log whose requestor is this.
    pub(crate) fn events_of(&self, who: &str) -> Vec<Value> {
        let own = self.clinic.look(|tx| tx.leaves(self.clinic.practice.row.log, 0, 10_000));
        let events = own.iter().map(|leaf| serde_json::from_slice::<Value>(&leaf.event).unwrap());
        let is_of = |event: &Value| {
            let agents = event["agent"].as_array().unwrap();
            agents.iter().any(|agent| agent["requestor"] == true && agent["who"]["reference"] == who)
        };
        events.filter(is_of).collect()
    }

    pub(crate) fn own_kinds(&self) -> Vec<String> {
        let events = self.events_of(&format!("Device/{}", self.id));
        let kind = |event: &Value| {
            let subtypes = event["subtype"].as_array().unwrap();
            let own = subtypes.iter().find(|one| one["system"] == "urn:chartkeep:event").unwrap();
            own["code"].as_str().unwrap().to_owned()
        };
        events.iter().map(kind).collect()
    }

    fn failed_sign_ins(&self) -> usize {
        let own = self.clinic.look(|tx| tx.leaves(self.clinic.practice.row.log, 0, 10_000));
        let text = |event: &[u8]| String::from_utf8_lossy(event).contains(r#""sign-in-failed""#);
        own.iter().filter(|leaf| text(&leaf.event)).count()
    }
}

fn error(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    body["error"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn an_assertion_that_does_not_hold_is_refused_whatever_is_wrong_with_it_and_each_is_in_the_trail() {
    let clinic = Clinic::open();
    let registry = Registry::with(&clinic, "system/*.rs");
    let now = clinic.now().as_second();
    let url = clinic.url("/auth/token");
    let with = |name: &str, value: Value| {
        let mut claims = registry.claims(&format!("with-{name}-{value}"));
        claims[name] = value;
        claims
    };
    let other = url.replace("localhost", "example.org");
    let stranger = TestProgram::make();
    let good = |jti: &str| registry.claims(jti).to_string();
    let hs256 = r#"{"alg":"HS256","kid":"one"}"#;
    let unsigned = {
        let signed = registry.signer.sign(r#"{"alg":"none","kid":"one"}"#, &good("none"));
        format!("{}.", signed.rsplit_once('.').unwrap().0)
    };
    let bad = [
        ("expired", registry.signer.sign(HEADER, &with("exp", json!(now)).to_string())),
        ("too long", registry.signer.sign(HEADER, &with("exp", json!(now + 301)).to_string())),
        ("kept for long", registry.signer.sign(HEADER, &with("iat", json!(now - 200)).to_string())),
        ("made tomorrow", registry.signer.sign(HEADER, &with("iat", json!(now + 86_400)).to_string())),
        ("not yet good", registry.signer.sign(HEADER, &with("nbf", json!(now + 120)).to_string())),
        ("for another server", registry.signer.sign(HEADER, &with("aud", json!(other)).to_string())),
        (
            "for the surface",
            registry.signer.sign(HEADER, &with("aud", json!(clinic.url("/fhir"))).to_string()),
        ),
        (
            "in clear",
            registry.signer.sign(HEADER, &with("aud", json!(url.replace("https", "http"))).to_string()),
        ),
        ("by another", registry.signer.sign(HEADER, &with("iss", json!("somebody")).to_string())),
        ("of nobody", registry.signer.sign(HEADER, &with("sub", json!(registry.mara.id)).to_string())),
        ("without an id", registry.signer.sign(HEADER, &with("jti", json!("")).to_string())),
        ("an unknown key", registry.signer.sign(r#"{"alg":"ES384","kid":"two"}"#, &good("two"))),
        ("no key named", registry.signer.sign(r#"{"alg":"ES384"}"#, &good("unnamed"))),
        ("another's key", stranger.sign(HEADER, &good("stranger"))),
        ("another algorithm", registry.signer.sign(r#"{"alg":"RS384","kid":"one"}"#, &good("rs384"))),
        ("a shared secret", registry.signer.sign(hs256, &good("hs256"))),
        ("none", unsigned),
        ("no token at all", "nothing".to_owned()),
    ];
    let before = registry.failed_sign_ins();
    for (what, assertion) in &bad {
        let answer = registry.ask(assertion, None);
        assert_eq!((answer.status, error(&answer).as_str()), (401, "invalid_client"), "{what}");
    }
    assert_eq!(registry.failed_sign_ins(), before + bad.len(), "each is in the trail");

    let assertion = registry.signer.sign(HEADER, &registry.claims("once").to_string());
    assert_eq!(registry.ask(&assertion, None).status, 200);
    assert_eq!(error(&registry.ask(&assertion, None)), "invalid_client", "it was used");
    let again = registry.shows(HEADER, &registry.claims("once"));
    assert_eq!(error(&again), "invalid_client", "another one with the same id, too");
    let several = registry.shows(HEADER, &with("aud", json!(["https://example.org", url])));
    assert_eq!(several.status, 200);
}

#[test]
fn what_is_no_request_for_a_token_is_refused_in_the_words_of_oauth() {
    let clinic = Clinic::open();
    let registry = Registry::with(&clinic, "system/Patient.rs");
    let sign = |jti: &str| registry.signer.sign(HEADER, &registry.claims(jti).to_string());
    let assertion = sign("a");
    let form = |grant: &'static str, kind: &'static str| {
        [("grant_type", grant), ("client_assertion_type", kind), ("client_assertion", assertion.as_str())]
    };
    assert_eq!(error(&registry.post(&form("password", ASSERTION))), "unsupported_grant_type");
    assert_eq!(error(&registry.post(&form("client_credentials", "basic"))), "invalid_request");
    let twice = [form("client_credentials", ASSERTION).as_slice(), &[("grant_type", "x")]].concat();
    assert_eq!(error(&registry.post(&twice)), "invalid_request");
    let scope = |jti: &str, scope: &str| error(&registry.ask(&sign(jti), Some(scope)));
    assert_eq!(scope("b", "system/Observation.r"), "invalid_scope");
    assert_eq!(scope("c", "system/*.rs"), "invalid_scope");
    assert_eq!(scope("d", "system/Patient.c"), "invalid_scope");
    let narrower: Value = registry.ask(&sign("e"), Some("system/Patient.r")).json();
    assert_eq!(narrower["scope"], "system/Patient.r");
    let token = SecretText::new(narrower["access_token"].as_str().unwrap());
    assert_eq!(registry.get(&token, "Patient").status, 403, "it may read, and not search");
}

#[test]
fn two_administrators_admit_a_program_and_who_ends_it_ends_its_tokens_at_once() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada")]);
    let registry = Registry::registered(&clinic, "system/Patient.rs");
    assert_eq!(error(&registry.shows(HEADER, &registry.claims("early"))), "invalid_client", "not admitted");
    let practice = &clinic.practice;
    let act = Act::ProgramAdmission(registry.id);
    let number = approving::ask(practice, act.clone(), &registry.proof(&registry.ivo)).unwrap();
    assert!(approving::approve(practice, number, &registry.proof(&registry.ivo)).is_err(), "one is not two");
    approving::approve(practice, number, &registry.proof(&registry.mara)).unwrap();
    assert!(approving::ask(practice, act.clone(), &registry.proof(&registry.ivo)).is_err(), "it is admitted");
    let token = registry.token("late", None);
    assert_eq!(registry.get(&token, "Patient/ada").status, 200);

    programs::end(practice, registry.id).unwrap();

    assert_eq!(registry.get(&token, "Patient/ada").status, 401);
    assert_eq!(error(&registry.shows(HEADER, &registry.claims("after"))), "invalid_client");
    assert!(programs::end(practice, registry.id).is_err());
    assert!(approving::ask(practice, act, &registry.proof(&registry.ivo)).is_err(), "it does not come back");
}

#[test]
fn a_token_is_for_its_machine_for_five_minutes_and_for_nothing_but_fhir() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada")]);
    let registry = Registry::with(&clinic, "system/*.rs");
    let token = registry.token("first", None);
    let elsewhere = clinic.enrol();
    assert_eq!(elsewhere.get_as(&token, "/fhir/Patient/ada").status, 401, "another machine");
    for route in routes().iter().filter(|route| route.asks == Asks::Session) {
        if route.path.starts_with("/fhir/") || route.path.starts_with("/v1/exports/") {
            continue;
        }
        let method = route.method.as_str().parse().unwrap();
        let request = registry.machine.client.request(method, clinic.url(route.path)).body("{}");
        let answer = clinic.send(request.bearer_auth(token.expose())).unwrap();
        assert_eq!(answer.status, 401, "{}", route.path);
    }
    let batch = json!({ "resourceType": "Bundle", "type": "batch",
        "entry": [{ "request": { "method": "GET", "url": "Patient/ada" } }] });
    let answer = registry.machine.post_as(&token, "/fhir", &batch);
    assert_eq!(answer.value()["entry"][0]["response"]["status"], "401", "not in a batch");
    clinic.advance(299);
    assert_eq!(registry.get(&token, "Patient/ada").status, 200);
    clinic.advance(1);
    assert_eq!(registry.get(&token, "Patient/ada").status, 401);
}

#[test]
fn the_surface_says_how_programs_prove_themselves() {
    let clinic = Clinic::open();
    let registry = Registry::with(&clinic, "system/Patient.rs");
    let request = registry.machine.client.get(clinic.url("/fhir/.well-known/smart-configuration"));
    let told: Value = clinic.send(request).unwrap().json();
    assert_eq!(told["token_endpoint"], clinic.url("/auth/token"));
    assert_eq!(told["token_endpoint_auth_signing_alg_values_supported"], json!(["RS384", "ES384"]));
    let token = registry.token("first", None);
    let statement: Value = registry.get(&token, "metadata").json();
    let security = &statement["rest"][0]["security"];
    assert_eq!(security["service"][0]["coding"][0]["code"], "SMART-on-FHIR");
}

#[test]
fn a_program_without_a_name_with_a_private_key_or_with_other_scopes_is_not_registered() {
    let clinic = Clinic::open();
    let jwks = TestProgram::make().jwks("one");
    let add = |name: &str, jwks: &str, scopes: &str| {
        programs::add(&clinic.practice, name, jwks.as_bytes(), scopes).map_err(|failure| failure.sentence)
    };
    assert!(add(" ", &jwks, "system/Patient.rs").is_err());
    assert!(add("R", &jwks, "system/Patient.write").is_err());
    assert!(add("R", &jwks, "").is_err());
    let private = jwks.replace(r#""kty""#, r#""d":"AAAA","kty""#);
    assert!(add("R", &private, "system/Patient.rs").unwrap_err().contains("private key"));
    assert!(add("R", "{}", "system/Patient.rs").is_err());
    assert!(programs::list(&clinic.practice).unwrap().is_empty());
    let id = add("R", &jwks, "system/Patient.rs").unwrap();
    assert_eq!(programs::list(&clinic.practice).unwrap()[0].id, id);
}
