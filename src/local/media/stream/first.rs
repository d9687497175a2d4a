//! The first size of a stream, after which the video plays.

use std::path::Path;

use super::{
    super::{
        failure::{Failure, Fault},
        media_info::{MediaInfo, Rendition, UsedStreams},
        places::Urgency,
        source::{
            probe::{Audio, Probe, Unplayable, Video, probe_file},
            scan::{ScannedStreams, scan_packets},
        },
        tracks::find::{FoundTracks, find_tracks},
    },
    claims::LONGEST_S,
    cover::make_cover,
    encoder::{Frames, SizeRun},
    ladder::{Rung, build_ladder},
    measure::measure_size,
    place::{flush_folder, move_into_place},
    plan::{StreamPlan, TEST_S, plan_stream},
    run::StreamJob,
};
use crate::local::{ids, store::Asset};

/// Shorter side of the first size that is encoded, at most, in pixels: large enough to be watched, and made in a
/// third of the time that the largest takes.
const FIRST_SIDE: u32 = 720;
/// Length up to which a sound is encoded beside other quick work, in seconds.
const QUICK_SOUND_S: f64 = 60.0;

/// Makes the first size of an asset:
///
/// 1. [`probe_file`] reads the original. Files without a stream fail.
/// 2. Of the sounds the first is taken that can be decoded; none is fine beside a picture.
/// 3. [`scan_packets`] reads the times, [`plan_stream`] decides.
/// 4. [`make_planned`] copies or encodes the size into the folder of the attempt, and measures it.
/// 5. [`find_tracks`] reads the names of further sounds and subtitles, which are made later.
/// 6. [`move_into_place`] commits it.
///
/// `looked` is called when the quick work is over and the encode waits for its place.
pub(crate) async fn make_first(
    job: &StreamJob<'_>,
    looked: impl FnOnce() + Send,
) -> Result<(MediaInfo, FoundTracks), Failure> {
    let source = job.app.folders.original_file(&job.asset.upload_id);
    let probe = probe_file(job.tools, &source, job.folder, job.cancel)
        .await
        .map_err(describe_unplayable)?;
    let rungs = rungs_of(&probe, job.asset);
    let mut looked = Some(looked);
    let mut wait = || {
        if let Some(looked) = looked.take() {
            looked();
        }
    };
    let mut sounds = probe.sounds.iter();
    loop {
        let sound = sounds.next();
        let made = make_with_sound(job, &source, &probe, &rungs, sound, &mut wait).await;
        match (made, sound) {
            (Err(Failure::Input(_, reason)), Some(audio)) if !gives_sound(job, &source, audio).await? => {
                tracing::info!(asset.id = %job.asset.id, reason, stream = audio.index, "a sound gives way to the next");
                clear_attempt(job.folder).await?;
            }
            (made, _) => {
                let (mut media, origin_s) = made?;
                let found = find_tracks(job, &source, &probe, (&mut media, origin_s)).await?;
                move_into_place(job.folder, &job.app.folders.media_folder(&job.asset.id)).await?;
                return Ok((media, found));
            }
        }
    }
}

/// Returns the ladder of the asset's picture; empty for sound alone.
pub(super) fn rungs_of(probe: &Probe, asset: &Asset) -> Vec<Rung> {
    let tier = asset
        .settings
        .0
        .get("max_resolution_tier")
        .and_then(serde_json::Value::as_str);
    let ladder = |video: &Video| build_ladder(video.width, video.height, tier);
    probe.video.as_ref().map(ladder).unwrap_or_default()
}

