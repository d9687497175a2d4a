//! What the rest of the service needs of a provider, between rows and maps.

use serde_json::Value;

use super::{Protocol, Provider, Subject};
use crate::domain::{Field, Video};

impl Subject {
    /// The video as its row has it.
    pub fn of_video(video: &Video) -> Self {
        Self {
            video_id: video.id,
            owner: video.owner.clone(),
            title: video.title.clone(),
            external_id: video.external_id.clone(),
            metadata: Value::Object(video.metadata.clone()),
            playback_policy: video.playback_policy,
            quality: video.quality.clone(),
            thumbnail_time: video.thumbnail_time,
            upload_id: video.known.upload_id.clone(),
            asset_id: video.known.asset_id.clone(),
            playback_id: video.known.facts.text(Field::PlaybackId).map(str::to_owned),
            captures: video.captures.clone(),
            filename: None,
            content_type: None,
            file_size: None,
            cors_origin: None,
            provider_settings: Value::Null,
            now: video.created_at,
            expires: video.upload_expires_at.unwrap_or(video.created_at),
        }
    }
}

impl Provider {
    /// An upload's URL is all that a client needs: one PUT, or several, without headers of ours.
    pub fn upload_is_a_bare_url(&self) -> bool {
        let client = &self.map.upload.client;
        matches!(client.protocol(), Protocol::Put | Protocol::PutContentRange)
            && client.header_templates().next().is_none()
    }
}
