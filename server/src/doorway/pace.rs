//! A least pace, for what comes and what goes; and the layer that holds every request's body to it.

use super::watched::Busy;
use super::{Activity, Doorway, Why};
use crate::clock::timer_now;
use axum::Extension;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// A least pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Time without any demand: a network may pause.
    pub grace: Duration,
    /// Bytes a second after that, counted over the whole.
    pub bytes_a_second: NonZeroU32,
}

impl Pace {
    fn due(self, began: Instant, bytes: u64) -> Instant {
        let millis = bytes.saturating_mul(1000) / u64::from(self.bytes_a_second.get());
        began + self.grace + Duration::from_millis(millis)
    }
}

/// A timer that is made when it is first needed.
#[derive(Default)]
pub(super) struct Deadline(Option<Pin<Box<Sleep>>>);

impl Deadline {
    /// Ready at `due`, or at an earlier time that it was asked for before.
    pub(super) fn poll(&mut self, due: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if sleep.is_elapsed() || sleep.deadline() > due {
            sleep.as_mut().reset(due);
        }
        sleep.as_mut().poll(cx)
    }
}

/// How far something has come that has to keep a pace.
pub(super) struct Progress {
    pace: Pace,
    began: Instant,
    bytes: u64,
    deadline: Deadline,
}

impl Progress {
    pub(super) fn new(pace: Pace, began: Instant) -> Self {
        Self { pace, began, bytes: 0, deadline: Deadline::default() }
    }

    pub(super) fn add(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes.try_into().unwrap_or(u64::MAX));
    }

    /// Ready once it is behind its pace.
    pub(super) fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let due = self.pace.due(self.began, self.bytes);
            if due <= timer_now() {
                return Poll::Ready(());
            }
            ready!(self.deadline.poll(due, cx));
        }
    }
}

/// A request's body came too slowly.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the body came too slowly")]
pub(crate) struct TooSlow;

/// Around every request of a listener: its body keeps the pace, and its connection does not rest until its answer is over.
pub(crate) async fn hold(
    State(doorway): State<Arc<Doorway>>,
    Extension(activity): Extension<Arc<Activity>>,
    request: Request,
    next: Next,
) -> Response {
    let busy = activity.begin();
    let request = request.map(|body| Body::new(Paced { body, doorway, activity, progress: None }));
    next.run(request).await.map(|body| Body::new(Answering { body, _busy: busy }))
}

/// The body of a request.
struct Paced {
    body: Body,
    doorway: Arc<Doorway>,
    activity: Arc<Activity>,
    /// Set when the server has first waited for it.
    progress: Option<Progress>,
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        if let Poll::Ready(frame) = polled {
            if let (Some(progress), Some(Ok(frame))) = (&mut this.progress, &frame) {
                progress.add(frame.data_ref().map_or(0, Bytes::len));
            }
            return Poll::Ready(frame);
        }
        let pace = this.doorway.bounds.pace;
        let progress = this.progress.get_or_insert_with(|| Progress::new(pace, timer_now()));
        ready!(progress.poll_overdue(cx));
        this.doorway.turned_away(this.activity.address, Why::Body);
        Poll::Ready(Some(Err(axum::Error::new(TooSlow))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer.
struct Answering {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
