//! The times after which a video without news is given up.

use chrono::Duration;

/// Age at which a [`Created`](super::Status::Created) row without any id of the provider is lost.
pub const LOST_AFTER: Duration = Duration::minutes(15);
/// Time from the end of an unused upload URL until the upload counts as [`Expired`](super::Status::Expired).
pub const EXPIRED_AFTER: Duration = Duration::hours(1);
/// Time for which the provider must call a video missing until it is lost, or known to be gone; see
/// [`Video::note_missing`](super::Video::note_missing).
pub const MISSING_FOR: Duration = Duration::hours(24);
