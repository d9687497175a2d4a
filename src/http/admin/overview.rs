//! `GET /v1/admin/overview`: the state of the fleet as the database knows it, and the counters of the process that answers.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{EventState, OutgoingState, shown_endpoint};
use crate::http::extract::NoQuery;
use crate::http::middleware::Admin;
use crate::http::problem::ApiError;
use crate::state::AppState;
use crate::store::{Depth, Fleet};
use crate::telemetry::MetricValue;

/// The age up to which what was read from the database is used again.
const CACHED_FOR: chrono::Duration = chrono::Duration::seconds(2);
/// The longest wait for the database.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(5);
/// The greatest number of events of a state that are counted.
const MAX_COUNT: i64 = 10_000;

/// The state of the service now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Overview {
    /// What the database knows: the same whichever process answers.
    fleet: FleetView,
    /// What the answering process knows of itself, since its start.
    process: ProcessView,
}

/// What the database knows of all processes together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OverviewFleet)]
pub(crate) struct FleetView {
    /// When this was read: at most 2 seconds ago.
    at: DateTime<Utc>,
    /// Webhook events that are not applied and not ignored, by state.
    inbox: Vec<InboxDepth>,
    /// Outgoing events that are not delivered, by state.
    outbox: Vec<OutboxDepth>,
    /// Endpoints that answered 410: nothing is sent there.
    disabled_endpoints: Vec<DisabledSince>,
    /// Reconcilers that are halted, because the provider knew none of several videos that must exist.
    halted: Vec<HaltedReconciler>,
    /// The processes that serve now, of releases that have this overview. A process that crashed stays for a minute.
    replicas: Vec<ReplicaView>,
}

/// The webhook events in one state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OverviewInbox)]
pub(crate) struct InboxDepth {
    state: EventState,
    /// How many, counted up to 10,000.
    #[schema(minimum = 0, maximum = 10_000)]
    count: i64,
    /// There are more than `count`.
    more: bool,
    /// When the oldest one was received.
    oldest_at: Option<DateTime<Utc>>,
    /// Its age at `at`, in seconds.
    oldest_age_s: Option<i64>,
}

/// The outgoing events in one state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OverviewOutbox)]
pub(crate) struct OutboxDepth {
    state: OutgoingState,
    /// How many, counted up to 10,000.
    #[schema(minimum = 0, maximum = 10_000)]
    count: i64,
    /// There are more than `count`.
    more: bool,
    /// When the oldest one was written.
    oldest_at: Option<DateTime<Utc>>,
    /// Its age at `at`, in seconds.
    oldest_age_s: Option<i64>,
}

/// An endpoint that answered 410.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OverviewEndpoint)]
pub(crate) struct DisabledSince {
    endpoint: String,
    disabled_at: DateTime<Utc>,
}

/// A reconciler that is halted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OverviewHalted)]
pub(crate) struct HaltedReconciler {
    /// The account's map.
    provider: String,
    /// The process that halted it.
    replica_id: Uuid,
}

/// A process that serves now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OverviewReplica)]
pub(crate) struct ReplicaView {
    id: Uuid,
    /// The release that it runs.
    version: String,
    started_at: DateTime<Utc>,
    /// When it last said so, by the database's clock.
    renewed_at: DateTime<Utc>,
}

/// What one process knows of itself. Counters begin with its start.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OverviewProcess)]
pub(crate) struct ProcessView {
    /// The process that answers, as among `replicas`.
    replica_id: Uuid,
    version: &'static str,
    started_at: DateTime<Utc>,
    /// Calls to providers, by result.
    provider_calls: Vec<ProviderCalls>,
    /// From the receipt of webhook events until they were applied.
    webhook_lag: Vec<WebhookLag>,
    /// Open event streams.
    #[schema(minimum = 0)]
    event_streams: usize,
    /// The built-in provider, where it runs in this process.
    #[schema(inline)]
    local: Option<LocalView>,
}

/// The calls to one provider that ended alike.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OverviewCalls)]
pub(crate) struct ProviderCalls {
    provider: String,
    /// ok, gone, `too_late`, refused, `too_large`, `no_room`, outage, throttled, `no_ledger` or invalid.
    result: String,
    count: u64,
}

/// The lag of the events of one provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OverviewLag)]
pub(crate) struct WebhookLag {
    provider: String,
    /// Events that were applied.
    applied: u64,
    /// Their mean lag in seconds.
    mean_s: f64,
}

/// The built-in provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OverviewLocal)]
pub(crate) struct LocalView {
    /// Transcodes and renditions under way, or waiting for a place to encode.
    jobs_running: u64,
    /// Those that ended.
    jobs: Vec<LocalJobs>,
    /// Bytes free on the disk of `local.dir`.
    disk_free_bytes: u64,
    /// Fewer are free than `local.min_free_bytes`: uploads are refused.
    disk_full: bool,
}

/// The jobs of one kind that ended alike.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OverviewLocalJobs)]
pub(crate) struct LocalJobs {
    kind: String,
    /// done, failed (the file), again or `put_off`.
    result: String,
    count: u64,
}

