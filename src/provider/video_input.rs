//! Conversions to a [`TemplateInput`], the input of templates and pointers: from a video's row, and for a video without
//! one.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::subject::{Captures, TemplateInput};
use super::upload_limits::UploadLimits;
use crate::domain::{Field, Pictures, Policy, Video};

impl TemplateInput {
    /// Builds the input from a [`Video`]'s row. Fields that only an upload request has are empty. `now` and `expires`
    /// are those of its upload; callers with a time of their own replace them.
    pub fn from_video(video: &Video) -> Self {
        Self {
            video_id: video.reference(),
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
            pictures: video.known.pictures(),
            captures: video.captures.clone(),
            filename: None,
            content_type: None,
            file_size: video.file_size.and_then(|bytes| u64::try_from(bytes).ok()),
            limits: UploadLimits {
                max_bytes: video.max_bytes.and_then(|bytes| u64::try_from(bytes).ok()),
                max_duration_s: video
                    .max_duration_s
                    .and_then(|seconds| u64::try_from(seconds).ok()),
            },
            cors_origin: None,
            provider_settings: Value::Null,
            source_url: video.source_url.clone(),
            tracks: video.tracks_to_begin_with(),
            now: video.created_at,
            expires: video.upload_expires_at.unwrap_or(video.created_at),
        }
    }

    /// Builds the input for something at the provider that has no row here: a policy and a time, no ids, the nil UUID.
    pub(super) fn without_row(policy: Policy, now: DateTime<Utc>) -> Self {
        Self {
            video_id: Uuid::nil(),
            owner: String::new(),
            title: None,
            external_id: None,
            metadata: Value::Object(serde_json::Map::new()),
            playback_policy: policy,
            quality: None,
            thumbnail_time: None,
            upload_id: None,
            asset_id: None,
            playback_id: None,
            pictures: Pictures::Moving,
            captures: Captures::new(),
            filename: None,
            content_type: None,
            file_size: None,
            limits: UploadLimits::default(),
            cors_origin: None,
            provider_settings: Value::Null,
            source_url: None,
            tracks: Vec::new(),
            now,
            expires: now,
        }
    }
}
