//! Live status: one event a version, across replicas, until the video is final.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::mux_events::Ids;
use crate::support::{Db, TestApp, answer};

/// An open stream, read event by event.
struct Stream {
    response: reqwest::Response,
    text: String,
}

impl Stream {
    async fn open(app: &TestApp, url: &str) -> Self {
        let response = app.client.get(format!("{}{url}", app.url)).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            text: String::new(),
        }
    }

    /// The next event's id and data; none at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let line = |name: &str| {
                    event
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(str::trim)
                };
                if let (Some(id), Some(data)) = (line("id:"), line("data:")) {
                    assert_eq!(line("event:"), Some("video"));
                    return Some((id.to_owned(), serde_json::from_str(data).unwrap()));
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(5), self.response.chunk())
                .await
                .expect("an event");
            self.text.push_str(std::str::from_utf8(&chunk.unwrap()?).unwrap());
        }
    }
}

async fn advance(app: &TestApp, video: &Value, upto: usize) {
    for event in &Ids::of(video).usual("signed", app.clock.now())[..upto] {
        app.event(event).await.expect(200);
    }
    app.settle().await;
}

on_both! {
    async fn a_stream_tells_every_version_and_ends_when_the_video_is_final(db: Db) {
        let app = TestApp::start(db).await;
        let created = app.post(&app.alice(), "/v1/uploads", &json!({})).await.expect(201);
        let video = &created["video"];
        let mut stream = Stream::open(&app, video["events_url"].as_str().unwrap()).await;
        let (id, first) = stream.next().await.unwrap();
        assert_eq!((id, &first["status"]), (video["version"].to_string(), &json!("waiting")));
        assert!(first.get("events_url").is_none());
        advance(&app, video, 2).await;
        assert_eq!(stream.next().await.unwrap().1["status"], "preparing");
        advance(&app, video, 4).await;
        let (mut id, mut last) = stream.next().await.unwrap();
        while last["status"] != "ready" {
            assert_eq!(last["status"], "preparing");
            (id, last) = stream.next().await.unwrap();
        }
        assert_eq!(id, last["version"].to_string());
        assert!(stream.next().await.is_none());
    }
}

on_both! {
    async fn a_finished_video_needs_two_requests_at_most(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        let url = app.video(&video["id"]).await["events_url"].as_str().unwrap().to_owned();
        let mut stream = Stream::open(&app, &url).await;
        let (id, _) = stream.next().await.unwrap();
        assert!(stream.next().await.is_none());
        let again = app.client.get(format!("{}{url}", app.url)).header("last-event-id", id);
        assert_eq!(answer(again).await.status, 204);
        let older = app.client.get(format!("{}{url}", app.url)).header("last-event-id", "1");
        assert!(answer(older).await.text.contains("\"ready\""));
    }
}

on_both! {
    async fn a_ticket_opens_its_own_stream_and_nothing_else(db: Db) {
        let app = TestApp::start(db).await;
        let one = app.upload().await;
        let two = app.upload().await;
        let ticket = one["events_url"].as_str().unwrap().split_once("?ticket=").unwrap().1.to_owned();
        let other = format!("/v1/videos/{}/events?ticket={ticket}", two["id"].as_str().unwrap());
        answer(app.client.get(format!("{}{other}", app.url))).await.expect_problem(401, "unauthenticated");
        let own = format!("/v1/videos/{}/events", one["id"].as_str().unwrap());
        answer(app.client.get(format!("{}{own}", app.url))).await.expect_problem(401, "unauthenticated");
        app.get(&app.token("bob", ""), &own).await.expect_problem(404, "not_found");
        let video = format!("{}/v1/videos/{}?ticket={ticket}", app.url, one["id"].as_str().unwrap());
        answer(app.client.get(video)).await.expect_problem(401, "unauthenticated");
        app.clock.advance(chrono::Duration::hours(24));
        let late = answer(app.client.get(format!("{}{own}?ticket={ticket}", app.url))).await;
        late.expect_problem(401, "unauthenticated");
    }
}

on_both! {
    async fn streams_are_counted_and_given_back(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let url = video["events_url"].as_str().unwrap();
        let mut open = Vec::new();
        for _ in 0..20 {
            let mut stream = Stream::open(&app, url).await;
            stream.next().await.unwrap();
            open.push(stream);
        }
        answer(app.client.get(format!("{}{url}", app.url))).await.expect_problem(429, "rate_limited");
        assert_eq!(app.state.hub.streams(), 20);
        drop(open);
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if app.state.hub.streams() == 0 {
                return;
            }
        }
        panic!("{} streams are still counted", app.state.hub.streams());
    }
}

on_both! {
    async fn a_deletion_ends_the_stream_with_deleted(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        let url = app.video(&video["id"]).await["events_url"].as_str().unwrap().to_owned();
        let mut stream = Stream::open(&app, &format!("{url}&follow=1")).await;
        assert_eq!(stream.next().await.unwrap().1["status"], "ready");
        app.delete(&video).await.expect(202);
        assert_eq!(stream.next().await.unwrap().1["status"], "deleting");
        app.reconcile().await;
        assert_eq!(stream.next().await.unwrap().1["status"], "deleted");
        assert!(stream.next().await.is_none());
    }
}

#[tokio::test]
async fn a_change_by_one_replica_reaches_the_streams_of_the_other() {
    let one = TestApp::start(Db::Postgres).await;
    let two = one.replica().await;
    let video = one.upload().await;
    let mut stream = Stream::open(&two, video["events_url"].as_str().unwrap()).await;
    assert_eq!(stream.next().await.unwrap().1["status"], "waiting");
    advance(&one, &video, 4).await;
    let mut last = stream.next().await.unwrap().1;
    while let Some((_, event)) = stream.next().await {
        last = event;
    }
    assert_eq!(last["status"], "ready");
}
