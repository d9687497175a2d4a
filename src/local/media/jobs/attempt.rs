//! One attempt at a job.
//!
//! It goes through these steps:
//!
//! 1. The runner claims the job's kind on the asset, so that no second attempt runs.
//! 2. The start is counted in the row before it happens. A process that ends before the attempt leaves the count; after
//!    [`MAX_STARTS`] the file is given up, in case it is the reason.
//! 3. The tools work in `work/<asset>/<attempt>/`, and the result moves into place by a rename.
//! 4. [`record_outcome`] ends the job in one transaction with the asset's new state and its events: the commit point.
//!    A failed job is postponed, tried again, or ends the asset as `errored`. A size that fails is left out, a track that
//!    fails is `errored`: a ready asset stays ready.
//! 5. The attempt's folder is removed.
//!
//! A crash before step 4 leaves the job due: the next start sweeps the folder, and the job runs again. Sizes that were
//! made before stay.

use tokio::fs;

use super::{
    super::{
        failure::{Failure, Fault},
        media_info::{MediaInfo, Rendition, UsedStreams},
        static_file,
        stream::{first::make_first, ladder::Rung, later::make_later, run::StreamJob},
        tracks::{
            find::FoundTracks,
            made::MadeTrack,
            make::{make_tracks, next_tracks},
        },
    },
    quick_place::QuickPlace,
    running::JobClaim,
};
use crate::local::{
    app::App,
    changes::{self, outcome::SizeEnd},
    ids,
    store::{Asset, FileKind, Job, JobKind, StaticMeasures},
};

/// Failures of one job that may pass.
const MAX_ATTEMPTS: i64 = 3;
/// Starts of one job that ended with the process.
const MAX_STARTS: i64 = 8;
/// Delay before the next attempt, and while there is no disk space.
const RETRY_DELAY: chrono::Duration = chrono::Duration::seconds(30);

/// Makes one attempt at a job, from the count to the recorded outcome. Without ffmpeg the job is postponed.
pub(super) async fn attempt_job(
    app: &App,
    job: &Job,
    owner: &str,
    claim: &JobClaim,
    place: &mut QuickPlace,
) -> Result<(), sqlx::Error> {
    // A deleted asset has no job any more, so postponing changes nothing then.
    let (Ok(tools), Some(asset)) = (&app.tools, app.store.find_asset(&job.asset_id).await?) else {
        return app.store.postpone(job, app.clock.now() + RETRY_DELAY).await;
    };
    if job.attempts >= MAX_ATTEMPTS || job.starts >= MAX_STARTS {
        let reason = (
            Fault::Processing,
            "The file could not be processed in several tries",
        );
        return give_up(app, job, &asset, reason).await;
    }
    // Why checked: the list was read before the claim. A job that has ended meanwhile is not begun again.
    if !app.store.count_start(job).await? {
        return Ok(());
    }
    let _under_way = app.meters.job_started();
    let folder = app.folders.work_folder(&asset.id).join(ids::new_id());
    let stream = StreamJob {
        app,
        tools,
        asset: &asset,
        owner,
        folder: &folder,
        cancel: claim.cancel(),
    };
    let outcome = match fs::create_dir_all(&folder).await {
        Ok(()) => run_job(&stream, job, place).await,
        Err(error) => Err(error.into()),
    };
    app.meters.job_ended(job.kind, metric_result(&outcome));
    let ended = record_outcome(app, job, &asset, outcome).await;
    app.folders.remove_attempt(&asset.id, &folder).await;
    ended
}

/// The product of a successful attempt.
enum JobOutput {
    /// The first size of the stream, its bytes on the disk, and the tracks that are to come.
    Stream(Box<MediaInfo>, u64, FoundTracks),
    /// A further size, and the bytes of all.
    Size(Box<Rendition>, u64),
    /// No further size is planned.
    NoSize,
    /// The measures of `highest.mp4`; `None` for sound alone.
    Static(Option<StaticMeasures>),
    /// Tracks that were made, or cannot be made; none when none was left.
    Tracks(Vec<MadeTrack>),
}

