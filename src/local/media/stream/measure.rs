//! Measures of one size that was made.

use std::path::Path;

use tokio::fs;

use super::{
    super::{
        failure::{Failure, Fault},
        media_info::Rendition,
        playlist::Playlist,
    },
    claims::check_found,
    encoder::{MASTER, SOUND},
    ladder::Rung,
    plan::StreamPlan,
};

/// Seconds by which a segment may begin at another time than in the size that is followed.
const APART_S: f64 = 0.3;

/// Measures the size of `plan` that was made in `folder`; `rung` is `None` for sound alone. `reached_s` is the time that
/// ffmpeg came to. The last segment ends at the plan's length afterwards, because ffmpeg counts the picture's frames
/// alone; at `reached_s` where the file's times go backwards, so that frames were left out.
///
/// # Errors
/// [`Failure::Input`] when there is no segment, or when much less than planned could be decoded.
pub(super) async fn measure_size(
    rung: Option<&Rung>,
    folder: &Path,
    plan: &StreamPlan,
    reached_s: f64,
) -> Result<(Rendition, Playlist), Failure> {
    let name = rung.map_or(SOUND, |rung| rung.name.as_str());
    let place = folder.join(name);
    let mut playlist = Playlist::load(&place).await.unwrap_or_default();
    if playlist.0.is_empty() {
        return Err(Failure::from_input(
            Fault::Corrupt,
            "The file holds no frame that can be shown",
        ));
    }
    let found_s = playlist.duration_s().max(reached_s).min(plan.length_s);
    if !plan.is_filled() && !plan.is_torn {
        check_found(plan.length_s, found_s)?;
    }
    let end_s = if plan.is_torn { found_s } else { plan.length_s };
    playlist.extend_to(&place, end_s).await?;
    let master = fs::read_to_string(folder.join(MASTER)).await.unwrap_or_default();
    let (width, height) = rung.map_or((0, 0), |rung| (rung.width, rung.height));
    let mut rendition = measure_rendition((name, width, height), &playlist, &place, &master).await?;
    let matrix = plan
        .picture
        .as_ref()
        .map(|picture| picture.video.colour.matrix.tags().0);
    rendition.matrix = matrix.map(str::to_owned);
    Ok((rendition, playlist))
}

/// Checks that two sizes have the same segments, so that players can change between them.
///
/// # Errors
/// [`Failure::Input`] when they differ.
pub(super) fn check_segments(made: &Playlist, followed: &Playlist) -> Result<(), Failure> {
    let is_same = made.0.len() == followed.0.len()
        && made
            .0
            .iter()
            .zip(&followed.0)
            .all(|(one, other)| (one.start_s - other.start_s).abs() <= APART_S);
    if is_same {
        return Ok(());
    }
    Err(Failure::Input(
        Fault::Corrupt,
        format!(
            "The {} segments of this size do not begin with the {} of the first one",
            made.0.len(),
            followed.0.len()
        ),
    ))
}

/// Measures one rendition: bit rates from its segments, codecs from the master playlist.
async fn measure_rendition(
    (name, width, height): (&str, u32, u32),
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
        name: name.to_owned(),
        width,
        height,
        peak_bps: round_rate(peak.max(average)),
        average_bps: round_rate(average),
        codecs: find_codecs(master, name),
        matrix: None,
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
