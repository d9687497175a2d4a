//! Secrets and the signing key are rotated under load, again and again: nobody who is in the right is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::seq::IndexedRandom;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::sync::RwLock;
use tokio::task::JoinSet;
use tokio::time::Instant;
use yourbit_video::clock::Clock;

use crate::form;
use crate::kill::{begin_videos, check};
use crate::load::Load;
use crate::mux::AtMux;
use crate::rows::Rows;
use crate::service::{DEADLINE, Service};
use crate::support::database::TestDatabase;
use crate::support::fake_mux::FakeMux;
use crate::support::keys::Key;
use crate::support::{Db, SECRET, WEBHOOK_SECRET, mux_events};

/// Callers that ask for playback all the time.
const CALLERS: usize = 8;
/// Come again: the machine was slow. Who does is not refused.
const BUSY: u16 = 503;

/// The variables of each secret and its file, in the folder that the service runs in.
const FILES: [(&str, &str, &str); 4] = [
    ("VIDEO_AUTH__JWT_SECRET", "VIDEO_AUTH__JWT_SECRET_FILE", "jwt"),
    ("VIDEO_WEBHOOK_SECRET", "VIDEO_WEBHOOK_SECRET_FILE", "webhook"),
    ("VIDEO_SIGNING_KEY", "VIDEO_SIGNING_KEY_FILE", "key-id"),
    ("VIDEO_PRIVATE_KEY", "VIDEO_PRIVATE_KEY_FILE", "key"),
];

fn webhook_secret(round: usize) -> String {
    if round == 0 {
        WEBHOOK_SECRET.to_owned()
    } else {
        format!("webhook secret number {round}")
    }
}

fn caller_secret(round: usize) -> String {
    if round == 0 {
        SECRET.to_owned()
    } else {
        format!("{round}: a caller's secret of more than 32 bytes")
    }
}

/// A token of the user whose the drill's videos are.
fn token(secret: &str) -> String {
    let claims = json!({"sub": "alice", "exp": Clock::system().now().timestamp() + 3600});
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}

/// Who asks for playback, and what they may expect.
struct Callers {
    url: String,
    /// A request is done before they change.
    secrets: RwLock<Vec<String>>,
    /// The public keys at the provider, by number.
    keys: Vec<DecodingKey>,
    /// Signatures by older keys than this come no more, and by newer ones than that not yet.
    oldest: AtomicUsize,
    newest: AtomicUsize,
    asked: AtomicU64,
    ended: AtomicBool,
}

