//! What the server tells this workstation: policy, trust, orders.

use keys::slot::WINDOW_DAYS;
use records::Drawer;
use records::id::PersonId;
use sync::wire::{
    AuditReceipt, Base64Bytes, DirectivesRequest, DirectivesResponse, Policy, PreparedStanding, UsedStep,
};
use vault::{Setting, StoredGrant};

use super::{Station, Trust, held};
use crate::recovery::telephone;
use crate::{ClientError, Code, renewing};

/// So many used codes go with one request; more wait for the next.
const MOST_STEPS: u32 = 256;

impl Station {
    /// What is asked with each round.
    pub(crate) fn directives_request(&self) -> Option<DirectivesRequest> {
        let recovery_codes = telephone::to_escrow(self);
        let used_steps = self.device().steps_to_tell(MOST_STEPS).ok()?;
        Some(DirectivesRequest {
            done: self.orders_done().ok()?,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            trust_bundle: self.trust().number(),
            renewal_csr_pem: renewing::request(self),
            machine: Some(self.machine_report()),
            recovery_codes,
            prepared_slots: held(&self.standings).clone(),
            used_steps: used_steps.into_iter().map(|(person, step)| UsedStep { person, step }).collect(),
        })
    }

    /// The server has heard what was asked.
    pub(crate) fn was_heard(&self, asked: &DirectivesRequest) {
        held(&self.standings).retain(|standing| !asked.prepared_slots.contains(standing));
        let told: Vec<_> = asked.used_steps.iter().map(|used| (used.person, used.step)).collect();
        if !told.is_empty()
            && let Err(error) = self.device().steps_told(&told)
        {
            tracing::warn!(%error, "the server is told of used codes once more");
        }
    }

    /// Whether the server has to hear what became of prepared slots.
    pub(crate) fn has_standings(&self) -> bool {
        !held(&self.standings).is_empty()
    }

    /// Notes what became of a prepared slot, until the server has heard of it.
    pub(crate) fn note_standing(&self, standing: PreparedStanding) {
        let mut standings = held(&self.standings);
        if !standings.contains(&standing) {
            standings.push(standing);
        }
    }

    /// Notes that a code opened something here, for the server to compare with the person's other workstations.
    pub(crate) fn note_step_to_tell(&self, person: PersonId, step: u64) {
        if let Err(error) = self.device().note_step_to_tell(person, step) {
            tracing::warn!(%error, "the server is not told of a used code");
        }
    }

    /// Takes in the answer: policy and trust at once, orders into the list of those to be carried out. Returns how much of the
    /// log the server holds, where it says so and that is believed.
    pub(crate) fn take_directives(&self, answer: &DirectivesResponse) -> Option<u64> {
        self.contact();
        self.hear_time(answer.now);
        if let Some(text) = &answer.trust_bundle {
            self.take_trust(text);
        }
        let policy = serde_json::to_vec(&answer.policy).unwrap_or_default();
        if let Err(error) = self.device().set(Setting::Policy, &policy) {
            tracing::warn!(%error, "the policy was not kept");
        }
        telephone::note(self, answer);
        self.take_prepared(&answer.prepared_slots);
        let log_size = self.own_receipt(answer).and_then(|receipt| self.take_receipt(receipt));
        if let Some(renewal) = &answer.renewal {
            renewing::take(self, renewal);
        }
        self.forget_backed_up(answer.backed_up_until, answer.now);
        self.keep_orders(&answer.directives);
        self.watch_lease();
        self.sync_page_changed();
        log_size
    }

    /// The server's word on this workstation's log. Before a log that links to a lost one has arrived, the server speaks of
    /// the lost one, and that says nothing of how much of this one it holds.
    fn own_receipt<'a>(&self, answer: &'a DirectivesResponse) -> Option<&'a AuditReceipt> {
        answer.log.as_ref().filter(|receipt| receipt.log == self.identity().log)
    }

    /// The policy in force: the last one heard, or the default.
    pub(crate) fn policy(&self) -> Policy {
        let kept = self.device().setting(Setting::Policy).ok().flatten();
        kept.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
    }

    /// For how many days a slot holds codes: what was set here, unless the policy says less.
    pub(crate) fn window_days(&self) -> u16 {
        let policy = u16::try_from(self.policy().slot_window_days).unwrap_or(u16::MAX);
        let (least, most) = (*WINDOW_DAYS.start(), *WINDOW_DAYS.end());
        self.settings().window_days.min(policy).clamp(least, most)
    }

    /// Takes the grants that a sign-in brought, in the place of those the person had.
    pub(crate) fn keep_grants_of(&self, person: PersonId, grants: &[Base64Bytes]) -> Result<(), ClientError> {
        let trust = self.trust();
        let grants: Vec<StoredGrant> =
            grants.iter().filter_map(|grant| self.stored(&trust, grant.as_slice())).collect();
        self.device().replace_grants_of(person, &grants)?;
        Ok(())
    }

    /// A grant as it is kept, if the practice issued it for this workstation.
    pub(super) fn stored(&self, trust: &Trust, bytes: &[u8]) -> Option<StoredGrant> {
        let header = keys::grant::verify(bytes, trust.rights_key()).ok()?;
        let ours = header.device == self.identity().device.uuid()
            && header.practice == self.identity().practice.uuid();
        let drawer = Drawer::ALL.into_iter().find(|drawer| drawer.as_str() == header.drawer)?;
        ours.then(|| StoredGrant {
            person: PersonId::from_uuid(header.person),
            drawer,
            generation: header.generation,
            number: header.number,
            not_after: header.not_after,
            bytes: bytes.to_vec(),
        })
    }

    fn take_trust(&self, text: &str) {
        match self.trust().renewed(text) {
            Ok(trust) => {
                if let Err(error) = self.keep_trust(text) {
                    tracing::warn!(
                        code = error.code.as_str(),
                        "the trust bundle was not kept; it will come again"
                    );
                    return;
                }
                *self.trust.write().unwrap_or_else(std::sync::PoisonError::into_inner) = trust;
            }
            Err(error) => tracing::error!(%error, "a trust bundle was not accepted"),
        }
    }

    /// Keeps a bundle in the place of the present one, which goes to those before it.
    fn keep_trust(&self, text: &str) -> Result<(), ClientError> {
        let mut device = self.device();
        let present = kept_text(&device, Setting::TrustBundle)?;
        let mut earlier = device.setting(Setting::EarlierTrustBundles)?.unwrap_or_default();
        if !earlier.is_empty() {
            earlier.push(b'\n');
        }
        earlier.extend_from_slice(present.trim().as_bytes());
        device.set_all(&[
            (Setting::EarlierTrustBundles, &earlier),
            (Setting::TrustBundle, text.trim().as_bytes()),
        ])?;
        Ok(())
    }
}

/// Reads what was kept at enrolment.
pub(crate) fn kept_text(device: &vault::Device, setting: Setting) -> Result<String, ClientError> {
    let bytes = device.setting(setting)?.ok_or(Code::VaultDamaged)?;
    String::from_utf8(bytes).map_err(|_| Code::VaultDamaged.into())
}
