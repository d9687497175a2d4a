//! A crowd on the built-in provider: owners with one file, owners with many, kinds of all sorts, kill -9 in between.
//!
//! 1. Every owner uploads at once; an upload that a kill cuts goes on where the service says.
//! 2. Meanwhile the service is killed at random moments and started again.
//! 3. Each right file gets ready and plays; each wrong one is errored with the code for that.
//! 4. While a file waits, every other owner gets at most as many turns as its own owner had to wait for.
//!
//! `DRILL_OWNERS` (8), `DRILL_FILES` (12), `DRILL_CROWD_KILLS` (1). `tests/crowd` runs fifty, a hundred and three.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rand::RngExt;
use reqwest::{Client, Url};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;
use yourbit_video::clock::Clock;

use crate::crowd_files::{Class, KINDS, Kind, LONG};
use crate::form;
use crate::judge_media::Media;
use crate::judge_playlist::{Served, get};
use crate::service::Service;
use crate::support::sign;

/// How long all of it may take: a file a second and a half, on a machine that does nothing else, and a good deal more.
fn deadline(files: usize) -> Duration {
    Duration::from_mins(1) + Duration::from_secs(8) * u32::try_from(files).unwrap()
}

/// One file of one owner, on its way.
#[derive(Clone, Debug)]
struct Sent {
    owner: String,
    kind: &'static str,
    class: Class,
    length_s: f64,
    id: String,
    /// When the service had answered for the last byte.
    arrived: DateTime<Utc>,
}

/// The same at its end: `ready` or `errored`.
#[derive(Debug)]
struct Ended {
    sent: Sent,
    status: String,
    code: Value,
    ended: DateTime<Utc>,
}

impl Ended {
    fn waited_s(&self) -> f64 {
        (self.ended - self.sent.arrived).as_seconds_f64()
    }

    fn ended_during(&self, other: &Self) -> bool {
        other.sent.arrived < self.ended && self.ended < other.ended
    }
}

fn token(owner: &str) -> String {
    sign(&json!({"sub": owner, "exp": Clock::system().now().timestamp() + 7200}))
}

/// Who uploads what: a tenth of the owners share all files that are left when each of the others has one.
fn plan(owners: usize, files: usize) -> Vec<(String, Kind)> {
    let greedy = (owners / 10).max(1);
    let ordinary = (0..owners - greedy).map(|at| (format!("ordinary-{at}"), KINDS[at % KINDS.len()].0));
    let many = (0..files + greedy - owners)
        .map(|at| (format!("greedy-{}", at % greedy), LONG[at / greedy % LONG.len()]));
    let mut made: BTreeMap<&str, Kind> = BTreeMap::new();
    ordinary
        .chain(many)
        .map(|(owner, name)| {
            (
                owner,
                made.entry(name).or_insert_with(|| Kind::make(name)).clone(),
            )
        })
        .collect()
}

/// A client for one owner, who repeats what a kill interrupts.
struct Owner {
    client: Client,
    url: String,
    name: String,
}

