//! One video as templates and pointers see it.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::upload_limits::UploadLimits;
use crate::domain::{AskedTrack, Pictures, Policy, SourceUrl};

/// Captures of an upload's steps: the values that they took from the provider's responses, by the map's own names.
pub type Captures = serde_json::Map<String, Value>;

/// The values of one video that templates are filled with. They come from its row, or from the request for an upload.
#[derive(Clone, Debug)]
pub struct TemplateInput {
    /// This service's id of the video, which travels to the provider as passthrough.
    pub video_id: Uuid,
    /// The owner's name: `sub` of the caller who made the video.
    pub owner: String,
    /// The title that the owner gave.
    pub title: Option<String>,
    /// The application's own id of the video.
    pub external_id: Option<String>,
    /// The application's own data: an object.
    pub metadata: Value,
    /// Public, or playable with a signature only.
    pub playback_policy: Policy,
    /// The requested quality, in this service's words.
    pub quality: Option<String>,
    /// Position of the picture in the video, in seconds.
    pub thumbnail_time: Option<f64>,
    /// The upload's id at the provider.
    pub upload_id: Option<String>,
    /// The asset's id at the provider.
    pub asset_id: Option<String>,
    /// The id that plays.
    pub playback_id: Option<String>,
    /// The pictures that playback has addresses of.
    pub pictures: Pictures,
    /// The captures of the upload's steps.
    pub captures: Captures,
    /// The file's name; in an upload only.
    pub filename: Option<String>,
    /// The file's media type; in an upload only.
    pub content_type: Option<String>,
    /// The file's size in bytes; in an upload only.
    pub file_size: Option<u64>,
    /// The limits of the upload: the strictest that hold.
    pub limits: UploadLimits,
    /// The origin whose pages may send the file; in an upload only.
    pub cors_origin: Option<String>,
    /// Members that the caller adds to the first call, as far as the operator allows them; in an upload only, else
    /// null.
    pub provider_settings: Value,
    /// The address that the provider fetches the video from; in an ingest only.
    pub source_url: Option<SourceUrl>,
    /// The tracks that are asked for with the video, in the calls that begin it; else none.
    pub tracks: Vec<AskedTrack>,
    /// `{now}` of an upload: the time of the request, for a row the time when it was made. Playback has its own.
    pub now: DateTime<Utc>,
    /// `{expires}` of an upload: the end of its URL. Playback has its own.
    pub expires: DateTime<Utc>,
}
