//! Events that the job applies: due ones, in one transaction, in the order of the videos' ids.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::domain::{Accounts, AssetKey, InboxEvent, Video};
use crate::store::change::{VideoChange, effective_changes};
use crate::store::database::{Tx, on_pool, on_tx};
use crate::store::error::StoreError;
use crate::store::event_keys::keys_by_account;
use crate::store::handle::Store;
use crate::store::plan::{Applied, Due, EventOutcome, Plan};
use crate::store::rows::{Columns, EventTable, Table, to_videos};
use crate::store::statements::WriteTx;

/// How often a row is looked for that an exchange moves meanwhile.
const ATTEMPTS: usize = 10;

impl Store {
    /// Takes up to `limit` due events (or `only` that one), lets `plan` decide, and writes what it decided: all or
    /// nothing.
    ///
    /// # Errors
    /// The database fails, or an id belongs to another video.
    pub async fn apply_due(
        &self,
        now: DateTime<Utc>,
        limit: i64,
        only: Option<Uuid>,
        mut plan: impl FnMut(&Due) -> Plan + Send,
    ) -> Result<Applied, StoreError> {
        let mut tx = self.begin().await?;
        let lock = self.dialect().skip_locked;
        let events = tx.lock_due_events(now, limit, only, lock).await?;
        if events.is_empty() {
            return Ok(Applied::default());
        }
        let videos = tx.lock_videos_of(&events, &self.observer.accounts()).await?;
        let videos = videos.into_iter().map(Arc::new).collect();
        let due = Due { events, videos };
        let decided = plan(&due);
        let changes = effective_changes(decided.videos, now);
        self.write_changes(&mut tx, &changes, Columns::Observed, now)
            .await?;
        let finished = on_tx!(&mut tx, |tx| tx.finish_events(&decided.events).await)?;
        if finished != due.events.len() as u64 {
            return Err(StoreError::Contended);
        }
        tx.commit().await?;
        self.notify(&changes);
        Ok(Applied {
            changed: changes.iter().filter_map(VideoChange::visible_version).collect(),
            taken: due.events.len(),
        })
    }

    /// Returns the ids of events that are due, the first ones first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn due_event_ids(&self, now: DateTime<Utc>, limit: i64) -> Result<Vec<Uuid>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            sqlx::query_scalar(
                "select id from webhook_events where state = 'pending' and next_attempt_at <= $1 \
                 order by next_attempt_at, id limit $2",
            )
            .bind(now)
            .bind(limit)
            .fetch_all(pool)
            .await
        })?)
    }

    /// Writes what became of one event.
    ///
    /// # Errors
    /// The database fails.
    pub async fn finish_event(&self, outcome: &EventOutcome) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        on_tx!(&mut tx, |tx| tx
            .finish_events(std::slice::from_ref(outcome))
            .await)?;
        tx.commit().await
    }

    /// Writes what became of one event that is about this asset: it belongs to the row that has the asset when this is
    /// written.
    ///
    /// # Errors
    /// The database fails.
    // Why the row is held: an exchange in between would leave the event with the row that had the asset before.
    pub async fn finish_asset_event(
        &self,
        outcome: &EventOutcome,
        asset: &AssetKey,
    ) -> Result<(), StoreError> {
        let mut outcome = outcome.clone();
        let mut tx = self.begin().await?;
        for _ in 0..ATTEMPTS {
            let Some(id) = tx.find_row_of(asset).await? else {
                break;
            };
            let rows = to_videos(on_tx!(&mut tx, |tx| tx.lock_videos(&[id]).await)?)?;
            if rows.iter().any(|row| row.has_asset(asset)) {
                outcome.video_id = Some(id);
                break;
            }
        }
        on_tx!(&mut tx, |tx| tx
            .finish_events(std::slice::from_ref(&outcome))
            .await)?;
        tx.commit().await
    }
}

impl Tx {
    /// Returns the id of the row that has this asset.
    async fn find_row_of(&mut self, asset: &AssetKey) -> Result<Option<Uuid>, StoreError> {
        Ok(on_tx!(self, |tx| {
            sqlx::query_scalar(
                "select id from videos where provider = $1 and (reference = $2 or (id = $2 and reference is null))",
            )
            .bind(&asset.provider)
            .bind(asset.reference)
            .fetch_optional(tx.executor())
            .await
        })?)
    }

    /// Returns up to `limit` due events, or `only` that one; `lock` ends the statement.
    async fn lock_due_events(
        &mut self,
        now: DateTime<Utc>,
        limit: i64,
        only: Option<Uuid>,
        lock: &'static str,
    ) -> Result<Vec<InboxEvent>, StoreError> {
        Ok(on_tx!(self, |tx| {
            let mut query = QueryBuilder::new("select ");
            query
                .push(EventTable::NAMES)
                .push(" from webhook_events where state = 'pending' and next_attempt_at <= ");
            query.push_bind(now);
            if let Some(id) = only {
                query.push(" and id = ").push_bind(id);
            }
            query
                .push(" order by next_attempt_at, id limit ")
                .push_bind(limit)
                .push(lock);
            query.build_query_as().fetch_all(tx.executor()).await
        })?)
    }

    /// Returns every video that the events may speak of, locked in the order of accounts and ids.
    async fn lock_videos_of(
        &mut self,
        events: &[InboxEvent],
        accounts: &Accounts,
    ) -> Result<Vec<Video>, StoreError> {
        let mut rows = Vec::new();
        for (account, keys) in keys_by_account(events, accounts) {
            let maps = accounts.maps_beside(account);
            rows.extend(on_tx!(&mut *self, |tx| tx.lock_videos_named(&maps, &keys).await)?);
        }
        to_videos(rows)
    }
}
