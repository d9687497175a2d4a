//! Puts the parts together, and refuses what does not fit; once at the start, and again when it is told to.

mod alone;
mod kept;
mod local;
mod maps;
mod preflight;
mod reload;
mod turns;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use tokio::net::{TcpListener, TcpSocket};

use crate::auth::{
    Authenticator, Development, DevelopmentError, Jwks, JwksError, Tickets, check_development,
};
use crate::chain::Chain;
use crate::clock::Clock;
use crate::config::{ConfigError, Environment, Settings};
use crate::console;
use crate::domain::Video;
use crate::http::server::Served;
use crate::local::{self as built_in, Local, LocalError};
use crate::provider::{HashKey, MapError};
use crate::state::{AppState, check_times, settle_hash_key, ticket_key};
use crate::store::{Store, StoreError};
use crate::telemetry::Metrics;
use crate::{http, jobs};

pub(crate) use self::alone::Alone;
use self::local::{Found, Lease, local_options, tighten};
pub(crate) use self::maps::{check_default, load_map, no_such_map};
pub(crate) use self::preflight::{preflight, warnings};
pub use self::reload::Reloader;
pub(crate) use self::turns::ledger;

/// Connections that may wait to be accepted, as far as the system allows.
const BACKLOG: u32 = 4096;

/// A wired service, ready to be served.
pub struct App {
    /// What requests and jobs share.
    pub state: AppState,
    /// The public listener, bound.
    pub listener: TcpListener,
    /// What it serves.
    pub served: Served,
    /// The built-in provider, where one of the loaded providers is it.
    pub local: Option<LocalApp>,
    /// The listener of `http.metrics_listen`, bound, and what it serves.
    pub metrics: Option<(TcpListener, Served)>,
    /// No auth setting at all: only this machine may call.
    pub development: Option<Development>,
    /// The settings as they were given, before ports were known.
    asked: Settings,
    /// Credentials of the built-in provider, where another process has its folder.
    elsewhere: Option<BTreeMap<&'static str, SecretString>>,
}

/// The built-in provider and its loopback listener.
pub struct LocalApp {
    /// The provider.
    pub local: Local,
    /// The inner listener, bound.
    pub listener: TcpListener,
    /// What it serves: the provider, and the webhook route that it posts to.
    pub served: Served,
    /// The right to take uploads for it, where others share the database.
    pub lease: Option<Lease>,
}

