//! Random histories of a replacement: events of two providers about the two files, permuted and repeated, the process dying at
//! any await of the exchange, and deletion, giving up, further replacements, refreshes and the reconciler in between.
//!
//! The same on a larger scale, without a database, is the simulation in `src/domain/replacement_tests`.

use std::pin::pin;
use std::task::Poll;

use chrono::Duration;
use futures::FutureExt;
use http::Method;
use serde_json::{Value, json};
use yourbit_video::jobs::{inbox, reconcile, replace};

use crate::replace::{admin, begin_at, hidden_row, id_of};
use crate::support::fake_mux::{FakeMux, Planned};
use crate::support::mux_events::{Ids, signature};
use crate::support::{Db, TestApp, WEBHOOK_SECRET, maps_without_a_rate};

/// Histories on each database.
const HISTORIES: u64 = 24;
/// Steps of each.
const STEPS: usize = 14;

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}

/// A file at its provider.
struct File {
    provider: &'static str,
    ids: Ids,
    duration: f64,
    events: Vec<Value>,
}

impl File {
    fn new(app: &TestApp, fake: &FakeMux, provider: &'static str, row: &Value, duration: f64) -> Self {
        let ids = Ids::of(row);
        let mut events = ids.usual("signed", app.clock.now()).to_vec();
        for event in &mut events {
            if !event["data"]["duration"].is_null() {
                event["data"]["duration"] = json!(duration);
            }
        }
        // Some come without our id.
        events[2]["data"].as_object_mut().unwrap().remove("passthrough");
        // The file is there, told or not.
        fake.know(&events[1]["data"]);
        fake.know(&events[3]["data"]);
        Self {
            provider,
            ids,
            duration,
            events,
        }
    }
}

/// One history.
struct History<'a> {
    app: &'a TestApp,
    second: &'a FakeMux,
    random: Random,
    video: Value,
    files: Vec<File>,
    is_deleted: bool,
    is_given_up: bool,
}

/// Polls `work` so many times and drops it there: the process died at that await.
async fn die_after<T>(awaits: usize, work: impl Future<Output = T>) {
    let mut work = pin!(work.fuse());
    let mut left = awaits;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        work.as_mut().poll(context).map(drop)
    })
    .await;
}

