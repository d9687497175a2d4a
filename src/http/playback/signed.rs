//! The addresses of one video, and what signs them: in the caller's turn.
//!
//! 1. The row is read: only a video that the caller may play, and that plays, is answered.
//! 2. Signatures that are known, or made in no time, are the answer at once; so is what the provider is asked for, if the
//!    row still allows it then.
//! 3. Else the request takes a permit to sign, in its caller's turn: whoever asks for much waits for it alone.
//! 4. If that took a while, the row is read again: after DELETE no token is issued any more.
//! 5. The missing ones are signed; those that another request is making are waited for. The permit is given back.
//! 6. From the first step but one again: now they are known. (Only where thousands of others were signed meanwhile, or the
//!    time went on by as much as addresses are rounded, not all of them are.) A call to the provider holds no permit.

use std::time;

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::Playback;
use crate::auth::Caller;
use crate::domain::{Field, ShownStatus, Video};
use crate::http::error::ApiError;
use crate::limits::{CallerKey, Permit};
use crate::provider::{PlaybackAsk, PlaybackUrls, Provider, Subject};
use crate::state::AppState;

/// The shortest life of a signed address, in seconds.
const LEAST_S: u64 = 30;

/// How often signatures may be forgotten before they are used.
const TRIES: usize = 4;

/// What takes longer than this took its time: a DELETE may have come meanwhile.
const AT_ONCE: time::Duration = time::Duration::from_millis(50);

/// What somebody wants to know of videos.
pub(super) struct Question<'a> {
    pub(super) state: &'a AppState,
    pub(super) caller: &'a Caller,
    /// Seconds that the addresses are to work.
    pub(super) expires_in: Option<u64>,
    /// Seconds into the video: where its pictures are taken.
    pub(super) time: Option<f64>,
}

/// Which addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Everything,
    Pictures,
}

/// The addresses of a video as it was when they were made.
pub(super) struct Signed {
    pub(super) video: Video,
    pub(super) urls: PlaybackUrls,
    pub(super) now: DateTime<Utc>,
}

/// The video, where the caller may play it and it plays.
pub(super) async fn playable(state: &AppState, caller: &Caller, id: Uuid) -> Result<Video, ApiError> {
    let video = state
        .store
        .video(id)
        .await?
        .filter(|video| caller.may_play(video))
        .ok_or(ApiError::NotFound)?;
    if video.status == ShownStatus::Ready {
        Ok(video)
    } else {
        Err(ApiError::VideoNotReady(video.status))
    }
}

impl Question<'_> {
    /// Answers for a video that was found playable. See the module for the steps.
    pub(super) async fn answer(&self, mut video: Video, what: What) -> Result<Signed, ApiError> {
        let id = video.id;
        let failed = |error| ApiError::of_call(error, Some(id));
        for _ in 0..TRIES {
            let provider = self.state.providers.of(&video)?;
            let ask = self.ask(&provider, &video)?;
            let subject = Subject::of_video(&video);
            let asked = time::Instant::now();
            let known = match what {
                What::Everything => provider.known_playback(&subject, &ask).await,
                What::Pictures => provider.known_thumbnails(&subject, &ask).await,
            };
            if let Some(urls) = known.map_err(failed)? {
                let now = ask.now;
                // Addresses that are asked of the provider may have waited for its rate.
                if asked.elapsed() > AT_ONCE {
                    video = playable(self.state, self.caller, id).await?;
                }
                return Ok(Signed { video, urls, now });
            }
            let permit = self.permit_to_sign().await?;
            if permit.was_waited_for() {
                video = playable(self.state, self.caller, id).await?;
            }
            let (ask, subject) = (self.ask(&provider, &video)?, Subject::of_video(&video));
            let only_pictures = what == What::Pictures;
            let signed = provider.sign_ahead(&subject, &ask, only_pictures).await;
            signed.map_err(failed)?;
        }
        Err(ApiError::Unavailable)
    }

    async fn permit_to_sign(&self) -> Result<Permit, ApiError> {
        let key = CallerKey::owner(self.caller.owner());
        let patience = time::Duration::from_secs(self.state.settings.http.request_timeout_s);
        let permit = self.state.permits.signing.acquire(key, patience).await;
        permit.map_err(|_refused| ApiError::Unavailable)
    }

    fn ask(&self, provider: &Provider, video: &Video) -> Result<PlaybackAsk<'_>, ApiError> {
        let settings = &self.state.settings.playback;
        let most = provider
            .max_playback_ttl_s()
            .map_or(settings.max_ttl_s, |map| map.min(settings.max_ttl_s));
        let duration = video.known.facts.number(Field::Duration);
        check_life(self.expires_in, most)?;
        let expires_in_s = match self.expires_in {
            Some(given) => given,
            None => settings
                .ttl_s
                .max(duration.map_or(0, |seconds| whole(seconds) + 600))
                .min(most),
        };
        if self.time.is_some_and(|time| !time.is_finite() || time < 0.0) {
            return Err(ApiError::InvalidRequest(
                "time must be seconds, 0 or more.".to_owned(),
            ));
        }
        let time = self.time.or(video.thumbnail_time);
        Ok(PlaybackAsk {
            now: self.state.clock.now(),
            expires_in_s,
            max_ttl_s: most,
            time_s: time.map(|time| clamp(time, duration)),
            sizes: &self.state.thumbnail_sizes,
            caller: self.caller.owner(),
        })
    }
}

impl Playback {
    pub(super) fn of(signed: Signed) -> Self {
        let Signed { video, urls, now } = signed;
        Self {
            video_id: video.id,
            playback_policy: video.playback_policy,
            playback_id: video.known.facts.text(Field::PlaybackId).map(str::to_owned),
            expires_at: urls.expires_at,
            refresh_after: urls.expires_at.map(|end| refresh_after(now, end)),
            urls: urls.urls,
            thumbnails: urls.thumbnails,
            tokens: urls.tokens,
        }
    }
}

/// A life that callers may ask for, in seconds.
pub(super) fn check_life(expires_in: Option<u64>, most: u64) -> Result<(), ApiError> {
    match expires_in {
        Some(given) if !(LEAST_S..=most).contains(&given) => Err(ApiError::InvalidRequest(format!(
            "expires_in must lie in {LEAST_S} to {most} seconds."
        ))),
        _ => Ok(()),
    }
}

/// Within [0, duration), rounded down to whole seconds: few distinct images, none past the end.
fn clamp(time: f64, duration: Option<f64>) -> u64 {
    let last = duration.map_or(f64::MAX, |duration| (duration.ceil() - 1.0).max(0.0));
    whole(time.min(last))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates; negatives are refused before"
)]
fn whole(seconds: f64) -> u64 {
    seconds.floor() as u64
}

/// Four fifths into its life: time enough to fetch the next.
fn refresh_after(now: DateTime<Utc>, end: DateTime<Utc>) -> DateTime<Utc> {
    let life_s = (end - now).num_seconds().max(0);
    now + Duration::seconds(life_s * 4 / 5)
}
