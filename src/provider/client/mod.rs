//! One call to the provider: send it, keep to the rate, and judge what comes back.

mod answer;
mod auth;
mod judge;
mod rate;
mod transport;
mod turns;
mod watched;

pub(crate) use answer::{Answer, Received, Sent};
use chrono::{DateTime, Utc};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
};
pub(crate) use rate::MemoryLedger;
use rate::Rate;
pub use rate::{LedgerError, TurnLedger};
use secrecy::SecretString;
use tracing::Instrument;
use transport::{http_client, read, transport};
pub use turns::UploadTurns;
pub(crate) use turns::host_of;
use url::Url;
use watched::Watched;

use super::{
    LoadOptions, Priority,
    action::{Action, Request},
    compile::{Constants, Reader},
    error::{CallError, MapError},
    pointer::Pointer,
    source::{self, Kind, Rules},
    subject::Captures,
    template::{Place, Scope},
};
use crate::{clock::Clock, limits::lend_permit_while, telemetry::CallMeter};

/// `[api]`, compiled.
pub(crate) struct Client {
    http: reqwest::Client,
    auth: Option<(HeaderName, HeaderValue)>,
    headers: HeaderMap,
    rate: Rate,
    /// Host and port of the API: calls to others do not count in its rate.
    own_host: Option<String>,
    /// Statuses that are told to the caller as what they are.
    no_room: Vec<u16>,
    too_large: Vec<u16>,
    retry_after_header: HeaderName,
    error_message: Vec<Pointer>,
    /// What must not be seen in a message, whoever wrote it.
    secrets: Vec<SecretString>,
    meter: CallMeter,
    clock: Clock,
}

