//! One call, from the compiled action to its classified outcome.

use chrono::{DateTime, Utc};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE},
};
use tracing::Instrument;
use url::Url;

use super::{
    api::Client,
    call_observer::CallObserver,
    response::{CallOutcome, RawResponse},
    transport::{describe_transport_error, read_body},
    upload_permits::UploadPermits,
};
use crate::{
    limits::lend_permit_while,
    provider::{
        action::{Action, ActionRequest},
        error::CallError,
        priority::Priority,
        subject::Captures,
        template::Scope,
    },
};

impl Client {
    /// Makes one call with a rate permit of its own.
    ///
    /// # Errors
    /// A refusal, an outage, a value that is missing, or no permit in time.
    pub(crate) async fn run(
        &self,
        action: &Action,
        scope: &Scope<'_>,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<CallOutcome, CallError> {
        let mut observer = CallObserver::start(&self.meter, action);
        let permits = &mut UploadPermits::default();
        let outcome = self
            .attempt_call(action, scope, (priority, permits), now, &mut observer)
            .await;
        observer.finish(outcome.as_ref().map(CallOutcome::result_label));
        outcome
    }

    /// Makes one call with a rate permit of its own, for the captures of the action. See [`Client::take_with_permits`].
    pub(crate) async fn take(
        &self,
        action: &Action,
        scope: &Scope<'_>,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Captures, CallError> {
        self.take_with_permits(action, scope, (priority, &mut UploadPermits::default()), now)
            .await
    }

