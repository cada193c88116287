//! Who is signed in, as far as everybody may know.

use std::sync::PoisonError;

use records::Actor;
use records::id::PersonId;

use super::Station;
use crate::view::PersonView;
use crate::{ClientError, Code};

/// The person at the keyboard.
#[derive(Clone)]
pub(crate) struct SignedIn {
    /// Who, where and why.
    pub(crate) actor: Actor,
    /// What the screen says of them.
    pub(crate) view: PersonView,
    /// Whether they have to register a security key before anything else.
    pub(crate) key_due: bool,
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

    /// Refuses whoever has to register a security key first.
    pub(crate) fn admits_records(&self) -> Result<(), ClientError> {
        if self.person().is_some_and(|signed_in| signed_in.key_due) {
            Err(Code::KeyDue.into())
        } else {
            Ok(())
        }
    }

    /// The person has a security key now.
    pub(crate) fn key_is_there(&self) {
        let mut signed_in = self.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
        signed_in.iter_mut().for_each(|signed_in| signed_in.key_due = false);
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
