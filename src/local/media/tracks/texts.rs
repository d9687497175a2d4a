//! Subtitles of a file, taken out as WebVTT.

use std::{ffi::OsString, time::Duration};

use super::{
    extracted::regular_webvtt,
    made::{MadeFiles, MadeTrack, reason_of, unusable},
};
use crate::{
    local::{
        folders::write_flushed,
        media::{
            args::to_args,
            failure::Failure,
            input::input_args,
            stream::run::StreamJob,
            tool::{GIB, ToolCall, ToolLimits},
        },
        store::Track,
    },
    subtitles::{SubtitleFormat, Subtitles},
};

/// Decoders of subtitles that are text.
const DECODERS: &str = "mov_text,subrip,srt,ass,ssa,webvtt,text";
/// Largest WebVTT that is taken out of a file, in bytes.
const MAX_BYTES: u64 = 4 << 20;

/// Takes the subtitles `tracks` out of the asset's file: by one run that reads the file once, or, where that fails, one by one.
pub(super) async fn make_texts(
    job: &StreamJob<'_>,
    tracks: &[Track],
    origin_s: f64,
) -> Result<Vec<MadeTrack>, Failure> {
    let together = match extract(job, tracks).await {
        Ok(()) => None,
        Err(failure) => Some(reason_of(failure)?),
    };
    let mut all = Vec::with_capacity(tracks.len());
    for track in tracks {
        let alone = match &together {
            None => Ok(()),
            Some(reason) if tracks.len() == 1 => Err(unusable(reason)),
            Some(_) => extract(job, std::slice::from_ref(track)).await,
        };
        let made = match alone {
            Ok(()) => store_text(job, track, origin_s).await,
            Err(failure) => Err(failure),
        };
        let made = match made {
            Ok(made) => Ok(made),
            Err(failure) => Err(reason_of(failure)?),
        };
        all.push(MadeTrack {
            track: track.clone(),
            made,
        });
    }
    Ok(all)
}

/// Runs ffmpeg, which writes `{track}.vtt` in the folder of the attempt, with the times of the file's clock.
async fn extract(job: &StreamJob<'_>, tracks: &[Track]) -> Result<(), Failure> {
    let source = job.app.folders.original_file(&job.asset.upload_id);
    // Why `-y`: a run that failed may have left a part.
    let mut args = to_args(["-y", "-codec_whitelist:s", DECODERS, "-threads", "1"]);
    args.extend(input_args(&source));
    for track in tracks {
        let stream = format!("0:{}", track.stream.unwrap_or_default());
        args.extend(to_args([
            "-map",
            &stream,
            "-map_metadata",
            "-1",
            "-map_chapters",
            "-1",
        ]));
        // Why `disabled`: cues keep their times, however early the first one is.
        args.extend(to_args([
            "-c:s",
            "webvtt",
            "-avoid_negative_ts",
            "disabled",
            "-f",
            "webvtt",
        ]));
        args.push(OsString::from(extracted_name(track)));
    }
    let limits = ToolLimits {
        // Why hours: the largest files are read from slow disks.
        wall: Duration::from_hours(2),
        cpu_s: 1800,
        memory: 2 * GIB,
        file: MAX_BYTES,
        min_free: job.app.settings.min_free_bytes,
    };
    let call = ToolCall {
        args,
        folder: job.folder,
        limits,
        cancel: job.cancel,
        place: None,
    };
    let run = job.tools.run_ffmpeg(call, |_: &[u8]| {}).await;
    run.map(drop).map_err(Failure::from_tool)
}

/// Reads what was taken out, moves its times to the stream's, and writes it in the form in which it is kept.
async fn store_text(job: &StreamJob<'_>, track: &Track, origin_s: f64) -> Result<MadeFiles, Failure> {
    let bytes = tokio::fs::read(job.folder.join(extracted_name(track))).await?;
    let text = regular_webvtt(&String::from_utf8_lossy(&bytes), millis(origin_s));
    let text = Subtitles::parse(text.as_bytes(), SubtitleFormat::WebVtt)
        .map_err(|fault| unusable(&format!("The text cannot be read: {}", fault.what)))?;
    if text.cues().is_empty() {
        return Err(unusable("The track holds no text"));
    }
    let text = text.to_webvtt();
    let path = job.folder.join(format!("{}.text", track.id));
    write_flushed(&path, &text).await?;
    Ok(MadeFiles {
        path,
        bytes: text.len() as u64,
    })
}

/// Returns the file that ffmpeg writes.
fn extracted_name(track: &Track) -> String {
    format!("{}.vtt", track.id)
}

/// Returns whole milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a stream is 12 hours long at most"
)]
fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}
