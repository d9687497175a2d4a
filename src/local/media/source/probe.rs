//! Probing: the streams of a file, according to ffprobe.

use std::{path::Path, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    super::{
        args::to_args,
        decoders::Decoders,
        input::{MAX_PIXELS, input_args},
        pixels::round_pixels,
        tool::{GIB, ToolCall, ToolError, ToolLimits, Tools},
    },
    colour::Colour,
    ffprobe_output::{ProbeOutput, StreamOutput, parse_fraction},
};

/// Bytes of ffprobe's output that are read.
const MAX_OUTPUT: usize = 1 << 20;
/// The requested entries. Tags are left out, except `rotate` and `DURATION`: they may be of any size.
const ENTRIES: &str = "format=format_name,duration,start_time:stream=index,codec_type,codec_name,profile,level,width,height,\
                       avg_frame_rate,sample_aspect_ratio,field_order,pix_fmt,color_range,color_space,\
                       color_transfer,color_primaries,sample_rate,channels,duration:\
                       stream_disposition=attached_pic:stream_side_data=rotation:stream_tags=rotate,DURATION";

/// Decoders of subtitles that ffprobe may set up. It never gives them anything to decode.
const SUBTITLES: &str = "mov_text,subrip,srt,ass,ssa,webvtt,text,dvdsub,dvbsub,pgssub,xsub";
/// Decoders outside the list that one file may name.
const MAX_UNLISTED: usize = 8;
/// The end of ffmpeg's complaint about such a decoder: `Codec (asv1) not on whitelist 'aac,…'`.
const NOT_LISTED: &str = ") not on whitelist";

/// The reason why a file cannot become a stream.
#[derive(Debug)]
pub(crate) enum Unplayable {
    /// The file holds neither picture nor sound that can be read.
    NoMedia,
    /// Its only picture, or its only sound, has a codec that is not listed in [`Decoders`].
    Codec {
        /// `picture` or `sound`.
        of: &'static str,
        /// The codec as ffmpeg names it; `None` when ffmpeg does not know it either.
        codec: Option<String>,
    },
    /// ffprobe did not end by itself.
    Tool(ToolError),
}

/// A file that can become a stream.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    /// The duration that the container claims, in seconds, where it claims one. Any stream may be the reason for it,
    /// also one that is not used.
    pub(crate) duration_s: Option<f64>,
    /// True when the container's header is an index of what follows, so that its claims can be checked.
    pub(crate) is_indexed: bool,
    /// True for Matroska and WebM, which do not say how long a frame stands.
    pub(crate) is_matroska: bool,
    /// Streams in the file, used or not; covers count too.
    pub(crate) streams: usize,
    pub(crate) video: Option<Video>,
    /// The sounds that can be decoded, in the file's order. One is used: the first that gives any sound.
    pub(crate) sounds: Vec<Audio>,
    /// The still picture that is attached to the file.
    pub(crate) cover: Option<Cover>,
    /// The indexes of the streams of text that become subtitles, in the file's order.
    pub(crate) texts: Vec<u32>,
}

/// The still picture that is attached to a file of sound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cover {
    /// The stream's index in the file.
    pub(crate) index: u32,
    /// In pixels.
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// The picture's stream.
#[derive(Clone, Debug)]
pub(crate) struct Video {
    /// The stream's index in the file.
    pub(crate) index: u32,
    /// ffmpeg's name of the codec.
    pub(crate) codec: String,
    /// The codec's profile as ffmpeg names it: `High`.
    pub(crate) profile: Option<String>,
    /// The codec's level; of H.264 ten times its number.
    pub(crate) level: Option<i32>,
    /// Width in pixels as shown: rotated, with square pixels.
    pub(crate) width: u32,
    /// Height in pixels as shown.
    pub(crate) height: u32,
    /// True when the stored frames have square pixels and are shown without rotation.
    pub(crate) is_shown_as_stored: bool,
    /// Frames per second, where known.
    pub(crate) frame_rate: Option<f64>,
    pub(crate) fields: Fields,
    pub(crate) colour: Colour,
    /// The duration that the stream itself claims, in seconds.
    pub(crate) claimed_s: Option<f64>,
}

/// The scan of the picture's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fields {
    Progressive,
    Interlaced,
    /// The file does not say; single frames may.
    Unknown,
}

/// The sound's stream.
#[derive(Clone, Debug)]
pub(crate) struct Audio {
    /// The stream's index in the file.
    pub(crate) index: u32,
    /// ffmpeg's name of the codec.
    pub(crate) codec: String,
    /// The codec's profile as ffmpeg names it: `LC`.
    pub(crate) profile: Option<String>,
    pub(crate) channels: u32,
    /// Samples per second, where known.
    pub(crate) sample_rate: Option<u32>,
    /// The duration that the stream itself claims, in seconds.
    pub(crate) claimed_s: Option<f64>,
}

