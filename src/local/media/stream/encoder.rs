//! ffmpeg's arguments that make one size of a stream, as segments of HLS.

use std::{ffi::OsString, path::Path};

use super::{
    super::{args::to_args, input::input_args, playlist::Playlist},
    ladder::Rung,
    picture::picture_graph,
    plan::{PicturePlan, StreamPlan},
    sound::{RATE, sound_graph},
};

/// Length of a segment, in seconds, where we choose it. Each begins with a keyframe, at the same time in every size.
const SEGMENT_S: u32 = 4;
/// Highest frame rate; more frames are left out.
const FRAME_RATE: &str = "60";
/// Seconds by which a keyframe is asked for before the time at which a segment begins in another size. It is less than
/// half a frame, and more than what times lose when they are written down.
const EARLY_S: f64 = 0.005;
/// Seconds before the end in which no segment begins.
const NO_SEGMENT_S: f64 = 1.5;
/// Seconds that are added to every time of the output.
pub(super) const OFFSET_S: f64 = 1.2;
/// The playlist in which ffmpeg lists the renditions with their codecs.
pub(crate) const MASTER: &str = "master.m3u8";
/// The name of the only rendition of sound alone.
pub(crate) const SOUND: &str = "audio";

/// The frames of a size.
#[derive(Clone, Copy, Debug)]
pub(super) enum Frames<'a> {
    /// The source's own, as they are. Segments follow its keyframes.
    Copied,
    /// Encoded, with a keyframe at every segment of [`SEGMENT_S`].
    Encoded,
    /// Encoded, with the segments of another size.
    Following(&'a Playlist),
}

/// The input of one run.
pub(super) struct SizeRun<'a> {
    pub(super) source: &'a Path,
    pub(super) plan: &'a StreamPlan,
    /// The size to make; `None` for sound alone.
    pub(super) rung: Option<&'a Rung>,
    pub(super) frames: Frames<'a>,
    pub(super) threads: usize,
    /// True when ffmpeg has the filters for wide colours.
    pub(super) can_map_wide: bool,
}

/// Returns the arguments by which a stream begins, in its segments, at 1.4 seconds: [`OFFSET_S`] and twice the delay.
///
/// Why these three: every size, and every further sound, begins at the same time, with room before it for frames that are
/// decoded early. By itself ffmpeg moves each by its own earliest time.
pub(super) fn begin_args() -> Vec<OsString> {
    let offset = OFFSET_S.to_string();
    to_args([
        "-muxdelay",
        "0.1",
        "-muxpreload",
        "0",
        "-output_ts_offset",
        &offset,
    ])
}

