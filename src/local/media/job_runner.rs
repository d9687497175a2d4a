//! The job runner: does due jobs, a bounded number at a time, owners in fair order.
//!
//! One job goes through these steps:
//!
//! 1. `start_due` picks the next owner's first job and claims the asset. A claimed asset has no second job.
//! 2. The attempt is counted in the row before it starts, so that a file which takes the process down is given up
//!    after [`MAX_ATTEMPTS`].
//! 3. The tools work in `work/<asset>/<attempt>/`, and the result moves into place by a rename.
//! 4. `record_outcome` ends the job in one transaction with the asset's new status and its events: the commit point.
//!    A failed job is postponed, tried again, or ends the asset as `errored`.
//! 5. The attempt's folder is removed.
//!
//! A crash before step 4 leaves the job due: the next start sweeps the folder, and the job runs again.

use std::{collections::HashMap, path::Path, time::Duration};

use tokio::{
    fs,
    task::{Id, JoinError, JoinSet},
};

use super::{
    failure::Failure, media_info::MediaInfo, running_jobs::JobClaim, static_file, tool::Tools, transcode,
};
use crate::local::{
    app::App,
    changes, ids,
    round_robin::RoundRobin,
    store::{Asset, DueJob, FileKind, Job, JobKind, StaticMeasures},
};

/// Attempts of one job, those included that took the process down.
const MAX_ATTEMPTS: i64 = 3;
/// Delay before the next attempt, and while there is no disk space.
const RETRY_DELAY: chrono::Duration = chrono::Duration::seconds(30);
/// Pause between two reads of the queue without a wake-up.
const POLL_EVERY: Duration = Duration::from_secs(1);

/// Does jobs until the provider stops. Jobs under way are stopped then, and run again after the next start.
pub(crate) async fn run_jobs(app: &App) {
    let mut runner = JobRunner::default();
    while !app.stop.is_cancelled() {
        runner.start_due(app).await;
        tokio::select! {
            () = app.stop.cancelled() => {}
            Some(ended) = runner.tasks.join_next_with_id() => runner.note_end(ended),
            () = app.jobs_wake.notified() => {}
            () = tokio::time::sleep(POLL_EVERY) => {}
        }
    }
    // Why awaited: a job that is stopped postpones itself in the database.
    while runner.tasks.join_next().await.is_some() {}
}

/// The jobs under way, and the order of owners.
#[derive(Default)]
struct JobRunner {
    tasks: JoinSet<()>,
    turns: RoundRobin,
    /// The owner of each task.
    owners: HashMap<Id, String>,
}

impl JobRunner {
    /// Starts due jobs while places are free.
    async fn start_due(&mut self, app: &App) {
        let places = app.settings.jobs.max(1);
        // Why one more than places: an owner's jobs under way stand in the list too.
        let mut due = match app.store.due_jobs(app.clock.now(), places + 1).await {
            Ok(due) => due,
            Err(error) => return tracing::warn!(%error, "the job queue cannot be read"),
        };
        due.retain(|due| !app.running.contains(&due.job.asset_id));
        while app.running.count() < places {
            let owners = due.iter().map(|due| due.owner.as_str());
            let Some(owner) = self.turns.next_party(owners) else {
                return;
            };
            let Some(first) = due.iter().position(|due| due.owner == owner) else {
                return;
            };
            let DueJob { job, owner } = due.remove(first);
            if let Some(claim) = app.running.claim(&job.asset_id, &app.stop) {
                self.start(app, job, owner, claim);
            }
        }
    }

    /// Starts one job in a task.
    fn start(&mut self, app: &App, job: Job, owner: String, claim: JobClaim) {
        let app = app.clone();
        self.turns.begin(&owner);
        let task = self.tasks.spawn(async move {
            if let Err(error) = attempt_job(&app, &job, &claim).await {
                tracing::error!(%error, asset.id = %job.asset_id, "a job could not be written down");
                // Why a pause: the job is still due, and would be begun again at once.
                tokio::time::sleep(POLL_EVERY).await;
            }
        });
        self.owners.insert(task.id(), owner);
    }

    /// Notes the end of a task; its owner goes to the back of [`RoundRobin`].
    fn note_end(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
        if let Some(owner) = self.owners.remove(&id) {
            self.turns.end(&owner);
        }
    }
}

