//! The description of a finished stream. It is stored in the asset's row, shown in the asset's JSON and read by the
//! delivery.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::stream::ladder::Rung;

/// A finished stream; stored as JSON in `assets.media`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MediaInfo {
    /// Seconds, measured on the result.
    pub(crate) duration_s: f64,
    /// `16:9`, of the source as shown; `None` for sound alone.
    pub(crate) aspect_ratio: Option<String>,
    /// Frames per second of the source; −1 when unknown.
    pub(crate) frame_rate: f64,
    /// Channels of the source's sound; 0 without sound.
    pub(crate) channels: u32,
    /// The id of the video track, made once.
    pub(crate) video_track: String,
    /// The id of the audio track, made once.
    pub(crate) audio_track: String,
    /// The [`Rendition`]s that are made, largest first; a single one without size for sound alone.
    pub(crate) renditions: Vec<Rendition>,
    /// The sizes that are still to be made, the next one first.
    #[serde(default)]
    pub(crate) planned: Vec<Rung>,
    /// The streams that the renditions are made of; `None` where an earlier release made them all at once.
    #[serde(default)]
    pub(crate) streams: Option<UsedStreams>,
    /// The still picture of a file of sound, as a rendition of one frame.
    #[serde(default)]
    pub(crate) cover: Option<Rendition>,
    /// The first sound, where the file has several; `None` where it is the only one.
    #[serde(default)]
    pub(crate) sound: Option<SoundName>,
}

/// What the file tells of a sound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SoundName {
    pub(crate) name: String,
    /// BCP 47.
    pub(crate) language_code: Option<String>,
}

/// The streams of the file that the first size was made of. All others follow.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct UsedStreams {
    /// The index of the sound; `None` for a silent stream.
    pub(crate) sound: Option<u32>,
    /// True when what players take as it is was copied.
    pub(crate) may_copy: bool,
}

/// One size of the stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rendition {
    /// The name of the folder and of the playlist.
    pub(crate) name: String,
    /// In pixels; 0 for sound alone.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Bits per second of the largest segment.
    pub(crate) peak_bps: u64,
    /// Bits per second over all segments.
    pub(crate) average_bps: u64,
    /// Codecs in the form of RFC 6381.
    pub(crate) codecs: Option<String>,
    /// The matrix of its colours, by ffmpeg's name; `None` where an earlier release made it.
    #[serde(default)]
    pub(crate) matrix: Option<String>,
}

impl Rendition {
    /// Returns the filter, with a comma behind it, that tells the matrix to those that follow: a copied picture may not
    /// say it, and ffmpeg would take it for BT.601. Empty where the matrix is not known.
    pub(crate) fn matrix_filter(&self) -> String {
        let tell = |matrix: &String| format!("setparams=colorspace={matrix},");
        self.matrix.as_ref().map(tell).unwrap_or_default()
    }

    /// Returns the shorter side, by which sizes are named.
    pub(crate) fn shorter_side(&self) -> u32 {
        self.width.min(self.height)
    }
}

impl MediaInfo {
    /// Returns the largest [`Rendition`].
    pub(crate) fn top(&self) -> Option<&Rendition> {
        self.renditions.first()
    }

    /// Returns the largest rendition that has a picture; `None` for sound alone.
    pub(crate) fn top_video(&self) -> Option<&Rendition> {
        self.top().filter(|top| top.width > 0)
    }

    /// Returns the rendition that images are made of: the largest with a picture, else the cover.
    pub(crate) fn image_source(&self) -> Option<&Rendition> {
        self.top_video().or(self.cover.as_ref())
    }

    /// Returns width and height of the largest size, made or planned; `None` for sound alone.
    pub(crate) fn full_size(&self) -> Option<(u32, u32)> {
        let made = self.top_video().map(|top| (top.width, top.height));
        let planned = self.planned.iter().map(|rung| (rung.width, rung.height));
        made.into_iter()
            .chain(planned)
            .max_by_key(|(width, height)| width * height)
    }

    /// Returns true when the largest size is made.
    pub(crate) fn has_full_size(&self) -> bool {
        self.full_size() == self.top_video().map(|top| (top.width, top.height))
    }

    /// Adds a size that was made; it is not planned any more.
    pub(crate) fn add_rendition(&mut self, made: Rendition) {
        self.forget_planned(&made.name);
        self.renditions.retain(|one| one.name != made.name);
        self.renditions.push(made);
        self.renditions
            .sort_by_key(|one| std::cmp::Reverse(one.shorter_side()));
    }

    /// Removes a planned size.
    pub(crate) fn forget_planned(&mut self, name: &str) {
        self.planned.retain(|rung| rung.name != name);
    }

    /// Returns true when the stream has a picture.
    pub(crate) fn has_video(&self) -> bool {
        self.top_video().is_some()
    }

    /// Returns [`resolution_tier_of`] the full size, or `audio-only`.
    pub(crate) fn resolution_tier(&self) -> &'static str {
        match self.full_size() {
            Some((width, height)) => resolution_tier_of(i64::from(width.min(height))),
            _ => "audio-only",
        }
    }

    /// Returns Mux's older name of the tier: `SD`, `HD`, `FHD`, `UHD` or `Audio only`.
    pub(crate) fn max_stored_resolution(&self) -> &'static str {
        match self.full_size().map_or(0, |(width, height)| width.min(height)) {
            0 => "Audio only",
            1..720 => "SD",
            720..1080 => "HD",
            1080..1440 => "FHD",
            _ => "UHD",
        }
    }

    /// Returns picture and first sound as `tracks[]` of the asset has them.
    pub(crate) fn tracks_json(&self) -> Vec<Value> {
        let mut tracks = Vec::new();
        if let Some((width, height)) = self.full_size() {
            tracks.push(json!({
                "type": "video", "id": self.video_track, "duration": self.duration_s,
                "max_width": width, "max_height": height, "max_frame_rate": self.frame_rate,
            }));
        }
        if self.channels > 0 {
            let layout = if self.channels == 1 { "mono" } else { "stereo" };
            let (name, language) = self.sound_name();
            tracks.push(json!({
                "type": "audio", "id": self.audio_track, "duration": self.duration_s, "primary": true,
                "status": "ready", "name": name, "language_code": language.unwrap_or("und"),
                "max_channels": self.channels.min(2), "max_channel_layout": layout,
            }));
        }
        tracks
    }

    /// Returns the name of the first sound, and its language where it is known.
    pub(crate) fn sound_name(&self) -> (&str, Option<&str>) {
        let sound = self.sound.as_ref();
        let name = sound.map_or("Default", |sound| sound.name.as_str());
        (name, sound.and_then(|sound| sound.language_code.as_deref()))
    }
}

/// Returns Mux's tier for a shorter side in pixels.
pub(crate) fn resolution_tier_of(short: i64) -> &'static str {
    match short {
        ..=720 => "720p",
        721..=1080 => "1080p",
        1081..=1440 => "1440p",
        _ => "2160p",
    }
}
