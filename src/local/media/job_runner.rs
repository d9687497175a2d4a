//! The job queue: what is due is done, a bounded number at a time, owners in turn, and survives a restart.

use std::{collections::HashMap, path::Path, time::Duration};

use tokio::{
    fs,
    task::{Id, JoinError, JoinSet},
};

use super::{failure::Failure, running_jobs::JobClaim, static_file, tool::Tools, transcode};
use crate::local::{
    app::App,
    changes, ids,
    round_robin::RoundRobin,
    store::{Asset, DueJob, FileKind, Job, JobKind},
};

/// Tries of one job, those included that took the process down.
const MAX_ATTEMPTS: i64 = 3;
/// How long a job waits for disk space, or for its next try.
const RETRY_DELAY: chrono::Duration = chrono::Duration::seconds(30);
/// How often the queue is looked at without being woken.
const POLL_EVERY: Duration = Duration::from_secs(1);

/// Works until the provider stops; what runs then is stopped and taken up after the next start.
pub(crate) async fn run_jobs(app: &App) {
    let mut workers = JobRunner::default();
    while !app.stop.is_cancelled() {
        workers.start_due(app).await;
        tokio::select! {
            () = app.stop.cancelled() => {}
            Some(ended) = workers.tasks.join_next_with_id() => workers.note_end(ended),
            () = app.jobs_wake.notified() => {}
            () = tokio::time::sleep(POLL_EVERY) => {}
        }
    }
    while workers.tasks.join_next().await.is_some() {}
}

/// The jobs under way, and whose turn it is.
#[derive(Default)]
struct JobRunner {
    tasks: JoinSet<()>,
    turns: RoundRobin,
    /// Whose job each task does.
    owners: HashMap<Id, String>,
}

impl JobRunner {
    async fn start_due(&mut self, app: &App) {
        let places = app.settings.jobs.max(1);
        // One more of each owner than can be under way: those that are stand in the list too.
        let mut due = match app.store.due_jobs(app.clock.now(), places + 1).await {
            Ok(due) => due,
            Err(error) => return tracing::warn!(%error, "the job queue cannot be read"),
        };
        due.retain(|waiting| !app.running.contains(&waiting.job.asset_id));
        while app.running.count() < places {
            let owners = due.iter().map(|waiting| waiting.owner.as_str());
            let Some(owner) = self.turns.next_party(owners) else {
                return;
            };
            let Some(first) = due.iter().position(|waiting| waiting.owner == owner) else {
                return;
            };
            let DueJob { job, owner } = due.remove(first);
            if let Some(claim) = app.running.claim(&job.asset_id, &app.stop) {
                self.start(app, job, owner, claim);
            }
        }
    }

    fn start(&mut self, app: &App, job: Job, owner: String, claim: JobClaim) {
        let app = app.clone();
        self.turns.begin(&owner);
        let task = self.tasks.spawn(async move {
            if let Err(error) = attempt_job(&app, &job, &claim).await {
                tracing::error!(%error, asset.id = %job.asset_id, "a job could not be written down");
                tokio::time::sleep(POLL_EVERY).await;
            }
        });
        self.owners.insert(task.id(), owner);
    }

    /// The owner goes to the back: whoever came meanwhile is next.
    fn note_end(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
        if let Some(owner) = self.owners.remove(&id) {
            self.turns.end(&owner);
        }
    }
}

async fn attempt_job(app: &App, job: &Job, claim: &JobClaim) -> Result<(), sqlx::Error> {
    // The list was read before the claim: a job that has ended meanwhile is not begun again.
    let (Ok(tools), Some(asset)) = (&app.tools, app.store.find_asset(&job.asset_id).await?) else {
        return app.store.postpone(job, app.clock.now() + RETRY_DELAY).await;
    };
    if job.attempts >= MAX_ATTEMPTS {
        return give_up(app, job, "The file could not be processed in several tries").await;
    }
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
    // Best effort: strays go at the next start.
    let _ = fs::remove_dir_all(&tries).await;
    ended
}

enum JobOutput {
    /// With its bytes on the disk.
    Stream(Box<super::media_info::MediaInfo>, u64),
    Static(Option<crate::local::store::StaticMeasures>),
}

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

/// How a try ended, for the metrics.
fn metric_result(outcome: &Result<JobOutput, Failure>) -> &'static str {
    match outcome {
        Ok(_) => "done",
        Err(Failure::Input(_) | Failure::TimedOut) => "failed",
        Err(Failure::Transient(_)) => "again",
        Err(Failure::NoSpace | Failure::Stopped) => "put_off",
    }
}

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

async fn give_up(app: &App, job: &Job, reason: &str) -> Result<(), sqlx::Error> {
    match job.kind {
        JobKind::Transcode => changes::outcome::mark_errored(app, job, "invalid_input", reason).await,
        JobKind::Static => changes::outcome::end_static_renditions(app, job, "errored", None).await,
    }
}
