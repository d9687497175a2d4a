//! "Not found" is believed with care: wrong credentials look exactly so.
//!
//! An answer that would end a video counts only where the provider has just shown that it knows another video of ours.
//! Five in a row about assets known to exist halt the reconciler and the deletions of that provider, until one of them
//! is found again.

use uuid::Uuid;

use crate::domain::{MISSING_FOR, Video};
use crate::provider::{Capability, Found, Priority, Provider, Subject};
use crate::state::AppState;
use crate::store::StoreError;

/// Whether a "not found" about `video` may be believed.
pub(super) async fn believable(
    state: &AppState,
    provider: &Provider,
    video: &Video,
) -> Result<bool, StoreError> {
    let now = state.clock.now();
    if state.sightings.lately_seen(provider.name(), now) {
        return Ok(true);
    }
    if let Some(found) = sees_another(state, provider, video.id).await? {
        return Ok(found);
    }
    // There is no other video to ask about.
    Ok(video
        .missing_since
        .is_some_and(|since| now - since >= MISSING_FOR))
}

/// Asks about another video that is known to exist; none where there is no other, or nobody answered.
async fn sees_another(state: &AppState, provider: &Provider, but: Uuid) -> Result<Option<bool>, StoreError> {
    if !provider.can(Capability::AssetGet) {
        return Ok(None);
    }
    let Some(other) = state.store.known_video(provider.name(), but).await? else {
        return Ok(None);
    };
    let now = state.clock.now();
    Ok(
        match provider
            .get_asset(&Subject::of_video(&other), Priority::Background, now)
            .await
        {
            Ok(Found::Here(_)) => {
                state.sightings.seen(provider.name(), now);
                Some(true)
            }
            Ok(Found::Gone) => {
                state.sightings.missed(provider.name());
                Some(false)
            }
            Err(_) => Some(false),
        },
    )
}

/// Gives every halted provider a chance to show that it knows our videos again.
pub(super) async fn probe_halted(state: &AppState) -> Result<(), StoreError> {
    for name in state.sightings.all_halted() {
        if let Some(provider) = state.providers.by_name(&name)
            && sees_another(state, provider, Uuid::nil()).await? == Some(true)
        {
            tracing::info!(
                provider = name,
                "the provider knows our videos again: reconciler and deletions go on"
            );
        }
    }
    Ok(())
}