/// Scans the picture with one sound and plans the stream.
pub(super) async fn plan_with_sound(
    job: &StreamJob<'_>,
    source: &Path,
    probe: &Probe,
    sound: Option<&Audio>,
    top: Option<&Rung>,
) -> Result<StreamPlan, Failure> {
    let streams = ScannedStreams {
        picture: probe.video.as_ref().map(|video| video.index),
        sound: sound.map(|audio| audio.index),
        is_h264: probe.video.as_ref().is_some_and(|video| video.codec == "h264"),
    };
    let longest_s = if job.asset.test { TEST_S } else { LONGEST_S };
    let scan = scan_packets(job.tools, source, streams, longest_s, (job.folder, job.cancel))
        .await
        .map_err(Failure::from_tool)?;
    plan_stream(probe, sound, &scan, top, job.asset.test)
}

/// Plans and makes the first size with one of the sounds, or with none. Returns it, and the time of the file's clock at which
/// the stream begins, in seconds.
async fn make_with_sound(
    job: &StreamJob<'_>,
    source: &Path,
    probe: &Probe,
    rungs: &[Rung],
    sound: Option<&Audio>,
    wait: &mut (impl FnMut() + Send),
) -> Result<(MediaInfo, f64), Failure> {
    if probe.video.is_none() && sound.is_none() {
        return Err(Failure::from_input(
            Fault::NoVideo,
            "The file holds no sound that can be heard",
        ));
    }
    let mut plan = plan_with_sound(job, source, probe, sound, rungs.first()).await?;
    if sound.is_some() && plan.sound.is_none() {
        return Err(Failure::from_input(Fault::Corrupt, "The sound has no packet"));
    }
    let (mut made, mut may_copy) = (make_planned(job, source, &plan, rungs, wait).await, true);
    // A copy that does not play: the file is encoded like any other.
    if plan.copies() && matches!(made, Err(Failure::Input(..))) {
        tracing::info!(asset.id = %job.asset.id, "what was copied does not play: it is encoded");
        clear_attempt(job.folder).await?;
        plan.encode_all();
        (made, may_copy) = (make_planned(job, source, &plan, rungs, wait).await, false);
    }
    let (rendition, duration_s) = made?;
    let cover = match probe.cover.filter(|_| probe.video.is_none()) {
        Some(cover) => make_cover(job, source, cover, plan.length_s).await?,
        None => None,
    };
    let planned = later_sizes(rungs, &rendition.name, job.asset);
    let media = MediaInfo {
        // Microseconds, like the times in ffmpeg's playlists.
        duration_s: (duration_s * 1e6).round() / 1e6,
        aspect_ratio: probe.video.as_ref().map(aspect_ratio),
        frame_rate: probe
            .video
            .as_ref()
            .and_then(|video| video.frame_rate)
            .map_or(-1.0, |rate| (rate * 1e3).round() / 1e3),
        channels: plan.sound.as_ref().map_or(0, |sound| sound.audio.channels),
        video_track: ids::new_id(),
        audio_track: ids::new_id(),
        renditions: vec![rendition],
        planned,
        streams: Some(UsedStreams {
            sound: plan.sound.as_ref().map(|sound| sound.audio.index),
            may_copy,
        }),
        cover,
        sound: None,
    };
    Ok((media, plan.origin_s))
}

