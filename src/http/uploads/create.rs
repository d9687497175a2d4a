//! The handler of `POST /v1/uploads`, from the request to the response. See [`uploads`](super) for the steps.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::Duration;
use http::HeaderMap;

use super::answer::{Answer, NewUpload};
use super::begin::{UploadPlan, begin_upload};
use super::claim::{ClaimOutcome, ClaimedKey, KeyedRequest, claim_key, stored_answer};
use super::kind::Kind;
use super::replaces::find_replaced;
use super::request::{Choices, IngestRequest, UploadRequest};
use crate::auth::Caller;
use crate::domain::{SourceUrl, Video};
use crate::http::accept;
use crate::http::erasing::check_not_erasing;
use crate::http::extract::{JsonBytes, NoQuery, parse_json};
use crate::http::middleware::Uploader;
use crate::http::problem::{ApiError, FieldProblem};
use crate::http::rate_limit_headers::write_rate_limit;
use crate::http::videos::{VideoView, check_delete_at};
use crate::jobs::begin::{Begun, check_source_url};
use crate::limits::{Quota, carry_deadline, carry_permit};
use crate::state::AppState;
use crate::telemetry::with_current_trail;

/// The quota's name in the `RateLimit` headers.
const QUOTA: &str = "uploads";

/// Makes a row, asks the provider for an upload, and hands out its URL; answers within the owner's quota, and says
/// what is left of it.
#[utoipa::path(
    post,
    path = "/v1/uploads",
    operation_id = "create",
    tag = "uploads",
    summary = "Begins an upload: the answer has a new video and how to send its file.",
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
            content((NewUpload = "application/json"), (String = "text/plain")),
            headers(
                ("Location" = String, description = "The video."),
                ("Idempotency-Replayed" = bool, description = "Present where this is the first answer once more."),
            ),
        ),
    ),
    extensions(("x-quota" = json!(true)), ("x-act" = json!("upload")), ("x-problems" = json!([
        "invalid_request", "not_found", "not_acceptable", "idempotency_in_progress", "video_not_ready",
        "replacement_in_progress", "payload_too_large", "quota_exceeded",
        "unsupported_media_type", "invalid_body", "idempotency_key_reused", "too_many_open_uploads",
        "provider_rejected", "provider_unavailable", "provider_busy", "no_room",
    ]))),
)]
pub(crate) async fn create_upload(
    State(state): State<AppState>,
    caller: Uploader,
    _: NoQuery,
    headers: HeaderMap,
    JsonBytes(body): JsonBytes,
) -> Response {
    begin_video(&state, &caller, Kind::Upload, (&headers, &body)).await
}

/// Begins a video of this kind, and says in the headers what is left of the owner's quota.
pub(crate) async fn begin_video(
    state: &AppState,
    caller: &Caller,
    kind: Kind,
    (headers, body): (&HeaderMap, &[u8]),
) -> Response {
    let owner = caller.owner().to_owned();
    let request = KeyedRequest {
        kind,
        owner: &owner,
        headers,
        body,
    };
    let mut response = Box::pin(respond(state, caller, request)).await.into_response();
    if let Some(quota) = state.upload_quotas.peek(&owner, state.clock.now()) {
        write_rate_limit(QUOTA, &quota, response.headers_mut());
    }
    response
}

/// Takes the request through the steps of the module, to its 201.
async fn respond(state: &AppState, caller: &Caller, keyed: KeyedRequest<'_>) -> Result<Response, ApiError> {
    // Why first: a response that the client cannot read is refused before anything is written.
    if accept::accepts_nothing(keyed.headers) {
        return Err(ApiError::NotAcceptable("Ask for application/json or text/plain."));
    }
    let as_text = keyed.kind == Kind::Upload && accept::prefers_text(keyed.headers);
    // 1. Read.
    let (request, choices, source_url, replaced) = match read_request(state, caller, keyed).await {
        Ok(read) => read,
        // Why: settings may have changed since, and an accepted request is answered again whatever is accepted now.
        Err(refusal) => match stored_answer(state, keyed).await? {
            Some(stored) => return replay_answer(state, stored, as_text),
            None => return Err(refusal),
        },
    };
    if as_text {
        check_bare_url(state, &choices.provider)?;
    }
    check_not_erasing(state, keyed.owner).await?;
    // 2. Quota. 3. Claim.
    let (video_id, claimed) = match check_quota_and_claim(state, keyed).await? {
        ClaimOutcome::Answered(stored) => return replay_answer(state, stored, as_text),
        ClaimOutcome::Begin { video_id, claimed } => (video_id, claimed),
    };
    let plan = UploadPlan {
        video_id,
        is_claimed: claimed.is_some(),
        caller: caller.clone(),
        request,
        choices,
        source_url,
        replaced,
    };
    // 4. Begin. 5. Store the answer. Why a task: once the provider was called, both go on where the client goes away.
    let service = state.clone();
    let work = with_current_trail(Box::pin(
        async move { begin_and_store(&service, plan, claimed).await },
    ));
    let done = tokio::spawn(carry_permit(carry_deadline(work))).await;
    let upload = done.map_err(|error| ApiError::Internal(Box::new(error)))??;
    Ok(Answer::from_new(upload)?.respond(state, as_text))
}

/// What a request asks for: its body, the choices that it leaves to the settings, the address of an ingest, and the video
/// that is to be replaced.
type Asked = (UploadRequest, Choices, Option<SourceUrl>, Option<Video>);

