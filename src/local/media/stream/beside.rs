//! A further sound of a stream that plays already, as segments without a picture.

use std::{ffi::OsString, path::Path};

use super::{
    super::{
        args::to_args,
        failure::{Failure, Fault},
        input::input_args,
        media_info::MediaInfo,
        places::Urgency,
        playlist::{Playlist, Segment},
        source::{
            probe::probe_file,
            scan::{ScannedStreams, scan_packets},
        },
    },
    claims::LONGEST_S,
    encoder::{OFFSET_S, begin_args},
    first::describe_unplayable,
    place::flush_folder,
    plan::{SoundPlan, plan_further_sound},
    run::StreamJob,
    sound::{RATE, sound_graph},
};

/// Makes the sound of the stream `index` in the folder `name` of the attempt, as long as the stream and cut where it is cut:
///
/// 1. The job waits for a place, behind all first sizes.
/// 2. The file is probed, and the sound's packets are scanned, so that its gaps are known.
/// 3. ffmpeg encodes the sound, from `origin_s` of the file's clock on, with silence where it has none.
/// 4. The segments are counted, listed with the times of the stream's own, and flushed.
pub(crate) async fn make_sound_beside(
    job: &StreamJob<'_>,
    media: &MediaInfo,
    (index, name, origin_s): (u32, &str, f64),
) -> Result<(), Failure> {
    let Some(top) = media.top() else {
        return Err(Failure::from_input(
            Fault::Processing,
            "There is no stream to follow",
        ));
    };
    let home = job.app.folders.media_folder(&job.asset.id);
    let followed = Playlist::load(&home.join(&top.name)).await?;
    let folder = job.folder.join(name);
    tokio::fs::create_dir(&folder).await?;
    let place = job.wait_for_place(Urgency::Later).await?;
    let source = job.app.folders.original_file(&job.asset.upload_id);
    let plan = plan_sound(job, &source, index, (origin_s, media.duration_s)).await?;
    let run = SoundRun {
        source: &source,
        plan: &plan,
        origin_s,
        length_s: media.duration_s,
        followed: &followed,
    };
    job.run_size(run.build_args(name), media.duration_s, Some(&place))
        .await?;
    drop(place);
    list_segments(&folder, &followed, media.duration_s).await?;
    Ok(flush_folder(&folder).await?)
}

/// Probes the file and scans one of its sounds.
async fn plan_sound(
    job: &StreamJob<'_>,
    source: &Path,
    index: u32,
    stream: (f64, f64),
) -> Result<SoundPlan, Failure> {
    let probe = probe_file(job.tools, source, job.folder, job.cancel)
        .await
        .map_err(describe_unplayable)?;
    let audio = probe.sounds.iter().find(|sound| sound.index == index);
    let audio =
        audio.ok_or_else(|| Failure::from_input(Fault::Unsupported, "The sound cannot be decoded"))?;
    let scanned = ScannedStreams {
        picture: None,
        sound: Some(index),
        is_h264: false,
    };
    let scan = scan_packets(job.tools, source, scanned, LONGEST_S, (job.folder, job.cancel))
        .await
        .map_err(Failure::from_tool)?;
    let timeline = scan
        .sound
        .ok_or_else(|| Failure::from_input(Fault::Corrupt, "The sound has no packet"))?;
    Ok(plan_further_sound(audio, &timeline, stream))
}

/// The input of one run.
struct SoundRun<'a> {
    source: &'a Path,
    plan: &'a SoundPlan,
    origin_s: f64,
    length_s: f64,
    followed: &'a Playlist,
}

impl SoundRun<'_> {
    /// Returns the arguments of ffmpeg, to be run in the folder of the attempt. It writes `{name}/00000.ts` and so on.
    fn build_args(&self, name: &str) -> Vec<OsString> {
        let mut args = to_args(["-threads", "1"]);
        args.extend(to_args(["-itsoffset", &format!("{:.6}", -self.origin_s)]));
        args.extend(input_args(self.source));
        let graph = sound_graph(
            self.plan,
            &format!("0:{}", self.plan.audio.index),
            Some(self.length_s),
        );
        args.extend(to_args(["-filter_complex", &graph, "-map", "[a]"]));
        args.extend(to_args(["-c:a", "aac", "-b:a", "128k", "-ar", &RATE.to_string()]));
        args.extend(to_args(["-t", &format!("{:.6}", self.length_s)]));
        args.extend(to_args([
            "-sn",
            "-dn",
            "-map_metadata",
            "-1",
            "-map_chapters",
            "-1",
        ]));
        args.extend(begin_args());
        args.extend(to_args(["-f", "segment", "-segment_format", "mpegts"]));
        args.extend(self.cut_args());
        args.extend(to_args(["-progress", "pipe:1", &format!("{name}/%05d.ts")]));
        args
    }

    /// Returns the times at which segments begin, as the muxer sees them.
    fn cut_args(&self) -> Vec<OsString> {
        let begins = self.followed.0.iter().skip(1);
        let times: Vec<String> = begins
            .map(|segment| format!("{:.3}", segment.start_s + OFFSET_S))
            .collect();
        if times.is_empty() {
            // Why: one segment is all, however long it is.
            return to_args(["-segment_time", &LONGEST_S.to_string()]);
        }
        to_args(["-segment_times", &times.join(",")])
    }
}

/// Writes the playlist of a sound, with the segments of the stream that it follows.
async fn list_segments(folder: &Path, followed: &Playlist, length_s: f64) -> Result<(), Failure> {
    let mut made: Vec<Segment> = Vec::with_capacity(followed.0.len());
    for segment in &followed.0 {
        if tokio::fs::try_exists(folder.join(&segment.file)).await? {
            made.push(segment.clone());
        } else {
            break;
        }
    }
    // Why one: a last segment that is shorter than a packet of sound has none.
    if made.is_empty() || made.len() + 1 < followed.0.len() {
        return Err(Failure::Input(
            Fault::Corrupt,
            format!("The sound has {} segments of {}", made.len(), followed.0.len()),
        ));
    }
    Playlist(made).extend_to(folder, length_s).await?;
    Ok(())
}
