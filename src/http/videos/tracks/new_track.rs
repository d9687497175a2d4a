//! What a request for a new track asks for, checked.

use std::fmt;

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::body::{Media, TrackBody};
use crate::domain::{TrackKind, language_name, parse_language};
use crate::http::extract::parse_json;
use crate::http::problem::{ApiError, FieldProblem};
use crate::jobs::begin::check_source_url;
use crate::jobs::tracks::{MAX_FILE_BYTES, NewTrack, TrackContentGiven};
use crate::state::AppState;
use crate::subtitles::{SubtitleFormat, Subtitles};

/// Longest name of a track, in characters.
const NAME_MAX_CHARS: usize = 100;
/// What a language has to be.
const LANGUAGE_RULE: &str = "must be a BCP 47 tag, such as en or pt-BR";

/// The query beside a file; beside JSON there is none.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrackQuery {
    /// The file's language, a BCP 47 tag. A file needs it.
    #[param(min_length = 2, max_length = 35)]
    language: Option<String>,
    /// The track's name for viewers; else that of its language.
    #[param(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// `subtitles` or `captions`; else `subtitles`.
    kind: Option<TrackKind>,
}

/// A track that the provider fetches or writes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrackRequest {
    /// A BCP 47 tag, such as `en` or `pt-BR`.
    #[schema(min_length = 2, max_length = 35)]
    language: String,
    /// The track's name for viewers; else that of its language.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// Else `subtitles`. `audio` needs a `source_url`.
    kind: Option<TrackKind>,
    /// The address of the file: https, without user and fragment, its host one of `ingest.allowed_hosts`. It may hold a
    /// secret: it is told to the provider alone, and forgotten when that has the file.
    #[schema(format = "uri", max_length = 2048, value_type = Option<String>)]
    source_url: Option<HiddenText>,
    /// True: the provider writes the track from the sound.
    generate: Option<bool>,
}

/// A track that the provider is to write as soon as there is a video.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginTrack {
    /// A BCP 47 tag, such as `en` or `pt-BR`.
    #[schema(min_length = 2, max_length = 35)]
    language: String,
    /// The track's name for viewers; else that of its language.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// Always true: a file is sent when the video is ready.
    generate: bool,
}

/// A text that shows nowhere.
#[derive(Deserialize)]
#[serde(transparent)]
struct HiddenText(String);

impl fmt::Debug for HiddenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Reads what the request asks for.
///
/// # Errors
/// 400 for the query, 422 for the body: the line of a file, or each member that is not acceptable.
pub(super) fn read_new_track(
    state: &AppState,
    id: Uuid,
    query: &TrackQuery,
    body: &TrackBody,
) -> Result<NewTrack, ApiError> {
    match body.media {
        Media::File(format) => read_file(id, query, &body.bytes, format),
        Media::Json => {
            let TrackQuery { language, name, kind } = query;
            if language.is_some() || name.is_some() || kind.is_some() {
                let detail = "Beside JSON there is no query: the body has the members.";
                return Err(ApiError::InvalidRequest(detail.to_owned()));
            }
            read_request(state, id, &parse_json(&body.bytes)?)
        }
    }
}

fn read_file(
    id: Uuid,
    query: &TrackQuery,
    bytes: &[u8],
    format: SubtitleFormat,
) -> Result<NewTrack, ApiError> {
    let invalid = |name: &str, detail: String| ApiError::InvalidRequest(format!("{name} {detail}."));
    let given = query.language.as_deref().unwrap_or_default();
    let language = parse_language(given).ok_or_else(|| invalid("language", LANGUAGE_RULE.to_owned()))?;
    let name = choose_name(query.name.as_deref(), &language).map_err(|detail| invalid("name", detail))?;
    let kind = query.kind.unwrap_or(TrackKind::Subtitles);
    if kind == TrackKind::Audio {
        return Err(invalid(
            "kind",
            "must be subtitles or captions for a file of text".to_owned(),
        ));
    }
    let subtitles =
        Subtitles::parse(bytes, format).map_err(|fault| ApiError::invalid_field("", fault.to_string()))?;
    let text = subtitles.to_webvtt();
    // Why again: SubRip grows a little when it becomes WebVTT.
    if text.len() > MAX_FILE_BYTES {
        return Err(ApiError::PayloadTooLarge);
    }
    Ok(NewTrack {
        id,
        kind,
        language,
        name,
        content: TrackContentGiven::File(text),
    })
}