impl Video {
    /// Returns the codec in the form of RFC 6381, for H.264 of a profile that players take.
    pub(crate) fn codec_string(&self) -> Option<String> {
        // Profile and constraints, in hexadecimal.
        let profile = match self.profile.as_deref()? {
            "Constrained Baseline" => "42e0",
            "Baseline" => "4200",
            "Main" => "4d40",
            "High" => "6400",
            _ => return None,
        };
        let level = self.level.filter(|level| (9..=62).contains(level))?;
        Some(format!("avc1.{profile}{level:02x}"))
    }
}

impl Audio {
    /// Returns the codec in the form of RFC 6381, for AAC and MP3.
    pub(crate) fn codec_string(&self) -> Option<String> {
        let object = match (self.codec.as_str(), self.profile.as_deref()) {
            ("mp3", _) => "34",
            ("aac", Some("HE-AAC")) => "5",
            ("aac", Some("HE-AACv2")) => "29",
            ("aac", _) => "2",
            _ => return None,
        };
        Some(format!("mp4a.40.{object}"))
    }
}

/// Probes a file with ffprobe, and chooses its streams by [`interpret_output`].
pub(crate) async fn probe_file(
    tools: &Tools,
    file: &Path,
    folder: &Path,
    cancel: &CancellationToken,
) -> Result<Probe, Unplayable> {
    let answer = read_entries(tools, file, folder, cancel, ENTRIES).await?;
    interpret_output(answer, tools.decoders())
}

/// Reads `entries` of a file, as `-show_entries` takes them.
///
/// Why several runs: ffprobe gives up at the first stream whose decoder is not listed, even at a second sound that
/// nobody needs. Each run names one more such decoder, up to [`MAX_UNLISTED`]; the next run may set it up, and gives
/// it nothing to decode.
pub(super) async fn read_entries(
    tools: &Tools,
    file: &Path,
    folder: &Path,
    cancel: &CancellationToken,
    entries: &str,
) -> Result<ProbeOutput, Unplayable> {
    let mut unlisted = Vec::new();
    loop {
        let complaint = match run_ffprobe(tools, file, (folder, cancel), entries, &unlisted).await {
            Ok(answer) => return serde_json::from_slice(&answer).map_err(|_| Unplayable::NoMedia),
            Err(ToolError::Failed(complaint)) => complaint,
            Err(other) => return Err(Unplayable::Tool(other)),
        };
        match find_unlisted_decoder(&complaint, &unlisted) {
            Some(decoder) if unlisted.len() < MAX_UNLISTED => unlisted.push(decoder),
            _ => return Err(Unplayable::NoMedia),
        }
    }
}

/// Runs ffprobe once. Decoding is held to the list of [`Tools`] in any case; `unlisted` decoders may only be set up
/// for the stream that is shown.
async fn run_ffprobe(
    tools: &Tools,
    file: &Path,
    (folder, cancel): (&Path, &CancellationToken),
    entries: &str,
    unlisted: &[String],
) -> Result<Vec<u8>, ToolError> {
    let limits = ToolLimits {
        wall: Duration::from_mins(1),
        cpu_s: 60,
        memory: 2 * GIB,
        file: 0,
        min_free: 0,
    };
    let unlisted: String = unlisted.iter().flat_map(|decoder| [",", decoder]).collect();
    let listed = tools.decoders().whitelist();
    let mut args = to_args([
        "-codec_whitelist:s",
        &format!("{SUBTITLES}{unlisted}"),
        "-codec_whitelist:a",
        &format!("{listed}{unlisted}"),
        "-codec_whitelist:v",
        &format!("{listed}{unlisted}"),
        "-print_format",
        "json",
        "-show_entries",
        entries,
    ]);
    args.extend(input_args(file));
    let call = ToolCall {
        args,
        folder,
        limits,
        cancel,
        place: None,
    };
    tools.run_ffprobe(call, MAX_OUTPUT).await
}

/// Returns a decoder that ffprobe complains about and that is none of the `known` ones.
fn find_unlisted_decoder(complaint: &str, known: &[String]) -> Option<String> {
    let names = complaint.lines().filter_map(|line| {
        let (before, _) = line.split_once(NOT_LISTED)?;
        before.rsplit_once('(').map(|(_, name)| name)
    });
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    names
        .filter(|name| is_name(name))
        .find(|name| known.iter().all(|known| known != name))
        .map(str::to_owned)
}

