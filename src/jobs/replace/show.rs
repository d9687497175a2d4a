//! Step 1: videos show how far their replacements are.

use uuid::Uuid;

use crate::state::AppState;
use crate::store::StoreError;

/// Rows of one read.
const BATCH: u16 = 200;

/// Copies the state of every hidden row that changed to its video. Returns how many.
///
/// # Errors
/// The database fails.
pub async fn show_states(state: &AppState) -> Result<usize, StoreError> {
    let (mut after, mut shown) = (Uuid::nil(), 0);
    loop {
        let changed = state.store.find_unshown_replacements(after, BATCH).await?;
        let Some(last) = changed.last() else {
            return Ok(shown);
        };
        after = *last;
        for id in changed {
            match state.store.show_replacement(id, state.clock.now()).await {
                Ok(was_shown) => shown += usize::from(was_shown),
                // Another writer was faster: the next round finds the row.
                Err(StoreError::Contended) => {}
                Err(error) => return Err(error),
            }
        }
    }
}
