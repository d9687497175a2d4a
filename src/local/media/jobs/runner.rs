//! The job runner: starts due jobs, owners in fair order.
//!
//! Quick work runs in [`QUICK_PLACES`] of its own, so that a file which is cut without encoding never waits for one
//! that is encoded: the look at a file and the cut, `highest.mp4`, and subtitles that are in a file. A job whose file, or
//! further sound, must be encoded gives its quick place back and waits for one of the
//! [`EncodePlaces`](super::super::places::EncodePlaces); a further size waits there from its beginning.
//!
//! `attempt` tells what happens to one job.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{Id, JoinError, JoinSet},
};

use super::{attempt::attempt_job, quick_place::QuickPlace, running::JobClaim};
use crate::local::{
    app::App,
    round_robin::RoundRobin,
    store::{DueJob, Job, JobKind},
};

/// Jobs that do quick work at the same time.
const QUICK_PLACES: usize = 3;
/// Jobs that run or wait for a place to encode, at most. Each keeps a few kilobytes.
const MAX_JOBS: usize = 512;
/// Jobs of further sizes that run or wait, at most.
const MAX_SIZE_JOBS: usize = 64;
/// Jobs of tracks from which no further one starts.
const MAX_TRACK_JOBS: usize = 64;
/// Pause between two reads of the queue without a wake-up.
pub(super) const POLL_EVERY: Duration = Duration::from_secs(1);

/// Does jobs until the provider stops. Jobs under way are stopped then, and run again after the next start.
pub(crate) async fn run_jobs(app: &App) {
    let mut runner = JobRunner::default();
    while !app.stop.is_cancelled() {
        runner.start_due(app).await;
        app.places.reschedule();
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
struct JobRunner {
    tasks: JoinSet<()>,
    turns: RoundRobin,
    /// Owner and kind of each task.
    started: HashMap<Id, (String, JobKind)>,
    quick: Arc<Semaphore>,
}

impl Default for JobRunner {
    fn default() -> Self {
        Self {
            tasks: JoinSet::new(),
            turns: RoundRobin::default(),
            started: HashMap::new(),
            quick: Arc::new(Semaphore::new(QUICK_PLACES)),
        }
    }
}

impl JobRunner {
    /// Starts due jobs: quick work while there are places, and further sizes, which wait for theirs.
    async fn start_due(&mut self, app: &App) {
        // Why more than places: an owner's jobs under way stand in the list too.
        let each = MAX_SIZE_JOBS + QUICK_PLACES;
        let mut due = match app.store.due_jobs(app.clock.now(), each).await {
            Ok(due) => due,
            Err(error) => return tracing::warn!(%error, "the job queue cannot be read"),
        };
        due.retain(|due| !app.running.contains(&due.job.asset_id, due.job.kind));
        let (sizes, mut quick): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|due| due.job.kind == JobKind::Sizes);
        // Why bounded: those that wait for a place to encode must leave room for other files.
        if self.jobs_of(JobKind::Tracks) >= MAX_TRACK_JOBS {
            quick.retain(|due| due.job.kind != JobKind::Tracks);
        }
        while self.tasks.len() < MAX_JOBS {
            let owners = quick.iter().map(|due| due.owner.as_str());
            let Some(owner) = self.turns.next_party(owners) else {
                break;
            };
            let Some(first) = quick.iter().position(|due| due.owner == owner) else {
                break;
            };
            let Ok(permit) = self.quick.clone().try_acquire_owned() else {
                break;
            };
            self.start(app, quick.remove(first), Some(permit));
        }
        for due in sizes {
            if self.jobs_of(JobKind::Sizes) >= MAX_SIZE_JOBS {
                break;
            }
            self.start(app, due, None);
        }
    }

    /// Returns the number of jobs of a kind.
    fn jobs_of(&self, kind: JobKind) -> usize {
        self.started.values().filter(|(_, of)| *of == kind).count()
    }

    /// Starts one job in a task, if no other one holds its claim.
    fn start(&mut self, app: &App, due: DueJob, permit: Option<OwnedSemaphorePermit>) {
        let DueJob { job, owner } = due;
        let kind = job.kind;
        let Some(claim) = app.running.claim(&job.asset_id, kind, &app.stop) else {
            return;
        };
        // Why only these: the places order the further sizes by their own turns.
        if kind != JobKind::Sizes {
            self.turns.begin(&owner);
        }
        let place = QuickPlace::new(app.clone(), permit);
        let task = run_task(app.clone(), job, owner.clone(), claim, place);
        let task = self.tasks.spawn(task);
        self.started.insert(task.id(), (owner, kind));
    }

    /// Notes the end of a task; its owner goes to the back of [`RoundRobin`].
    fn note_end(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
        match self.started.remove(&id) {
            Some((owner, kind)) if kind != JobKind::Sizes => self.turns.end(&owner),
            _ => {}
        }
    }
}

/// Makes one attempt at a job, and logs when its outcome could not be written down.
async fn run_task(app: App, job: Job, owner: String, claim: JobClaim, mut place: QuickPlace) {
    if let Err(error) = attempt_job(&app, &job, &owner, &claim, &mut place).await {
        tracing::error!(%error, asset.id = %job.asset_id, "a job could not be written down");
        // Why a pause: the job is still due, and would be begun again at once.
        tokio::time::sleep(POLL_EVERY).await;
    }
}
