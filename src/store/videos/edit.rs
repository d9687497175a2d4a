//! Changing one video, in the steps that [`videos`](super) numbers.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::{AssetKey, Video};
use crate::store::change::{VideoChange, set_counters};
use crate::store::database::{Tx, on_tx};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::rows::Columns;
use crate::store::statements::WriteTx;

/// How often a change is attempted before it gives way to other writers. Of 20 writers that race for one row each
/// succeeds.
const ATTEMPTS: usize = 40;

/// The outcome of a caller's change to a video.
#[derive(Debug)]
pub enum Edit<E> {
    /// There is no such video.
    Missing,
    /// The change refused the video as it stands.
    Refused(E),
    /// The video as it now is.
    Done(Box<Video>),
}

/// How a row is found again after another writer was faster.
enum Address {
    /// By its id, for what a caller asks for.
    Row(Uuid),
    /// By its asset, for what is learned of that: an exchange may have moved it to another row meanwhile.
    Asset(AssetKey),
}

impl Store {
    /// Changes a video by a pure function, which may be called several times: once for each time that another writer
    /// was faster.
    ///
    /// # Errors
    /// The database fails, an id belongs to another video, or other writers were faster at every attempt
    /// ([`StoreError::Contended`]).
    pub async fn edit_video<E>(
        &self,
        id: Uuid,
        now: DateTime<Utc>,
        change: impl Fn(&mut Video) -> Result<(), E>,
    ) -> Result<Edit<E>, StoreError> {
        match self.find_video(id).await? {
            Some(video) => self.edit_at(&Address::Row(id), video, now, change).await,
            None => Ok(Edit::Missing),
        }
    }

    /// Changes the video that has this asset at the moment of the write, as [`Store::edit_video`] does: for what is
    /// learned of the asset.
    ///
    /// # Errors
    /// The database fails, an id belongs to another video, or other writers were faster at every attempt
    /// ([`StoreError::Contended`]).
    pub async fn edit_asset<E>(
        &self,
        asset: AssetKey,
        now: DateTime<Utc>,
        change: impl Fn(&mut Video) -> Result<(), E>,
    ) -> Result<Edit<E>, StoreError> {
        match self.find_asset(&asset).await? {
            Some(video) => self.edit_at(&Address::Asset(asset), video, now, change).await,
            None => Ok(Edit::Missing),
        }
    }

    /// Changes the video that has the asset of `known`, which the caller has just read or written, as
    /// [`Store::edit_asset`] does. A stale one is read again.
    ///
    /// # Errors
    /// The database fails, an id belongs to another video, or other writers were faster at every attempt
    /// ([`StoreError::Contended`]).
    pub async fn edit_read_asset<E>(
        &self,
        known: Video,
        now: DateTime<Utc>,
        change: impl Fn(&mut Video) -> Result<(), E>,
    ) -> Result<Edit<E>, StoreError> {
        let address = Address::Asset(known.asset_key());
        self.edit_at(&address, known, now, change).await
    }

    /// Runs the protocol for the row at `address`, of which `known` is the content as last read.
    async fn edit_at<E>(
        &self,
        address: &Address,
        known: Video,
        now: DateTime<Utc>,
        change: impl Fn(&mut Video) -> Result<(), E>,
    ) -> Result<Edit<E>, StoreError> {
        let mut before = Arc::new(known);
        for _ in 0..ATTEMPTS {
            let mut after = Video::clone(&before);
            if let Err(refusal) = change(&mut after) {
                return Ok(Edit::Refused(refusal));
            }
            if after == *before {
                return Ok(Edit::Done(Box::new(after)));
            }
            set_counters(&before, &mut after, now);
            let change = Arc::new(VideoChange { before, after });
            if self.write_video(&change, now).await? {
                self.notify(std::slice::from_ref(&*change));
                return Ok(Edit::Done(Box::new(Arc::unwrap_or_clone(change).after)));
            }
            let found = match address {
                Address::Row(id) => self.find_video(*id).await?,
                Address::Asset(asset) => self.find_asset(asset).await?,
            };
            match found {
                Some(found) => before = Arc::new(found),
                None => return Ok(Edit::Missing),
            }
        }
        Err(StoreError::Contended)
    }

    /// Returns false where the row has another revision than the change was made of. A batch, too, compares the revision,
    /// writes what follows and commits (steps 4 and 5).
    async fn write_video(&self, change: &Arc<VideoChange>, now: DateTime<Utc>) -> Result<bool, StoreError> {
        if let Some(batcher) = &self.batcher
            && batcher.changes.submit((change.clone(), now)).await.is_ok()
        {
            return Ok(true);
        }
        // The batch did not write this change: the row moved on, is locked, or the database failed. Alone, this gets
        // the precise error.
        let mut tx = self.begin().await?;
        let written = on_tx!(&mut tx, |tx| {
            tx.update_videos(&*self.observer, &[&**change], Columns::Changing, now)
                .await
        })?;
        if written.is_empty() {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Writes changes of rows that the transaction has locked, in these columns.
    ///
    /// # Errors
    /// The database fails, or a row has another revision than it was read with.
    pub(in crate::store) async fn write_changes(
        &self,
        tx: &mut Tx,
        changes: &[VideoChange],
        columns: Columns,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let all: Vec<&VideoChange> = changes.iter().collect();
        let written = on_tx!(tx, |tx| {
            tx.update_videos(&*self.observer, &all, columns, now).await
        })?;
        if written.len() == changes.len() {
            Ok(())
        } else {
            Err(StoreError::Contended)
        }
    }
}
