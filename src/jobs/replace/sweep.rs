//! Step 6: hidden rows whose video is to be deleted are deleted with it.

use uuid::Uuid;

use crate::state::AppState;
use crate::store::StoreError;

/// Videos of one read.
const BATCH: u16 = 100;

/// Requests the deletion of every hidden row whose video is to be deleted, is deleted, or has no row any more. Returns the
/// number of hidden rows.
///
/// # Errors
/// The database fails.
pub async fn delete_orphans(state: &AppState) -> Result<usize, StoreError> {
    let (mut after, mut deleted) = (Uuid::nil(), 0);
    loop {
        let ended = state.store.find_ended_with_hidden(after, BATCH).await?;
        let Some(last) = ended.last() else { break };
        after = *last;
        for id in ended {
            deleted += state.store.delete_hidden_of(id, state.clock.now()).await?;
        }
    }
    if deleted > 0 {
        state.wake_reconciler.notify_one();
        tracing::info!(
            files = deleted,
            "replacements and kept files are deleted with their videos"
        );
    }
    Ok(deleted)
}
