//! Certificates that are signed by the practice's own CA and are bad all the same: each refused, and the next good one is not.

use crate::clinic::Clinic;
use crate::refusals::wait_for_refused;
use crate::workstation::Workstation;
use jiff::SignedDuration;
use keys::certificate::{self, CertificateRequest};
use keys::{Random, SecretBytes};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use sync::wire::{ProblemCode, path};

/// What a workstation's certificate is, but for its subject and names.
const LEAF: &str =
    "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n";

/// The tool that makes what our own authority never would, with the authority's key.
struct Forge {
    dir: tempfile::TempDir,
}

impl Forge {
    fn of(clinic: &Clinic) -> Self {
        let forge = Self { dir: tempfile::tempdir().unwrap() };
        // What the tool makes begins now, and the server's clock stands.
        clinic.advance(3_600);
        let standing = clinic.practice.authorities.standing();
        let issuing = standing.issuing();
        fs::write(forge.file("ca.pem"), certificate::to_pem(&[issuing.certificate()])).unwrap();
        fs::write(forge.file("ca.key"), certificate::key_to_pem(&issuing.key_pkcs8()).expose()).unwrap();
        forge
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn run(&self, words: &str) {
        let mut command = Command::new("openssl");
        command.args(words.split(' ')).current_dir(self.dir.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A key of a kind, and a certificate for it with these extensions, signed by `ca` with this digest.
    fn certificate(&self, key: &str, extensions: &str, ca: &str, digest: &str) {
        fs::write(self.file("leaf.ext"), extensions).unwrap();
        self.run(&format!("genpkey {key} -out leaf.key"));
        self.run("req -new -key leaf.key -subj /CN=workstation -out leaf.csr");
        self.run(&format!(
            "x509 -req -in leaf.csr -CA {ca}.pem -CAkey {ca}.key -set_serial 77 -days 30 -{digest} -extfile leaf.ext -out leaf.pem"
        ));
    }

    fn identity(&self) -> (Vec<u8>, SecretBytes) {
        self.run("pkcs8 -topk8 -nocrypt -in leaf.key -outform DER -out leaf.der");
        let chain = certificate::from_pem(&fs::read_to_string(self.file("leaf.pem")).unwrap()).unwrap();
        (chain[0].clone(), SecretBytes::new(fs::read(self.file("leaf.der")).unwrap()))
    }
}

const P256: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";

fn named(uri: &str) -> String {
    format!("{LEAF}subjectAltName={uri}\n")
}

fn serves(workstation: &Workstation<'_>) {
    let clinic = workstation.clinic;
    let answer = clinic.send(workstation.client.get(clinic.url(path::HEALTH))).unwrap();
    assert_eq!(answer.status, 200);
}

#[test]
fn a_certificate_that_is_not_valid_yet_is_refused_and_in_the_trail() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let soon = clinic.now().checked_add(SignedDuration::from_hours(26)).unwrap();
    let request = CertificateRequest::make().unwrap();
    let standing = clinic.practice.authorities.standing();
    let issuing = standing.issuing();
    let id = workstation.id.uuid();
    let certificate = issuing.issue_client(&request.request_pem, id, soon, &mut Random::from_os()).unwrap();
    let client = clinic.connection(Some((vec![certificate], &request.key)));
    assert!(clinic.send(client.get(clinic.url(path::HEALTH))).is_err());
    wait_for_refused(&clinic, 1);
    serves(&workstation);
}

/// What TLS itself has to refuse, whatever is stored of the workstation.
#[test]
fn weak_and_misused_certificates_are_refused_in_the_handshake_and_in_the_trail() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let forge = Forge::of(&clinic);
    let own = format!("URI:urn:uuid:{}", workstation.id.uuid());
    let leaf = named(&own);
    fs::write(forge.file("own.pem"), certificate::to_pem(&[&workstation.certificate])).unwrap();
    fs::write(forge.file("own.key"), certificate::key_to_pem(&workstation.key).expose()).unwrap();
    let server_only = leaf.replace("clientAuth", "serverAuth");
    let authority = leaf.replace("CA:FALSE", "CA:TRUE");
    forge.certificate(P256, &leaf, "ca", "sha256");
    let (certificate, key) = forge.identity();
    let client = clinic.connection(Some((vec![certificate], &key)));
    let sound = clinic.send(client.get(clinic.url(path::HEALTH))).unwrap();
    assert_eq!(sound.status, 403, "the tool makes what passes TLS");
    let table = [
        ("signed with SHA-1", leaf.as_str(), "ca", "sha1"),
        ("signed by a workstation", &leaf, "own", "sha256"),
        ("for servers", &server_only, "ca", "sha256"),
        ("an authority itself", &authority, "ca", "sha256"),
    ];
    for (at, (what, extensions, ca, digest)) in table.into_iter().enumerate() {
        forge.certificate(P256, extensions, ca, digest);
        let (certificate, key) = forge.identity();
        let chain = match ca {
            "own" => vec![certificate, workstation.certificate.clone()],
            _ => vec![certificate],
        };
        let client = clinic.connection(Some((chain, &key)));
        assert!(clinic.send(client.get(clinic.url(path::HEALTH))).is_err(), "{what}");
        wait_for_refused(&clinic, at + 1);
        serves(&workstation);
    }
}

/// Keys that our own TLS library would not even show; another one does.
#[test]
fn a_certificate_of_a_weak_key_gets_no_answer() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let forge = Forge::of(&clinic);
    let leaf = named(&format!("URI:urn:uuid:{}", workstation.id.uuid()));
    for (at, (what, key)) in [
        ("RSA of 1024 bits", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024"),
        ("P-192", "-algorithm EC -pkeyopt ec_paramgen_curve:P-192"),
        ("P-224", "-algorithm EC -pkeyopt ec_paramgen_curve:P-224"),
    ]
    .into_iter()
    .enumerate()
    {
        forge.certificate(key, &leaf, "ca", "sha256");
        let heard = by_openssl(&clinic, &forge.file("leaf.pem"), &forge.file("leaf.key"));
        assert!(!heard.contains("HTTP/1.1"), "{what}: {heard}");
        wait_for_refused(&clinic, at + 1);
        serves(&workstation);
    }
    // The same way with another key is answered: it is the key that counts.
    forge.certificate(P256, &leaf, "ca", "sha256");
    let heard = by_openssl(&clinic, &forge.file("leaf.pem"), &forge.file("leaf.key"));
    assert!(heard.contains("HTTP/1.1 403"), "{heard}");
}

fn by_openssl(clinic: &Clinic, certificate: &Path, key: &Path) -> String {
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut child = Command::new("openssl")
        .args(["s_client", "-connect", &clinic.listening.to_string(), "-tls1_3", "-quiet"])
        .args(["-cipher", "DEFAULT:@SECLEVEL=0", "-cert"])
        .arg(certificate)
        .arg("-key")
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It may have given up before it has read it.
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), request.as_bytes()).ok();
    let output = child.wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What passes TLS is refused for the name in it.
#[test]
fn a_certificate_with_another_name_than_its_own_workstation_s_is_refused() {
    let clinic = Clinic::open();
    let (workstation, other) = (clinic.enrol(), clinic.enrol());
    let forge = Forge::of(&clinic);
    let table = [
        ("of another workstation", named(&format!("URI:urn:uuid:{}", other.id.uuid()))),
        ("without a name", LEAF.to_owned()),
        ("a host's", named("DNS:localhost")),
        ("no id", named("URI:urn:uuid:nobody")),
        ("another kind of name", named(&format!("URI:https://localhost/{}", other.id.uuid()))),
    ];
    for (what, extensions) in table {
        forge.certificate(P256, &extensions, "ca", "sha256");
        let (certificate, key) = forge.identity();
        let client = clinic.connection(Some((vec![certificate], &key)));
        for route in [path::HEALTH, path::METADATA] {
            let answer = clinic.send(client.get(clinic.url(route))).unwrap();
            let expected = (403, Some(ProblemCode::DeviceRevoked));
            assert_eq!((answer.status, answer.problem()), expected, "{what} at {route}");
        }
        serves(&workstation);
        serves(&other);
    }
}
