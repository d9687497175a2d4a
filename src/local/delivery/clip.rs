//! `asset_start_time` and `asset_end_time`: a part of the video, cut at segments.

use super::{access::Grant, params::invalid_param};
use crate::local::error::MuxError;

/// A part of the video, in seconds. `to_s` is infinite without `asset_end_time`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clip {
    pub(crate) from_s: f64,
    pub(crate) to_s: f64,
}

impl Clip {
    /// Reads both parameters from [`Grant::params`]. 400 for a part that is empty or begins behind the video's end.
    pub(crate) fn from_grant(grant: &Grant) -> Result<Self, MuxError> {
        let from_s = grant.params.seconds("asset_start_time")?.unwrap_or_default();
        let to_s = grant.params.seconds("asset_end_time")?.unwrap_or(f64::INFINITY);
        if from_s >= to_s || from_s >= grant.media.duration_s {
            return Err(invalid_param(
                "asset_start_time",
                "before asset_end_time and within the video",
            ));
        }
        Ok(Self { from_s, to_s })
    }

    /// Returns the parameters as `?…` for the rendition playlists of a public id. Empty for a signed id, whose token
    /// carries them.
    pub(crate) fn forwarded_query(grant: &Grant) -> String {
        if grant.token.is_some() {
            return String::new();
        }
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for name in ["asset_start_time", "asset_end_time"] {
            if let Some(value) = grant.params.text(name) {
                query.append_pair(name, value);
            }
        }
        let query = query.finish();
        if query.is_empty() {
            query
        } else {
            format!("?{query}")
        }
    }
}
