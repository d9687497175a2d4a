//! The provider as the service sees it: open it, take its routes, run it.
//!
//! 1. [`Claim::take`] locks `local.dir`.
//! 2. [`Local::open_in`] loads credentials, opens the database, removes what earlier processes left half done and looks for
//!    ffmpeg. A missing ffmpeg is no error: uploads are refused with the reason.
//! 3. [`Local::router`] gives the routes.
//! 4. [`Local::run`] works until its token is cancelled.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::{Json, Router, routing::get};
use prometheus::Registry;
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    api,
    app::{App, AppState},
    claim::Claim,
    credentials::Credentials,
    delivery, disk_watch,
    error::MuxError,
    fetch::{self, connect::Fetcher},
    folders::{self, Folders},
    media,
    meters::Meters,
    options::{LocalError, Options},
    store::Store,
    sweep, test_routes, upload,
    webhooks::{
        self,
        receiver::{OWN_ROUTE, list_receivers},
    },
};

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

/// Tries to start ffmpeg, without a provider. Returns how it would run, as the end of a sentence: `with limits, …`.
///
/// # Errors
/// One plain line with the install command, or with the kernel's refusal.
pub async fn try_tools(launcher: &Path) -> Result<String, String> {
    let tools = media::Tools::find_on_host(1, launcher, &std::env::temp_dir()).await?;
    Ok(tools.describe())
}

/// Logs how ffmpeg runs here, and the usual codecs that it lacks. The serving process logs a missing ffmpeg itself.
fn log_tools(tools: &media::Tools) {
    tracing::info!("local: ffmpeg runs {}", tools.describe());
    let missing = tools.decoders().missing_usual();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        tracing::warn!("local: ffmpeg was built without {missing}: such files become errors");
    }
    if !tools.can_map_wide {
        tracing::warn!("local: ffmpeg was built without zscale: videos of high dynamic range look pale");
    }
}

impl Local {
    /// Locks the folder, without waiting for another process, and opens the provider in it.
    ///
    /// # Errors
    /// As [`Claim::take`] and [`Local::open_in`].
    pub async fn open(options: Options) -> Result<Self, LocalError> {
        let claim = Claim::take(&options.settings.dir, Duration::ZERO).await?;
        Self::open_in(claim, options).await
    }

    /// Opens the provider in a folder that this process has claimed. Credentials are generated at first start.
    ///
    /// # Errors
    /// One line: a credential cannot be used, a file of the folder cannot be written, or the database cannot be opened.
    pub async fn open_in(claim: Claim, options: Options) -> Result<Self, LocalError> {
        let Claim { folders, mut lock } = claim;
        let credentials = Credentials::load(&folders, &options)?;
        // Why the error is ignored: commands on this machine read the address, and fall back to the public one.
        let _unsaid = folders::write_address(&mut lock, &options.api_url);
        let file = folders.database_file();
        let store = Store::open(&file).await.map_err(|source| LocalError::Database {
            path: file.display().to_string(),
            source,
        })?;
        let receivers = list_receivers(&options);
        let addresses: Vec<&str> = receivers
            .iter()
            .map(|receiver| receiver.stored_as.as_str())
            .collect();
        let settled = store.settle_deliveries(OWN_ROUTE, &addresses).await;
        settled.map_err(|source| LocalError::Database {
            path: file.display().to_string(),
            source,
        })?;
        folders.sweep_attempts()?;
        let tools =
            // Why after the sweep: the trial runs in `work/`, which the sweep has just made anew.
            media::Tools::find_on_host(options.settings.jobs, &options.launcher, &folders.work_folder(""))
                .await;
        if let Ok(tools) = &tools {
            log_tools(tools);
        }
        let can_pause = tools.as_ref().is_ok_and(media::Tools::can_pause);
        Ok(Self(Arc::new(AppState {
            places: media::EncodePlaces::new(options.settings.jobs, can_pause),
            public_url: options.public_url,
            receivers,
            loopback_pages: options.loopback_pages,
            clock: options.clock,
            settings: options.settings,
            credentials,
            folders,
            store,
            tools,
            uploads: upload::WriteLocks::default(),
            running: media::RunningJobs::default(),
            images: media::ImageJobs::default(),
            use_times: media::UseTimes::default(),
            http: webhooks::build_client().map_err(LocalError::Client)?,
            fetcher: Fetcher::new(options.fetch).map_err(LocalError::Client)?,
            fetches_wake: Notify::new(),
            jobs_wake: Notify::new(),
            outbox_wake: Notify::new(),
            sending: Arc::default(),
            stop: CancellationToken::new(),
            meters: Meters::default(),
            thumbnail_widths: RwLock::default(),
            _lock: lock,
        })))
    }

