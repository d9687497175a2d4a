//! Who gets an image made: each one once, two at a time, a short queue that is fair, a bounded number an asset, and what
//! cannot be made is tried once.

use std::{
    collections::HashMap,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::{fs, sync::oneshot};

use super::{
    kept::{self, Stamps},
    queue::{Full, Party, Queue},
};
use crate::local::{App, ClientAddress, fault::Fault, ids, store::FileKind};

/// Image jobs at the same time.
const AT_ONCE: usize = 2;
/// How long it is remembered that ffmpeg refused to make an image: a day.
const REFUSED: chrono::Duration = chrono::Duration::hours(24);
/// The same where it was killed or took too long: the machine may have had a bad moment.
const KILLED: chrono::Duration = chrono::Duration::minutes(10);

/// The image jobs under way.
#[derive(Default)]
pub(crate) struct ImageDesk {
    state: Mutex<State>,
    stamps: Stamps,
}

#[derive(Default)]
struct State {
    /// Those that wait and those that run.
    jobs: HashMap<PathBuf, Job>,
    queue: Queue,
    running: usize,
}

type Job = Shared<BoxFuture<'static, Result<(), Refusal>>>;

/// How making an image ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// It is there.
    Yes,
    /// Nothing can be made of this part of the video.
    NoFrame,
    /// ffmpeg refused to make this image; others of the same part may go well.
    Refused,
    /// The same, for want of memory or time.
    Killed,
}

/// Why a job gave no image; every waiter is told the same.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    NoFrame,
    NotNow,
}

/// One image that may have to be made.
pub(crate) struct Order {
    pub(crate) asset_id: String,
    /// Whose video it is; empty where nobody is named.
    pub(crate) owner: String,
    /// Where the request comes from, where that is known.
    pub(crate) caller: Option<ClientAddress>,
    /// First letters of the file's name: images of a kind share a cap.
    pub(crate) kind: &'static str,
    /// Distinct images of that kind that the asset may have.
    pub(crate) cap: usize,
    /// What tells this image from others of its kind, as part of a file name.
    pub(crate) name: String,
    /// The part of the video that it shows: where nothing can be made of it, no image of that part can be made.
    pub(crate) part: String,
    /// Ends of names: these images stay longest.
    pub(crate) stay: Vec<String>,
}

impl Order {
    fn file(&self) -> String {
        format!("{}-{}", self.kind, self.name)
    }

    fn party(&self) -> Party {
        // Whoever has one address of IPv6 has 2^64 of them.
        let caller = self.caller.map(|ClientAddress(address)| match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("{:x?}", &address.segments()[..4]),
        });
        Party {
            owner: self.owner.clone(),
            caller: caller.unwrap_or_default(),
        }
    }
}

impl ImageDesk {
    /// The image's file: the kept one, or one that is made now. `make` writes the named file into a folder of
    /// its own.
    pub(crate) async fn get<F>(&self, app: &App, order: Order, make: F) -> Result<PathBuf, Fault>
    where
        F: for<'a> FnOnce(&'a App, &'a Path, &'a str) -> BoxFuture<'a, Result<Made, Fault>> + Send + 'static,
    {
        let file = app.folders.images(&order.asset_id).join(order.file());
        if kept::touch(&file, self.stamps.next(app.clock.now())).await? {
            return Ok(file);
        }
        let (name, part) = (order.file(), format!("{}-{}", order.kind, order.part));
        let (asset_id, now) = (order.asset_id.clone(), app.clock.now());
        if app.store.is_unmakeable(&asset_id, [&name, &part], now).await? {
            return Err(nothing(order.kind));
        }
        let kind = order.kind;
        let job = self.job(app, order, &file, make)?;
        match job.await {
            Ok(()) => Ok(file),
            Err(Refusal::NoFrame) => Err(nothing(kind)),
            Err(Refusal::NotNow) => Err(not_now()),
        }
    }

    /// Joins the job that makes the same image, or queues one.
    fn job<F>(&self, app: &App, order: Order, file: &Path, make: F) -> Result<Job, Fault>
    where
        F: for<'a> FnOnce(&'a App, &'a Path, &'a str) -> BoxFuture<'a, Result<Made, Fault>> + Send + 'static,
    {
        let party = order.party();
        let mut state = self.state();
        if let Some(job) = state.jobs.get(file).cloned() {
            state.queue.join(file, &party.caller);
            return Ok(job);
        }
        let (start, started) = oneshot::channel();
        if let Err(Full) = state.queue.push(file.to_owned(), &party, start) {
            return Err(not_now());
        }
        let (app, place) = (app.clone(), file.to_owned());
        let task = tokio::spawn(async move {
            let forget = Forget {
                app: &app,
                file: &place,
            };
            // Dropped in the queue where somebody who has less of it comes, and with the desk.
            let Ok(party) = started.await else {
                return Err(Refusal::NotNow);
            };
            let _turn = Turn { app: &app, party };
            let made = make_and_keep(&app, &order, &place, make).await;
            drop(forget);
            made
        });
        let job = async move { task.await.unwrap_or(Err(Refusal::NotNow)) }
            .boxed()
            .shared();
        state.jobs.insert(file.to_owned(), job.clone());
        state.start_waiting();
        Ok(job)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Starts what may run.
    fn start_waiting(&mut self) {
        while self.running < AT_ONCE {
            let Some((party, start)) = self.queue.pop() else {
                return;
            };
            match start.send(party) {
                Ok(()) => self.running += 1,
                Err(party) => self.queue.end(&party),
            }
        }
    }
}