/// The service cannot start; a line for each reason.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Several things at once.
    #[error("{}", lines(.0))]
    Several(Vec<StartError>),
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An action map.
    #[error(transparent)]
    Map(#[from] MapError),
    /// A map file that is not there or not readable.
    #[error("{file}: {problem}")]
    MapFile {
        /// Its path, or what should be its name.
        file: String,
        /// Why.
        problem: String,
    },
    /// A map that is only needed by videos that are there.
    #[error("{error} ({videos} videos are at provider \"{provider}\" and need it)")]
    MapInUse {
        /// The provider.
        provider: String,
        /// Its living videos.
        videos: i64,
        /// What is wrong with its map.
        error: Box<StartError>,
    },
    /// Development mode does not fit the settings.
    #[error(transparent)]
    Development(#[from] DevelopmentError),
    /// The key set.
    #[error("auth.jwks {0}")]
    Jwks(#[from] JwksError),
    /// The database.
    #[error("{}", Chain(.0))]
    Store(#[from] StoreError),
    /// The built-in provider.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// Another host has the built-in provider.
    #[error(
        "providers.enabled: \"local\" takes uploads on {host} already, and one process at a time may: end that one, or leave \
         \"local\" out of providers.enabled here"
    )]
    LocalElsewhere {
        /// Its name.
        host: String,
    },
    /// One of the database's keys is of no use.
    #[error("the row \"{0}\" of table secrets is empty")]
    SharedKey(&'static str),
    /// Two metrics have the same name.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The address.
    #[error("{key}: cannot listen on {address}: {error}")]
    Listen {
        /// The setting.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
}

fn lines(errors: &[StartError]) -> String {
    let lines: Vec<String> = errors.iter().map(StartError::to_string).collect();
    lines.join("\n")
}

impl StartError {
    /// All of these, of which there is at least one.
    fn all(mut errors: Vec<Self>) -> Self {
        match errors.pop() {
            Some(only) if errors.is_empty() => only,
            last => {
                errors.extend(last);
                Self::Several(errors)
            }
        }
    }
}

/// What is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Service,
    Command,
}

impl App {
    /// Connects, loads, binds. Nothing is served yet.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub async fn build(settings: Settings, env: &Environment, clock: Clock) -> Result<Self, StartError> {
        Self::build_for(Purpose::Service, settings, env, clock).await
    }

    /// The same for a command, which may be typed beside a running service.
    ///
    /// # Errors
    /// As [`App::build`].
    pub(crate) async fn build_for_command(
        mut settings: Settings,
        env: &Environment,
        clock: Clock,
    ) -> Result<Self, StartError> {
        // Nothing is served: any free port will do. The public address stays that of the service.
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
        let asked = settings.clone();
        let metrics = Arc::new(Metrics::new(clock.now().timestamp())?);
        let development = begin_development(&settings)?;
        let auth = authenticator(&settings, &clock, development.as_ref(), None).await?;
        let store = Store::connect(&settings.database).await?;
        if settings.database.migrate_on_start {
            store.migrate().await?;
        }
        // Without tables it starts all the same, and is not ready until somebody has made them.
        let has_tables = store.migrations().await?.applied > 0;
        let in_use = if has_tables {
            store.providers_in_use().await?
        } else {
            Vec::new()
        };
        let names = maps::names(&settings, &in_use);
        // Before anything listens: the process that has it may take a minute to end.
        let claimed = if names.contains(built_in::NAME) {
            Some(local::claim(&settings, &clock, &store, has_tables, purpose).await?)
        } else {
            None
        };
        let listener = bind("http.listen", settings.http.listen)?;
        settle_addresses(&mut settings, &listener);
        let found = match claimed {
            Some(claimed) => Some(local::open(claimed, &settings, env, &clock).await?),
            None => None,
        };
        tighten(&settings);
        let (tickets, hash_key) = (Tickets::default(), HashKey::default());
        if has_tables && !tickets.settle(&ticket_key(&store).await?) {
            return Err(StartError::SharedKey("ticket-key"));
        }
        if has_tables && !settle_hash_key(&store, &hash_key).await? {
            return Err(StartError::SharedKey("hash-key"));
        }
        let here = Found::here(found.as_ref());
        let set = maps::load(&settings, names, env, &store, here, &metrics, &clock, &hash_key);
        let set = Arc::new(set.await?);
        let (inner, elsewhere) = match found {
            Some(Found::Here {
                listener,
                local,
                lease,
            }) => {
                local.register(metrics.registry())?;
                (Some((listener, local, lease)), None)
            }
            Some(Found::Elsewhere(made)) => (None, Some(made)),
            None => (None, None),
        };
        let local = inner.as_ref().map(|(_, local, _)| local);
        let planner = jobs::inbox::planner(set.clone(), check_times(&settings));
        let state = AppState::new(settings, clock, store, set, auth, tickets, planner, metrics);
        tell(&state);
        let routers = Routers::of(&state, local);
        let served = |router| Served::new(router, &state.settings.http);
        let local = inner
            .zip(routers.inner)
            .map(|((listener, local, lease), router)| LocalApp {
                served: served(router),
                local,
                listener,
                lease,
            });
        let metrics = match state.settings.http.metrics_listen.parse() {
            Err(_) => None,
            Ok(address) => Some((bind("http.metrics_listen", address)?, served(routers.metrics))),
        };
        Ok(Self {
            served: served(routers.outer),
            state,
            listener,
            local,
            metrics,
            development,
            asked,
            elsewhere,
        })
    }
}

/// What the listeners serve.
struct Routers {
    outer: Router,
    /// Where the built-in provider runs.
    inner: Option<Router>,
    metrics: Router,
}

impl Routers {
    fn of(state: &AppState, local: Option<&Local>) -> Self {
        let viewed = local.map(|local| local::router(state, local));
        Self {
            outer: http::router(state, viewed, console(&state.settings)),
            inner: local.map(|local| http::inner_router(state.clone(), local.router())),
            metrics: http::metrics_router(state),
        }
    }
}

/// Every change that is news to the application goes into the outbox, where there are endpoints, and what becomes of
/// videos is counted.
fn tell(state: &AppState) {
    let (providers, metrics) = (state.providers.clone(), state.metrics.clone());
    let counting = jobs::inbox::counting(providers, metrics, state.clock.clone());
    state.store.tell(counting);
    let (endpoints, providers) = (state.settings.events.endpoints.clone(), state.providers.clone());
    let payload = Box::new(move |what, video: &Video| http::payload(&providers, what, video));
    state.store.announce_to(endpoints, state.clock.clone(), payload);
}

/// The console page, where the settings want it.
fn console(settings: &Settings) -> Option<Router> {
    let options = || console::Options {
        hls_js_url: settings.console.hls_js_url.clone(),
        hls_js_integrity: settings.console.hls_js_integrity.clone(),
        public_url: settings.http.public_url.clone(),
        prefix: settings.http.path_prefix().to_owned(),
        development: settings.auth.is_unset(),
    };
    settings.http.console.then(|| console::router(options()))
}

fn bind(key: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    listen(address).map_err(|error| StartError::Listen { key, address, error })
}

/// With room for a crowd: a connection that finds none tries again only after a second.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Port 0 asks the system for one: the addresses that follow from it are known only now.
fn settle_addresses(settings: &mut Settings, listener: &TcpListener) {
    if let Ok(address) = listener.local_addr()
        && settings.http.listen.port() == 0
    {
        if settings.http.public_url == format!("http://{}", settings.http.listen) {
            settings.http.public_url = format!("http://{address}");
        }
        settings.http.listen = address;
    }
}

/// The secrets of development mode, where the settings mean it.
fn begin_development(settings: &Settings) -> Result<Option<Development>, DevelopmentError> {
    if !settings.auth.is_unset() {
        return Ok(None);
    }
    check_development(settings)?;
    Development::begin(&data_folder(settings)).map(Some)
}

/// Whose tokens are believed; `old` says who is believed until now.
async fn authenticator(
    settings: &Settings,
    clock: &Clock,
    development: Option<&Development>,
    old: Option<&Authenticator>,
) -> Result<Authenticator, StartError> {
    let auth = &settings.auth;
    if !auth.jwks.is_empty() {
        let keys = match old {
            None => Arc::new(Jwks::load(&auth.jwks, clock.now()).await?),
            Some(old) => Jwks::reload(&auth.jwks, old.jwks(), clock.now()).await?,
        };
        return Ok(Authenticator::by_jwks(keys, &auth.issuer, &auth.audience));
    }
    let secrets = development.map_or_else(|| auth.jwt_secrets.clone(), Development::secrets);
    Ok(Authenticator::by_secrets(secrets, &auth.issuer, &auth.audience))
}

/// The folder of the SQLite file: where development mode keeps its secret.
pub fn data_folder(settings: &Settings) -> PathBuf {
    sqlite_path(settings)
        .parent()
        .map_or_else(PathBuf::new, Path::to_path_buf)
}

/// The SQLite file.
pub(crate) fn sqlite_path(settings: &Settings) -> PathBuf {
    let path = settings
        .database
        .url
        .trim_start_matches("sqlite:")
        .trim_start_matches("//");
    let path = path.split('?').next().unwrap_or_default();
    PathBuf::from(&*percent_decode_str(path).decode_utf8_lossy())
}
