//! A playback request, the context that it is answered in, and the answer's addresses.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::provider::{client::Client, subject::TemplateInput, template::ValueTables};

/// A request for the addresses of one video.
#[derive(Clone, Copy, Debug)]
pub struct PlaybackRequest<'a> {
    /// Time of the request.
    pub now: DateTime<Utc>,
    /// Seconds that the addresses shall work for.
    pub expires_in_s: u64,
    /// Most seconds that the service's settings allow; the map's own limit holds too.
    pub max_ttl_s: u64,
    /// Position of the pictures in the video, in whole seconds; `None` leaves the choice to the provider.
    pub time_s: Option<u64>,
    /// The pictures: name → width in pixels, in order.
    pub sizes: &'a [(String, u32)],
    /// The caller's name: the provider's rate is shared fairly among callers.
    pub caller: &'a str,
}

/// The addresses of one video: the answer to a [`PlaybackRequest`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlaybackUrls {
    /// The addresses of `[playback.urls]`, by the map's names.
    pub urls: BTreeMap<String, String>,
    /// The pictures, by the names of their sizes.
    pub thumbnails: BTreeMap<String, String>,
    /// The bare tokens; empty for a public video, and for schemes that have none.
    pub tokens: BTreeMap<String, String>,
    /// The end of all of it; `None` for a public video.
    pub expires_at: Option<DateTime<Utc>>,
}

/// One [`PlaybackRequest`] with all that is needed to answer it.
#[derive(Clone, Copy)]
pub(crate) struct PlaybackContext<'a> {
    /// The [`Client`] that makes the calls of `fetch` and `resolve`.
    pub(crate) client: &'a Client,
    pub(crate) values: &'a ValueTables,
    pub(crate) subject: &'a TemplateInput,
    pub(crate) request: &'a PlaybackRequest<'a>,
    pub(crate) parts: AnswerParts,
    pub(crate) on_missing: OnMissingSignature,
}

/// The parts of [`PlaybackUrls`] that a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerParts {
    /// Every address of `[playback.urls]`, and the pictures.
    All,
    /// The pictures alone.
    Thumbnails,
}

/// The reaction to a token that is not in the cache of its [`Jwt`](crate::provider::signing::Jwt), if the key
/// is slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnMissingSignature {
    /// Sign it now.
    Sign,
    /// Sign it now for an answer that follows at once, and make no address.
    SignAhead,
    /// Give no answer: the caller acquires a signing permit first.
    ReturnNone,
}
