//! Tracks in a stream's playlists: subtitles, and further sounds.
//!
//! Subtitles are one WebVTT file. Players get it whole, or as segments in step with the picture's: each is made for its response,
//! and named by the part of the stream that it is for, in milliseconds. So its content never changes under one address.

use std::fmt::Write as _;

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};

use super::{access::Grant, clip::Clip, file, headers, playlist};
use crate::{
    local::{
        app::App,
        error::MuxError,
        media::Segment,
        store::{Track, TrackKind},
    },
    subtitles::{SubtitleFault, SubtitleFormat, Subtitles},
};

/// The groups of the multivariant playlist.
pub(super) const SUBTITLES_GROUP: &str = "subs";
pub(super) const SOUNDS_GROUP: &str = "audio";
/// The media type of WebVTT.
const WEBVTT: &str = "text/vtt";
/// The time of a stream's beginning in its MPEG-TS segments, 1.4 s in 1/90000 s, and in WebVTT. Every segment of every size and
/// sound counts from there; see `media::stream::encoder`.
const TIMESTAMP_MAP: &str = "MPEGTS:126000,LOCAL:00:00:00.000";
/// What captions tell beside speech. Source: HLS authoring specification.
const CAPTIONS: &str =
    "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound";

/// The tracks of an asset that viewers may have.
pub(super) struct ReadyTracks {
    texts: Vec<Track>,
    pub(super) sounds: Vec<Track>,
}

impl ReadyTracks {
    /// Loads the tracks of the granted asset.
    pub(super) async fn load(app: &App, grant: &Grant) -> Result<Self, MuxError> {
        let tracks = app.store.list_tracks(&grant.asset.id).await?;
        let (texts, sounds) = tracks
            .into_iter()
            .filter(Track::is_ready)
            .partition(|track| track.kind == TrackKind::Text);
        Ok(Self { texts, sounds })
    }

    /// Returns a text track. 404 for an unknown one.
    fn find_text(&self, id: &str) -> Result<&Track, MuxError> {
        let found = self.texts.iter().find(|track| track.id == id);
        found.ok_or_else(|| MuxError::not_found("Track"))
    }

    /// Returns the `#EXT-X-MEDIA` lines of the multivariant playlist. `below` is the query of every address.
    pub(super) fn media_lines(&self, grant: &Grant, below: &str) -> String {
        let mut text = String::new();
        let id = &grant.playback_id;
        if !self.sounds.is_empty() {
            let mut names = Names::default();
            let (name, language) = grant.media.sound_name();
            let first = Attributes::new("AUDIO", SOUNDS_GROUP, &names.unused(name), language);
            // Why without an address: the first sound lies in the segments of the picture.
            let first = first.with_default(true).with_channels(grant.media.channels);
            let _ = writeln!(text, "{}", first.0);
            for track in &self.sounds {
                let name = names.unused(&track.name);
                let line = Attributes::new("AUDIO", SOUNDS_GROUP, &name, track.language_code.as_deref());
                let line = line
                    .with_default(false)
                    .with_channels(track.channels.unwrap_or(2));
                let _ = writeln!(text, "{},URI=\"{id}/rendition/{}.m3u8{below}\"", line.0, track.id);
            }
        }
        let mut names = Names::default();
        let default = self.default_text(grant);
        for track in &self.texts {
            let name = names.unused(&track.name);
            let line = Attributes::new(
                "SUBTITLES",
                SUBTITLES_GROUP,
                &name,
                track.language_code.as_deref(),
            );
            let mut line = line.with_default(default == Some(track.id.as_str())).0;
            line.push_str(",FORCED=NO");
            if track.closed_captions {
                let _ = write!(line, ",CHARACTERISTICS=\"{CAPTIONS}\"");
            }
            let _ = writeln!(text, "{line},URI=\"{id}/text/{}.m3u8{below}\"", track.id);
        }
        text
    }

    /// Returns the attributes that name the groups in each `#EXT-X-STREAM-INF`.
    pub(super) fn group_attributes(&self) -> String {
        let mut text = String::new();
        if !self.sounds.is_empty() {
            let _ = write!(text, ",AUDIO=\"{SOUNDS_GROUP}\"");
        }
        if !self.texts.is_empty() {
            let _ = write!(text, ",SUBTITLES=\"{SUBTITLES_GROUP}\"");
        }
        text
    }

    /// Returns the id of the text track that `default_subtitles_lang` names: the first of that language, else the first whose
    /// language begins alike.
    fn default_text(&self, grant: &Grant) -> Option<&str> {
        let wanted = grant.params.text("default_subtitles_lang")?;
        let begin = |language: &str| {
            language
                .split('-')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase()
        };
        let of = |matches: &dyn Fn(&str) -> bool| {
            let found = self
                .texts
                .iter()
                .find(|track| track.language_code.as_deref().is_some_and(matches));
            found.map(|track| track.id.as_str())
        };
        of(&|language| language.eq_ignore_ascii_case(wanted))
            .or_else(|| of(&|language| begin(language) == begin(wanted)))
    }
}

/// The attributes of one `#EXT-X-MEDIA` line.
struct Attributes(String);

impl Attributes {
    fn new(kind: &str, group: &str, name: &str, language: Option<&str>) -> Self {
        let mut line = format!("#EXT-X-MEDIA:TYPE={kind},GROUP-ID=\"{group}\",NAME=\"{name}\"");
        if let Some(language) = language {
            let _ = write!(line, ",LANGUAGE=\"{}\"", quotable(language));
        }
        Self(line)
    }

