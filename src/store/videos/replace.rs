//! Replacements until the exchange: begun, shown on their videos, given up; and the hidden rows behind an exchange.
//!
//! Each of these runs in one transaction that locks the video and its hidden row, in the order of ids, and decides by what
//! it reads then.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::counted::{CountedLimits, Inserted};
use crate::domain::{Replacement, ShownStatus, Video};
use crate::store::change::{VideoChange, set_counters};
use crate::store::database::{Tx, on_pool, on_tx};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::rows::{Columns, Table, VideoRow, VideoTable, to_videos};
use crate::store::statements::WriteTx;

/// The condition of the index `videos_replacement_due`.
const IS_DUE: &str =
    "replaces is not null and exchanged_at is null and (status = 'ready' or shown_version <> version)";
/// A further condition, before the database's clock: the hidden row may take its video's place, and no replica has it.
const IS_READY: &str =
    " and status = 'ready' and missing_since is null and not delete_requested and lease_until_s <= ";
/// How often rows are read again because another writer was faster.
const ATTEMPTS: usize = 40;
/// Rows of one transaction.
const BATCH: i64 = 200;

/// The outcome of [`Store::insert_replacement`].
#[derive(Debug)]
pub enum ReplacementInserted {
    /// The hidden row was written. Holds the video, which shows it.
    Written(Box<Video>),
    /// The owner or the caller's token has reached a limit. Never [`Inserted::Written`].
    Limited(Inserted),
    /// Another replacement of the video is under way.
    InProgress,
    /// A video in this status is not replaced.
    NotReady(ShownStatus),
    /// There is no such video, or it is to be deleted.
    NotFound,
}

/// The outcome of [`Store::give_up_replacement`].
#[derive(Debug)]
pub enum GivenUp {
    /// The deletion of the replacement is requested. Holds the video, which shows it no more.
    Done(Box<Video>),
    /// It has taken the video's place already.
    Exchanged,
    /// There is none.
    Missing,
}

/// The files at one provider that exchanges put aside, and that are still to be deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptFiles {
    /// Their number.
    pub count: i64,
    /// The time at which the last one is deleted.
    pub last_until: Option<DateTime<Utc>>,
}

impl Store {
    /// Writes the hidden row of a replacement, of the video that [`Video::replaces`] of it names, and shows it there. The
    /// video must be `ready`, `errored`, `expired` or `cancelled`. A replacement that has failed gives way to this one, and so
    /// does the hidden row `instead_of`.
    ///
    /// # Errors
    /// The database fails.
    pub async fn insert_replacement(
        &self,
        hidden: &Video,
        instead_of: Option<Uuid>,
        limits: &CountedLimits,
        now: DateTime<Utc>,
    ) -> Result<ReplacementInserted, StoreError> {
        let Some(id) = hidden.replaces else {
            return Ok(ReplacementInserted::NotFound);
        };
        let _guard = if limits.is_empty() {
            None
        } else {
            Some(self.owner_locks.lock(&hidden.owner).await)
        };
        let mut tx = self.begin().await?;
        // Why before the rows: the order of locks.
        if !limits.is_empty()
            && let Some(refused) = tx.count_within(hidden, limits, self.dialect(), now).await?
        {
            return Ok(ReplacementInserted::Limited(refused));
        }
        let open = tx.find_open_replacement(id).await?;
        let ids: Vec<Uuid> = std::iter::once(id).chain(open).collect();
        let mut rows = tx.lock_rows(&ids).await?;
        let Some(video) = take_row(&mut rows, id) else {
            return Ok(ReplacementInserted::NotFound);
        };
        if video.is_hidden() || video.is_ending(now) {
            return Ok(ReplacementInserted::NotFound);
        }
        let mut changes = Vec::new();
        if let Some(before) = rows.pop().filter(Video::is_open_replacement) {
            if !Replacement::of(&before).has_failed() && instead_of != Some(before.id) {
                return Ok(ReplacementInserted::InProgress);
            }
            changes.push(change(before, now, |failed| failed.give_up(now)));
        } else if tx.find_open_replacement(id).await?.is_some() {
            // Why again: it was begun before the video was locked.
            return Ok(ReplacementInserted::InProgress);
        }
        // Why after that: a video that lost its asset meanwhile shows `errored` because of its replacement.
        if !may_be_replaced(video.status) {
            return Ok(ReplacementInserted::NotReady(video.status));
        }
        changes.push(change(video, now, |video| {
            video.set_replacement(Some(Replacement::of(hidden)));
        }));
        self.write_changes(&mut tx, &changes, Columns::Changing, now)
            .await?;
        let mut hidden = hidden.clone();
        hidden.shown_version = hidden.version;
        tx.insert_video(&hidden, &self.observer.accounts()).await?;
        tx.commit().await?;
        self.notify(&changes);
        let shown = changes.pop().map(|change| change.after);
        Ok(shown.map_or(ReplacementInserted::NotFound, |video| {
            ReplacementInserted::Written(Box::new(video))
        }))
    }

