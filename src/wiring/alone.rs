//! One provider and the database, for commands that serve nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Router;
use secrecy::SecretString;
use tokio::task::JoinHandle;

use super::maps::look_up;
use super::{StartError, bind, ledger, load_map, local_options};
use crate::clock::Clock;
use crate::config::{ConfigError, Environment, Settings};
use crate::domain::CheckTimes;
use crate::http;
use crate::local::{self, Local, LocalError};
use crate::provider::{HashKey, Provider, embedded};
use crate::state::{check_times, settle_hash_key};
use crate::store::Store;
use crate::telemetry::CallMeter;

/// What such a command works with. Other providers may be in use by a service that runs.
pub(crate) struct Alone {
    pub(crate) store: Store,
    pub(crate) provider: Provider,
    pub(crate) clock: Clock,
    pub(crate) times: CheckTimes,
    /// What the filter `hash` of the map is keyed with.
    pub(crate) hash_key: HashKey,
    /// Serves the built-in provider, where it is the one.
    inner: Option<JoinHandle<std::io::Result<()>>>,
}

impl Alone {
    /// Connects, and loads the map of `name`, which need not be enabled.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub(crate) async fn build(
        settings: &Settings,
        env: &Environment,
        name: &str,
    ) -> Result<Self, StartError> {
        let known = settings.providers.enabled.iter().any(|enabled| enabled == name);
        if !known && !is_name(name) {
            let problem = format!("\"{name}\" is no provider's name");
            return Err(StartError::Config(ConfigError::new("--provider", "", problem)));
        }
        let clock = Clock::system();
        let store = Store::connect(&settings.database).await?;
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

    /// Closes what was opened.
    pub(crate) async fn close(self) {
        if let Some(inner) = self.inner {
            inner.abort();
        }
        self.store.close().await;
    }
}

type Inner = Option<JoinHandle<std::io::Result<()>>>;

async fn open_provider(
    settings: &Settings,
    env: &Environment,
    name: &str,
    store: &Store,
    clock: &Clock,
    hash_key: &HashKey,
) -> Result<(Provider, Inner), StartError> {
    let (made, inner) = if name == local::NAME {
        open_local(settings, env, clock).await?
    } else {
        (None, None)
    };
    let look_up = look_up(env, made.as_ref());
    let provider = load_map(
        settings,
        name,
        &look_up,
        ledger(store),
        CallMeter::default(),
        clock,
        hash_key,
    )?;
    Ok((provider, inner))
}

/// The built-in provider's credentials, and what serves it where no service does.
async fn open_local(
    settings: &Settings,
    env: &Environment,
    clock: &Clock,
) -> Result<(Option<BTreeMap<&'static str, SecretString>>, Inner), StartError> {
    let listener = bind("local", SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let options = local_options(settings, env, &listener, clock)?;
    match Local::open(options.clone()).await {
        Ok(local) => {
            let router = Router::new().nest(http::LOCAL_PREFIX, local.router());
            let inner = tokio::spawn(axum::serve(listener, router).into_future());
            Ok((Some(local.credentials().clone()), Some(inner)))
        }
        // A service runs: it is asked as any provider is.
        Err(LocalError::InUse { .. }) => Ok((Some(Local::credentials_beside(options)?), None)),
        Err(error) => Err(error.into()),
    }
}

/// It may become a file's name.
fn is_name(name: &str) -> bool {
    embedded(name).is_some() || crate::config::is_provider_name(name)
}
