//! Wishes to move videos: written, taken by one worker at a time, followed.
//!
//! [`jobs::moves`](crate::jobs::moves) has the steps of a move.

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::database::{Tx, on_pool, on_tx};
use super::error::StoreError;
use super::handle::Store;
use crate::domain::{Move, MoveKind, MoveState};
use crate::sql::{row_by_name, stored_as_text};

stored_as_text!(MoveState, MoveKind);

/// Every column that a [`Move`] is read from.
const COLUMNS: &str = "id, video_id, from_provider, to_provider, kind, without_tracks, state, reason, notes, rendition, \
     renditions, hidden_id, tries, next_at, revision, requested_at, finished_at";

/// A row of `moves`.
struct MoveRow {
    id: Uuid,
    video_id: Uuid,
    from_provider: String,
    to_provider: String,
    kind: MoveKind,
    without_tracks: bool,
    state: MoveState,
    reason: Option<String>,
    notes: Json<Vec<String>>,
    rendition: Option<String>,
    renditions: Json<Vec<String>>,
    hidden_id: Option<Uuid>,
    tries: i32,
    next_at: Option<DateTime<Utc>>,
    revision: i64,
    requested_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

row_by_name! { MoveRow from PgRow, SqliteRow; {
    id, video_id, from_provider, to_provider, kind, without_tracks, state, reason, notes, rendition, renditions, hidden_id,
    tries, next_at, revision, requested_at, finished_at,
} }

impl From<MoveRow> for Move {
    fn from(row: MoveRow) -> Self {
        Self {
            id: row.id,
            video_id: row.video_id,
            from_provider: row.from_provider,
            to_provider: row.to_provider,
            kind: row.kind,
            without_tracks: row.without_tracks,
            state: row.state,
            reason: row.reason,
            notes: row.notes.0,
            rendition: row.rendition,
            renditions: row.renditions.0,
            hidden_id: row.hidden_id,
            tries: row.tries,
            next_at: row.next_at,
            revision: row.revision,
            requested_at: row.requested_at,
            finished_at: row.finished_at,
        }
    }
}

fn to_moves(rows: Vec<MoveRow>) -> Vec<Move> {
    rows.into_iter().map(Move::from).collect()
}

impl Store {
    /// Writes wishes, in one transaction. Of a video that has an open wish none is written. Returns the open wish of each
    /// video: the one that was written, or the one that was there.
    ///
    /// # Errors
    /// The database fails.
    pub async fn insert_moves(&self, wishes: &[Move]) -> Result<Vec<Move>, StoreError> {
        let mut tx = self.begin().await?;
        for wish in wishes {
            tx.insert_move(wish).await?;
        }
        tx.commit().await?;
        let videos: Vec<Uuid> = wishes.iter().map(|wish| wish.video_id).collect();
        self.open_moves_of(&videos).await
    }

    /// Returns the open wishes of these videos.
    async fn open_moves_of(&self, videos: &[Uuid]) -> Result<Vec<Move>, StoreError> {
        if videos.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<MoveRow> = on_pool!(&self.writer, |pool| {
            let mut query = QueryBuilder::new("select ");
            query
                .push(COLUMNS)
                .push(" from moves where finished_at is null and video_id in (");
            let mut list = query.separated(", ");
            for id in videos {
                list.push_bind(id);
            }
            query.push(") order by id");
            query.build_query_as().fetch_all(pool).await
        })?;
        Ok(to_moves(rows))
    }

