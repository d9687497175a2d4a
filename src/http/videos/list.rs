//! `GET /v1/videos`: an owner's videos, or for admins everybody's, in pages, and how many there are.

use std::fmt;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use http::{HeaderValue, header};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::counts::{VideoCounts, count_videos};
use super::view::VideoView;
use crate::domain::ShownStatus;
use crate::http::extract::Query;
use crate::http::middleware::Viewer;
use crate::http::pagination::{read_cursor, write_cursor};
use crate::http::problem::ApiError;
use crate::state::AppState;
use crate::store::{ListOrder, VideoFilter};

/// The longest `q`, in characters: as long as a title.
const MAX_TEXT: usize = 512;

/// The query of a list.
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Videos whose title contains this, whatever the case of its letters; or one of whose ids it is: the video's own, the
    /// external id, or the upload's, the asset's or the playback id at the provider. White space at both ends is dropped;
    /// an empty text is no filter. At most 512 characters.
    #[param(max_length = 512)]
    q: Option<String>,
    /// Videos with this status alone. It may stand there several times: `status=ready&status=errored`.
    #[param(style = Form, explode, value_type = Option<Vec<ShownStatus>>)]
    status: Vec<ShownStatus>,
    /// Videos with this external id alone.
    external_id: Option<String>,
    /// Videos at this provider alone.
    provider: Option<String>,
    /// Videos of this owner alone: for admins.
    owner: Option<String>,
    /// Videos made at this time or later, to the millisecond.
    created_after: Option<DateTime<Utc>>,
    /// Videos made before this time, to the millisecond.
    created_before: Option<DateTime<Utc>>,
    /// Which come first; `newest` where it is not given.
    #[param(inline)]
    order: Option<Order>,
    /// The page also has `counts`. They are of an owner and a provider: with any other filter `true` is a 400.
    count: Option<bool>,
    /// Videos of one page at most; 20 where it is not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<String>,
}

/// The order of a list: by the time of creation, to the millisecond.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// The newest video first.
    Newest,
    /// The oldest video first.
    Oldest,
}

/// The names of [`ListQuery`], for an error.
const QUERY_NAMES: &[&str] = &[
    "q",
    "status",
    "external_id",
    "provider",
    "owner",
    "created_after",
    "created_before",
    "order",
    "count",
    "limit",
    "cursor",
];

// Why by hand: a parameter may stand there several times, which serde's derived code refuses.
impl<'de> Deserialize<'de> for ListQuery {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct QueryVisitor;
        impl<'de> Visitor<'de> for QueryVisitor {
            type Value = ListQuery;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("query parameters")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut given: A) -> Result<ListQuery, A::Error> {
                let mut query = ListQuery::default();
                while let Some(key) = given.next_key::<String>()? {
                    let is_new = match key.as_str() {
                        "q" => query.q.replace(given.next_value()?).is_none(),
                        "status" => {
                            let status = given.next_value()?;
                            let is_new = !query.status.contains(&status);
                            query.status.push(status);
                            is_new
                        }
                        "external_id" => query.external_id.replace(given.next_value()?).is_none(),
                        "provider" => query.provider.replace(given.next_value()?).is_none(),
                        "owner" => query.owner.replace(given.next_value()?).is_none(),
                        "created_after" => query.created_after.replace(given.next_value()?).is_none(),
                        "created_before" => query.created_before.replace(given.next_value()?).is_none(),
                        "order" => query.order.replace(given.next_value()?).is_none(),
                        "count" => query.count.replace(given.next_value()?).is_none(),
                        "limit" => query.limit.replace(given.next_value()?).is_none(),
                        "cursor" => query.cursor.replace(given.next_value()?).is_none(),
                        _ => return Err(A::Error::unknown_field(&key, QUERY_NAMES)),
                    };
                    if !is_new {
                        return Err(A::Error::custom(format_args!("{key:?} stands there twice")));
                    }
                }
                Ok(query)
            }
        }
        deserializer.deserialize_map(QueryVisitor)
    }
}

/// One page of videos.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VideoPage {
    /// In the order asked for. A page may be short, or even empty, although there is a next one.
    data: Vec<VideoView>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
    /// How many videos there are by status; only with `count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    counts: Option<VideoCounts>,
}

