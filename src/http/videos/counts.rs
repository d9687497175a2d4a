//! The counts beside a list, kept for a few seconds.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::problem::ApiError;
use crate::state::{AppState, CountedVideos};
use crate::store::VideoFilter;

/// How many videos of an owner and a provider have each status: at most 10,000, which stands for that many or more. A few
/// seconds old at most.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct VideoCounts {
    #[schema(minimum = 0, maximum = 10_000)]
    created: i64,
    #[schema(minimum = 0, maximum = 10_000)]
    waiting: i64,
    #[schema(minimum = 0, maximum = 10_000)]
    preparing: i64,
    #[schema(minimum = 0, maximum = 10_000)]
    ready: i64,
    #[schema(minimum = 0, maximum = 10_000)]
    errored: i64,
    #[schema(minimum = 0, maximum = 10_000)]
    cancelled: i64,
    #[schema(minimum = 0, maximum = 10_000)]
    expired: i64,
    #[schema(minimum = 0, maximum = 10_000)]
    deleting: i64,
}

impl VideoCounts {
    fn new(counts: &BTreeMap<&'static str, i64>) -> Self {
        let of = |status| counts.get(status).copied().unwrap_or_default();
        Self {
            created: of("created"),
            waiting: of("waiting"),
            preparing: of("preparing"),
            ready: of("ready"),
            errored: of("errored"),
            cancelled: of("cancelled"),
            expired: of("expired"),
            deleting: of("deleting"),
        }
    }
}

/// Counts the videos of the filter's owner and provider; a recent count is given again.
///
/// Why no request waits for another one's count: a count of many rows takes long, and a request that makes it may be
/// dropped half-way.
pub(super) async fn count_videos(state: &AppState, filter: &VideoFilter) -> Result<VideoCounts, ApiError> {
    let of = CountedVideos {
        owner: filter.owner.clone(),
        provider: filter.provider.clone(),
    };
    let now = state.clock.now();
    if let Some(counts) = state.video_counts.get(&of, now) {
        return Ok(VideoCounts::new(&counts));
    }
    let counts = state
        .store
        .count_videos(filter.owner.as_deref(), filter.provider.as_deref())
        .await?;
    let view = VideoCounts::new(&counts);
    state.video_counts.put(of, counts, now);
    Ok(view)
}
