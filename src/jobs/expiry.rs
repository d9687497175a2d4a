//! Deleting videos whose time has come ([`Video::delete_at`](crate::domain::Video::delete_at)).
//!
//! 1. The reconciler calls this at the beginning of a pass, under its lease.
//! 2. Videos that are due are found along an index, in batches. Each gets a deletion requested, as `DELETE` does it.
//! 3. The reconciler finds them in the same pass and deletes them at their provider.
//!
//! A repetition is safe: a video whose deletion is requested is not found again.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::chain::Chain;
use crate::state::AppState;
use crate::store::{Edit, StoreError};

/// Videos of one batch.
const BATCH: u16 = 100;

/// Requests the deletion of every video whose time has come. Returns how many.
///
/// # Errors
/// The database fails.
pub async fn delete_expired(state: &AppState) -> Result<usize, StoreError> {
    let now = state.clock.now();
    let (mut after, mut count) = (None, 0);
    loop {
        let due = state.store.find_expired_videos(now, after, BATCH).await?;
        let Some(last) = due.last() else { break };
        // Why behind the last one: a video that cannot be changed is not found over and over.
        after = Some(*last);
        for (_, id) in &due {
            count += usize::from(request_deletion(state, *id, now).await?);
        }
    }
    if count > 0 {
        tracing::info!(videos = count, "videos are deleted, as their delete_at says");
    }
    Ok(count)
}

/// Requests the deletion of a video whose time has come, unless that changed meanwhile.
async fn request_deletion(state: &AppState, id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let edit = state.store.edit_video(id, now, |video| {
        if !video.is_over(now) {
            return Err(Refusal::NotDue);
        }
        if state.providers.by_name(&video.provider).is_none() {
            return Err(Refusal::NoProvider);
        }
        video.request_deletion(&state.check_times, now);
        Ok(())
    });
    match edit.await? {
        Edit::Done(_) => Ok(true),
        Edit::Missing | Edit::Refused(Refusal::NotDue) => Ok(false),
        Edit::Refused(refusal) => {
            tracing::error!(video.id = %id, error = %Chain(&refusal), "a video cannot be deleted, though its time has come");
            Ok(false)
        }
    }
}

/// The reason why no deletion is requested.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("its time has not come")]
    NotDue,
    #[error("its provider's map is not loaded")]
    NoProvider,
}
