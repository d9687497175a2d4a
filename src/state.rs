//! What every request and job shares.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chrono::{DateTime, Duration, Utc};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::auth::{Authenticator, Tickets};
use crate::clock::Clock;
use crate::config::{Http, Settings};
use crate::domain::{CheckTimes, Video};
use crate::limits::{FairRoom, FairSemaphore, Limits, Quotas};
use crate::live::Hub;
use crate::provider::{HashKey, Provider, Sightings};
use crate::store::{Depths, Intake, Planner, Store, StoreError};
use crate::telemetry::{LogLimits, Metrics};

/// Bytes of webhook bodies that are buffered at the same time: 64 MiB.
const WEBHOOK_ROOM: usize = 64 * 1024 * 1024;

/// The shared state. Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

/// Of the requests of people, one caller works on so many for each core at most while others are there: few enough that the
/// others' next step is never far behind its own, enough to keep the machine busy.
const SHARE_OF_A_CORE: usize = 4;
/// Of webhooks, half: a provider sends from few addresses, and they are stored in batches.
const SHARE_OF_PROVIDERS: usize = 2;
/// Videos of which signatures are made at the same time, for each thread that makes them: while one is signed, the next
/// one's row is read.
const SIGNED_AHEAD: usize = 3;

/// What requests share fairly, by kind: one kind's flood leaves the others theirs. Cheap to clone.
#[derive(Clone)]
pub struct Permits {
    /// Webhooks.
    pub webhooks: Arc<FairSemaphore>,
    /// What only reads.
    pub reads: Arc<FairSemaphore>,
    /// Everything else.
    pub changes: Arc<FairSemaphore>,
    /// Signatures by slow keys.
    pub signing: Arc<FairSemaphore>,
}

impl Permits {
    fn new(settings: &Http) -> Self {
        let of_requests = |share: usize| {
            Arc::new(FairSemaphore::new(Limits {
                permits: settings.max_requests,
                share: share.clamp(1, settings.max_requests),
                waiting: settings.max_waiting,
            }))
        };
        let threads = crate::provider::signing_threads();
        let of_people = threads * SHARE_OF_A_CORE;
        let signing = Limits {
            permits: threads * SIGNED_AHEAD,
            share: threads,
            // Each request that waits here is inside already; a page asks for a hundred videos.
            waiting: usize::MAX / 4,
        };
        Self {
            webhooks: of_requests(settings.max_requests.div_ceil(SHARE_OF_PROVIDERS)),
            reads: of_requests(of_people),
            changes: of_requests(of_people),
            signing: Arc::new(FairSemaphore::new(signing)),
        }
    }
}

/// When it was asked, and whether it was.
pub type LastReady = Mutex<Option<(DateTime<Utc>, bool)>>;

/// When they were asked for, and how deep they were.
pub(crate) type LastDepths = Mutex<Option<(DateTime<Utc>, Depths)>>;

/// What [`AppState`] points to.
pub struct Inner {
    /// All settings.
    pub settings: Settings,
    /// Where time comes from.
    pub clock: Clock,
    /// The database.
    pub store: Store,
    /// Where webhook events are made durable.
    pub intake: Intake,
    /// The loaded maps.
    pub providers: Arc<ProviderSet>,
    /// Whose tokens are believed.
    pub auth: Authenticator,
    /// Shared by the webhook bodies being read.
    pub webhook_room: Arc<FairRoom>,
    /// The service is on its way out.
    pub stopping: Arc<AtomicBool>,
    /// Uploads that each owner may begin.
    pub uploads: Quotas<String>,
    /// Failed authentications and signatures that each address may have.
    pub failures: Quotas<IpAddr>,
    /// How much is done at the same time, and by whom.
    pub permits: Permits,
    /// The last answer of the readiness probe.
    pub last_ready: Arc<LastReady>,
    /// Opens event streams.
    pub tickets: Arc<Tickets>,
    /// The event streams.
    pub hub: Hub,
    /// Cancelled when event streams are to end.
    pub stopped: CancellationToken,
    /// What the providers answered lately about videos known to exist.
    pub sightings: Arc<Sightings>,
    /// How often they are asked.
    pub check_times: CheckTimes,
    /// Wakes the reconciler: a video is due now.
    pub due: Arc<Notify>,
    /// This process, where several share the work.
    pub me: Uuid,
    /// Names and widths of thumbnails, narrowest first.
    pub thumbnail_sizes: Vec<(String, u32)>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How much of the log strangers may fill.
    pub(crate) log_limits: LogLimits,
    /// How deep the queues were when it was last asked.
    pub(crate) last_depths: Arc<LastDepths>,
}

