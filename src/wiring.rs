//! Puts the parts together, and refuses what does not fit.

mod alone;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use secrecy::ExposeSecret;
use tokio::net::{TcpListener, TcpSocket};

use crate::auth::{
    Authenticator, Development, DevelopmentError, Grant, Jwks, JwksError, Tickets, check_development, issue,
};
use crate::chain::Chain;
use crate::clock::Clock;
use crate::config::{ConfigError, Environment, Settings};
use crate::console::{self, TokenSource};
use crate::domain::{Policy, Video};
use crate::local::{Local, LocalError, Options};
use crate::provider::{LoadOptions, MapError, Provider, embedded};
use crate::state::{AppState, ProviderSet, check_times, ticket_key};
use crate::store::{Store, StoreError};
use crate::telemetry::{CallMeter, Metrics};
use crate::{http, jobs, local};

pub(crate) use self::alone::Alone;

/// Connections that may wait to be accepted, as far as the system allows.
const BACKLOG: u32 = 4096;

/// A wired service, ready to be served.
pub struct App {
    /// What requests and jobs share.
    pub state: AppState,
    /// The public listener, bound.
    pub listener: TcpListener,
    /// What it serves.
    pub router: Router,
    /// The built-in provider, where one of the loaded providers is it.
    pub local: Option<LocalApp>,
    /// The listener of `http.metrics_listen`, bound, and what it serves.
    pub metrics: Option<(TcpListener, Router)>,
    /// No auth setting at all: only this machine may call.
    pub development: bool,
}

/// The built-in provider and its loopback listener.
pub struct LocalApp {
    /// The provider.
    pub local: Local,
    /// The inner listener, bound.
    pub listener: TcpListener,
    /// What it serves: the provider, and the webhook route that it posts to.
    pub router: Router,
}

/// The service cannot start; one line that says why.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
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
    /// The database's key of event tickets is of no use.
    #[error("the row \"ticket-key\" of table secrets is empty")]
    TicketKey,
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

impl App {
    /// Connects, loads, binds. Nothing is served yet.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub async fn build(mut settings: Settings, env: &Environment, clock: Clock) -> Result<Self, StartError> {
        let development = settings.auth.is_unset();
        let metrics = Arc::new(Metrics::new(clock.now().timestamp())?);
        let auth = authenticator(&settings, &clock).await?;
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
        let listener = bind("http.listen", settings.http.listen)?;
        settle_addresses(&mut settings, &listener);
        let names: BTreeSet<&String> = settings.providers.enabled.iter().chain(&in_use).collect();
        let inner = if names.iter().any(|name| *name == local::NAME) {
            let inner = bind("local", SocketAddr::from(([127, 0, 0, 1], 0)))?;
            let local = Local::open(local_options(&settings, env, &inner, &clock)).await?;
            local.register(metrics.registry())?;
            Some((inner, local))
        } else {
            None
        };
        let made = inner
            .as_ref()
            .map(|(_, local)| local.credentials().clone())
            .unwrap_or_default();
        let made_for = |name: &str| made.get(name).map(|value| value.expose_secret().to_owned());
        let look_up = |name: &str| env.get(name).map(str::to_owned).or_else(|| made_for(name));
        let mut providers = Vec::new();
        for name in names {
            let enabled = settings.providers.enabled.contains(name);
            match load_map(&settings, name, &look_up, metrics.calls_to(name)) {
                Ok(provider) => providers.push(provider),
                Err(error) if enabled => return Err(error),
                Err(error) => {
                    return Err(StartError::MapInUse {
                        provider: name.clone(),
                        videos: store.count_living(name).await?,
                        error: Box::new(error),
                    });
                }
            }
        }
        check_default(&settings, &providers)?;
        let mut set = ProviderSet::new(providers);
        if let Some((_, local)) = &inner {
            set = set.with_local(local::NAME, local.missing_tools());
        }
        let port = settings.http.listen.port();
        let tickets = Tickets::default();
        if has_tables && !tickets.settle(&ticket_key(&store).await?) {
            return Err(StartError::TicketKey);
        }
        let set = Arc::new(set);
        let counting = jobs::inbox::counting(set.clone(), metrics.clone(), clock.clone());
        let store = announcing(store, &settings, &clock, &set).telling(counting);
        let planner = jobs::inbox::planner(set.clone(), check_times(&settings));
        let state = AppState::new(settings, clock, store, set, auth, tickets, planner, metrics);
        let page = console(&state, development)?;
        let guard = development.then(|| Development::new(port));
        let router = http::router(
            &state,
            inner.as_ref().map(|(_, local)| local.router()),
            page,
            guard,
        );
        let local = inner.map(|(listener, local)| LocalApp {
            router: http::inner_router(state.clone(), local.router()),
            local,
            listener,
        });
        let metrics = match state.settings.http.metrics_listen.parse() {
            Err(_) => None,
            Ok(address) => Some((
                bind("http.metrics_listen", address)?,
                http::metrics_router(&state),
            )),
        };
        Ok(Self {
            state,
            listener,
            router,
            local,
            metrics,
            development,
        })
    }
}

