//! Probing: the streams of a file, according to ffprobe.

use std::{path::Path, time::Duration};

use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{
    args::to_args,
    decoders::Decoders,
    input::{MAX_PIXELS, input_args},
    tool::{ToolCall, ToolError, ToolLimits, Tools},
};

/// Bytes of a gibibyte.
const GIB: u64 = 1 << 30;
/// Bytes of ffprobe's output that are read.
const MAX_OUTPUT: usize = 1 << 20;
/// The requested entries. Tags are left out, except `rotate`: they may be of any size.
const ENTRIES: &str = "format=format_name,duration:stream=index,codec_type,codec_name,width,height,avg_frame_rate,\
                       sample_aspect_ratio,channels,channel_layout,duration:stream_disposition=attached_pic:\
                       stream_side_data=rotation:stream_tags=rotate";

/// Decoders of subtitles that ffprobe may set up. They are never given anything to decode.
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
    /// The claimed duration in seconds, where the file has one.
    pub(crate) duration_s: Option<f64>,
    /// True when the container's header is an index of what follows, so that its claims can be checked.
    pub(crate) is_indexed: bool,
    pub(crate) video: Option<Video>,
    pub(crate) audio: Option<Audio>,
}

/// The picture's stream.
#[derive(Clone, Debug)]
pub(crate) struct Video {
    /// The stream's index in the file.
    pub(crate) index: u32,
    /// Width in pixels as shown: rotated, with square pixels.
    pub(crate) width: u32,
    /// Height in pixels as shown.
    pub(crate) height: u32,
    /// Frames per second, where known.
    pub(crate) frame_rate: Option<f64>,
}

/// The sound's stream.
#[derive(Clone, Debug)]
pub(crate) struct Audio {
    /// The stream's index in the file.
    pub(crate) index: u32,
    pub(crate) channels: u32,
}

/// ffprobe's JSON, as far as it is read.
#[derive(Deserialize)]
struct ProbeOutput {
    #[serde(default)]
    streams: Vec<StreamOutput>,
    format: Option<FormatOutput>,
}

/// `format` of [`ProbeOutput`].
#[derive(Deserialize)]
struct FormatOutput {
    format_name: Option<String>,
    duration: Option<String>,
}

/// An entry of `streams` of [`ProbeOutput`]. ffprobe leaves out what it does not know.
#[derive(Deserialize)]
struct StreamOutput {
    index: u32,
    codec_type: Option<String>,
    codec_name: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    avg_frame_rate: Option<String>,
    sample_aspect_ratio: Option<String>,
    channels: Option<u32>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    side_data_list: Vec<SideData>,
    #[serde(default)]
    tags: Tags,
}

impl StreamOutput {
    /// Returns true when codec, size or channels are known: the stream is more than a name in an index.
    fn is_something(&self) -> bool {
        self.codec_name.is_some() || self.width > Some(0) || self.channels > Some(0)
    }
}

/// `disposition` of a stream; `attached_pic` is 1 for a cover.
#[derive(Default, Deserialize)]
struct Disposition {
    #[serde(default)]
    attached_pic: u32,
}

/// One entry of `side_data_list`; `rotation` is in degrees.
#[derive(Deserialize)]
struct SideData {
    rotation: Option<f64>,
}

/// `tags` of a stream; `rotate` is the older form of the rotation.
#[derive(Default, Deserialize)]
struct Tags {
    rotate: Option<String>,
}

/// Probes a file with ffprobe, and chooses its streams by [`interpret_output`].
///
/// Why several runs: ffprobe gives up at the first stream whose decoder is not listed, even at a second sound that
/// nobody needs. Each run names one more such decoder, up to [`MAX_UNLISTED`]; the next run may set it up, and gives
/// it nothing to decode.
pub(crate) async fn probe_file(
    tools: &Tools,
    file: &Path,
    folder: &Path,
    cancel: &CancellationToken,
) -> Result<Probe, Unplayable> {
    let mut unlisted = Vec::new();
    loop {
        let complaint = match run_ffprobe(tools, file, folder, cancel, &unlisted).await {
            Ok(answer) => {
                let answer = serde_json::from_slice(&answer).map_err(|_| Unplayable::NoMedia)?;
                return interpret_output(answer, tools.decoders());
            }
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
    folder: &Path,
    cancel: &CancellationToken,
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
        ENTRIES,
    ]);
    args.extend(input_args(file));
    let call = ToolCall {
        args,
        folder,
        limits,
        cancel,
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

/// Chooses the first picture and the first sound that can be decoded.
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
    // Why an error: a stream that cannot be decoded gives way to the next one, but is not left out silently.
    let required = |kind, of_what| match of(kind).find(|stream| stream.is_something()) {
        Some(first) if !of(kind).any(|stream| is_listed(&stream)) => Err(Unplayable::Codec {
            of: of_what,
            codec: first.codec_name.clone(),
        }),
        _ => Ok(()),
    };
    required("video", "picture")?;
    required("audio", "sound")?;
    let video = of("video").filter(is_listed).find_map(read_video);
    let audio = of("audio").filter(is_listed).find_map(|stream| {
        let channels = stream.channels.filter(|channels| *channels > 0)?;
        Some(Audio {
            index: stream.index,
            channels,
        })
    });
    if video.is_none() && audio.is_none() {
        return Err(Unplayable::NoMedia);
    }
    let duration_s = format
        .duration
        .and_then(|text| text.parse().ok())
        .filter(|s: &f64| s.is_finite() && *s > 0.0);
    Ok(Probe {
        duration_s,
        is_indexed: name.contains("mp4") || name.contains("matroska"),
        video,
        audio,
    })
}

/// Returns the picture as shown; `None` without a size or above [`MAX_PIXELS`].
fn read_video(stream: &StreamOutput) -> Option<Video> {
    let (width, height) = (
        stream.width.filter(|w| *w > 0)?,
        stream.height.filter(|h| *h > 0)?,
    );
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return None;
    }
    // Why bounded: the ratio comes from the file and may be absurd.
    let wide = match parse_fraction(stream.sample_aspect_ratio.as_deref(), ':') {
        Some(ratio) if (0.1..=10.0).contains(&ratio) => f64::from(width) * ratio,
        _ => f64::from(width),
    };
    let width = super::ladder::round_pixels(wide);
    let (width, height) = if is_turned(stream) {
        (height, width)
    } else {
        (width, height)
    };
    let frame_rate = parse_fraction(stream.avg_frame_rate.as_deref(), '/').filter(|rate| *rate > 0.0);
    Some(Video {
        index: stream.index,
        width,
        height,
        frame_rate,
    })
}

/// Returns true when a rotation by a quarter makes width and height change places.
fn is_turned(stream: &StreamOutput) -> bool {
    let tag = stream
        .tags
        .rotate
        .as_deref()
        .and_then(|degrees| degrees.parse::<f64>().ok());
    let degrees = stream
        .side_data_list
        .iter()
        .find_map(|data| data.rotation)
        .or(tag)
        .unwrap_or_default();
    let quarter = degrees.abs() % 180.0;
    (45.0..135.0).contains(&quarter)
}

/// Reads a fraction such as `30000/1001`.
fn parse_fraction(text: Option<&str>, by: char) -> Option<f64> {
    let (above, below) = text?.split_once(by)?;
    let (above, below): (f64, f64) = (above.parse().ok()?, below.parse().ok()?);
    (below != 0.0)
        .then(|| above / below)
        .filter(|value| value.is_finite())
}
