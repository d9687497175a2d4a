//! The provider's shared state, which every handler and worker gets.

use std::{
    fs::File,
    io,
    sync::{Arc, PoisonError, RwLock},
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    credentials::Credentials,
    fetch::connect::Fetcher,
    folders::Folders,
    media::{
        image_files::UseTimes, image_jobs::ImageJobs, jobs::running::RunningJobs, places::EncodePlaces,
        tool::Tools,
    },
    meters::Meters,
    store::Store,
    upload::write_lock::WriteLocks,
    webhooks::receiver::Receiver,
};
use crate::{clock::Clock, config};

/// The state of one provider, shared by handlers and workers.
pub(crate) type App = Arc<AppState>;

/// The parts of the running provider.
pub(crate) struct AppState {
    pub(crate) settings: config::Local,
    /// The base that browsers reach, without a slash at the end.
    pub(crate) public_url: String,
    /// The receivers of webhooks; they stay the same until the provider stops.
    pub(crate) receivers: Vec<Receiver>,
    /// True lets pages of this machine send files to any upload.
    pub(crate) loopback_pages: bool,
    pub(crate) clock: Clock,
    /// Generated at first start; see [`Credentials::load`].
    pub(crate) credentials: Credentials,
    pub(crate) folders: Folders,
    pub(crate) store: Store,
    /// The tools, or one line with the install command or the kernel's refusal; see [`Tools::find_on_host`].
    pub(crate) tools: Result<Tools, String>,
    /// One lock an upload; see [`WriteLocks::take_over`].
    pub(crate) uploads: WriteLocks,
    /// The assets with a job under way; see [`RunningJobs::claim`].
    pub(crate) running: RunningJobs,
    /// The places for encodes, `local.jobs` of them; see [`EncodePlaces::acquire`].
    pub(crate) places: EncodePlaces,
    /// The image jobs under way.
    pub(crate) images: ImageJobs,
    /// The clock of the image cache's uses; see [`UseTimes::next`].
    pub(crate) use_times: UseTimes,
    /// The client that sends webhooks.
    pub(crate) http: reqwest::Client,
    /// The rules and the client of inputs by URL.
    pub(crate) fetcher: Fetcher,
    /// Notified when `fetches` has a new row.
    pub(crate) fetches_wake: Notify,
    /// Notified when `jobs` has a new row.
    pub(crate) jobs_wake: Notify,
    /// Notified when `outbox` has a new row.
    pub(crate) outbox_wake: Notify,
    /// Read while webhooks are under way; written by a reset, which waits for them and holds back the next ones.
    pub(crate) sending: Arc<tokio::sync::RwLock<()>>,
    /// Cancelled when the provider stops. Work under way then leaves a state that a restart can resume.
    pub(crate) stop: CancellationToken,
    /// The metrics; see [`Meters::register`].
    pub(crate) meters: Meters,
    /// Widths of the service's own thumbnails; see [`AppState::thumbnail_widths`].
    pub(super) thumbnail_widths: RwLock<Arc<[u32]>>,
    /// The open lock file of the folder; closing it frees the folder.
    pub(super) _lock: File,
}

impl AppState {
    /// Returns the widths of the thumbnails that the image cache evicts last, in pixels.
    pub(crate) fn thumbnail_widths(&self) -> Arc<[u32]> {
        self.thumbnail_widths
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Returns true while the disk has at least `local.min_free_bytes` free.
    pub(crate) fn has_room(&self) -> io::Result<bool> {
        Ok(self.folders.free_bytes()? >= self.settings.min_free_bytes)
    }
}
