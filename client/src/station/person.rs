//! Who is signed in, as far as everybody may know.

use std::sync::PoisonError;

use records::Actor;
use records::id::PersonId;

use super::Station;
use crate::view::PersonView;

/// The person at the keyboard.
#[derive(Clone)]
pub(crate) struct SignedIn {
    /// Who, where and why.
    pub(crate) actor: Actor,
    /// What the screen says of them.
    pub(crate) view: PersonView,
}

impl Station {
    /// The id of the person who is signed in.
    pub(crate) fn signed_in(&self) -> Option<PersonId> {
        self.person().map(|signed_in| signed_in.actor.person)
    }

    pub(crate) fn person(&self) -> Option<SignedIn> {
        let signed_in = self.signed_in.lock().unwrap_or_else(PoisonError::into_inner).clone();
        signed_in.filter(|_| self.mailbox().is_open())
    }

    pub(super) fn take_signed_in(&self) -> Option<SignedIn> {
        self.watch_clocks(false);
        self.signed_in.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn set_signed_in(&self, signed_in: Option<SignedIn>) {
        self.watch_clocks(signed_in.is_some());
        *self.signed_in.lock().unwrap_or_else(PoisonError::into_inner) = signed_in;
    }
}
