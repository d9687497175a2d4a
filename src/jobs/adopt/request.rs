//! What is known of a video before its provider is asked.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The application's knowledge of the video.
#[derive(Clone, Debug, Default)]
pub struct AdoptionDetails {
    /// Its owner here: 1 to 128 characters.
    pub owner: String,
    /// Its title, at most 512 characters.
    pub title: Option<String>,
    /// The time at which it was made; `None` stands for now, and so does a time in the future or before 1970.
    pub created_at: Option<DateTime<Utc>>,
    /// The id that it had here; `None` for the one that its provider knows, or a new one.
    pub id: Option<Uuid>,
    /// The id of ours under which its provider knows it, where the provider does not tell it; see
    /// [`Video::reference`](crate::domain::Video::reference).
    pub reference: Option<Uuid>,
}

/// The provider's ids of the video; at least one is known.
#[derive(Clone, Debug, Default)]
pub struct ForeignIds {
    /// The id of its upload.
    pub upload: Option<String>,
    /// The id of its asset.
    pub asset: Option<String>,
    /// An id by which it plays.
    pub playback: Option<String>,
}
