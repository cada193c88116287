//! A drawer is written anew into another file: under newer keys, or so that no free page holds who was taken out of it.
//!
//! The swap is one commit of `device.db`, which says in which file a drawer lies. Before it the old file counts,
//! whatever lies beside it; after it the new one. The old file goes only then. A rewriting that was cut short begins
//! again from its start. It goes on in steps, so that reading, searching and saving go on between them.

use keys::DrawerKeys;
use records::Drawer;
use sqlcipher::Unfinished;

use crate::drawer::{self, Digest, Duplicate, MIGRATIONS, OpenDrawer, file_key};
use crate::error::{RewriteError, StoreError, VaultError};
use crate::vault::Vault;

/// A step of a rewriting. One that is told to stop after it returns [`RewriteError::Stopped`], as if the power had gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RewriteStep {
    /// Patients were copied, or what was copied was proven.
    Progress,
    /// The new file has its name; nothing in it was proven.
    Named,
    /// The new file is whole and proven.
    Proven,
    /// `device.db` names the new file.
    Swapped,
    /// The old file is gone.
    Removed,
}

/// How far a rewriting has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RewriteProgress {
    /// Which drawer.
    pub drawer: Drawer,
    /// Patients copied and patients proven.
    pub done: u64,
    /// What `done` will be about at the end: twice the patients.
    pub total: u64,
    /// The new file has taken the old one's place.
    pub finished: bool,
}

/// A rewriting that is going on.
pub(crate) struct Rewriting {
    drawer: Drawer,
    copy: u32,
    keys: DrawerKeys,
    duplicate: Duplicate,
    stage: Stage,
    done: u64,
    total: u64,
}

enum Stage {
    Copying {
        to: Unfinished,
        after: i64,
    },
    Proving {
        to: OpenDrawer,
        after: i64,
        found: Digest,
    },
    Proven {
        to: OpenDrawer,
    },
    /// While a step runs; what stays so was cut short.
    Moving,
}

impl Vault {
    /// The drawers for which newer keys are at hand than those of their file, with the generation of these keys.
    #[must_use]
    pub fn newer_keys(&self) -> Vec<(Drawer, u32)> {
        let open = |(drawer, keys): (&Drawer, &DrawerKeys)| {
            self.drawers.contains_key(drawer).then_some((*drawer, keys.generation))
        };
        self.newer.iter().filter_map(open).collect()
    }

    /// How far the rewriting that is going on has come.
    #[must_use]
    pub fn rewriting(&self) -> Option<RewriteProgress> {
        self.rewriting.as_ref().map(|rewriting| rewriting.progress(false))
    }

    /// Begins to write an open drawer anew, under the newest keys at hand; under its own where somebody was taken out of it
    /// and there are no newer ones. One at a time.
    ///
    /// # Errors
    /// [`RewriteError`]; the drawer is as it was.
    pub fn begin_rewrite(&mut self, drawer: Drawer) -> Result<RewriteProgress, RewriteError> {
        self.cancel_rewrite()?;
        let open = self.drawers.get(&drawer).ok_or(RewriteError::NotOpen)?;
        if open.held_for()?.is_some() {
            return Err(RewriteError::Behind);
        }
        let is_due = self.device.erasures_due()?.contains(&drawer);
        let own = is_due.then(|| open.sealing().keys());
        let keys = self.newer.get(&drawer).or(own).ok_or(RewriteError::NoNewerKeys)?.duplicate();
        let copy = self.device.made_drawer(drawer)?.map_or(1, |made| made.copy) + 1;
        let path = self.device.folder().drawer_copy(drawer, copy);
        let to = Unfinished::begin(&path, &file_key(&keys), &drawer::profile(), &MIGRATIONS)
            .map_err(|source| VaultError::Drawer { drawer, source })?;
        let duplicate = open.begin_duplicate(keys.duplicate())?;
        let total = open.patients()? * 2;
        let stage = Stage::Copying { to, after: -1 };
        let rewriting = Rewriting { drawer, copy, keys, duplicate, stage, done: 0, total };
        let progress = rewriting.progress(false);
        self.rewriting = Some(Box::new(rewriting));
        Ok(progress)
    }

    /// Gives a rewriting up; the drawer stays in its old file. Harmless when none is going on.
    ///
    /// # Errors
    /// When what was written so far cannot be removed; it is worth nothing and goes at the next opening.
    pub fn cancel_rewrite(&mut self) -> Result<(), StoreError> {
        let Some(drawer) = self.rewriting.take().map(|rewriting| rewriting.drawer) else { return Ok(()) };
        if let Some(open) = self.drawers.get(&drawer) {
            open.end_duplicate()?;
        }
        self.remove_other_copies(drawer)
    }

    /// Does the next step: some patients are copied or proven, or the new file takes the old one's place.
    ///
    /// # Errors
    /// [`RewriteError`]; then the rewriting is given up, and the drawer is as it was.
    pub fn rewrite_step(&mut self, patients: u32) -> Result<RewriteProgress, RewriteError> {
        self.rewrite_step_until(patients, RewriteStep::Removed)
    }

