//! The plan of a stream: what is copied, what is encoded, and how long the stream is.
//!
//! [`plan_stream`] decides from the probe and the scan alone, so that every size of an asset, made at any time,
//! follows the same plan.

use super::{
    super::{
        failure::{Failure, Fault},
        source::{
            probe::{Audio, Probe, Video},
            scan::Scan,
            timeline::{GAP_S, Span, Timeline},
        },
    },
    claims::{LONGEST_S, check_claims, check_holes},
    copyable::{can_copy_picture, can_copy_sound},
    ladder::Rung,
};

/// Longest stream of a test asset, in seconds.
pub(crate) const TEST_S: u32 = 10;
/// Seconds that a frame may be missing at the beginning before the first one is shown earlier.
const BEGIN_GAP_S: f64 = 0.09;
/// Seconds that a frame may be missing at the end before the last one is repeated.
const END_GAP_S: f64 = 0.25;
/// Seconds of silence that the resampler may put in at once. It holds them in memory: 46 MB.
const RESAMPLED_GAP_S: f64 = 120.0;
/// Parts into which a sound with long gaps is split at most.
const MAX_PARTS: usize = 48;
/// Codecs in which an empty packet is the frame before it again: the scan sees no gap, and no frame comes.
const MAY_REPEAT: &[&str] = &["theora"];
/// Frames per second below which frames are coded in the order of their times; the output's beginning has no room
/// for one that is decoded seconds early.
const SLOW_RATE: f64 = 8.0;

/// The plan of a stream.
#[derive(Clone, Debug)]
pub(crate) struct StreamPlan {
    pub(crate) picture: Option<PicturePlan>,
    pub(crate) sound: Option<SoundPlan>,
    /// The time of the file's clock at which the stream begins, in seconds.
    pub(crate) origin_s: f64,
    /// Length of the stream in seconds: of its longer part.
    pub(crate) length_s: f64,
    /// True when the file's times go backwards: what cannot be shown in order is left out.
    pub(crate) is_torn: bool,
}

/// The part of the plan that is about the picture.
#[derive(Clone, Debug)]
pub(crate) struct PicturePlan {
    pub(crate) video: Video,
    /// True when the first size is the source's own frames.
    pub(crate) is_copied: bool,
    /// True when frames are missing for some seconds, so that the last one is shown again.
    pub(crate) has_gaps: bool,
    /// True when frames are coded in the order of their times.
    pub(crate) is_slow: bool,
}

/// The part of the plan that is about the sound.
#[derive(Clone, Debug)]
pub(crate) struct SoundPlan {
    pub(crate) audio: Audio,
    /// True when the sound is the source's own packets, in every size.
    pub(crate) is_copied: bool,
    /// Parts of the sound with a long silence between them, in seconds of the stream; empty without long gaps. Each
    /// part ends where the next one begins.
    pub(crate) parts: Vec<Span>,
    /// True when the first of the parts is silence alone.
    pub(crate) begins_silent: bool,
    /// True when packets are missing for some seconds.
    pub(crate) has_gaps: bool,
}

impl StreamPlan {
    /// Returns true when picture and sound are read from the file by two inputs.
    ///
    /// What fills a gap is known only when the gap's end was read. By one input, all that the other part has until then
    /// would wait for it in memory, or lie in the wrong segment.
    pub(super) fn reads_apart(&self) -> bool {
        let gaps = |picture: &PicturePlan, sound: &SoundPlan| picture.has_gaps || sound.has_gaps;
        let parts = self.picture.as_ref().zip(self.sound.as_ref());
        parts.is_some_and(|(picture, sound)| gaps(picture, sound))
    }

    /// Returns true when picture or sound is copied.
    pub(super) fn copies(&self) -> bool {
        let picture = self.picture.as_ref().is_some_and(|picture| picture.is_copied);
        picture || self.sound.as_ref().is_some_and(|sound| sound.is_copied)
    }

    /// Returns true when the picture's last frame fills what is missing, so that the stream is as long as planned in any
    /// case.
    pub(super) fn is_filled(&self) -> bool {
        self.picture.as_ref().is_some_and(|picture| picture.has_gaps)
    }

    /// Returns the codecs of a stream with copied parts in the form of RFC 6381; `None` where one is not known.
    ///
    /// ffmpeg names the codecs of what it encodes alone.
    pub(super) fn codecs(&self) -> Option<String> {
        let picture = match &self.picture {
            Some(picture) => Some(picture.video.codec_string()?),
            None => None,
        };
        let sound = match &self.sound {
            Some(sound) if sound.is_copied => Some(sound.audio.codec_string()?),
            Some(_) => Some("mp4a.40.2".to_owned()),
            None => None,
        };
        let both: Vec<String> = picture.into_iter().chain(sound).collect();
        Some(both.join(","))
    }

    /// Changes the plan so that nothing is copied.
    pub(super) fn encode_all(&mut self) {
        if let Some(picture) = &mut self.picture {
            picture.is_copied = false;
        }
        if let Some(sound) = &mut self.sound {
            sound.is_copied = false;
        }
    }
}