/// Chooses the first picture and the sounds that can be decoded.
///
/// A sound that cannot be decoded gives way to the next one, and a picture plays without any. A picture that cannot
/// be decoded gives way to the next picture, but not to nothing: what is left would be another thing than the file.
fn interpret_output(answer: ProbeOutput, decoders: &Decoders) -> Result<Probe, Unplayable> {
    let format = answer.format.ok_or(Unplayable::NoMedia)?;
    let name = format.format_name.unwrap_or_default();
    let of = |kind: &'static str| {
        answer
            .streams
            .iter()
            .filter(move |s| s.codec_type.as_deref() == Some(kind))
            // Why: a cover is no moving picture.
            .filter(|stream| stream.disposition.attached_pic == 0)
    };
    let is_listed = |stream: &&StreamOutput| {
        stream
            .codec_name
            .as_deref()
            .is_some_and(|codec| decoders.has_codec(codec))
    };
    let required = |kind, of_what| match of(kind).find(|stream| stream.is_something()) {
        Some(first) if !of(kind).any(|stream| is_listed(&stream)) => Err(Unplayable::Codec {
            of: of_what,
            codec: first.codec_name.clone(),
        }),
        _ => Ok(()),
    };
    required("video", "picture")?;
    let video = of("video").filter(is_listed).find_map(read_video);
    if video.is_none() {
        required("audio", "sound")?;
    }
    let sounds: Vec<Audio> = of("audio").filter(is_listed).filter_map(read_audio).collect();
    if video.is_none() && sounds.is_empty() {
        return Err(Unplayable::NoMedia);
    }
    let cover = answer
        .streams
        .iter()
        .filter(|stream| stream.disposition.attached_pic != 0)
        .filter(is_listed)
        .find_map(read_video)
        .map(|picture| Cover {
            index: picture.index,
            width: picture.width,
            height: picture.height,
        });
    let duration_s = format
        .duration
        .and_then(|text| text.parse().ok())
        .filter(|s: &f64| s.is_finite() && *s > 0.0);
    // Why: a claim counts from the beginning of the file's clock, which may come before the first packet.
    let is_matroska = name.contains("matroska");
    let start_s = format
        .start_time
        .and_then(|text| text.parse().ok())
        .unwrap_or(0.0);
    let from_start = |claimed: Option<f64>| claimed.map(|end: f64| end - f64::max(start_s, 0.0));
    let (mut video, mut sounds) = (video, sounds);
    if let Some(video) = &mut video {
        video.claimed_s = from_start(video.claimed_s);
    }
    for sound in &mut sounds {
        sound.claimed_s = from_start(sound.claimed_s);
    }
    Ok(Probe {
        duration_s: from_start(duration_s),
        is_indexed: name.contains("mp4") || name.contains("matroska"),
        is_matroska,
        streams: answer.streams.len(),
        video,
        sounds,
        cover,
        texts: of("subtitle")
            .filter(|stream| stream.codec_name.as_deref().is_some_and(is_text_codec))
            .map(|stream| stream.index)
            .collect(),
    })
}

/// Returns true for subtitles that are text, by ffmpeg's name of the codec. Others are pictures.
fn is_text_codec(codec: &str) -> bool {
    ["mov_text", "subrip", "ass", "ssa", "webvtt", "text"].contains(&codec)
}

/// Returns the sound; `None` without channels.
fn read_audio(stream: &StreamOutput) -> Option<Audio> {
    Some(Audio {
        index: stream.index,
        codec: stream.codec_name.clone().unwrap_or_default(),
        profile: stream.profile.clone(),
        channels: stream.channels.filter(|channels| *channels > 0)?,
        sample_rate: stream.sample_rate.as_deref().and_then(|text| text.parse().ok()),
        claimed_s: stream.claimed_s(),
    })
}

/// Returns the picture as shown; `None` without a size or above [`MAX_PIXELS`].
fn read_video(stream: &StreamOutput) -> Option<Video> {
    let (stored_w, stored_h) = (
        stream.width.filter(|w| *w > 0)?,
        stream.height.filter(|h| *h > 0)?,
    );
    if u64::from(stored_w) * u64::from(stored_h) > MAX_PIXELS {
        return None;
    }
    // Why bounded: the ratio comes from the file and may be absurd.
    let wide = match parse_fraction(stream.sample_aspect_ratio.as_deref(), ':') {
        Some(ratio) if (0.1..=10.0).contains(&ratio) => f64::from(stored_w) * ratio,
        _ => f64::from(stored_w),
    };
    let width = round_pixels(wide);
    let degrees = stream.rotation();
    let (width, height) = if is_quarter_turn(degrees) {
        (stored_h, width)
    } else {
        (width, stored_h)
    };
    let frame_rate = parse_fraction(stream.avg_frame_rate.as_deref(), '/').filter(|rate| *rate > 0.0);
    let fields = match stream.field_order.as_deref() {
        Some("progressive") => Fields::Progressive,
        Some("tt" | "bb" | "tb" | "bt") => Fields::Interlaced,
        _ => Fields::Unknown,
    };
    Some(Video {
        index: stream.index,
        codec: stream.codec_name.clone().unwrap_or_default(),
        profile: stream.profile.clone(),
        level: stream.level,
        width,
        height,
        is_shown_as_stored: degrees == 0.0 && (width, height) == (stored_w, stored_h),
        frame_rate,
        fields,
        colour: Colour::from_tags(
            stream.pix_fmt.as_deref(),
            stream.color_range.as_deref(),
            stream.color_space.as_deref(),
            (
                stream.color_primaries.as_deref(),
                stream.color_transfer.as_deref(),
            ),
            stored_h,
        ),
        claimed_s: stream.claimed_s(),
    })
}

/// Returns true when a rotation makes width and height change places.
fn is_quarter_turn(degrees: f64) -> bool {
    (45.0..135.0).contains(&(degrees.abs() % 180.0))
}
