//! The plan of a stream: what is copied, what is encoded, and how long the stream is.
//!
//! [`plan_stream`] decides from the probe and the scan alone, so that every size of an asset, made at any time,
//! follows the same plan.

use super::{
    super::{
        failure::Failure,
        source::{
            colour::Matrix,
            probe::{Audio, Fields, Probe, Video},
            scan::Scan,
            timeline::{GAP_S, Span, Timeline},
        },
    },
    ladder::Rung,
};

/// Longest stream, in seconds: Mux's 12 hours.
pub(crate) const LONGEST_S: u32 = 12 * 3600;
/// Longest stream of a test asset, in seconds.
pub(crate) const TEST_S: u32 = 10;
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
/// Seconds that a frame may be missing at the end before the last one is repeated.
const END_GAP_S: f64 = 0.25;
/// Seconds for which a standing frame counts as something to see; longer ones without sound are holes.
const STANDING_S: f64 = 4.0;
/// Seconds from which a hole, without picture and sound, counts.
const HOLE_S: f64 = 60.0;
/// Longest hole, in seconds. A longer one is a fault in the file's times.
const LONGEST_HOLE_S: f64 = 3600.0;
/// Longest sum of all holes, in seconds.
const ALL_HOLES_S: f64 = 2.0 * 3600.0;
/// Seconds of silence that the resampler may put in at once. It holds them in memory: 46 MB.
const RESAMPLED_GAP_S: f64 = 120.0;
/// Parts into which a sound with long gaps is split at most.
const MAX_PARTS: usize = 48;
/// Frames per second below which frames are coded in the order of their times; see [`LONGEST_LAG_S`].
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
            "The file is cut off: parts that its index names are missing",
        ));
    }
    if (probe.video.is_some() && scan.picture.is_none()) || (scan.picture.is_none() && scan.sound.is_none()) {
        return Err(Failure::from_input("The file holds no frame that can be shown"));
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
            let is_copied = can_copy_picture(video, timeline, (origin_s, length_s), top);
            let has_gaps = timeline.longest_gap_s > GAP_S
                || timeline.first_s - origin_s > BEGIN_APART_S
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
        audio: audio.clone(),
        is_copied: is_picture_copied && can_copy_sound(audio, timeline, origin_s, picture_end_s),
        parts: split_at_long_gaps(timeline, origin_s, length_s),
        begins_silent: timeline.first_s - origin_s > RESAMPLED_GAP_S,
        has_gaps: timeline.longest_gap_s > GAP_S || timeline.first_s - origin_s > GAP_S,
    });
    Ok(StreamPlan {
        picture,
        sound,
        origin_s,
        length_s,
    })
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

/// Checks what is there against the header of an indexed file. A file that claims hours which it does not have fails.
fn check_claims(probe: &Probe, sound: Option<&Audio>, found_s: f64, is_test: bool) -> Result<(), Failure> {
    let of_streams = [
        probe.video.as_ref().and_then(|video| video.claimed_s),
        sound.and_then(|audio| audio.claimed_s),
    ];
    let used = usize::from(probe.video.is_some()) + usize::from(sound.is_some());
    // Why only where all streams are used: the container's claim may be about any of them.
    let of_container = probe.duration_s.filter(|_| probe.streams <= used);
    let claims = of_streams.into_iter().chain([of_container]).flatten();
    let claimed = claims.reduce(f64::max);
    let Some(claimed) = claimed.filter(|_| probe.is_indexed && !is_test) else {
        return Ok(());
    };
    if claimed > f64::from(LONGEST_S) && found_s > f64::from(LONGEST_S) * 0.9 {
        return Err(Failure::from_input("The file is longer than 12 hours"));
    }
    check_found(claimed, found_s)
}

/// Checks that nine tenths of a claimed time were found, or all but a second.
pub(crate) fn check_found(claimed_s: f64, found_s: f64) -> Result<(), Failure> {
    if claimed_s - found_s <= (claimed_s * 0.1).max(1.0) {
        return Ok(());
    }
    let (claimed, found) = (claimed_s.round(), found_s.round());
    let reason = format!("The file claims {claimed} seconds and holds {found}");
    Err(Failure::Input(reason))
}

/// Checks that the file's times do not jump: a few numbers would choose the work of hours.
fn check_holes(scan: &Scan, origin_s: f64, length_s: f64) -> Result<(), Failure> {
    let unseen = absent_spans(scan.picture.as_ref(), STANDING_S, origin_s, length_s);
    let unheard = absent_spans(scan.sound.as_ref(), 0.0, origin_s, length_s);
    let (mut all_s, mut longest_s) = (0.0, 0.0_f64);
    let (mut left, mut right) = (unseen.iter().peekable(), unheard.iter().peekable());
    while let (Some(one), Some(other)) = (left.peek(), right.peek()) {
        let hole = Span {
            from_s: one.from_s.max(other.from_s),
            to_s: one.to_s.min(other.to_s),
        };
        if hole.length_s() >= HOLE_S {
            all_s += hole.length_s();
            longest_s = longest_s.max(hole.length_s());
        }
        // The span that ends first meets no other one.
        if one.to_s < other.to_s {
            left.next();
        } else {
            right.next();
        }
    }
    if longest_s <= LONGEST_HOLE_S && all_s <= ALL_HOLES_S {
        return Ok(());
    }
    let minutes = (longest_s / 60.0).round();
    let reason =
        format!("The times in the file jump: for {minutes} minutes it has neither picture nor sound");
    Err(Failure::Input(reason))
}

/// Returns the spans in which a part gives nothing, in seconds of the stream. `stands_s` is the time for which a packet
/// counts beyond its beginning.
fn absent_spans(part: Option<&Timeline>, stands_s: f64, origin_s: f64, length_s: f64) -> Vec<Span> {
    let whole = Span {
        from_s: 0.0,
        to_s: length_s,
    };
    let Some(part) = part else {
        return vec![whole];
    };
    let head = Span {
        from_s: 0.0,
        to_s: part.first_s - origin_s,
    };
    let between = part.gaps.iter().map(|gap| Span {
        from_s: gap.from_s - origin_s + stands_s,
        to_s: gap.to_s - origin_s,
    });
    let tail = Span {
        from_s: part.last_s - origin_s + stands_s,
        to_s: length_s,
    };
    let all = std::iter::once(head).chain(between).chain([tail]);
    all.filter(|span| span.length_s() > 0.0).collect()
}

/// Returns true when players take the source's own frames, and they fit the stream's beginning and end.
fn can_copy_picture(
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
fn can_copy_sound(audio: &Audio, timeline: &Timeline, origin_s: f64, picture_end_s: Option<f64>) -> bool {
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
