//! The built-in provider, as this process may use it. One process at a time has its folder.
//!
//! 1. [`claim_local`] locks the folder and takes the lease. Where another process has them: a service that takes
//!    uploads waits up to a minute and then fails; a service that needs old videos alone, and a command, go on without.
//! 2. [`open_local`] opens the provider in the locked folder, or reads the credentials with which the process that has
//!    the folder is called over HTTP, as any provider is.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;
use tokio::net::TcpListener;

use super::listener::bind_listener;
use super::local_lease::{Lease, PATIENCE};
use super::maps::LocalAccess;
use super::start_error::StartError;
use crate::clock::Clock;
use crate::config::{Environment, Settings, read_secret};
use crate::http;
use crate::local::{self, Claim, FetchOptions, Local, LocalError, Options};
use crate::store::Store;

/// The use of the application that is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Serves until a signal.
    Service,
    /// Ends by itself, and may run beside a service.
    Command,
}

/// The built-in provider after [`open_local`].
#[expect(clippy::large_enum_variant, reason = "a process has one of it")]
pub(super) enum OpenedLocal {
    /// The provider runs here.
    Here {
        /// The inner listener, bound.
        listener: TcpListener,
        local: Local,
        lease: Option<Lease>,
    },
    /// Another process has the provider's folder: the credentials for calling it.
    Elsewhere(BTreeMap<&'static str, SecretString>),
}

impl OpenedLocal {
    /// Returns how the maps reach the provider; `None` stands for a provider that is not needed.
    pub(super) fn access(opened: Option<&Self>) -> LocalAccess<'_> {
        match opened {
            None => LocalAccess::None,
            Some(Self::Here { local, .. }) => LocalAccess::Here(local),
            Some(Self::Elsewhere(credentials)) => LocalAccess::Elsewhere(credentials),
        }
    }
}

/// The outcome of [`claim_local`].
#[expect(clippy::large_enum_variant, reason = "a process has one of it")]
pub(super) enum ClaimedLocal {
    /// This process has the folder, and the lease where one is needed.
    Here(Claim, Option<Lease>),
    /// Another process has the folder, and this service needs old videos alone.
    Elsewhere,
    /// Another process has the folder, and this is a command.
    BesideService,
}

/// Locks the folder, and takes the lease where other processes share the database.
///
/// # Errors
/// The provider takes uploads here and another process keeps the folder or the lease for longer than [`PATIENCE`]; the
/// folder cannot be made; the database fails.
pub(super) async fn claim_local(
    settings: &Settings,
    clock: &Clock,
    store: &Store,
    has_tables: bool,
    purpose: Purpose,
) -> Result<ClaimedLocal, StartError> {
    let is_command = purpose == Purpose::Command;
    let is_enabled = !is_command && settings.providers.enabled.iter().any(|name| name == local::NAME);
    // Why no wait otherwise: nothing of this process depends on having the folder.
    let patience = if is_enabled { PATIENCE } else { Duration::ZERO };
    let claim = match Claim::take(&settings.local.dir, patience).await {
        Err(LocalError::InUse { .. }) if is_command => return Ok(ClaimedLocal::BesideService),
        Err(LocalError::InUse { folder, holder }) if !is_enabled => {
            tracing::info!(
                folder,
                holder,
                "the built-in provider's old videos are served by another process"
            );
            return Ok(ClaimedLocal::Elsewhere);
        }
        taken => taken?,
    };
    // Why no lease: without uploads nothing new is made here, and only PostgreSQL is shared between processes.
    if !is_enabled || !has_tables || settings.database.is_sqlite() {
        return Ok(ClaimedLocal::Here(claim, None));
    }
    let lease = Lease::acquire(store, clock.new_id(), &claim.id()?).await?;
    Ok(ClaimedLocal::Here(claim, Some(lease)))
}

/// Opens the provider in the claimed folder, or reads the credentials for calling the process that has the folder.
///
/// # Errors
/// The inner listener cannot be bound, the provider cannot be opened, or the credentials cannot be read.
pub(super) async fn open_local(
    claimed: ClaimedLocal,
    settings: &Settings,
    env: &Environment,
    clock: &Clock,
) -> Result<OpenedLocal, StartError> {
    let listener = bind_inner_listener()?;
    let mut options = local_options(settings, env, &listener, clock)?;
    let (claim, lease) = match claimed {
        ClaimedLocal::Here(claim, lease) => (claim, lease),
        ClaimedLocal::BesideService => {
            return Ok(OpenedLocal::Elsewhere(Local::credentials_beside(options)?));
        }
        ClaimedLocal::Elsewhere => {
            // Why: the inner listener of this process serves no provider. The other process is called at the public
            // address.
            options.api_url.clone_from(&options.public_url);
            return Ok(OpenedLocal::Elsewhere(Local::credentials_of(&options)?));
        }
    };
    let local = Local::open_in(claim, options).await?;
    local.set_thumbnail_widths(settings.playback.thumbnails.values().copied().collect());
    Ok(OpenedLocal::Here {
        listener,
        local,
        lease,
    })
}

/// Binds the listener over which this process reaches its own built-in provider: loopback, on any free port.
pub(super) fn bind_inner_listener() -> Result<TcpListener, StartError> {
    bind_listener("local", SocketAddr::from(([127, 0, 0, 1], 0)))
}

/// Returns the options of the built-in provider. Its own API and our webhook route are reached through `inner`.
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
        fetch: FetchOptions {
            ingest: settings.ingest.clone(),
            ..FetchOptions::default()
        },
        clock: clock.clone(),
        launcher: local::own_binary(),
        env: local_variables(env)?,
    })
}

/// Reads the credentials that the environment gives the built-in provider in place of those that it would make:
/// `VIDEO_LOCAL_…` or `VIDEO_LOCAL_…_FILE`. Names with `__` are settings of `[local]` and no credentials.
pub(super) fn local_variables(env: &Environment) -> Result<BTreeMap<String, String>, StartError> {
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
