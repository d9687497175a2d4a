//! Measures of a finished transcode.

use std::path::Path;

use tokio::fs;

use super::{
    failure::Failure,
    ladder::Rung,
    media_info::{MediaInfo, Rendition},
    playlist::Playlist,
    probe::{Probe, Video},
    transcode_plan::{MASTER, SOUND},
};
use crate::local::ids;

/// Seconds by which sound must end behind the picture to count.
const BEHIND_S: f64 = 0.5;

/// Measures the stream in `folder` into [`MediaInfo`]. `reached_s` is the time that its longest stream came to.
///
/// # Errors
/// [`Failure::Input`] when a rendition has no segment.
pub(crate) async fn measure_stream(
    probe: &Probe,
    rungs: &[Rung],
    folder: &Path,
    reached_s: f64,
) -> Result<MediaInfo, Failure> {
    let master = fs::read_to_string(folder.join(MASTER)).await.unwrap_or_default();
    let sound = [Rung {
        name: SOUND.into(),
        width: 0,
        height: 0,
        peak_kbps: 0,
    }];
    let rungs = if rungs.is_empty() { &sound[..] } else { rungs };
    let (mut renditions, mut duration_s) = (Vec::new(), 0.0_f64);
    for rung in rungs {
        let place = folder.join(&rung.name);
        let mut playlist = Playlist::load(&place).await.unwrap_or_default();
        if playlist.0.is_empty() {
            return Err(Failure::from_input("The file holds no frame that can be shown"));
        }
        // Why: ffmpeg counts the picture alone. Sound that goes on behind it lies in the last segment.
        if reached_s - playlist.duration_s() > BEHIND_S {
            playlist.extend_to(&place, reached_s).await?;
        }
        duration_s = duration_s.max(playlist.duration_s());
        renditions.push(measure_rendition(rung, &playlist, &place, &master).await?);
    }
    Ok(MediaInfo {
        // Microseconds, like the times in ffmpeg's playlists.
        duration_s: (duration_s * 1e6).round() / 1e6,
        aspect_ratio: probe.video.as_ref().map(aspect_ratio),
        frame_rate: probe
            .video
            .as_ref()
            .and_then(|v| v.frame_rate)
            .map_or(-1.0, |r| (r * 1e3).round() / 1e3),
        channels: probe.audio.as_ref().map_or(0, |audio| audio.channels),
        video_track: ids::new_id(),
        audio_track: ids::new_id(),
        renditions,
    })
}

/// Measures one rendition: bit rates from its segments, codecs from the master playlist.
async fn measure_rendition(
    rung: &Rung,
    playlist: &Playlist,
    place: &Path,
    master: &str,
) -> Result<Rendition, Failure> {
    let (mut bytes, mut peak) = (0_u64, 0.0_f64);
    for segment in &playlist.0 {
        let size = fs::metadata(place.join(&segment.file)).await?.len();
        bytes += size;
        // Why at least half a second: a tiny last segment would show an absurd rate.
        peak = peak.max(bits_of(size) / segment.duration_s.max(0.5));
    }
    let average = bits_of(bytes) / playlist.duration_s().max(0.5);
    Ok(Rendition {
        name: rung.name.clone(),
        width: rung.width,
        height: rung.height,
        peak_bps: round_rate(peak.max(average)),
        average_bps: round_rate(average),
        codecs: find_codecs(master, &rung.name),
    })
}

/// Returns the bits of some bytes.
#[expect(clippy::cast_precision_loss, reason = "rates need no exact byte")]
fn bits_of(bytes: u64) -> f64 {
    bytes as f64 * 8.0
}

/// Rounds a bit rate.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are positive and small"
)]
fn round_rate(rate: f64) -> u64 {
    rate.round() as u64
}

/// Returns `CODECS` of one rendition in [`MASTER`]: from the attribute line before its address.
fn find_codecs(master: &str, name: &str) -> Option<String> {
    let address = format!("{name}/{}", Playlist::FILE);
    let mut before = "";
    for line in master.lines() {
        if line == address {
            let (_, rest) = before.split_once("CODECS=\"")?;
            return rest.split_once('"').map(|(codecs, _)| codecs.to_owned());
        }
        before = line;
    }
    None
}

/// Returns the reduced ratio, such as `16:9`.
fn aspect_ratio(video: &Video) -> String {
    let (mut a, mut b) = (video.width, video.height);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    format!("{}:{}", video.width / a.max(1), video.height / a.max(1))
}
