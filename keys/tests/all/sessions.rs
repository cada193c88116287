//! Sessions: an answer is for one challenge, person, device and certificate.

use keys::SigningKey;
use keys::session::{SessionClaim, make_challenge};

use super::given::{id, random};

#[test]
fn an_answer_fits_its_claim_alone() {
    let mut random = random(150);
    let key = SigningKey::make(&mut random);
    let claim = SessionClaim {
        practice: id(1),
        device: id(2),
        person: id(3),
        certificate: [4; 32],
        challenge: make_challenge(&mut random),
    };
    let answer = claim.sign(&key);
    let public = key.verifying_key();
    assert!(claim.verify(&public, &answer).is_ok());
    for other in [
        SessionClaim { practice: id(9), ..claim },
        SessionClaim { device: id(9), ..claim },
        SessionClaim { person: id(9), ..claim },
        SessionClaim { certificate: [9; 32], ..claim },
        SessionClaim { challenge: make_challenge(&mut random), ..claim },
    ] {
        assert!(other.verify(&public, &answer).is_err(), "{other:?}");
    }
    assert!(claim.verify(&SigningKey::make(&mut random).verifying_key(), &answer).is_err());
}
