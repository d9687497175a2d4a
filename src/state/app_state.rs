//! The snapshot of settings that a request works with, and the parts that outlive every reload.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chrono::{DateTime, Duration, Utc};
use tokio::sync::{Mutex, Notify, OnceCell};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::permits::Permits;
use super::provider_set::ProviderSet;
use super::shared_secrets::{settle_hash_key, ticket_key};
use super::video_counts::VideoCountCache;
use crate::auth::{Authenticator, Tickets};
use crate::clock::Clock;
use crate::config::Settings;
use crate::domain::CheckTimes;
use crate::limits::{FairMemory, Quotas};
use crate::live::Hub;
use crate::provider::LookupBreaker;
use crate::store::{Depths, Fleet, Intake, Store};
use crate::telemetry::{LogLimits, Metrics};

/// Bytes of webhook bodies that are buffered at the same time: 64 MiB.
const WEBHOOK_MEMORY: usize = 64 * 1024 * 1024;

/// Bytes of files of tracks that are buffered at the same time: 32 MiB.
const TRACK_MEMORY: usize = 32 * 1024 * 1024;

/// Pause between two checks for missing tables, see [`AppState::wait_until_ready`].
const TABLES_CHECK_INTERVAL: std::time::Duration = std::time::Duration::from_secs(1);

/// The cached answer of the readiness probe: the time of the check, and whether the service was ready.
type LastReady = Mutex<Option<(DateTime<Utc>, bool)>>;

/// The cached depths of the queues: the time of the query, and its result.
type LastDepths = Mutex<Option<(DateTime<Utc>, Depths)>>;

/// What the last overview read: the time of the queries, and their result.
type LastFleet = Mutex<Option<(DateTime<Utc>, Fleet)>>;

/// One snapshot of the state. Cheap to clone.
///
/// Fields of [`Reloadable`] and, through it, of [`Process`] are reached directly: `state.settings`, `state.store`.
/// A request keeps its snapshot to its end, even if a reload exchanges it meanwhile.
#[derive(Clone)]
pub struct AppState(Arc<Reloadable>);

/// Everything that a reload exchanges, as one value.
pub struct Reloadable {
    /// All settings.
    pub settings: Settings,
    /// The loaded action maps.
    pub providers: Arc<ProviderSet>,
    /// Verifies the tokens of callers.
    pub auth: Authenticator,
    /// Uploads that each owner may begin in a minute. Counts go on over a reload.
    pub upload_quotas: Quotas<String>,
    /// Failed authentications and webhook signatures that each address may have in a minute. Counts go on over a reload.
    pub failure_quotas: Quotas<IpAddr>,
    /// Permits of requests that are worked on at the same time. The same ones as before a reload that leaves their
    /// numbers as they are.
    pub permits: Permits,
    /// Intervals at which the reconciler asks providers about a video.
    pub check_times: CheckTimes,
    /// Name and width in pixels of each thumbnail, narrowest first.
    pub thumbnail_sizes: Vec<(String, u32)>,
    process: Arc<Process>,
}

/// Everything that lives as long as the process: snapshots before and after a reload share it.
pub struct Process {
    /// Source of times and ids.
    pub clock: Clock,
    /// The database.
    pub store: Store,
    /// Makes webhook events durable, in batches.
    pub intake: Intake,
    /// Memory for webhook bodies that are being read.
    pub webhook_memory: Arc<FairMemory>,
    /// Memory for files of tracks that are being sent.
    pub track_memory: Arc<FairMemory>,
    /// Set when the service begins to stop: the readiness probe fails from then on.
    pub stopping: AtomicBool,
    /// The last answer of the readiness probe.
    pub cached_readiness: LastReady,
    /// Signs and opens tickets of event streams.
    pub tickets: Tickets,
    /// The event streams of this process.
    pub hub: Hub,
    /// Cancelled when event streams are to end.
    pub end_streams: CancellationToken,
    /// Recent evidence whether each provider still knows our videos.
    pub sightings: LookupBreaker,
    /// Wakes the reconciler: a video is due now.
    pub wake_reconciler: Notify,
    /// Wakes the job that erases owners.
    pub wake_eraser: Notify,
    /// Wakes the job that moves videos: a wish is due now.
    pub wake_mover: Notify,
    /// The secret `erasure-key`, once it was read.
    pub(super) erasure_key: OnceCell<Vec<u8>>,
    /// This process among the replicas; the holder in its leases.
    pub replica_id: Uuid,
    /// Start of the process.
    pub started_at: DateTime<Utc>,
    /// Counters and gauges.
    pub metrics: Arc<Metrics>,
    /// Bounds on log lines that unauthenticated requests cause.
    pub(crate) log_limits: LogLimits,
    /// The depths of the queues at the last query.
    pub(crate) cached_depths: LastDepths,
    /// Recent counts of videos.
    pub(crate) video_counts: VideoCountCache,
    /// What the last overview read from the database.
    pub(crate) cached_fleet: LastFleet,
}

