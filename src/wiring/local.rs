//! The built-in provider: one process at a time has it.
//!
//! Its folder is locked, and where several services share one PostgreSQL a lease in it says which of them takes uploads
//! for it: each would find only its own files. A process that has it for old videos alone takes no lease.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::middleware::map_request;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::maps::LocalHere;
use super::{Purpose, StartError, bind, data_folder, sqlite_path};
use crate::clock::Clock;
use crate::config::{Environment, Settings, read_secret};
use crate::http;
use crate::local::{self, Claim, ClientAddress, Local, LocalError, Options};
use crate::private;
use crate::state::AppState;
use crate::store::{Store, StoreError};

/// How long the process before this one may take to end.
const PATIENCE: Duration = Duration::from_mins(1);
/// The lease's name, and how its holder is found: a second row with the same holder names host and folder.
const LEASE: &str = "local";
/// Life of the lease, in seconds; it is renewed three times as often.
const LEASE_S: i64 = 60;
const RENEW: Duration = Duration::from_secs(20);
/// How often a lease that another process has is asked for.
const AGAIN: Duration = Duration::from_secs(1);

/// The built-in provider as far as this process has it.
#[expect(clippy::large_enum_variant, reason = "a process has one of it")]
pub(super) enum Found {
    /// It runs here.
    Here {
        /// The inner listener, bound.
        listener: TcpListener,
        local: Local,
        lease: Option<Lease>,
    },
    /// Another process has its folder: its credentials.
    Elsewhere(BTreeMap<&'static str, SecretString>),
}

impl Found {
    /// For the loading of maps.
    pub(super) fn here(found: Option<&Self>) -> LocalHere<'_> {
        match found {
            None => LocalHere::Not,
            Some(Self::Here { local, .. }) => LocalHere::Runs(local),
            Some(Self::Elsewhere(made)) => LocalHere::RunsElsewhere(made),
        }
    }
}

/// The provider's folder, as far as this process has it.
#[expect(clippy::large_enum_variant, reason = "a process has one of it")]
pub(super) enum Claimed {
    Here(Claim, Option<Lease>),
    Elsewhere,
    /// A service has it, and this is a command.
    Beside,
}

/// Takes the folder, and the lease where others share the database. Where the provider takes uploads, the process that has
/// it is waited for, and then it is an error; where it is there for old videos alone, and in a command, this process asks the
/// one that has it.
pub(super) async fn claim(
    settings: &Settings,
    clock: &Clock,
    store: &Store,
    has_tables: bool,
    purpose: Purpose,
) -> Result<Claimed, StartError> {
    let is_command = purpose == Purpose::Command;
    let is_enabled = !is_command && settings.providers.enabled.iter().any(|name| name == local::NAME);
    let patience = if is_enabled { PATIENCE } else { Duration::ZERO };
    let claim = match Claim::take(&settings.local.dir, patience).await {
        Err(LocalError::InUse { .. }) if is_command => return Ok(Claimed::Beside),
        Err(LocalError::InUse { folder, holder }) if !is_enabled => {
            tracing::info!(
                folder,
                holder,
                "the built-in provider's old videos are served by another process"
            );
            return Ok(Claimed::Elsewhere);
        }
        taken => taken?,
    };
    if !is_enabled || !has_tables || settings.database.is_sqlite() {
        return Ok(Claimed::Here(claim, None));
    }
    let lease = Lease::take(store, clock.new_id(), &claim.id()?).await?;
    Ok(Claimed::Here(claim, Some(lease)))
}

