//! Bounds of tracks.

use std::time::Duration;

use chrono::TimeDelta;

/// Most tracks of a video.
pub const MAX_TRACKS: usize = 100;
/// Largest file of a track, in bytes.
pub const MAX_FILE_BYTES: usize = 1024 * 1024;
/// Time after which a track without an end is given up.
pub(in crate::jobs) const GIVE_UP_AFTER: TimeDelta = TimeDelta::days(3);
/// Age at which a file is removed whatever asks for it: later than its track is given up.
pub(in crate::jobs) const KEEP_TRACK_FILES: TimeDelta = TimeDelta::days(4);
/// Longest time for which one look begins calls.
pub(super) const WORK_FOR: Duration = Duration::from_secs(30);
