//! What is known of a video before its provider is asked.

use chrono::{DateTime, Utc};

/// The application's knowledge of the video.
#[derive(Clone, Debug, Default)]
pub struct AdoptionDetails {
    /// Its owner here: 1 to 128 characters.
    pub owner: String,
    /// Its title, at most 512 characters.
    pub title: Option<String>,
    /// The time at which it was made; `None` stands for now, and so does a time in the future or before 1970.
    pub created_at: Option<DateTime<Utc>>,
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
