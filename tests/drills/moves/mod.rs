//! A fleet of videos goes from one provider to another while viewers play, users upload, webhooks come in, the service is
//! killed, and each provider is out for a while.
//!
//! Every video plays before, during and after, by the same id; no webhook is lost; every old file is deleted once, and only
//! when its time has come; and what nobody waits for keeps to its share of both rates.

mod callers;
mod judge;

use std::time::Duration;

use http::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Child;
use tokio::time::Instant;
use yourbit_video::clock::Clock;

use self::callers::{Uploaders, Viewers};
use self::judge::{judge_end, judge_rates};
use crate::cluster::Cluster;
use crate::form;
use crate::rows::Rows;
use crate::service::Service;
use crate::support::{Answer, answer, sign};
use crate::two_providers::{NewProvider, OldProvider, TwoProviders};

/// A time that has come long ago.
const LONG_AGO: &str = "2020-01-01T00:00:00+00:00";

/// The parts of one drill.
struct Drill {
    name: &'static str,
    service: Service,
    old: OldProvider,
    new: NewProvider,
    rows: Rows,
    client: reqwest::Client,
    /// The greatest time that anything may take.
    limit: Duration,
}

/// A token of this caller.
fn token(sub: &str, scope: &str) -> String {
    let exp = Clock::system().now().timestamp() + 3600;
    sign(&json!({"sub": sub, "scope": scope, "exp": exp}))
}

impl Drill {
    async fn start(name: &'static str, database: &str, videos: usize) -> Self {
        let providers = TwoProviders::start().await;
        let mut settings = providers.settings();
        settings.push(("VIDEO_RECONCILE__INTERVAL_S".to_owned(), "1".to_owned()));
        let settings: Vec<(&str, &str)> = settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let mut service = Service::new(database, &providers.old.url, &settings);
        let folder = service.path("old.toml");
        TwoProviders::write_maps(folder.parent().unwrap(), Some("[ { per_s = 20, burst = 10 } ]"));
        service.start().await;
        providers.send_webhooks_to(&service.url);
        let TwoProviders { old, new } = providers;
        Self {
            name,
            rows: Rows::of(database).await,
            service,
            old,
            new,
            client: reqwest::Client::new(),
            limit: Duration::from_secs(120 + videos as u64),
        }
    }

    async fn call(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.service.url));
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request.bearer_auth(token)).await
    }

    /// Videos that are ready at the old provider: as their owners see them.
    async fn make_videos(&self, count: usize) -> Vec<Value> {
        let mut videos = Vec::new();
        for index in 0..count {
            let owner = format!("owner-{}", index % 7);
            let body = json!({
                "title": format!("title {index}"), "external_id": format!("external-{index}"),
                "metadata": {"number": index}, "playback_policy": if index % 3 == 0 { "public" } else { "signed" },
            });
            let begun = self
                .call(Method::POST, "/v1/uploads", &token(&owner, ""), Some(&body))
                .await;
            videos.push(begun.expect(201)["video"].clone());
        }
        self.wait("the videos are ready", async || {
            self.rows
                .number("select count(*) from videos where status <> 'ready'")
                .await
                == 0
        })
        .await;
        let mut shown = Vec::new();
        for video in videos {
            let (owner, id) = (video["owner"].as_str().unwrap(), video["id"].as_str().unwrap());
            let path = format!("/v1/videos/{id}");
            shown.push(
                self.call(Method::GET, &path, &token(owner, ""), None)
                    .await
                    .expect(200),
            );
        }
        shown
    }

    /// Waits for something that has to come.
    async fn wait(&self, what: &str, done: impl AsyncFn() -> bool) {
        let end = Instant::now() + self.limit;
        while !done().await {
            assert!(
                Instant::now() < end,
                "{}: {what}: not in time\n{}",
                self.name,
                self.service.log()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// kill -9, and the minutes that follow: leases end, and calls that were cut off are given up.
    async fn kill(&mut self) {
        self.service.kill();
        self.rows.end_leases().await;
        self.rows.run("update moves set lease_until_s = 0").await;
        let cut_off = format!(
            "update videos set created_at = '{LONG_AGO}' where replaces is not null and status = 'created'"
        );
        self.rows.run(&cut_off).await;
        self.service.start().await;
    }

    /// The command, as an operator types it.
    fn command(&self, args: &[&str]) -> Child {
        self.service.command(args)
    }

    /// The number of videos that have not gone to the new provider yet.
    async fn left(&self) -> i64 {
        self.rows
            .number("select count(*) from moves where finished_at is null")
            .await
    }
}

async fn drill(name: &'static str, database: &str) {
    let (count, kills) = (form("DRILL_MOVED", 40), form("DRILL_MOVE_KILLS", 2));
    let mut drill = Drill::start(name, database, count).await;
    let videos = drill.make_videos(count).await;
    let viewers = Viewers::start(&drill.service.url, &videos);
    let uploaders = Uploaders::start(&drill.service.url);
    let begun = Instant::now();
    // Why a limit: users upload to the old provider all the time, and those videos would go too.
    let limit = count.to_string();
    let command = drill.command(&["move", "--from", "old", "--to", "clips", "--limit", &limit]);
    drill
        .wait("wishes are written", async || drill.left().await > 0)
        .await;
    for round in 0..kills {
        let moved = "select count(*) from moves where state = 'done'";
        let share = i64::try_from((count * (round + 1)) / (kills + 2)).unwrap();
        drill
            .wait("moves go on", async || drill.rows.number(moved).await >= share)
            .await;
        // The first outage is the old provider's, the second the new one's.
        match round {
            0 => drill.old.account.be_out(true),
            1 => drill.new.account.be_out(true),
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(700)).await;
        drill.kill().await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        drill.old.account.be_out(false);
        drill.new.account.be_out(false);
    }
    let output = tokio::time::timeout(drill.limit, command.wait_with_output()).await;
    let output = output.expect("the command ends in time").unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && said.contains(&format!("{count} moved, 0 skipped, 0 failed")),
        "{name}: {said}\n{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        drill.service.log()
    );
    let took = begun.elapsed();
    let (played, uploaded) = (viewers.stop().await, uploaders.stop().await);
    judge_rates(name, &drill.old.account, &drill.new.account);
    println!(
        "{name}: {count} videos moved in {took:.1?}, killed {kills} times; {played} plays, {uploaded} uploads; calls turned \
         away: {} and {}",
        drill.old.account.turned_away(),
        drill.new.account.turned_away()
    );
    judge_end(&drill, &videos).await;
    drill.service.assert_no_panic();
    drill.service.signal(Signal::TERM);
    assert!(drill.service.ends_well().await, "{name}: it ends well");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_moves_and_every_video_plays_all_the_time_on_sqlite() {
    let folder = TempDir::new().unwrap();
    let database = format!("sqlite://{}/drill.db", folder.path().display());
    drill("Moved, SQLite", &database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_moves_and_every_video_plays_all_the_time_on_postgres() {
    let cluster = Cluster::start_new();
    drill("Moved, PostgreSQL", &cluster.create_database("drill")).await;
}
