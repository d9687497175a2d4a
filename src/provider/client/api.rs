//! `[api]`, compiled: the account, its credentials, its rate, and the way errors are read.

use http::{HeaderMap, HeaderName, HeaderValue, header::RETRY_AFTER};
use secrecy::SecretString;

use super::{auth, rate::RateLimiter, transport::build_http_client};
use crate::{
    clock::Clock,
    provider::{
        compile::{Constants, Reader},
        error::MapError,
        load_options::LoadOptions,
        pointer::Pointer,
        source::{self, SourceRules, ValueKind},
        template::Place,
    },
    telemetry::CallMeter,
};

/// Timeout of a call where the map has no `timeout_s`, in seconds.
const DEFAULT_TIMEOUT_S: f64 = 10.0;

/// The client of one provider account: `[api]`, compiled, with its HTTP connections.
pub(crate) struct Client {
    pub(super) http: reqwest::Client,
    /// The header that carries our credentials, if the provider wants one.
    pub(super) auth: Option<(HeaderName, HeaderValue)>,
    /// `[api].headers`, sent with every call to an origin that the map spells.
    pub(super) headers: HeaderMap,
    pub(super) rate: RateLimiter,
    /// Host and port of the API. Calls to other hosts do not count in its rate.
    pub(super) own_host: Option<String>,
    /// Statuses that mean "no room": [`CallError::NoRoom`](crate::provider::CallError::NoRoom).
    pub(super) no_room: Vec<u16>,
    /// Statuses that mean "too large": [`CallError::TooLarge`](crate::provider::CallError::TooLarge).
    pub(super) too_large: Vec<u16>,
    pub(super) retry_after_header: HeaderName,
    /// Places of the provider's own error message; the first that holds text wins.
    pub(super) error_message: Vec<Pointer>,
    /// Every secret of the map, to be masked in the provider's messages.
    pub(super) secrets: Vec<SecretString>,
    pub(super) meter: CallMeter,
    pub(super) clock: Clock,
}

impl Client {
    /// Reads `[api]`.
    pub(crate) fn compile(
        api: &mut Reader,
        constants: &Constants,
        options: &LoadOptions,
    ) -> Result<Self, MapError> {
        let auth = auth::compile_auth(api, constants)?;
        let headers = auth::compile_headers(api, constants)?;
        let timeout = api.positive("timeout_s")?.unwrap_or(DEFAULT_TIMEOUT_S);
        let rate = RateLimiter::compile(api, options.ledger.clone())?;
        let retry_after_header = match api.text("retry_after_header")? {
            None => RETRY_AFTER,
            Some(name) => name
                .parse()
                .map_err(|_| api.error("retry_after_header", format!("`{name}` is no header name")))?,
        };
        let nothing = Place::default();
        let rules = SourceRules {
            kind: ValueKind::Any,
            place: &nothing,
            headers: false,
            constants,
        };
        let error_message = match api.take("error_message") {
            None => Vec::new(),
            Some(value) => source::compile_pointers(api, "error_message", value, rules)?,
        };
        let http = build_http_client(timeout)
            .map_err(|_| api.error("timeout_s", "no HTTP client can be made with it"))?;
        Ok(Self {
            http,
            auth,
            headers,
            rate,
            own_host: None,
            no_room: api.statuses("no_room")?,
            too_large: api.statuses("too_large")?,
            retry_after_header,
            error_message,
            secrets: constants.secrets(),
            meter: options.meter.clone(),
            clock: options.clock.clone(),
        })
    }

    /// Takes over the rate limiter state of `old`: see [`RateLimiter::continue_from`].
    pub(crate) fn continue_from(&self, old: &Self) {
        self.rate.continue_from(&old.rate);
    }

    /// Names the account whose rate this is, and the host (with port) that answers for it. With `None`, calls to every
    /// host count.
    pub(crate) fn set_account(&mut self, account: &str, own_host: Option<String>) {
        self.rate.set_account(account);
        self.own_host = own_host;
    }

    /// Returns true where calls to `host` count in the account's rate.
    pub(super) fn is_own_host(&self, host: Option<&str>) -> bool {
        match &self.own_host {
            Some(own) => host == Some(own),
            None => host.is_some(),
        }
    }
}