    /// Shows the state of a hidden row on its video. Returns false where it shows already, or the row is no replacement that
    /// is under way.
    ///
    /// # Errors
    /// The database fails.
    pub async fn show_replacement(&self, hidden_id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let Some((video, hidden)) = tx.lock_pair(hidden_id).await? else {
            return Ok(false);
        };
        if hidden.exchanged_at.is_some() {
            return Ok(false);
        }
        let mut changes = Vec::new();
        let shown = video
            .as_ref()
            .and_then(|video| video.replacement.as_ref())
            .is_some_and(|shown| shown.video_id == hidden.id);
        let state = hidden.is_open_replacement().then(|| Replacement::of(&hidden));
        if let Some(video) = video.filter(|_| shown) {
            changes.push(change(video, now, |video| video.set_replacement(state)));
        }
        changes.push(change(hidden, now, |hidden| {
            hidden.shown_version = hidden.version;
        }));
        changes.retain(|change| *change.before != change.after);
        if changes.is_empty() {
            return Ok(false);
        }
        self.write_changes(&mut tx, &changes, Columns::Changing, now)
            .await?;
        tx.commit().await?;
        self.notify(&changes);
        Ok(true)
    }

    /// Requests the deletion of the replacement that is under way, or has failed.
    ///
    /// # Errors
    /// The database fails.
    pub async fn give_up_replacement(
        &self,
        video_id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<GivenUp, StoreError> {
        let mut tx = self.begin().await?;
        let Some(hidden_id) = tx.find_open_replacement(video_id).await? else {
            drop(tx);
            let hidden = self.find_hidden_of(video_id).await?;
            let is_exchanged = |row: &Video| row.exchanged_at.is_some();
            return Ok(if hidden.iter().any(is_exchanged) {
                GivenUp::Exchanged
            } else {
                GivenUp::Missing
            });
        };
        let Some((Some(video), hidden)) = tx.lock_pair(hidden_id).await? else {
            return Ok(GivenUp::Missing);
        };
        if hidden.exchanged_at.is_some() {
            return Ok(GivenUp::Exchanged);
        }
        if !hidden.is_open_replacement() {
            return Ok(GivenUp::Missing);
        }
        let mut changes = vec![
            change(hidden, now, |hidden| {
                hidden.give_up(now);
            }),
            change(video, now, |video| video.set_replacement(None)),
        ];
        self.write_changes(&mut tx, &changes, Columns::Changing, now)
            .await?;
        tx.commit().await?;
        self.notify(&changes);
        let shown = changes.pop().map(|change| change.after);
        Ok(shown.map_or(GivenUp::Missing, |video| GivenUp::Done(Box::new(video))))
    }

    /// Requests the deletion of every hidden row of a video: of a replacement that is under way, and of files that were
    /// kept. Returns how many.
    ///
    /// # Errors
    /// The database fails, or other writers were faster at every attempt ([`StoreError::Contended`]).
    pub async fn delete_hidden_of(&self, video_id: Uuid, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let mut deleted = 0;
        for _ in 0..ATTEMPTS {
            let mut hidden = self.find_hidden_of(video_id).await?;
            hidden.retain(|row| !row.known.delete_requested);
            if hidden.is_empty() {
                return Ok(deleted);
            }
            deleted += self.edit_videos(hidden, now, |row| row.give_up(now)).await?;
        }
        Err(StoreError::Contended)
    }

    /// Returns every hidden row of a video that is not deleted: the replacement that is under way, and files that exchanges
    /// put aside. In the order of ids.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_hidden_of(&self, video_id: Uuid) -> Result<Vec<Video>, StoreError> {
        let rows = on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select ");
            query
                .push(VideoTable::COLUMNS)
                .push(" from videos where replaces is not null and replaces = ")
                .push_bind(video_id)
                .push(" and status <> 'deleted' order by id");
            query.build_query_as::<VideoRow>().fetch_all(pool).await
        })?;
        to_videos(rows)
    }

    /// Returns up to `limit` hidden rows whose state their video does not show yet, behind `after`, in the order of ids.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_unshown_replacements(&self, after: Uuid, limit: u16) -> Result<Vec<Uuid>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select id from videos where ");
            query.push(IS_DUE).push(" and shown_version <> version and id > ");
            query
                .push_bind(after)
                .push(format_args!(" order by id limit {limit}"));
            query.build_query_scalar().fetch_all(pool).await
        })?)
    }

    /// Returns whether a hidden row is ready to take its video's place and no replica has it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn has_ready_replacement(&self) -> Result<bool, StoreError> {
        let clock = self.dialect().clock_s;
        let found: Option<Uuid> = on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select id from videos where ");
            query.push(IS_DUE).push(IS_READY).push(clock).push(" limit 1");
            query.build_query_scalar().fetch_optional(pool).await
        })?;
        Ok(found.is_some())
    }

    /// Takes up to `limit` hidden rows that are ready to take their video's place, under a lease of `lease_s` seconds by the
    /// database's clock.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lease_ready_replacements(&self, limit: i64, lease_s: i64) -> Result<Vec<Video>, StoreError> {
        let (clock, lock) = (self.dialect().clock_s, self.dialect().skip_locked);
        let mut tx = self.begin().await?;
        let rows = on_tx!(&mut tx, |tx| {
            let mut query = QueryBuilder::new("update videos set lease_until_s = ");
            query.push(clock).push(" + ").push_bind(lease_s);
            query.push(" where id in (select id from videos where ");
            query.push(IS_DUE).push(IS_READY).push(clock);
            query.push(" order by id limit ").push_bind(limit).push(lock);
            query.push(") returning ").push(VideoTable::COLUMNS);
            query.build_query_as::<VideoRow>().fetch_all(tx.executor()).await
        })?;
        tx.commit().await?;
        to_videos(rows)
    }

    /// Returns up to `limit` videos that are deleted, or purged, and still have a hidden row whose deletion was not
    /// requested, behind `after`, in the order of ids.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_ended_with_hidden(&self, after: Uuid, limit: u16) -> Result<Vec<Uuid>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new(
                "select distinct replaces from videos where replaces is not null and not delete_requested \
                 and status <> 'deleted' and not exists (select 1 from videos as shown \
                 where shown.id = videos.replaces and not shown.delete_requested and shown.status <> 'deleted') \
                 and replaces > ",
            );
            query
                .push_bind(after)
                .push(format_args!(" order by replaces limit {limit}"));
            query.build_query_scalar().fetch_all(pool).await
        })?)
    }

    /// Counts the files at a provider that exchanges put aside and whose deletion was not requested.
    ///
    /// # Errors
    /// The database fails.
    pub async fn count_kept(&self, provider: &str) -> Result<KeptFiles, StoreError> {
        let (count, last_until) = on_pool!(&self.readers, |pool| {
            sqlx::query_as(
                "select count(*), max(delete_at) from videos where replaces is not null and provider = $1 \
                 and exchanged_at is not null and not delete_requested and status <> 'deleted'",
            )
            .bind(provider)
            .fetch_one(pool)
            .await
        })?;
        Ok(KeptFiles { count, last_until })
    }

    /// Returns up to `limit` files at a provider that exchanges put aside and whose deletion was not requested, behind
    /// `after`, in the order of ids.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_kept(&self, provider: &str, after: Uuid, limit: i64) -> Result<Vec<Video>, StoreError> {
        let rows = on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select ");
            query
                .push(VideoTable::COLUMNS)
                .push(" from videos where replaces is not null and provider = ")
                .push_bind(provider)
                .push(" and exchanged_at is not null and not delete_requested and status <> 'deleted' and id > ")
                .push_bind(after)
                .push(" order by id limit ")
                .push_bind(limit);
            query.build_query_as::<VideoRow>().fetch_all(pool).await
        })?;
        to_videos(rows)
    }

    /// Requests the deletion of every file at a provider that exchanges put aside. Returns how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn delete_kept(&self, provider: &str, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let (mut after, mut deleted) = (Uuid::nil(), 0);
        loop {
            let kept = self.find_kept(provider, after, BATCH).await?;
            let Some(last) = kept.last() else {
                return Ok(deleted);
            };
            after = last.id;
            deleted += self.edit_videos(kept, now, |row| row.give_up(now)).await?;
        }
    }
}

