//! Who gets an image made: each one once, two at a time, a short queue, and a bounded number an asset.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::{fs, sync::Semaphore};

use crate::local::{App, fault::Fault, ids};

/// Image jobs at the same time.
const AT_ONCE: usize = 2;
/// Image jobs that may wait.
const QUEUE: usize = 32;

/// The image jobs under way.
pub(crate) struct ImageDesk {
    jobs: Mutex<HashMap<PathBuf, Job>>,
    turns: Arc<Semaphore>,
}

type Job = Shared<BoxFuture<'static, Result<(), Refusal>>>;

/// Why a job gave no image; every waiter is told the same.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    NoFrame,
    NotNow,
    Broken,
}

/// One image that may have to be made.
pub(crate) struct Order {
    pub(crate) asset_id: String,
    /// First letter of the file's name: images of a kind share a cap.
    pub(crate) kind: &'static str,
    /// Distinct images of that kind that the asset may have.
    pub(crate) cap: usize,
    /// What tells this image from others of its kind, as part of a file name.
    pub(crate) name: String,
}

impl Default for ImageDesk {
    fn default() -> Self {
        Self {
            jobs: Mutex::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl ImageDesk {
    /// The image's file: the kept one, or one that is made now. `make` writes the named file into a folder of
    /// its own.
    pub(crate) async fn get<F>(&self, app: &App, order: Order, make: F) -> Result<PathBuf, Fault>
    where
        F: for<'a> FnOnce(&'a App, &'a Path, &'a str) -> BoxFuture<'a, Result<bool, Fault>> + Send + 'static,
    {
        let folder = app.folders.images(&order.asset_id);
        let file = folder.join(format!("{}-{}", order.kind, order.name));
        if fs::try_exists(&file).await? {
            return Ok(file);
        }
        let job = self.job(app, &order, &folder, &file, make)?;
        match job.await {
            Ok(()) => Ok(file),
            Err(Refusal::NoFrame) => Err(Fault::invalid("There is no frame at that time")),
            Err(Refusal::NotNow) => Err(Fault::unavailable("No image can be made now").retry_after(2)),
            Err(Refusal::Broken) => Err(Fault::internal(&"an image could not be made")),
        }
    }

    /// Joins the job that makes the same image, or starts one.
    fn job<F>(&self, app: &App, order: &Order, folder: &Path, file: &Path, make: F) -> Result<Job, Fault>
    where
        F: for<'a> FnOnce(&'a App, &'a Path, &'a str) -> BoxFuture<'a, Result<bool, Fault>> + Send + 'static,
    {
        let mut jobs = self.jobs();
        if let Some(job) = jobs.get(file) {
            return Ok(job.clone());
        }
        if jobs.len() >= AT_ONCE + QUEUE {
            return Err(Fault::unavailable("Too many images are being made").retry_after(2));
        }
        // Under the lock, so that no two jobs take the last place.
        let started = jobs
            .keys()
            .filter(|other| is_kind(other, folder, order.kind))
            .count();
        if kept(folder, order.kind) + started >= order.cap {
            return Err(Fault::too_many(format!(
                "The video has its {} distinct images of this kind",
                order.cap
            )));
        }
        let (app, place, turns) = (app.clone(), file.to_owned(), self.turns.clone());
        let task = tokio::spawn(async move {
            let outcome = match turns.acquire().await {
                Ok(_turn) => make_and_keep(&app, &place, make).await,
                Err(_) => Err(Refusal::NotNow),
            };
            app.images.jobs().remove(&place);
            outcome
        });
        let job = async move { task.await.unwrap_or(Err(Refusal::Broken)) }
            .boxed()
            .shared();
        jobs.insert(file.to_owned(), job.clone());
        Ok(job)
    }

    fn jobs(&self) -> MutexGuard<'_, HashMap<PathBuf, Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_kind(file: &Path, folder: &Path, kind: &str) -> bool {
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    file.parent() == Some(folder) && name.split('-').next() == Some(kind)
}

/// Images of a kind that are there; at most a few thousand names.
fn kept(folder: &Path, kind: &str) -> usize {
    let Ok(files) = std::fs::read_dir(folder) else {
        return 0;
    };
    files
        .filter_map(Result::ok)
        .filter(|file| is_kind(&file.path(), folder, kind))
        .count()
}

async fn make_and_keep<F>(app: &App, place: &Path, make: F) -> Result<(), Refusal>
where
    F: for<'a> FnOnce(&'a App, &'a Path, &'a str) -> BoxFuture<'a, Result<bool, Fault>>,
{
    let folder = app.folders.work("images").join(ids::id());
    let outcome = try_make(app, place, &folder, make).await;
    let _ = fs::remove_dir_all(&folder).await;
    match outcome {
        Ok(true) => Ok(()),
        Ok(false) => Err(Refusal::NoFrame),
        Err(fault) if fault.status().as_u16() == 503 => Err(Refusal::NotNow),
        Err(_) => Err(Refusal::Broken),
    }
}

async fn try_make<F>(app: &App, place: &Path, folder: &Path, make: F) -> Result<bool, Fault>
where
    F: for<'a> FnOnce(&'a App, &'a Path, &'a str) -> BoxFuture<'a, Result<bool, Fault>>,
{
    let name = place
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
        .to_owned();
    fs::create_dir_all(folder).await?;
    if !make(app, folder, &name).await? {
        return Ok(false);
    }
    if let Some(home) = place.parent() {
        fs::create_dir_all(home).await?;
    }
    fs::rename(folder.join(&name), place).await?;
    Ok(true)
}