    /// Makes one call for the captures of the action, with the next of the reserved permits, or with a permit of its
    /// own where none is left for it.
    ///
    /// # Errors
    /// As [`Client::run`]; also where the response lacks a capture that is not optional, and where the provider answers
    /// "gone" or "too late".
    pub(crate) async fn take_with_permits(
        &self,
        action: &Action,
        scope: &Scope<'_>,
        permits: (Priority<'_>, &mut UploadPermits),
        now: DateTime<Utc>,
    ) -> Result<Captures, CallError> {
        let mut observer = CallObserver::start(&self.meter, action);
        let taken = match self
            .attempt_call(action, scope, permits, now, &mut observer)
            .await
        {
            Ok(CallOutcome::Done(response)) => response.take_captures(action, scope),
            // Why an error: such a response has nothing to take, and a call of this kind is made for its captures.
            Ok(CallOutcome::Gone | CallOutcome::TooLate) => Err(CallError::Refused {
                status: 404,
                message: None,
            }),
            Err(error) => Err(error),
        };
        observer.finish(taken.as_ref().map(|_| "ok"));
        taken
    }

    /// Fills the request in, waits for its permit, and sends it. The [`CallObserver`] is finished by the caller.
    async fn attempt_call(
        &self,
        action: &Action,
        scope: &Scope<'_>,
        (priority, permits): (Priority<'_>, &mut UploadPermits),
        now: DateTime<Utc>,
        observer: &mut CallObserver<'_>,
    ) -> Result<CallOutcome, CallError> {
        let request = action.request(scope)?;
        // Why: neither a slow provider nor its rate may hold permits that requests without a call need.
        lend_permit_while(async {
            let waiting = self.clock.start_stopwatch();
            let counts = self.wait_for_permit(&request, priority, permits).await?;
            // Why not `now`: an answer's stamp is the time at which the request went out, after the wait.
            let sent_at = now + waiting.elapsed();
            self.send_request(action, request, counts, sent_at, observer)
                .await
        })
        .await
    }

    /// Requests `url` with GET and without credentials, as any viewer does, and returns the HTTP status. Takes no
    /// permit.
    pub(crate) async fn status_of(&self, url: &str) -> Result<u16, CallError> {
        let url = Url::parse(url).map_err(|_| CallError::outage("the map makes no address of it"))?;
        let response = self.http.get(url.clone()).send().await;
        let response = response.map_err(|error| CallError::outage(describe_transport_error(&error, &url)))?;
        Ok(response.status().as_u16())
    }

    /// Reads a small file at `url` with GET and without credentials, as any viewer does. Takes no permit.
    ///
    /// # Errors
    /// [`CallError`]: no usable response came, its status is no success, or it is larger than 1 MiB.
    pub(crate) async fn read_file(&self, url: &str) -> Result<Vec<u8>, CallError> {
        let url = Url::parse(url).map_err(|_| CallError::outage("the map makes no address of it"))?;
        lend_permit_while(async {
            let response = self.http.get(url.clone()).send().await;
            let response =
                response.map_err(|error| CallError::outage(describe_transport_error(&error, &url)))?;
            match response.status() {
                status if status.is_success() => read_body(response, &url).await,
                status if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
                    Err(CallError::Refused {
                        status: status.as_u16(),
                        message: None,
                    })
                }
                status => Err(CallError::outage(format!("it answered {}", status.as_u16()))),
            }
        })
        .await
    }

    /// Returns all headers of a request, credentials included. The action's own headers win over `[api].headers`.
    pub(crate) fn headers_of(&self, request: &ActionRequest) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let accepted = if request.takes_file {
            "text/vtt, */*;q=0.5"
        } else {
            "application/json"
        };
        headers.insert(ACCEPT, HeaderValue::from_static(accepted));
        if let Some(body) = &request.body {
            headers.insert(CONTENT_TYPE, body.media_type());
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

    /// Makes one call with a rate permit of its own, and returns the response as it came over the wire.
    ///
    /// # Errors
    /// No response came, or no permit in time, or a value is missing. A status is never an error.
    pub(crate) async fn fetch(
        &self,
        action: &Action,
        scope: &Scope<'_>,
        now: DateTime<Utc>,
    ) -> Result<RawResponse, CallError> {
        let mut observer = CallObserver::start(&self.meter, action);
        let fetched = async {
            let request = action.request(scope)?;
            let waiting = self.clock.start_stopwatch();
            let permits = &mut UploadPermits::default();
            self.wait_for_permit(&request, Priority::Request(""), permits)
                .await?;
            self.send_raw(&request, now + waiting.elapsed(), &mut observer)
                .await
        };
        let fetched = fetched.await;
        observer.finish(fetched.as_ref().map(|_| "ok"));
        fetched
    }

    /// Sends the request and classifies the response. `counts` says that the call counts in the rate, so that a 429
    /// pauses it.
    async fn send_request(
        &self,
        action: &Action,
        request: ActionRequest,
        counts: bool,
        sent_at: DateTime<Utc>,
        observer: &mut CallObserver<'_>,
    ) -> Result<CallOutcome, CallError> {
        let raw = self.send_raw(&request, sent_at, observer).await?;
        let status = raw.status;
        let retry_after = self.retry_after(&raw.headers, sent_at);
        let outcome = self.classify_response(action, raw, sent_at);
        // Why only an error: a map may list 429 in `gone` or `ok`, where it says nothing about the rate.
        if status == StatusCode::TOO_MANY_REQUESTS && counts && outcome.is_err() {
            self.rate.pause(&request.method, retry_after).await;
        }
        outcome
    }

    /// Sends the request and reads the response.
    async fn send_raw(
        &self,
        request: &ActionRequest,
        sent_at: DateTime<Utc>,
        observer: &mut CallObserver<'_>,
    ) -> Result<RawResponse, CallError> {
        let url =
            Url::parse(&request.url).map_err(|_| CallError::outage("the map makes no address of it"))?;
        let mut headers = self.headers_of(request);
        observer.request_leaves(&request.method, &url, &mut headers);
        let mut call = self
            .http
            .request(request.method.clone(), url.clone())
            .headers(headers);
        if let Some(body) = &request.body {
            call = call.body(body.to_bytes());
        }
        let sending = self.clock.start_stopwatch();
        let response = call
            .send()
            .instrument(observer.span())
            .await
            .map_err(|error| CallError::outage(describe_transport_error(&error, &url)))?;
        let took = sending.elapsed();
        let (status, headers) = (response.status(), response.headers().clone());
        observer.response_arrived(status);
        let body = read_body(response, &url).await;
        Ok(RawResponse {
            status,
            headers,
            url,
            body,
            sent_at,
            took,
            source_url: request.source_url.clone(),
        })
    }
}