/// Reads what the request asks for. A refusal names every member that is not acceptable.
async fn read_request(state: &AppState, caller: &Caller, keyed: KeyedRequest<'_>) -> Result<Asked, ApiError> {
    let (request, source_url) = match keyed.kind {
        Kind::Upload => (parse_json::<UploadRequest>(keyed.body)?, None),
        Kind::Ingest => {
            let (source_url, request) = parse_json::<IngestRequest>(keyed.body)?.split();
            (
                request,
                Some(check_source_url(&source_url.0, &state.settings.ingest)),
            )
        }
    };
    let mut problems = Vec::new();
    let source_url = source_url.and_then(|checked| {
        let refused = |detail| problems.push(FieldProblem::new("source_url", detail));
        checked.map_err(refused).ok()
    });
    let replaced = find_replaced(state, caller, request.replaces).await?;
    let choices = match request.choose(state, caller, keyed, replaced.as_ref()) {
        Err(ApiError::InvalidBody(others)) => {
            problems.extend(others);
            None
        }
        choices => Some(choices?),
    };
    problems.extend(check_delete_at(request.delete_at, state.clock.now()));
    if let Some(choices) = choices.as_ref().filter(|_| problems.is_empty()) {
        check_tracks_at_begin(state, choices, keyed.kind)?;
    }
    match choices {
        Some(choices) if problems.is_empty() => Ok((request, choices, source_url, replaced)),
        _ => Err(ApiError::InvalidBody(problems)),
    }
}

/// Checks that the provider can be asked for so many tracks as a video begins.
fn check_tracks_at_begin(state: &AppState, choices: &Choices, kind: Kind) -> Result<(), ApiError> {
    if choices.tracks.is_empty() {
        return Ok(());
    }
    let provider = state.providers.for_upload(&choices.provider)?;
    let name = provider.name();
    match provider.most_tracks_at_begin(kind == Kind::Ingest) {
        0 => Err(ApiError::NotSupported(format!(
            "The action map of {name} has no place for `tracks`: add them when the video is ready."
        ))),
        most if choices.tracks.len() > most => Err(ApiError::invalid_field(
            "tracks",
            format!("must be at most {most} at {name}; add others when the video is ready"),
        )),
        _ => Ok(()),
    }
}

/// Responds with a stored 201 once more.
fn replay_answer(state: &AppState, stored: String, as_text: bool) -> Result<Response, ApiError> {
    let answer = Answer::from_stored(stored)?;
    if as_text {
        check_bare_url(state, answer.provider())?;
    }
    Ok(answer.respond(state, as_text))
}

/// Checks that an upload at this provider needs nothing but its URL, and can be answered as text.
fn check_bare_url(state: &AppState, provider: &str) -> Result<(), ApiError> {
    if state.providers.for_upload(provider)?.upload_needs_only_url() {
        return Ok(());
    }
    Err(ApiError::NotAcceptable(
        "This provider's uploads need more than a URL: ask for JSON.",
    ))
}

/// Checks the owner's quota, claims the request's key, and takes one of the quota for an upload that begins. A stored
/// answer costs nothing, and is given however little of the quota is left.
async fn check_quota_and_claim(state: &AppState, keyed: KeyedRequest<'_>) -> Result<ClaimOutcome, ApiError> {
    let (owner, now) = (keyed.owner.to_owned(), state.clock.now());
    let refused = |quota: &Quota| quota.retry_after.is_some();
    if let Some(quota) = state.upload_quotas.peek(&owner, now).filter(refused) {
        // Why no claim: a refused request is to write nothing.
        let stored = stored_answer(state, keyed).await?;
        return stored
            .map(ClaimOutcome::Answered)
            .ok_or(ApiError::OverQuota(QUOTA, quota));
    }
    let outcome = claim_key(state, keyed).await?;
    if let ClaimOutcome::Begin { claimed, .. } = &outcome
        && let Some(quota) = state.upload_quotas.try_take(&owner, now).filter(refused)
    {
        // Why again: other requests of the owner may have used up the quota since it was looked at.
        if let Some(claimed) = claimed {
            claimed.release(state).await?;
        }
        return Err(ApiError::OverQuota(QUOTA, quota));
    }
    Ok(outcome)
}

/// Begins the upload, and ends the claim: with the stored answer, or by releasing it after a refusal.
async fn begin_and_store(
    state: &AppState,
    plan: UploadPlan,
    claimed: Option<ClaimedKey>,
) -> Result<NewUpload, ApiError> {
    match (Box::pin(begin_upload(state, plan)).await, claimed) {
        (Ok(begun), claimed) => {
            let Begun {
                video,
                upload,
                replaced,
            } = begun;
            // Why: callers know nothing of the hidden row.
            let video = VideoView::with_events_url(state, replaced.as_ref().unwrap_or(&video));
            let answer = NewUpload { video, upload };
            if let Some(claimed) = claimed {
                let stored = answer.to_value()?;
                // Why no end for an ingest: its answer serves as long as one is stored, at most a day.
                let end = answer.upload.as_ref().map(|upload| upload.expires_at);
                let end = end.unwrap_or_else(|| state.clock.now() + Duration::days(1));
                claimed.store_answer(state, &stored, end).await?;
            }
            Ok(answer)
        }
        (Err(error), Some(claimed)) => {
            claimed.release(state).await?;
            Err(error)
        }
        (Err(error), None) => Err(error),
    }
}
