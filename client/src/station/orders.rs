//! What the server ordered: kept if it is signed for this workstation, and carried out in its order, each once, with its event.
//!
//! An order that waits (a re-key for somebody entitled, a wipe for the last delivery) does not hold up the ones after it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use keys::{Purpose, Signature};
use records::event::{Alert, AuditEvent};
use records::id::PersonId;
use sync::wire::{Directive, DirectiveOrder};
use vault::{Setting, StoreError, StoredDirective};

use super::Station;
use crate::throttle::MOST_FAILURES;
use crate::{ClientError, Code, LockCause, recovery};

impl Station {
    /// Until which number the orders were carried out, as the server is told.
    pub(super) fn orders_done(&self) -> Result<u64, StoreError> {
        let done = self.device().directives_done()?;
        Ok(match self.retiring() {
            // The server hears of a wipe last, when it has all there was to send.
            Some(number) if done >= number && !self.has_sent_all()? => number.saturating_sub(1),
            Some(_) | None => done,
        })
    }

    /// Keeps orders, durably, up to the first that the practice's server did not sign for this workstation.
    pub(super) fn keep_orders(&self, directives: &[Directive]) {
        for directive in directives {
            if !self.is_signed(directive) {
                tracing::error!(
                    number = directive.number,
                    "an order is not signed for this workstation; it was not taken"
                );
                let alert = AuditEvent::security_alert(self.stamp(), self.node(), Alert::DeviceChanged);
                if let Err(error) = self.record(&[alert]) {
                    tracing::error!(code = error.code.as_str(), "the alarm over an order was not recorded");
                }
                return;
            }
            let bytes = serde_json::to_vec(directive).unwrap_or_default();
            let stored = StoredDirective { number: directive.number, bytes, received_at: self.now() };
            if let Err(error) = self.device().keep_directive(&stored) {
                tracing::warn!(%error, number = directive.number, "an order was not kept; it will come again");
                return;
            }
        }
    }

    /// Carries out what can be carried out now. What cannot stays and is tried again.
    pub(crate) fn carry_out_orders(self: &Arc<Self>) {
        if self.wiped.load(Ordering::SeqCst) {
            return;
        }
        if let Err(error) = self.try_orders() {
            tracing::warn!(code = error.code.as_str(), "an order was not carried out; it is tried again");
        }
    }

    /// Whether grants have to be asked for with nobody signed in: an order waits that comes with others.
    pub(crate) fn wants_grants(&self) -> bool {
        let open = self.open_orders().unwrap_or_default();
        open.iter().any(|directive| match directive.order {
            DirectiveOrder::ReKey { .. }
            | DirectiveOrder::DropPerson { .. }
            | DirectiveOrder::RolesChanged { .. } => true,
            DirectiveOrder::Lock
            | DirectiveOrder::Wipe { .. }
            | DirectiveOrder::ErasePatient { .. }
            | DirectiveOrder::SendAgain { .. }
            | DirectiveOrder::Unknown(_) => false,
        })
    }

    /// The orders that wait, in their order. One that cannot be read waits for a version that can.
    pub(super) fn open_orders(&self) -> Result<Vec<Directive>, StoreError> {
        let open = self.device().open_directives()?;
        Ok(open.iter().filter_map(|stored| serde_json::from_slice(&stored.bytes).ok()).collect())
    }

