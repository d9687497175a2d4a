//! `GET /v1/admin/usage`: how much each owner has at each provider, as JSON or CSV.
//!
//! The owners are read in pages as the client takes them. Where a page fails, the response breaks off: the JSON is not
//! closed then.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{Stream, stream};
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cut_off::CutOff;
use crate::domain::Usage;
use crate::http::accept;
use crate::http::extract::Query;
use crate::http::middleware::Admin;
use crate::http::problem::ApiError;
use crate::state::AppState;
use crate::store::Store;

/// Owners of one page.
const PAGE: i64 = 500;

/// Which videos count.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageQuery {
    /// Videos made since then alone.
    since: Option<DateTime<Utc>>,
}

/// How much each owner has at each provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageReport)]
pub(crate) struct UsageReport {
    data: Vec<Usage>,
}

/// Minutes and bytes by owner and provider, of videos that are not deleted; CSV where `Accept` prefers `text/csv`.
#[utoipa::path(
    get,
    path = "/v1/admin/usage",
    operation_id = "usage",
    tag = "admin",
    params(UsageQuery),
    responses((
        status = 200,
        description = "In the order of owners and providers.",
        content((UsageReport = "application/json"), (String = "text/csv")),
    )),
    extensions(("x-problems" = json!(["invalid_request"]))),
)]
pub(crate) async fn show_usage(
    State(state): State<AppState>,
    _admin: Admin,
    Query(query): Query<UsageQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let as_csv = accept::prefers_csv(&headers);
    // Why here: a failure of the first page is an answer of its own.
    let first = state.store.usage_behind("", query.since, PAGE).await?;
    let kind = if as_csv {
        "text/csv; charset=utf-8"
    } else {
        "application/json"
    };
    let report = Report {
        store: state.store.clone(),
        since: query.since,
        as_csv,
        next: Part::First(first),
    };
    Ok((
        [(header::CONTENT_TYPE, kind)],
        Body::from_stream(report.into_stream()),
    )
        .into_response())
}

/// A report that goes on.
struct Report {
    store: Store,
    since: Option<DateTime<Utc>>,
    as_csv: bool,
    next: Part,
}

/// The part of a [`Report`] that is written next.
enum Part {
    /// The head, and the first page; `None` where there is no row.
    First(Option<(Vec<Usage>, String)>),
    /// The page behind this owner. The flag: a row was written already.
    Behind(String, bool),
    /// Nothing.
    Over,
}

impl Report {
    async fn read_behind(&self, after: &str) -> Result<Option<(Vec<Usage>, String)>, CutOff> {
        let page = self.store.usage_behind(after, self.since, PAGE).await;
        page.map_err(|error| CutOff::log(&error.into()))
    }

    fn into_stream(self) -> impl Stream<Item = Result<Bytes, CutOff>> {
        stream::try_unfold(self, |mut report| async move {
            let (page, is_first, mut has_rows) = match std::mem::replace(&mut report.next, Part::Over) {
                Part::First(page) => (page, true, false),
                Part::Behind(after, has_rows) => (report.read_behind(&after).await?, false, has_rows),
                Part::Over => return Ok(None),
            };
            let mut text = String::new();
            if is_first {
                text.push_str(if report.as_csv {
                    Usage::CSV_HEAD
                } else {
                    "{\"data\":["
                });
            }
            match page {
                Some((rows, last)) => {
                    for row in rows {
                        if report.as_csv {
                            text.push_str(&row.to_csv());
                        } else {
                            text.push_str(if has_rows { "," } else { "" });
                            text.push_str(&serde_json::to_string(&row).unwrap_or_default());
                        }
                        has_rows = true;
                    }
                    report.next = Part::Behind(last, has_rows);
                }
                None => text.push_str(if report.as_csv { "" } else { "]}\n" }),
            }
            Ok(Some((Bytes::from(text), report)))
        })
    }
}
