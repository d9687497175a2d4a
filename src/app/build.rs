//! Building the application: the steps are numbered in the module above.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::SecretString;
use tokio::net::TcpListener;

use super::authentication::{begin_development, build_authenticator};
use super::data_folder::restrict_data_folder;
use super::listener::{bind_listener, settle_addresses};
use super::local_lease::Lease;
use super::local_provider::{OpenedLocal, Purpose, claim_local, open_local};
use super::maps::{load_maps, names_to_load};
use super::observers::{Observer, start_intake};
use super::routers::Routers;
use super::start_error::StartError;
use crate::auth::{Development, Tickets};
use crate::clock::Clock;
use crate::config::{Environment, Settings};
use crate::http::server::ServiceHandle;
use crate::local::{self, Local};
use crate::provider::HashKey;
use crate::state::{AppState, Process, check_times, settle_hash_key, ticket_key};
use crate::store::Store;
use crate::telemetry::Metrics;

/// A built service with bound listeners, ready to be served.
pub struct App {
    /// The first snapshot of what requests and jobs share.
    pub state: AppState,
    /// The public listener, bound.
    pub listener: TcpListener,
    /// The service of the public listener; a reload exchanges what is in it.
    pub served: ServiceHandle,
    /// The built-in provider, where it runs in this process.
    pub local: Option<LocalApp>,
    /// The listener of `http.metrics_listen`, bound, and its service; `None` where the setting is empty.
    pub metrics: Option<(TcpListener, ServiceHandle)>,
    /// The secrets of development mode, where no setting of `[auth]` is made: only this machine may call.
    pub development: Option<Development>,
    /// The store's observer, which follows the snapshot of the latest reload.
    pub(super) observer: Observer,
    /// The settings as they were read, before ports were known. A reload compares with them.
    pub(super) settings_as_read: Settings,
    /// The credentials of the built-in provider, where another process has its folder.
    pub(super) remote_local_credentials: Option<BTreeMap<&'static str, SecretString>>,
}

/// The built-in provider and its loopback listener.
pub struct LocalApp {
    /// The provider.
    pub local: Local,
    /// The inner listener, bound to a loopback port that the system chose.
    pub listener: TcpListener,
    /// The service of the inner listener: the provider, and the webhook route that it posts to.
    pub served: ServiceHandle,
    /// The right to take uploads for it, where other processes share the database. `None` with SQLite, and where it is
    /// there for old videos alone.
    pub lease: Option<Lease>,
}

impl App {
    /// Builds the service. Nothing is served yet. Must be called within a runtime: tasks of the store begin here.
    ///
    /// # Errors
    /// The first thing that does not fit, see [`StartError`].
    pub async fn build(settings: Settings, env: &Environment, clock: Clock) -> Result<Self, StartError> {
        Self::build_for(Purpose::Service, settings, env, clock).await
    }

    /// Builds the same for a command, which may run beside a service: on any free port, without the metrics listener,
    /// and without waiting for the built-in provider's folder. The public address stays that of the service.
    ///
    /// # Errors
    /// As [`App::build`].
    pub(crate) async fn build_for_command(
        mut settings: Settings,
        env: &Environment,
        clock: Clock,
    ) -> Result<Self, StartError> {
        settings.http.listen.set_port(0);
        settings.http.metrics_listen.clear();
        Self::build_for(Purpose::Command, settings, env, clock).await
    }

    async fn build_for(
        purpose: Purpose,
        mut settings: Settings,
        env: &Environment,
        clock: Clock,
    ) -> Result<Self, StartError> {
        // Why now: ports and addresses are filled in below, and a reload compares with the file.
        let settings_as_read = settings.clone();
        let metrics = Arc::new(Metrics::new(clock.now().timestamp())?);
        let observer = Observer::new(clock.clone(), metrics.clone());
        let development = begin_development(&settings)?;
        let auth = build_authenticator(&settings, &clock, development.as_ref(), None).await?;
        let (store, has_tables) = connect_store(&settings, &observer).await?;
        let in_use = if has_tables {
            store.providers_in_use().await?
        } else {
            Vec::new()
        };
        let names = names_to_load(&settings, &in_use);
        // Why before the public listener: this may wait a minute for the process before, and a bound port takes
        // requests.
        let claimed = if names.contains(local::NAME) {
            Some(claim_local(&settings, &clock, &store, has_tables, purpose).await?)
        } else {
            None
        };
        let listener = bind_listener("http.listen", settings.http.listen)?;
        settle_addresses(&mut settings, &listener);
        // Why after the public listener: the provider's own addresses follow from the port.
        let opened = match claimed {
            Some(claimed) => Some(open_local(claimed, &settings, env, &clock).await?),
            None => None,
        };
        // Why here: only now is everything in the folder that the check knows as ours.
        restrict_data_folder(&settings);
        let (tickets, hash_key) = read_shared_secrets(&store, has_tables).await?;
        let access = OpenedLocal::access(opened.as_ref());
        let set = load_maps(&settings, names, env, &store, access, &metrics, &clock, &hash_key);
        let set = Arc::new(set.await?);
        let (inner, remote_local_credentials) = match opened {
            Some(OpenedLocal::Here {
                listener,
                local,
                lease,
            }) => {
                local.register(metrics.registry())?;
                (Some((listener, local, lease)), None)
            }
            Some(OpenedLocal::Elsewhere(credentials)) => (None, Some(credentials)),
            None => (None, None),
        };
        let local = inner.as_ref().map(|(_, local, _)| local);
        let intake = start_intake(&store, set.clone(), check_times(&settings));
        let process = Process::new(clock, store, intake, tickets, metrics);
        let state = AppState::new(settings, set, auth, process);
        // Why before anything is served: no change may be committed unseen.
        observer.follow(&state);
        let routers = Routers::new(&state, local);
        let served = |router| ServiceHandle::new(router, &state.settings.http);
        let local = inner
            .zip(routers.inner)
            .map(|((listener, local, lease), router)| LocalApp {
                served: served(router),
                local,
                listener,
                lease,
            });
        // An address that does not parse is the empty one: the settings have checked it.
        let metrics = match state.settings.http.metrics_listen.parse() {
            Err(_) => None,
            Ok(address) => Some((
                bind_listener("http.metrics_listen", address)?,
                served(routers.metrics),
            )),
        };
        Ok(Self {
            served: served(routers.public),
            state,
            listener,
            local,
            metrics,
            development,
            observer,
            settings_as_read,
            remote_local_credentials,
        })
    }
}

/// Connects, and migrates where the settings want it. Returns whether there are tables: without them the service starts
/// all the same, and is not ready until a migration made them.
async fn connect_store(settings: &Settings, observer: &Observer) -> Result<(Store, bool), StartError> {
    let store = Store::connect_observed(&settings.database, Arc::new(observer.clone())).await?;
    if settings.database.migrate_on_start {
        store.migrate().await?;
    }
    let has_tables = store.migrations().await?.applied > 0;
    Ok((store, has_tables))
}

/// Reads the secrets that all replicas share. Without tables they stay unknown until [`AppState::is_ready`] finds some.
async fn read_shared_secrets(store: &Store, has_tables: bool) -> Result<(Tickets, HashKey), StartError> {
    let (tickets, hash_key) = (Tickets::default(), HashKey::default());
    if has_tables && !tickets.set_key(&ticket_key(store).await?) {
        return Err(StartError::SharedKey("ticket-key"));
    }
    if has_tables && !settle_hash_key(store, &hash_key).await? {
        return Err(StartError::SharedKey("hash-key"));
    }
    Ok((tickets, hash_key))
}
