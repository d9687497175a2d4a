//! ffmpeg's arguments of one transcode: every size and the sound in one pass over the file.

use std::{ffi::OsString, fmt::Write as _, path::Path};

use super::{
    args::to_args,
    input::input_args,
    ladder::Rung,
    probe::{Audio, Probe, Video},
};

/// Length of a segment, in seconds. Each begins with a keyframe, at the same time in every size.
const SEGMENT_S: u32 = 4;
/// Longest stream, in seconds: Mux's 12 hours.
pub(crate) const LONGEST_S: u32 = 12 * 3600;
/// Longest stream of a test asset, in seconds.
pub(crate) const TEST_S: u32 = 10;
/// Highest frame rate; more frames are left out.
const FRAME_RATE: &str = "60";

/// The input of one transcode.
pub(crate) struct TranscodePlan<'a> {
    pub(crate) source: &'a Path,
    pub(crate) probe: &'a Probe,
    /// The sizes to make, from [`build_ladder`](super::ladder::build_ladder); empty for sound alone.
    pub(crate) rungs: &'a [Rung],
    pub(crate) threads: usize,
    /// True keeps only the first [`TEST_S`] seconds.
    pub(crate) test: bool,
}

impl TranscodePlan<'_> {
    /// Returns the arguments of ffmpeg, to be run in the folder of the attempt.
    pub(crate) fn build_args(&self) -> Vec<OsString> {
        let mut args = to_args(["-threads", &self.threads.to_string()]);
        args.extend(input_args(self.source));
        if let Some(video) = &self.probe.video {
            args.extend(to_args(["-filter_complex", &self.filter_graph(video)]));
        }
        for (at, rung) in self.rungs.iter().enumerate() {
            args.extend(to_args(["-map", &format!("[v{at}]")]));
            let (rate, buffer) = (format!("{}k", rung.peak_kbps), format!("{}k", 2 * rung.peak_kbps));
            args.extend(to_args([
                &format!("-maxrate:v:{at}"),
                &rate,
                &format!("-bufsize:v:{at}"),
                &buffer,
            ]));
        }
        if let Some(audio) = &self.probe.audio {
            args.extend(self.audio_args(audio));
        }
        args.extend(self.encoder_args());
        args
    }

    /// Returns the filter graph: one decoding, split and scaled to every size. Square pixels and colour at half size
    /// are what every player takes.
    fn filter_graph(&self, video: &Video) -> String {
        let mut filter = format!("[0:{}]split={}", video.index, self.rungs.len());
        for at in 0..self.rungs.len() {
            let _ = write!(filter, "[s{at}]");
        }
        for (at, rung) in self.rungs.iter().enumerate() {
            let (w, h) = (rung.width, rung.height);
            let _ = write!(
                filter,
                ";[s{at}]scale={w}:{h}:flags=bicubic,setsar=1,format=yuv420p[v{at}]"
            );
        }
        filter
    }

    /// Returns the arguments of the sound: one copy for every [`Rung`], so that each plays alone. Gaps are filled, so
    /// that the sound stays in step.
    fn audio_args(&self, audio: &Audio) -> Vec<OsString> {
        let copies = self.rungs.len().max(1);
        let mut args = Vec::new();
        for _ in 0..copies {
            args.extend(to_args(["-map", &format!("0:{}", audio.index)]));
        }
        let channels = audio.channels.min(2).to_string();
        args.extend(to_args([
            "-c:a", "aac", "-b:a", "128k", "-ar", "48000", "-ac", &channels,
        ]));
        args.extend(to_args(["-af", "aresample=async=1:first_pts=0"]));
        args
    }

    /// Returns the arguments of encoder and output.
    fn encoder_args(&self) -> Vec<OsString> {
        let threads = self.threads.to_string();
        let longest = if self.test { TEST_S } else { LONGEST_S }.to_string();
        let keyframes = format!("expr:gte(t,n_forced*{SEGMENT_S})");
        let mut args = to_args([
            "-t",
            &longest,
            "-sn",
            "-dn",
            "-map_metadata",
            "-1",
            "-map_chapters",
            "-1",
        ]);
        if !self.rungs.is_empty() {
            args.extend(to_args([
                "-c:v",
                "libx264",
                "-preset",
                "veryfast",
                "-profile:v",
                "high",
                "-crf",
                "23",
            ]));
            // Why no keyframes at scene cuts: every size has its keyframes at the same times.
            args.extend(to_args(["-threads", &threads, "-g", "300", "-sc_threshold", "0"]));
            // Why `vfr`: frames keep their times. A file that claims an hour between two frames does not get that hour filled.
            args.extend(to_args([
                "-force_key_frames",
                &keyframes,
                "-fps_mode",
                "vfr",
                "-fpsmax",
                FRAME_RATE,
            ]));
        }
        args.extend(to_args([
            "-f",
            "hls",
            "-hls_time",
            &SEGMENT_S.to_string(),
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
        args.extend(to_args([
            "-var_stream_map",
            &self.variant_map(),
            "-progress",
            "pipe:1",
            "%v/index.m3u8",
        ]));
        args
    }

    /// Returns `-var_stream_map`: the streams and the name of each rendition.
    fn variant_map(&self) -> String {
        let sound = self.probe.audio.is_some();
        if self.rungs.is_empty() {
            return format!("a:0,name:{SOUND}");
        }
        let one = |(at, rung): (usize, &Rung)| {
            let sound = if sound { format!(",a:{at}") } else { String::new() };
            format!("v:{at}{sound},name:{}", rung.name)
        };
        self.rungs
            .iter()
            .enumerate()
            .map(one)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// The playlist in which ffmpeg lists the renditions with their codecs.
pub(crate) const MASTER: &str = "master.m3u8";
/// The name of the only rendition of sound alone.
pub(crate) const SOUND: &str = "audio";
