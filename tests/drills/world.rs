//! One database, the provider behind it, and a process that dies and is made anew. Time stands still between steps.

use std::collections::HashSet;
use std::pin::pin;
use std::task::Poll;

use axum::Router;
use axum::body::Body;
use chrono::{DateTime, Duration, Utc};
use futures::{FutureExt, join};
use http::Request;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tower::ServiceExt;
use yourbit_video::clock::Clock;
use yourbit_video::domain::{Field, Video};
use yourbit_video::jobs::{inbox, reconcile};
use yourbit_video::state::AppState;

use crate::mux::{AtMux, Life};
use crate::rows::Rows;
use crate::service::hasty_map;
use crate::support::database::TestDatabase;
use crate::support::fake_mux::FakeMux;
use crate::support::mux_events::{self, Ids};
use crate::support::{Db, WEBHOOK_SECRET, build, environment, sign, start_of_time};

/// What a process holds in memory.
#[derive(Clone)]
struct Process {
    state: AppState,
    router: Router,
}

/// Everything that outlives a process.
pub(crate) struct World {
    pub(crate) rows: Rows,
    /// The events of each video, as they are sent.
    pub(crate) events: Vec<Vec<Value>>,
    videos: Vec<AtMux>,
    /// Those that got a 2xx.
    acknowledged: HashSet<(usize, usize)>,
    process: Process,
    deaths: usize,
    clock: Clock,
    mux: FakeMux,
    maps: TempDir,
    database: TestDatabase,
}

impl World {
    /// One upload for each life.
    pub(crate) async fn begin(db: Db, lives: &[Life], ahead: i64) -> Self {
        let database = TestDatabase::make(db).await;
        let mux = FakeMux::start().await;
        let maps = TempDir::new().unwrap();
        std::fs::write(maps.path().join("mux.toml"), hasty_map()).unwrap();
        let clock = Clock::frozen(start_of_time() + Duration::milliseconds(700));
        let ahead = Duration::seconds(ahead);
        mux.tell_time(&clock, ahead);
        let process = process(&database, &mux, &maps, &clock).await;
        let mut videos = Vec::new();
        for life in lives {
            let (status, answer) = process.call("POST", "/v1/uploads", &clock).await;
            assert_eq!(status, 201, "{answer}");
            let video = AtMux {
                ids: Ids::of(&answer["video"]),
                life: *life,
            };
            video.live_at(&mux, clock.now() + ahead);
            if let Some(asset) = files_at(&video, "ready", clock.now() + ahead) {
                mux.know(&asset["data"]);
            }
            videos.push(video);
        }
        let events = videos
            .iter()
            .map(|video| all_events(video, clock.now() + ahead))
            .collect();
        Self {
            rows: Rows::of(&database.url).await,
            events,
            videos,
            acknowledged: HashSet::new(),
            process,
            deaths: 0,
            clock,
            mux,
            maps,
            database,
        }
    }

    pub(crate) async fn send(&mut self, (video, event): (usize, usize)) {
        let pick = self.pick(video, event);
        let sent = self.process.webhook(self.event(pick), &self.clock).await;
        assert_eq!(sent, 200);
        self.acknowledged.insert(pick);
    }

    pub(crate) async fn send_and_die(&mut self, (video, event): (usize, usize), awaits: usize) {
        let pick = self.pick(video, event);
        let sending = self.process.webhook(self.event(pick), &self.clock);
        if die_after(awaits, sending).await == Some(200) {
            self.acknowledged.insert(pick);
        }
        self.die().await;
    }

    pub(crate) async fn apply(&mut self) {
        self.process.apply().await;
    }

    pub(crate) async fn apply_and_die(&mut self, awaits: usize) {
        die_after(awaits, self.process.apply()).await;
        self.die().await;
    }

    pub(crate) async fn apply_without_refresh(&mut self) {
        let mut refreshes = JoinSet::new();
        inbox::apply_due_events(&self.process.state, &mut refreshes)
            .await
            .unwrap();
        refreshes.abort_all();
        self.die().await;
    }

    pub(crate) async fn reconcile(&mut self) {
        reconcile::run_pass(&self.process.state, None).await.unwrap();
    }

    pub(crate) async fn reconcile_and_die(&mut self, awaits: usize) {
        Box::pin(die_after(awaits, reconcile::run_pass(&self.process.state, None))).await;
        self.die().await;
    }

