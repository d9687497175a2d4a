//! Text tracks by URL: one try, and what comes of it.
//!
//! 1. `POST …/tracks` checks the URL and writes the track, `preparing`, with a `track_fetches` row in one transaction.
//! 2. The runner takes due rows. A try asks the source for the whole file, which is read into memory and parsed.
//!    - The source breaks off, or fails: the next try comes later; there are [`MAX_TRIES`].
//!    - The source is refused, or what it sends is no subtitles: the track becomes `errored`.
//! 3. The text is written and the row goes, and the URL with it, in one transaction with the track's `ready`: the commit point.
//!    A crash before it leaves the row due.

use std::time::Duration;

use futures::StreamExt;
use reqwest::Response;
use tokio::time::timeout;

use super::{
    answer::{Answer, Question, read_answer},
    attempt::{FULL_DISK_PAUSE, MAX_DOUBLINGS, MAX_TRIES},
    failure::FetchEnd,
    request::ask_source,
};
use crate::{
    local::{app::App, changes, store::TextFetch},
    subtitles::{SubtitleFormat, Subtitles},
};

/// Largest file of subtitles, in bytes.
pub(crate) const MAX_TEXT_BYTES: usize = 1 << 20;
/// Longest time of one try.
const TRY_TIME: Duration = Duration::from_mins(2);
/// Bytes in which `WEBVTT` stands at the beginning of a WebVTT file, also behind a byte-order mark and in UTF-16.
const SIGNATURE_WITHIN: usize = 16;

/// Makes one try at the file of a text track.
pub(super) async fn try_text_fetch(app: &App, track_id: &str) -> Result<(), sqlx::Error> {
    let Some(fetch) = app.store.find_text_fetch(track_id).await? else {
        return Ok(());
    };
    let outcome = tokio::select! {
        () = app.stop.cancelled() => return Ok(()),
        outcome = timeout(TRY_TIME, fetch_text(app, &fetch)) => outcome,
    };
    let (reason, wait) = match outcome.unwrap_or_else(|_| Err(FetchEnd::broken("The source is too slow"))) {
        Ok(text) => return changes::tracks::end_text_fetch(app, &fetch, Ok(text)).await,
        Err(FetchEnd::Refused(_, reason)) => {
            tracing::info!(track.id = track_id, reason, "a text track cannot be fetched");
            return changes::tracks::end_text_fetch(app, &fetch, Err(reason)).await;
        }
        // Why nothing: the row is still due, or gone.
        Err(FetchEnd::Stopped) => return Ok(()),
        Err(FetchEnd::NoSpace) => {
            let due = app.clock.now() + FULL_DISK_PAUSE;
            return app.store.retry_text_fetch(track_id, fetch.tries, due).await;
        }
        Err(FetchEnd::Broken(reason, wait)) => (reason, wait),
    };
    let tries = fetch.tries + 1;
    if tries >= MAX_TRIES {
        return changes::tracks::end_text_fetch(app, &fetch, Err(reason)).await;
    }
    tracing::info!(
        track.id = track_id,
        reason,
        tries,
        "a text track could not be fetched yet"
    );
    let pause = app.fetcher.options.times.pause * (1 << (tries - 1).min(MAX_DOUBLINGS));
    let due = app.clock.now() + wait.map_or(pause, |wait| wait.max(pause));
    app.store.retry_text_fetch(track_id, tries, due).await
}

/// Asks the source for the file. Returns it as WebVTT.
async fn fetch_text(app: &App, fetch: &TextFetch) -> Result<String, FetchEnd> {
    if !app.has_room()? {
        return Err(FetchEnd::NoSpace);
    }
    let response = ask_source(&app.fetcher, &fetch.url, (0, None)).await?;
    let question = Question {
        offset: 0,
        total: None,
        validator: None,
    };
    let answer = read_answer(response.status(), response.headers(), question)?;
    let Answer::Bytes(part) = answer else {
        return Err(FetchEnd::broken("The source gives no file"));
    };
    let most = MAX_TEXT_BYTES as u64;
    if part.total.is_some_and(|bytes| bytes > most) {
        return Err(FetchEnd::too_large(most));
    }
    let bytes = read_body(app, response).await?;
    if part.total.is_some_and(|total| total != bytes.len() as u64) {
        return Err(FetchEnd::broken("The source sends fewer bytes than it said"));
    }
    let text = parse_text(&bytes).map_err(FetchEnd::unreachable)?;
    Ok(text.to_webvtt())
}

/// Reads a body of at most [`MAX_TEXT_BYTES`].
async fn read_body(app: &App, response: Response) -> Result<Vec<u8>, FetchEnd> {
    let stall = app.fetcher.options.times.stall;
    let mut body = response.bytes_stream();
    let mut bytes = Vec::new();
    loop {
        let next = timeout(stall, body.next())
            .await
            .map_err(|_| FetchEnd::broken("The source stopped sending"))?;
        let Some(piece) = next else { return Ok(bytes) };
        let piece = piece.map_err(FetchEnd::from_request)?;
        if bytes.len() + piece.len() > MAX_TEXT_BYTES {
            return Err(FetchEnd::too_large(MAX_TEXT_BYTES as u64));
        }
        bytes.extend_from_slice(&piece);
    }
}

/// Reads WebVTT, or `SubRip` where the file does not begin as WebVTT does.
///
/// # Errors
/// One sentence with the line.
fn parse_text(bytes: &[u8]) -> Result<Subtitles, String> {
    let begin: Vec<u8> = bytes
        .iter()
        .take(SIGNATURE_WITHIN)
        .copied()
        .filter(|byte| *byte != 0)
        .collect();
    let is_webvtt = begin.windows(6).any(|bytes| bytes == b"WEBVTT");
    let format = if is_webvtt {
        SubtitleFormat::WebVtt
    } else {
        SubtitleFormat::SubRip
    };
    Subtitles::parse(bytes, format)
        .map_err(|fault| format!("The file is not subtitles: line {}: {}", fault.line, fault.what))
}