impl Callers {
    async fn ask_until_the_end(self: Arc<Self>) {
        let client = reqwest::Client::new();
        while !self.ended.load(Ordering::SeqCst) {
            let secrets = self.secrets.read().await;
            let token = token(secrets.choose(&mut rand::rng()).unwrap());
            let oldest = self.oldest.load(Ordering::SeqCst);
            let answer = client.get(&self.url).bearer_auth(token).send().await.unwrap();
            let newest = self.newest.load(Ordering::SeqCst);
            drop(secrets);
            let (status, text) = (answer.status(), answer.text().await.unwrap());
            if status == BUSY {
                continue;
            }
            assert_eq!(status, 200, "{text}");
            let body: Value = serde_json::from_str(&text).unwrap();
            for token in body["tokens"].as_object().unwrap().values() {
                let number = self.signed_by(token.as_str().unwrap());
                assert!((oldest..=newest).contains(&number), "{oldest} {number} {newest}");
            }
            self.asked.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// The number of the key that signed it; panics where none did.
    fn signed_by(&self, token: &str) -> usize {
        let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        let number: usize = kid.strip_prefix("key-").unwrap().parse().unwrap();
        let mut rules = Validation::new(Algorithm::RS256);
        rules.validate_aud = false;
        jsonwebtoken::decode::<Value>(token, &self.keys[number], &rules).unwrap();
        number
    }
}

/// The service's files, and its word that it has read them.
struct Operator<'a> {
    service: &'a Service,
    keys: &'a [Key],
    taken: usize,
    refused: usize,
}

impl Operator<'_> {
    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.service.path(name), text).unwrap();
    }

    fn write_key(&self, number: usize) {
        self.write("key-id", &format!("key-{number}\n"));
        self.write("key", &self.keys[number].private_pem);
    }

    /// SIGHUP, until it is taken.
    async fn reload(&mut self) {
        self.service.signal(Signal::HUP);
        self.taken += 1;
        self.wait("reloaded: ", self.taken).await;
        assert_eq!(self.count("not reloaded"), self.refused, "{}", self.service.log());
    }

    /// SIGHUP, until it is refused in one line that names `words`.
    async fn reload_in_vain(&mut self, words: &[&str]) {
        self.service.signal(Signal::HUP);
        self.refused += 1;
        self.wait("not reloaded", self.refused).await;
        let log = self.service.log();
        let line = log.lines().rfind(|line| line.contains("not reloaded")).unwrap();
        for word in words {
            assert!(line.contains(word), "{line}");
        }
        assert_eq!(self.count("reloaded: "), self.taken);
    }

    fn count(&self, words: &str) -> usize {
        let log = self.service.log();
        log.matches(&format!("\"message\":\"{words}")).count()
    }

    async fn wait(&self, words: &str, times: usize) {
        let end = Instant::now() + DEADLINE;
        while self.count(words) < times {
            assert!(Instant::now() < end, "{words}: {}", self.service.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A map and then a key that are no good, each beside a secret that would be: none of it is taken over.
    async fn spoil(&mut self, round: usize) {
        let map = std::fs::read_to_string(self.service.path("mux.toml")).unwrap();
        self.write("webhook", "a secret that nobody signs with");
        self.write("mux.toml", &map.replace("[asset.get", "[asset.gte"));
        self.reload_in_vain(&["mux.toml", "gte"]).await;
        self.write("mux.toml", &map);
        self.write(
            "key",
            "-----BEGIN PRIVATE KEY-----\nno key\n-----END PRIVATE KEY-----\n",
        );
        self.reload_in_vain(&["mux.toml", "VIDEO_PRIVATE_KEY"]).await;
        self.write_key(round);
        self.write("webhook", &webhook_secret(round));
    }
}

async fn drill(name: &str, db: Db) {
    let (database, mux) = (TestDatabase::make(db).await, FakeMux::start().await);
    let rounds = form("DRILL_ROTATIONS", 4);
    let pairs: Vec<Key> = (0..=rounds).map(|_| Key::make()).collect();
    let mut service = Service::new(&database.url, &mux.url, &settings());
    let first = [
        ("jwt", SECRET),
        ("webhook", WEBHOOK_SECRET),
        ("key-id", "key-0"),
        ("key", &pairs[0].private_pem),
    ];
    for (file, text) in first {
        std::fs::write(service.path(file), text).unwrap();
    }
    service.start().await;
    let videos = begin_videos(&service, &mux).await;
    let playing = make_ready(&service, &videos[0]).await;
    let callers = Arc::new(Callers {
        url: playing,
        secrets: RwLock::new(vec![caller_secret(0)]),
        keys: pairs
            .iter()
            .map(|key| DecodingKey::from_rsa_pem(key.public_pem.as_bytes()).unwrap())
            .collect(),
        oldest: AtomicUsize::new(0),
        newest: AtomicUsize::new(0),
        asked: AtomicU64::new(0),
        ended: AtomicBool::new(false),
    });
    let load = Load::start(&[&service.url], videos.clone());
    let mut asking = JoinSet::new();
    for _ in 0..CALLERS {
        asking.spawn(callers.clone().ask_until_the_end());
    }
    let mut operator = Operator {
        service: &service,
        keys: &pairs,
        taken: 0,
        refused: 0,
    };
    for round in 1..=rounds {
        rotate(&mut operator, &callers, &load, round).await;
        operator.spoil(round).await;
    }
    let reloads = (operator.taken, operator.refused);
    callers.ended.store(true, Ordering::SeqCst);
    while let Some(asked) = asking.join_next().await {
        asked.unwrap();
    }
    let ledger = load.finish().await;
    println!(
        "{name}: {} reloads taken, {} refused; {} answers with tokens of {} keys",
        reloads.0,
        reloads.1,
        callers.asked.load(Ordering::SeqCst),
        rounds + 1
    );
    assert!(
        ledger.refused.keys().all(|status| *status == BUSY),
        "{name}: {ledger}"
    );
    check(name, &ledger, &videos, &Rows::of(&database.url).await).await;
    let client = reqwest::Client::new();
    for (round, status) in [(rounds - 1, 401_u16), (rounds, 200)] {
        let request = client.get(&callers.url).bearer_auth(token(&caller_secret(round)));
        assert_eq!(
            request.send().await.unwrap().status(),
            status,
            "what is out is out"
        );
        let event = videos[0].once_more(1_000_000, Clock::system().now());
        assert_eq!(deliver(&service, &webhook_secret(round), &event).await, status);
    }
    service.signal(Signal::TERM);
    tokio::time::sleep(Duration::from_millis(100)).await;
    service.signal(Signal::HUP);
    assert!(service.ends_well().await, "{name}: {}", service.log());
    assert_eq!(service.log().matches("\"message\":\"reloaded").count(), reloads.0);
    service.assert_no_panic();
}

/// Old and new together, then new alone; the load follows as a provider and a backend would.
async fn rotate(operator: &mut Operator<'_>, callers: &Callers, load: &Load, round: usize) {
    let [old, new] = [round - 1, round].map(webhook_secret);
    let [old_caller, new_caller] = [round - 1, round].map(caller_secret);
    operator.write("webhook", &format!("{old},{new}\n"));
    operator.write("jwt", &format!("{new_caller},{old_caller}"));
    callers.newest.store(round, Ordering::SeqCst);
    operator.write_key(round);
    operator.reload().await;
    callers.oldest.store(round, Ordering::SeqCst);
    load.sign_with(&[&old, &new]).await;
    *callers.secrets.write().await = vec![old_caller, new_caller.clone()];
    under_load(callers, load).await;
    load.sign_with(&[&new]).await;
    *callers.secrets.write().await = vec![new_caller.clone()];
    operator.write("webhook", &new);
    operator.write("jwt", &new_caller);
    operator.reload().await;
    under_load(callers, load).await;
}

/// Some of everything is answered.
async fn under_load(callers: &Callers, load: &Load) {
    let (asked, taken) = (callers.asked.load(Ordering::SeqCst), load.answers_2xx());
    let end = Instant::now() + DEADLINE;
    while callers.asked.load(Ordering::SeqCst) < asked + 20 || load.answers_2xx() < taken + 50 {
        assert!(Instant::now() < end, "nothing is answered");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Secrets come from files, and each reload is logged.
fn settings() -> Vec<(&'static str, &'static str)> {
    let files = FILES.into_iter();
    let mut all: Vec<_> = files
        .flat_map(|(plain, by_file, file)| [(plain, ""), (by_file, file)])
        .collect();
    all.push(("VIDEO_HTTP__DRAIN_S", "1"));
    all.push(("VIDEO_LOG__FILTER", "warn,yourbit_video::commands=info"));
    all
}

/// The address of a video's playback, once it plays.
async fn make_ready(service: &Service, video: &AtMux) -> String {
    for event in video.events(Clock::system().now()) {
        assert_eq!(deliver(service, WEBHOOK_SECRET, &event).await, 200);
    }
    format!("{}/v1/videos/{}/playback", service.url, video.ids.video)
}

async fn deliver(service: &Service, secret: &str, event: &Value) -> u16 {
    let body = serde_json::to_vec(event).unwrap();
    let signature = mux_events::signature(secret, Clock::system().now().timestamp(), &body);
    let request = reqwest::Client::new()
        .post(format!("{}/v1/webhooks/mux", service.url))
        .header("mux-signature", signature);
    request.body(body).send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_in_the_right_is_refused_while_secrets_rotate_on_sqlite() {
    drill("Rotation, SQLite", Db::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_in_the_right_is_refused_while_secrets_rotate_on_postgres() {
    drill("Rotation, PostgreSQL", Db::Postgres).await;
}
