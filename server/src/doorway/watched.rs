//! A connection whose peer has to keep moving: a request within its time, and an answer taken at a least pace.
//!
//! The HTTP library times the head of an HTTP/1.1 request alone, and only once it knows that it is one. So time is counted
//! here, below both versions, by what a peer has to do next.

use super::pace::{Deadline, Progress};
use super::room::Place;
use super::{Bounds, Doorway, Why};
use crate::clock::timer_now;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What goes on over one connection.
pub(crate) struct Activity {
    /// Where the peer is.
    pub(super) address: IpAddr,
    state: Mutex<State>,
}

struct State {
    /// Requests whose answers are not over.
    open: u32,
    /// Since when there is none.
    since: Instant,
    /// Whether there was one.
    is_known: bool,
}

/// A request that goes on until this is dropped.
pub(super) struct Busy(Arc<Activity>);

/// A connection under watch.
pub(crate) struct Watched<S> {
    stream: S,
    doorway: Arc<Doorway>,
    activity: Arc<Activity>,
    rest: Deadline,
    /// Set while the peer does not take what was written.
    unread: Option<Progress>,
    _place: Place,
}

impl Activity {
    pub(super) fn new(address: IpAddr, now: Instant) -> Self {
        Self { address, state: Mutex::new(State { open: 0, since: now, is_known: false }) }
    }

    /// A request begins.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        let mut state = self.state();
        state.open += 1;
        state.is_known = true;
        drop(state);
        Busy(Arc::clone(self))
    }

    /// When the next request must be here, and what it is if it is not; nothing while one goes on.
    fn due(&self, bounds: &Bounds) -> Option<(Instant, Why)> {
        let state = self.state();
        match (state.open, state.is_known) {
            (0, false) => Some((state.since + bounds.head, Why::Head)),
            (0, true) => Some((state.since + bounds.idle, Why::Idle)),
            (_, _) => None,
        }
    }

    fn rest_from(&self, now: Instant) {
        self.state().since = now;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.open = state.open.saturating_sub(1);
        state.since = timer_now();
    }
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, doorway: Arc<Doorway>, activity: Arc<Activity>, place: Place) -> Self {
        doorway.meters.connection_opened(doorway.listener);
        Self { stream, doorway, activity, rest: Deadline::default(), unread: None, _place: place }
    }

    /// Nothing came from the peer: whether it has been waited for long enough.
    fn wait_for_request(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            let now = timer_now();
            let bounds = &self.doorway.bounds;
            let due = if self.unread.is_some() { None } else { self.activity.due(bounds) };
            // While a request goes on there is a timer too: nobody else says here that it has ended.
            let (due, why) = due.unwrap_or((now + bounds.idle, Why::Idle));
            if due <= now {
                return Poll::Ready(self.doorway.turned_away(self.activity.address, why));
            }
            ready!(self.rest.poll(due, cx));
        }
    }

    /// What became of writing, unless the peer takes too little of it.
    fn wrote<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        bytes: impl Fn(&T) -> usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        match &written {
            Poll::Ready(Ok(value)) => {
                if let Some(unread) = &mut self.unread {
                    unread.add(bytes(value));
                }
                return written;
            }
            Poll::Ready(Err(_)) => return written,
            Poll::Pending => {}
        }
        let unread = self.unread.get_or_insert_with(|| Progress::new(self.doorway.bounds.pace, timer_now()));
        ready!(unread.poll_overdue(cx));
        Poll::Ready(Err(self.doorway.turned_away(self.activity.address, Why::Unread)))
    }

    /// All that was written is taken.
    fn taken(&mut self) {
        if self.unread.take().is_some() {
            self.activity.rest_from(timer_now());
        }
    }
}

impl<S> Drop for Watched<S> {
    fn drop(&mut self) {
        self.doorway.meters.connection_closed(self.doorway.listener);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_read(cx, buffer) {
            Poll::Ready(read) => Poll::Ready(read),
            Poll::Pending => this.wait_for_request(cx).map(Err),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.wrote(written, |bytes| *bytes, cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, parts);
        this.wrote(written, |bytes| *bytes, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(cx);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            this.taken();
        }
        this.wrote(flushed, |()| 0, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let closed = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.wrote(closed, |()| 0, cx)
    }
}