impl History<'_> {
    async fn send(&self, file: usize, event: usize) {
        let file = &self.files[file];
        let body = serde_json::to_vec(&file.events[event % file.events.len()]).unwrap();
        let signed = signature(WEBHOOK_SECRET, self.app.clock.now().timestamp(), &body);
        let url = format!("{}/v1/webhooks/{}", self.app.url, file.provider);
        let sent = self
            .app
            .client
            .post(url)
            .header("mux-signature", signed)
            .body(body)
            .send()
            .await;
        assert_eq!(sent.unwrap().status(), 200);
    }

    /// Whatever is answered about the video is of one file.
    async fn check_whole(&self) {
        let path = format!("/v1/videos/{}", id_of(&self.video));
        let shown = self.app.get(&self.app.alice(), &path).await;
        if self.is_deleted || shown.status == 404 {
            assert!(self.is_deleted, "the video is gone");
            return;
        }
        let shown = shown.json();
        let file = self
            .files
            .iter()
            .find(|file| shown["duration_seconds"] == json!(file.duration));
        let file = file.unwrap_or_else(|| panic!("{shown}"));
        let seen = (
            &shown["status"],
            &shown["provider"],
            &shown["asset_id"],
            &shown["playback_id"],
        );
        let wanted = (
            &json!("ready"),
            &json!(file.provider),
            &json!(file.ids.asset),
            &json!(file.ids.playback),
        );
        assert_eq!(seen, wanted);
        let playback = self
            .app
            .get(&self.app.alice(), &format!("{path}/playback"))
            .await
            .expect(200);
        let file = self
            .files
            .iter()
            .find(|file| playback["duration_seconds"] == json!(file.duration))
            .unwrap();
        assert_eq!(playback["playback_id"], file.ids.playback, "{playback}");
        assert!(
            playback["urls"]["hls"]
                .as_str()
                .unwrap()
                .contains(&file.ids.playback),
            "{playback}"
        );
    }

    async fn step(&mut self) {
        let app = self.app;
        let state = &app.state;
        app.clock.advance(Duration::milliseconds(300));
        let (file, event, awaits) = (
            self.random.below(self.files.len()),
            self.random.below(8),
            self.random.below(60),
        );
        match self.random.below(24) {
            0..6 => self.send(file, event).await,
            6..8 => app.settle().await,
            8..10 => {
                let mut refreshes = tokio::task::JoinSet::new();
                die_after(awaits, inbox::apply_due_events(state, &mut refreshes)).await;
                refreshes.abort_all();
            }
            10..12 => {
                replace::exchange_ready(state).await.unwrap();
            }
            12..15 => die_after(awaits, replace::exchange_ready(state)).await,
            15 => die_after(awaits, replace::show_states(state)).await,
            16 => {
                replace::show_states(state).await.unwrap();
            }
            17 => Box::pin(die_after(awaits, reconcile::run_pass(state, None))).await,
            18 => {
                let id = id_of(&self.video).parse().unwrap();
                let (refreshed, exchanged, ..) = tokio::join!(
                    reconcile::run_pass(state, Some(id)),
                    replace::exchange_ready(state),
                    self.send(file, event),
                    self.check_whole(),
                );
                refreshed.unwrap();
                exchanged.unwrap();
            }
            19 => self.end_leases().await,
            20 if self.random.below(3) == 0 => self.delete().await,
            21 if self.random.below(3) == 0 => self.give_up().await,
            22 => self.begin_another().await,
            _ => app.clock.advance(Duration::minutes(3)),
        }
    }

    /// The leases of the dead end.
    async fn end_leases(&self) {
        self.app
            .database
            .run("update videos set lease_until_s = 0; delete from leases;")
            .await;
    }

    async fn delete(&mut self) {
        self.app.delete(&self.video).await.expect(202);
        self.is_deleted = true;
    }

    async fn give_up(&mut self) {
        let path = format!("/v1/videos/{}/replacement", id_of(&self.video));
        let answer = self
            .app
            .send(Method::DELETE, &path, Some(&self.app.alice()), None)
            .await;
        self.is_given_up |= answer.status == 202;
        assert!(
            [202, 404, 409].contains(&answer.status.as_u16()),
            "{}",
            answer.text
        );
    }

    async fn begin_another(&mut self) {
        let body = json!({"replaces": self.video["id"], "provider": "mux"});
        let answer = self.app.post(&self.app.alice(), "/v1/uploads", &body).await;
        if answer.status == 201 {
            let row = hidden_row(self.app, &answer.json()["video"]).await;
            let duration = 100.0 + f64::from(u32::try_from(self.files.len()).unwrap());
            self.files
                .push(File::new(self.app, &self.app.mux, "mux", &row, duration));
        } else {
            assert!([404, 409].contains(&answer.status.as_u16()), "{}", answer.text);
        }
    }

    /// Everything arrives, and all jobs run.
    async fn settle(&self) {
        self.end_leases().await;
        for file in 0..self.files.len() {
            for event in 0..4 {
                self.send(file, event).await;
            }
        }
        for _ in 0..4 {
            self.app.clock.advance(Duration::seconds(90));
            self.app
                .state
                .store
                .release_parked(self.app.clock.now())
                .await
                .unwrap();
            self.app.settle().await;
            self.app.replace().await;
            replace::delete_orphans(&self.app.state).await.unwrap();
            self.app.reconcile().await;
            self.end_leases().await;
        }
    }

    /// How often the provider was asked to delete the file.
    fn deletions(&self, file: &File) -> usize {
        let fake = if file.provider == "mux" {
            &self.app.mux
        } else {
            self.second
        };
        let all = fake.asked("DELETE");
        all.iter()
            .filter(|path| path.ends_with(&format!("/{}", file.ids.asset)))
            .count()
    }

    /// The file that the video has at the end; the others are deleted, in their time.
    async fn check_end(&self) {
        let app = self.app;
        for state in ["failed", "parked", "pending"] {
            let found = app
                .get(&admin(app), &format!("/v1/admin/webhook-events?state={state}"))
                .await
                .expect(200);
            assert_eq!(found["data"], json!([]), "{state}");
        }
        let live = if self.is_deleted {
            None
        } else {
            self.check_whole().await;
            let shown = app.video(&self.video["id"]).await;
            assert_eq!(shown["replacement"], Value::Null, "{shown}");
            let place = self
                .files
                .iter()
                .position(|file| shown["duration_seconds"] == json!(file.duration));
            assert!(
                self.is_given_up || place == Some(self.files.len() - 1),
                "the last file has the place: {shown}"
            );
            place
        };
        app.clock.advance(Duration::hours(24));
        for _ in 0..3 {
            app.reconcile().await;
        }
        for (place, file) in self.files.iter().enumerate() {
            // Why not once: the answer to the first may have been lost with the process.
            let is_deleted = self.deletions(file) > 0;
            assert_eq!(
                is_deleted,
                live != Some(place),
                "file {place} of {}, {live:?} is live",
                self.files.len()
            );
        }
        self.check_whole().await;
    }
}

async fn run(app: &TestApp, second: &FakeMux, seed: u64) {
    println!("the history of seed {seed}");
    let video = app.ready_video("signed").await;
    let first = File::new(app, &app.mux, "mux", &video, 23.857_167);
    // Ids are unique at one provider alone: in every second history both have given the same.
    let id = if seed.is_multiple_of(2) {
        first.ids.upload.clone()
    } else {
        format!("other-{seed}")
    };
    let upload = json!({
        "url": "https://storage.example.com/second", "timeout": 3600, "status": "waiting", "id": id,
        "new_asset_settings": {},
    });
    second.know(&upload);
    second.plan(Planned::json(201, &json!({"data": upload})));
    let (_, row) = begin_at(app, &video, "second").await;
    let new = File::new(app, second, "second", &row, 60.0);
    let mut history = History {
        app,
        second,
        random: Random(seed),
        video,
        files: vec![first, new],
        is_deleted: false,
        is_given_up: false,
    };
    for _ in 0..STEPS {
        Box::pin(history.step()).await;
        history.check_whole().await;
    }
    history.settle().await;
    history.check_end().await;
}

on_both! {
    async fn random_histories_end_in_one_state_and_no_answer_mixes_two_files(db: Db) {
        let second = FakeMux::start().await;
        let maps = maps_without_a_rate();
        let text = "extends = \"mux\"\n[env]\nVIDEO_MUX_API = \"SECOND_API\"\n";
        std::fs::write(maps.path().join("second.toml"), text).unwrap();
        let app = TestApp::with(
            db,
            &[
                ("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap()),
                ("VIDEO_PROVIDERS__ENABLED", "mux,second"),
                ("SECOND_API", &second.url),
            ],
        )
        .await;
        for fake in [&app.mux, &second] {
            fake.tell_time(&app.clock, Duration::zero());
        }
        for seed in 0..HISTORIES {
            Box::pin(run(&app, &second, seed)).await;
        }
    }
}
