//! The OpenAPI document as a judge: every answer of a test's service is held against it.
//!
//! What an answer may be is read strictly: no status, header, media type or member that the document does not name.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use futures::{StreamExt, stream};
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use http_body_util::BodyExt;
use jsonschema::Draft;
use serde_json::{Value, json};
use yourbit_video::http::openapi_document;

/// The headers that callers may rely on: none of them comes undocumented.
const TOLD: [&str; 9] = [
    "etag",
    "idempotency-replayed",
    "link",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "www-authenticate",
    "x-request-id",
];

/// The document.
pub(crate) fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(openapi_document()).unwrap());
    &DOCUMENT
}

/// The document's schemas, closed: what they do not name is not there.
fn closed() -> &'static Value {
    static CLOSED: LazyLock<Value> = LazyLock::new(|| {
        let mut components = document()["components"].clone();
        for schema in components["schemas"].as_object_mut().unwrap().values_mut() {
            if schema.get("properties").is_some() {
                schema["additionalProperties"] = false.into();
            }
        }
        components
    });
    &CLOSED
}

/// What keeps `value` from being what `schema` wants, if anything.
pub(crate) fn misfit(schema: &Value, value: &Value) -> Option<String> {
    let whole = json!({"allOf": [schema], "components": closed()});
    let validator = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .build(&whole)
        .unwrap();
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    (!errors.is_empty()).then(|| errors.join("; "))
}

/// What keeps a body that the application was sent from being one of the document's webhooks.
pub(crate) fn webhook_misfit(event: &Value) -> Option<String> {
    let what = event["type"].as_str().unwrap_or_default();
    let post = &document()["webhooks"][what]["post"];
    let schema = &post["requestBody"]["content"]["application/json"]["schema"];
    if schema.is_null() {
        return Some(format!("no webhook of the document: {what:?}"));
    }
    misfit(schema, event)
}

/// A request and its answer, as far as they were read.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// The body, where it is JSON.
    pub(crate) sent: Option<Value>,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// None where it does not end by itself, or where the method has none.
    pub(crate) body: Option<Bytes>,
}

impl Exchange {
    /// Everything that the document does not have.
    pub(crate) fn undocumented(&self) -> Vec<String> {
        let Some(item) = path_item(self.uri.path()) else {
            return self.elsewhere();
        };
        let method = if self.method == Method::HEAD {
            "get".to_owned()
        } else {
            self.method.as_str().to_lowercase()
        };
        let Some(operation) = item.get(&method) else {
            let refused = self.status == StatusCode::METHOD_NOT_ALLOWED;
            return if refused {
                self.elsewhere()
            } else {
                vec!["a method that is not documented".to_owned()]
            };
        };
        let Some(answer) = operation["responses"].get(self.status.as_str()) else {
            return vec!["a status that is not documented".to_owned()];
        };
        let mut found = self.headers_beside(answer);
        found.extend(self.body_beside(answer));
        if self.status.is_success() {
            found.extend(self.request_beside(operation));
        }
        found
    }

    /// What is not documented at all, as the page at `/` and the built-in provider; its refusals have one form.
    fn elsewhere(&self) -> Vec<String> {
        let path = self.uri.path();
        let others = ["/console/", "/client/", "/local"];
        let others = path == "/" || others.iter().any(|room| path.starts_with(room));
        if others || (!self.status.is_client_error() && !self.status.is_server_error()) {
            return Vec::new();
        }
        // A browser that opened the address gets a page.
        if essence(&self.headers) == "text/html" && self.headers.contains_key("content-security-policy") {
            return Vec::new();
        }
        let problem = json!({"$ref": "#/components/schemas/Problem"});
        let json = self
            .body
            .as_ref()
            .and_then(|body| serde_json::from_slice(body).ok());
        match json {
            Some(json) => misfit(&problem, &json).into_iter().collect(),
            None if self.method == Method::HEAD => Vec::new(),
            None => vec!["a refusal without a problem document".to_owned()],
        }
    }

