//! Spans to a collector: OTLP over HTTP, set up by the variables of OpenTelemetry alone.

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

/// The last spans get so long at the end.
const LAST_FLUSH: Duration = Duration::from_secs(5);

/// The way to the collector; none where no variable names one.
#[derive(Debug)]
pub struct Export(Option<SdkTracerProvider>);

impl Export {
    /// Nothing is sent.
    pub(super) const fn none() -> Self {
        Self(None)
    }

    /// Sends what is still here, for five seconds at most. No span is taken from then on.
    pub async fn finish(self) {
        let Some(provider) = self.0 else { return };
        let ended = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST_FLUSH)).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(error = %Chain(&error), "the last spans may be lost");
        }
    }
}

/// What takes spans, and how it is ended.
type Layered<S> = (OpenTelemetryLayer<S, SdkTracer>, Export);

/// The layer that sends spans, where one of the endpoints' variables is set and nothing switches it off.
pub(super) fn layer<S>(env: &Environment) -> Result<Option<Layered<S>>, ConfigError>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    if !is_wanted(env) {
        return Ok(None);
    }
    let refuse = |name: &str, problem: String| ConfigError::new(name, "", problem);
    if let Some((name, other)) = of_traces(env, "PROTOCOL").filter(|(_, text)| *text != "http/protobuf") {
        return Err(refuse(
            &name,
            format!("\"{other}\" is not supported; allowed: http/protobuf"),
        ));
    }
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(timeout(env)?)
        .build()
        .map_err(|error| refuse("OTEL_EXPORTER_OTLP_ENDPOINT", Chain(&error).to_string()))?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Sending {
            client,
            runtime: Handle::current(),
            fails: Arc::default(),
        })
        .build()
        .map_err(|error| refuse("OTEL_EXPORTER_OTLP_ENDPOINT", Chain(&error).to_string()))?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource(env))
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("yourbit-video"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_target(false);
    Ok(Some((layer, Export(Some(provider)))))
}

fn is_wanted(env: &Environment) -> bool {
    let is = |name: &str, wanted: &str| {
        env.get(name)
            .is_some_and(|text| text.eq_ignore_ascii_case(wanted))
    };
    of_traces(env, "ENDPOINT").is_some()
        && !is("OTEL_SDK_DISABLED", "true")
        && !is("OTEL_TRACES_EXPORTER", "none")
}

/// `OTEL_EXPORTER_OTLP_TRACES_<what>`, else `OTEL_EXPORTER_OTLP_<what>`: the name that is set, and its value.
fn of_traces<'a>(env: &'a Environment, what: &str) -> Option<(String, &'a str)> {
    ["TRACES_", ""].iter().find_map(|signal| {
        let name = format!("OTEL_EXPORTER_OTLP_{signal}{what}");
        let value = env.get(&name).filter(|text| !text.is_empty())?;
        Some((name, value))
    })
}

fn timeout(env: &Environment) -> Result<Duration, ConfigError> {
    match of_traces(env, "TIMEOUT") {
        None => Ok(Duration::from_secs(10)),
        Some((name, text)) => text
            .parse()
            .map(Duration::from_millis)
            .map_err(|_| ConfigError::new(name, "", format!("\"{text}\" is no number of milliseconds"))),
    }
}

/// `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`, with a name and a version where they say none.
fn resource(env: &Environment) -> Resource {
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

/// The service's HTTP client, for a thread that has no runtime of its own.
#[derive(Debug)]
struct Sending {
    client: reqwest::Client,
    runtime: Handle,
    /// The last batch was not taken: said once, not every five seconds.
    fails: Arc<AtomicBool>,
}

#[async_trait]
impl HttpClient for Sending {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, host) = (
            self.client.clone(),
            request.uri().authority().map(ToString::to_string),
        );
        let host = host.unwrap_or_default();
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
        match (&problem, self.fails.swap(problem.is_some(), Ordering::Relaxed)) {
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
        let refused = layer::<tracing_subscriber::Registry>(&env.into_iter().collect());
        let problem = refused.err().unwrap().to_string();
        assert_eq!(
            problem,
            "OTEL_EXPORTER_OTLP_PROTOCOL: \"grpc\" is not supported; allowed: http/protobuf"
        );
    }
}