/// Makes and measures the first size by the plan: the source's own frames, or the largest rung up to [`FIRST_SIDE`].
///
/// An encode waits for its place; copies are made at once. Returns the size, and its length in seconds.
async fn make_planned(
    job: &StreamJob<'_>,
    source: &Path,
    plan: &StreamPlan,
    rungs: &[Rung],
    wait: &mut (impl FnMut() + Send),
) -> Result<(Rendition, f64), Failure> {
    let copies_picture = plan.picture.as_ref().is_some_and(|picture| picture.is_copied);
    let is_short = |rung: &&Rung| rung.width.min(rung.height) <= FIRST_SIDE;
    let rung = if copies_picture {
        rungs.first()
    } else {
        rungs.iter().find(is_short).or(rungs.last())
    };
    let encodes_picture = plan.picture.is_some() && !copies_picture;
    let encodes_sound = plan.sound.as_ref().is_some_and(|sound| !sound.is_copied);
    let is_quick = !encodes_picture && (!encodes_sound || plan.length_s <= QUICK_SOUND_S);
    let place = if is_quick {
        None
    } else {
        wait();
        Some(job.wait_for_place(Urgency::First).await?)
    };
    let run = SizeRun {
        source,
        plan,
        rung,
        frames: if copies_picture {
            Frames::Copied
        } else {
            Frames::Encoded
        },
        threads: job.tools.threads(place.as_ref().map_or(1, |place| place.running)),
        can_map_wide: job.tools.can_map_wide,
    };
    let reached_s = job
        .run_size(run.build_args(), plan.length_s, place.as_ref())
        .await?;
    drop(place);
    let (mut rendition, playlist) = measure_size(rung, job.folder, plan, reached_s).await?;
    if plan.copies()
        && let Some(segment) = playlist.0.first()
    {
        let segment = job.folder.join(&rendition.name).join(&segment.file);
        // Why at the same time: the check computes while the disk writes.
        let (checked, flushed) = tokio::join!(check_copy(job, plan, &segment), flush_folder(job.folder));
        checked?;
        flushed?;
        rendition.codecs = plan.codecs();
    }
    Ok((rendition, playlist.duration_s()))
}

/// Checks that the first segment of a copy can be decoded: what is copied was never decoded.
async fn check_copy(job: &StreamJob<'_>, plan: &StreamPlan, segment: &Path) -> Result<(), Failure> {
    let all = match (&plan.picture, &plan.sound) {
        (Some(_), Some(_)) => job.decodes(segment, ["0:v:0", "0:a:0"]).await?,
        (Some(_), None) => [job.decodes(segment, ["0:v:0"]).await?[0], true],
        (None, _) => [true, job.decodes(segment, ["0:a:0"]).await?[0]],
    };
    if all == [true, true] {
        return Ok(());
    }
    Err(Failure::from_input(
        Fault::Corrupt,
        "The file could not be decoded",
    ))
}

/// Returns true when the sound can be decoded at all.
async fn gives_sound(job: &StreamJob<'_>, source: &Path, audio: &Audio) -> Result<bool, Failure> {
    let [gives] = job.decodes(source, [&format!("0:{}", audio.index)]).await?;
    Ok(gives)
}

/// Returns the sizes that are made after the first: small ones first, which come soonest. The largest comes first
/// where a file is to be made of it.
fn later_sizes(rungs: &[Rung], first: &str, asset: &Asset) -> Vec<Rung> {
    let mut later: Vec<Rung> = rungs.iter().filter(|rung| rung.name != first).cloned().collect();
    if asset.settings.0.get("static_renditions").is_none() {
        later.reverse();
    }
    later
}

/// Removes what a run has left in the folder of the attempt.
async fn clear_attempt(folder: &Path) -> Result<(), Failure> {
    tokio::fs::remove_dir_all(folder).await?;
    Ok(tokio::fs::create_dir(folder).await?)
}

/// Returns the failure of an [`Unplayable`] file, with the text for its uploader.
pub(super) fn describe_unplayable(unplayable: Unplayable) -> Failure {
    match unplayable {
        Unplayable::NoMedia => Failure::from_input(
            Fault::NoVideo,
            "The file is not a video or sound file that can be played",
        ),
        Unplayable::Codec {
            of,
            codec: Some(codec),
        } => Failure::Input(
            Fault::Unsupported,
            format!("The codec of the file's {of}, {codec}, is not supported"),
        ),
        Unplayable::Codec { of, codec: None } => Failure::Input(
            Fault::Unsupported,
            format!("The codec of the file's {of} is not known"),
        ),
        Unplayable::Tool(error) => Failure::from_tool(error),
    }
}

/// Returns the reduced ratio, such as `16:9`.
fn aspect_ratio(video: &Video) -> String {
    let (mut a, mut b) = (video.width, video.height);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    format!("{}:{}", video.width / a.max(1), video.height / a.max(1))
}