    /// The answers are made at once and kept back for two seconds; an event comes in meanwhile.
    pub(crate) async fn reconcile_slowly(&mut self, (video, event): (usize, usize)) {
        let pick = self.pick(video, event);
        let asked = self.mux.requests().len();
        self.mux.hold();
        let mut pass = pin!(reconcile::run_pass(&self.process.state, None).fuse());
        let mut over = None;
        while over.is_none() && self.mux.requests().len() == asked {
            over = std::future::poll_fn(|context| {
                Poll::Ready(match pass.as_mut().poll(context) {
                    Poll::Ready(result) => Some(result),
                    Poll::Pending => None,
                })
            })
            .await;
            tokio::task::yield_now().await;
        }
        self.clock.advance(Duration::seconds(1));
        let sent = self.process.webhook(self.event(pick), &self.clock).await;
        assert_eq!(sent, 200);
        self.acknowledged.insert(pick);
        self.clock.advance(Duration::seconds(1));
        self.mux.let_go();
        let result = match over {
            Some(result) => result,
            None => pass.await,
        };
        result.unwrap();
    }

    pub(crate) async fn race(&mut self, (video, event): (usize, usize)) {
        let pick = self.pick(video, event);
        let (one, other) = (self.process.clone(), self.fresh().await);
        let event = self.event(pick);
        let (first, second, .., pass, other_pass) = join!(
            one.webhook(event, &self.clock),
            other.webhook(event, &self.clock),
            one.apply(),
            other.apply(),
            reconcile::run_pass(&one.state, None),
            reconcile::run_pass(&other.state, None),
        );
        assert_eq!((first, second), (200, 200));
        pass.unwrap();
        other_pass.unwrap();
        self.acknowledged.insert(pick);
    }

    pub(crate) async fn delete(&mut self, video: usize) {
        let video = &self.videos[video % self.videos.len()];
        if video.life == Life::OwnerDeletes {
            let path = format!("/v1/videos/{}", video.ids.video);
            let (status, answer) = self.process.call("DELETE", &path, &self.clock).await;
            assert!([202, 404].contains(&status), "{status} {answer}");
        }
    }

    pub(crate) fn wait(&mut self) {
        self.clock.advance(Duration::minutes(3));
    }

    /// The provider sends what was never acknowledged, and time goes by: each video's end, and how many processes
    /// died.
    pub(crate) async fn end(mut self) -> (Vec<Value>, usize) {
        self.die().await;
        for video in 0..self.events.len() {
            for event in 0..self.events[video].len() {
                if !self.acknowledged.contains(&(video, event)) {
                    self.send((video, event)).await;
                }
            }
            self.delete(video).await;
        }
        for asks in [false, true, true, true, true] {
            self.rows.end_leases().await;
            self.wait();
            inbox::sweep_parked(&self.process.state).await.unwrap();
            self.apply().await;
            if asks {
                self.reconcile().await;
            } else {
                self.check_reported().await;
            }
        }
        // Once a month the provider is asked about ready videos too.
        self.clock.advance(Duration::days(31));
        self.reconcile().await;
        let states = self.rows.states().await;
        assert!(
            states
                .keys()
                .all(|state| ["applied", "ignored"].contains(&state.as_str())),
            "{states:?}"
        );
        let twice = self
            .rows
            .inbox()
            .await
            .into_values()
            .filter(|count| *count != 1)
            .count();
        assert_eq!(twice, 0, "each event is in the inbox once");
        let mut ends = Vec::new();
        for video in &self.videos {
            let id = video.ids.video.parse().unwrap();
            ends.push(end_of(
                &self.process.state.store.find_video(id).await.unwrap().unwrap(),
                &video.ids,
            ));
        }
        (ends, self.deaths)
    }

    /// All events are in: whatever they say of the status is known, before anybody asks the provider again.
    async fn check_reported(&self) {
        for (video, events) in self.videos.iter().zip(&self.events) {
            let id = video.ids.video.parse().unwrap();
            let row = self.process.state.store.find_video(id).await.unwrap().unwrap();
            let known = match video.life {
                Life::Ready => row.known.reported.as_str() == "ready",
                Life::OwnerDeletes => row.known.delete_requested,
                Life::TimedOut => true,
                Life::Errored | Life::Deleted | Life::Cancelled => row.status.as_str() == video.life.end(),
            };
            assert!(known, "{:?} by events alone: {row:?}", video.life);
            if video.life == Life::Ready {
                Self::check_fresh(events, &row);
            }
        }
    }

    /// What the provider has stands: the files of the answer that an event asked for, and no duration of long ago from an
    /// event without a time beside the one that another event tells.
    fn check_fresh(events: &[Value], row: &Video) {
        let files = row.known.facts.get(Field::Renditions);
        assert_eq!(files.unwrap()[0]["status"], "ready", "{row:?}");
        let told: Vec<f64> = events
            .iter()
            .filter_map(|event| event["data"]["duration"].as_f64())
            .collect();
        let is_old = |duration: &f64| *duration < 10.0;
        let stands = row
            .known
            .facts
            .number(Field::Duration)
            .is_some_and(|known| is_old(&known));
        assert!(!stands || told.iter().all(is_old), "{row:?}");
    }

