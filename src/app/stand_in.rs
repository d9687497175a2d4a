//! The built-in provider alone: Mux's stand-in in an application's own tests. No API of ours, no database but the
//! provider's own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::extract::Request;
use axum::middleware::map_request;
use tokio::net::TcpListener;

use super::listener::{bind_listener, move_listener, settle_addresses};
use super::local_provider::local_variables;
use super::start_error::StartError;
use crate::clock::Clock;
use crate::config::{Environment, Settings};
use crate::http::LOCAL_PREFIX;
use crate::http::server::{PeerAddress, ServiceHandle};
use crate::local::{self, ClientAddress, FetchOptions, Local, Options};

/// The provider, open, and its bound listener.
pub(crate) struct StandIn {
    pub(crate) local: Local,
    pub(crate) listener: TcpListener,
    pub(crate) served: ServiceHandle,
    /// The base address, as clients are given it.
    pub(crate) base: String,
    /// True where the base address is the address that stands for all addresses of this machine.
    pub(crate) is_unreachable: bool,
    /// The credentials, in the order in which they are told.
    pub(crate) credentials: Vec<Credential>,
}

/// One credential and its place.
pub(crate) struct Credential {
    /// The environment variable that sets it.
    pub(crate) variable: &'static str,
    pub(crate) place: CredentialPlace,
}

/// The place of a credential's value.
pub(crate) enum CredentialPlace {
    /// The environment.
    Environment,
    /// This member of this file, which the first start wrote.
    File(PathBuf, &'static str),
}

/// Credentials: the variable, and the member of the file.
const CREDENTIALS: [(&str, &str); 5] = [
    ("VIDEO_LOCAL_TOKEN", "token"),
    ("VIDEO_LOCAL_SECRET", "secret"),
    ("VIDEO_LOCAL_WEBHOOK_SECRET", "webhook_secret"),
    ("VIDEO_LOCAL_SIGNING_KEY", "signing_key"),
    ("VIDEO_LOCAL_PRIVATE_KEY", "private_key"),
];

impl StandIn {
    /// Opens the provider in `local.dir`, and binds `listen` or `http.listen`. `test` gives it a clock that can be moved,
    /// and the test routes. Nothing is served yet.
    ///
    /// # Errors
    /// The listener cannot be bound, a credential cannot be used, or the folder cannot be used.
    pub(crate) async fn open(
        mut settings: Settings,
        env: &Environment,
        listen: Option<SocketAddr>,
        test: bool,
    ) -> Result<Self, StartError> {
        if let Some(listen) = listen {
            move_listener(&mut settings, listen);
        }
        let listener = bind_listener("http.listen", settings.http.listen)?;
        settle_addresses(&mut settings, &listener);
        let base = if settings.local.public_url.is_empty() {
            format!("{}{LOCAL_PREFIX}", settings.http.public_url)
        } else {
            settings.local.public_url.clone()
        };
        let any_address = format!("http://{}{LOCAL_PREFIX}", settings.http.listen);
        let is_unreachable = settings.http.listen.ip().is_unspecified() && base == any_address;
        let given = local_variables(env)?;
        let credentials = CREDENTIALS.map(|(variable, member)| Credential {
            variable,
            place: if given.contains_key(variable) {
                CredentialPlace::Environment
            } else {
                CredentialPlace::File(credentials_file(&settings.local.dir), member)
            },
        });
        let local = Local::open(Options {
            settings: settings.local.clone(),
            public_url: base.clone(),
            api_url: base.clone(),
            webhook_url: String::new(),
            // Why not: Mux takes files from pages of the upload's own origin alone, and a test is to notice.
            loopback_pages: false,
            fetch: FetchOptions {
                ingest: settings.ingest.clone(),
                ..FetchOptions::default()
            },
            clock: if test { Clock::movable() } else { Clock::system() },
            launcher: local::own_binary(),
            env: given,
        })
        .await?;
        let router = with_client_address(local.stand_in_router(LOCAL_PREFIX, test));
        Ok(Self {
            served: ServiceHandle::new(router, &settings.http),
            local,
            listener,
            base,
            is_unreachable,
            credentials: credentials.into(),
        })
    }
}

/// Returns the full path of the file with the credentials that the first start made.
fn credentials_file(folder: &Path) -> PathBuf {
    let file = folder.join("credentials.json");
    std::path::absolute(&file).unwrap_or(file)
}

/// Marks each request with its [`ClientAddress`]: the peer of its connection. No proxy is trusted here.
fn with_client_address(router: Router) -> Router {
    router.layer(map_request(async |mut request: Request| {
        if let Some(PeerAddress(peer)) = request.extensions().get().copied() {
            request.extensions_mut().insert(ClientAddress(peer.ip()));
        }
        request
    }))
}
