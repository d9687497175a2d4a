//! The steps from a video to its signed addresses: fair among callers, and never with a row that is out of date.
//!
//! 1. **Row.** The row is read ([`playable_video`]): 404 where the caller may not play it, 409 where it is not ready.
//! 2. **Known.** Addresses whose signatures are cached, or cost next to nothing, are the response at once.
//!    Addresses that need a call to the provider are fetched here too, without a permit; where that took longer than
//!    [`AT_ONCE`], the row is read again first.
//! 3. **Permit.** Else the request takes a permit to sign, fairly among callers: a caller that asks for much waits by
//!    itself. 503 where none is free within the request timeout.
//! 4. **Row again**, where the permit was waited for: after DELETE no token is issued any more.
//! 5. **Sign.** The missing signatures are made; those that another request is making are waited for. The permit is
//!    released.
//! 6. **Again from step 2**, where they are known now. (Only where thousands of others were signed meanwhile, or the
//!    clock went on by as much as addresses are rounded, some are missing again: after [`TRIES`] rounds that is a 503.)
//!
//! A call to the provider holds no permit to sign.

use std::time;

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::params::check_params;
use crate::auth::{Act, Caller};
use crate::domain::{Field, ShownStatus, Video};
use crate::http::problem::ApiError;
use crate::limits::{CallerKey, Permit};
use crate::provider::{
    Audience, DownloadRefused, FileRequest, ListedTrack, PlayableFiles, PlaybackRequest, PlaybackUrls,
    Provider, ShownTrackStatus, TemplateInput,
};
use crate::state::AppState;

/// The shortest life of a signed address, in seconds.
const MIN_TTL_S: u64 = 30;

/// Rounds of the steps before the request is given up. Each further round means that fresh signatures left the cache
/// before they were used.
const TRIES: usize = 4;

/// The longest that a lookup of known addresses may take before the row is read again: a DELETE may have come
/// meanwhile.
const AT_ONCE: time::Duration = time::Duration::from_millis(50);

/// A request for the addresses of one or more videos.
pub(super) struct SigningRequest<'a> {
    pub(super) state: &'a AppState,
    pub(super) caller: &'a Caller,
    /// The life of the addresses, in seconds; `None` for the default.
    pub(super) expires_in: Option<u64>,
    /// The time of the pictures, in seconds into the video; `None` for the video's own `thumbnail_time`.
    pub(super) time: Option<f64>,
    /// Parameters for the provider.
    pub(super) params: &'a [(String, Value)],
    /// The name under which the addresses of files save them; `None`: they play.
    pub(super) download: Option<&'a str>,
}

/// The kind of addresses that a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AddressKind {
    Everything,
    Thumbnails,
}

/// What addresses are made of, beside the stream.
struct PlayableParts {
    files: PlayableFiles,
    tracks: Vec<ListedTrack>,
}

/// A video with its addresses.
pub(super) struct SignedVideo {
    /// The row by which they were made.
    pub(super) video: Video,
    pub(super) urls: PlaybackUrls,
    /// The time that their life is counted from.
    pub(super) now: DateTime<Utc>,
}

/// Reads the video.
///
/// # Errors
/// [`ApiError::NotFound`] where the caller may not play it, [`ApiError::VideoNotReady`] where it is not ready.
pub(super) async fn playable_video(state: &AppState, caller: &Caller, id: Uuid) -> Result<Video, ApiError> {
    let video = state
        .store
        .find_video(id)
        .await?
        .filter(|video| caller.may_with(Act::Play, video) && !is_over(state, video))
        .ok_or(ApiError::NotFound)?;
    if video.status == ShownStatus::Ready {
        Ok(video)
    } else {
        Err(ApiError::VideoNotReady(video.status))
    }
}

/// The time of the video's deletion has come, or comes within the second, which is the least that an address can live.
pub(super) fn is_over(state: &AppState, video: &Video) -> bool {
    video.is_over(state.clock.now() + Duration::seconds(1))
}

