//! The export of spans to a collector by OTLP over HTTP. The standard variables of OpenTelemetry alone configure it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::runtime::Handle;
use tracing_opentelemetry::OpenTelemetryLayer;

use crate::chain::Chain;
use crate::config::{ConfigError, Environment};

/// Deadline for the last spans when the process ends.
const LAST_FLUSH: Duration = Duration::from_secs(5);

/// The connection to the collector, which must be [finished](Export::finish). Empty where no variable names a
/// collector.
#[derive(Debug)]
pub struct Export(Option<SdkTracerProvider>);

impl Export {
    /// Makes an export that sends nothing.
    pub(super) const fn disabled() -> Self {
        Self(None)
    }

    /// Sends the remaining spans, within five seconds. Later spans are dropped.
    pub async fn finish(self) {
        let Some(provider) = self.0 else { return };
        // Why: the shutdown blocks its thread until the last spans are sent.
        let ended = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST_FLUSH)).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(error = %Chain(&error), "the last spans may be lost");
        }
    }
}

/// The layer that receives spans, with the [`Export`] that ends it.
type Layered<S> = (OpenTelemetryLayer<S, SdkTracer>, Export);

/// Builds the layer that sends spans. `None` where no variable names an endpoint, or one switches the export off.
///
/// # Errors
/// A variable has an unsupported value.
pub(super) fn build_layer<S>(env: &Environment) -> Result<Option<Layered<S>>, ConfigError>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    if !is_wanted(env) {
        return Ok(None);
    }
    let refuse = |name: &str, problem: String| ConfigError::new(name, "", problem);
    if let Some((name, other)) = find_variable(env, "PROTOCOL").filter(|(_, text)| *text != "http/protobuf") {
        return Err(refuse(
            &name,
            format!("\"{other}\" is not supported; allowed: http/protobuf"),
        ));
    }
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(read_timeout(env)?)
        .build()
        .map_err(|error| refuse("OTEL_EXPORTER_OTLP_ENDPOINT", Chain(&error).to_string()))?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(CollectorClient {
            client,
            runtime: Handle::current(),
            failing: Arc::default(),
        })
        .build()
        .map_err(|error| refuse("OTEL_EXPORTER_OTLP_ENDPOINT", Chain(&error).to_string()))?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(build_resource(env))
        .build();
    // Why without these: place, thread and idle time would be sent with every span, and say nothing of a request.
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("yourbit-video"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_target(false);
    Ok(Some((layer, Export(Some(provider)))))
}

/// Returns whether the variables name an endpoint and none of them switches the export off.
fn is_wanted(env: &Environment) -> bool {
    let is = |name: &str, wanted: &str| {
        env.get(name)
            .is_some_and(|text| text.eq_ignore_ascii_case(wanted))
    };
    find_variable(env, "ENDPOINT").is_some()
        && !is("OTEL_SDK_DISABLED", "true")
        && !is("OTEL_TRACES_EXPORTER", "none")
}

/// Returns name and value of `OTEL_EXPORTER_OTLP_TRACES_<what>`, else of `OTEL_EXPORTER_OTLP_<what>`. Empty values
/// count as unset.
fn find_variable<'a>(env: &'a Environment, what: &str) -> Option<(String, &'a str)> {
    ["TRACES_", ""].iter().find_map(|signal| {
        let name = format!("OTEL_EXPORTER_OTLP_{signal}{what}");
        let value = env.get(&name).filter(|text| !text.is_empty())?;
        Some((name, value))
    })
}

/// Returns the timeout of a request to the collector; the variable holds milliseconds, the default is 10 s.
fn read_timeout(env: &Environment) -> Result<Duration, ConfigError> {
    match find_variable(env, "TIMEOUT") {
        None => Ok(Duration::from_secs(10)),
        Some((name, text)) => text
            .parse()
            .map(Duration::from_millis)
            .map_err(|_| ConfigError::new(name, "", format!("\"{text}\" is no number of milliseconds"))),
    }
}

/// Builds the resource of all spans from `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`, with a default name and
/// the version of the service.
fn build_resource(env: &Environment) -> Resource {
    let set = |name: &str| env.get(name).unwrap_or_default();
    let named =
        !set("OTEL_SERVICE_NAME").is_empty() || set("OTEL_RESOURCE_ATTRIBUTES").contains("service.name=");
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder().with_attribute(version);
    if named {
        resource.build()
    } else {
        resource.with_service_name("yourbit-video").build()
    }
}

/// The HTTP client of the [`SpanExporter`].
// Why it holds a runtime: the exporter runs on a thread of its own, which has none, and `reqwest` needs one.
#[derive(Debug)]
struct CollectorClient {
    client: reqwest::Client,
    runtime: Handle,
    /// Whether the last batch failed: a change is logged once, not every batch.
    failing: Arc<AtomicBool>,
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, host) = (
            self.client.clone(),
            request.uri().authority().map(ToString::to_string),
        );
        let host = host.unwrap_or_default();
        // Why: the address may hold a user and a password, which no log line shows.
        let host = host.rsplit('@').next().unwrap_or_default().to_owned();
        let sent = self.runtime.spawn(async move {
            let answer = client.execute(request.try_into()?).await?;
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = answer.status();
            *response.headers_mut() = answer.headers().clone();
            *response.body_mut() = answer.bytes().await?;
            Ok::<_, reqwest::Error>(response)
        });
        let answer = sent.await?.map_err(reqwest::Error::without_url);
        let problem = match &answer {
            Err(error) => Some(Chain(error).to_string()),
            Ok(answer) => {
                (!answer.status().is_success()).then(|| format!("it answered {}", answer.status().as_u16()))
            }
        };
        // Why one swap: of two batches that end at the same time only one logs the change.
        match (&problem, self.failing.swap(problem.is_some(), Ordering::Relaxed)) {
            (Some(problem), false) => tracing::warn!(host, error = problem, "the collector takes no spans"),
            (None, true) => tracing::info!(host, "the collector takes spans again"),
            _ => {}
        }
        Ok(answer?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_sent_only_where_an_endpoint_is_named_and_nothing_forbids_it() {
        let wanted = |pairs: &[(&str, &str)]| is_wanted(&pairs.iter().copied().collect());
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");
        assert!(!wanted(&[]));
        assert!(!wanted(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]));
        assert!(wanted(&[endpoint]));
        assert!(wanted(&[(
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://localhost:4318/v1/traces"
        )]));
        assert!(!wanted(&[endpoint, ("OTEL_SDK_DISABLED", "true")]));
        assert!(!wanted(&[endpoint, ("OTEL_TRACES_EXPORTER", "none")]));
    }

    #[tokio::test]
    async fn a_protocol_that_is_not_spoken_is_refused_by_name() {
        let env = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ];
        let refused = build_layer::<tracing_subscriber::Registry>(&env.into_iter().collect());
        let problem = refused.err().unwrap().to_string();
        assert_eq!(
            problem,
            "OTEL_EXPORTER_OTLP_PROTOCOL: \"grpc\" is not supported; allowed: http/protobuf"
        );
    }
}