impl Process {
    /// Creates the parts that outlive reloads; nothing is counted, cached or under way yet.
    pub fn new(clock: Clock, store: Store, intake: Intake, tickets: Tickets, metrics: Arc<Metrics>) -> Self {
        Self {
            replica_id: clock.new_id(),
            started_at: clock.now(),
            clock,
            store,
            intake,
            webhook_memory: Arc::new(FairMemory::new(WEBHOOK_MEMORY)),
            track_memory: Arc::new(FairMemory::new(TRACK_MEMORY)),
            stopping: AtomicBool::default(),
            cached_readiness: LastReady::default(),
            tickets,
            hub: Hub::default(),
            end_streams: CancellationToken::new(),
            sightings: LookupBreaker::default(),
            wake_reconciler: Notify::default(),
            wake_eraser: Notify::default(),
            wake_mover: Notify::default(),
            erasure_key: OnceCell::default(),
            metrics,
            log_limits: LogLimits::default(),
            cached_depths: LastDepths::default(),
            video_counts: VideoCountCache::default(),
            cached_fleet: LastFleet::default(),
        }
    }
}

impl AppState {
    /// Creates the first snapshot, with unused quotas and permits.
    pub fn new(
        settings: Settings,
        providers: Arc<ProviderSet>,
        auth: Authenticator,
        process: Process,
    ) -> Self {
        Self(Arc::new(Reloadable {
            upload_quotas: Quotas::new(settings.uploads.per_owner_per_min),
            failure_quotas: Quotas::new(settings.auth.failures_per_min),
            permits: Permits::new(&settings.http),
            check_times: check_times(&settings),
            thumbnail_sizes: thumbnail_sizes(&settings),
            settings,
            providers,
            auth,
            process: Arc::new(process),
        }))
    }

    /// Creates the snapshot of the same process with other settings, maps and keys. `self` stays as it is, for requests
    /// that are under way.
    #[must_use]
    pub fn reloaded_with(
        &self,
        settings: Settings,
        providers: Arc<ProviderSet>,
        auth: Authenticator,
    ) -> Self {
        // Why: permits that are held stay counted only where the new snapshot shares them. Where their numbers change, old
        // and new requests are counted apart until the old ones have ended.
        let permits = if self.settings.http.has_same_request_limits(&settings.http) {
            self.permits.clone()
        } else {
            Permits::new(&settings.http)
        };
        Self(Arc::new(Reloadable {
            upload_quotas: self.upload_quotas.resized(settings.uploads.per_owner_per_min),
            failure_quotas: self.failure_quotas.resized(settings.auth.failures_per_min),
            permits,
            check_times: check_times(&settings),
            thumbnail_sizes: thumbnail_sizes(&settings),
            settings,
            providers,
            auth,
            process: self.process.clone(),
        }))
    }

    /// Returns whether requests can be served: the database takes writes, and every migration is applied.
    ///
    /// Where the tables were missing at the start, the first success also reads the shared secrets, see
    /// [`Tickets::set_key`] and [`HashKey::settle`](crate::provider::HashKey::settle).
    pub async fn is_ready(&self) -> bool {
        if !self.store.is_ready().await {
            return false;
        }
        if !self.tickets.has_key() {
            // Why: the hash key comes first, since settled tickets count as proof that all secrets are known.
            let hash_key = settle_hash_key(&self.store, self.providers.hash_key()).await;
            if !hash_key.unwrap_or_default() {
                return false;
            }
            let key = ticket_key(&self.store).await;
            return key.is_ok_and(|key| self.tickets.set_key(&key));
        }
        true
    }

    /// Waits until the tables exist and the shared secrets are known. Returns at once where they were there at the start.
    pub async fn wait_until_ready(&self) {
        while !self.tickets.has_key() && !self.is_ready().await {
            tokio::time::sleep(TABLES_CHECK_INTERVAL).await;
        }
    }
}

impl Deref for AppState {
    type Target = Reloadable;

    fn deref(&self) -> &Reloadable {
        &self.0
    }
}

impl Deref for Reloadable {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

/// Returns `playback.thumbnails` sorted by width.
fn thumbnail_sizes(settings: &Settings) -> Vec<(String, u32)> {
    let named = settings.playback.thumbnails.iter();
    let mut sizes: Vec<(String, u32)> = named.map(|(name, width)| (name.clone(), *width)).collect();
    sizes.sort_by_key(|(_, width)| *width);
    sizes
}

/// Returns the intervals of `[reconcile]`. `ready_every_days = 0` means that ready videos are never asked about again.
pub(crate) fn check_times(settings: &Settings) -> CheckTimes {
    // Why: a chrono duration holds at most `i64::MAX` milliseconds.
    let seconds = |count: u64| Duration::seconds(i64::try_from(count).unwrap_or(i64::MAX / 1000));
    let ready_every_days = settings.reconcile.ready_every_days;
    CheckTimes {
        first_after: seconds(settings.reconcile.first_after_s),
        max_interval: seconds(settings.reconcile.max_interval_s),
        ready_every: (ready_every_days > 0).then(|| Duration::days(i64::from(ready_every_days))),
    }
}
