//! Permits of requests, by kind.

use std::sync::Arc;

use crate::config::Http;
use crate::limits::{FairSemaphore, Limits};

/// Permits for each core that one caller of the API holds at most while other callers are there.
///
/// Why: few enough that the next request of another caller is never far behind, enough to keep the machine busy.
const API_SHARE_PER_CORE: usize = 4;

/// One sender of webhooks holds at most this part of the permits (1 / `WEBHOOK_SHARE_DIVISOR`) while others are there.
///
/// Why: a provider sends from few addresses, and its events are stored in batches.
const WEBHOOK_SHARE_DIVISOR: usize = 2;

/// Videos that are signed at the same time, for each thread that signs.
///
/// Why: while one video is signed, the row of the next one is read.
const SIGNED_PER_THREAD: usize = 3;

/// One [`FairSemaphore`] for each kind of work: a flood of one kind leaves the permits of the others free.
/// Cheap to clone: clones share the permits.
#[derive(Clone)]
pub struct Permits {
    /// For webhooks.
    pub webhooks: Arc<FairSemaphore>,
    /// For requests that only read.
    pub reads: Arc<FairSemaphore>,
    /// For all other requests.
    pub changes: Arc<FairSemaphore>,
    /// For signatures by slow keys (RSA).
    pub signing: Arc<FairSemaphore>,
}

impl Permits {
    /// Creates unused permits from `http.max_requests` and `http.max_waiting`; those for signing follow from the number
    /// of signing threads.
    pub(super) fn new(settings: &Http) -> Self {
        let for_requests = |share: usize| {
            Arc::new(FairSemaphore::new(Limits {
                permits: settings.max_requests,
                share: share.clamp(1, settings.max_requests),
                waiting: settings.max_waiting,
            }))
        };
        let threads = crate::provider::signing_threads();
        let api_share = threads * API_SHARE_PER_CORE;
        let signing = Limits {
            permits: threads * SIGNED_PER_THREAD,
            share: threads,
            // Why: no bound of its own. Each request that waits here holds a permit for requests already, and one page may
            // ask for a hundred videos. A quarter of the range leaves room for sums.
            waiting: usize::MAX / 4,
        };
        Self {
            webhooks: for_requests(settings.max_requests.div_ceil(WEBHOOK_SHARE_DIVISOR)),
            reads: for_requests(api_share),
            changes: for_requests(api_share),
            signing: Arc::new(FairSemaphore::new(signing)),
        }
    }
}
