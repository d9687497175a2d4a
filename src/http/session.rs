//! `GET /v1/session`: what the bearer of a token may do and choose, so that a page offers only that.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::{HeaderValue, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::uploads::{IngestOffer, Offer, offer_ingests, offer_uploads, quota_of};
use crate::auth::{Act, Caller};
use crate::domain::{Policy, TrackKind};
use crate::http::extract::NoQuery;
use crate::http::problem::ApiError;
use crate::provider::{Capability, Provider, TrackSend};
use crate::state::AppState;
use crate::store::Quota;

/// What the bearer of a token may do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// The owner of what it makes.
    sub: String,
    /// The scopes that count; that of a token without any is `video:own`.
    scopes: Vec<&'static str>,
    /// The end of the token.
    expires_at: DateTime<Utc>,
    /// The version of this service.
    #[schema(example = "0.9.0")]
    version: &'static str,
    /// What an upload may be; null where the token begins none.
    uploads: Option<Offer>,
    /// How long addresses live; null where the token plays nothing.
    playback: Option<PlaybackOffer>,
    /// What a video from an address may be; null where the token begins none, or this service lists no hosts. The rest is as
    /// in `uploads`.
    ingest: Option<IngestOffer>,
    /// What each provider can do: `public` and `signed` playback, `quality` to choose, `cancel`, `delete`, `thumbnails`,
    /// files besides the stream (`renditions`), videos from addresses (`ingest`), captions and subtitles that are added
    /// (`tracks`), that it fetches from an address (`fetched_tracks`) or writes (`generated_tracks`), sound that is added
    /// (`sound_tracks`).
    capabilities: BTreeMap<String, Vec<&'static str>>,
    /// The files of a video that each provider can make: names for `POST /v1/videos/{id}/renditions`.
    renditions: BTreeMap<String, Vec<String>>,
    /// How much the owner keeps, by `videos`, `minutes` and `bytes`: those with a limit alone, and none where the token
    /// begins no uploads.
    quotas: BTreeMap<&'static str, QuotaState>,
}

/// How long addresses live, in seconds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlaybackOffer {
    /// Where the request names nothing.
    ttl_s: u64,
    /// At most.
    max_ttl_s: u64,
}

/// A quota and how much of it is used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuotaState {
    used: u64,
    limit: u64,
}

/// What the bearer of this token may do and choose.
#[utoipa::path(
    get,
    path = "/v1/session",
    operation_id = "show",
    tag = "session",
    responses((status = 200, body = Session)),
    extensions(("x-problems" = json!(["invalid_request"]))),
)]
pub(crate) async fn show_session(
    State(state): State<AppState>,
    caller: Caller,
    _: NoQuery,
) -> Result<Response, ApiError> {
    let (may_upload, playback) = (caller.may(Act::Upload), &state.settings.playback);
    let quotas = if may_upload {
        read_quotas(&state, &caller).await?
    } else {
        BTreeMap::new()
    };
    let session = Session {
        sub: caller.owner().to_owned(),
        scopes: caller.scopes().iter().map(|scope| scope.as_str()).collect(),
        expires_at: caller.expiry(),
        version: env!("CARGO_PKG_VERSION"),
        uploads: may_upload.then(|| offer_uploads(&state, &caller)),
        playback: caller.may(Act::Play).then_some(PlaybackOffer {
            ttl_s: playback.ttl_s,
            max_ttl_s: playback.max_ttl_s,
        }),
        ingest: offer_ingests(&state, &caller).filter(|_| may_upload),
        capabilities: capabilities(&state, &caller),
        renditions: makeable_renditions(&state, &caller),
        quotas,
    };
    let mut response = Json(session).into_response();
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    Ok(response)
}

/// Returns what each provider can do, for callers that see videos.
fn capabilities(state: &AppState, caller: &Caller) -> BTreeMap<String, Vec<&'static str>> {
    let shown = state.providers.iter().filter(|_| caller.may(Act::See));
    shown.map(|one| (one.name().to_owned(), names_of(one))).collect()
}

/// Returns the names of the files that each provider can make, for callers that change videos; without those that make none.
fn makeable_renditions(state: &AppState, caller: &Caller) -> BTreeMap<String, Vec<String>> {
    let shown = state.providers.iter().filter(|_| caller.may(Act::Change));
    let named = shown.map(|one| {
        let names = one.makeable_renditions().into_iter().map(str::to_owned);
        (one.name().to_owned(), names.collect::<Vec<_>>())
    });
    named.filter(|(_, names)| !names.is_empty()).collect()
}

fn names_of(provider: &Provider) -> Vec<&'static str> {
    // Why the deletion too: where uploads cannot be cancelled, the asset that is made beforehand is deleted.
    let cancels = provider.supports(Capability::UploadCancel) || provider.supports(Capability::AssetDelete);
    [
        ("public", provider.can_play(Policy::Public)),
        ("signed", provider.can_play(Policy::Signed)),
        ("quality", provider.sends_quality()),
        ("cancel", cancels),
        ("delete", provider.supports(Capability::AssetDelete)),
        ("thumbnails", provider.supports(Capability::Thumbnails)),
        ("ingest", provider.supports(Capability::Ingest)),
        ("renditions", provider.supports(Capability::Renditions)),
        ("tracks", provider.track_send(TrackKind::Captions).is_some()),
        (
            "fetched_tracks",
            provider.track_send(TrackKind::Captions) == Some(TrackSend::Url),
        ),
        ("sound_tracks", provider.track_send(TrackKind::Audio).is_some()),
        ("generated_tracks", provider.can_generate_tracks()),
    ]
    .into_iter()
    .filter_map(|(name, has)| has.then_some(name))
    .collect()
}

/// Reads how much the owner keeps of each quota that there is.
async fn read_quotas(
    state: &AppState,
    caller: &Caller,
) -> Result<BTreeMap<&'static str, QuotaState>, ApiError> {
    let quota = quota_of(&state.settings, caller);
    // Why: counting reads every video of the owner.
    if quota == Quota::default() {
        return Ok(BTreeMap::new());
    }
    let usage = state.store.usage_of(caller.owner()).await?;
    let all = [
        ("videos", usage.videos, quota.videos),
        ("minutes", usage.minutes(), quota.minutes),
        ("bytes", usage.bytes, quota.bytes),
    ];
    let limited = all
        .into_iter()
        .filter_map(|(name, used, limit)| Some((name, QuotaState { used, limit: limit? })));
    Ok(limited.collect())
}
