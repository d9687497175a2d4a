//! What all media playlists have in common.

use std::fmt::Write as _;

use axum::{
    http::{HeaderValue, header},
    response::IntoResponse,
};

use super::access::Grant;
use crate::local::{
    app::App,
    error::MuxError,
    media::{Playlist, Segment},
};

/// The media type of playlists.
const PLAYLIST_TYPE: HeaderValue = HeaderValue::from_static("application/vnd.apple.mpegurl");
/// Signed playlists carry tokens, so no cache keeps them.
const NO_STORE: HeaderValue = HeaderValue::from_static("private, no-store");
/// Reads the playlist of the largest rendition. Those of the others have the same segments.
pub(super) async fn main_playlist(app: &App, grant: &Grant) -> Result<Playlist, MuxError> {
    let top = grant.media.top().ok_or_else(|| MuxError::not_found("Playlist"))?;
    Ok(Playlist::load(&app.folders.media_folder(&grant.asset.id).join(&top.name)).await?)
}

/// Returns a media playlist of these segments, each at the address that `address` gives.
pub(super) fn media_playlist(segments: &[&Segment], address: impl Fn(&Segment) -> String) -> String {
    let durations = segments.iter().map(|segment| segment.duration_s);
    let longest = durations.fold(1.0, f64::max).ceil();
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:{longest}\n#EXT-X-MEDIA-SEQUENCE:0\n\
         #EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n"
    );
    for segment in segments {
        let _ = write!(text, "#EXTINF:{:.6},\n{}\n", segment.duration_s, address(segment));
    }
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

/// Returns the playlist with its type. Public ones may be cached for a minute; signed ones get [`NO_STORE`].
pub(super) fn playlist_response(grant: &Grant, text: String) -> impl IntoResponse + use<> {
    let kept = match grant.token {
        Some(_) => NO_STORE,
        None => HeaderValue::from_static("public, max-age=60"),
    };
    (
        [
            (header::CONTENT_TYPE, PLAYLIST_TYPE),
            (header::CACHE_CONTROL, kept),
        ],
        text,
    )
}