/// Plans the stream of a file. `sound` is the chosen one of [`Probe::sounds`]. `top` is the largest size of the
/// ladder: a picture that is larger is not copied. `is_test` cuts at [`TEST_S`].
///
/// # Errors
/// [`Failure::Input`]: the file is cut off, has no frame, is longer than [`LONGEST_S`], or claims times that it does
/// not have.
pub(crate) fn plan_stream(
    probe: &Probe,
    sound: Option<&Audio>,
    scan: &Scan,
    top: Option<&Rung>,
    is_test: bool,
) -> Result<StreamPlan, Failure> {
    if scan.is_cut_off {
        return Err(Failure::from_input(
            Fault::Corrupt,
            "The file is cut off: parts that its index names are missing",
        ));
    }
    if (probe.video.is_some() && scan.picture.is_none()) || (scan.picture.is_none() && scan.sound.is_none()) {
        return Err(Failure::from_input(
            Fault::Corrupt,
            "The file holds no frame that can be shown",
        ));
    }
    let begins = [&scan.picture, &scan.sound].map(|part| part.as_ref().map(|part| part.first_s));
    let origin_s = begins.into_iter().flatten().fold(f64::INFINITY, f64::min);
    let picture_end_s = scan.picture.as_ref().map(|picture| {
        let end_s = picture.end_s - origin_s;
        claimed_stand_s(probe, scan).map_or(end_s, |claimed| end_s.max(claimed))
    });
    let sound_end_s = scan.sound.as_ref().map(|sound| sound.end_s - origin_s);
    let found_s = picture_end_s.into_iter().chain(sound_end_s).fold(0.0, f64::max);
    let longest_s = f64::from(if is_test { TEST_S } else { LONGEST_S });
    check_claims(probe, sound, found_s, is_test)?;
    let length_s = found_s.min(longest_s);
    check_holes(scan, origin_s, length_s)?;
    let picture = probe
        .video
        .as_ref()
        .zip(scan.picture.as_ref())
        .map(|(video, timeline)| {
            let is_copied =
                !scan.has_open_groups && can_copy_picture(video, timeline, (origin_s, length_s), top);
            let has_gaps = MAY_REPEAT.contains(&video.codec.as_str())
                || timeline.longest_gap_s > GAP_S
                || timeline.first_s - origin_s > BEGIN_GAP_S
                || length_s - (timeline.last_s - origin_s) > GAP_S
                || length_s - (timeline.end_s - origin_s) > END_GAP_S;
            PicturePlan {
                video: video.clone(),
                is_copied,
                has_gaps,
                is_slow: has_gaps || video.frame_rate.is_none_or(|rate| rate < SLOW_RATE),
            }
        });
    let is_picture_copied = picture.as_ref().is_none_or(|picture| picture.is_copied);
    let sound = sound.zip(scan.sound.as_ref()).map(|(audio, timeline)| SoundPlan {
        is_copied: is_picture_copied && can_copy_sound(audio, timeline, origin_s, picture_end_s),
        ..plan_further_sound(audio, timeline, (origin_s, length_s))
    });
    Ok(StreamPlan {
        picture,
        sound,
        origin_s,
        length_s,
        is_torn: [&scan.picture, &scan.sound]
            .into_iter()
            .flatten()
            .any(|part| part.is_torn),
    })
}

/// Plans a further sound, which is encoded to fit beside a stream of this beginning and length.
pub(super) fn plan_further_sound(
    audio: &Audio,
    timeline: &Timeline,
    (origin_s, length_s): (f64, f64),
) -> SoundPlan {
    SoundPlan {
        audio: audio.clone(),
        is_copied: false,
        parts: split_at_long_gaps(timeline, origin_s, length_s),
        begins_silent: timeline.first_s - origin_s > RESAMPLED_GAP_S,
        has_gaps: timeline.longest_gap_s > GAP_S || timeline.first_s - origin_s > GAP_S,
    }
}

/// Returns the time until which the last frame of a Matroska file stands, by the file's claim: its packets do not say
/// how long they are shown. `None` for other containers, and for a file that breaks off.
fn claimed_stand_s(probe: &Probe, scan: &Scan) -> Option<f64> {
    let video = probe
        .video
        .as_ref()
        .filter(|_| probe.is_matroska && !scan.breaks_off)?;
    // The container's claim may be about any stream.
    let of_container = probe.duration_s.filter(|_| probe.streams == 1);
    video.claimed_s.or(of_container)
}

/// Splits the sound at gaps of more than [`RESAMPLED_GAP_S`], the longest ones where there are many. Returns the parts,
/// from the stream's beginning to its end; empty without such a gap.
fn split_at_long_gaps(timeline: &Timeline, origin_s: f64, length_s: f64) -> Vec<Span> {
    let head = Span {
        from_s: origin_s,
        to_s: timeline.first_s,
    };
    let mut long: Vec<Span> = std::iter::once(&head)
        .chain(&timeline.gaps)
        .filter(|gap| gap.length_s() > RESAMPLED_GAP_S)
        .copied()
        .collect();
    if long.is_empty() {
        return Vec::new();
    }
    long.sort_by(|one, other| other.length_s().total_cmp(&one.length_s()));
    long.truncate(MAX_PARTS - 1);
    let mut begins: Vec<f64> = long.iter().map(|gap| gap.to_s - origin_s).collect();
    begins.push(0.0);
    begins.sort_by(f64::total_cmp);
    let ends = begins.iter().skip(1).copied().chain([length_s]);
    begins
        .iter()
        .zip(ends)
        .map(|(from_s, to_s)| Span {
            from_s: *from_s,
            to_s,
        })
        .filter(|part| part.length_s() > 0.0)
        .collect()
}

#[cfg(test)]
mod tests;
