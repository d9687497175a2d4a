//! The row of a call that failed.

use uuid::Uuid;

use crate::chain::Chain;
use crate::domain::{AssetKey, ErrorCode, Field, IdentityConflict, Observation, Status};
use crate::provider::{CallError, Provider};
use crate::state::AppState;

/// Marks the row as `errored` after the provider refused or failed. An asset that was made already is deleted with the
/// row's next check.
pub(super) async fn mark_failed(
    state: &AppState,
    provider: &Provider,
    id: Uuid,
    asset: AssetKey,
    error: &CallError,
) {
    tracing::warn!(video.id = %id, provider = provider.name(), error = %error, "the provider gave no upload");
    let (code, message) = shown_error(error);
    state
        .metrics
        .record_upload(provider.name(), code.as_str().trim_start_matches("provider_"));
    let message = message.unwrap_or_else(|| "The provider gave no upload URL.".to_owned());
    let now = state.clock.now();
    let seen = Observation {
        at: Some(now),
        seen_at: now,
        status: Some(Status::Errored),
        fields: vec![
            (Field::ErrorCode, code.as_str().into()),
            (Field::ErrorMessage, message.into()),
        ],
        ..Observation::default()
    };
    let edit = state.store.edit_asset(asset, now, |video| {
        video.observe(&seen, provider.required_ids(video.playback_policy))?;
        // Why at once: an asset without an upload is of no use, and costs storage.
        (video.source_url, video.step_until) = (None, None);
        video.check_at = video.known.asset_id.is_some().then_some(now);
        Ok::<(), IdentityConflict>(())
    });
    if let Err(failure) = edit.await {
        tracing::error!(video.id = %id, error = %Chain(&failure), "the row could not be marked as errored");
    }
    if let Err(failure) = state.store.give_back_count(id).await {
        tracing::error!(video.id = %id, error = %Chain(&failure), "the token's count was not given back");
    }
    // Why: an asset that is to be deleted is due now.
    state.wake_reconciler.notify_one();
}

/// Returns the error that callers see of a failed call, and the provider's own words, where it gave some.
fn shown_error(error: &CallError) -> (ErrorCode, Option<String>) {
    match error {
        // Why not these two: the caller can do nothing about our credentials, and must not learn that they fail.
        CallError::Refused { status, message } if ![401, 403].contains(status) => {
            (ErrorCode::ProviderRejected, message.clone())
        }
        CallError::TooLarge { message } => (ErrorCode::TooLarge, message.clone()),
        CallError::NoRoom { message, .. } => (ErrorCode::ProviderUnavailable, message.clone()),
        _ => (ErrorCode::ProviderUnavailable, None),
    }
}
