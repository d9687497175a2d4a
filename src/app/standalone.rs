//! One provider and the database, for commands that serve nothing.
//!
//! Other providers may be in use by a service that runs; neither their maps nor their secrets are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use secrecy::SecretString;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::local_provider::{bind_inner_listener, local_options};
use super::maps::{map_names, needs_local, read_map, variable_lookup};
use super::rate_ledger::shared_rate_ledger;
use super::start_error::StartError;
use crate::clock::Clock;
use crate::config::{ConfigError, Environment, Settings};
use crate::domain::{Accounts, CheckTimes, InboxEvent, ShownStatus, Video};
use crate::http::{self, server::serve_inner};
use crate::local::{Local, LocalError};
use crate::provider::{HashKey, LoadOptions, MergedMap, Provider, embedded_map};
use crate::state::{check_times, settle_hash_key};
use crate::store::{ChangeObserver, NewOutgoing, Store};
use crate::telemetry::CallMeter;

/// The open database and one loaded [`Provider`].
pub(crate) struct Standalone {
    pub(crate) store: Store,
    pub(crate) provider: Provider,
    pub(crate) clock: Clock,
    /// Intervals at which the reconciler of the service will look up the videos.
    pub(crate) times: CheckTimes,
    /// The key of the map's filter `hash`; without a key where the database has no tables.
    pub(crate) hash_key: HashKey,
    /// The task that serves the built-in provider, where it is the one and no service has its folder.
    inner: InnerServer,
}

impl Standalone {
    /// Connects, and loads the map of `name`, which need not be enabled.
    ///
    /// # Errors
    /// `name` is no name of a provider, the database fails, or the map does not load.
    pub(crate) async fn build(
        settings: &Settings,
        env: &Environment,
        name: &str,
    ) -> Result<Self, StartError> {
        let known = settings.providers.enabled.iter().any(|enabled| enabled == name);
        if !known && !is_provider_name(name) {
            let problem = format!("\"{name}\" is no provider's name");
            return Err(StartError::Config(ConfigError::new("--provider", "", problem)));
        }
        let clock = Clock::system();
        let accounts = AccountsObserver(all_accounts(settings));
        let store = Store::connect_observed(&settings.database, Arc::new(accounts)).await?;
        if settings.database.migrate_on_start {
            store.migrate().await?;
        }
        let hash_key = HashKey::default();
        if store.migrations().await?.applied > 0 && !settle_hash_key(&store, &hash_key).await? {
            return Err(StartError::SharedKey("hash-key"));
        }
        let (provider, inner) = open_provider(settings, env, name, &store, &clock, &hash_key).await?;
        Ok(Self {
            store,
            provider,
            clock,
            times: check_times(settings),
            hash_key,
            inner,
        })
    }

    /// Ends the task of the built-in provider, and closes the database.
    pub(crate) async fn close(self) {
        if let Some(inner) = self.inner {
            inner.abort();
        }
        self.store.close().await;
    }
}

type InnerServer = Option<JoinHandle<std::io::Result<()>>>;

/// Loads the map of `name`; the built-in provider is opened before, since its credentials are the map's secrets.
async fn open_provider(
    settings: &Settings,
    env: &Environment,
    name: &str,
    store: &Store,
    clock: &Clock,
    hash_key: &HashKey,
) -> Result<(Provider, InnerServer), StartError> {
    let (credentials, inner) = if needs_local(settings, name) {
        open_local(settings, env, clock).await?
    } else {
        (None, None)
    };
    let look_up = variable_lookup(env, credentials.as_ref());
    let options = LoadOptions {
        ledger: shared_rate_ledger(store),
        meter: CallMeter::default(),
        clock: clock.clone(),
        hash_key: hash_key.clone(),
    };
    let provider = Provider::load_merged(name, &read_map(settings, name)?, &look_up, &options)?;
    Ok((provider, inner))
}

/// Returns the built-in provider's credentials, and the task that serves it. `None` for the task where a service has
/// the folder: that service is called over HTTP, as any provider is.
async fn open_local(
    settings: &Settings,
    env: &Environment,
    clock: &Clock,
) -> Result<(Option<BTreeMap<&'static str, SecretString>>, InnerServer), StartError> {
    // Why bound before the folder is opened: the provider must know its own address.
    let listener = bind_inner_listener()?;
    let options = local_options(settings, env, &listener, clock)?;
    match Local::open(options.clone()).await {
        Ok(local) => {
            let router = Router::new().nest(http::LOCAL_PREFIX, local.router());
            let inner = tokio::spawn(serve_inner(listener, router, CancellationToken::new()));
            Ok((Some(local.credentials().clone()), Some(inner)))
        }
        Err(LocalError::InUse { .. }) => Ok((Some(Local::credentials_beside(options)?), None)),
        Err(error) => Err(error.into()),
    }
}

/// Returns whether `name` may become the name of a map's file.
fn is_provider_name(name: &str) -> bool {
    embedded_map(name).is_some() || crate::config::is_provider_name(name)
}

/// Returns the accounts that maps share, enabled or not: any of them may have videos. Maps that cannot be read are left out:
/// their faults are those of the service that needs them.
fn all_accounts(settings: &Settings) -> Accounts {
    let names = map_names(settings);
    let maps: Vec<(&str, MergedMap)> = names
        .iter()
        .filter_map(|name| Some((name.as_str(), read_map(settings, name).ok()?)))
        .collect();
    let pairs = maps
        .iter()
        .map(|(name, map)| (*name, map.account().unwrap_or(name)));
    Accounts::from_maps(pairs)
}

/// Knows the accounts, and observes nothing.
#[derive(Debug)]
struct AccountsObserver(Accounts);

impl ChangeObserver for AccountsObserver {
    fn accounts(&self) -> Accounts {
        self.0.clone()
    }

    fn outgoing(&self, _before: &Video, _after: &Video) -> Vec<NewOutgoing> {
        Vec::new()
    }

    fn video_ended(&self, _provider: &str, _status: ShownStatus) {}

    fn event_applied(&self, _event: &InboxEvent, _video_id: Uuid) {}
}
