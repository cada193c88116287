//! Certificates: a root, an issuing CA, a server, a workstation, and what is read from them.

use keys::SecretBytes;
use keys::certificate::{
    self, Authority, CertificateNotMade, CertificateRefused, CertificateRequest, LateRenewal, device_id,
    verify_issued,
};

use super::given::{NOW, id, now, random};

fn practice(seed: u8) -> (Authority, Authority, keys::Random) {
    let mut random = random(seed);
    let root = Authority::make_root(id(1), "Harbour Street Practice", now(), &mut random).unwrap();
    let issuing = root.make_issuing("Harbour Street Practice", now(), &mut random).unwrap();
    (root, issuing, random)
}

#[test]
fn the_chain_verifies_link_by_link_and_with_no_foreign_link() {
    let (root, issuing, mut random) = practice(80);
    let request = CertificateRequest::make().unwrap();
    let client = issuing.issue_client(&request.request_pem, id(2), now(), &mut random).unwrap();
    let server = issuing.make_server(&["localhost", "127.0.0.1"], now(), &mut random).unwrap();
    assert_eq!(verify_issued(root.certificate(), root.certificate()), Ok(()));
    assert_eq!(verify_issued(issuing.certificate(), root.certificate()), Ok(()));
    for leaf in [&client, &server.certificate] {
        assert_eq!(verify_issued(leaf, issuing.certificate()), Ok(()));
        assert_eq!(verify_issued(leaf, root.certificate()), Err(CertificateRefused::BadSignature));
    }
    let (_, foreign, _) = practice(81);
    assert_eq!(verify_issued(&client, foreign.certificate()), Err(CertificateRefused::BadSignature));
}

#[test]
fn a_client_certificate_names_its_device_and_lasts_90_days() {
    let (_, issuing, mut random) = practice(82);
    let request = CertificateRequest::make().unwrap();
    let client = issuing.issue_client(&request.request_pem, id(2), now(), &mut random).unwrap();
    assert_eq!(device_id(&client), Ok(id(2)));
    let (from, until) = certificate::validity(&client).unwrap();
    assert_eq!((from.as_second(), until.as_second()), (NOW - 3600, NOW + 90 * 86_400));
    assert_eq!(certificate::serial(&client).unwrap().len(), 32);
    assert_eq!(certificate::fingerprint(&client).len(), 32);
}

#[test]
fn no_other_certificate_names_a_device() {
    let (root, issuing, mut random) = practice(83);
    let server = issuing.make_server(&["clinic.example"], now(), &mut random).unwrap();
    for certificate in [root.certificate(), issuing.certificate(), &server.certificate] {
        assert_eq!(device_id(certificate), Err(CertificateRefused::NoDevice));
    }
    assert_eq!(device_id(b"not a certificate"), Err(CertificateRefused::Malformed));
    assert_eq!(device_id(&[&server.certificate[..], b"\0"].concat()), Err(CertificateRefused::Malformed));
}

#[test]
fn an_authority_comes_back_from_what_was_kept_and_not_with_another_key() {
    let (root, issuing, mut random) = practice(84);
    let back = Authority::from_parts(issuing.certificate().to_vec(), &issuing.key_pkcs8()).unwrap();
    let request = CertificateRequest::make().unwrap();
    let client = back.issue_client(&request.request_pem, id(2), now(), &mut random).unwrap();
    assert_eq!(verify_issued(&client, issuing.certificate()), Ok(()));
    let mixed = Authority::from_parts(issuing.certificate().to_vec(), &root.key_pkcs8());
    assert_eq!(mixed.err(), Some(CertificateNotMade::BadKey));
    let junk = Authority::from_parts(issuing.certificate().to_vec(), &SecretBytes::new(vec![1, 2, 3]));
    assert_eq!(junk.err(), Some(CertificateNotMade::BadKey));
}

#[test]
fn a_changed_request_is_not_answered_and_a_request_cannot_ask_for_names() {
    let (_, issuing, mut random) = practice(85);
    let request = CertificateRequest::make().unwrap();
    let mut changed = request.request_pem.into_bytes();
    changed[120] = if changed[120] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    let refused = issuing.issue_client(&changed, id(2), now(), &mut random).err();
    assert_eq!(refused, Some(CertificateNotMade::BadRequest));
    let key = rcgen_key_with_names();
    let client = issuing.issue_client(&key, id(2), now(), &mut random).unwrap();
    assert_eq!(device_id(&client), Ok(id(2)), "the names asked for are not in it");
}

/// A request that asks to be another device and a server.
fn rcgen_key_with_names() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["clinic.example".to_owned()]).unwrap();
    params.subject_alt_names.push(rcgen::SanType::URI(format!("urn:uuid:{}", id(99)).try_into().unwrap()));
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    params.serialize_request(&key).unwrap().pem().unwrap()
}

#[test]
fn a_certificate_is_renewed_with_the_key_that_is_there() {
    let (_, issuing, mut random) = practice(86);
    let request = CertificateRequest::make().unwrap();
    let again = CertificateRequest::for_key(&request.key).unwrap();
    let client = issuing.issue_client(&again, id(2), now(), &mut random).unwrap();
    assert_eq!(device_id(&client), Ok(id(2)));
}

#[test]
fn a_late_renewal_is_proven_by_the_key_of_the_certificate_and_for_one_request_and_challenge() {
    let (_, issuing, mut random) = practice(89);
    let (old, new) = (CertificateRequest::make().unwrap(), CertificateRequest::make().unwrap());
    let ended = issuing.issue_client(&old.request_pem, id(2), now(), &mut random).unwrap();
    let asked = |challenge, device, request_pem| LateRenewal {
        practice: id(1),
        device: id(device),
        challenge: [challenge; 32],
        request_pem,
    };
    let signature = asked(5, 2, &new.request_pem).sign(&old.key).unwrap();
    assert_eq!(asked(5, 2, &new.request_pem).verify(&ended, &signature), Ok(()));
    let refused = Err(CertificateRefused::BadSignature);
    assert_eq!(asked(6, 2, &new.request_pem).verify(&ended, &signature), refused, "another challenge");
    assert_eq!(asked(5, 3, &new.request_pem).verify(&ended, &signature), refused, "another workstation");
    assert_eq!(asked(5, 2, &old.request_pem).verify(&ended, &signature), refused, "another request");
    let by_new = asked(5, 2, &new.request_pem).sign(&new.key).unwrap();
    assert_eq!(asked(5, 2, &new.request_pem).verify(&ended, &by_new), refused, "another key");
    let junk = asked(5, 2, &new.request_pem).sign(&SecretBytes::new(vec![1, 2, 3]));
    assert_eq!(junk.err(), Some(CertificateNotMade::BadKey));
}

#[test]
fn certificates_survive_pem() {
    let (root, issuing, _) = practice(87);
    let pem = certificate::to_pem(&[issuing.certificate(), root.certificate()]);
    let back = certificate::from_pem(&pem).unwrap();
    assert_eq!(back, vec![issuing.certificate().to_vec(), root.certificate().to_vec()]);
    assert_eq!(certificate::from_pem("").err(), Some(CertificateRefused::Malformed));
    let key = certificate::key_to_pem(&root.key_pkcs8());
    assert_eq!(certificate::from_pem(key.expose()).err(), Some(CertificateRefused::Malformed));
}

#[test]
fn a_server_without_a_name_or_with_a_bad_one_gets_no_certificate() {
    let (_, issuing, mut random) = practice(88);
    assert!(issuing.make_server(&[], now(), &mut random).is_err());
    assert!(issuing.make_server(&["ö.example"], now(), &mut random).is_err());
}
