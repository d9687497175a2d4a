//! The image cache: thumbnails, moving pictures and storyboards on the disk, made on first demand.
//!
//! [`ImageCache::get`] works in these steps:
//!
//! 1. The file is there: note its use and return it.
//! 2. The image, or its part of the video, is remembered as not makeable: 400 or 404 without a try.
//! 3. Join the job that makes the file, or queue one in [`ImageJobs`](super::image_jobs::ImageJobs); a full queue is 503.
//! 4. The job makes the file in a folder of its own and renames it into place, which is the commit point.
//! 5. The least recently used images above the cap go, and the owner is charged for the bytes. A failure is remembered
//!    for [`REFUSED_FOR`] or [`KILLED_FOR`]; an error of this moment is 503 and not remembered.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use futures::future::BoxFuture;
use tokio::fs;

use super::{
    image::ImageOutcome,
    image_files,
    image_jobs::{ImageRefusal, SharedJob},
    image_queue::Requester,
    storyboard,
};
use crate::local::{app::App, error::MuxError, ids, options::ClientAddress, store::FileKind};

/// Time for which an image that ffmpeg refused counts as not makeable: a day.
const REFUSED_FOR: chrono::Duration = chrono::Duration::hours(24);
/// The shorter time after a kill or timeout, which may have been the machine's fault: ten minutes.
const KILLED_FOR: chrono::Duration = chrono::Duration::minutes(10);

/// One image that a request wants, and the rules for it.
pub(crate) struct ImageRequest {
    pub(crate) asset_id: String,
    /// The video's owner; empty without one.
    pub(crate) owner: String,
    /// The requester's address, where it is known.
    pub(crate) caller: Option<ClientAddress>,
    /// The beginning of the file name. Images of a kind share a cap.
    pub(crate) kind: &'static str,
    /// Images of this kind that the asset may have on the disk.
    pub(crate) cap: usize,
    /// The rest of the file name; equal images have equal names.
    pub(crate) name: String,
    /// The part of the video that it shows. A part without a frame makes all its images not makeable.
    pub(crate) part: String,
    /// File name endings of the images that are evicted last.
    pub(crate) stay: Vec<String>,
}

impl ImageRequest {
    /// Returns the file's name: kind and name.
    fn file_name(&self) -> String {
        format!("{}-{}", self.kind, self.name)
    }

    /// Returns the parties that the job is charged to.
    fn requester(&self) -> Requester {
        // Why the first 64 bits of IPv6: one customer usually has a whole /64, which is 2^64 addresses.
        let caller = self.caller.map(|ClientAddress(address)| match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("{:x?}", &address.segments()[..4]),
        });
        Requester {
            owner: self.owner.clone(),
            caller: caller.unwrap_or_default(),
        }
    }
}

/// The images of all assets on the disk.
pub(crate) struct ImageCache<'a>(&'a App);

impl<'a> ImageCache<'a> {
    /// Opens the cache of a provider; it has no state of its own.
    pub(crate) fn new(app: &'a App) -> Self {
        Self(app)
    }

    /// Returns the image's file, and makes it first where it is missing. `make` writes a file of the given name into the
    /// given folder.
    ///
    /// # Errors
    /// 400 or 404: the image cannot be made. 503 with `Retry-After`: the queue is full, or the try failed for now.
    pub(crate) async fn get<F>(&self, request: ImageRequest, make: F) -> Result<PathBuf, MuxError>
    where
        F: for<'f> FnOnce(&'f App, &'f Path, &'f str) -> BoxFuture<'f, Result<ImageOutcome, MuxError>>
            + Send
            + 'static,
    {
        let app = self.0;
        let file = app
            .folders
            .images_folder(&request.asset_id)
            .join(request.file_name());
        // Why no lock against eviction: this use makes the image the last one to be evicted.
        if image_files::mark_used(&file, app.use_times.next(app.clock.now())).await? {
            return Ok(file);
        }
        let (name, part) = (request.file_name(), format!("{}-{}", request.kind, request.part));
        let (asset_id, now) = (request.asset_id.clone(), app.clock.now());
        if app.store.is_unmakeable(&asset_id, [&name, &part], now).await? {
            return Err(no_image_error(request.kind));
        }
        let kind = request.kind;
        let job = self.start_job(request, &file, make)?;
        match job.await {
            Ok(()) => Ok(file),
            Err(ImageRefusal::NoFrame) => Err(no_image_error(kind)),
            Err(ImageRefusal::NotNow) => Err(busy_error()),
        }
    }

    /// Joins the job that makes the same image, or queues one.
    fn start_job<F>(&self, request: ImageRequest, file: &Path, make: F) -> Result<SharedJob, MuxError>
    where
        F: for<'f> FnOnce(&'f App, &'f Path, &'f str) -> BoxFuture<'f, Result<ImageOutcome, MuxError>>
            + Send
            + 'static,
    {
        let requester = request.requester();
        let (app, place) = (self.0.clone(), file.to_owned());
        let work = async move { make_and_store(&app, &request, &place, make).await };
        self.0
            .images
            .join_or_queue(file, &requester, work)
            .map_err(|_| busy_error())
    }
}

