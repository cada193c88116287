//! What the client itself keeps in `device.db`, under one value: the key of user name tokens, the pinned root, and a sealed profile a person.

use std::collections::BTreeMap;

use jiff::Timestamp;
use keys::blob::{self, BlobKey};
use keys::username::UsernameKey;
use keys::{Random, Secret};
use records::Role;
use records::id::PersonId;
use serde::{Deserialize, Serialize};
use sync::wire::Base64Bytes;

/// The value as it lies in `device.db` (JSON, version 1).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ClientState {
    version: u8,
    username_key: Base64Bytes,
    root_fingerprint: Base64Bytes,
    people: BTreeMap<PersonId, KeptPerson>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct KeptPerson {
    /// [`Profile`] as JSON, sealed to the person.
    profile: Base64Bytes,
    last_sign_in: Option<Timestamp>,
    /// How many steps of 30 s the person's phone is ahead.
    #[serde(default)]
    phone_ahead: i64,
    /// Roles that the server has told of since the profile was sealed: they count instead of those in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<Role>>,
}

/// What a signed-in person's screen says of them, and what they may do. Sealed: only the person's slot opens it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    /// The name to be shown.
    pub(crate) name: String,
    /// What the person works as.
    pub(crate) roles: Vec<Role>,
}

/// The value in `device.db` is not one that this version wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what the client keeps in device.db cannot be read")]
pub(crate) struct StateUnreadable;

const VERSION: u8 = 1;
const PROFILE_CONTEXT: &[u8] = b"chartkeep/client/profile/v1";

impl ClientState {
    /// The state of a workstation that has just been enrolled under this root.
    pub(crate) fn new(root_fingerprint: [u8; 32], random: &mut Random) -> Self {
        // EXPOSE: the key lies in device.db, and makes its name tokens useless without that file.
        let username_key = Base64Bytes::from(*UsernameKey::make(random).expose());
        Self {
            version: VERSION,
            username_key,
            root_fingerprint: root_fingerprint.into(),
            people: BTreeMap::new(),
        }
    }

    /// Reads the value.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StateUnreadable> {
        let state: Self = serde_json::from_slice(bytes).map_err(|_| StateUnreadable)?;
        let complete = state.username_key.0.len() == 32 && state.root_fingerprint.0.len() == 32;
        if state.version == VERSION && complete { Ok(state) } else { Err(StateUnreadable) }
    }

    /// The value to be kept.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("text, numbers and maps of ids are JSON")
    }

    /// The token of a user name.
    pub(crate) fn username_token(&self, username: &str) -> Option<[u8; 16]> {
        let key = UsernameKey::from_secret(Secret::from_slice(self.username_key.as_slice())?);
        Some(keys::username::username_token(&key, username))
    }

    /// The SHA-256 of the practice's root certificate.
    pub(crate) fn root_fingerprint(&self) -> Option<[u8; 32]> {
        self.root_fingerprint.to_array()
    }

    /// The person's profile, opened with the person's own key, with the roles that were heard of last.
    pub(crate) fn profile(&self, person: PersonId, key: &BlobKey) -> Option<Profile> {
        let kept = self.people.get(&person)?;
        let opened = blob::open(key, PROFILE_CONTEXT, kept.profile.as_slice()).ok()?;
        let profile: Profile = serde_json::from_slice(&opened).ok()?;
        Some(Profile { roles: kept.roles.clone().unwrap_or(profile.roles), ..profile })
    }

    /// Notes the roles that the server tells of; kept with the next [`ClientState::to_bytes`]. Of people whose profile is here.
    pub(crate) fn note_roles(&mut self, roles: &BTreeMap<PersonId, Vec<Role>>) {
        for (person, kept) in &mut self.people {
            if let Some(roles) = roles.get(person) {
                kept.roles = Some(roles.clone());
            }
        }
    }

    /// Keeps the person's profile.
    pub(crate) fn keep_profile(
        &mut self,
        person: PersonId,
        profile: &Profile,
        key: &BlobKey,
        random: &mut Random,
    ) {
        let json = serde_json::to_vec(profile).expect("a name and roles are JSON");
        let kept = self.people.entry(person).or_default();
        kept.profile = blob::seal(key, PROFILE_CONTEXT, &json, random).into();
        kept.roles = None;
    }

    /// How many steps the person's phone was ahead when its code last opened something here.
    pub(crate) fn phone_ahead(&self, person: PersonId) -> i64 {
        self.people.get(&person).map_or(0, |kept| kept.phone_ahead)
    }

    /// Notes how many steps the person's phone is ahead; kept with the next [`ClientState::to_bytes`].
    pub(crate) fn note_phone_ahead(&mut self, person: PersonId, steps: i64) {
        self.people.entry(person).or_default().phone_ahead = steps;
    }

    /// Notes a sign-in, and says when the one before it was.
    pub(crate) fn note_sign_in(&mut self, person: PersonId, now: Timestamp) -> Option<Timestamp> {
        self.people.entry(person).or_default().last_sign_in.replace(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keys::AgreementSecret;
    use keys::blob::derive_draft_key;

    fn person(number: u128) -> PersonId {
        PersonId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn a_profile_comes_back_to_its_person_and_to_nobody_else() {
        let mut random = Random::from_seed([1; 32]);
        let mut key = |number| derive_draft_key(person(number).uuid(), &AgreementSecret::make(&mut random));
        let (own, other) = (key(1), key(2));
        let profile = Profile { name: "Ana Novak".to_owned(), roles: vec![Role::Nurse] };
        let mut state = ClientState::new([9; 32], &mut Random::from_seed([2; 32]));
        state.keep_profile(person(1), &profile, &own, &mut Random::from_seed([3; 32]));
        let bytes = state.to_bytes();
        assert!(!String::from_utf8_lossy(&bytes).contains("Novak"));
        let read = ClientState::from_bytes(&bytes).unwrap();
        assert!(read.profile(person(1), &own) == Some(profile));
        assert!(read.profile(person(1), &other).is_none());
    }

    #[test]
    fn roles_that_were_heard_of_later_count_until_the_profile_is_sealed_anew() {
        let mut random = Random::from_seed([1; 32]);
        let key = derive_draft_key(person(1).uuid(), &AgreementSecret::make(&mut random));
        let mut state = ClientState::new([9; 32], &mut random);
        let mut profile = Profile { name: "Ana Novak".to_owned(), roles: vec![Role::Nurse] };
        state.keep_profile(person(1), &profile, &key, &mut random);
        state.note_roles(&[(person(1), vec![Role::Biller]), (person(2), vec![Role::Nurse])].into());
        let mut read = ClientState::from_bytes(&state.to_bytes()).unwrap();
        profile.roles = vec![Role::Biller];
        assert!(read.profile(person(1), &key).as_ref() == Some(&profile));
        assert_eq!(read.people.len(), 1, "nobody becomes known here by a role");
        profile.roles = vec![Role::Clinician];
        read.keep_profile(person(1), &profile, &key, &mut random);
        assert!(read.profile(person(1), &key) == Some(profile));
    }

    #[test]
    fn a_value_of_another_version_is_refused() {
        let text =
            String::from_utf8(ClientState::new([9; 32], &mut Random::from_seed([2; 32])).to_bytes()).unwrap();
        let newer = text.replace("\"version\":1", "\"version\":2");
        assert_eq!(ClientState::from_bytes(newer.as_bytes()).err(), Some(StateUnreadable));
    }
}
