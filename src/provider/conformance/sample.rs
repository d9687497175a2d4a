//! The sample video with which a map is tried.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    domain::{Pictures, Policy, TrackKind},
    provider::{
        loaded::Provider,
        subject::{Captures, TemplateInput},
        template::Id,
        tracks::{ListedTrack, TrackStatus},
    },
};

/// Returns the input of an upload. Its title has quotes and braces, which break a map that expands values twice.
pub(super) fn sample_upload(provider: &Provider, policy: Policy, now: DateTime<Utc>) -> TemplateInput {
    let ttl_s = i64::try_from(provider.upload_ttl_s(3600)).unwrap_or(3600);
    TemplateInput {
        video_id: Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001),
        owner: "sample-owner".to_owned(),
        title: Some("A \"sample\" {title}".to_owned()),
        external_id: Some("sample-external-id".to_owned()),
        metadata: json!({}),
        playback_policy: policy,
        quality: Some("basic".to_owned()),
        thumbnail_time: Some(1.0),
        upload_id: None,
        asset_id: None,
        playback_id: None,
        pictures: Pictures::Moving,
        captures: Captures::new(),
        filename: Some("sample.mp4".to_owned()),
        content_type: Some("video/mp4".to_owned()),
        file_size: Some(10_485_760),
        limits: provider.upload_limits(),
        cors_origin: Some("https://app.example".to_owned()),
        provider_settings: Value::Null,
        source_url: None,
        tracks: Vec::new(),
        now,
        expires: now + TimeDelta::seconds(ttl_s),
    }
}

/// Returns a track of text that is ready, as if the provider had listed it.
pub(super) fn sample_track() -> ListedTrack {
    ListedTrack {
        provider_id: "sample-track-id".to_owned(),
        kind: TrackKind::Captions,
        language: Some("en".to_owned()),
        name: Some("English".to_owned()),
        status: TrackStatus::Ready,
        origin: None,
    }
}

/// Returns the input of the same video as a row, with the ids in `captures` or made-up ones.
pub(super) fn sample_row(
    provider: &Provider,
    policy: Policy,
    captures: &Captures,
    now: DateTime<Utc>,
) -> TemplateInput {
    let id = |id: Id| {
        let text = captures
            .get(id.as_str())
            .and_then(Value::as_str)
            .map(str::to_owned);
        Some(text.unwrap_or_else(|| format!("sample-{}", id.as_str())))
    };
    TemplateInput {
        upload_id: id(Id::Upload),
        asset_id: id(Id::Asset),
        playback_id: id(Id::Playback),
        captures: captures.clone(),
        ..sample_upload(provider, policy, now)
    }
}