/// 503 with `Retry-After`.
fn busy_error() -> MuxError {
    MuxError::unavailable("No image can be made now").retry_after(2)
}

/// Mux's error for a time without a picture (400), and for a video without a storyboard (404).
fn no_image_error(kind: &str) -> MuxError {
    if kind == storyboard::KIND {
        MuxError::not_found("Image")
    } else {
        MuxError::invalid("There is no picture at that time")
    }
}

/// Runs one job: makes the image in a new folder, stores it or remembers the failure, and removes the folder.
async fn make_and_store<F>(
    app: &App,
    request: &ImageRequest,
    place: &Path,
    make: F,
) -> Result<(), ImageRefusal>
where
    F: for<'f> FnOnce(&'f App, &'f Path, &'f str) -> BoxFuture<'f, Result<ImageOutcome, MuxError>>,
{
    let folder = app.folders.work_folder("images").join(ids::new_id());
    let outcome = make_in_folder(app, place, &folder, make).await;
    // Why the error is ignored: the next start removes every attempt's folder.
    let _ = fs::remove_dir_all(&folder).await;
    let stored = match outcome {
        Ok(ImageOutcome::Made) => store_image(app, request, place).await,
        Ok(failed) => remember_failure(app, request, failed).await,
        Err(error) => Err(error),
    };
    match stored {
        Ok(true) => Ok(()),
        Ok(false) => Err(ImageRefusal::NoFrame),
        Err(fault) => {
            tracing::debug!(?fault, asset.id = %request.asset_id, "an image could not be made now");
            Err(ImageRefusal::NotNow)
        }
    }
}

/// Runs `make` in `folder` and renames the file to `place`.
async fn make_in_folder<F>(app: &App, place: &Path, folder: &Path, make: F) -> Result<ImageOutcome, MuxError>
where
    F: for<'f> FnOnce(&'f App, &'f Path, &'f str) -> BoxFuture<'f, Result<ImageOutcome, MuxError>>,
{
    let name = place
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
        .to_owned();
    fs::create_dir_all(folder).await?;
    let outcome = make(app, folder, &name).await?;
    if outcome == ImageOutcome::Made {
        if let Some(home) = place.parent() {
            fs::create_dir_all(home).await?;
        }
        fs::rename(folder.join(&name), place).await?;
    }
    Ok(outcome)
}

/// Evicts images above the cap and charges the owner. Returns false when the asset was deleted meanwhile.
async fn store_image(app: &App, request: &ImageRequest, place: &Path) -> Result<bool, MuxError> {
    image_files::mark_used(place, app.use_times.next(app.clock.now())).await?;
    let folder = app.folders.images_folder(&request.asset_id);
    image_files::evict_surplus(&folder, request.kind, request.cap, &request.stay).await?;
    let bytes = app
        .folders
        .measure_bytes(&request.asset_id, FileKind::Images)
        .await?;
    if !app.store.record_images(&request.asset_id, bytes).await? {
        // Why here: the asset is gone, and the sweep may have removed its files before this one came.
        let _ = fs::remove_dir_all(&folder).await;
        return Ok(false);
    }
    Ok(true)
}

/// Remembers that an image, or its part of the video, cannot be made. Returns true for an outcome that is no failure.
async fn remember_failure(app: &App, request: &ImageRequest, failed: ImageOutcome) -> Result<bool, MuxError> {
    let (what, hold) = match failed {
        ImageOutcome::Made => return Ok(true),
        ImageOutcome::NoFrame => (&request.part, REFUSED_FOR),
        ImageOutcome::Refused => (&request.name, REFUSED_FOR),
        ImageOutcome::Killed => (&request.name, KILLED_FOR),
    };
    let name = format!("{}-{what}", request.kind);
    tracing::info!(asset.id = %request.asset_id, image = name, "an image cannot be made");
    let until = app.clock.now() + hold;
    app.store
        .remember_unmakeable(&request.asset_id, &name, until)
        .await?;
    Ok(false)
}
