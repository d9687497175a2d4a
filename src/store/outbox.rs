//! What the application is told of a change, written with the change itself.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;

use uuid::Uuid;

use super::tx::{Tx, on_tx};
use super::{Store, StoreError, VideoChange};
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

/// One event on its way to one endpoint.
pub(super) struct NewsRow {
    pub(super) id: Uuid,
    pub(super) event_id: Uuid,
    pub(super) endpoint: String,
    pub(super) video_id: Uuid,
    pub(super) version: i64,
    pub(super) what: Announcement,
    pub(super) payload: Arc<str>,
}

impl Outbox {
    /// One row an endpoint, where the change is news.
    pub(super) fn news(&self, VideoChange { before, after }: &VideoChange) -> Vec<NewsRow> {
        let Some(inner) = self.0.load_full() else {
            return Vec::new();
        };
        let Some(what) = Announcement::of(before, after) else {
            return Vec::new();
        };
        let payload: Arc<str> = (inner.payload)(what, after).into();
        let event_id = inner.clock.new_id();
        let row = |endpoint: &String| NewsRow {
            id: inner.clock.new_id(),
            event_id,
            endpoint: endpoint.clone(),
            video_id: after.id,
            version: after.version,
            what,
            payload: payload.clone(),
        };
        inner.endpoints.iter().map(row).collect()
    }
}

impl Tx {
    /// One row an endpoint, where the change is news.
    pub(super) async fn announce(
        &mut self,
        outbox: &Outbox,
        change: &VideoChange,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let news = outbox.news(change);
        if news.is_empty() {
            return Ok(());
        }
        Ok(on_tx!(self, |tx| {
            let mut query = QueryBuilder::new(
                "insert into outgoing_events (id, event_id, endpoint, video_id, version, type, payload, state, \
                 attempts, next_attempt_at, lease_until_s, created_at, since) ",
            );
            query.push_values(&news, |mut columns, row| {
                columns
                    .push_bind(row.id)
                    .push_bind(row.event_id)
                    .push_bind(&row.endpoint)
                    .push_bind(row.video_id)
                    .push_bind(row.version)
                    .push_bind(row.what.as_str())
                    .push_bind(&*row.payload)
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