/// Makes one attempt at a job, from the count to the recorded outcome. Without ffmpeg the job is postponed.
async fn attempt_job(app: &App, job: &Job, claim: &JobClaim) -> Result<(), sqlx::Error> {
    // A deleted asset has no job any more, so postponing changes nothing then.
    let (Ok(tools), Some(asset)) = (&app.tools, app.store.find_asset(&job.asset_id).await?) else {
        return app.store.postpone(job, app.clock.now() + RETRY_DELAY).await;
    };
    if job.attempts >= MAX_ATTEMPTS {
        return give_up(app, job, "The file could not be processed in several tries").await;
    }
    // Why checked: the list was read before the claim. A job that has ended meanwhile is not begun again.
    if !app.store.count_attempt(job).await? {
        return Ok(());
    }
    let _under_way = app.meters.job_started();
    let tries = app.folders.work_folder(&asset.id);
    let folder = tries.join(ids::new_id());
    let outcome = match fs::create_dir_all(&folder).await {
        Ok(()) => run_job(app, tools, job, &asset, &folder, claim).await,
        Err(error) => Err(error.into()),
    };
    app.meters.job_ended(job.kind, metric_result(&outcome));
    let ended = record_outcome(app, job, outcome).await;
    // Why the error is ignored: the next start removes every attempt's folder.
    let _ = fs::remove_dir_all(&tries).await;
    ended
}

/// The product of a successful attempt.
enum JobOutput {
    /// The stream and its bytes on the disk.
    Stream(Box<MediaInfo>, u64),
    /// The measures of `highest.mp4`; `None` for sound alone.
    Static(Option<StaticMeasures>),
}

/// Runs the tools of one job in `folder`.
async fn run_job(
    app: &App,
    tools: &Tools,
    job: &Job,
    asset: &Asset,
    folder: &Path,
    claim: &JobClaim,
) -> Result<JobOutput, Failure> {
    match job.kind {
        JobKind::Transcode => {
            let media = transcode::make_stream(app, tools, asset, folder, claim).await?;
            let bytes = app.folders.measure_bytes(&asset.id, FileKind::Media).await?;
            Ok(JobOutput::Stream(Box::new(media), bytes))
        }
        JobKind::Static => Ok(JobOutput::Static(
            static_file::make_highest(app, tools, asset, folder, claim).await?,
        )),
    }
}

/// Returns the label of `local_jobs_total`.
fn metric_result(outcome: &Result<JobOutput, Failure>) -> &'static str {
    match outcome {
        Ok(_) => "done",
        Err(Failure::Input(_) | Failure::TimedOut) => "failed",
        Err(Failure::Transient(_)) => "again",
        Err(Failure::NoSpace | Failure::Stopped) => "put_off",
    }
}

/// Records the outcome of an attempt: ends the job, postpones it, or sets its next attempt.
async fn record_outcome(
    app: &App,
    job: &Job,
    outcome: Result<JobOutput, Failure>,
) -> Result<(), sqlx::Error> {
    let later = app.clock.now() + RETRY_DELAY;
    match outcome {
        Ok(JobOutput::Stream(media, bytes)) => changes::outcome::mark_ready(app, job, &media, bytes).await,
        Ok(JobOutput::Static(Some(made))) => {
            changes::outcome::end_static_renditions(app, job, "ready", Some(made)).await
        }
        Ok(JobOutput::Static(None)) => {
            changes::outcome::end_static_renditions(app, job, "skipped", None).await
        }
        Err(Failure::Input(reason)) => give_up(app, job, &reason).await,
        Err(Failure::TimedOut) => give_up(app, job, "The file took too long to process").await,
        Err(Failure::NoSpace) => app.store.postpone(job, later).await,
        Err(Failure::Stopped) => app.store.postpone(job, app.clock.now()).await,
        Err(Failure::Transient(reason)) => {
            tracing::warn!(reason, asset.id = %job.asset_id, "a job failed and will be tried again");
            app.store.retry_job(job, later).await
        }
    }
}

/// Ends a job for good: the asset becomes `errored` with `reason`, or its static renditions do.
async fn give_up(app: &App, job: &Job, reason: &str) -> Result<(), sqlx::Error> {
    match job.kind {
        JobKind::Transcode => changes::outcome::mark_errored(app, job, "invalid_input", reason).await,
        JobKind::Static => changes::outcome::end_static_renditions(app, job, "errored", None).await,
    }
}