    fn with_default(mut self, default: bool) -> Self {
        let default = if default { "YES" } else { "NO" };
        let _ = write!(self.0, ",DEFAULT={default},AUTOSELECT=YES");
        self
    }

    fn with_channels(mut self, channels: u32) -> Self {
        let _ = write!(self.0, ",CHANNELS=\"{}\"", channels.clamp(1, 2));
        self
    }
}

/// The names of one group, of which no two may be equal.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    /// Returns the name as it may stand between quotes, with a number behind it where another track has it already.
    fn unused(&mut self, name: &str) -> String {
        let name = quotable(name);
        let mut unused = name.clone();
        let mut number = 2_u32;
        while self.0.contains(&unused) {
            unused = format!("{name} ({number})");
            number += 1;
        }
        self.0.push(unused.clone());
        unused
    }
}

/// Returns a text without what would end a quoted attribute or its line.
fn quotable(text: &str) -> String {
    let kept = |c: char| match c {
        '"' => '\'',
        // Why these two as well: some readers end lines at them.
        c if c.is_control() || c == '\u{2028}' || c == '\u{2029}' => ' ',
        c => c,
    };
    text.chars().map(kept).collect()
}

/// Serves a text track: `{id}.vtt` whole, or `{id}.m3u8`, the playlist of its segments.
pub(crate) async fn serve_text(
    app: &App,
    grant: &Grant,
    name: &str,
    request: &HeaderMap,
) -> Result<Response, MuxError> {
    let tracks = ReadyTracks::load(app, grant).await?;
    let (id, ending) = name.split_once('.').unwrap_or((name, ""));
    let track = tracks.find_text(id)?;
    match ending {
        "vtt" => {
            let path = app.folders.text_file(&grant.asset.id, &track.id);
            file::serve_file(app, grant, &path, WEBVTT, request).await
        }
        "m3u8" => text_playlist(app, grant, &track.id).await,
        _ => Err(MuxError::not_found("File")),
    }
}

/// Returns the playlist of a text track: a segment for each one of the picture within the [`Clip`].
async fn text_playlist(app: &App, grant: &Grant, id: &str) -> Result<Response, MuxError> {
    let clip = Clip::from_grant(grant)?;
    let main = playlist::main_playlist(app, grant).await?;
    let token = grant.token_query();
    let segments: Vec<&Segment> = main.segments_between(clip.from_s, clip.to_s).collect();
    let text = playlist::media_playlist(&segments, |segment| {
        let (from, to) = (
            millis(segment.start_s),
            millis(segment.start_s + segment.duration_s),
        );
        format!("{id}/{from}-{to}.vtt{token}")
    });
    Ok(playlist::playlist_response(grant, text).into_response())
}

/// Serves one segment of a text track, `{from}-{to}.vtt`: the cues that are shown at some moment of this part.
pub(crate) async fn serve_text_segment(
    app: &App,
    grant: &Grant,
    (id, name): (&str, &str),
) -> Result<Response, MuxError> {
    let part = parse_part(name).ok_or_else(|| MuxError::not_found("Segment"))?;
    let tracks = ReadyTracks::load(app, grant).await?;
    let track = tracks.find_text(id)?;
    let path = app.folders.text_file(&grant.asset.id, &track.id);
    let bytes = tokio::fs::read(path).await?;
    // Why on a thread of its own: the largest file takes some ten milliseconds.
    let cut = tokio::task::spawn_blocking(move || {
        let subtitles = Subtitles::parse(&bytes, SubtitleFormat::WebVtt)?;
        Ok::<_, SubtitleFault>(subtitles.segment(part.0, part.1, Some(TIMESTAMP_MAP)))
    });
    let text = cut
        .await
        .map_err(|error| MuxError::internal(&error))?
        .map_err(|fault| MuxError::internal(&format!("a stored text track: {fault}")))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(WEBVTT)),
        (header::CACHE_CONTROL, headers::cache_control(app, grant)),
    ];
    Ok((headers, text).into_response())
}

/// Reads `{from}-{to}.vtt`, in milliseconds.
fn parse_part(name: &str) -> Option<(u64, u64)> {
    let (from, to) = name.strip_suffix(".vtt")?.split_once('-')?;
    let number = |text: &str| {
        let is_number = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u64>().ok())?
    };
    let (from, to) = (number(from)?, number(to)?);
    (from < to).then_some((from, to))
}

/// Returns whole milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a stream is 12 hours long at most"
)]
fn millis(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::{Names, parse_part};

    #[test]
    fn no_name_ends_its_quotes_or_its_line() {
        let mut names = Names::default();
        assert_eq!(names.unused("a\"b\r\n#EXT-X-ENDLIST"), "a'b  #EXT-X-ENDLIST");
        assert_eq!(names.unused("English"), "English");
        assert_eq!(names.unused("English"), "English (2)");
        assert_eq!(names.unused("English"), "English (3)");
    }

    #[test]
    fn parts_are_numbers_in_order() {
        assert_eq!(parse_part("0-4000.vtt"), Some((0, 4000)));
        for bad in [
            "4000-0.vtt",
            "4-4.vtt",
            "a-4.vtt",
            "0-4",
            "-4.vtt",
            "0-.vtt",
            "0-12345678901.vtt",
            "+1-4.vtt",
        ] {
            assert_eq!(parse_part(bad), None, "{bad}");
        }
    }
}
