//! The addresses of a video in an export.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::sign::{AddressKind, SigningRequest};
use crate::auth::Caller;
use crate::domain::{ShownStatus, Video};
use crate::http::problem::ApiError;
use crate::state::AppState;

/// The addresses of one video, signed with the usual life.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlayerAddresses {
    /// When all of them end; null for a public video.
    expires_at: Option<DateTime<Utc>>,
    /// What the provider has, by name: `hls` and more.
    urls: BTreeMap<String, String>,
    /// Pictures by the names of their sizes.
    thumbnails: BTreeMap<String, String>,
}

/// Returns the addresses of a video that plays; `None` where it does not, or one of them takes a call to the provider.
pub(crate) async fn addresses_for_export(
    state: &AppState,
    caller: &Caller,
    video: &Video,
) -> Result<Option<PlayerAddresses>, ApiError> {
    let provider = state.providers.by_name(&video.provider);
    let is_known = provider.is_some_and(|provider| {
        provider.can_play(video.playback_policy) && !provider.playback_takes_calls(video.playback_policy)
    });
    if !is_known || video.status != ShownStatus::Ready {
        return Ok(None);
    }
    let request = SigningRequest {
        state,
        caller,
        expires_in: None,
        time: None,
        params: &[],
        download: None,
    };
    match request.sign(video.clone(), AddressKind::Everything).await {
        Ok(signed) => Ok(Some(PlayerAddresses {
            expires_at: signed.urls.expires_at,
            urls: signed.urls.urls,
            thumbnails: signed.urls.thumbnails,
        })),
        // Why no error: the video may be deleted just now, and an export is about all the others too.
        Err(ApiError::NotFound | ApiError::VideoNotReady(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
