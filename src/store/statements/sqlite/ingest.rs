//! A batch of webhook events with everything that it changes, in one transaction.

use std::collections::HashSet;

use sqlx::SqlitePool;

use super::{events, videos};
use crate::store::error::StoreError;
use crate::store::event_keys::EventKeys;
use crate::store::rows::{Columns, VideoRow};
use crate::store::statements::twins::{Backend, IngestConnection, IngestWrite, Ingested, WriteTx};

/// Reads through the readers, writes through the one writer.
#[derive(Debug)]
pub(in crate::store) struct SqliteIngest {
    readers: SqlitePool,
    writer: SqlitePool,
}

impl SqliteIngest {
    pub(in crate::store) const fn new(readers: SqlitePool, writer: SqlitePool) -> Self {
        Self { readers, writer }
    }
}

impl IngestConnection for SqliteIngest {
    async fn read(
        &mut self,
        provider: &str,
        maps: &[&str],
        keys: &EventKeys<'_>,
        event_ids: &[&str],
    ) -> Result<(Vec<VideoRow>, Vec<String>), StoreError> {
        let rows = videos::find_videos_named(&self.readers, maps, keys).await?;
        let known = events::find_known_events(&self.readers, provider, event_ids).await?;
        Ok((rows, known))
    }

    async fn write(&mut self, mut write: IngestWrite<'_>) -> Result<Ingested, StoreError> {
        let mut tx = self.writer.begin_write().await?;
        let mut changed = HashSet::new();
        for change in write.changes {
            let columns = Columns::Observed;
            if videos::update_video(tx.executor(), write.observer, change, columns, write.now).await? {
                changed.insert(change.after.id);
            }
        }
        for row in &mut write.rows {
            row.settle(&changed);
        }
        let stored = events::insert_events(tx.executor(), &write.rows).await?;
        tx.commit().await?;
        Ok(Ingested { stored, changed })
    }

    fn release(&mut self) {}
}