    /// As [`Vault::rewrite_step`], but stops for good after a step, for tests of what a power cut leaves.
    ///
    /// # Errors
    /// [`RewriteError::Stopped`] after that step.
    pub fn rewrite_step_until(
        &mut self,
        patients: u32,
        last: RewriteStep,
    ) -> Result<RewriteProgress, RewriteError> {
        let mut rewriting = self.rewriting.take().ok_or(RewriteError::NotBegun)?;
        let stepped = self.step(&mut rewriting, patients, last);
        match stepped {
            Ok(true) => Ok(rewriting.progress(true)),
            Ok(false) => {
                let progress = rewriting.progress(false);
                self.rewriting = Some(rewriting);
                Ok(progress)
            }
            Err(error) => {
                if !matches!(error, RewriteError::Stopped) {
                    // The target is closed before its files go.
                    rewriting.stage = Stage::Moving;
                    self.rewriting = Some(rewriting);
                    self.cancel_rewrite()?;
                }
                Err(error)
            }
        }
    }

    fn step(
        &mut self,
        rewriting: &mut Rewriting,
        patients: u32,
        last: RewriteStep,
    ) -> Result<bool, RewriteError> {
        let stage = std::mem::replace(&mut rewriting.stage, Stage::Moving);
        rewriting.stage = match stage {
            Stage::Copying { to, after } => self.copy(rewriting, (to, after), patients, last)?,
            Stage::Proving { to, after, found } => self.prove(rewriting, (to, after, found), patients)?,
            Stage::Proven { to } => return self.swap(rewriting, to, last),
            Stage::Moving => return Err(RewriteError::NotBegun),
        };
        stop_after(RewriteStep::Progress, last)?;
        Ok(false)
    }

    fn copy(
        &mut self,
        rewriting: &mut Rewriting,
        (mut to, after): (Unfinished, i64),
        patients: u32,
        last: RewriteStep,
    ) -> Result<Stage, RewriteError> {
        let Self { drawers, random, device, .. } = self;
        let open = drawers.get(&rewriting.drawer).ok_or(RewriteError::NotOpen)?;
        let copied =
            open.copy_patients(&mut rewriting.duplicate, to.conn_mut(), (after, patients), random)?;
        if let Some(number) = copied {
            rewriting.done += u64::from(patients);
            return Ok(Stage::Copying { to, after: number });
        }
        let drawer = rewriting.drawer;
        to.publish().map_err(|source| VaultError::Drawer { drawer, source })?;
        stop_after(RewriteStep::Named, last)?;
        // From here on it is read back from the disk, under the new keys.
        let path = device.folder().drawer_copy(drawer, rewriting.copy);
        let to = OpenDrawer::open(&path, device.identity().vault, drawer, rewriting.keys.duplicate())?;
        Ok(Stage::Proving { to, after: -1, found: Digest::default() })
    }

    fn prove(
        &self,
        rewriting: &mut Rewriting,
        (to, after, mut found): (OpenDrawer, i64, Digest),
        patients: u32,
    ) -> Result<Stage, RewriteError> {
        match to.prove_patients((after, patients), &mut found)? {
            Some(after) => {
                rewriting.done += u64::from(patients);
                Ok(Stage::Proving { to, after, found })
            }
            None if found == rewriting.duplicate.digest() => Ok(Stage::Proven { to }),
            None => Err(RewriteError::Differs),
        }
    }

    /// Copies what was written meanwhile, and puts the new file in the old one's place.
    fn swap(
        &mut self,
        rewriting: &mut Rewriting,
        mut to: OpenDrawer,
        last: RewriteStep,
    ) -> Result<bool, RewriteError> {
        let drawer = rewriting.drawer;
        let Self { drawers, random, device, .. } = self;
        let open = drawers.get(&drawer).ok_or(RewriteError::NotOpen)?;
        for number in open.copy_touched(&mut rewriting.duplicate, &mut to, random)? {
            to.prove_patient(number, &mut Digest::default())?;
        }
        if !open.finish_duplicate(&mut rewriting.duplicate, &mut to)? {
            return Err(RewriteError::Differs);
        }
        stop_after(RewriteStep::Proven, last)?;
        device.drawer_rewritten(drawer, rewriting.keys.generation, rewriting.copy)?;
        stop_after(RewriteStep::Swapped, last)?;
        // The old file is closed with its connection.
        drawers.insert(drawer, to);
        self.newer.retain(|of, keys| *of != drawer || keys.generation > rewriting.keys.generation);
        // What cannot be removed now goes at the next opening; the drawer is in its new file all the same.
        self.remove_other_copies(drawer)?;
        Ok(true)
    }

    /// Removes the files of a drawer that `device.db` does not name: those before a swap, and those never swapped in.
    pub(crate) fn remove_other_copies(&self, drawer: Drawer) -> Result<(), StoreError> {
        let Some(made) = self.device.made_drawer(drawer)? else { return Ok(()) };
        self.device.folder().remove_other_copies(drawer, made.copy)?;
        Ok(())
    }
}

impl Rewriting {
    fn progress(&self, finished: bool) -> RewriteProgress {
        let done = if finished { self.total } else { self.done.min(self.total) };
        RewriteProgress { drawer: self.drawer, done, total: self.total, finished }
    }
}

fn stop_after(step: RewriteStep, last: RewriteStep) -> Result<(), RewriteError> {
    if step == last { Err(RewriteError::Stopped) } else { Ok(()) }
}
