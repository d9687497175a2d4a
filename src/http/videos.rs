//! Videos: one, and in pages.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::error::ApiError;
use super::extract::{Id, NoQuery, Query};
use super::view::{VideoView, etag};
use crate::auth::Caller;
use crate::domain::{ShownStatus, Video};
use crate::state::AppState;
use crate::store::VideoFilter;

/// The query of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Videos with this status alone.
    status: Option<ShownStatus>,
    /// Videos with this external id alone.
    external_id: Option<String>,
    /// Videos at this provider alone.
    provider: Option<String>,
    /// Videos of this owner alone: for admins.
    owner: Option<String>,
    /// Videos of one page; 20 where it is not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<String>,
}

/// One page of videos.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VideoPage {
    /// Newest first.
    data: Vec<VideoView>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// One video.
#[utoipa::path(
    get,
    path = "/v1/videos/{id}",
    tag = "videos",
    params(
        ("id" = Uuid, Path, description = "The video."),
        ("If-None-Match" = Option<String>, Header, description = "An ETag that is known already."),
    ),
    responses(
        (status = 200, body = VideoView, headers(
            ("ETag" = String, description = "Names this version: for If-None-Match and If-Match."),
            ("Retry-After" = u32, description = "When to ask again, in seconds, while it is being prepared."),
        )),
        (status = 304, description = "The known version is the current one.", headers(
            ("ETag" = String, description = "Names this version."),
            ("Retry-After" = u32, description = "When to ask again, in seconds, while it is being prepared."),
        )),
    ),
    extensions(("x-problems" = json!(["invalid_request", "not_found"]))),
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    _: NoQuery,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let video = managed(&state, &caller, id).await?;
    let known = headers.get(header::IF_NONE_MATCH);
    let fresh = known.is_some_and(|given| matches_etag(given, &etag(&state, &video)));
    let mut response = with_etag(&state, &video);
    if fresh {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = axum::body::Body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    Ok(response)
}

/// A single video with its tag, and a hint when to ask again while it is being prepared.
pub(crate) fn with_etag(state: &AppState, video: &Video) -> Response {
    let mut response = Json(VideoView::single(state, video)).into_response();
    let out = response.headers_mut();
    out.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    if let Ok(value) = HeaderValue::from_str(&etag(state, video)) {
        out.insert(header::ETAG, value);
    }
    if matches!(
        video.status,
        ShownStatus::Created | ShownStatus::Waiting | ShownStatus::Preparing
    ) {
        out.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    response
}

/// The caller's videos, newest first; admins see everybody's.
#[utoipa::path(
    get,
    path = "/v1/videos",
    tag = "videos",
    params(ListQuery),
    responses(
        (status = 200, body = VideoPage, headers(("Link" = String, description = "The next page, as `rel=\"next\"`."))),
    ),
    extensions(("x-problems" = json!(["invalid_request", "invalid_cursor"]))),
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let filter = filter(&caller, &query)?;
    let limit = usize::try_from(filter.limit - 1).unwrap_or_default();
    let mut videos = state.store.list_videos(&filter).await?;
    let more = videos.len() > limit;
    videos.truncate(limit);
    let next_cursor = videos.last().filter(|_| more).map(|last| write_cursor(last.id));
    let link = next_cursor
        .as_ref()
        .map(|cursor| next_link(state.settings.http.path_prefix(), &query, limit, cursor));
    let data = videos.iter().map(|video| VideoView::of(&state, video)).collect();
    let mut response = Json(VideoPage { data, next_cursor }).into_response();
    if let Some(value) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        response.headers_mut().insert(header::LINK, value);
    }
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    Ok(response)
}

/// The video, where the caller may see and change it; else it does not exist.
pub(crate) async fn managed(state: &AppState, caller: &Caller, id: Uuid) -> Result<Video, ApiError> {
    state
        .store
        .video(id)
        .await?
        .filter(|video| caller.may_manage(video))
        .ok_or(ApiError::NotFound)
}

/// The store's filter, with one row more than the page so that its end is known.
fn filter(caller: &Caller, query: &ListQuery) -> Result<VideoFilter, ApiError> {
    let limit = query.limit.unwrap_or(20);
    if !(1..=100).contains(&limit) {
        return Err(ApiError::InvalidRequest("limit must lie in 1 to 100.".to_owned()));
    }
    let owner = match (&query.owner, caller.is_admin()) {
        (owner, true) => owner.clone(),
        (Some(_), false) => return Err(ApiError::Forbidden("owner= needs the scope video:admin.")),
        (None, false) => Some(caller.owner().to_owned()),
    };
    Ok(VideoFilter {
        owner,
        status: query.status,
        external_id: query.external_id.clone(),
        provider: query.provider.clone(),
        before: query.cursor.as_deref().map(read_cursor).transpose()?,
        limit: i64::from(limit) + 1,
    })
}

/// Where a page ended, opaque to callers.
pub(crate) fn write_cursor(last: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(last.as_bytes())
}

/// The other way round.
pub(crate) fn read_cursor(text: &str) -> Result<Uuid, ApiError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| ApiError::InvalidCursor)?;
    Uuid::from_slice(&bytes).map_err(|_| ApiError::InvalidCursor)
}

/// RFC 8288, relative: the same list, one page on.
fn next_link(prefix: &str, query: &ListQuery, limit: usize, cursor: &str) -> String {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    let texts = [
        ("external_id", &query.external_id),
        ("provider", &query.provider),
        ("owner", &query.owner),
    ];
    for (name, value) in texts {
        if let Some(value) = value {
            pairs.append_pair(name, value);
        }
    }
    if let Some(status) = query.status {
        pairs.append_pair("status", status.as_str());
    }
    pairs
        .append_pair("limit", &limit.to_string())
        .append_pair("cursor", cursor);
    format!("<{prefix}/v1/videos?{}>; rel=\"next\"", pairs.finish())
}

/// RFC 9110, 13.1.2: weak comparison with any of a list.
pub(crate) fn matches_etag(given: &HeaderValue, etag: &str) -> bool {
    let text = given.to_str().unwrap_or_default();
    text.split(',')
        .map(str::trim)
        .any(|one| one == "*" || one.trim_start_matches("W/") == etag)
}
