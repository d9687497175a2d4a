//! What was made of an asset: kept in its row, shown in its JSON, read by the delivery.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A finished stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MediaInfo {
    /// Seconds, measured on what was made.
    pub(crate) duration_s: f64,
    /// `16:9`; of the source as shown. `None` for sound alone.
    pub(crate) aspect_ratio: Option<String>,
    /// Frames per second of the source, −1 when unknown.
    pub(crate) frame_rate: f64,
    /// Channels of the source's sound; 0 without sound.
    pub(crate) channels: u32,
    /// Track ids, made once.
    pub(crate) video_track: String,
    pub(crate) audio_track: String,
    /// Largest first; one with no size for sound alone.
    pub(crate) renditions: Vec<Rendition>,
}

/// One size of the stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rendition {
    /// The folder's and the playlist's name.
    pub(crate) name: String,
    /// 0 for sound alone.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Bits per second of the largest segment.
    pub(crate) peak_bps: u64,
    /// Bits per second over all.
    pub(crate) average_bps: u64,
    /// RFC 6381, as ffmpeg wrote it.
    pub(crate) codecs: Option<String>,
}

impl Rendition {
    /// The shorter side, by which sizes are named.
    pub(crate) fn shorter_side(&self) -> u32 {
        self.width.min(self.height)
    }
}

impl MediaInfo {
    /// The largest rendition.
    pub(crate) fn top(&self) -> Option<&Rendition> {
        self.renditions.first()
    }

    /// There is a picture.
    pub(crate) fn has_video(&self) -> bool {
        self.top().is_some_and(|top| top.width > 0)
    }

    /// `1080p` and the like, after what is stored.
    pub(crate) fn resolution_tier(&self) -> &'static str {
        match self.top() {
            Some(top) if top.width > 0 => resolution_tier_of(i64::from(top.shorter_side())),
            _ => "audio-only",
        }
    }

    /// The old name of the same.
    pub(crate) fn max_stored_resolution(&self) -> &'static str {
        match self.top().map_or(0, Rendition::shorter_side) {
            0 => "Audio only",
            1..720 => "SD",
            720..1080 => "HD",
            1080..1440 => "FHD",
            _ => "UHD",
        }
    }

    /// `tracks[]` of the asset.
    pub(crate) fn tracks_json(&self) -> Value {
        let mut tracks = Vec::new();
        if let Some(top) = self.top().filter(|top| top.width > 0) {
            tracks.push(json!({
                "type": "video", "id": self.video_track, "duration": self.duration_s,
                "max_width": top.width, "max_height": top.height, "max_frame_rate": self.frame_rate,
            }));
        }
        if self.channels > 0 {
            let layout = if self.channels == 1 { "mono" } else { "stereo" };
            tracks.push(json!({
                "type": "audio", "id": self.audio_track, "duration": self.duration_s, "primary": true,
                "status": "ready", "name": "Default", "language_code": "und",
                "max_channels": self.channels.min(2), "max_channel_layout": layout,
            }));
        }
        Value::Array(tracks)
    }
}

/// Mux's tier for a shorter side in pixels.
pub(crate) fn resolution_tier_of(short: i64) -> &'static str {
    match short {
        ..=720 => "720p",
        721..=1080 => "1080p",
        1081..=1440 => "1440p",
        _ => "2160p",
    }
}
