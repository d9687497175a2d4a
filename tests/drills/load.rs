//! Signed webhooks at full speed from several senders that, as providers do, send again what was not acknowledged.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::RngExt;
use rand::seq::{IndexedRandom, SliceRandom};
use serde_json::Value;
use tokio::sync::RwLock;
use tokio::task::JoinSet;
use yourbit_video::clock::Clock;

use crate::form;
use crate::mux::AtMux;
use crate::support::{WEBHOOK_SECRET, mux_events};

/// An event as it is sent, each time with the same bytes.
#[derive(Clone)]
struct Event {
    id: String,
    body: Vec<u8>,
}

impl Event {
    fn of(event: &Value) -> Self {
        Self {
            id: event["id"].as_str().unwrap().to_owned(),
            body: serde_json::to_vec(event).unwrap(),
        }
    }
}

/// What the senders saw.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) sent: u64,
    /// Ids of events that got a 2xx, and how many 2xx there were.
    pub(crate) acknowledged: HashSet<String>,
    pub(crate) answers_2xx: u64,
    /// Those that said `duplicate`.
    pub(crate) duplicates: u64,
    /// Status → how often; 0 for none at all.
    pub(crate) refused: BTreeMap<u16, u64>,
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sent,
            answers_2xx,
            duplicates,
            refused,
            ..
        } = self;
        write!(
            f,
            "sent {sent}, 2xx {answers_2xx} (of them duplicates {duplicates}, distinct events {}), not 2xx {refused:?}",
            self.acknowledged.len()
        )
    }
}

struct Shared {
    targets: Vec<String>,
    videos: Vec<AtMux>,
    /// To be sent, first ones first; again where they were not acknowledged.
    queue: Mutex<VecDeque<Event>>,
    /// Sent before.
    known: Mutex<Vec<Event>>,
    made: Mutex<u64>,
    ledger: Mutex<Ledger>,
    /// What the provider signs with; a delivery is done before they change.
    secrets: RwLock<Vec<String>>,
    /// No new events any more: only what is left.
    draining: AtomicBool,
}

/// The senders at work.
pub(crate) struct Load {
    shared: Arc<Shared>,
    senders: JoinSet<()>,
}

impl Load {
    /// Begins to send the lives of `videos`, shuffled, with repetitions and further events among them.
    pub(crate) fn start(targets: &[&str], videos: Vec<AtMux>) -> Self {
        let now = Clock::system().now();
        let mut events: Vec<Event> = videos
            .iter()
            .flat_map(|video| video.events(now))
            .map(|event| Event::of(&event))
            .collect();
        events.shuffle(&mut rand::rng());
        let shared = Arc::new(Shared {
            targets: targets
                .iter()
                .map(|url| format!("{url}/v1/webhooks/mux"))
                .collect(),
            videos,
            queue: Mutex::new(events.into()),
            known: Mutex::default(),
            made: Mutex::default(),
            ledger: Mutex::default(),
            secrets: RwLock::new(vec![WEBHOOK_SECRET.to_owned()]),
            draining: AtomicBool::new(false),
        });
        let mut senders = JoinSet::new();
        for _ in 0..form("DRILL_CLIENTS", 24) {
            senders.spawn(send_all(shared.clone()));
        }
        Self { shared, senders }
    }

    /// How many answers of this status there were; 0 for none at all.
    pub(crate) fn refused(&self, status: u16) -> u64 {
        let ledger = self.shared.ledger.lock().unwrap();
        ledger.refused.get(&status).copied().unwrap_or_default()
    }

    /// From now on each delivery is signed with one of these.
    pub(crate) async fn sign_with(&self, secrets: &[&str]) {
        let secrets = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        *self.shared.secrets.write().await = secrets;
    }

    pub(crate) fn answers_2xx(&self) -> u64 {
        self.shared.ledger.lock().unwrap().answers_2xx
    }

    /// Sends what is left until everything is acknowledged; returns what was seen.
    pub(crate) async fn finish(mut self) -> Ledger {
        self.shared.draining.store(true, Ordering::SeqCst);
        let all = async { while self.senders.join_next().await.is_some() {} };
        tokio::time::timeout(crate::service::DEADLINE, all)
            .await
            .expect("everything is acknowledged in time");
        std::mem::take(&mut *self.shared.ledger.lock().unwrap())
    }
}

impl Shared {
    fn next(&self) -> Option<Event> {
        let mut rng = rand::rng();
        let draining = self.draining.load(Ordering::SeqCst);
        if !draining && rng.random_ratio(3, 4) {
            let known = self.known.lock().unwrap();
            if let (Some(event), true) = (known.choose(&mut rng), rng.random_ratio(1, 3)) {
                return Some(event.clone());
            }
            drop(known);
            return Some(self.make(&mut rng));
        }
        let left = self.queue.lock().unwrap().pop_front();
        left.or_else(|| (!draining).then(|| self.make(&mut rng)))
    }

    fn make(&self, rng: &mut impl rand::Rng) -> Event {
        let mut made = self.made.lock().unwrap();
        *made += 1;
        Event::of(
            &self
                .videos
                .choose(rng)
                .unwrap()
                .once_more(*made, Clock::system().now()),
        )
    }

    fn target(&self) -> &str {
        self.targets.choose(&mut rand::rng()).unwrap()
    }
}

async fn send_all(shared: Arc<Shared>) {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    while let Some(event) = shared.next() {
        let now = Clock::system().now().timestamp();
        let secrets = shared.secrets.read().await;
        let secret = secrets.choose(&mut rand::rng()).unwrap();
        let signature = mux_events::signature(secret, now, &event.body);
        let request = client
            .post(shared.target())
            .header("mux-signature", signature)
            .body(event.body.clone());
        let answer = match request.send().await {
            Ok(response) => {
                let status = response.status().as_u16();
                // The answer counts where its head came: a provider reads no more.
                (status, response.text().await.unwrap_or_default())
            }
            Err(_) => (0, String::new()),
        };
        drop(secrets);
        let acknowledged = (200..300).contains(&answer.0);
        {
            let mut ledger = shared.ledger.lock().unwrap();
            ledger.sent += 1;
            if acknowledged {
                ledger.answers_2xx += 1;
                ledger.duplicates += u64::from(answer.1.contains("duplicate"));
                ledger.acknowledged.insert(event.id.clone());
            } else {
                *ledger.refused.entry(answer.0).or_default() += 1;
            }
        }
        if acknowledged {
            shared.known.lock().unwrap().push(event);
        } else {
            shared.queue.lock().unwrap().push_back(event);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
