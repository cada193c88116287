//! One thread owns what is open; everybody else sends it letters. Closing the mailbox is how a lock beats an unlock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

/// A letter: what is to be done with the open thing, on its own thread.
type Letter<S> = Box<dyn FnOnce(&mut S) + Send>;

/// The mailbox is closed: nobody is signed in, or was not when the answer was ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mailbox is closed")]
pub(crate) struct Closed;

/// Taken before an unlock begins; worthless as soon as a lock has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// The way to the thread that owns an `S`, while there is one.
pub(crate) struct Mailbox<S> {
    gate: Mutex<Gate<S>>,
}

struct Gate<S> {
    /// How often the mailbox was closed.
    closings: u64,
    owner: Option<Owner<S>>,
}

struct Owner<S> {
    letters: mpsc::Sender<Letter<S>>,
    closed: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl<S: 'static> Mailbox<S> {
    /// A mailbox that is closed.
    pub(crate) fn closed() -> Self {
        Self { gate: Mutex::new(Gate { closings: 0, owner: None }) }
    }

    /// To be taken before the work that ends in [`Mailbox::open`].
    pub(crate) fn ticket(&self) -> Ticket {
        Ticket(self.gate().closings)
    }

    /// Whether somebody is there to answer.
    pub(crate) fn is_open(&self) -> bool {
        self.gate().owner.is_some()
    }

    /// Starts the thread that owns what `make` makes there; `farewell` gets it when the mailbox is closed.
    /// If a lock came since the ticket was taken, or somebody else was faster, nothing is made.
    pub(crate) fn open(
        &self,
        ticket: Ticket,
        open: S,
        farewell: impl FnOnce(S) + Send + 'static,
    ) -> Result<(), Closed>
    where
        S: Send,
    {
        let mut gate = self.gate();
        if gate.closings != ticket.0 || gate.owner.is_some() {
            return Err(Closed);
        }
        let (letters, incoming) = mpsc::channel::<Letter<S>>();
        let closed = Arc::new(AtomicBool::new(false));
        let is_closed = closed.clone();
        let thread = thread::Builder::new().name("vault".to_owned()).spawn(move || {
            let mut open = open;
            while let Ok(letter) = incoming.recv() {
                // A letter that waited while the lock came is not opened any more.
                if !is_closed.load(Ordering::SeqCst) {
                    letter(&mut open);
                }
            }
            farewell(open);
        });
        let thread = thread.map_err(|_| Closed)?;
        gate.owner = Some(Owner { letters, closed, thread });
        Ok(())
    }

    /// Sends a letter and waits for its answer. An answer that comes after the lock is dropped.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Result<T, Closed> {
        let (answer_to, answer) = mpsc::channel();
        let letter: Letter<S> = Box::new(move |open| {
            // Whoever asked may have given up.
            answer_to.send(act(open)).unwrap_or_default();
        });
        let closed = {
            let gate = self.gate();
            let owner = gate.owner.as_ref().ok_or(Closed)?;
            owner.letters.send(letter).map_err(|_| Closed)?;
            owner.closed.clone()
        };
        let answer = answer.recv().map_err(|_| Closed)?;
        if closed.load(Ordering::SeqCst) { Err(Closed) } else { Ok(answer) }
    }

    /// Closes the mailbox at once, for everybody. The thread to wait for is handed back, if there was one.
    pub(crate) fn close(&self) -> Option<Leaving> {
        let mut gate = self.gate();
        gate.closings += 1;
        let owner = gate.owner.take()?;
        owner.closed.store(true, Ordering::SeqCst);
        Some(Leaving(owner.thread))
    }

    fn gate(&self) -> MutexGuard<'_, Gate<S>> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that is about to let go of what it owned.
pub(crate) struct Leaving(JoinHandle<()>);

impl Leaving {
    /// Waits until it has let go.
    pub(crate) fn wait(self) {
        // A panic on that thread has dropped everything it owned, which is what is waited for.
        self.0.join().unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    fn open(mailbox: &Mailbox<u32>, ticket: Ticket) -> Result<(), Closed> {
        mailbox.open(ticket, 1, drop)
    }

    #[test]
    fn letters_are_answered_one_after_the_other_by_the_one_owner() {
        let mailbox = Mailbox::closed();
        open(&mailbox, mailbox.ticket()).unwrap();
        for expected in 2..10 {
            let counted = mailbox.ask(|count| {
                *count += 1;
                *count
            });
            assert_eq!(counted, Ok(expected));
        }
    }

    #[test]
    fn a_lock_that_comes_during_an_unlock_wins() {
        let mailbox = Mailbox::closed();
        let ticket = mailbox.ticket();
        assert!(mailbox.close().is_none());
        assert_eq!(open(&mailbox, ticket), Err(Closed));
        assert!(!mailbox.is_open());
    }

    #[test]
    fn of_two_unlocks_the_second_does_not_replace_the_first() {
        let mailbox = Mailbox::closed();
        let (first, second) = (mailbox.ticket(), mailbox.ticket());
        assert_eq!(open(&mailbox, first), Ok(()));
        assert_eq!(open(&mailbox, second), Err(Closed));
    }

    #[test]
    fn after_the_lock_nothing_is_answered_and_the_owned_thing_is_gone() {
        let mailbox = Mailbox::closed();
        let (told, farewell) = mpsc::channel();
        mailbox.open(mailbox.ticket(), 5_u32, move |left| told.send(left).unwrap()).unwrap();
        mailbox.close().unwrap().wait();
        assert_eq!(farewell.recv(), Ok(5));
        assert_eq!(mailbox.ask(|count| *count), Err(Closed));
    }

    #[test]
    fn an_answer_that_is_ready_after_the_lock_is_not_handed_out() {
        let mailbox = Arc::new(Mailbox::closed());
        open(&mailbox, mailbox.ticket()).unwrap();
        let (begun, locked) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let asking = {
            let (mailbox, begun, locked) = (mailbox.clone(), begun.clone(), locked.clone());
            thread::spawn(move || {
                mailbox.ask(move |count| {
                    begun.wait();
                    locked.wait();
                    *count
                })
            })
        };
        begun.wait();
        let leaving = mailbox.close().unwrap();
        locked.wait();
        leaving.wait();
        assert_eq!(asking.join().unwrap(), Err(Closed));
    }

    #[test]
    fn a_letter_that_waits_in_line_when_the_lock_comes_is_not_opened() {
        let mailbox = Arc::new(Mailbox::closed());
        open(&mailbox, mailbox.ticket()).unwrap();
        let (begun, locked) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let first = {
            let (mailbox, begun, locked) = (mailbox.clone(), begun.clone(), locked.clone());
            thread::spawn(move || {
                mailbox.ask(move |_| {
                    begun.wait();
                    locked.wait();
                })
            })
        };
        begun.wait();
        let ran = Arc::new(AtomicBool::new(false));
        let second = {
            let (mailbox, ran) = (mailbox.clone(), ran.clone());
            thread::spawn(move || mailbox.ask(move |_| ran.store(true, Ordering::SeqCst)))
        };
        thread::sleep(std::time::Duration::from_millis(20));
        let leaving = mailbox.close().unwrap();
        locked.wait();
        leaving.wait();
        assert_eq!(first.join().unwrap(), Err(Closed));
        assert_eq!(second.join().unwrap(), Err(Closed));
        assert!(!ran.load(Ordering::SeqCst));
    }
}