impl Owner {
    /// Sends until there is an answer that is no 5xx.
    async fn ask(&self, request: impl Fn() -> reqwest::RequestBuilder) -> reqwest::Response {
        let end = Instant::now() + Duration::from_mins(2);
        loop {
            if let Ok(answer) = request().send().await
                && !answer.status().is_server_error()
            {
                return answer;
            }
            assert!(Instant::now() < end, "{}: nobody answers", self.name);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn json(&self, request: impl Fn() -> reqwest::RequestBuilder) -> Value {
        let answer = self.ask(request).await;
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        assert!(status.is_success(), "{}: {status}: {text}", self.name);
        serde_json::from_str(&text).unwrap()
    }

    /// Begins an upload. Why without a key: one that a kill cut off holds its key for a minute. What was begun then waits
    /// for a file that never comes.
    async fn begin(&self) -> Value {
        self.json(|| {
            self.client
                .post(format!("{}/v1/uploads", self.url))
                .bearer_auth(token(&self.name))
                .json(&json!({"playback_policy": "public"}))
        })
        .await
    }

    /// Sends the rest of a file again and again until the service has all of it.
    async fn send(&self, url: &str, file: &[u8]) {
        let total = file.len();
        let mut offset = 0;
        let end = Instant::now() + Duration::from_mins(2);
        loop {
            let range = format!("bytes {offset}-{}/{total}", total - 1);
            let request = self.client.put(url).header("content-range", range);
            if let Ok(answer) = request.body(file[offset..].to_vec()).send().await
                && answer.status() == 200
            {
                return;
            }
            assert!(Instant::now() < end, "{}: the upload does not end", self.name);
            tokio::time::sleep(Duration::from_millis(100)).await;
            let probe = self
                .client
                .put(url)
                .header("content-range", "bytes */*")
                .send()
                .await;
            match probe {
                Ok(answer) if answer.status() == 200 => return,
                Ok(answer) => offset = held(&answer),
                Err(_) => {}
            }
        }
    }

    async fn upload(&self, kind: &Kind) -> Sent {
        let begun = self.begin().await;
        self.send(begun["upload"]["url"].as_str().unwrap(), &kind.bytes)
            .await;
        Sent {
            owner: self.name.clone(),
            kind: kind.name,
            class: kind.class,
            length_s: kind.length_s,
            id: begun["video"]["id"].as_str().unwrap().to_owned(),
            arrived: Clock::system().now(),
        }
    }

    /// Waits for the end of a video.
    async fn wait(&self, sent: Sent, within: Duration) -> Ended {
        let end = Instant::now() + within;
        loop {
            let shown = self
                .json(|| {
                    self.client
                        .get(format!("{}/v1/videos/{}", self.url, sent.id))
                        .bearer_auth(token(&self.name))
                })
                .await;
            let status = shown["status"].as_str().unwrap();
            if matches!(status, "ready" | "errored") {
                let at = if status == "ready" {
                    "ready_at"
                } else {
                    "updated_at"
                };
                return Ended {
                    status: status.to_owned(),
                    code: shown["error"]["code"].clone(),
                    ended: shown[at].as_str().unwrap().parse().unwrap(),
                    sent,
                };
            }
            assert!(Instant::now() < end, "{} of {}: {shown}", sent.kind, self.name);
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
}

/// The offset that a 308 names; 0 where nothing is held.
fn held(answer: &reqwest::Response) -> usize {
    let range = answer
        .headers()
        .get("range")
        .and_then(|range| range.to_str().ok());
    range
        .and_then(|range| range.strip_prefix("bytes=0-")?.parse::<usize>().ok())
        .map_or(0, |last| last + 1)
}

/// What does not hold of one file at its end.
async fn file_fault(client: &Client, service: &str, one: &Ended) -> Option<String> {
    let Ended {
        sent, status, code, ..
    } = one;
    let wants = if sent.class == Class::Wrong {
        "errored"
    } else {
        "ready"
    };
    if status != wants {
        return Some(format!("{} is {status}: {code}", sent.kind));
    }
    if sent.class == Class::Wrong {
        let is_right = code
            .as_str()
            .is_some_and(|code| ["unsupported_file", "corrupt_file", "no_video"].contains(&code));
        return (!is_right).then(|| format!("{}: the code is {code}", sent.kind));
    }
    play(client, service, sent)
        .await
        .err()
        .map(|fault| format!("{}: {fault}", sent.kind))
}

/// Plays a stream as far as its first and its last segment, which ffprobe must be able to read.
async fn play(client: &Client, service: &str, sent: &Sent) -> Result<(), String> {
    let url = format!("{service}/v1/videos/{}/playback", sent.id);
    let answer = client.get(url).bearer_auth(token(&sent.owner)).send().await;
    let answer: Value = answer
        .map_err(|error| error.to_string())?
        .json()
        .await
        .map_err(|error| error.to_string())?;
    let hls = answer["urls"]["hls"].as_str().ok_or_else(|| answer.to_string())?;
    let master = Url::parse(hls).map_err(|error| error.to_string())?;
    let served = Served::read(client, &master).await?;
    for rendition in &served.renditions {
        let length_s = rendition.length_s();
        if (length_s - sent.length_s).abs() > 0.3 {
            return Err(format!("it has {length_s} s, not {}", sent.length_s));
        }
        let first = get(client, &rendition.segments[0].0).await?;
        let last = get(client, &rendition.segments[rendition.segments.len() - 1].0).await?;
        for bytes in [first, last] {
            let file = tempfile::NamedTempFile::with_suffix(".ts").map_err(|error| error.to_string())?;
            std::fs::write(file.path(), bytes).map_err(|error| error.to_string())?;
            if Media::read(file.path())?.streams().count() == 0 {
                return Err("a segment without a stream".to_owned());
            }
        }
    }
    Ok(())
}

/// Returns, for one file, the owner who had the most turns while it waited, with their number and how many are fair.
///
/// Its own owner's files that wait before it, and itself, are turns of its own. In each of them every other owner may have
/// one. One more was under way when it arrived, and one more begins anew after each kill: the order of turns is not kept.
fn turns(one: &Ended, all: &[Ended], kills: &[DateTime<Utc>]) -> (usize, usize) {
    let before = all.iter().filter(|other| {
        other.sent.owner == one.sent.owner && other.sent.class == one.sent.class && other.ended_during(one)
    });
    let during = |at: &&DateTime<Utc>| one.sent.arrived < **at && **at < one.ended;
    let fair = before.count() + 1 + 1 + kills.iter().filter(during).count();
    let mut by_owner: BTreeMap<&str, usize> = BTreeMap::new();
    for other in all {
        // Why the same class: what is cut and what is encoded have places of their own.
        if other.sent.owner != one.sent.owner && other.sent.class == one.sent.class && other.ended_during(one)
        {
            *by_owner.entry(&other.sent.owner).or_default() += 1;
        }
    }
    (by_owner.into_values().max().unwrap_or_default(), fair)
}

fn print_times(all: &[Ended]) {
    for class in [Class::Cut, Class::Encoded, Class::Wrong] {
        for greedy in [false, true] {
            let of_these =
                |one: &&Ended| one.sent.class == class && one.sent.owner.starts_with("greedy") == greedy;
            let mut waits: Vec<f64> = all.iter().filter(of_these).map(Ended::waited_s).collect();
            waits.sort_by(f64::total_cmp);
            if let (Some(middle), Some(longest)) = (waits.get(waits.len() / 2), waits.last()) {
                let who = if greedy {
                    "owners with many"
                } else {
                    "owners with one"
                };
                println!(
                    "{class:?}, {who}: {} files, from the last byte to the end {middle:.1} s in the middle, {longest:.1} s at most",
                    waits.len()
                );
            }
        }
    }
}

/// Kills the service after random times, as often as that; says when.
async fn kill(service: Arc<Mutex<Service>>, times: usize, within: Duration) -> Vec<DateTime<Utc>> {
    let mut moments = Vec::new();
    for _ in 0..times {
        let pause_ms = rand::rng().random_range(within.as_millis() / 4..=within.as_millis());
        tokio::time::sleep(Duration::from_millis(u64::try_from(pause_ms).unwrap())).await;
        let mut service = service.lock().await;
        moments.push(Clock::system().now());
        service.kill();
        service.start().await;
    }
    moments
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_files_survives_kill_9_and_each_owner_has_their_turn() {
    let (owners, files) = (form("DRILL_OWNERS", 8), form("DRILL_FILES", 12));
    let kills = form("DRILL_CROWD_KILLS", 1);
    let plan = plan(owners, files);
    let kinds: BTreeSet<&str> = plan.iter().map(|(_, kind)| kind.name).collect();
    let kinds = kinds.len();
    let folder = TempDir::new().unwrap();
    let database = format!("sqlite://{}/drill.db", folder.path().display());
    let dir = folder.path().join("local");
    let more = [
        ("VIDEO_PROVIDERS__ENABLED", "local"),
        ("VIDEO_PROVIDERS__DEFAULT", "local"),
        ("VIDEO_LOCAL__DIR", dir.to_str().unwrap()),
        ("VIDEO_LOCAL__MIN_FREE_BYTES", "1"),
        ("VIDEO_LOCAL__MAX_OPEN_UPLOADS_PER_OWNER", "100"),
        ("VIDEO_HTTP__DRAIN_S", "0"),
    ];
    let mut service = Service::new(&database, "http://127.0.0.1:9", &more);
    service.start().await;
    let url = service.url.clone();
    let service = Arc::new(Mutex::new(service));
    let within = Duration::from_millis(250) * u32::try_from(files).unwrap();
    let killer = tokio::spawn(kill(service.clone(), kills, within));

    let client = Client::builder().no_proxy().build().unwrap();
    let mut tasks = JoinSet::new();
    for (name, kind) in plan {
        let (client, url) = (client.clone(), url.clone());
        tasks.spawn(async move {
            let owner = Owner { client, url, name };
            let sent = owner.upload(&kind).await;
            owner.wait(sent, deadline(files)).await
        });
    }
    let mut all = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        all.push(ended.unwrap());
    }
    let moments = killer.await.unwrap();
    assert_eq!(all.len(), files);

    let mut faults = Vec::new();
    let mut most = (0, Reverse(0));
    for one in &all {
        faults.extend(file_fault(&client, &url, one).await);
        let (turns, fair) = turns(one, &all, &moments);
        if one.sent.owner.starts_with("ordinary") {
            most = most.max((turns, Reverse(fair)));
        }
        if turns > fair {
            faults.push(format!(
                "{} of {} waited for {turns} files of another owner, {fair} are fair",
                one.sent.kind, one.sent.owner
            ));
        }
    }
    let wrong = all.iter().filter(|one| one.status == "errored").count();
    println!(
        "{owners} owners, {files} files of {} kinds, killed {kills} times: {} ready, {wrong} errored; an owner with \
         one file waited for {} of another owner at most ({} are fair there)",
        kinds,
        files - wrong,
        most.0,
        most.1.0
    );
    print_times(&all);
    service.lock().await.assert_no_panic();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
