//! Bodies that must make progress.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use tokio::time::Sleep;

/// The error of a body whose sender paused for too long.
#[derive(Debug, thiserror::Error)]
#[error("nothing came for too long")]
struct Stalled;

/// Wraps a request's body: it fails where no frame arrives for `pause` while its reader waits for one.
pub(super) fn with_pause_limit(inner: Incoming, pause: Duration) -> Body {
    // Why: most requests have no body, and need no allocation for one.
    if inner.is_end_stream() {
        return Body::empty();
    }
    Body::new(PauseLimited {
        inner,
        pause,
        deadline: None,
    })
}

/// A request's body with a limit on the pause between two frames.
struct PauseLimited {
    inner: Incoming,
    pause: Duration,
    /// The end of the current pause; `Some` only while a frame is waited for.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl hyper::body::Body for PauseLimited {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) {
            self.deadline = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let pause = self.pause;
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Some(Err(Box::new(Stalled))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Wraps a response's body so that `held` is dropped only when the body has been sent, or is given up.
pub(super) fn hold_while_sending(inner: Body, held: impl Send + 'static) -> Body {
    Body::new(inner.map_frame(move |frame| {
        let _held = &held;
        frame
    }))
}
