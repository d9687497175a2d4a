//! What the application is told of a change, written with the change itself.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;

use super::tx::{Tx, on_tx};
use super::{Store, StoreError};
use crate::clock::Clock;
use crate::domain::{Announcement, Video};

/// Makes the body of an event from the video as it now is.
pub type Announcer = dyn Fn(Announcement, &Video) -> String + Send + Sync;

/// Who is told, and in what form. Without endpoints nobody is, and nothing is written. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Outbox(Arc<ArcSwapOption<Inner>>);

struct Inner {
    endpoints: Vec<String>,
    clock: Clock,
    payload: Box<Announcer>,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let endpoints = self.0.load().as_ref().map_or(0, |inner| inner.endpoints.len());
        f.debug_struct("Outbox").field("endpoints", &endpoints).finish()
    }
}

impl Store {
    /// From now on every change that is news to the application is written down for `endpoints`, in the transaction
    /// of the change, whichever clone makes it. `clock` gives the ids.
    pub fn announce_to(&self, endpoints: Vec<String>, clock: Clock, payload: Box<Announcer>) {
        let told = (!endpoints.is_empty()).then(|| {
            Arc::new(Inner {
                endpoints,
                clock,
                payload,
            })
        });
        self.outbox.0.store(told);
    }
}

impl Tx {
    /// One row an endpoint, where the change is news.
    pub(super) async fn announce(
        &mut self,
        outbox: &Outbox,
        before: &Video,
        after: &Video,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let Some(outbox) = outbox.0.load_full() else {
            return Ok(());
        };
        let Some(what) = Announcement::of(before, after) else {
            return Ok(());
        };
        let payload = (outbox.payload)(what, after);
        let event_id = outbox.clock.new_id();
        Ok(on_tx!(self, |tx| {
            let mut query = QueryBuilder::new(
                "insert into outgoing_events (id, event_id, endpoint, video_id, version, type, payload, state, \
                 attempts, next_attempt_at, lease_until_s, created_at, since) ",
            );
            query.push_values(&outbox.endpoints, |mut row, endpoint| {
                row.push_bind(outbox.clock.new_id())
                    .push_bind(event_id)
                    .push_bind(endpoint)
                    .push_bind(after.id)
                    .push_bind(after.version)
                    .push_bind(what.as_str())
                    .push_bind(&payload)
                    .push("'pending', 0")
                    .push_bind(now)
                    .push("0")
                    .push_bind(now)
                    .push_bind(now);
            });
            query.build().execute(tx).await.map(drop)
        })?)
    }
}
