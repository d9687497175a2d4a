//! HLS playlists, made for each response, so that the token travels down to every segment.

use std::{fmt::Write as _, path::PathBuf};

use axum::response::IntoResponse;

use super::{
    access::Grant,
    clip::Clip,
    params::invalid_param,
    playlist::{media_playlist, playlist_response},
    tracks::ReadyTracks,
};
use crate::local::{
    app::App,
    error::MuxError,
    ids,
    media::{Playlist, Rendition, SOUND_CODEC, Segment},
};

/// Values of `min_resolution` and `max_resolution`.
const SIZES: [&str; 8] = ["270p", "360p", "480p", "540p", "720p", "1080p", "1440p", "2160p"];

/// Returns the multivariant playlist: one entry for each of [`choose_renditions`], with the token and the [`Clip`] in
/// each address.
///
/// # Errors
/// 400 for a parameter.
pub(crate) async fn master_playlist(app: &App, grant: &Grant) -> Result<impl IntoResponse + use<>, MuxError> {
    Clip::from_grant(grant)?;
    let tracks = ReadyTracks::load(app, grant).await?;
    let below = format!("{}{}", grant.token_query(), Clip::forwarded_query(grant));
    let mut text = String::from("#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    text.push_str(&tracks.media_lines(grant, &below));
    for rendition in choose_renditions(grant)? {
        let _ = write!(text, "#EXT-X-STREAM-INF:BANDWIDTH={}", rendition.peak_bps);
        let _ = write!(text, ",AVERAGE-BANDWIDTH={}", rendition.average_bps);
        if rendition.width > 0 {
            let _ = write!(text, ",RESOLUTION={}x{}", rendition.width, rendition.height);
            if grant.media.frame_rate > 0.0 {
                let _ = write!(text, ",FRAME-RATE={:.3}", grant.media.frame_rate.min(60.0));
            }
        }
        if let Some(codecs) = &rendition.codecs {
            let _ = write!(text, ",CODECS=\"{}\"", with_sounds(codecs, &tracks));
        }
        text.push_str(&tracks.group_attributes());
        let _ = write!(
            text,
            "\n{}/rendition/{}.m3u8{below}\n",
            grant.playback_id, rendition.name
        );
    }
    Ok(playlist_response(grant, text))
}

/// Returns the renditions between `min_resolution` and `max_resolution`; where there are none, the nearest one. The
/// middle one comes first, because players start with the first; `rendition_order=desc` keeps the largest first.
fn choose_renditions(grant: &Grant) -> Result<Vec<&Rendition>, MuxError> {
    let size = |name: &str| -> Result<Option<u32>, MuxError> {
        let word = grant.params.one_of(name, &SIZES)?;
        Ok(word.and_then(|word| word.trim_end_matches('p').parse().ok()))
    };
    let (least, most) = (
        size("min_resolution")?.unwrap_or(0),
        size("max_resolution")?.unwrap_or(u32::MAX),
    );
    if least > most {
        return Err(invalid_param("min_resolution", "at most max_resolution"));
    }
    let descending = grant.params.one_of("rendition_order", &["desc"])?.is_some();
    let all = &grant.media.renditions;
    let mut chosen: Vec<&Rendition> = all
        .iter()
        .filter(|one| (least..=most).contains(&one.shorter_side()))
        .collect();
    if chosen.is_empty() {
        let below = all.iter().find(|one| one.shorter_side() <= most);
        chosen.extend(below.or(all.last()));
    }
    if !descending && chosen.len() > 1 {
        // Why the middle: players start with the first entry.
        let middle = chosen.remove(chosen.len() / 2);
        chosen.insert(0, middle);
    }
    Ok(chosen)
}

/// Returns the codecs of a rendition, and of the further sounds that play beside its picture.
fn with_sounds(codecs: &str, tracks: &ReadyTracks) -> String {
    if tracks.sounds.is_empty() || codecs.split(',').any(|codec| codec == SOUND_CODEC) {
        return codecs.to_owned();
    }
    format!("{codecs},{SOUND_CODEC}")
}

/// Returns the media playlist of the rendition `name`, or of the further sound of that id: the segments within the [`Clip`].
///
/// # Errors
/// 404 for an unknown rendition, 400 for a parameter.
pub(crate) async fn rendition_playlist(
    app: &App,
    grant: &Grant,
    name: &str,
) -> Result<impl IntoResponse + use<>, MuxError> {
    let clip = Clip::from_grant(grant)?;
    let folder = segments_folder(app, grant, name).await?;
    let folder = folder.ok_or_else(|| MuxError::not_found("Playlist"))?;
    let playlist = Playlist::load(&folder).await?;
    let token = grant.token_query();
    let segments: Vec<&Segment> = playlist.segments_between(clip.from_s, clip.to_s).collect();
    let text = media_playlist(&segments, |segment| {
        format!("../segment/{name}/{}{token}", segment.file)
    });
    Ok(playlist_response(grant, text))
}

/// Returns the folder of a rendition, or of a further sound; `None` for a name that is neither.
pub(super) async fn segments_folder(
    app: &App,
    grant: &Grant,
    name: &str,
) -> Result<Option<PathBuf>, MuxError> {
    if let Some(known) = grant.media.renditions.iter().find(|one| one.name == name) {
        return Ok(Some(app.folders.media_folder(&grant.asset.id).join(&known.name)));
    }
    if !ids::is_id(name) {
        return Ok(None);
    }
    let tracks = ReadyTracks::load(app, grant).await?;
    let sound = tracks.sounds.iter().find(|track| track.id == name);
    Ok(sound.map(|track| app.folders.sound_folder(&grant.asset.id, &track.id)))
}