    fn try_orders(self: &Arc<Self>) -> Result<(), ClientError> {
        for Directive { number, order, .. } in self.open_orders()? {
            match order {
                DirectiveOrder::Lock => {
                    self.lock(LockCause::Order);
                    self.parking().remove_all();
                    self.device().raise_failures(MOST_FAILURES)?;
                    self.order_done(number, "lock")?;
                }
                DirectiveOrder::DropPerson { person, before } => {
                    if !self.is_spared(person, before)? {
                        self.drop_person(person)?;
                    }
                    self.order_done(number, "drop-person")?;
                }
                DirectiveOrder::ReKey { drawer, generation } => {
                    // A drawer that was never made here is made under the newest keys.
                    let has = self.device().drawer_generation(drawer)?;
                    if has.is_none_or(|has| has >= generation) {
                        self.order_done(number, "re-key")?;
                    } else {
                        self.begin_re_key();
                    }
                }
                DirectiveOrder::ErasePatient { patient } => {
                    if self.erase_patient(&patient)? {
                        self.order_done(number, ERASE)?;
                    } else {
                        self.begin_re_key();
                    }
                }
                DirectiveOrder::SendAgain { recovery, .. } => {
                    self.device().set(Setting::RecoveryEpoch, &recovery.to_be_bytes())?;
                    self.send_all_again()?;
                    self.order_done(number, "send-again")?;
                }
                DirectiveOrder::Wipe { deliver_first } => self.wipe(number, deliver_first)?,
                // The first with the next grants, the other by the program that knows it.
                DirectiveOrder::RolesChanged { .. } | DirectiveOrder::Unknown(_) => {}
            }
        }
        self.finish_wipe_when_sent()
    }

    /// With the records gone, what waited for them is done as well: keys that nothing is under, patients who are not here.
    pub(super) fn close_waiting_orders(&self, before: u64) -> Result<(), ClientError> {
        for Directive { number, order, .. } in self.open_orders()?.into_iter().filter(|o| o.number < before) {
            match order {
                DirectiveOrder::ReKey { .. } => self.order_done(number, "re-key")?,
                DirectiveOrder::ErasePatient { .. } => self.order_done(number, ERASE)?,
                DirectiveOrder::RolesChanged { .. } => self.order_done(number, "roles-changed")?,
                DirectiveOrder::Lock
                | DirectiveOrder::DropPerson { .. }
                | DirectiveOrder::SendAgain { .. }
                | DirectiveOrder::Wipe { .. }
                | DirectiveOrder::Unknown(_) => {}
            }
        }
        Ok(())
    }

    /// Notes an order as carried out, in one commit with its event.
    pub(super) fn order_done(&self, number: u64, order: &str) -> Result<(), ClientError> {
        let event = AuditEvent::order_carried_out(self.stamp(), self.node(), number, order);
        let now = self.now();
        self.device().directive_done(number, &event, now).map_err(crate::store_error::in_trail)?;
        self.tell_log();
        Ok(())
    }

    /// Forgets a person here: what opened the vault for them is gone, what they wrote stays.
    fn drop_person(self: &Arc<Self>, person: PersonId) -> Result<(), ClientError> {
        if self.signed_in() == Some(person) {
            self.lock(LockCause::Order);
        }
        self.parking().remove(person, self.since_boot());
        {
            let _turn = self.slot_turn();
            self.slots().forget_person(person)?;
            self.key_slots().forget_person(person)?;
        }
        self.device().forget_person(person)?;
        // Last: a code for the telephone that is being made is made only as long as there is a slot it stands beside.
        recovery::void(self, person)
    }

    /// Whether a person signs in here with something newer than what an order to forget them means.
    fn is_spared(&self, person: PersonId, before: Option<u64>) -> Result<bool, ClientError> {
        let known = self.device().credential(person)?;
        Ok(known.zip(before).is_some_and(|(known, before)| known.number >= before))
    }

    fn is_signed(&self, directive: &Directive) -> bool {
        let Some(signature) = directive.signature.to_array() else { return false };
        let signed = Directive::signed_bytes(self.identity().device, directive.number, &directive.order);
        let key = *self.trust().directive_key();
        key.verify(Purpose::Directive, &signed, &Signature::from_bytes(signature)).is_ok()
    }

    /// Refuses whoever wants to begin something on a workstation that is being retired.
    pub(crate) fn admits_work(&self) -> Result<(), ClientError> {
        match self.retiring() {
            Some(_) => Err(Code::Retiring.into()),
            None => Ok(()),
        }
    }
}

/// What stands in the log of an erasure.
const ERASE: &str = "erase-patient";