    /// Returns the wishes with these ids, in the order of ids.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_moves(&self, ids: &[Uuid]) -> Result<Vec<Move>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<MoveRow> = on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select ");
            query.push(COLUMNS).push(" from moves where id in (");
            let mut list = query.separated(", ");
            for id in ids {
                list.push_bind(id);
            }
            query.push(") order by id");
            query.build_query_as().fetch_all(pool).await
        })?;
        Ok(to_moves(rows))
    }

    /// Returns the latest wish of a video.
    ///
    /// # Errors
    /// The database fails.
    pub async fn latest_move(&self, video_id: Uuid) -> Result<Option<Move>, StoreError> {
        let row: Option<MoveRow> = on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select ");
            query
                .push(COLUMNS)
                .push(" from moves where video_id = ")
                .push_bind(video_id)
                .push(" order by id desc limit 1");
            query.build_query_as().fetch_optional(pool).await
        })?;
        Ok(row.map(Move::from))
    }

    /// Returns whether a wish is due.
    // Why a read of its own: an idle worker never takes SQLite's write lock.
    ///
    /// # Errors
    /// The database fails.
    pub async fn has_due_moves(&self, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let found: Option<i32> = on_pool!(&self.readers, |pool| {
            sqlx::query_scalar("select 1 from moves where next_at is not null and next_at <= $1 limit 1")
                .bind(now)
                .fetch_optional(pool)
                .await
        })?;
        Ok(found.is_some())
    }

    /// Takes up to `limit` wishes that are due under a lease of `lease_s` seconds.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lease_due_moves(
        &self,
        now: DateTime<Utc>,
        limit: i64,
        lease_s: i64,
    ) -> Result<Vec<Move>, StoreError> {
        let clock = self.dialect().clock_s;
        let lock = self.dialect().skip_locked;
        let mut tx = self.begin().await?;
        let rows: Vec<MoveRow> = on_tx!(&mut tx, |tx| {
            let mut query = QueryBuilder::new("update moves set lease_until_s = ");
            query.push(clock).push(" + ").push_bind(lease_s);
            query
                .push(" where id in (select id from moves where next_at is not null and next_at <= ")
                .push_bind(now)
                .push(" and lease_until_s <= ")
                .push(clock);
            query.push(" order by next_at, id limit ").push_bind(limit);
            query.push(lock).push(") returning ").push(COLUMNS);
            query.build_query_as().fetch_all(tx.executor()).await
        })?;
        tx.commit().await?;
        Ok(to_moves(rows))
    }

    /// Writes a wish that still has its revision. `keep_lease_s` renews its lease; `None` ends it. Returns false where
    /// another worker wrote it meanwhile.
    ///
    /// # Errors
    /// The database fails.
    pub async fn write_move(&self, wish: &mut Move, keep_lease_s: Option<i64>) -> Result<bool, StoreError> {
        let clock = self.dialect().clock_s;
        let rows = on_pool!(&self.writer, |pool| {
            let mut query = QueryBuilder::new("update moves set kind = ");
            query.push_bind(wish.kind.as_str());
            query.push(", from_provider = ").push_bind(&wish.from_provider);
            query.push(", to_provider = ").push_bind(&wish.to_provider);
            query.push(", state = ").push_bind(wish.state.as_str());
            query.push(", reason = ").push_bind(&wish.reason);
            query.push(", notes = ").push_bind(Json(&wish.notes));
            query.push(", rendition = ").push_bind(&wish.rendition);
            query.push(", renditions = ").push_bind(Json(&wish.renditions));
            query.push(", hidden_id = ").push_bind(wish.hidden_id);
            query.push(", tries = ").push_bind(wish.tries);
            query.push(", next_at = ").push_bind(wish.next_at);
            query.push(", finished_at = ").push_bind(wish.finished_at);
            query.push(", revision = revision + 1, lease_until_s = ");
            match keep_lease_s {
                Some(lease_s) => query.push(clock).push(" + ").push_bind(lease_s),
                None => query.push("0"),
            };
            query.push(" where id = ").push_bind(wish.id);
            query.push(" and revision = ").push_bind(wish.revision);
            query
                .build()
                .execute(pool)
                .await
                .map(|result| result.rows_affected())
        })?;
        wish.revision += 1;
        Ok(rows == 1)
    }

    /// Returns the ids of up to `limit` ready videos of a provider behind `after`, in the order of ids; of one owner where
    /// it is given.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_movable(
        &self,
        provider: &str,
        owner: Option<&str>,
        after: Uuid,
        limit: i64,
    ) -> Result<Vec<Uuid>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select id from videos where provider = ");
            query
                .push_bind(provider)
                .push(" and status = 'ready' and replaces is null and id > ")
                .push_bind(after);
            if let Some(owner) = owner {
                query.push(" and owner = ").push_bind(owner);
            }
            query.push(" order by id limit ").push_bind(limit);
            query.build_query_scalar().fetch_all(pool).await
        })?)
    }

    /// Returns the ids of up to `limit` ready videos behind `after`, in the order of ids, that a move took from `from` to
    /// `to`; of one owner where it is given.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_undoable(
        &self,
        (from, to): (&str, &str),
        owner: Option<&str>,
        after: Uuid,
        limit: i64,
    ) -> Result<Vec<Uuid>, StoreError> {
        Ok(on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select id from videos where provider = ");
            query
                .push_bind(to)
                .push(" and status = 'ready' and replaces is null and id > ")
                .push_bind(after);
            if let Some(owner) = owner {
                query.push(" and owner = ").push_bind(owner);
            }
            query
                .push(
                    " and exists (select 1 from moves where moves.video_id = videos.id and state = 'done' \
                     and from_provider = ",
                )
                .push_bind(from)
                .push(" and to_provider = ")
                .push_bind(to);
            query.push(") order by id limit ").push_bind(limit);
            query.build_query_scalar().fetch_all(pool).await
        })?)
    }

    /// Returns whether a move took the video from one provider to the other, as far as wishes are kept.
    ///
    /// # Errors
    /// The database fails.
    pub async fn has_moved(&self, video_id: Uuid, (from, to): (&str, &str)) -> Result<bool, StoreError> {
        let found: Option<i32> = on_pool!(&self.readers, |pool| {
            sqlx::query_scalar(
                "select 1 from moves where video_id = $1 and state = 'done' and from_provider = $2 \
                 and to_provider = $3 limit 1",
            )
            .bind(video_id)
            .bind(from)
            .bind(to)
            .fetch_optional(pool)
            .await
        })?;
        Ok(found.is_some())
    }

    /// Removes wishes that ended before `until`, at most `limit`. Returns how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn prune_moves(&self, until: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
        Ok(on_pool!(&self.writer, |pool| {
            sqlx::query(
                "delete from moves where id in (select id from moves \
                 where finished_at is not null and finished_at < $1 order by finished_at limit $2)",
            )
            .bind(until)
            .bind(limit)
            .execute(pool)
            .await
            .map(|result| result.rows_affected())
        })?)
    }
}

impl Tx {
    async fn insert_move(&mut self, wish: &Move) -> Result<(), StoreError> {
        Ok(on_tx!(self, |tx| {
            sqlx::query(
                "insert into moves (id, video_id, from_provider, to_provider, kind, without_tracks, state, reason, notes, \
                 rendition, renditions, hidden_id, tries, next_at, requested_at, finished_at) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
                 on conflict (video_id) where finished_at is null do nothing",
            )
            .bind(wish.id)
            .bind(wish.video_id)
            .bind(&wish.from_provider)
            .bind(&wish.to_provider)
            .bind(wish.kind.as_str())
            .bind(wish.without_tracks)
            .bind(wish.state.as_str())
            .bind(&wish.reason)
            .bind(Json(&wish.notes))
            .bind(&wish.rendition)
            .bind(Json(&wish.renditions))
            .bind(wish.hidden_id)
            .bind(wish.tries)
            .bind(wish.next_at)
            .bind(wish.requested_at)
            .bind(wish.finished_at)
            .execute(tx.executor())
            .await
            .map(drop)
        })?)
    }
}