/// The job of a file, until dropped.
struct Forget<'a> {
    app: &'a App,
    file: &'a Path,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.app.images.state().jobs.remove(self.file);
    }
}

/// One of the places where images are made, until dropped.
struct Turn<'a> {
    app: &'a App,
    party: Party,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.app.images.state();
        state.running -= 1;
        state.queue.end(&self.party);
        state.start_waiting();
    }
}

fn not_now() -> Fault {
    Fault::unavailable("No image can be made now").retry_after(2)
}

/// What Mux says of a time that has no picture, and of a video that has no storyboard.
fn nothing(kind: &str) -> Fault {
    if kind == super::storyboard::KIND {
        Fault::not_found("Image")
    } else {
        Fault::invalid("There is no picture at that time")
    }
}

async fn make_and_keep<F>(app: &App, order: &Order, place: &Path, make: F) -> Result<(), Refusal>
where
    F: for<'a> FnOnce(&'a App, &'a Path, &'a str) -> BoxFuture<'a, Result<Made, Fault>>,
{
    let folder = app.folders.work("images").join(ids::id());
    let outcome = try_make(app, place, &folder, make).await;
    // Best effort: strays go at the next start.
    let _ = fs::remove_dir_all(&folder).await;
    let made = match outcome {
        Ok(Made::Yes) => keep(app, order, place).await,
        Ok(failed) => remember(app, order, failed).await,
        Err(fault) => Err(fault),
    };
    match made {
        Ok(true) => Ok(()),
        Ok(false) => Err(Refusal::NoFrame),
        Err(fault) => {
            tracing::debug!(?fault, asset.id = %order.asset_id, "an image could not be made now");
            Err(Refusal::NotNow)
        }
    }
}

async fn try_make<F>(app: &App, place: &Path, folder: &Path, make: F) -> Result<Made, Fault>
where
    F: for<'a> FnOnce(&'a App, &'a Path, &'a str) -> BoxFuture<'a, Result<Made, Fault>>,
{
    let name = place
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
        .to_owned();
    fs::create_dir_all(folder).await?;
    let made = make(app, folder, &name).await?;
    if made == Made::Yes {
        if let Some(home) = place.parent() {
            fs::create_dir_all(home).await?;
        }
        fs::rename(folder.join(&name), place).await?;
    }
    Ok(made)
}

/// The image is in its place: others give way to it, and its owner is charged for it.
async fn keep(app: &App, order: &Order, place: &Path) -> Result<bool, Fault> {
    kept::touch(place, app.images.stamps.next(app.clock.now())).await?;
    let folder = app.folders.images(&order.asset_id);
    kept::evict(&folder, order.kind, order.cap, &order.stay).await?;
    let bytes = app.folders.bytes_of(&order.asset_id, FileKind::Images).await?;
    if !app.store.record_images(&order.asset_id, bytes).await? {
        // Deleted meanwhile: nobody else would sweep them.
        let _ = fs::remove_dir_all(&folder).await;
        return Ok(false);
    }
    Ok(true)
}

async fn remember(app: &App, order: &Order, failed: Made) -> Result<bool, Fault> {
    let (what, hold) = match failed {
        Made::Yes => return Ok(true),
        Made::NoFrame => (&order.part, REFUSED),
        Made::Refused => (&order.name, REFUSED),
        Made::Killed => (&order.name, KILLED),
    };
    let name = format!("{}-{what}", order.kind);
    tracing::info!(asset.id = %order.asset_id, image = name, "an image cannot be made");
    let until = app.clock.now() + hold;
    app.store
        .remember_unmakeable(&order.asset_id, &name, until)
        .await?;
    Ok(false)
}
