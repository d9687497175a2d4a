//! Proof that a provider knows our videos: "not found" is believed with care, since wrong credentials look exactly so.
//!
//! - An answer that would end a video counts only where the provider has just shown that it knows another video of
//!   ours, or, where there is no other, where the video has been missing for [`MISSING_FOR`].
//! - Five such answers in a row about assets that are known to exist halt the reconciler and the deletions of that provider
//!   ([`Sightings`](crate::provider::LookupBreaker)), until one is found again. Maps that share an account share its halt
//!   and its proofs.

use uuid::Uuid;

use crate::domain::{MISSING_FOR, Video};
use crate::provider::{Capability, Lookup, Priority, Provider, TemplateInput};
use crate::state::AppState;
use crate::store::StoreError;

/// Returns whether a "not found" about `video` may be believed. May ask the provider about another video.
///
/// # Errors
/// The database fails.
pub(super) async fn is_believable(
    state: &AppState,
    provider: &Provider,
    video: &Video,
) -> Result<bool, StoreError> {
    let now = state.clock.now();
    if state.sightings.has_recent_hit(provider.account(), now) {
        return Ok(true);
    }
    if let Some(found) = knows_another_video(state, provider, video.id).await? {
        return Ok(found);
    }
    // There is no other video that could be asked about.
    Ok(video
        .missing_since
        .is_some_and(|since| now - since >= MISSING_FOR))
}

/// Asks the provider about another video that is known to exist, and notes the sighting. A call that fails counts as "not
/// found". Returns `None` where there is no other video, or the map has no `[asset.get]`.
async fn knows_another_video(
    state: &AppState,
    provider: &Provider,
    but: Uuid,
) -> Result<Option<bool>, StoreError> {
    if !provider.supports(Capability::AssetGet) {
        return Ok(None);
    }
    let Some(other) = state.store.find_ready_video(provider.name(), but).await? else {
        return Ok(None);
    };
    // Why: the other video may be of another map that shares the account.
    let Some(provider) = state
        .providers
        .by_name(&other.provider)
        .filter(|one| one.supports(Capability::AssetGet))
    else {
        return Ok(None);
    };
    let now = state.clock.now();
    Ok(
        match provider
            .get_asset(&TemplateInput::from_video(&other), Priority::Background, now)
            .await
        {
            Ok(Lookup::Found(_)) => {
                state.sightings.record_hit(provider.account(), now);
                Some(true)
            }
            Ok(Lookup::Gone) => {
                state.sightings.record_miss(provider.account());
                Some(false)
            }
            Err(_) => Some(false),
        },
    )
}

/// Asks every halted provider about a video of ours; one that finds it is halted no more.
///
/// # Errors
/// The database fails.
pub(super) async fn probe_halted(state: &AppState) -> Result<(), StoreError> {
    for name in state.sightings.halted_providers() {
        if let Some(provider) = state.providers.by_name(&name)
            && knows_another_video(state, provider, Uuid::nil()).await? == Some(true)
        {
            tracing::info!(
                provider = name,
                "the provider knows our videos again: reconciler and deletions go on"
            );
        }
    }
    Ok(())
}
