//! What is to be begun, and what came of it.

use crate::domain::Video;
use crate::provider::{Priority, TemplateInput, UploadDescriptor};
use crate::store::CountedLimits;

/// A video to begin at its provider.
#[derive(Clone, Debug)]
pub struct NewVideo {
    /// The row as it is before any step. Its id is new, or that of a claim that lapsed. [`Video::is_ingest`] says that the
    /// provider fetches it, from [`Video::source_url`].
    pub video: Video,
    /// The values that the provider's templates read; of the same video.
    pub subject: TemplateInput,
    /// What is counted before the row is written; the default counts nothing.
    pub counted: CountedLimits,
    /// There may be a row with this id, which an interrupted request left.
    pub is_claimed: bool,
    /// The caller chose a quality: the map must have a place for it.
    pub chooses_quality: bool,
    /// Nobody waits for the calls: they keep to the background's share of the rate.
    pub is_background: bool,
}

/// What was begun.
#[derive(Debug)]
pub struct Begun {
    /// The row after the steps.
    pub video: Video,
    /// What the client needs to send its file; `None` for an ingest.
    pub upload: Option<UploadDescriptor>,
    /// The video that the row is to replace; `None` where it replaces none.
    pub replaced: Option<Video>,
}

impl NewVideo {
    /// Returns the class in which the calls wait for the provider's rate.
    pub(super) fn priority(&self) -> Priority<'_> {
        if self.is_background {
            Priority::Background
        } else {
            Priority::Request(&self.video.owner)
        }
    }
}