    /// Whatever the process had in memory is gone.
    async fn die(&mut self) {
        self.deaths += 1;
        self.process = self.fresh().await;
    }

    async fn fresh(&self) -> Process {
        process(&self.database, &self.mux, &self.maps, &self.clock).await
    }

    fn pick(&self, video: usize, event: usize) -> (usize, usize) {
        let video = video % self.events.len();
        (video, event % self.events[video].len())
    }

    fn event(&self, (video, event): (usize, usize)) -> &Value {
        &self.events[video][event]
    }
}

impl Process {
    async fn webhook(&self, event: &Value, clock: &Clock) -> u16 {
        let body = serde_json::to_vec(event).unwrap();
        let signature = mux_events::signature(WEBHOOK_SECRET, clock.now().timestamp(), &body);
        let request = Request::post("/v1/webhooks/mux").header("mux-signature", signature);
        let request = request.body(Body::from(body)).unwrap();
        self.router
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .status()
            .as_u16()
    }

    async fn call(&self, method: &str, path: &str, clock: &Clock) -> (u16, Value) {
        let token = sign(&json!({"sub": "alice", "exp": clock.now().timestamp() + 3600}));
        let request = Request::builder().method(method).uri(path);
        let request = request
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        let body = Body::from(if method == "POST" { "{}" } else { "" });
        let response = self
            .router
            .clone()
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap();
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// Applies what is due, refreshes and what they make due included. Dropped, it takes its refreshes with it.
    async fn apply(&self) {
        let mut refreshes = JoinSet::new();
        loop {
            inbox::apply_due_events(&self.state, &mut refreshes)
                .await
                .unwrap();
            if refreshes.is_empty() {
                return;
            }
            while refreshes.join_next().await.is_some() {}
        }
    }
}

async fn process(database: &TestDatabase, mux: &FakeMux, maps: &TempDir, clock: &Clock) -> Process {
    let more = [
        ("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap()),
        ("VIDEO_DATABASE__MAX_CONNECTIONS", "4"),
    ];
    let env = environment(&database.url, &mux.url, &more);
    let app = build(&env, clock.clone())
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    Process {
        state: app.state,
        router: app.served.router(),
    }
}

/// Polls `work` so many times and drops it there: the process died at that await. None where it did.
async fn die_after<T>(awaits: usize, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work.fuse());
    let mut left = awaits;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}

/// The event that tells of an asset's files, where it has any.
fn files_at(video: &AtMux, status: &str, at: DateTime<Utc>) -> Option<Value> {
    if !matches!(video.life, Life::Ready | Life::OwnerDeletes) {
        return None;
    }
    let mut event = video.once_more(1, at);
    event["data"]["static_renditions"] = json!({"status": status, "files": [{"id": "r1", "status": status}]});
    Some(event)
}

/// A life's events, and where there is an asset, two that tell its last state once more.
fn all_events(video: &AtMux, now: DateTime<Utc>) -> Vec<Value> {
    let mut events = video.events(now);
    if matches!(
        video.life,
        Life::Ready | Life::Errored | Life::Deleted | Life::OwnerDeletes
    ) {
        let at = now + Duration::seconds(10);
        // One that makes the provider be asked, and tells of files that were not done yet.
        let asks = files_at(video, "preparing", at).unwrap_or_else(|| video.once_more(1, at));
        events.extend([asks, video.once_more(2, at)]);
    }
    events
}

/// What has to be the same however it came about. Nobody sees more of a deleted video than that it is.
fn end_of(video: &Video, ids: &Ids) -> Value {
    let status = video.status.as_str();
    if status == "deleted" {
        return json!({"status": status});
    }
    let known = &video.known;
    let facts: Vec<Value> = Field::ALL
        .iter()
        .map(|field| {
            let value = known.facts.get(*field).cloned().unwrap_or_default();
            json!([
                field.as_str(),
                if value == json!(ids.playback) {
                    json!("its own")
                } else {
                    value
                }
            ])
        })
        .collect();
    json!({
        "status": status,
        "facts": facts,
        "upload": known.upload_id.as_ref().map(|id| *id == ids.upload),
        "asset": known.asset_id.as_ref().map(|id| *id == ids.asset),
        "ready": known.ready.is_some(),
        "reported": known.reported.as_str(),
    })
}
