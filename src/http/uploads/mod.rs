//! `POST /v1/uploads`: an upload URL for a new video.

mod answer;
mod begin;
mod idempotency;
mod request;
mod settings;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;

use self::answer::{Answer, Begun};
use self::begin::Begin;
use self::idempotency::{Asked, Keyed};
use self::request::Choices;
pub(crate) use self::request::{UploadRequest, check_video_members};
use super::accept;
use super::error::ApiError;
use super::extract::{JsonBytes, NoQuery, parse};
use super::quota;
use super::view::VideoView;
use crate::auth::Caller;
use crate::limits::{Quota, carry_deadline, carry_permit};
use crate::state::AppState;
use crate::telemetry::carried;

/// The quota's name in `RateLimit`.
const QUOTA: &str = "uploads";

/// Makes a row, asks the provider for an upload, and hands out its URL; answers within the owner's quota, and says
/// what is left of it.
#[utoipa::path(
    post,
    path = "/v1/uploads",
    tag = "uploads",
    params(
        (
            "Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            description = "The same key and body from the same owner gives the first 201 again, for at most a day.",
        ),
        (
            "Origin" = Option<String>, Header,
            description = "Told to the provider where it is listed and the body has no `cors_origin`.",
        ),
    ),
    request_body = UploadRequest,
    responses(
        (
            status = 201,
            description = "The video and how to send its file; as text the bare URL.",
            content((Begun = "application/json"), (String = "text/plain")),
            headers(
                ("Location" = String, description = "The video."),
                ("Idempotency-Replayed" = bool, description = "Present where this is the first answer once more."),
            ),
        ),
    ),
    extensions(("x-quota" = json!(true)), ("x-problems" = json!([
        "invalid_request", "not_acceptable", "idempotency_in_progress", "payload_too_large",
        "unsupported_media_type", "invalid_body", "idempotency_key_reused", "too_many_open_uploads",
        "provider_rejected", "provider_unavailable", "provider_busy", "no_room",
    ]))),
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    _: NoQuery,
    headers: HeaderMap,
    body: JsonBytes,
) -> Response {
    let owner = caller.owner().to_owned();
    let mut response = created(&state, &owner, headers, body).await.into_response();
    if let Some(quota) = state.uploads.look(&owner, state.clock.now()) {
        quota::write(QUOTA, &quota, response.headers_mut());
    }
    response
}

/// Makes a row, asks the provider for an upload, and hands out its URL.
async fn created(
    state: &AppState,
    owner: &str,
    headers: HeaderMap,
    JsonBytes(bytes): JsonBytes,
) -> Result<Response, ApiError> {
    if accept::accepts_nothing(&headers) {
        return Err(ApiError::NotAcceptable("Ask for application/json or text/plain."));
    }
    let as_text = accept::prefers_text(&headers);
    let (request, choices) = match read(state, &headers, &bytes) {
        Ok(read) => read,
        // What was accepted once is answered again, whatever is accepted by now.
        Err(refusal) => match Keyed::kept(state, owner, &headers, &bytes).await? {
            Some(kept) => return replayed(state, kept, as_text),
            None => return Err(refusal),
        },
    };
    if as_text {
        check_bare_url(state, &choices.provider)?;
    }
    let (id, keyed) = match ask(state, owner, &headers, &bytes).await? {
        Asked::Answered(answer) => return replayed(state, answer, as_text),
        Asked::Begin(id, keyed) => (id, keyed),
    };
    let begin = Begin {
        id,
        claimed: keyed.is_some(),
        owner: owner.to_owned(),
        request,
        choices,
    };
    // Goes on to its end where the caller goes away: the provider has been asked.
    let service = state.clone();
    let work = carried(async move { run(&service, begin, keyed).await });
    let done = tokio::spawn(carry_permit(carry_deadline(work))).await;
    let begun = done.map_err(|error| ApiError::Internal(Box::new(error)))??;
    Ok(Answer::new(begun)?.respond(state, as_text))
}

/// The body and what it chooses, within what is allowed.
fn read(state: &AppState, headers: &HeaderMap, body: &[u8]) -> Result<(UploadRequest, Choices), ApiError> {
    let request: UploadRequest = parse(body)?;
    let choices = request.choose(&state.settings, headers)?;
    Ok((request, choices))
}

/// The first 201 once more.
fn replayed(state: &AppState, answer: String, as_text: bool) -> Result<Response, ApiError> {
    let answer = Answer::kept(answer)?;
    if as_text {
        check_bare_url(state, answer.provider())?;
    }
    Ok(answer.respond(state, as_text))
}

fn check_bare_url(state: &AppState, provider: &str) -> Result<(), ApiError> {
    if state.providers.for_upload(provider)?.upload_is_a_bare_url() {
        return Ok(());
    }
    Err(ApiError::NotAcceptable(
        "This provider's uploads need more than a URL: ask for JSON.",
    ))
}

/// What the request's key says, and one of the owner's quota for an upload that begins. An answer that is kept costs
/// nothing, and is given however little is left.
async fn ask(state: &AppState, owner: &str, headers: &HeaderMap, body: &[u8]) -> Result<Asked, ApiError> {
    let (owner_key, now) = (owner.to_owned(), state.clock.now());
    let refused = |quota: &Quota| quota.refused.is_some();
    if let Some(quota) = state.uploads.look(&owner_key, now).filter(refused) {
        // Without a claim: who is refused writes nothing.
        let kept = Keyed::kept(state, owner, headers, body).await?;
        return kept.map(Asked::Answered).ok_or(ApiError::OverQuota(QUOTA, quota));
    }
    let asked = Keyed::ask(state, owner, headers, body).await?;
    if let Asked::Begin(_, keyed) = &asked
        && let Some(quota) = state.uploads.take(&owner_key, now).filter(refused)
    {
        if let Some(keyed) = keyed {
            keyed.free(state).await?;
        }
        return Err(ApiError::OverQuota(QUOTA, quota));
    }
    Ok(asked)
}

async fn run(state: &AppState, begin: Begin, keyed: Option<Keyed>) -> Result<Begun, ApiError> {
    let begun = begin::begin(state, begin).await;
    match (begun, keyed) {
        (Ok((video, upload)), keyed) => {
            let video = VideoView::single(state, &video);
            let begun = Begun { video, upload };
            if let Some(keyed) = keyed {
                let answer = begun.to_value()?;
                keyed.keep(state, &answer, begun.upload.expires_at).await?;
            }
            Ok(begun)
        }
        (Err(error), Some(keyed)) => {
            keyed.free(state).await?;
            Err(error)
        }
        (Err(error), None) => Err(error),
    }
}