fn read_request(state: &AppState, id: Uuid, request: &TrackRequest) -> Result<NewTrack, ApiError> {
    let mut problems = Vec::new();
    let mut refuse = |name: &str, detail: String| problems.push(FieldProblem::new(name, detail));
    let language = parse_language(&request.language);
    if language.is_none() {
        refuse("language", LANGUAGE_RULE.to_owned());
    }
    let language = language.unwrap_or_default();
    let name = choose_name(request.name.as_deref(), &language);
    let name = name.map_err(|detail| refuse("name", detail)).unwrap_or_default();
    let kind = request.kind.unwrap_or(TrackKind::Subtitles);
    let generate = request.generate.unwrap_or_default();
    let content = match (&request.source_url, generate) {
        (Some(_), true) => {
            refuse("generate", "must be left out beside source_url".to_owned());
            None
        }
        (None, false) => {
            refuse(
                "source_url",
                "is needed, or generate: true, or the file as text/vtt".to_owned(),
            );
            None
        }
        (None, true) if kind == TrackKind::Audio => {
            refuse(
                "kind",
                "must be subtitles or captions for a track that is generated".to_owned(),
            );
            None
        }
        (None, true) => Some(TrackContentGiven::Generate),
        (Some(url), false) => {
            let checked = check_source_url(&url.0, &state.settings.ingest);
            let checked = checked.map_err(|detail| refuse("source_url", detail));
            checked.ok().map(TrackContentGiven::Url)
        }
    };
    match content {
        Some(content) if problems.is_empty() => Ok(NewTrack {
            id,
            kind,
            language,
            name,
            content,
        }),
        _ => Err(ApiError::InvalidBody(problems)),
    }
}

/// Returns the name for viewers. An error is the end of a sentence that begins with its name.
fn choose_name(given: Option<&str>, language: &str) -> Result<String, String> {
    let Some(given) = given else {
        return Ok(language_name(language));
    };
    let name = given.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX_CHARS {
        return Err(format!("must have 1 to {NAME_MAX_CHARS} characters"));
    }
    if name.chars().any(char::is_control) {
        return Err("must hold no control character".to_owned());
    }
    Ok(name.to_owned())
}

/// Checks the tracks that are asked for with a new video. Returns language and name of each.
///
/// # Errors
/// A problem for each member that is not acceptable.
pub(in crate::http) fn check_begin_tracks(
    tracks: &[BeginTrack],
) -> Result<Vec<(String, String)>, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    let mut checked = Vec::new();
    for (place, track) in tracks.iter().enumerate() {
        let mut refuse = |member: &str, detail: String| {
            problems.push(FieldProblem::new(&format!("tracks/{place}/{member}"), detail));
        };
        let language = parse_language(&track.language);
        if language.is_none() {
            refuse("language", LANGUAGE_RULE.to_owned());
        }
        let language = language.unwrap_or_default();
        let name = choose_name(track.name.as_deref(), &language);
        let name = name.map_err(|detail| refuse("name", detail)).unwrap_or_default();
        if !track.generate {
            refuse(
                "generate",
                "must be true: a file is sent when the video is ready".to_owned(),
            );
        }
        let pair = (language, name);
        if checked.contains(&pair) {
            refuse("language", "stands there twice with the same name".to_owned());
        }
        checked.push(pair);
    }
    if problems.is_empty() {
        Ok(checked)
    } else {
        Err(problems)
    }
}