/// Every change that is news to the application goes into the outbox, where there are endpoints.
fn announcing(store: Store, settings: &Settings, clock: &Clock, providers: &Arc<ProviderSet>) -> Store {
    let (endpoints, providers) = (settings.events.endpoints.clone(), providers.clone());
    let payload = Box::new(move |what, video: &Video| http::payload(&providers, what, video));
    store.announcing(endpoints, clock.clone(), payload)
}

/// The console page, where the settings want it. In development mode it carries a token of user `dev`, without any
/// scope.
fn console(state: &AppState, development: bool) -> Result<Option<Router>, StartError> {
    let settings = &state.settings;
    if !settings.http.console {
        return Ok(None);
    }
    let mut development_token: Option<TokenSource> = None;
    if development {
        let (secret, clock) = (Development::secret(&data_folder(settings))?, state.clock.clone());
        let (issuer, audience) = (settings.auth.issuer.clone(), settings.auth.audience.clone());
        development_token = Some(Box::new(move || {
            let ttl = chrono::Duration::hours(1);
            let grant = Grant {
                sub: "dev",
                scope: "",
                issuer: &issuer,
                audience: &audience,
                ttl,
            };
            issue(&secret, &grant, clock.now()).ok()
        }));
    }
    Ok(Some(console::router(console::Options {
        hls_js_url: settings.console.hls_js_url.clone(),
        hls_js_integrity: settings.console.hls_js_integrity.clone(),
        public_url: settings.http.public_url.clone(),
        development_token,
    })))
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

async fn authenticator(settings: &Settings, clock: &Clock) -> Result<Authenticator, StartError> {
    let auth = &settings.auth;
    if !auth.jwks.is_empty() {
        let keys = Jwks::load(&auth.jwks, clock.now()).await?;
        return Ok(Authenticator::by_jwks(keys, &auth.issuer, &auth.audience));
    }
    let secrets = if auth.is_unset() {
        check_development(settings)?;
        vec![Development::secret(&data_folder(settings))?]
    } else {
        auth.jwt_secrets.clone()
    };
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
    PathBuf::from(path.split('?').next().unwrap_or_default())
}

fn local_options(settings: &Settings, env: &Environment, inner: &TcpListener, clock: &Clock) -> Options {
    let base = inner
        .local_addr()
        .map(|address| format!("http://{address}"))
        .unwrap_or_default();
    let public_url = if settings.local.public_url.is_empty() {
        format!("{}{}", settings.http.public_url, http::LOCAL_PREFIX)
    } else {
        settings.local.public_url.clone()
    };
    Options {
        settings: settings.local.clone(),
        public_url,
        api_url: format!("{base}{}", http::LOCAL_PREFIX),
        webhook_url: format!("{base}/v1/webhooks/{}", local::NAME),
        clock: clock.clone(),
        env: env
            .iter()
            .filter(|(name, _)| name.starts_with("VIDEO_LOCAL_") && !name.contains("__"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    }
}

/// The map of `name`: from `providers.dir` where there is one, else the built-in one.
pub(crate) fn load_map(
    settings: &Settings,
    name: &str,
    env: &dyn Fn(&str) -> Option<String>,
    meter: CallMeter,
) -> Result<Provider, StartError> {
    let options = LoadOptions {
        replicas: settings.providers.replicas,
        meter,
    };
    let path = Path::new(&settings.providers.dir).join(format!("{name}.toml"));
    if !settings.providers.dir.is_empty() && path.exists() {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(|error| StartError::MapFile {
            file: file.clone(),
            problem: error.to_string(),
        })?;
        return Ok(Provider::load(name, &file, &text, env, &options)?);
    }
    let text = embedded(name).ok_or_else(|| StartError::MapFile {
        file: format!("{name}.toml"),
        problem: format!(
            "there is no built-in map of this name, and none in providers.dir (\"{}\")",
            settings.providers.dir
        ),
    })?;
    Ok(Provider::load(
        name,
        &format!("config/providers/{name}.toml"),
        text,
        env,
        &options,
    )?)
}

/// The policy of uploads that ask for none must be one that the default provider can play.
pub(crate) fn check_default(settings: &Settings, providers: &[Provider]) -> Result<(), StartError> {
    let default = providers
        .iter()
        .find(|provider| provider.name() == settings.providers.default);
    let policy = settings.uploads.playback_policy;
    if policy == Policy::Signed && default.is_some_and(|provider| !provider.can_play(Policy::Signed)) {
        return Err(StartError::Config(ConfigError::new(
            "settings",
            "uploads.playback_policy",
            format!(
                "is \"signed\", but provider \"{}\" has no signing key: set its key's variables or use \"public\"",
                settings.providers.default
            ),
        )));
    }
    Ok(())
}
