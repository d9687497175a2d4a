//! Bodies that must make progress.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use tokio::time::Sleep;

/// The sender paused for too long.
#[derive(Debug, thiserror::Error)]
#[error("nothing came for too long")]
struct Stalled;

/// A request's body, of which something must come every `pause`.
pub(super) fn arriving(inner: Incoming, pause: Duration) -> Body {
    if inner.is_end_stream() {
        return Body::empty();
    }
    Body::new(Arriving {
        inner,
        pause,
        deadline: None,
    })
}

struct Arriving {
    inner: Incoming,
    pause: Duration,
    /// Only while nothing comes.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl hyper::body::Body for Arriving {
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

/// A response's body that holds `until` for as long as it is being sent.
pub(super) fn holding(inner: Body, until: impl Send + 'static) -> Body {
    Body::new(inner.map_frame(move |frame| {
        let _held = &until;
        frame
    }))
}