/// Runs the tools of one job.
async fn run_job(stream: &StreamJob<'_>, job: &Job, place: &mut QuickPlace) -> Result<JobOutput, Failure> {
    let (app, asset) = (stream.app, stream.asset);
    match job.kind {
        JobKind::Transcode => {
            let (media, found) = make_first(stream, || place.leave()).await?;
            let bytes = app.folders.measure_bytes(&asset.id, FileKind::Media).await?;
            Ok(JobOutput::Stream(Box::new(media), bytes, found))
        }
        JobKind::Static => Ok(JobOutput::Static(
            static_file::make_highest(app, stream.tools, asset, stream.folder, stream.cancel).await?,
        )),
        JobKind::Sizes => {
            let Some((media, used, rung)) = next_size(asset) else {
                return Ok(JobOutput::NoSize);
            };
            let made = make_later(stream, media, used, rung).await?;
            let bytes = app.folders.measure_bytes(&asset.id, FileKind::Media).await?;
            Ok(JobOutput::Size(Box::new(made), bytes))
        }
        JobKind::Tracks => Ok(JobOutput::Tracks(make_tracks(stream, || place.leave()).await?)),
    }
}

/// Returns the next planned size of an asset, with what it follows.
fn next_size(asset: &Asset) -> Option<(&MediaInfo, UsedStreams, &Rung)> {
    let media = &asset.media.as_ref()?.0;
    Some((media, media.streams?, media.planned.first()?))
}

/// Returns the label of `local_jobs_total`.
fn metric_result(outcome: &Result<JobOutput, Failure>) -> &'static str {
    match outcome {
        Ok(_) => "done",
        Err(Failure::Input(..) | Failure::TimedOut) => "failed",
        Err(Failure::Transient(_)) => "again",
        Err(Failure::NoSpace | Failure::Stopped) => "put_off",
    }
}

/// Records the outcome of an attempt: ends the job, postpones it, or sets its next attempt.
async fn record_outcome(
    app: &App,
    job: &Job,
    asset: &Asset,
    outcome: Result<JobOutput, Failure>,
) -> Result<(), sqlx::Error> {
    let later = app.clock.now() + RETRY_DELAY;
    match outcome {
        Ok(JobOutput::Stream(media, bytes, found)) => {
            changes::outcome::mark_ready(app, job, (&media, bytes), &found).await
        }
        Ok(JobOutput::Size(made, bytes)) => {
            changes::outcome::end_size(app, job, SizeEnd::Made(*made, bytes)).await
        }
        Ok(JobOutput::NoSize) => changes::outcome::end_size(app, job, SizeEnd::Given(String::new())).await,
        Ok(JobOutput::Static(Some(made))) => {
            changes::outcome::end_static_renditions(app, job, "ready", Some(made)).await
        }
        Ok(JobOutput::Static(None)) => {
            changes::outcome::end_static_renditions(app, job, "skipped", None).await
        }
        Ok(JobOutput::Tracks(made)) => changes::tracks::end_tracks(app, job, &made).await,
        Err(Failure::Input(fault, reason)) => give_up(app, job, asset, (fault, &reason)).await,
        Err(Failure::TimedOut) => {
            let reason = (Fault::Processing, "The file took too long to process");
            give_up(app, job, asset, reason).await
        }
        Err(Failure::NoSpace) => app.store.postpone(job, later).await,
        Err(Failure::Stopped) => app.store.postpone(job, app.clock.now()).await,
        Err(Failure::Transient(reason)) => {
            tracing::warn!(reason, asset.id = %job.asset_id, "a job failed and will be tried again");
            app.store.retry_job(job, later).await
        }
    }
}

/// Ends a job for good: the asset becomes `errored` with `reason`, or its static renditions do, or a further size is
/// left out, or a track is `errored`.
async fn give_up(
    app: &App,
    job: &Job,
    asset: &Asset,
    (fault, reason): (Fault, &str),
) -> Result<(), sqlx::Error> {
    match job.kind {
        JobKind::Transcode => changes::outcome::mark_errored(app, job, fault, reason).await,
        JobKind::Static => changes::outcome::end_static_renditions(app, job, "errored", None).await,
        JobKind::Sizes => {
            let name = next_size(asset)
                .map(|(_, _, rung)| rung.name.clone())
                .unwrap_or_default();
            tracing::warn!(reason, size = name, asset.id = %job.asset_id, "a further size cannot be made");
            changes::outcome::end_size(app, job, SizeEnd::Given(name)).await
        }
        JobKind::Tracks => {
            let next = next_tracks(&app.store.list_tracks(&asset.id).await?);
            tracing::warn!(reason, asset.id = %job.asset_id, "tracks cannot be made");
            let given: Vec<MadeTrack> = next
                .into_iter()
                .map(|track| MadeTrack {
                    track,
                    made: Err(reason.to_owned()),
                })
                .collect();
            changes::tracks::end_tracks(app, job, &given).await
        }
    }
}
