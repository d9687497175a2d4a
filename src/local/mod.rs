//! The local provider: a small video service of its own that speaks Mux's wire protocol.
//!
//! It stores what is uploaded, transcodes it with ffmpeg, serves it and tells of it by webhooks, so that Mux's
//! own clients work against it unchanged. It imports nothing of the service around it.
//!
//! | folder | what it does |
//! |---|---|
//! | `api` | the management API: uploads, assets, playback ids |
//! | `upload` | the upload URL: whole files and chunks |
//! | `media` | ffprobe and ffmpeg: the stream, `highest.mp4`, images |
//! | `sandbox` | what ffprobe and ffmpeg may do |
//! | `delivery` | playlists, segments, files and images, and who may see them |
//! | `webhooks` | the outbox and its sender |
//! | `store` | the tables; `changes` writes them and their events together |

mod api;
mod changes;
mod chaos;
mod credentials;
mod delivery;
mod disk;
mod fault;
mod folders;
mod ids;
mod media;
mod meters;
pub mod sandbox;
mod store;
mod sweep;
mod turns;
mod upload;
mod view;
mod webhooks;

use std::{
    collections::BTreeMap,
    fs::File,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::Router;
use secrecy::SecretString;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{clock::Clock, config};

/// The name of the provider and of its action map.
pub const NAME: &str = "local";

/// What the provider is given at start.
#[derive(Clone, Debug)]
pub struct Options {
    /// The `[local]` section of the settings.
    pub settings: config::Local,
    /// The base that browsers reach, without a slash at the end: `http://127.0.0.1:8080/local`.
    pub public_url: String,
    /// The base that the service itself reaches, without a slash at the end.
    pub api_url: String,
    /// Where webhooks go.
    pub webhook_url: String,
    /// Pages of this machine may send files to any upload, whatever origin it was made for.
    pub loopback_pages: bool,
    /// The time.
    pub clock: Clock,
    /// This program's own binary, which starts ffmpeg in its sandbox: [`own_binary`], but for tests.
    pub launcher: PathBuf,
    /// Variables that stand in for what is made at first start: `VIDEO_LOCAL_TOKEN` and the like.
    pub env: BTreeMap<String, String>,
}

/// Where a request comes from, put into its extensions by whoever knows: who asks for pictures is charged by it.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

/// Why the provider cannot start: one line.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// A file or folder of `local.dir` cannot be used.
    #[error("local.dir: {what} {path}: {source}")]
    Folder {
        /// What was tried.
        what: &'static str,
        /// On which file or folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process has the folder.
    #[error(
        "local.dir: {folder} is in use by another process ({holder}); one at a time may have it: end that one, or leave \"local\" \
         out of providers.enabled here"
    )]
    InUse {
        /// The folder.
        folder: String,
        /// The process and its host, as it wrote them down.
        holder: String,
    },
    /// The provider's own database cannot be used.
    #[error("local.dir: database {path}: {source}")]
    Database {
        /// The file.
        path: String,
        /// What the database said.
        source: sqlx::Error,
    },
    /// A credential is not what it should be.
    #[error("{name}: {problem}")]
    Credential {
        /// The variable, or the file that keeps what was made at first start.
        name: String,
        /// What is wrong with it, and what is allowed.
        problem: &'static str,
    },
    /// The HTTP client that sends webhooks cannot be built.
    #[error("webhooks: {0}")]
    Client(reqwest::Error),
}

/// The provider's folder, locked for this process.
pub struct Claim {
    folders: folders::Folders,
    lock: File,
}

impl Claim {
    /// Makes the folder and locks it, waiting up to `patience` for the process that has it.
    ///
    /// # Errors
    /// The folder is in use, or cannot be made.
    pub async fn take(dir: &Path, patience: Duration) -> Result<Self, LocalError> {
        let folders = folders::Folders::make(dir)?;
        let lock = folders.lock(patience).await?;
        Ok(Self { folders, lock })
    }

    /// What tells this folder from others: the same for whichever process has it.
    ///
    /// # Errors
    /// The file of the credentials can neither be read nor made.
    pub fn id(&self) -> Result<String, LocalError> {
        credentials::folder_id(&self.folders)
    }
}

/// A handle on the running provider; clones are cheap and share everything.
#[derive(Clone)]
pub struct Local(App);

impl std::fmt::Debug for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Local")
            .field("dir", &self.0.settings.dir)
            .finish_non_exhaustive()
    }
}

/// What every handler is given.
pub(crate) type App = Arc<Inner>;

/// The provider's parts.
pub(crate) struct Inner {
    pub(crate) settings: config::Local,
    pub(crate) public_url: String,
    pub(crate) webhook_url: String,
    pub(crate) loopback_pages: bool,
    pub(crate) clock: Clock,
    pub(crate) credentials: credentials::Credentials,
    pub(crate) folders: folders::Folders,
    pub(crate) store: store::Store,
    pub(crate) tools: Result<media::Tools, String>,
    pub(crate) uploads: upload::Takeover,
    pub(crate) running: media::Running,
    pub(crate) images: media::ImageDesk,
    pub(crate) http: reqwest::Client,
    /// Something new lies in `jobs`.
    pub(crate) jobs_wake: Notify,
    /// Something new lies in `outbox`.
    pub(crate) outbox_wake: Notify,
    /// The provider stops: what runs leaves itself resumable.
    pub(crate) stop: CancellationToken,
    /// What is counted.
    pub(crate) meters: meters::Meters,
    /// Widths of the pictures that stay longest.
    thumbnail_widths: RwLock<Arc<[u32]>>,
    _lock: File,
}

