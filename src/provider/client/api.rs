//! `[api]`, compiled: the account, its credentials, its rate, and the way errors are read.

use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;

use super::{auth, rate::RateLimiter, transport::build_http_client};
use crate::{
    clock::Clock,
    provider::{
        action::status_codes,
        compile::{Constants, Location},
        error::MapError,
        load_options::LoadOptions,
        pointer::Pointer,
        source::{self, SourceRules, ValueKind},
        template::Place,
        vocabulary::ApiTable,
    },
    telemetry::CallMeter,
};

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
    /// Compiles `[api]`.
    pub(crate) fn compile(
        declared: ApiTable,
        at: &Location,
        constants: &Constants,
        options: &LoadOptions,
    ) -> Result<Self, MapError> {
        let name = &declared.retry_after_header;
        let retry_after_header = name
            .parse()
            .map_err(|_| at.error("retry_after_header", format!("`{name}` is no header name")))?;
        let rules = SourceRules {
            kind: ValueKind::Any,
            place: &Place::default(),
            headers: false,
            constants,
        };
        let error_message = source::compile_pointers(&declared.error_message.0, at, "error_message", rules)?;
        let http = build_http_client(declared.timeout_s.0)
            .map_err(|_| at.error("timeout_s", "no HTTP client can be made with it"))?;
        Ok(Self {
            http,
            auth: auth::compile_auth(declared.auth, &at.table("auth"), constants)?,
            headers: auth::compile_headers(declared.headers, at, constants)?,
            rate: RateLimiter::compile(&declared.rate, declared.wait_s, at, options.ledger.clone())?,
            own_host: None,
            no_room: status_codes(&declared.no_room),
            too_large: status_codes(&declared.too_large),
            retry_after_header,
            error_message,
            secrets: constants.secrets(),
            meter: options.meter.clone(),
            clock: options.clock.clone(),
        })
    }

    /// Returns how many calls with this method the account's rate allows in a second; `None` where it has no limit for them.
    pub(crate) fn per_s(&self, method: &http::Method) -> Option<f64> {
        self.rate.per_s(method)
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
