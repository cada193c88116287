//! Row scope: which rows a list or a search may read at all, for the store to compile into SQL.

use std::collections::BTreeMap;

use super::table::{Action, Reach, Rights};
use crate::actor::Actor;
use crate::class::DataClass;
use crate::id::{PersonId, PracticeId};

/// Which rows of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClassScope {
    /// None.
    None,
    /// Those of patients with whom the person has a care relation.
    Related,
    /// All of the practice.
    All,
}

/// Which rows an actor may read: practice first, then class by class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowScope {
    practice: PracticeId,
    person: PersonId,
    classes: BTreeMap<DataClass, ClassScope>,
}

impl RowScope {
    /// The only practice whose rows may be read.
    pub fn practice(&self) -> PracticeId {
        self.practice
    }

    /// Whose care relations count.
    pub fn person(&self) -> PersonId {
        self.person
    }

    /// Which rows of this class.
    pub fn class(&self, class: DataClass) -> ClassScope {
        self.classes.get(&class).copied().unwrap_or(ClassScope::None)
    }
}

/// The rows that the actor's roles together may read for this action.
pub fn row_scope(rights: &Rights, actor: &Actor, action: Action) -> RowScope {
    let held = actor.drawers();
    let scope = |class: DataClass| {
        if action == Action::Replicate {
            return if held.contains(&class.drawer()) { ClassScope::All } else { ClassScope::None };
        }
        let needed = if action.is_function() { Action::Read } else { action };
        let rows = actor.roles.iter().filter_map(|role| rights.row(*role, class));
        rows.filter(|row| row.may.contains(&needed))
            .map(|row| match row.reach {
                Reach::Practice => ClassScope::All,
                Reach::Own => ClassScope::Related,
                Reach::Author => ClassScope::None,
            })
            .max()
            .unwrap_or(ClassScope::None)
    };
    let classes = DataClass::ALL.into_iter().map(|class| (class, scope(class))).collect();
    RowScope { practice: actor.practice, person: actor.person, classes }
}