    /// Reads the folder's credentials in a process that does not hold the folder; generates missing ones.
    ///
    /// # Errors
    /// The credentials cannot be read, or one from the environment cannot be used.
    pub fn credentials_of(options: &Options) -> Result<BTreeMap<&'static str, SecretString>, LocalError> {
        let folders = Folders::create(&options.settings.dir)?;
        Ok(Credentials::load(&folders, options)?.variables().clone())
    }

    /// Reads the folder's credentials for a command that runs beside the process that holds the folder. The API's address is
    /// the one in the lock file where that process is on this machine, else [`Options::public_url`].
    ///
    /// # Errors
    /// As [`Local::credentials_of`].
    pub fn credentials_beside(
        mut options: Options,
    ) -> Result<BTreeMap<&'static str, SecretString>, LocalError> {
        let folders = Folders::create(&options.settings.dir)?;
        options.api_url = folders
            .holder_address()
            .unwrap_or_else(|| options.public_url.clone());
        Self::credentials_of(&options)
    }

    /// Sets the widths of the thumbnails that the image cache evicts last, in pixels. The service sets them at start
    /// and after every reload.
    pub fn set_thumbnail_widths(&self, widths: Vec<u32>) {
        let mut current = self
            .0
            .thumbnail_widths
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = widths.into();
    }

    /// Returns the variables that the provider's action map reads, by name.
    pub fn credentials(&self) -> &BTreeMap<&'static str, SecretString> {
        self.0.credentials.variables()
    }

    /// Returns all routes, relative to `/local`. The test routes are not among them.
    pub fn router(&self) -> Router {
        let app = self.0.clone();
        Router::new()
            .merge(api::routes(&app))
            .merge(upload::routes())
            .merge(delivery::routes())
            .merge(test_routes::absent())
            .with_state(app)
    }

    /// Returns the provider's whole site, for a provider that runs without a service: all routes below `prefix`, such as
    /// `/local`, and `GET /livez` for probes. What is elsewhere is 404 in Mux's form. `test` adds
    /// `POST {prefix}/_test/{advance,reset}`, which are for tests alone: they change the state without a token, and answer
    /// requests alone whose [`ClientAddress`](super::ClientAddress) is this machine.
    pub fn stand_in_router(&self, prefix: &str, test: bool) -> Router {
        let mut routes = self.router();
        if test {
            routes = routes.merge(test_routes::routes().with_state(self.0.clone()));
        }
        Router::new()
            .nest(prefix, routes)
            .route("/livez", get(async || Json(json!({ "status": "ok" }))))
            .fallback(async || MuxError::not_found("Page"))
    }

    /// Returns `None` when ffmpeg and ffprobe can be used; else one plain line with the reason or the install command.
    pub fn missing_tools(&self) -> Option<&str> {
        self.0.tools.as_ref().err().map(String::as_str)
    }

    /// Registers the provider's metrics: `local_jobs_total` by kind and result, `local_jobs_running`,
    /// `local_disk_free_bytes` and `local_disk_full`.
    ///
    /// # Errors
    /// `registry` has metrics of these names already.
    pub fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        self.0.meters.register(registry)
    }

    /// Runs the job runner, the fetches, the webhook worker, the sweep and the disk watch until `stop` is cancelled, then waits for
    /// uploads under way to flush. Interrupted work resumes after a restart.
    pub async fn run(&self, stop: CancellationToken) {
        let app = &self.0;
        let ended = async {
            stop.cancelled().await;
            app.stop.cancel();
        };
        tokio::join!(
            ended,
            media::run_jobs(app),
            fetch::run(app),
            webhooks::run(app),
            sweep::run(app),
            disk_watch::run(app)
        );
        // Why last: `stop` ends the uploads under way, which flush before the process may end.
        app.uploads.wait_until_idle().await;
    }
}