impl SigningRequest<'_> {
    /// Returns the addresses of a video that was found playable. See the module for the steps.
    pub(super) async fn sign(&self, mut video: Video, kind: AddressKind) -> Result<SignedVideo, ApiError> {
        let id = video.id;
        let failed = |error| ApiError::from_call(error, Some(id));
        for _ in 0..TRIES {
            let provider = self.state.providers.for_video(&video)?;
            let parts = self.playable_parts(&provider, &video);
            let query = self.playback_query(&provider, &video, &parts)?;
            let subject = TemplateInput::from_video(&video);
            let started = time::Instant::now();
            // 2. Known.
            let known = match kind {
                AddressKind::Everything => provider.cached_playback(&subject, &query).await,
                AddressKind::Thumbnails => provider.cached_thumbnails(&subject, &query).await,
            };
            if let Some(mut urls) = known.map_err(failed)? {
                let now = query.now;
                // Why: a lookup at the provider may have waited for its rate.
                if started.elapsed() > AT_ONCE {
                    video = playable_video(self.state, self.caller, id).await?;
                }
                // Why: some providers alone say how long their addresses live. The deletion ends those.
                if let Some(end) = video.delete_at {
                    urls.expires_at = urls.expires_at.map(|at| at.min(end));
                }
                return Ok(SignedVideo { video, urls, now });
            }
            // 3. Permit. 4. Row again.
            let permit = self.take_permit().await?;
            if permit.was_queued() {
                video = playable_video(self.state, self.caller, id).await?;
            }
            // 5. Sign.
            // Why made anew: the row may be another one, and time has passed.
            let parts = self.playable_parts(&provider, &video);
            let (query, subject) = (
                self.playback_query(&provider, &video, &parts)?,
                TemplateInput::from_video(&video),
            );
            let only_thumbnails = kind == AddressKind::Thumbnails;
            let signed = provider.sign_ahead(&subject, &query, only_thumbnails).await;
            signed.map_err(failed)?;
        }
        Err(ApiError::Unavailable)
    }

    /// Returns who gets the addresses: the source of a video is for those alone who may change the video.
    fn audience(&self, video: &Video) -> Audience {
        if self.caller.may_with(Act::Change, video) {
            Audience::Owner
        } else {
            Audience::Viewer
        }
    }

    /// Returns the files and the tracks of the video whose addresses the caller may have.
    fn playable_parts(&self, provider: &Provider, video: &Video) -> PlayableParts {
        let tracks = provider.shown_tracks(video).into_iter();
        let ready = tracks.filter(|track| track.status == ShownTrackStatus::Ready);
        PlayableParts {
            files: provider.playable_files(video, self.audience(video)),
            tracks: ready.filter_map(|track| track.listed).collect(),
        }
    }

    /// Checks the name under which files are to be saved.
    fn check_download(&self, provider: &Provider) -> Result<(), ApiError> {
        let Some(name) = self.download else {
            return Ok(());
        };
        provider.check_download(name).map_err(|refused| match refused {
            DownloadRefused::NotSupported => {
                let name = provider.name();
                ApiError::NotSupported(format!("The action map of {name} has no place for `download`."))
            }
            DownloadRefused::Unfit(fits) => ApiError::InvalidRequest(format!("download {fits}.")),
        })
    }

    /// Takes a permit to sign, for as long as the value lives.
    async fn take_permit(&self) -> Result<Permit, ApiError> {
        let key = CallerKey::for_owner(self.caller.owner());
        // Why so long: the deadline of the request ends the wait before.
        let patience = time::Duration::from_secs(self.state.settings.http.request_timeout_s);
        let permit = self.state.permits.signing.acquire(key, patience).await;
        permit.map_err(|_refused| ApiError::Unavailable)
    }

    /// Makes the question for the provider: the life of the addresses, and the time of the pictures, both within
    /// limits.
    fn playback_query<'q>(
        &'q self,
        provider: &Provider,
        video: &Video,
        parts: &'q PlayableParts,
    ) -> Result<PlaybackRequest<'q>, ApiError> {
        let settings = &self.state.settings.playback;
        let most = provider
            .max_playback_ttl_s()
            .map_or(settings.max_ttl_s, |map| map.min(settings.max_ttl_s));
        let duration = video.known.facts.number(Field::Duration);
        check_ttl(self.expires_in, most)?;
        check_params(provider, self.params)?;
        self.check_download(provider)?;
        let expires_in_s = match self.expires_in {
            Some(given) => given,
            // The default, or the duration and ten minutes where that is more, within the maximum.
            None => settings
                .ttl_s
                .max(duration.map_or(0, |seconds| whole_seconds(seconds) + 600))
                .min(most),
        };
        if self.time.is_some_and(|time| !time.is_finite() || time < 0.0) {
            return Err(ApiError::InvalidRequest(
                "time must be seconds, 0 or more.".to_owned(),
            ));
        }
        let time = self.time.or(video.thumbnail_time);
        let now = self.state.clock.now();
        // Why after the check: whoever asks for more than is left gets what is left.
        let left_s = video.delete_at.map_or(u64::MAX, |end| {
            u64::try_from((end - now).num_seconds()).unwrap_or_default()
        });
        Ok(PlaybackRequest {
            now,
            expires_in_s,
            max_ttl_s: most.min(left_s),
            time_s: time.map(|time| clamp_time(time, duration)),
            sizes: &self.state.thumbnail_sizes,
            params: self.params,
            files: Some(FileRequest {
                files: &parts.files,
                download: self.download,
                in_background: false,
            }),
            tracks: &parts.tracks,
            caller: self.caller.owner(),
        })
    }
}

/// Checks the life that a caller asks for, in seconds: [`MIN_TTL_S`] to `most`.
pub(super) fn check_ttl(expires_in: Option<u64>, most: u64) -> Result<(), ApiError> {
    match expires_in {
        Some(given) if !(MIN_TTL_S..=most).contains(&given) => Err(ApiError::InvalidRequest(format!(
            "expires_in must lie in {MIN_TTL_S} to {most} seconds."
        ))),
        _ => Ok(()),
    }
}

/// Clamps the time to [0, duration) and rounds it down to whole seconds.
///
/// Why whole seconds: so there are few distinct images of a video to make and to cache.
fn clamp_time(time: f64, duration: Option<f64>) -> u64 {
    // Why ceil - 1: the last whole second that lies before the end, for whole and broken durations alike.
    let last = duration.map_or(f64::MAX, |duration| (duration.ceil() - 1.0).max(0.0));
    whole_seconds(time.min(last))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates; negatives are refused before"
)]
fn whole_seconds(seconds: f64) -> u64 {
    seconds.floor() as u64
}