impl AppState {
    /// Wires the parts together. Must be called within a runtime: the intake's task starts here.
    #[expect(
        clippy::too_many_arguments,
        reason = "the wiring alone calls it, with each part once"
    )]
    pub fn new(
        settings: Settings,
        clock: Clock,
        store: Store,
        providers: Arc<ProviderSet>,
        auth: Authenticator,
        tickets: Tickets,
        planner: Box<Planner>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let intake = Intake::start(store.clone(), planner);
        Self(Arc::new(Inner {
            check_times: check_times(&settings),
            thumbnail_sizes: thumbnail_sizes(&settings),
            sightings: Arc::default(),
            due: Arc::default(),
            me: clock.new_id(),
            uploads: Quotas::new(settings.uploads.per_owner_per_min),
            failures: Quotas::new(settings.auth.failures_per_min),
            permits: Permits::new(&settings.http),
            tickets: Arc::new(tickets),
            hub: Hub::default(),
            stopped: CancellationToken::new(),
            settings,
            clock,
            store,
            intake,
            providers,
            auth,
            webhook_room: Arc::new(FairRoom::new(WEBHOOK_ROOM)),
            stopping: Arc::default(),
            last_ready: Arc::default(),
            metrics,
            log_limits: LogLimits::default(),
            last_depths: Arc::default(),
        }))
    }

    /// The same service with other settings, maps and keys. What it counts, waits for and remembers is shared with the
    /// old state, which requests that are under way still have.
    #[must_use]
    pub fn renewed(&self, settings: Settings, providers: Arc<ProviderSet>, auth: Authenticator) -> Self {
        let (old, http) = (&*self.0, &settings.http);
        let permits = if old.settings.http.admits_like(http) {
            old.permits.clone()
        } else {
            Permits::new(http)
        };
        Self(Arc::new(Inner {
            check_times: check_times(&settings),
            thumbnail_sizes: thumbnail_sizes(&settings),
            uploads: old.uploads.renewed(settings.uploads.per_owner_per_min),
            failures: old.failures.renewed(settings.auth.failures_per_min),
            permits,
            settings,
            providers,
            auth,
            clock: old.clock.clone(),
            store: old.store.clone(),
            intake: old.intake.clone(),
            webhook_room: old.webhook_room.clone(),
            stopping: old.stopping.clone(),
            last_ready: old.last_ready.clone(),
            tickets: old.tickets.clone(),
            hub: old.hub.clone(),
            stopped: old.stopped.clone(),
            sightings: old.sightings.clone(),
            due: old.due.clone(),
            me: old.me,
            metrics: old.metrics.clone(),
            log_limits: old.log_limits.clone(),
            last_depths: old.last_depths.clone(),
        }))
    }
}

fn thumbnail_sizes(settings: &Settings) -> Vec<(String, u32)> {
    let named = settings.playback.thumbnails.iter();
    let mut sizes: Vec<(String, u32)> = named.map(|(name, width)| (name.clone(), *width)).collect();
    sizes.sort_by_key(|(_, width)| *width);
    sizes
}

/// How often the settings want providers to be asked.
pub(crate) fn check_times(settings: &Settings) -> CheckTimes {
    let seconds = |count: u64| Duration::seconds(i64::try_from(count).unwrap_or(i64::MAX / 1000));
    let ready_every_days = settings.reconcile.ready_every_days;
    CheckTimes {
        first_after: seconds(settings.reconcile.first_after_s),
        max_interval: seconds(settings.reconcile.max_interval_s),
        ready_every: (ready_every_days > 0).then(|| Duration::days(i64::from(ready_every_days))),
    }
}

/// The key of event tickets: made once, by whichever replica comes first.
pub(crate) async fn ticket_key(store: &Store) -> Result<Vec<u8>, StoreError> {
    store
        .shared_secret("ticket-key", &rand::random::<[u8; 32]>())
        .await
}

