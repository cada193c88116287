//! What the server says people may open and do here: grants that are gone are gone at once, and so is what a role showed.

use std::collections::BTreeMap;
use std::sync::Arc;

use records::Role;
use records::id::PersonId;
use sync::wire::{Directive, DirectiveOrder, GrantsResponse};
use vault::{Setting, StoreError, StoredGrant};

use super::Station;
use crate::syncing::Told;
use crate::{ClientError, LockCause};

impl Station {
    /// Takes all grants in force for this workstation, and everybody's roles; what is not among them is dropped. With that the
    /// orders are carried out that were there before it was asked.
    pub(crate) fn take_grants(
        self: &Arc<Self>,
        answer: &GrantsResponse,
        ordered: &[Directive],
    ) -> Result<(), ClientError> {
        self.contact();
        let trust = self.trust();
        let grants: Vec<StoredGrant> =
            answer.grants.iter().filter_map(|grant| self.stored(&trust, grant.as_slice())).collect();
        if grants.len() != answer.grants.len() {
            tracing::error!("a grant is not one of this practice for this workstation; it was left out");
        }
        self.device().replace_grants(&grants)?;
        self.take_roles(&answer.roles)?;
        self.forget_pages_of_nobody()?;
        for Directive { number, order, .. } in ordered {
            match order {
                DirectiveOrder::RolesChanged { .. } => self.order_done(*number, "roles-changed")?,
                DirectiveOrder::ReKey { drawer, generation } => {
                    let has = self.device().drawer_generation(*drawer)?;
                    // An open vault may hold the drawer; there is a next time.
                    if has.is_some_and(|has| has < *generation)
                        && !self.mailbox().is_open()
                        && self.device().remove_drawer(*drawer)?
                    {
                        tracing::info!(drawer = drawer.as_str(), "nobody can open this drawer; it is gone");
                        self.order_done(*number, "drawer-removed")?;
                        self.driver().tell(Told::DrawersMoved);
                    }
                }
                DirectiveOrder::Lock
                | DirectiveOrder::Wipe { .. }
                | DirectiveOrder::DropPerson { .. }
                | DirectiveOrder::ErasePatient { .. }
                | DirectiveOrder::SendAgain { .. }
                | DirectiveOrder::Unknown(_) => {}
            }
        }
        Ok(())
    }

    /// The orders that are carried out with the next grants.
    pub(crate) fn orders_for_grants(&self) -> Result<Vec<Directive>, StoreError> {
        let mut open = self.open_orders()?;
        open.retain(|directive| {
            matches!(directive.order, DirectiveOrder::RolesChanged { .. } | DirectiveOrder::ReKey { .. })
        });
        Ok(open)
    }

    /// Who has lost a role and is signed in with it is locked out; they come back with what is left.
    fn take_roles(self: &Arc<Self>, roles: &BTreeMap<PersonId, Vec<Role>>) -> Result<(), ClientError> {
        let bytes = {
            let mut state = self.state();
            let before = state.to_bytes();
            state.note_roles(roles);
            Some(state.to_bytes()).filter(|bytes| *bytes != before)
        };
        if let Some(bytes) = bytes {
            self.device().set(Setting::Client, &bytes)?;
        }
        let Some(signed_in) = self.person() else { return Ok(()) };
        let left = roles.get(&signed_in.actor.person);
        if left.is_some_and(|left| signed_in.actor.roles.iter().any(|role| !left.contains(role))) {
            self.lock(LockCause::Order);
        }
        Ok(())
    }
}
