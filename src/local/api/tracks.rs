//! `/video/v1/assets/{id}/tracks`.

use axum::{
    body::Bytes,
    extract::{FromRequest, Path, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};

use super::{
    body::{Body, optional_choice, optional_flag, optional_text},
    envelope::{check_id, data_response},
    page,
    settings::MAX_PASSTHROUGH,
};
use crate::{
    local::{
        app::App,
        changes::tracks::{self, TrackOutcome},
        error::MuxError,
        fetch::{MAX_TEXT_BYTES, check_url},
        media::{is_language, language_name},
        store::{NewTrack, TrackKind, TrackSource},
        view,
    },
    subtitles::{SubtitleFormat, Subtitles},
};

/// Longest name of a track, in characters.
const MAX_NAME: usize = 255;

/// A body of at most [`MAX_TEXT_BYTES`].
pub(crate) struct TextBody(Bytes);

impl<S: Send + Sync> FromRequest<S> for TextBody {
    type Rejection = MuxError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, MuxError> {
        // Why one byte more: a body of that length is read, and known to be too large.
        match axum::body::to_bytes(request.into_body(), MAX_TEXT_BYTES + 1).await {
            Ok(bytes) if bytes.len() <= MAX_TEXT_BYTES => Ok(Self(bytes)),
            _ => Err(MuxError::too_large(MAX_TEXT_BYTES as u64)),
        }
    }
}

/// `PUT /assets/{id}/tracks?language_code=&name=&closed_captions=&passthrough=` with subtitles as its body: 201 with the track,
/// `ready`. The call is this provider's own, because it wants no URL. 400 names the line of a fault.
pub(crate) async fn put_text_track(
    State(app): State<App>,
    Path(id): Path<String>,
    query: page::Query,
    headers: HeaderMap,
    TextBody(body): TextBody,
) -> Result<Response, MuxError> {
    let id = check_id(&id, "Asset")?;
    let format = read_format(&headers)?;
    let new = read_query(&query)?;
    let text = Subtitles::parse(&body, format)
        .map_err(|fault| MuxError::invalid(format!("line {}: {}", fault.line, fault.what)))?
        .to_webvtt();
    if !app.has_room()? {
        return Err(MuxError::disk_full(app.settings.min_free_bytes).retry_after(60));
    }
    track_response(&app, tracks::add_text(&app, id, &new, &text).await?)
}

/// `POST /assets/{id}/tracks` `{url, type: "text", text_type: "subtitles", language_code, name?, closed_captions?,
/// passthrough?}`: 201 with the track, `preparing`. Its file, WebVTT or `SubRip`, is fetched in the background. 400 for a
/// URL that the rules refuse.
pub(crate) async fn create_track(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<Response, MuxError> {
    let id = check_id(&id, "Asset")?;
    match optional_choice(&body, "type", &["text", "audio"])?.as_deref() {
        Some("text") => {}
        Some(_) => return Err(MuxError::unsupported("A sound by URL")),
        None => return Err(MuxError::invalid("type must be one of text, audio")),
    }
    optional_choice(&body, "text_type", &["subtitles"])?;
    let url = optional_text(&body, "url", usize::MAX)?;
    let url = url.ok_or_else(|| MuxError::invalid("url is missing"))?;
    check_url(&app.fetcher.options, &url).map_err(|problem| MuxError::invalid(format!("url {problem}")))?;
    let language = optional_text(&body, "language_code", usize::MAX)?;
    let new = new_text(
        check_language(language.as_deref())?,
        optional_text(&body, "name", MAX_NAME)?,
        optional_flag(&body, "closed_captions")?.unwrap_or_default(),
        optional_text(&body, "passthrough", MAX_PASSTHROUGH)?,
    );
    if !app.has_room()? {
        return Err(MuxError::disk_full(app.settings.min_free_bytes).retry_after(60));
    }
    track_response(&app, tracks::request_text(&app, id, &new, &url).await?)
}

/// Returns the values of a text track that a caller sends or names. Without a name it has the language's.
fn new_text(
    language: &str,
    name: Option<String>,
    closed_captions: bool,
    passthrough: Option<String>,
) -> NewTrack {
    let name = name.filter(|name| !name.is_empty());
    NewTrack {
        kind: TrackKind::Text,
        source: TrackSource::Uploaded,
        stream: None,
        name: name.unwrap_or_else(|| language_name(language).to_owned()),
        language_code: Some(language.to_owned()),
        closed_captions,
        channels: None,
        passthrough,
    }
}

/// Returns 201 with the track, or the refusal.
fn track_response(app: &App, outcome: TrackOutcome) -> Result<Response, MuxError> {
    match outcome {
        TrackOutcome::Added(track) => Ok(data_response(
            StatusCode::CREATED,
            &view::track_json(&track, None),
        )),
        TrackOutcome::Errored => Err(MuxError::invalid("The asset is errored: it takes no track")),
        TrackOutcome::TooMany => Err(MuxError::invalid("The asset has as many tracks as one may have")),
        TrackOutcome::NoRoom(kept) => Err(MuxError::over_share(kept, app.settings.max_bytes_per_owner)),
        TrackOutcome::Unknown => Err(MuxError::not_found("Asset")),
    }
}

/// Reads the format of the body from its media type.
fn read_format(headers: &HeaderMap) -> Result<SubtitleFormat, MuxError> {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    match media_type.trim().to_ascii_lowercase().as_str() {
        "text/vtt" => Ok(SubtitleFormat::WebVtt),
        "application/x-subrip" => Ok(SubtitleFormat::SubRip),
        _ => Err(MuxError::invalid(
            "The body must be text/vtt or application/x-subrip",
        )),
    }
}

/// Reads the query of [`put_text_track`].
fn read_query(query: &page::Query) -> Result<NewTrack, MuxError> {
    let text = |name: &str, most: usize| match query.get(name).filter(|text| !text.is_empty()) {
        Some(text) if text.chars().count() > most => Err(MuxError::invalid(format!(
            "{name} must have at most {most} characters"
        ))),
        Some(text) if text.contains('\0') => {
            Err(MuxError::invalid(format!("{name} must not contain U+0000")))
        }
        other => Ok(other.cloned()),
    };
    let closed_captions = match query.get("closed_captions").map(String::as_str) {
        Some("true") => true,
        None | Some("" | "false") => false,
        Some(_) => return Err(MuxError::invalid("closed_captions must be true or false")),
    };
    let language = check_language(query.get("language_code").map(String::as_str))?;
    Ok(new_text(
        language,
        text("name", MAX_NAME)?,
        closed_captions,
        text("passthrough", MAX_PASSTHROUGH)?,
    ))
}

/// Checks `language_code`, which every text track has.
fn check_language(given: Option<&str>) -> Result<&str, MuxError> {
    given.filter(|language| is_language(language)).ok_or_else(|| {
        MuxError::invalid("language_code must be a language by BCP 47, such as \"en\" or \"pt-BR\"")
    })
}

/// `DELETE /assets/{id}/tracks/{track}`: 204, and the track is served no more; see [`tracks::delete_track`]. 400 for the
/// picture and the first sound, which stay.
pub(crate) async fn delete_track(
    State(app): State<App>,
    Path((id, track)): Path<(String, String)>,
) -> Result<StatusCode, MuxError> {
    let (id, track) = (check_id(&id, "Asset")?, check_id(&track, "Track")?);
    if tracks::delete_track(&app, id, track).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let asset = app.store.find_asset(id).await?;
    let is_main = asset.and_then(|asset| asset.media).is_some_and(|media| {
        [&media.0.video_track, &media.0.audio_track]
            .iter()
            .any(|id| *id == track)
    });
    if is_main {
        return Err(MuxError::invalid(
            "The picture and the first sound cannot be deleted",
        ));
    }
    Err(MuxError::not_found("Track"))
}

/// `POST /assets/{id}/tracks/{track}/generate-subtitles`: 400, nothing listens here.
pub(crate) async fn refuse_generation() -> MuxError {
    MuxError::unsupported("Generating subtitles")
}
