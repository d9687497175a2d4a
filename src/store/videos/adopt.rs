//! Adopting videos that were made elsewhere: found by any of their ids, written with what waited for them.

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::domain::Video;
use crate::store::database::{on_pool, on_tx};
use crate::store::error::StoreError;
use crate::store::event_keys::push_maps;
use crate::store::handle::Store;
use crate::store::rows::{Table, VideoRow, VideoTable, to_videos};
use crate::store::statements::WriteTx;

impl Store {
    /// Returns the video with this asset, else with this upload, else with this reference, among those of all maps that
    /// share the account of the map `provider`: in the order in which events find theirs.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_video_named(
        &self,
        provider: &str,
        upload_id: Option<&str>,
        asset_id: Option<&str>,
        reference: Option<Uuid>,
    ) -> Result<Option<Video>, StoreError> {
        let accounts = self.observer.accounts();
        let maps = accounts.maps_beside(provider);
        let rows = on_pool!(&self.readers, |pool| {
            let mut query = QueryBuilder::new("select ");
            query
                .push(VideoTable::COLUMNS)
                .push(" from videos where provider");
            push_maps(&mut query, &maps);
            query
                .push(" and id in (select id from videos where reference is null and id = ")
                .push_bind(reference)
                .push(" union all select id from videos where reference = ")
                .push_bind(reference);
            for (kind, id) in [("asset", asset_id), ("upload", upload_id)] {
                query.push(" union all select video_id from provider_ids where provider");
                push_maps(&mut query, &maps);
                query
                    .push(" and kind = ")
                    .push_bind(kind)
                    .push(" and id = ")
                    .push_bind(id);
            }
            query.push(")");
            query.build_query_as::<VideoRow>().fetch_all(pool).await
        })?;
        let mut found = to_videos(rows)?;
        found.sort_by_key(|video| {
            let by_asset = asset_id.is_some() && video.known.asset_id.as_deref() == asset_id;
            let by_upload = upload_id.is_some() && video.known.upload_id.as_deref() == upload_id;
            (!by_asset, !by_upload)
        });
        Ok(found.into_iter().next())
    }

    /// Writes a new video whose ids at the provider are known already, and makes the parked events due that name it.
    ///
    /// # Errors
    /// The database fails, or an id belongs to another video.
    pub async fn adopt_video(&self, video: &Video, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let accounts = self.observer.accounts();
        tx.insert_video(video, &accounts).await?;
        on_tx!(&mut tx, |tx| tx.release_parked(video, &accounts, now).await)?;
        tx.commit().await
    }
}