/// The caller's videos, newest first; admins see everybody's.
///
/// `q` has no index, nor have `status` and `provider` beside `external_id`. A request applies them to at most 10,000 videos,
/// in order. So a page may be short, or even empty, and still have a `next_cursor`: go on until it is null.
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
    let filter = make_filter(&caller, &query)?;
    let counts = if query.count == Some(true) {
        Some(count_videos(&state, &filter).await?)
    } else {
        None
    };
    let page = state.store.list_videos(&filter).await?;
    let next_cursor = page.next.map(write_cursor);
    let link = next_cursor
        .as_ref()
        .map(|cursor| next_link(state.settings.http.path_prefix(), &query, filter.limit, cursor));
    let data = page
        .videos
        .iter()
        .map(|video| VideoView::new(&state, video))
        .collect();
    let mut response = Json(VideoPage {
        data,
        next_cursor,
        counts,
    })
    .into_response();
    if let Some(value) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        response.headers_mut().insert(header::LINK, value);
    }
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    Ok(response)
}

/// Makes the store's filter. Callers other than admins are bound to their own videos.
fn make_filter(caller: &Viewer, query: &ListQuery) -> Result<VideoFilter, ApiError> {
    let limit = query.limit.unwrap_or(20);
    if !(1..=100).contains(&limit) {
        return Err(ApiError::InvalidRequest("limit must lie in 1 to 100.".to_owned()));
    }
    let visible = caller.visible();
    let (owner, named) = match (&query.owner, visible.all) {
        (owner, true) => (owner.clone(), None),
        (Some(_), false) => {
            return Err(ApiError::Forbidden(
                "owner= needs a scope that sees everybody's videos.",
            ));
        }
        (None, false) => (visible.owner, visible.named),
    };
    let text = query.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > MAX_TEXT) {
        let detail = format!("q must have at most {MAX_TEXT} characters.");
        return Err(ApiError::InvalidRequest(detail));
    }
    let filter = VideoFilter {
        owner,
        named,
        statuses: query.status.clone(),
        external_id: query.external_id.clone(),
        provider: query.provider.clone(),
        text: text.map(str::to_owned),
        created_from: query.created_after,
        created_before: query.created_before,
        order: match query.order {
            None | Some(Order::Newest) => ListOrder::Newest,
            Some(Order::Oldest) => ListOrder::Oldest,
        },
        after: read_cursor(query.cursor.as_deref())?,
        limit,
    };
    let is_counted = query.count == Some(true);
    if is_counted && filter.named.is_some() {
        let detail = "count=true is for tokens whose claim videos does not name single videos.";
        return Err(ApiError::InvalidRequest(detail.to_owned()));
    }
    if is_counted && filter.has_more_than_owner_and_provider() {
        let detail = "count=true goes with owner and provider, and with no other filter.";
        return Err(ApiError::InvalidRequest(detail.to_owned()));
    }
    Ok(filter)
}

/// Writes the `Link` to the next page (RFC 8288), relative to the service's address: the same query with the new
/// cursor.
fn next_link(prefix: &str, query: &ListQuery, limit: u16, cursor: &str) -> String {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let order = query.order.map(|order| match order {
        Order::Newest => "newest",
        Order::Oldest => "oldest",
    });
    let texts = [
        ("q", query.q.clone()),
        ("external_id", query.external_id.clone()),
        ("provider", query.provider.clone()),
        ("owner", query.owner.clone()),
        ("created_after", query.created_after.map(time)),
        ("created_before", query.created_before.map(time)),
        ("order", order.map(str::to_owned)),
    ];
    for (name, value) in texts {
        if let Some(value) = value {
            pairs.append_pair(name, &value);
        }
    }
    for status in &query.status {
        pairs.append_pair("status", status.as_str());
    }
    // Why without `count`: the counts stay as they are while a client goes through the pages.
    pairs
        .append_pair("limit", &limit.to_string())
        .append_pair("cursor", cursor);
    format!("<{prefix}/v1/videos?{}>; rel=\"next\"", pairs.finish())
}