impl Client {
    /// Reads `[api]`.
    pub(crate) fn compile(
        api: &mut Reader,
        constants: &Constants,
        options: &LoadOptions,
    ) -> Result<Self, MapError> {
        let auth = auth::auth(api, constants)?;
        let headers = auth::headers(api, constants)?;
        let timeout = api.positive("timeout_s")?.unwrap_or(10.0);
        let rate = Rate::compile(api, options.ledger.clone())?;
        let retry_after_header = match api.text("retry_after_header")? {
            None => RETRY_AFTER,
            Some(name) => name
                .parse()
                .map_err(|_| api.error("retry_after_header", format!("`{name}` is no header name")))?,
        };
        let nothing = Place::default();
        let rules = Rules {
            kind: Kind::Any,
            place: &nothing,
            headers: false,
            constants,
        };
        let error_message = match api.take("error_message") {
            None => Vec::new(),
            Some(value) => source::pointers(api, "error_message", value, rules)?,
        };
        let http =
            http_client(timeout).map_err(|_| api.error("timeout_s", "no HTTP client can be made with it"))?;
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

    /// Keeps to the rate as if it were `old`: what was taken is taken, and a pause goes on.
    pub(crate) fn continue_from(&self, old: &Self) {
        self.rate.continue_from(&old.rate);
    }

    /// Says whose rate it is, and which host answers for it.
    pub(crate) fn settle(&mut self, account: &str, own_host: Option<String>) {
        self.rate.settle(account);
        self.own_host = own_host;
    }

    /// Makes one call in its turn. A refusal and an outage are errors.
    pub(crate) async fn run(
        &self,
        action: &Action,
        scope: &Scope<'_>,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Sent, CallError> {
        let mut call = Watched::begin(&self.meter, action);
        let turns = &mut UploadTurns::default();
        let sent = self
            .attempt(action, scope, (priority, turns), now, &mut call)
            .await;
        call.end(sent.as_ref().map(Sent::result));
        sent
    }

    /// As [`Client::take_in`], in a turn of its own.
    pub(crate) async fn take(
        &self,
        action: &Action,
        scope: &Scope<'_>,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Captures, CallError> {
        self.take_in(action, scope, (priority, &mut UploadTurns::default()), now)
            .await
    }

    /// Makes one call for what the action takes from its answer, in the next of `turns`, or in a turn of its own where
    /// there is none for it. It fails, and says so, where the answer does not have it, and where the provider does not have
    /// what is asked for.
    pub(crate) async fn take_in(
        &self,
        action: &Action,
        scope: &Scope<'_>,
        turns: (Priority<'_>, &mut UploadTurns),
        now: DateTime<Utc>,
    ) -> Result<Captures, CallError> {
        let mut call = Watched::begin(&self.meter, action);
        let taken = match self.attempt(action, scope, turns, now, &mut call).await {
            Ok(Sent::Done(answer)) => answer.take(action, scope),
            Ok(Sent::Gone | Sent::TooLate) => Err(CallError::Refused {
                status: 404,
                message: None,
            }),
            Err(error) => Err(error),
        };
        call.end(taken.as_ref().map(|_| "ok"));
        taken
    }

    async fn attempt(
        &self,
        action: &Action,
        scope: &Scope<'_>,
        (priority, turns): (Priority<'_>, &mut UploadTurns),
        now: DateTime<Utc>,
        call: &mut Watched<'_>,
    ) -> Result<Sent, CallError> {
        let request = action.request(scope)?;
        // Why: neither a slow provider nor its rate takes permits from requests that do not ask it.
        lend_permit_while(async {
            let waiting = self.clock.stopwatch();
            let counts = self.turn(&request, priority, turns).await?;
            let asked_at = now + waiting.elapsed();
            self.send(action, request, counts, asked_at, call).await
        })
        .await
    }

    /// The status with which anybody's GET of `url` is answered: no credentials go along.
    pub(crate) async fn status_of(&self, url: &str) -> Result<u16, CallError> {
        let url = Url::parse(url).map_err(|_| CallError::outage("the map makes no address of it"))?;
        let answer = self.http.get(url.clone()).send().await;
        let answer = answer.map_err(|error| CallError::outage(transport(&error, &url)))?;
        Ok(answer.status().as_u16())
    }

    /// What would be sent, credentials and all: for people who test a map.
    pub(crate) fn headers_of(&self, request: &Request) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if request.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        } else if [Method::POST, Method::PUT, Method::PATCH].contains(&request.method) {
            // Why: without a body the HTTP client leaves the length out, and some servers answer that with 411.
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        if request.own_origin {
            headers.extend(self.headers.clone());
        }
        if request.with_auth {
            headers.extend(self.auth.clone());
        }
        for (name, value) in &request.headers {
            headers.insert(name, value.clone());
        }
        headers
    }

    async fn send(
        &self,
        action: &Action,
        request: Request,
        counts: bool,
        asked_at: DateTime<Utc>,
        watched: &mut Watched<'_>,
    ) -> Result<Sent, CallError> {
        let url =
            Url::parse(&request.url).map_err(|_| CallError::outage("the map makes no address of it"))?;
        let mut headers = self.headers_of(&request);
        watched.goes_out(&request.method, &url, &mut headers);
        let mut call = self
            .http
            .request(request.method.clone(), url.clone())
            .headers(headers);
        if let Some(body) = &request.body {
            call = call.body(body.to_string());
        }
        let asking = self.clock.stopwatch();
        let answer = call
            .send()
            .instrument(watched.span())
            .await
            .map_err(|error| CallError::outage(transport(&error, &url)))?;
        let took = asking.elapsed();
        let (status, headers) = (answer.status(), answer.headers().clone());
        watched.answered(status);
        let body = read(answer, &url).await;
        let received = Received {
            status,
            headers,
            url,
            body,
            asked_at,
            took,
        };
        let told = self.retry_after(&received.headers, asked_at);
        let sent = self.receive(action, received, asked_at);
        if status == StatusCode::TOO_MANY_REQUESTS && counts && sent.is_err() {
            self.rate.pause(&request.method, told).await;
        }
        sent
    }
}