    fn headers_beside(&self, answer: &Value) -> Vec<String> {
        let mut found = Vec::new();
        let documented: Vec<(HeaderName, &Value)> = answer["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, header)| (name.parse().unwrap(), header))
            .collect();
        for (name, header) in &documented {
            match self.headers.get(name) {
                None if header["required"] == true => found.push(format!("no header {name}")),
                None => {}
                Some(value) => {
                    let text = value.to_str().unwrap_or_default();
                    let value = match header["schema"]["type"].as_str() {
                        Some("integer" | "boolean") => serde_json::from_str(text).unwrap_or(json!(text)),
                        _ => json!(text),
                    };
                    found.extend(misfit(&header["schema"], &value).map(|why| format!("{name}: {why}")));
                }
            }
        }
        let surprises = TOLD.iter().filter(|told| {
            self.headers.contains_key(**told) && documented.iter().all(|(name, _)| name.as_str() != **told)
        });
        found.extend(surprises.map(|name| format!("a header that is not documented: {name}")));
        found
    }

    fn body_beside(&self, answer: &Value) -> Option<String> {
        if self.method == Method::HEAD {
            return None;
        }
        let Some(contents) = answer["content"].as_object() else {
            let empty = self.body.as_ref().is_none_or(Bytes::is_empty);
            return (!empty).then(|| "a body where none is documented".to_owned());
        };
        let kind = essence(&self.headers);
        let Some(content) = contents.get(&kind) else {
            return Some(format!("a media type that is not documented: \"{kind}\""));
        };
        let bytes = self.body.as_ref()?;
        // The same content is looked at where it comes as it is.
        if self.headers.contains_key(header::CONTENT_ENCODING) {
            return None;
        }
        if kind == "application/x-ndjson" {
            let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let mut values = lines.map(serde_json::from_slice::<Value>);
            return values.find_map(|line| match line {
                Ok(value) => misfit(&content["schema"], &value),
                Err(error) => Some(format!("a line that is no JSON: {error}")),
            });
        }
        if !kind.ends_with("json") {
            return None;
        }
        match serde_json::from_slice(bytes) {
            Ok(value) => misfit(&content["schema"], &value),
            Err(error) => Some(format!("no JSON: {error}")),
        }
    }

    /// What was taken although the document does not allow it.
    fn request_beside(&self, operation: &Value) -> Vec<String> {
        let parameters = operation["parameters"].as_array();
        let known = |name: &str| {
            let mut all = parameters.into_iter().flatten();
            all.any(|parameter| {
                let own = parameter["name"].as_str().unwrap_or_default();
                // An object whose members are parameters of their own: `name[member]`.
                let member = name
                    .strip_prefix(own)
                    .filter(|_| parameter["style"] == "deepObject");
                let is_member = member.is_some_and(|rest| rest.starts_with('[') && rest.ends_with(']'));
                parameter["in"] == "query" && (own == name || is_member)
            })
        };
        let query = url::form_urlencoded::parse(self.uri.query().unwrap_or_default().as_bytes());
        let mut found: Vec<String> = query
            .filter(|(name, _)| !known(name))
            .map(|(name, _)| format!("a parameter that is not documented was taken: {name}"))
            .collect();
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        if let Some(sent) = self.sent.as_ref().filter(|_| !body.is_null()) {
            let why = misfit(body, sent);
            found.extend(why.map(|why| format!("a body that is not documented was taken: {why}")));
        }
        found
    }
}

/// The path of the document that an address belongs to; fixed segments go before parameters.
fn path_item(path: &str) -> Option<&'static Value> {
    let given: Vec<&str> = path.split('/').collect();
    let paths = document()["paths"].as_object().unwrap();
    let fits = paths.iter().filter(|(template, _)| {
        let template: Vec<&str> = template.split('/').collect();
        template.len() == given.len()
            && template
                .iter()
                .zip(&given)
                .all(|(wanted, given)| wanted == given || (wanted.starts_with('{') && !given.is_empty()))
    });
    fits.min_by_key(|(template, _)| template.matches('{').count())
        .map(|(_, item)| item)
}

