//! The job queue: what is due is done, a bounded number at a time, and survives a restart.

use std::{path::Path, time::Duration};

use tokio::{fs, task::JoinSet};

use super::{
    running::Claim,
    static_file,
    tool::{ToolError, Tools},
    transcode,
};
use crate::local::{
    App, changes, ids,
    store::{Asset, Job, JobKind},
};

/// Tries of one job, those included that took the process down.
const TRIES: i64 = 3;
/// How long a job waits for disk space, or for its next try.
const WAIT: chrono::Duration = chrono::Duration::seconds(30);
/// How often the queue is looked at without being woken.
const LOOK: Duration = Duration::from_secs(1);

/// Why a job did not succeed.
pub(crate) enum Failure {
    /// The file is the reason; the uploader may read why.
    Input(String),
    /// It took longer than it may.
    TooSlow,
    /// It may go better next time.
    Passing(String),
    /// The disk is full: try later, this time does not count.
    NoSpace,
    /// The service stops or the asset is gone: this time does not count.
    Stopped,
}

impl Failure {
    /// The file is the reason.
    pub(crate) fn input(reason: &str) -> Self {
        Self::Input(reason.to_owned())
    }

    /// What a tool's end means.
    pub(crate) fn tool(error: ToolError) -> Self {
        match error {
            ToolError::Failed(told) => {
                tracing::info!(told = %told.chars().take(2000).collect::<String>(), "ffmpeg refused a file");
                if told.contains("No space left on device") {
                    return Self::NoSpace;
                }
                Self::input("The file could not be decoded")
            }
            ToolError::TimedOut => Self::TooSlow,
            ToolError::NoSpace => Self::NoSpace,
            ToolError::Stopped => Self::Stopped,
            ToolError::Killed(_) | ToolError::Io(_) => Self::Passing(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::NoSpace,
            _ => Self::Passing(error.to_string()),
        }
    }
}

/// Works until the provider stops; what runs then is stopped and taken up after the next start.
pub(crate) async fn run_jobs(app: &App) {
    let mut tasks = JoinSet::new();
    while !app.stop.is_cancelled() {
        start_due(app, &mut tasks).await;
        tokio::select! {
            () = app.stop.cancelled() => {}
            Some(_) = tasks.join_next() => {}
            () = app.jobs_wake.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    while tasks.join_next().await.is_some() {}
}

async fn start_due(app: &App, tasks: &mut JoinSet<()>) {
    let due = match app.store.due_jobs(app.clock.now()).await {
        Ok(due) => due,
        Err(error) => return tracing::warn!(%error, "the job queue cannot be read"),
    };
    for job in due {
        if app.running.count() >= app.settings.jobs.max(1) {
            return;
        }
        if let Some(claim) = app.running.claim(&job.asset_id, &app.stop) {
            let app = app.clone();
            tasks.spawn(async move {
                if let Err(error) = attempt(&app, &job, &claim).await {
                    tracing::error!(%error, asset.id = %job.asset_id, "a job could not be written down");
                    tokio::time::sleep(LOOK).await;
                }
            });
        }
    }
}

async fn attempt(app: &App, job: &Job, claim: &Claim) -> Result<(), sqlx::Error> {
    // The list was read before the claim: a job that has ended meanwhile is not begun again.
    let (Ok(tools), Some(asset)) = (&app.tools, app.store.asset(&job.asset_id).await?) else {
        return app.store.put_off(job, app.clock.now() + WAIT).await;
    };
    if job.attempts >= TRIES {
        return give_up(app, job, "The file could not be processed in several tries").await;
    }
    if !app.store.count_attempt(job).await? {
        return Ok(());
    }
    let _under_way = app.meters.begin();
    let tries = app.folders.work(&asset.id);
    let folder = tries.join(ids::id());
    let outcome = match fs::create_dir_all(&folder).await {
        Ok(()) => work(app, tools, job, &asset, &folder, claim).await,
        Err(error) => Err(error.into()),
    };
    app.meters.ended(job.kind, word(&outcome));
    let ended = end(app, job, outcome).await;
    // Best effort: strays go at the next start.
    let _ = fs::remove_dir_all(&tries).await;
    ended
}

enum Done {
    Stream(Box<super::Media>),
    Static(Option<crate::local::store::Made>),
}

async fn work(
    app: &App,
    tools: &Tools,
    job: &Job,
    asset: &Asset,
    folder: &Path,
    claim: &Claim,
) -> Result<Done, Failure> {
    match job.kind {
        JobKind::Transcode => {
            let media = transcode::transcode(app, tools, asset, folder, claim).await?;
            Ok(Done::Stream(Box::new(media)))
        }
        JobKind::Static => Ok(Done::Static(
            static_file::make(app, tools, asset, folder, claim).await?,
        )),
    }
}

/// How a try ended, for the metrics.
fn word(outcome: &Result<Done, Failure>) -> &'static str {
    match outcome {
        Ok(_) => "done",
        Err(Failure::Input(_) | Failure::TooSlow) => "failed",
        Err(Failure::Passing(_)) => "again",
        Err(Failure::NoSpace | Failure::Stopped) => "put_off",
    }
}

async fn end(app: &App, job: &Job, outcome: Result<Done, Failure>) -> Result<(), sqlx::Error> {
    let later = app.clock.now() + WAIT;
    match outcome {
        Ok(Done::Stream(media)) => changes::outcome::ready(app, job, &media).await,
        Ok(Done::Static(Some(made))) => changes::outcome::static_ended(app, job, "ready", Some(made)).await,
        Ok(Done::Static(None)) => changes::outcome::static_ended(app, job, "skipped", None).await,
        Err(Failure::Input(reason)) => give_up(app, job, &reason).await,
        Err(Failure::TooSlow) => give_up(app, job, "The file took too long to process").await,
        Err(Failure::NoSpace) => app.store.put_off(job, later).await,
        Err(Failure::Stopped) => app.store.put_off(job, app.clock.now()).await,
        Err(Failure::Passing(reason)) => {
            tracing::warn!(reason, asset.id = %job.asset_id, "a job failed and will be tried again");
            app.store.try_again(job, later).await
        }
    }
}

async fn give_up(app: &App, job: &Job, reason: &str) -> Result<(), sqlx::Error> {
    match job.kind {
        JobKind::Transcode => changes::outcome::errored(app, job, "invalid_input", reason).await,
        JobKind::Static => changes::outcome::static_ended(app, job, "errored", None).await,
    }
}