/// Opens it, or reads the credentials with which the process that has it is asked.
pub(super) async fn open(
    claimed: Claimed,
    settings: &Settings,
    env: &Environment,
    clock: &Clock,
) -> Result<Found, StartError> {
    let listener = bind("local", SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let mut options = local_options(settings, env, &listener, clock)?;
    let (claim, lease) = match claimed {
        Claimed::Here(claim, lease) => (claim, lease),
        Claimed::Beside => return Ok(Found::Elsewhere(Local::credentials_beside(options)?)),
        Claimed::Elsewhere => {
            options.api_url.clone_from(&options.public_url);
            return Ok(Found::Elsewhere(Local::credentials_of(&options)?));
        }
    };
    let local = Local::open_in(claim, options).await?;
    local.keep_widths(settings.playback.thumbnails.values().copied().collect());
    Ok(Found::Here {
        listener,
        local,
        lease,
    })
}

/// Its routes; each request carries the address that it comes from.
pub(super) fn router(state: &AppState, local: &Local) -> Router {
    let state = state.clone();
    local.router().layer(map_request(move |request: Request| {
        let (mut parts, body) = request.into_parts();
        if let Some(address) = http::address_of(&state, &parts) {
            parts.extensions.insert(ClientAddress(address));
        }
        std::future::ready(Request::from_parts(parts, body))
    }))
}

/// What the provider is given at start.
pub(super) fn local_options(
    settings: &Settings,
    env: &Environment,
    inner: &TcpListener,
    clock: &Clock,
) -> Result<Options, StartError> {
    let base = inner
        .local_addr()
        .map(|address| format!("http://{address}"))
        .unwrap_or_default();
    let public_url = if settings.local.public_url.is_empty() {
        format!("{}{}", settings.http.public_url, http::LOCAL_PREFIX)
    } else {
        settings.local.public_url.clone()
    };
    Ok(Options {
        settings: settings.local.clone(),
        public_url,
        api_url: format!("{base}{}", http::LOCAL_PREFIX),
        webhook_url: format!("{base}/v1/webhooks/{}", local::NAME),
        loopback_pages: settings.auth.is_unset(),
        clock: clock.clone(),
        launcher: local::own_binary(),
        env: local_variables(env)?,
    })
}

/// What the environment gives the built-in provider in the place of what it would make.
fn local_variables(env: &Environment) -> Result<BTreeMap<String, String>, StartError> {
    let mut given = BTreeMap::new();
    for (name, _) in env.iter() {
        let plain = name.strip_suffix("_FILE").unwrap_or(name);
        if plain.starts_with("VIDEO_LOCAL_")
            && !plain.contains("__")
            && let Some(value) = read_secret(env, plain)?
        {
            given.insert(plain.to_owned(), value);
        }
    }
    Ok(given)
}

/// The right to take uploads for the built-in provider, among all that share the database.
pub struct Lease {
    store: Store,
    holder: Uuid,
    note: String,
}

impl Lease {
    /// Takes it, waiting for the process that has it.
    async fn take(store: &Store, holder: Uuid, folder: &str) -> Result<Self, StartError> {
        let lease = Self {
            store: store.clone(),
            holder,
            note: format!("{LEASE} on {} in folder {folder}", local::host_name()),
        };
        // Whoever had the same folder is gone: this process has its lock.
        store
            .end_leases_noted(&format!("{LEASE} on % in folder {folder}"))
            .await?;
        let begun = Instant::now();
        let mut told = false;
        // A crash leaves the lease to run out, so the patience ends behind that.
        while !lease.renew().await? {
            let host = store.lease_note(LEASE).await?;
            let host = host
                .as_deref()
                .and_then(host_in)
                .unwrap_or("another host")
                .to_owned();
            if begun.elapsed() > PATIENCE + AGAIN {
                return Err(StartError::LocalElsewhere { host });
            }
            if !told {
                tracing::info!(
                    host,
                    "\"local\" takes uploads on another host: waiting for it to end, for {} s at most",
                    PATIENCE.as_secs()
                );
                told = true;
            }
            tokio::time::sleep(AGAIN).await;
        }
        Ok(lease)
    }

    async fn renew(&self) -> Result<bool, StoreError> {
        self.store
            .take_noted_lease(LEASE, &self.note, self.holder, LEASE_S)
            .await
    }

    /// Renews it until `stop` is cancelled, and gives it back.
    pub(crate) async fn keep(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(RENEW) => {}
            }
            match self.renew().await {
                Ok(true) => {}
                Ok(false) => tracing::error!(
                    "another process takes uploads for \"local\" too: the database was away for longer than {LEASE_S} s"
                ),
                Err(error) => tracing::warn!(%error, "the lease of \"local\" could not be renewed"),
            }
        }
        if let Err(error) = self.store.end_leases_of(self.holder).await {
            tracing::warn!(%error, "the lease of \"local\" could not be given back: it runs out by itself");
        }
    }
}

/// The host in a lease's note.
fn host_in(note: &str) -> Option<&str> {
    let (_, rest) = note.split_once(" on ")?;
    rest.rsplit_once(" in folder ").map(|(host, _)| host)
}

/// Keeps the data folder from other users of the machine, where it holds nothing but what is ours.
pub(super) fn tighten(settings: &Settings) {
    if !settings.database.is_sqlite() {
        return;
    }
    let secret = data_folder(settings).join("development-secret");
    let others = [secret.as_path(), settings.local.dir.as_path()];
    let done =
        private::tighten(&secret).and_then(|()| private::settle_folder_of(&sqlite_path(settings), &others));
    if let Err(error) = done {
        tracing::warn!(%error, "the data folder cannot be kept from other users of this machine");
    }
}