fn essence(headers: &HeaderMap) -> String {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_owned()
}

/// Keeps what answers the document does not have; tells of them when the test ends.
#[derive(Clone, Default)]
pub(crate) struct Judge(Arc<Mutex<Vec<String>>>);

impl Judge {
    /// The same routes, watched.
    pub(crate) fn watch(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), look))
    }

    fn tell(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    /// Panics where an answer was not documented, unless the test fails already.
    pub(crate) fn speak(&self) {
        let found = std::mem::take(&mut *self.0.lock().unwrap());
        let silent = found.is_empty() || std::thread::panicking();
        assert!(
            silent,
            "the OpenAPI document does not have:\n{}",
            found.join("\n")
        );
    }
}

async fn look(State(judge): State<Judge>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method == Method::OPTIONS || parts.uri.path().starts_with("/local") {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let mut exchange = Exchange {
        method: parts.method.clone(),
        uri: parts.uri.clone(),
        sent: None,
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: None,
    };
    // As it comes: a body that is never sent to its end is its handler's matter.
    let (sent, declared) = (
        Arc::<Mutex<Vec<u8>>>::default(),
        essence(&parts.headers) == "application/json",
    );
    let copy = sent.clone();
    let body = Body::new(body.map_frame(move |frame| {
        let data = frame.data_ref().filter(|_| declared);
        copy.lock().unwrap().extend(data.into_iter().flatten());
        frame
    }));
    let (parts, body) = next.run(Request::from_parts(parts, body)).await.into_parts();
    exchange.sent = serde_json::from_slice(&sent.lock().unwrap()).ok();
    exchange.status = parts.status;
    exchange.headers = parts.headers.clone();
    let body = if essence(&parts.headers) == "text/event-stream" {
        watched_stream(judge.clone(), body)
    } else {
        let (bytes, failure) = collect(body).await;
        exchange.body = Some(bytes.clone());
        match failure {
            Some(error) => broken_off(bytes, error),
            None => Body::from(bytes),
        }
    };
    for what in exchange.undocumented() {
        judge.tell(format!(
            "{} {} → {}: {what}",
            exchange.method,
            exchange.uri.path(),
            exchange.status
        ));
    }
    Response::from_parts(parts, body)
}

/// The bytes of a body, and the failure that broke it off.
async fn collect(body: Body) -> (Bytes, Option<axum::Error>) {
    let (mut parts, mut bytes) = (body.into_data_stream(), Vec::new());
    while let Some(part) = parts.next().await {
        match part {
            Ok(part) => bytes.extend(part),
            Err(error) => return (bytes.into(), Some(error)),
        }
    }
    (bytes.into(), None)
}

/// A body that ends with a failure, a moment after its bytes: a server sends nothing of what fails at once.
fn broken_off(bytes: Bytes, error: axum::Error) -> Body {
    let end = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Err(error)
    };
    Body::from_stream(stream::once(async { Ok(bytes) }).chain(stream::once(end)))
}

/// Every event of a stream must be what the document says of its data.
fn watched_stream(judge: Judge, body: Body) -> Body {
    let schema = &document()["components"]["schemas"]["StreamEvent"]["properties"]["data"]["contentSchema"];
    Body::from_stream(body.into_data_stream().inspect(move |chunk| {
        let Ok(chunk) = chunk else { return };
        let text = String::from_utf8_lossy(chunk);
        for data in text.lines().filter_map(|line| line.strip_prefix("data:")) {
            let value = serde_json::from_str(data).unwrap_or_default();
            if let Some(why) = misfit(schema, &value) {
                judge.tell(format!("an event of a stream: {why}"));
            }
        }
    }))
}