impl Inner {
    /// Widths of the pictures that stay longest.
    pub(crate) fn thumbnail_widths(&self) -> Arc<[u32]> {
        self.thumbnail_widths
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

pub use disk::free_bytes;
pub use folders::host_name;

/// The binary of this process. It stays the one that was started when an upgrade puts another one in its place.
pub fn own_binary() -> PathBuf {
    PathBuf::from("/proc/self/exe")
}

/// Whether the provider could work here: how ffmpeg would run, as the end of a sentence.
///
/// # Errors
/// One plain line with the install command, or with what the kernel refuses.
pub async fn try_tools(launcher: &Path) -> Result<String, String> {
    let tools = media::Tools::find(1, launcher, &std::env::temp_dir()).await?;
    Ok(tools.about())
}

/// Says how the tools run here. Why there are none is said by the process that serves, once.
fn tell(tools: &media::Tools) {
    tracing::info!("local: ffmpeg runs {}", tools.about());
    let missing = tools.decoders().missing();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        tracing::warn!("local: ffmpeg was built without {missing}: such files become errors");
    }
}

impl Local {
    /// Makes and locks the folder, opens the database, makes credentials at first start and sweeps what
    /// earlier processes left half done.
    ///
    /// # Errors
    /// One line: the folder is in use or cannot be written, the database cannot be opened, or a credential
    /// of the environment cannot be read.
    pub async fn open(options: Options) -> Result<Self, LocalError> {
        let claim = Claim::take(&options.settings.dir, Duration::ZERO).await?;
        Self::open_in(claim, options).await
    }

    /// The same in a folder that this process has already.
    ///
    /// # Errors
    /// As [`Local::open`].
    pub async fn open_in(claim: Claim, options: Options) -> Result<Self, LocalError> {
        let Claim { folders, mut lock } = claim;
        let credentials = credentials::Credentials::load(&folders, &options)?;
        // For commands that are typed beside it; without it they ask at the public address.
        let _unsaid = folders::tell_address(&mut lock, &options.api_url);
        let file = folders.database();
        let store = store::Store::open(&file)
            .await
            .map_err(|source| LocalError::Database {
                path: file.display().to_string(),
                source,
            })?;
        folders.sweep_attempts()?;
        let tools = media::Tools::find(options.settings.jobs, &options.launcher, &folders.work("")).await;
        if let Ok(tools) = &tools {
            tell(tools);
        }
        Ok(Self(Arc::new(Inner {
            public_url: options.public_url,
            webhook_url: options.webhook_url,
            loopback_pages: options.loopback_pages,
            clock: options.clock,
            settings: options.settings,
            credentials,
            folders,
            store,
            tools,
            uploads: upload::Takeover::default(),
            running: media::Running::default(),
            images: media::ImageDesk::default(),
            http: webhooks::client().map_err(LocalError::Client)?,
            jobs_wake: Notify::new(),
            outbox_wake: Notify::new(),
            stop: CancellationToken::new(),
            meters: meters::Meters::default(),
            thumbnail_widths: RwLock::default(),
            _lock: lock,
        })))
    }

    /// What the folder's credentials are, for a process that does not have the folder.
    ///
    /// # Errors
    /// They cannot be read, or a credential of the environment cannot be used.
    pub fn credentials_of(options: &Options) -> Result<BTreeMap<&'static str, SecretString>, LocalError> {
        let folders = folders::Folders::make(&options.settings.dir)?;
        Ok(credentials::Credentials::load(&folders, options)?
            .variables()
            .clone())
    }

    /// As [`Local::credentials_of`], for a command that is typed beside the process that has the folder: that one is asked
    /// at its inner address where it is on this machine, else at the public one.
    ///
    /// # Errors
    /// As [`Local::credentials_of`].
    pub fn credentials_beside(
        mut options: Options,
    ) -> Result<BTreeMap<&'static str, SecretString>, LocalError> {
        let folders = folders::Folders::make(&options.settings.dir)?;
        options.api_url = folders.address().unwrap_or_else(|| options.public_url.clone());
        Self::credentials_of(&options)
    }

    /// Pictures of these widths stay longest from now on.
    pub fn keep_widths(&self, widths: Vec<u32>) {
        let mut kept = self
            .0
            .thumbnail_widths
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *kept = widths.into();
    }

    /// The variables that the provider's action map reads.
    pub fn credentials(&self) -> &BTreeMap<&'static str, SecretString> {
        self.0.credentials.variables()
    }

    /// All routes, without the `/local` in front of them.
    pub fn router(&self) -> Router {
        let app = self.0.clone();
        Router::new()
            .merge(api::routes(&app))
            .merge(upload::routes())
            .merge(delivery::routes())
            .with_state(app)
    }

    /// `None` when ffmpeg and ffprobe are there; else one plain line with the install command.
    pub fn missing_tools(&self) -> Option<&str> {
        self.0.tools.as_ref().err().map(String::as_str)
    }

    /// Transcodes, ends late uploads and delivers webhooks until `stop` is cancelled; what runs then is left
    /// as a restart can take it up.
    pub async fn run(&self, stop: CancellationToken) {
        let app = &self.0;
        let ended = async {
            stop.cancelled().await;
            app.stop.cancel();
        };
        tokio::join!(
            ended,
            media::run_jobs(app),
            webhooks::run(app),
            sweep::run(app),
            disk::watch(app)
        );
        app.uploads.settle().await;
    }
}
