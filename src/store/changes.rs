//! Changing one video: read, join, write where nobody came in between, else again.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use super::outbox::Outbox;
use super::outcomes::Ended;
use super::tx::{Tx, on_tx};
use super::videos::identity;
use super::{Store, StoreError, VideoChange, ids};
use crate::domain::Video;

/// Tries before a change gives way to other writers: with 20 racers on one row each gets its turn.
const TRIES: usize = 40;

/// What a caller's change to a video came to.
#[derive(Debug)]
pub enum Edit<E> {
    /// No such video.
    Missing,
    /// The change refused the video as it stands.
    Refused(E),
    /// The video as it now is.
    Done(Box<Video>),
}

impl Store {
    /// Changes a video by a pure function, which may be called several times. Bumps `version` and `updated_at` where
    /// callers see a difference, and releases parked events where the provider's ids became known.
    ///
    /// # Errors
    /// The database fails, or an id belongs to another video.
    pub async fn edit_video<E>(
        &self,
        id: Uuid,
        now: DateTime<Utc>,
        change: impl Fn(&mut Video) -> Result<(), E>,
    ) -> Result<Edit<E>, StoreError> {
        match self.video(id).await? {
            Some(video) => self.edit_known(video, now, change).await,
            None => Ok(Edit::Missing),
        }
    }

    /// As [`Store::edit_video`], for a video that the caller has just read or written. Where it is not up to date it is
    /// read again.
    ///
    /// # Errors
    /// The database fails, or an id belongs to another video.
    pub async fn edit_known<E>(
        &self,
        known: Video,
        now: DateTime<Utc>,
        change: impl Fn(&mut Video) -> Result<(), E>,
    ) -> Result<Edit<E>, StoreError> {
        let mut before = Arc::new(known);
        for _ in 0..TRIES {
            let id = before.id;
            let mut after = Video::clone(&before);
            if let Err(refusal) = change(&mut after) {
                return Ok(Edit::Refused(refusal));
            }
            if after == *before {
                return Ok(Edit::Done(Box::new(after)));
            }
            settle(&before, &mut after, now);
            let change = Arc::new(VideoChange { before, after });
            if self.write_video(&change, now).await? {
                self.outcomes.tell(Ended::by(&change.before, &change.after));
                self.feed.publish(change.news().as_slice());
                return Ok(Edit::Done(Box::new(Arc::unwrap_or_clone(change).after)));
            }
            match self.video(id).await? {
                Some(found) => before = Arc::new(found),
                None => return Ok(Edit::Missing),
            }
        }
        Err(StoreError::Contended)
    }

    async fn write_video(&self, change: &Arc<VideoChange>, now: DateTime<Utc>) -> Result<bool, StoreError> {
        if let Some(together) = &self.together
            && together.changes.ask((change.clone(), now)).await.is_ok()
        {
            return Ok(true);
        }
        // Somebody came in between or holds the row, or the database failed: alone it is seen which.
        let mut tx = self.begin().await?;
        let written = tx.write_video(&self.outbox, change, now).await?;
        if written {
            tx.commit().await?;
        }
        Ok(written)
    }
}

impl Tx {
    /// Writes a change, with what the application is to be told of it, and releases parked events where
    /// the provider's ids became known; false where the row is not as it was before.
    pub(super) async fn write_video(
        &mut self,
        outbox: &Outbox,
        change: &VideoChange,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let VideoChange { before, after } = change;
        let known = &after.known;
        let result = on_tx!(self, |tx| {
            sqlx::query(
                "update videos set title = $3, external_id = $4, metadata = $5, thumbnail_time = $6, status = $7, \
                 upload_id = $8, asset_id = $9, reported = $10, gone = $11, delete_requested = $12, \
                 cancel_confirmed = $13, ready_at = $14, ready_by_our_clock = $15, facts = $16, captures = $17, \
                 upload_expires_at = $18, check_at = $19, checks = $20, missing_since = $21, version = $22, \
                 revision = $23, updated_at = $24, steps = $25, lost = $26, unsent = $27 where id = $1 and revision = $2",
            )
            .bind(after.id)
            .bind(before.revision)
            .bind(&after.title)
            .bind(&after.external_id)
            .bind(Json(&after.metadata))
            .bind(after.thumbnail_time)
            .bind(after.status)
            .bind(&known.upload_id)
            .bind(&known.asset_id)
            .bind(known.reported.as_str())
            .bind(known.gone)
            .bind(known.delete_requested)
            .bind(known.cancel_confirmed)
            .bind(known.ready_at())
            .bind(known.ready.is_some_and(|ready| ready.by_our_clock))
            .bind(Json(&known.facts))
            .bind(Json(&after.captures))
            .bind(after.upload_expires_at)
            .bind(after.check_at)
            .bind(after.checks)
            .bind(after.missing_since)
            .bind(after.version)
            .bind(after.revision)
            .bind(after.updated_at)
            .bind(after.steps)
            .bind(known.lost)
            .bind(Json(&after.unsent))
            .execute(tx)
            .await
            .map(|result| result.rows_affected())
        })
        .map_err(identity)?;
        if result != 1 {
            return Ok(false);
        }
        let gained: Vec<_> = ids::gained(Some(before), after).collect();
        if !gained.is_empty() {
            self.insert_ids(&gained).await?;
            self.release_parked_for(after, now).await?;
        }
        self.announce(outbox, change, now).await?;
        Ok(true)
    }

    /// Events that waited for this video are due now.
    pub(super) async fn release_parked_for(
        &mut self,
        video: &Video,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Ok(on_tx!(self, |tx| {
            sqlx::query(
                "update webhook_events set state = 'pending', next_attempt_at = $1 \
                 where state = 'parked' and provider = $2 and (upload_id = $3 or asset_id = $4 or video_ref = $5)",
            )
            .bind(now)
            .bind(&video.provider)
            .bind(&video.known.upload_id)
            .bind(&video.known.asset_id)
            .bind(video.id)
            .execute(tx)
            .await
            .map(drop)
        })?)
    }
}

/// The counters and times that follow from a change.
pub(super) fn settle(before: &Video, after: &mut Video, now: DateTime<Utc>) {
    after.revision = before.revision + 1;
    if !after.looks_like(before) {
        after.version = before.version + 1;
        after.updated_at = now;
    }
}
