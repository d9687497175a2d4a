//! What a file is, according to ffprobe.

use std::{path::Path, time::Duration};

use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{
    input::{MAX_PIXELS, input},
    tool::{Call, Limits, ToolError, Tools},
};

const GIB: u64 = 1 << 30;
/// Bytes of ffprobe's answer that are read.
const ANSWER: usize = 1 << 20;
/// What is asked for; tags are left out, they may be of any size.
const ENTRIES: &str = "format=format_name,duration:stream=index,codec_type,width,height,avg_frame_rate,\
                       sample_aspect_ratio,channels,channel_layout,duration:stream_disposition=attached_pic:\
                       stream_side_data=rotation:stream_tags=rotate";

/// A file that can be made into a stream.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    /// Seconds, where the file says.
    pub(crate) duration_s: Option<f64>,
    /// The container's header is an index of what follows, so it can be held to its word.
    pub(crate) is_indexed: bool,
    pub(crate) video: Option<Video>,
    pub(crate) audio: Option<Audio>,
}

/// The moving picture.
#[derive(Clone, Debug)]
pub(crate) struct Video {
    /// Which stream of the file.
    pub(crate) index: u32,
    /// As shown: rotated, with square pixels.
    pub(crate) width: u32,
    /// As shown.
    pub(crate) height: u32,
    /// Frames per second, where known.
    pub(crate) frame_rate: Option<f64>,
}

/// The sound.
#[derive(Clone, Debug)]
pub(crate) struct Audio {
    /// Which stream of the file.
    pub(crate) index: u32,
    pub(crate) channels: u32,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    streams: Vec<Stream>,
    format: Option<Format>,
}

#[derive(Deserialize)]
struct Format {
    format_name: Option<String>,
    duration: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    index: u32,
    codec_type: Option<String>,
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

#[derive(Default, Deserialize)]
struct Disposition {
    #[serde(default)]
    attached_pic: u32,
}

#[derive(Deserialize)]
struct SideData {
    rotation: Option<f64>,
}

#[derive(Default, Deserialize)]
struct Tags {
    rotate: Option<String>,
}

/// Asks ffprobe; `Err(None)` when the file is nothing that can be played.
pub(crate) async fn probe(
    tools: &Tools,
    file: &Path,
    folder: &Path,
    cancel: &CancellationToken,
) -> Result<Probe, Option<ToolError>> {
    let limits = Limits {
        wall: Duration::from_mins(1),
        cpu_s: 60,
        memory: 2 * GIB,
        file: 0,
        min_free: 0,
    };
    let mut args = vec![
        "-print_format".into(),
        "json".into(),
        "-show_entries".into(),
        ENTRIES.into(),
    ];
    args.extend(input(file));
    let answer = match tools
        .ffprobe(
            Call {
                args,
                folder,
                limits,
                cancel,
            },
            ANSWER,
        )
        .await
    {
        Ok(answer) => answer,
        Err(ToolError::Failed(_)) => return Err(None),
        Err(other) => return Err(Some(other)),
    };
    serde_json::from_slice(&answer).ok().and_then(read).ok_or(None)
}

fn read(answer: Answer) -> Option<Probe> {
    let format = answer.format?;
    let name = format.format_name.unwrap_or_default();
    let of = |kind: &'static str| {
        answer
            .streams
            .iter()
            .filter(move |s| s.codec_type.as_deref() == Some(kind))
    };
    let video = of("video")
        .filter(|stream| stream.disposition.attached_pic == 0)
        .find_map(video);
    let audio = of("audio").find_map(|stream| {
        let channels = stream.channels.filter(|channels| *channels > 0)?;
        Some(Audio {
            index: stream.index,
            channels,
        })
    });
    if video.is_none() && audio.is_none() {
        return None;
    }
    let duration_s = format
        .duration
        .and_then(|text| text.parse().ok())
        .filter(|s: &f64| s.is_finite() && *s > 0.0);
    Some(Probe {
        duration_s,
        is_indexed: name.contains("mp4") || name.contains("matroska"),
        video,
        audio,
    })
}

fn video(stream: &Stream) -> Option<Video> {
    let (width, height) = (
        stream.width.filter(|w| *w > 0)?,
        stream.height.filter(|h| *h > 0)?,
    );
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return None;
    }
    let wide = match fraction(stream.sample_aspect_ratio.as_deref(), ':') {
        Some(ratio) if (0.1..=10.0).contains(&ratio) => f64::from(width) * ratio,
        _ => f64::from(width),
    };
    let width = super::ladder::whole(wide);
    let (width, height) = if is_turned(stream) {
        (height, width)
    } else {
        (width, height)
    };
    let frame_rate = fraction(stream.avg_frame_rate.as_deref(), '/').filter(|rate| *rate > 0.0);
    Some(Video {
        index: stream.index,
        width,
        height,
        frame_rate,
    })
}

/// Rotated by a quarter, so that width and height change places.
fn is_turned(stream: &Stream) -> bool {
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

fn fraction(text: Option<&str>, by: char) -> Option<f64> {
    let (above, below) = text?.split_once(by)?;
    let (above, below): (f64, f64) = (above.parse().ok()?, below.parse().ok()?);
    (below != 0.0)
        .then(|| above / below)
        .filter(|value| value.is_finite())
}
