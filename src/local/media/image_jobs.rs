//! The image jobs under way: each image once, [`AT_ONCE`] at a time, the rest in an [`ImageQueue`].
//!
//! A job goes through these states:
//!
//! 1. [`ImageJobs::join_or_queue`] joins the job of the same file, or queues a new one. A full queue refuses the new job,
//!    or drops a queued job of a greedier requester.
//! 2. A free permit starts the job whose requester is next. The job holds an [`ImagePermit`].
//! 3. The job ends. Dropping the permit starts the next one, and every request that joined gets the result.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::sync::oneshot;

use super::image_queue::{Full, ImageQueue, Requester};

/// Permits: image jobs that run at the same time.
const AT_ONCE: usize = 2;

/// A job's result, shared by every request that waits for it.
pub(super) type SharedJob = Shared<BoxFuture<'static, Result<(), ImageRefusal>>>;

/// The reason why a job gave no image.
#[derive(Clone, Copy, Debug)]
pub(super) enum ImageRefusal {
    /// The image cannot be made.
    NoFrame,
    /// The job was dropped, or failed for a reason that may pass.
    NotNow,
}

/// The image jobs under way; clones share them.
#[derive(Clone, Default)]
pub(crate) struct ImageJobs(Arc<Mutex<State>>);

/// Jobs, queue and permits, behind one lock.
#[derive(Default)]
struct State {
    /// Queued and running jobs, by the file that they make.
    jobs: HashMap<PathBuf, SharedJob>,
    queue: ImageQueue,
    /// Permits in use.
    running: usize,
}

impl ImageJobs {
    /// Joins the job that makes `file`, or queues one that runs `work` once it has a permit.
    ///
    /// # Errors
    /// [`Full`]: the queue has no room for this requester.
    pub(super) fn join_or_queue<W>(
        &self,
        file: &Path,
        requester: &Requester,
        work: W,
    ) -> Result<SharedJob, Full>
    where
        W: Future<Output = Result<(), ImageRefusal>> + Send + 'static,
    {
        let mut state = self.state();
        if let Some(job) = state.jobs.get(file).cloned() {
            state.queue.join(file, &requester.caller);
            return Ok(job);
        }
        let (start, started) = oneshot::channel();
        state.queue.push(file.to_owned(), requester, start)?;
        let (jobs, path) = (self.clone(), file.to_owned());
        // Why a task: the job ends even when every request that waits for it is dropped.
        let task = tokio::spawn(async move {
            let entry = JobEntry {
                jobs: &jobs,
                file: &path,
            };
            // An error means that the queue dropped the job.
            let Ok(requester) = started.await else {
                return Err(ImageRefusal::NotNow);
            };
            let _permit = ImagePermit {
                jobs: &jobs,
                requester,
            };
            let outcome = work.await;
            // Why before the permit: once the next job starts, no request joins this one any more.
            drop(entry);
            outcome
        });
        let job = async move { task.await.unwrap_or(Err(ImageRefusal::NotNow)) }
            .boxed()
            .shared();
        state.jobs.insert(file.to_owned(), job.clone());
        state.start_queued();
        Ok(job)
    }

    /// Locks the state; a panic in another holder is ignored.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Starts queued jobs while permits are free.
    fn start_queued(&mut self) {
        while self.running < AT_ONCE {
            let Some((requester, start)) = self.queue.pop() else {
                return;
            };
            match start.send(requester) {
                Ok(()) => self.running += 1,
                // The job's task is gone, so its share is given back.
                Err(requester) => self.queue.end(&requester),
            }
        }
    }
}

/// The entry of a file in [`State::jobs`]; dropping it removes the entry.
struct JobEntry<'a> {
    jobs: &'a ImageJobs,
    file: &'a Path,
}

impl Drop for JobEntry<'_> {
    fn drop(&mut self) {
        self.jobs.state().jobs.remove(self.file);
    }
}

/// The permit of a running job; dropping it starts the next job.
struct ImagePermit<'a> {
    jobs: &'a ImageJobs,
    /// The requester that the job is charged to.
    requester: Requester,
}

impl Drop for ImagePermit<'_> {
    fn drop(&mut self) {
        let mut state = self.jobs.state();
        state.running -= 1;
        state.queue.end(&self.requester);
        state.start_queued();
    }
}
