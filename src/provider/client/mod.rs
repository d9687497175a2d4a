//! One call to the provider: send it, keep to the rate, and judge what comes back.

mod answer;
mod auth;
mod rate;
mod transport;

use std::time::Duration;

pub(crate) use answer::{Answer, Sent};
use chrono::{DateTime, Utc};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, DATE, RETRY_AFTER},
};
use rate::Rate;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use transport::{http_client, http_date, read, transport};
use url::Url;

use super::{
    LoadOptions, Priority,
    action::{Action, Request},
    compile::{Constants, Reader},
    error::{CallError, MapError},
    pointer::{Pointer, text_of},
    source::{self, Kind, Rules},
    template::{Place, Scope},
};

/// Most that is shown of a provider's own words.
const LONGEST_MESSAGE: usize = 200;

/// `[api]`, compiled.
pub(crate) struct Client {
    http: reqwest::Client,
    auth: Option<(HeaderName, HeaderValue)>,
    headers: HeaderMap,
    rate: Rate,
    retry_after_header: HeaderName,
    error_message: Vec<Pointer>,
    /// What must not be seen in a message, whoever wrote it.
    secrets: Vec<SecretString>,
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
        let rate = Rate::compile(api, options.replicas)?;
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
            retry_after_header,
            error_message,
            secrets: constants.secrets(),
        })
    }

    /// Makes one call. A refusal and an outage are errors.
    pub(crate) async fn run(
        &self,
        action: &Action,
        scope: &Scope<'_>,
        priority: Priority,
        now: DateTime<Utc>,
    ) -> Result<Sent, CallError> {
        let request = action.request(scope)?;
        let sent = self.send(action, request, priority, now).await;
        if let Err(error) = &sent {
            tracing::warn!(action = action.label, %error, "a call to the provider failed");
        }
        sent
    }

    /// What would be sent, credentials and all: for people who test a map.
    pub(crate) fn headers_of(&self, request: &Request) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
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
        priority: Priority,
        now: DateTime<Utc>,
    ) -> Result<Sent, CallError> {
        self.rate
            .turn(&request.method, priority)
            .await
            .map_err(|wait| CallError::Outage {
                retry_after: Some(wait),
                reason: "the rate that the provider allows is used up".to_owned(),
            })?;
        let url =
            Url::parse(&request.url).map_err(|_| CallError::outage("the map makes no address of it"))?;
        let mut call = self
            .http
            .request(request.method.clone(), url.clone())
            .headers(self.headers_of(&request));
        if let Some(body) = &request.body {
            let text = HeaderValue::from_static("application/json");
            call = call.header(CONTENT_TYPE, text).body(body.to_string());
        }
        let answer = call
            .send()
            .await
            .map_err(|error| CallError::outage(transport(&error)))?;
        let status = answer.status();
        let headers = answer.headers().clone();
        if action.gone.contains(&status.as_u16()) {
            return Ok(Sent::Gone);
        }
        if action.too_late.contains(&status.as_u16()) {
            return Ok(Sent::TooLate);
        }
        let body = read(answer).await;
        self.judge(action, &request.method, status, &headers, now)
            .map_err(|error| self.with_message(error, body.as_deref().unwrap_or_default()))?;
        let body = parse(action, &body?)?;
        self.check_must(action, status, body.as_ref())?;
        let date = headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?));
        Ok(Sent::Done(Box::new(Answer {
            headers,
            url: Some(url),
            body,
            date,
        })))
    }

    /// What the status alone says.
    fn judge(
        &self,
        action: &Action,
        method: &Method,
        status: StatusCode,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Result<(), CallError> {
        let fine = if action.ok.is_empty() {
            status.is_success()
        } else {
            action.ok.contains(&status.as_u16())
        };
        if fine {
            return Ok(());
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            let told = self.retry_after(headers, now);
            self.rate.pause(method, told);
            return Err(CallError::Outage {
                retry_after: told,
                reason: "it answered 429".to_owned(),
            });
        }
        if status.is_client_error() {
            return Err(CallError::Refused {
                status: status.as_u16(),
                message: None,
            });
        }
        let retry_after = self.retry_after(headers, now);
        Err(CallError::Outage {
            retry_after,
            reason: format!("it answered {}", status.as_u16()),
        })
    }

    /// A 2xx whose body does not say what it must is a refusal.
    fn check_must(&self, action: &Action, status: StatusCode, body: Option<&Value>) -> Result<(), CallError> {
        if action.must.is_empty() || body.is_some_and(|body| action.must.holds(body)) {
            return Ok(());
        }
        let message = body.and_then(|body| self.message(body));
        Err(CallError::Refused {
            status: status.as_u16(),
            message,
        })
    }

    fn with_message(&self, error: CallError, body: &[u8]) -> CallError {
        match error {
            CallError::Refused {
                status,
                message: None,
            } => {
                let message = serde_json::from_slice(body)
                    .ok()
                    .and_then(|body| self.message(&body));
                CallError::Refused { status, message }
            }
            other => other,
        }
    }

    /// The provider's own words: printable, short, and without our secrets.
    fn message(&self, body: &Value) -> Option<String> {
        let scope = Scope::default();
        let found = self
            .error_message
            .iter()
            .filter_map(|pointer| pointer.get(body, &scope));
        let text = found
            .map(text_of)
            .find(|text| !text.is_empty() && text != "null")?;
        let text = self
            .secrets
            .iter()
            .map(ExposeSecret::expose_secret)
            .fold(text, |text, secret| {
                if secret.len() < 4 {
                    text
                } else {
                    text.replace(secret, "***")
                }
            });
        Some(
            text.chars()
                .map(|char| if char.is_control() { ' ' } else { char })
                .take(LONGEST_MESSAGE)
                .collect(),
        )
    }

    /// Seconds, or an HTTP date.
    fn retry_after(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
        let text = headers.get(&self.retry_after_header)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse::<f64>() {
            return Duration::try_from_secs_f64(seconds).ok();
        }
        (http_date(text)? - now).to_std().ok().or(Some(Duration::ZERO))
    }
}

/// The body as JSON, where the map reads it at all.
fn parse(action: &Action, body: &[u8]) -> Result<Option<Value>, CallError> {
    if !action.reads_body() {
        return Ok(None);
    }
    let parsed = serde_json::from_slice(body).map(Some);
    parsed.map_err(|_| CallError::outage(format!("[{}]: its answer is no JSON", action.label)))
}