/// Makes the key of the filter `hash` known to maps: made once, by whichever replica comes first.
pub(crate) async fn settle_hash_key(store: &Store, key: &HashKey) -> Result<bool, StoreError> {
    let fresh = rand::random::<[u8; 32]>();
    let kept = store.shared_secret("hash-key", &fresh).await?;
    Ok(key.settle(&kept))
}

impl AppState {
    /// Whether requests can be served: the database takes writes, and every migration is applied.
    pub async fn is_ready(&self) -> bool {
        if !self.store.is_ready().await {
            return false;
        }
        // The tables were missing at the start.
        if !self.tickets.are_settled() {
            let hashes = settle_hash_key(&self.store, self.providers.hash_key()).await;
            if !hashes.unwrap_or_default() {
                return false;
            }
            let key = ticket_key(&self.store).await;
            return key.is_ok_and(|key| self.tickets.settle(&key));
        }
        true
    }

    /// Returns when there are tables to work on.
    pub async fn until_ready(&self) {
        while !self.tickets.are_settled() && !self.is_ready().await {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    }
}

impl Deref for AppState {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// Every loaded provider, and which of them take uploads.
#[derive(Default)]
pub struct ProviderSet {
    by_name: HashMap<String, Arc<Provider>>,
    /// Provider → why it can do nothing now, in words for callers.
    out_of_order: BTreeMap<String, String>,
    /// The built-in provider's name, where it runs.
    local: Option<String>,
    /// What the filter `hash` of every map is keyed with.
    hash_key: HashKey,
}

/// A video's provider has no map any more, or a request names one that takes no uploads.
#[derive(Debug, thiserror::Error)]
#[error("no action map of provider \"{0}\" is loaded")]
pub struct NotLoaded(pub String);

/// The provider can do nothing now, for a reason that callers may know.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct OutOfOrder(pub String);

impl ProviderSet {
    /// A set of loaded maps.
    pub fn new(providers: impl IntoIterator<Item = Provider>) -> Self {
        let by_name = providers
            .into_iter()
            .map(|p| (p.name().to_owned(), Arc::new(p)))
            .collect();
        Self {
            by_name,
            ..Self::default()
        }
    }

    /// Says what the filter `hash` of every map is keyed with.
    #[must_use]
    pub fn with_hash_key(mut self, hash_key: HashKey) -> Self {
        self.hash_key = hash_key;
        self
    }

    /// What the filter `hash` of every map is keyed with.
    pub fn hash_key(&self) -> &HashKey {
        &self.hash_key
    }

    /// Each takes the place of the one with its name among `old`.
    pub(crate) fn continue_from(&self, old: &Self) {
        for (name, provider) in &self.by_name {
            if let Some(before) = old.by_name(name) {
                provider.continue_from(before);
            }
        }
    }

    /// Says which one is built in, and why it is out of order if it is.
    #[must_use]
    pub fn with_local(mut self, name: &str, out_of_order: Option<&str>) -> Self {
        self.local = Some(name.to_owned());
        if let Some(reason) = out_of_order {
            self.out_of_order.insert(name.to_owned(), reason.to_owned());
        }
        self
    }

    /// Every loaded one, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.by_name.values()
    }

    /// The provider with this name.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Provider>> {
        self.by_name.get(name)
    }

    /// The provider of a new upload.
    ///
    /// # Errors
    /// It is not loaded.
    pub fn for_upload(&self, name: &str) -> Result<Arc<Provider>, NotLoaded> {
        self.by_name
            .get(name)
            .cloned()
            .ok_or_else(|| NotLoaded(name.to_owned()))
    }

    /// The provider that has this video.
    ///
    /// # Errors
    /// Its map is gone.
    pub fn of(&self, video: &Video) -> Result<Arc<Provider>, NotLoaded> {
        self.for_upload(&video.provider)
    }

    /// Whether the provider can work at all.
    ///
    /// # Errors
    /// It cannot, and why.
    pub fn in_order(&self, name: &str) -> Result<(), OutOfOrder> {
        self.out_of_order
            .get(name)
            .map_or(Ok(()), |reason| Err(OutOfOrder(reason.clone())))
    }

    /// Whether it is the built-in one.
    pub fn is_local(&self, name: &str) -> bool {
        self.local.as_deref() == Some(name)
    }
}
