//! The exchange: a hidden row and its video exchange their assets, and an exchange back.
//!
//! One transaction:
//!
//! 1. **Lock** both rows, in the order of ids.
//! 2. **Decide** by what they say now. Outcomes: made already (after a crash, or by another replica); not to be made, since
//!    the new asset is not ready any more or one of the two is to be deleted; or to be made.
//! 3. **Write** both rows, every column of them ([`exchange_assets`]). Their references are cleared first, as they are
//!    unique.
//! 4. **Move** what belongs to the assets and stands elsewhere: their ids at the provider, the files of their tracks, and which row events were applied
//!    to. Events that the inbox job holds are passed over: it finds their row itself.
//! 5. **Tell**: the outgoing event `video.replaced` is written.
//!
//! The commit is the commit point. Before it nothing has happened, and the row is still due. A write that was planned before
//! it fails on either row, since both revisions grow; what it knows is then written to the row that has the asset
//! ([`Store::edit_asset`]). A repetition is safe: step 2 finds the exchange made.

use std::sync::Arc;

use uuid::Uuid;

use crate::domain::{ExchangeTerms, Video, exchange_assets};
use crate::store::change::VideoChange;
use crate::store::database::{Tx, on_tx};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::statements::WriteTx;

/// The outcome of [`Store::exchange`] and [`Store::undo_exchange`].
#[derive(Debug)]
pub enum Exchanged {
    /// The exchange is made. Holds the video with its new asset.
    Done(Box<Video>),
    /// It was made before.
    Already,
    /// The asset that is to come is not there to come: not ready, not wanted, or gone.
    NotReady,
    /// The video is to be deleted.
    Ending,
    /// There is no such row.
    Missing,
    /// Another replacement of the video is under way. Only an undo is refused for that.
    InProgress,
}

impl Store {
    /// Exchanges the assets of a hidden row and of its video, where the hidden row is ready.
    ///
    /// # Errors
    /// The database fails.
    pub async fn exchange(&self, hidden_id: Uuid, terms: &ExchangeTerms) -> Result<Exchanged, StoreError> {
        let mut tx = self.begin().await?;
        let Some((Some(video), hidden)) = tx.lock_pair(hidden_id).await? else {
            return Ok(Exchanged::Missing);
        };
        if hidden.exchanged_at.is_some() {
            return Ok(Exchanged::Already);
        }
        if video.is_ending(terms.now) {
            return Ok(Exchanged::Ending);
        }
        if !hidden.may_take_place(terms.now) {
            return Ok(Exchanged::NotReady);
        }
        self.write_exchange(tx, video, hidden, terms).await
    }

    /// Exchanges a video's asset with the one that its last exchange put aside, where that one is still there.
    ///
    /// # Errors
    /// The database fails.
    pub async fn undo_exchange(
        &self,
        video_id: Uuid,
        terms: &ExchangeTerms,
    ) -> Result<Exchanged, StoreError> {
        let hidden = self.find_hidden_of(video_id).await?;
        let last = hidden
            .iter()
            .filter(|row| row.exchanged_at.is_some())
            .max_by_key(|row| (row.exchanged_at, row.id));
        let Some(last) = last else {
            return Ok(Exchanged::Missing);
        };
        let mut tx = self.begin().await?;
        let Some((Some(video), hidden)) = tx.lock_pair(last.id).await? else {
            return Ok(Exchanged::Missing);
        };
        if video.is_ending(terms.now) {
            return Ok(Exchanged::Ending);
        }
        if video.replacement.is_some() {
            return Ok(Exchanged::InProgress);
        }
        if hidden.undone_at.is_some() {
            return Ok(Exchanged::Already);
        }
        // Why the first part: a later exchange may have come in between.
        let is_last = hidden.exchanged_at == last.exchanged_at && hidden.undone_at == last.undone_at;
        if !is_last || !hidden.may_be_put_back(terms.now) {
            return Ok(Exchanged::NotReady);
        }
        self.write_exchange(tx, video, hidden, terms).await
    }

    /// Steps 3 to 5, for two rows that the transaction has locked.
    async fn write_exchange(
        &self,
        mut tx: Tx,
        video: Video,
        hidden: Video,
        terms: &ExchangeTerms,
    ) -> Result<Exchanged, StoreError> {
        let (shown, aside) = exchange_assets(&video, &hidden, terms);
        let outgoing = self.observer.outgoing(&video, &shown);
        let changes = [(video, shown), (hidden, aside)].map(|(before, after)| VideoChange {
            before: Arc::new(before),
            after,
        });
        let [shown, aside] = &changes;
        tx.clear_references([shown.after.id, aside.after.id]).await?;
        let written = on_tx!(&mut tx, |tx| {
            tx.write_exchange(&[shown, aside], outgoing, terms.now).await
        })?;
        if written != changes.len() {
            return Err(StoreError::Contended);
        }
        let lock = self.dialect().skip_locked;
        tx.move_ids(&shown.before, &aside.before).await?;
        tx.move_track_files(shown.after.id, aside.after.id).await?;
        tx.move_events(shown.after.id, aside.after.id, lock).await?;
        tx.commit().await?;
        self.notify([shown]);
        let [shown, _] = changes;
        Ok(Exchanged::Done(Box::new(shown.after)))
    }
}

impl Tx {
    async fn clear_references(&mut self, ids: [Uuid; 2]) -> Result<(), StoreError> {
        Ok(on_tx!(self, |tx| {
            sqlx::query("update videos set reference = null where id in ($1, $2)")
                .bind(ids[0])
                .bind(ids[1])
                .execute(tx.executor())
                .await
                .map(drop)
        })?)
    }

    /// Gives the ids at the provider of either row to the other one.
    async fn move_ids(&mut self, one: &Video, other: &Video) -> Result<(), StoreError> {
        let known = [one, other].map(|row| [&row.known.upload_id, &row.known.asset_id]);
        on_tx!(self, |tx| {
            // Why one statement: two providers may have given the same text, and each row is to move once. Why by the rows:
            // an id may stand there under the name of its map, and of an account.
            sqlx::query(
                "update provider_ids set video_id = case when video_id = $1 then $2 else $1 end \
                 where id in ($3, $4, $5, $6) and video_id in ($1, $2)",
            )
            .bind(one.id)
            .bind(other.id)
            .bind(known[0][0])
            .bind(known[0][1])
            .bind(known[1][0])
            .bind(known[1][1])
            .execute(tx.executor())
            .await
            .map(drop)
        })?;
        Ok(())
    }

    /// Gives the events of either row to the other one; `lock` passes over those that another transaction holds.
    async fn move_events(&mut self, one: Uuid, other: Uuid, lock: &'static str) -> Result<(), StoreError> {
        let sql = format!(
            "update webhook_events set video_id = case when video_id = $1 then $2 else $1 end \
             where id in (select id from webhook_events where video_id in ($1, $2){lock})"
        );
        Ok(on_tx!(self, |tx| {
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(one)
                .bind(other)
                .execute(tx.executor())
                .await
                .map(drop)
        })?)
    }
}
