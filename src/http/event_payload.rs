//! The body of an outgoing event, as the store writes it into the outbox.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::videos::VideoView;
use crate::domain::{Announcement, Video};
use crate::state::ProviderSet;

/// The body of an event: a snapshot of the video as it was with the change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VideoEvent)]
pub(super) struct EventPayload {
    r#type: Announcement,
    /// When the change came.
    timestamp: DateTime<Utc>,
    data: VideoView,
}

/// Writes the JSON of an event about `video`, whose `updated_at` becomes the timestamp.
pub(crate) fn event_payload(providers: &ProviderSet, what: Announcement, video: &Video) -> String {
    let payload = EventPayload {
        r#type: what,
        timestamp: video.updated_at,
        data: VideoView::from_maps(providers, video),
    };
    // Why no error: a view has nothing that JSON cannot say. Its keys are texts, its numbers finite.
    serde_json::to_string(&payload).unwrap_or_default()
}
