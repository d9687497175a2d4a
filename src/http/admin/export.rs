//! `GET /v1/admin/owners/{owner}/export`: the videos of an owner, one JSON object a line.
//!
//! 1. The videos are read in pages, newest first, as the client takes them: memory does not grow with their number.
//! 2. Each ready video gets its addresses, signed as for a player. An address that takes a call to the provider is left
//!    out.
//! 3. The last line is a summary with the number of videos. Where a page fails, the response breaks off without it.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, stream};
use http::header;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::cut_off::CutOff;
use super::owners::Owner;
use crate::auth::Caller;
use crate::domain::Video;
use crate::http::extract::NoQuery;
use crate::http::middleware::Admin;
use crate::http::playback::{PlayerAddresses, addresses_for_export};
use crate::http::problem::ApiError;
use crate::http::videos::VideoView;
use crate::state::AppState;

/// Videos of one page.
const PAGE: i64 = 100;

/// One line of an export.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ExportLine {
    /// A video with its addresses.
    Video(Box<ExportedVideo>),
    /// The last line.
    Summary(ExportSummary),
}

/// A video of an export.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportedVideo {
    /// The video, as in a list.
    video: VideoView,
    /// The id of ours under which its provider knows it: another one than the video's after a replacement.
    reference: Uuid,
    /// Null where the video does not play, or its provider would have to be asked.
    addresses: Option<PlayerAddresses>,
}

/// The end of an export. An export without it was cut off.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportSummary {
    /// The number of lines before this one.
    videos: u64,
}

/// Every video of an owner that is not deleted, newest first, one JSON object a line, and a summary as the last line.
#[utoipa::path(
    get,
    path = "/v1/admin/owners/{owner}/export",
    operation_id = "export_owner",
    tag = "admin",
    params(("owner" = String, Path, min_length = 1, max_length = 128, description = "The owner's name, percent-encoded.")),
    responses((
        status = 200, content_type = "application/x-ndjson", body = ExportLine,
        description = "One object a line. The last line is `{\"videos\": n}`: without it the export was cut off.",
    )),
    extensions(("x-problems" = json!(["invalid_request"]))),
)]
pub(crate) async fn export_owner(
    State(state): State<AppState>,
    admin: Admin,
    _: NoQuery,
    Owner(owner): Owner,
) -> Result<Response, ApiError> {
    // Why here: a failure of the first page is an answer of its own.
    let first = state.store.page_of_owner(&owner, None, PAGE).await?;
    let export = Export {
        caller: (*admin).clone(),
        owner,
        page: Some(first),
        lines: 0,
        over: false,
        state,
    };
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    Ok((headers, Body::from_stream(export.into_stream())).into_response())
}

/// An export that goes on.
struct Export {
    state: AppState,
    caller: Caller,
    owner: String,
    /// The next page, where it was read already; `None` where it is still to be read.
    page: Option<Vec<Video>>,
    lines: u64,
    /// Set with the summary.
    over: bool,
}

impl Export {
    fn into_stream(self) -> impl Stream<Item = Result<Bytes, CutOff>> {
        stream::try_unfold((self, None), |(mut export, last)| async move {
            if export.over {
                return Ok(None);
            }
            match export.next_part(last).await {
                Ok((part, last)) => Ok(Some((part, (export, last)))),
                Err(error) => Err(CutOff::log(&error)),
            }
        })
    }

    /// Returns the lines of the page behind `last`, and its last video; the summary behind the last page.
    async fn next_part(&mut self, last: Option<Uuid>) -> Result<(Bytes, Option<Uuid>), ApiError> {
        let page = match self.page.take() {
            Some(page) => page,
            None => self.state.store.page_of_owner(&self.owner, last, PAGE).await?,
        };
        let mut part = Vec::new();
        let end = page.last().map(|video| video.id);
        for video in page {
            let addresses = addresses_for_export(&self.state, &self.caller, &video).await?;
            let reference = video.reference();
            let video = VideoView::new(&self.state, &video);
            write_line(
                &mut part,
                &ExportLine::Video(Box::new(ExportedVideo {
                    video,
                    reference,
                    addresses,
                })),
            )?;
            self.lines += 1;
        }
        if end.is_none() {
            self.over = true;
            write_line(
                &mut part,
                &ExportLine::Summary(ExportSummary { videos: self.lines }),
            )?;
        }
        Ok((part.into(), end))
    }
}

fn write_line(part: &mut Vec<u8>, line: &ExportLine) -> Result<(), ApiError> {
    serde_json::to_writer(&mut *part, line).map_err(|error| ApiError::Internal(Box::new(error)))?;
    part.push(b'\n');
    Ok(())
}
