//! ffprobe's JSON, as far as it is read.

use serde::Deserialize;

/// The whole output.
#[derive(Deserialize)]
pub(super) struct ProbeOutput {
    #[serde(default)]
    pub(super) streams: Vec<StreamOutput>,
    pub(super) format: Option<FormatOutput>,
}

/// `format` of [`ProbeOutput`].
#[derive(Deserialize)]
pub(super) struct FormatOutput {
    pub(super) format_name: Option<String>,
    pub(super) duration: Option<String>,
    pub(super) start_time: Option<String>,
}

/// An entry of `streams` of [`ProbeOutput`]. ffprobe leaves out what it does not know.
#[derive(Deserialize)]
pub(super) struct StreamOutput {
    pub(super) index: u32,
    pub(super) codec_type: Option<String>,
    pub(super) codec_name: Option<String>,
    pub(super) profile: Option<String>,
    pub(super) level: Option<i32>,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) avg_frame_rate: Option<String>,
    pub(super) sample_aspect_ratio: Option<String>,
    pub(super) field_order: Option<String>,
    pub(super) pix_fmt: Option<String>,
    pub(super) color_range: Option<String>,
    pub(super) color_space: Option<String>,
    pub(super) color_transfer: Option<String>,
    pub(super) color_primaries: Option<String>,
    pub(super) sample_rate: Option<String>,
    pub(super) channels: Option<u32>,
    pub(super) duration: Option<String>,
    #[serde(default)]
    pub(super) disposition: Disposition,
    #[serde(default)]
    pub(super) side_data_list: Vec<SideData>,
    #[serde(default)]
    pub(super) tags: Tags,
}

impl StreamOutput {
    /// Returns true when codec, size or channels are known: the stream is more than a name in an index.
    pub(super) fn is_something(&self) -> bool {
        self.codec_name.is_some() || self.width > Some(0) || self.channels > Some(0)
    }

    /// Returns the rotation in degrees; 0 where there is none.
    pub(super) fn rotation(&self) -> f64 {
        let tag = self
            .tags
            .rotate
            .as_deref()
            .and_then(|degrees| degrees.parse::<f64>().ok());
        self.side_data_list
            .iter()
            .find_map(|data| data.rotation)
            .or(tag)
            .unwrap_or_default()
    }

    /// Returns the duration that the stream claims: of its header (MP4) or of its tag (Matroska).
    pub(super) fn claimed_s(&self) -> Option<f64> {
        let tag = self.tags.duration.as_deref().and_then(parse_clock);
        let header = self.duration.as_deref().and_then(|text| text.parse().ok());
        tag.or(header).filter(|s: &f64| s.is_finite() && *s > 0.0)
    }
}

/// `disposition` of a stream; `attached_pic` is 1 for a cover.
#[derive(Default, Deserialize)]
pub(super) struct Disposition {
    #[serde(default)]
    pub(super) attached_pic: u32,
    /// 1 for subtitles that also tell sounds.
    #[serde(default)]
    pub(super) hearing_impaired: u32,
}

/// One entry of `side_data_list`; `rotation` is in degrees.
#[derive(Deserialize)]
pub(super) struct SideData {
    pub(super) rotation: Option<f64>,
}

/// `tags` of a stream; `rotate` is the older form of the rotation, `DURATION` is Matroska's, `language` and `title` name a track.
#[derive(Default, Deserialize)]
pub(super) struct Tags {
    pub(super) rotate: Option<String>,
    #[serde(rename = "DURATION")]
    pub(super) duration: Option<String>,
    pub(super) language: Option<String>,
    pub(super) title: Option<String>,
}

/// Reads Matroska's durations, such as `00:01:00.023000000`, into seconds.
fn parse_clock(text: &str) -> Option<f64> {
    let mut parts = text.trim().split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let (hours, minutes): (f64, f64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds: f64 = seconds.parse().ok()?;
    Some(hours * 3600.0 + minutes * 60.0 + seconds)
}

/// Reads a fraction such as `30000/1001`.
pub(super) fn parse_fraction(text: Option<&str>, by: char) -> Option<f64> {
    let (above, below) = text?.split_once(by)?;
    let (above, below): (f64, f64) = (above.parse().ok()?, below.parse().ok()?);
    (below != 0.0)
        .then(|| above / below)
        .filter(|value| value.is_finite())
}