/// Returns whether a video that shows this status may be replaced.
const fn may_be_replaced(status: ShownStatus) -> bool {
    matches!(
        status,
        ShownStatus::Ready | ShownStatus::Errored | ShownStatus::Expired | ShownStatus::Cancelled
    )
}

/// Makes the change of a row, with its counters.
fn change(before: Video, now: DateTime<Utc>, edit: impl FnOnce(&mut Video)) -> VideoChange {
    let mut after = before.clone();
    edit(&mut after);
    if after != before {
        set_counters(&before, &mut after, now);
    }
    VideoChange {
        before: Arc::new(before),
        after,
    }
}

fn take_row(rows: &mut Vec<Video>, id: Uuid) -> Option<Video> {
    let place = rows.iter().position(|row| row.id == id)?;
    Some(rows.remove(place))
}

impl Tx {
    /// Returns the hidden row that may still take the video's place.
    async fn find_open_replacement(&mut self, video_id: Uuid) -> Result<Option<Uuid>, StoreError> {
        Ok(on_tx!(self, |tx| {
            // The condition is that of the index `videos_replaces`.
            sqlx::query_scalar(
                "select id from videos where replaces is not null and exchanged_at is null \
                 and not delete_requested and replaces = $1",
            )
            .bind(video_id)
            .fetch_optional(tx.executor())
            .await
        })?)
    }

    /// Locks a hidden row and its video, in the order of ids. `None` where there is no such hidden row; a video that is
    /// purged is missing.
    pub(super) async fn lock_pair(
        &mut self,
        hidden_id: Uuid,
    ) -> Result<Option<(Option<Video>, Video)>, StoreError> {
        let replaces: Option<Option<Uuid>> = on_tx!(&mut *self, |tx| {
            sqlx::query_scalar("select replaces from videos where id = $1")
                .bind(hidden_id)
                .fetch_optional(tx.executor())
                .await
        })?;
        // Why it stays the same: no statement changes `replaces`.
        let Some(video_id) = replaces.flatten() else {
            return Ok(None);
        };
        let mut rows = self.lock_rows(&[video_id, hidden_id]).await?;
        let hidden = take_row(&mut rows, hidden_id);
        Ok(hidden.map(|hidden| (rows.pop(), hidden)))
    }

    pub(super) async fn lock_rows(&mut self, ids: &[Uuid]) -> Result<Vec<Video>, StoreError> {
        to_videos(on_tx!(self, |tx| tx.lock_videos(ids).await)?)
    }
}
