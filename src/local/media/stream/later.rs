//! The further sizes of a video that plays already.

use super::{
    super::{
        failure::{Failure, Fault},
        media_info::{MediaInfo, Rendition, UsedStreams},
        places::Urgency,
        playlist::Playlist,
        source::probe::probe_file,
    },
    encoder::{Frames, SizeRun},
    first::{describe_unplayable, plan_with_sound, rungs_of},
    ladder::Rung,
    measure::{check_segments, measure_size},
    place::move_into_place,
    run::StreamJob,
};

/// Makes one planned size of `media`, by the plan of the first size and with its segments:
///
/// 1. The job waits for a place, behind all first sizes.
/// 2. The file is probed and scanned again. The plan follows from both, so it is that of the first size.
/// 3. ffmpeg encodes the size, with keyframes where the first size's segments begin.
/// 4. The size is measured, and checked against the first size's segments.
/// 5. [`move_into_place`] moves it beside the others.
pub(crate) async fn make_later(
    job: &StreamJob<'_>,
    media: &MediaInfo,
    used: UsedStreams,
    rung: &Rung,
) -> Result<Rendition, Failure> {
    let home = job.app.folders.media_folder(&job.asset.id);
    let Some(first) = media.renditions.first() else {
        return Err(Failure::from_input(
            Fault::Processing,
            "There is no first size to follow",
        ));
    };
    let followed = Playlist::load(&home.join(&first.name)).await?;
    let place = job.wait_for_place(Urgency::Later).await?;
    let source = job.app.folders.original_file(&job.asset.upload_id);
    let probe = probe_file(job.tools, &source, job.folder, job.cancel)
        .await
        .map_err(describe_unplayable)?;
    let sound = probe.sounds.iter().find(|sound| Some(sound.index) == used.sound);
    let rungs = rungs_of(&probe, job.asset);
    let mut plan = plan_with_sound(job, &source, &probe, sound, rungs.first()).await?;
    if !used.may_copy {
        plan.encode_all();
    }
    let run = SizeRun {
        source: &source,
        plan: &plan,
        rung: Some(rung),
        frames: Frames::Following(&followed),
        threads: job.tools.threads(place.running),
        can_map_wide: job.tools.can_map_wide,
    };
    let reached_s = job
        .run_size(run.build_args(), plan.length_s, Some(&place))
        .await?;
    drop(place);
    let (rendition, playlist) = measure_size(Some(rung), job.folder, &plan, reached_s).await?;
    check_segments(&playlist, &followed)?;
    move_into_place(&job.folder.join(&rung.name), &home.join(&rung.name)).await?;
    Ok(rendition)
}
