//! Why a request about a track was refused.

use crate::http::problem::ApiError;
use crate::jobs::tracks::TrackRefusal;

impl From<TrackRefusal> for ApiError {
    fn from(refusal: TrackRefusal) -> Self {
        match refusal {
            TrackRefusal::NotFound => Self::NotFound,
            TrackRefusal::NotReady(status) => Self::VideoNotReady(status),
            TrackRefusal::NotSupported(reason) => Self::NotSupported(reason),
            TrackRefusal::Exists(id) => Self::TrackExists(id),
            TrackRefusal::TooMany => Self::TooManyTracks,
        }
    }
}