/// The state of the service now: of the fleet as the database knows it, and of the process that answers.
#[utoipa::path(
    get,
    path = "/v1/admin/overview",
    operation_id = "overview",
    tag = "admin",
    responses((status = 200, body = Overview)),
    extensions(("x-problems" = json!(["invalid_request"]))),
)]
pub(crate) async fn show_overview(
    State(state): State<AppState>,
    _admin: Admin,
    _: NoQuery,
) -> Result<Json<Overview>, ApiError> {
    Ok(Json(Overview {
        fleet: view_fleet(&state).await?,
        process: view_process(&state),
    }))
}

/// Reads the fleet, or takes what was read just now.
async fn view_fleet(state: &AppState) -> Result<FleetView, ApiError> {
    // Why held during the queries: pages that ask together cost the database one of them.
    let mut last = state.cached_fleet.lock().await;
    let now = state.clock.now();
    // Why `now >= at`: after the clock was set back the last result must not be used for hours.
    if let Some((at, fleet)) = last.as_ref()
        && now >= *at
        && now - *at < CACHED_FOR
    {
        return Ok(FleetView::new(*at, fleet));
    }
    // Why one more: it tells that there are more.
    let reading = tokio::time::timeout(DATABASE_TIMEOUT, state.store.read_fleet(MAX_COUNT + 1));
    let fleet = reading.await.map_err(|_late| ApiError::Unavailable)??;
    let view = FleetView::new(now, &fleet);
    *last = Some((now, fleet));
    Ok(view)
}

impl FleetView {
    fn new(at: DateTime<Utc>, fleet: &Fleet) -> Self {
        let age = |depth: &Depth| depth.oldest.map(|oldest| (at - oldest).num_seconds().max(0));
        let halted_by = |replica: &crate::store::Replica| {
            let replica_id = replica.id;
            let halted = replica.halted.clone().into_iter();
            halted.map(move |provider| HaltedReconciler { provider, replica_id })
        };
        Self {
            at,
            inbox: fleet
                .inbox
                .iter()
                .map(|(state, depth)| InboxDepth {
                    state: *state,
                    count: depth.count.min(MAX_COUNT),
                    more: depth.count > MAX_COUNT,
                    oldest_at: depth.oldest,
                    oldest_age_s: age(depth),
                })
                .collect(),
            outbox: fleet
                .outbox
                .iter()
                .map(|(state, depth)| OutboxDepth {
                    state: *state,
                    count: depth.count.min(MAX_COUNT),
                    more: depth.count > MAX_COUNT,
                    oldest_at: depth.oldest,
                    oldest_age_s: age(depth),
                })
                .collect(),
            disabled_endpoints: fleet
                .disabled_endpoints
                .iter()
                .map(|(endpoint, disabled_at)| DisabledSince {
                    endpoint: shown_endpoint(endpoint).to_owned(),
                    disabled_at: *disabled_at,
                })
                .collect(),
            halted: fleet.replicas.iter().flat_map(halted_by).collect(),
            replicas: fleet
                .replicas
                .iter()
                .map(|replica| ReplicaView {
                    id: replica.id,
                    version: replica.version.clone(),
                    started_at: replica.started_at,
                    renewed_at: replica.renewed_at,
                })
                .collect(),
        }
    }
}

/// Reads the counters of this process.
fn view_process(state: &AppState) -> ProcessView {
    let [calls, lags, jobs, running, free, full] = state.metrics.values_of([
        ("provider_calls_total", &["provider", "result"]),
        ("webhook_apply_lag_seconds", &["provider"]),
        ("local_jobs_total", &["kind", "result"]),
        ("local_jobs_running", &[]),
        ("local_disk_free_bytes", &[]),
        ("local_disk_full", &[]),
    ]);
    let only = |values: &[MetricValue]| values.first().map(|value| value.count);
    ProcessView {
        replica_id: state.replica_id,
        version: env!("CARGO_PKG_VERSION"),
        started_at: state.started_at,
        provider_calls: pairs(calls)
            .map(|(provider, result, count)| ProviderCalls {
                provider,
                result,
                count,
            })
            .collect(),
        webhook_lag: lags.into_iter().map(WebhookLag::from).collect(),
        event_streams: state.hub.streams(),
        // Why by this gauge: the built-in provider registers its metrics where it runs.
        local: only(&running).map(|jobs_running| LocalView {
            jobs_running,
            jobs: pairs(jobs)
                .map(|(kind, result, count)| LocalJobs { kind, result, count })
                .collect(),
            disk_free_bytes: only(&free).unwrap_or_default(),
            disk_full: only(&full).unwrap_or_default() > 0,
        }),
    }
}

/// Takes values of two labels apart.
fn pairs(values: Vec<MetricValue>) -> impl Iterator<Item = (String, String, u64)> {
    values.into_iter().filter_map(|value| {
        let [one, other] = <[String; 2]>::try_from(value.labels).ok()?;
        Some((one, other, value.count))
    })
}

impl From<MetricValue> for WebhookLag {
    fn from(value: MetricValue) -> Self {
        let applied = u32::try_from(value.count).unwrap_or(u32::MAX);
        Self {
            provider: value.labels.into_iter().next().unwrap_or_default(),
            applied: value.count,
            mean_s: value.sum / f64::from(applied.max(1)),
        }
    }
}
