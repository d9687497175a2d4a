//! What players take as it is.

use super::{
    super::source::{
        colour::Matrix,
        probe::{Audio, Fields, Video},
        timeline::{GAP_S, Timeline},
    },
    ladder::Rung,
};

/// Longest time between two keyframes of a picture that is copied, in seconds.
const LONGEST_KEY_S: f64 = 10.05;
/// Longest time between two frames of a picture that is copied, in seconds. A frame cannot be repeated without
/// encoding.
const LONGEST_COPIED_STEP_S: f64 = 1.0;
/// Longest time between decoding and showing a copied frame, in seconds: what the output's beginning has room for.
const LONGEST_LAG_S: f64 = 1.0;
/// Longest gap in a sound that is copied, in seconds.
const LONGEST_COPIED_GAP_S: f64 = 0.1;
/// Seconds by which picture and sound may begin apart, so that nothing is put in.
const BEGIN_APART_S: f64 = 0.15;
/// Seconds by which a copied sound may end before the picture.
const END_APART_S: f64 = 1.0;

/// Returns true when players take the source's own frames, and they fit the stream's beginning and end.
pub(super) fn can_copy_picture(
    video: &Video,
    timeline: &Timeline,
    (origin_s, length_s): (f64, f64),
    top: Option<&Rung>,
) -> bool {
    let profile = video.profile.as_deref().unwrap_or_default();
    let is_taken = video.codec == "h264"
        && ["Constrained Baseline", "Baseline", "Main", "High"].contains(&profile)
        && matches!(video.colour.pixels.as_deref(), Some("yuv420p" | "yuvj420p"))
        && video.colour.hdr.is_none()
        && video.colour.matrix != Matrix::Bt2020
        && video.fields != Fields::Interlaced
        && video.is_shown_as_stored;
    let fits_tier = top.is_some_and(|top| (top.width, top.height) == (video.width, video.height));
    let flows = timeline.begins_with_key
        && !timeline.has_discards
        && !timeline.is_torn
        && timeline.longest_key_s <= LONGEST_KEY_S
        && timeline.longest_gap_s <= LONGEST_COPIED_STEP_S
        && timeline.lag_s <= LONGEST_LAG_S;
    let fits =
        timeline.first_s - origin_s <= BEGIN_APART_S && length_s - (timeline.last_s - origin_s) <= GAP_S;
    is_taken && fits_tier && flows && fits
}

/// Returns true when players take the source's own packets of sound, and they are in step with the picture.
pub(super) fn can_copy_sound(
    audio: &Audio,
    timeline: &Timeline,
    origin_s: f64,
    picture_end_s: Option<f64>,
) -> bool {
    let profile = audio.profile.as_deref().unwrap_or("LC");
    let rate = audio.sample_rate.unwrap_or_default();
    let is_taken = match audio.codec.as_str() {
        "aac" => ["LC", "HE-AAC", "HE-AACv2"].contains(&profile) && (22_050..=48_000).contains(&rate),
        // Why from 32 kHz: the lower rates are another MPEG version, which players know less well.
        "mp3" => (32_000..=48_000).contains(&rate),
        _ => false,
    };
    let flows = !timeline.is_torn && timeline.longest_gap_s <= LONGEST_COPIED_GAP_S;
    let reaches = picture_end_s.is_none_or(|end_s| end_s - (timeline.end_s - origin_s) <= END_APART_S);
    is_taken && audio.channels <= 2 && flows && timeline.first_s - origin_s <= BEGIN_APART_S && reaches
}
