//! `asset_start_time` and `asset_end_time`: a part of the video, to the segment.

use super::{access::Grant, params::invalid_param};
use crate::local::error::MuxError;

/// From and to, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clip {
    pub(crate) from_s: f64,
    pub(crate) to_s: f64,
}

impl Clip {
    /// Reads the two parameters.
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

    /// The same for a playlist of a public id; a signed one finds it in its token.
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
