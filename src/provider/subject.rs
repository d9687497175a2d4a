//! One video as templates and pointers see it.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::domain::Policy;

/// What the steps of an upload took from the provider's answers, by the map's own names.
pub type Captures = serde_json::Map<String, Value>;

/// One video: built from its row, or from the request that asks for an upload.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Our id, which travels to the provider as passthrough.
    pub video_id: Uuid,
    /// Whose video it is.
    pub owner: String,
    /// What its owner calls it.
    pub title: Option<String>,
    /// The application's own id of it.
    pub external_id: Option<String>,
    /// Whatever the application keeps with it: an object.
    pub metadata: Value,
    /// Who may play it.
    pub playback_policy: Policy,
    /// The quality asked for, in our words.
    pub quality: Option<String>,
    /// Where its picture is taken, in seconds.
    pub thumbnail_time: Option<f64>,
    /// The upload's id at the provider.
    pub upload_id: Option<String>,
    /// The asset's id at the provider.
    pub asset_id: Option<String>,
    /// The id that plays.
    pub playback_id: Option<String>,
    /// What the upload's steps took.
    pub captures: Captures,
    /// Only in an upload: the file's name.
    pub filename: Option<String>,
    /// Only in an upload: the file's media type.
    pub content_type: Option<String>,
    /// Only in an upload: bytes.
    pub file_size: Option<u64>,
    /// Only in an upload: the origin whose pages may send the file.
    pub cors_origin: Option<String>,
    /// Only in an upload: whatever else the operator allows to be set; null for nothing.
    pub provider_settings: Value,
    /// The time of the request.
    pub now: DateTime<Utc>,
    /// When what is asked for ends.
    pub expires: DateTime<Utc>,
}
