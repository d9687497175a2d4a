//! [`LendWhileReceiving`]: a request body that lends the request's permit to others while its client still sends.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use crate::limits::{LentPermit, Permit};

/// A body that lends its request's [`Permit`] whenever the next frame has not arrived, so that a slow client
/// does not hold up others.
pub(super) struct LendWhileReceiving {
    inner: Body,
    permit: Arc<Permit>,
    /// `Some` while the body waits for its client.
    lent: Option<LentPermit>,
}

impl LendWhileReceiving {
    /// Wraps `body`; an empty one is returned as it is.
    pub(super) fn wrap(body: Body, permit: &Arc<Permit>) -> Body {
        // Why: most requests have no body, and need neither the allocation nor the indirection.
        if body.is_end_stream() {
            return body;
        }
        Body::new(Self {
            inner: body,
            permit: permit.clone(),
            lent: None,
        })
    }
}

impl HttpBody for LendWhileReceiving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if polled.is_ready() {
            self.lent = None;
        } else if self.lent.is_none() {
            self.lent = Some(self.permit.lend_while_arriving());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