impl SizeRun<'_> {
    /// Returns the arguments of ffmpeg, to be run in the folder of the attempt. It writes [`MASTER`] and a folder of
    /// the size's name.
    pub(super) fn build_args(&self) -> Vec<OsString> {
        let mut args = self.input_args();
        if self.plan.reads_apart() {
            args.extend(self.input_args());
        }
        if let Some((picture, rung)) = self.plan.picture.as_ref().zip(self.rung) {
            args.extend(self.picture_args(picture, rung));
        }
        args.extend(self.sound_args());
        args.extend(to_args(["-t", &format!("{:.6}", self.plan.length_s)]));
        args.extend(to_args([
            "-sn",
            "-dn",
            "-map_metadata",
            "-1",
            "-map_chapters",
            "-1",
        ]));
        args.extend(self.output_args());
        args
    }

    /// Returns the arguments of one input, whose times begin at 0.
    fn input_args(&self) -> Vec<OsString> {
        let mut args = to_args(["-threads", &self.threads.to_string()]);
        args.extend(to_args(["-itsoffset", &format!("{:.6}", -self.plan.origin_s)]));
        args.extend(input_args(self.source));
        args
    }

    /// Returns the sound's stream as ffmpeg maps it.
    fn sound_stream(&self, index: u32) -> String {
        let input = u8::from(self.plan.reads_apart());
        format!("{input}:{index}")
    }

    /// Returns the arguments of the picture.
    fn picture_args(&self, picture: &PicturePlan, rung: &Rung) -> Vec<OsString> {
        if matches!(self.frames, Frames::Copied) {
            return to_args(["-map", &format!("0:{}", picture.video.index), "-c:v", "copy"]);
        }
        let graph = picture_graph(picture, rung, self.plan.length_s, self.can_map_wide);
        let (rate, buffer) = (format!("{}k", rung.peak_kbps), format!("{}k", 2 * rung.peak_kbps));
        let mut args = to_args(["-filter_complex", &graph, "-map", "[v]", "-c:v", "libx264"]);
        args.extend(to_args([
            "-preset",
            "veryfast",
            "-profile:v",
            "high",
            "-crf",
            "23",
        ]));
        args.extend(to_args(["-maxrate:v", &rate, "-bufsize:v", &buffer]));
        // Why no keyframes at scene cuts: every size has its keyframes at the same times.
        args.extend(to_args([
            "-threads",
            &self.threads.to_string(),
            "-g",
            "9999",
            "-sc_threshold",
            "0",
        ]));
        args.extend(to_args(["-force_key_frames", &self.keyframes()]));
        // Why `vfr`: frames keep their times.
        args.extend(to_args(["-fps_mode", "vfr"]));
        if picture.has_gaps {
            // Why such a fine unit: the frames' times are irregular, and would be rounded to those of the rate.
            args.extend(to_args(["-r", FRAME_RATE, "-enc_time_base:v", "1:90000"]));
        } else {
            args.extend(to_args(["-fpsmax", FRAME_RATE]));
        }
        if picture.is_slow {
            // Why: a frame that is coded early is decoded seconds before the stream begins, at such a rate.
            args.extend(to_args(["-bf", "0"]));
        }
        args
    }

    /// Returns `-force_key_frames`: an expression, or the times at which the segments of the other size begin.
    fn keyframes(&self) -> String {
        match self.frames {
            Frames::Following(playlist) => {
                let begins = playlist.0.iter().map(|segment| {
                    let at = (segment.start_s - EARLY_S).max(0.0);
                    format!("{at:.3}")
                });
                begins.collect::<Vec<_>>().join(",")
            }
            Frames::Copied | Frames::Encoded => {
                let end = (self.plan.length_s - NO_SEGMENT_S).max(0.0);
                format!("expr:gte(t,n_forced*{SEGMENT_S})*(lt(t,{end:.3})+eq(n_forced,0))")
            }
        }
    }

    /// Returns the arguments of the sound. It is the same in every size.
    fn sound_args(&self) -> Vec<OsString> {
        let Some(sound) = &self.plan.sound else {
            return Vec::new();
        };
        let stream = self.sound_stream(sound.audio.index);
        if sound.is_copied {
            return to_args(["-map", &stream, "-c:a", "copy"]);
        }
        let fill = self.rung.map(|_| self.plan.length_s);
        let graph = sound_graph(sound, &stream, fill);
        let mut args = to_args(["-filter_complex", &graph, "-map", "[a]"]);
        args.extend(to_args(["-c:a", "aac", "-b:a", "128k", "-ar", &RATE.to_string()]));
        args
    }

    /// Returns the arguments of the segments.
    fn output_args(&self) -> Vec<OsString> {
        // Why so short beside another size: each of its keyframes begins a segment.
        let length = match self.frames {
            Frames::Following(_) => "0.1".to_owned(),
            Frames::Copied | Frames::Encoded => SEGMENT_S.to_string(),
        };
        let mut args = begin_args();
        args.extend(to_args([
            "-f",
            "hls",
            "-hls_time",
            &length,
            "-hls_playlist_type",
            "vod",
        ]));
        args.extend(to_args([
            "-hls_flags",
            "independent_segments",
            "-hls_segment_type",
            "mpegts",
        ]));
        args.extend(to_args([
            "-hls_segment_filename",
            "%v/%05d.ts",
            "-master_pl_name",
            MASTER,
        ]));
        let (name, streams) = match (self.rung, &self.plan.sound) {
            (Some(rung), Some(_)) => (rung.name.as_str(), "v:0,a:0"),
            (Some(rung), None) => (rung.name.as_str(), "v:0"),
            (None, _) => (SOUND, "a:0"),
        };
        args.extend(to_args(["-var_stream_map", &format!("{streams},name:{name}")]));
        args.extend(to_args(["-progress", "pipe:1", "%v/index.m3u8"]));
        args
    }
}
