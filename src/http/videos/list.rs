//! `GET /v1/videos`: an owner's videos, or for admins everybody's, in pages, newest first.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::VideoView;
use crate::domain::ShownStatus;
use crate::http::extract::Query;
use crate::http::middleware::Viewer;
use crate::http::pagination::{cut_page, read_cursor, rows_to_read};
use crate::http::problem::ApiError;
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

/// The caller's videos, newest first; admins see everybody's.
#[utoipa::path(
    get,
    path = "/v1/videos",
    operation_id = "list",
    tag = "videos",
    params(ListQuery),
    responses(
        (status = 200, body = VideoPage, headers(("Link" = String, description = "The next page, as `rel=\"next\"`."))),
    ),
    extensions(("x-act" = json!("see")), ("x-problems" = json!(["invalid_request", "invalid_cursor"]))),
)]
pub(crate) async fn list_videos(
    State(state): State<AppState>,
    caller: Viewer,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let (filter, limit) = filter_and_limit(&caller, &query)?;
    let videos = state.store.list_videos(&filter).await?;
    let (videos, next_cursor) = cut_page(videos, limit, |video| video.id);
    let link = next_cursor
        .as_ref()
        .map(|cursor| next_link(state.settings.http.path_prefix(), &query, limit, cursor));
    let data = videos.iter().map(|video| VideoView::new(&state, video)).collect();
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

/// Returns the store's filter and the page's size. Callers other than admins are bound to their own videos.
fn filter_and_limit(caller: &Viewer, query: &ListQuery) -> Result<(VideoFilter, usize), ApiError> {
    let limit = query.limit.unwrap_or(20);
    if !(1..=100).contains(&limit) {
        return Err(ApiError::InvalidRequest("limit must lie in 1 to 100.".to_owned()));
    }
    let limit = usize::from(limit);
    let owner = match (&query.owner, caller.is_admin()) {
        (owner, true) => owner.clone(),
        (Some(_), false) => return Err(ApiError::Forbidden("owner= needs the scope video:admin.")),
        (None, false) => Some(caller.owner().to_owned()),
    };
    let filter = VideoFilter {
        owner,
        status: query.status,
        external_id: query.external_id.clone(),
        provider: query.provider.clone(),
        before: read_cursor(query.cursor.as_deref())?,
        limit: rows_to_read(limit),
    };
    Ok((filter, limit))
}

/// Writes the `Link` to the next page (RFC 8288), relative to the service's address: the same query with the new
/// cursor.
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
