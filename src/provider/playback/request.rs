//! A playback request, the context that it is answered in, the values that its addresses share, and the answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::tracks::has_address;
use crate::provider::{
    client::Client,
    priority::Priority,
    renditions::{PlayableFiles, RenditionAddress},
    signing::Lifetime,
    subject::{Captures, TemplateInput},
    template::{Scope, ValueTables},
    tracks::{ListedTrack, TrackAddress},
};

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
    /// Parameters of the caller, of which the map lists those that it takes (`[playback.params]`): name and value.
    pub params: &'a [(String, Value)],
    /// The files that addresses are wanted of; `None` for none.
    pub files: Option<FileRequest<'a>>,
    /// The tracks that addresses are wanted of. Only those of text that are ready have one.
    pub tracks: &'a [ListedTrack],
    /// The caller's name: the provider's rate is shared fairly among callers.
    pub caller: &'a str,
}

/// The files of the video that addresses are wanted of.
#[derive(Clone, Copy, Debug)]
pub struct FileRequest<'a> {
    /// The files.
    pub files: &'a PlayableFiles,
    /// The name under which the addresses save a file; `None`: they play it.
    pub download: Option<&'a str>,
    /// The addresses are for a job: its calls wait behind those of requests.
    pub in_background: bool,
}

impl PlaybackRequest<'_> {
    /// Returns the files, where there are any.
    pub(super) fn wanted_files(&self) -> Option<&PlayableFiles> {
        self.files
            .map(|wanted| wanted.files)
            .filter(|files| !files.is_empty())
    }

    /// Returns true where some track may have an address.
    pub(super) fn wants_tracks(&self) -> bool {
        self.tracks.iter().any(has_address)
    }

    /// Returns the priority of the calls that the answer takes.
    pub(super) fn priority(&self) -> Priority<'_> {
        if self.files.is_some_and(|wanted| wanted.in_background) {
            Priority::Background
        } else {
            Priority::Request(self.caller)
        }
    }
}

/// The addresses of one video: the answer to a [`PlaybackRequest`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlaybackUrls {
    /// The addresses of `[playback.urls]`, by the map's names.
    pub urls: BTreeMap<String, String>,
    /// The pictures, by the names of their sizes.
    pub thumbnails: BTreeMap<String, String>,
    /// The files, with their addresses.
    pub renditions: Vec<RenditionAddress>,
    /// The addresses of the tracks.
    pub tracks: Vec<TrackAddress>,
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

/// Tokens with their names.
pub(super) type Tokens<'a> = Vec<(&'a str, Arc<str>)>;

/// Lifetime, captures and signature of one answer: what its [`Scope`] is made of, beside tokens.
pub(super) struct AnswerValues {
    /// [`Captures`] of calls and computed texts; empty before they are made.
    pub(super) captures: Captures,
    /// Value of `{signature}`; `None` before it is computed, and for other kinds of signing.
    pub(super) signature: Option<String>,
    lifetime: Lifetime,
    /// True end of what is signed or fetched, in Unix seconds.
    pub(super) ends_at: i64,
}

impl AnswerValues {
    /// Makes the values of an answer with this [`Lifetime`], for which nothing was computed or fetched yet.
    pub(super) fn new(lifetime: Lifetime) -> Self {
        Self {
            captures: Captures::new(),
            signature: None,
            lifetime,
            ends_at: lifetime.expires,
        }
    }

    /// Makes the [`Scope`] that addresses, claims and calls are rendered with.
    pub(super) fn scope<'a>(
        &'a self,
        context: &PlaybackContext<'a>,
        tokens: Option<&'a Tokens<'a>>,
    ) -> Scope<'a> {
        Scope {
            captures: Some(&self.captures),
            now: self.lifetime.now,
            expires: self.lifetime.expires,
            tokens: tokens.map(Vec::as_slice),
            signature: self.signature.as_deref(),
            ..Scope::for_input(context.subject, context.values)
        }
    }
}
