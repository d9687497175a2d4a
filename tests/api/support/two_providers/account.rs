//! What both fake providers share: the calls as they came, what nobody should have asked, outages, and webhooks that are
//! sent until they are acknowledged.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::HeaderMap;
use yourbit_video::clock::Clock;

/// Senders of webhooks at the same time.
const SENDERS: usize = 6;

/// Whom a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// Somebody waits for it.
    Request,
    /// Nobody does.
    Background,
}

/// A webhook on its way.
struct Event {
    id: String,
    body: Vec<u8>,
}

/// One fake provider's account.
#[derive(Default)]
pub(crate) struct Account {
    calls: Mutex<Vec<(Instant, For, String)>>,
    faults: Mutex<Vec<String>>,
    is_out: AtomicBool,
    turned_away: AtomicUsize,
    queue: Mutex<VecDeque<Event>>,
    made: Mutex<BTreeSet<String>>,
    acknowledged: Mutex<BTreeSet<String>>,
}

impl Account {
    /// Notes a call. False during an outage.
    pub(super) fn take_call(&self, whom: For, what: String) -> bool {
        if self.is_out.load(Ordering::SeqCst) {
            self.turned_away.fetch_add(1, Ordering::SeqCst);
            return false;
        }
        self.calls.lock().unwrap().push((Instant::now(), whom, what));
        true
    }

    /// Something that nobody should ask for.
    pub(super) fn fault(&self, what: String) {
        self.faults.lock().unwrap().push(what);
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        self.faults.lock().unwrap().clone()
    }

    pub(crate) fn be_out(&self, out: bool) {
        self.is_out.store(out, Ordering::SeqCst);
    }

    /// Calls during outages.
    pub(crate) fn turned_away(&self) -> usize {
        self.turned_away.load(Ordering::SeqCst)
    }

    /// The number of calls whose words begin so.
    pub(crate) fn count(&self, what: &str) -> usize {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|(.., one)| one.starts_with(what)).count()
    }

    /// The words of every call, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        calls.iter().map(|(.., what)| what.clone()).collect()
    }

    /// The moments of all calls, and of those that nobody waits for.
    pub(crate) fn times(&self) -> (Vec<Instant>, Vec<Instant>) {
        let calls = self.calls.lock().unwrap();
        let all = calls.iter().map(|(at, ..)| *at).collect();
        let background = calls.iter().filter(|(_, whom, _)| *whom == For::Background);
        (all, background.map(|(at, ..)| *at).collect())
    }

    /// Sends a webhook, again and again until it is acknowledged.
    pub(super) fn tell(&self, id: &str, body: Vec<u8>) {
        self.made.lock().unwrap().insert(id.to_owned());
        let id = id.to_owned();
        self.queue.lock().unwrap().push_back(Event { id, body });
    }

    /// Every webhook that was made is acknowledged.
    pub(crate) fn has_told_all(&self) -> bool {
        let (made, acknowledged) = (self.made.lock().unwrap(), self.acknowledged.lock().unwrap());
        *made == *acknowledged
    }

    /// The ids of the webhooks that were acknowledged.
    pub(crate) fn acknowledged(&self) -> BTreeSet<String> {
        self.acknowledged.lock().unwrap().clone()
    }

    /// Sends webhooks to `url` as long as the drill lasts.
    pub(super) fn send_to(self: &Arc<Self>, url: &str, sign: fn(i64, &[u8]) -> HeaderMap) {
        for _ in 0..SENDERS {
            tokio::spawn(send_all(self.clone(), url.to_owned(), sign));
        }
    }
}

async fn send_all(account: Arc<Account>, url: String, sign: fn(i64, &[u8]) -> HeaderMap) {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    loop {
        let next = account.queue.lock().unwrap().pop_front();
        let Some(event) = next else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let headers = sign(Clock::system().now().timestamp(), &event.body);
        let request = client.post(&url).headers(headers).body(event.body.clone());
        match request.send().await {
            Ok(answer) if answer.status().is_success() => {
                account.acknowledged.lock().unwrap().insert(event.id);
            }
            _ => {
                account.queue.lock().unwrap().push_back(event);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}
