//! What the application is told.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use yourbit_video::jobs::{outbox, retention};

use crate::support::mux_events::Ids;
use crate::support::receiver::{Delivery, Receiver, SECRET, verified};
use crate::support::{Db, TestApp};

async fn send(app: &TestApp) {
    outbox::send_due_events(&app.state).await.unwrap();
}

async fn page(app: &TestApp, query: &str) -> Value {
    let admin = app.token("root", "video:admin");
    app.get(&admin, &format!("/v1/admin/outgoing-events?{query}"))
        .await
        .expect(200)
}

async fn replay(app: &TestApp, event: &Value) {
    let path = format!(
        "/v1/admin/outgoing-events/{}/replay",
        event["id"].as_str().unwrap()
    );
    let admin = app.token("root", "video:admin");
    let replayed = app
        .send(Method::POST, &path, Some(&admin), None)
        .await
        .expect(200);
    assert_eq!(replayed["state"], "pending");
}

async fn retitle(app: &TestApp, video: &Value, title: &str) {
    let path = format!("/v1/videos/{}", video["id"].as_str().unwrap());
    let body = json!({"title": title});
    app.send(Method::PATCH, &path, Some(&app.alice()), Some(&body))
        .await
        .expect(200);
}

/// Whether the payload shows the video as its owner sees it.
fn shows(event: &Value, video: &Value) {
    let mut seen = video.clone();
    seen.as_object_mut().unwrap().remove("events_url");
    assert_eq!(event["data"], seen);
}

on_both! {
    async fn the_application_is_told_of_the_life_of_a_video_and_can_verify_it(db: Db) {
        let receiver = Receiver::start().await;
        let app = TestApp::with(db, &receiver.settings()).await;
        let video = app.ready_video("signed").await;
        retitle(&app, &video, "New").await;
        let renamed = app.video(&video["id"]).await;
        app.delete(&video).await.expect(202);
        app.reconcile().await;
        send(&app).await;
        let deliveries = receiver.deliveries();
        let kinds: Vec<String> = deliveries.iter().map(Delivery::kind).collect();
        assert_eq!(kinds, ["video.ready", "video.updated", "video.deleted"]);
        shows(&deliveries[0].event(), &video);
        shows(&deliveries[1].event(), &renamed);
        assert_eq!(deliveries[2].event()["data"]["status"], "deleted");
        for delivery in &deliveries {
            assert_eq!(delivery.header("content-type"), "application/json");
            assert_eq!(delivery.header("webhook-timestamp"), app.clock.now().timestamp().to_string());
            assert!(delivery.header("webhook-id").starts_with("msg_"));
        }
        let events = verified(SECRET, &deliveries).await;
        assert_eq!(events[0], deliveries[0].event());
        assert_eq!(page(&app, "state=delivered").await["data"].as_array().unwrap().len(), 3);
        send(&app).await;
        assert_eq!(receiver.deliveries().len(), 3);
    }
}

on_both! {
    async fn errors_and_uploads_that_nobody_made_are_told_too(db: Db) {
        let receiver = Receiver::start().await;
        let app = TestApp::with(db, &receiver.settings()).await;
        let bad = app.upload().await;
        app.event(&Ids::of(&bad).asset_event("errored", "errored", "signed", app.clock.now())).await.expect(200);
        app.settle().await;
        app.upload().await;
        app.clock.advance(Duration::hours(3));
        app.reconcile().await;
        send(&app).await;
        let mut kinds: Vec<String> = receiver.deliveries().iter().map(Delivery::kind).collect();
        kinds.sort();
        assert_eq!(kinds, ["upload.expired", "video.errored"]);
    }
}

on_both! {
    async fn every_try_has_the_same_id_and_body_and_the_order_of_a_video_is_kept(db: Db) {
        let receiver = Receiver::start().await;
        let app = TestApp::with(db, &receiver.settings()).await;
        receiver.plan(500, &[]);
        receiver.plan(503, &[("retry-after", "60")]);
        let first = app.ready_video("signed").await;
        retitle(&app, &first, "New").await;
        send(&app).await;
        app.clock.advance(Duration::seconds(3));
        send(&app).await;
        // Another video does not wait for the first one.
        let second = app.ready_video("signed").await;
        receiver.always(204);
        send(&app).await;
        app.clock.advance(Duration::seconds(62));
        send(&app).await;
        let all = receiver.deliveries();
        let of = |video: &Value| {
            all.iter().filter(|one| one.event()["data"]["id"] == video["id"]).cloned().collect::<Vec<_>>()
        };
        assert_eq!(of(&second).len(), 1);
        let told = of(&first);
        let kinds: Vec<String> = told.iter().map(Delivery::kind).collect();
        assert_eq!(kinds, ["video.ready", "video.ready", "video.ready", "video.updated"]);
        assert_eq!(told[0].header("webhook-id"), told[2].header("webhook-id"));
        assert_eq!(told[0].body, told[2].body);
        assert_ne!(told[0].header("webhook-timestamp"), told[2].header("webhook-timestamp"));
        assert_ne!(told[0].header("webhook-signature"), told[2].header("webhook-signature"));
        assert_ne!(told[2].header("webhook-id"), told[3].header("webhook-id"));
        verified(SECRET, &told).await;
    }
}

on_both! {
    async fn a_receiver_that_was_down_misses_nothing(db: Db) {
        let receiver = Receiver::start().await;
        let app = TestApp::with(db, &receiver.settings()).await;
        receiver.always(502);
        let mut videos = Vec::new();
        for _ in 0..12 {
            let video = app.ready_video("public").await;
            retitle(&app, &video, "New").await;
            videos.push(video);
        }
        send(&app).await;
        app.clock.advance(Duration::hours(5));
        send(&app).await;
        receiver.always(204);
        let refused = receiver.deliveries().len();
        app.clock.advance(Duration::hours(5));
        // Two replicas at the same time: nothing twice.
        let other = app.replica().await;
        other.clock.advance(app.clock.now() - other.clock.now());
        let (one, two) = tokio::join!(outbox::send_due_events(&app.state), outbox::send_due_events(&other.state));
        one.unwrap();
        two.unwrap();
        send(&app).await;
        let taken = &receiver.deliveries()[refused..];
        assert_eq!(taken.len(), 24);
        for video in &videos {
            let kinds: Vec<String> = taken
                .iter()
                .filter(|one| one.event()["data"]["id"] == video["id"])
                .map(Delivery::kind)
                .collect();
            assert_eq!(kinds, ["video.ready", "video.updated"]);
        }
    }
}

on_both! {
    async fn after_three_days_it_is_given_up_visibly_and_can_be_replayed(db: Db) {
        let receiver = Receiver::start().await;
        let app = TestApp::with(db, &receiver.settings()).await;
        receiver.always(500);
        let video = app.ready_video("signed").await;
        retitle(&app, &video, "New").await;
        send(&app).await;
        app.clock.advance(Duration::hours(73));
        send(&app).await;
        let given_up = page(&app, "state=given_up").await["data"].as_array().unwrap().clone();
        assert_eq!(given_up.len(), 2);
        assert!(given_up.iter().all(|event| event["error"] == "it answered 500" && event["answer_status"] == 500));
        assert!(given_up.iter().all(|event| !event["endpoint"].as_str().unwrap().contains("hidden")));
        receiver.always(200);
        let ids: Vec<String> = receiver.deliveries().iter().map(|one| one.header("webhook-id").to_owned()).collect();
        replay(&app, &given_up[0]).await;
        send(&app).await;
        let last = receiver.deliveries().pop().unwrap();
        assert!(ids.contains(&last.header("webhook-id").to_owned()));
        assert_eq!(page(&app, "state=delivered").await["data"].as_array().unwrap().len(), 1);
        app.clock.advance(Duration::days(31));
        retention::remove_expired_rows(&app.state).await.unwrap();
        assert_eq!(page(&app, "").await["data"], json!([]));
        let bob = app.token("bob", "video:play");
        app.get(&bob, "/v1/admin/outgoing-events").await.expect_problem(403, "forbidden");
    }
}

on_both! {
    async fn an_endpoint_that_is_gone_is_left_alone_until_somebody_asks_for_it(db: Db) {
        let receiver = Receiver::start().await;
        let app = TestApp::with(db, &receiver.settings()).await;
        receiver.plan(410, &[]);
        let video = app.ready_video("signed").await;
        send(&app).await;
        retitle(&app, &video, "New").await;
        app.clock.advance(Duration::hours(1));
        send(&app).await;
        assert_eq!(receiver.deliveries().len(), 1);
        let seen = page(&app, "").await;
        assert_eq!(seen["disabled_endpoints"].as_array().unwrap().len(), 1);
        assert!(!seen.to_string().contains("hidden"));
        // Another replica, or this one after a restart, knows it too.
        send(&app.replica().await).await;
        assert_eq!(receiver.deliveries().len(), 1);
        let refused = page(&app, "state=given_up").await["data"][0].clone();
        assert_eq!(refused["answer_status"], 410);
        replay(&app, &refused).await;
        send(&app).await;
        let kinds: Vec<String> = receiver.deliveries().iter().map(Delivery::kind).collect();
        assert_eq!(kinds, ["video.ready", "video.ready", "video.updated"]);
        assert_eq!(page(&app, "").await["disabled_endpoints"], json!([]));
    }
}

on_both! {
    async fn what_a_disabled_endpoint_misses_is_given_up_after_three_days(db: Db) {
        let receiver = Receiver::start().await;
        let app = TestApp::with(db, &receiver.settings()).await;
        receiver.plan(410, &[]);
        let video = app.ready_video("signed").await;
        send(&app).await;
        retitle(&app, &video, "New").await;
        retention::remove_expired_rows(&app.state).await.unwrap();
        assert_eq!(page(&app, "state=pending").await["data"].as_array().unwrap().len(), 1);
        app.clock.advance(Duration::hours(73));
        retention::remove_expired_rows(&app.state).await.unwrap();
        assert_eq!(page(&app, "state=given_up").await["data"].as_array().unwrap().len(), 2);
    }
}

on_both! {
    async fn private_addresses_are_not_spoken_to(db: Db) {
        let inside = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = inside.local_addr().unwrap().port();
        let mapped = format!("https://[::ffff:127.0.0.1]:{port}/");
        let endpoints = format!("https://localhost:{port}/,https://127.0.0.1:{port}/,https://2130706433:{port}/,{mapped}");
        let app = TestApp::with(
            db,
            &[("VIDEO_EVENTS__ENDPOINTS", &endpoints), ("VIDEO_EVENTS__SECRETS", SECRET)],
        )
        .await;
        app.ready_video("signed").await;
        send(&app).await;
        let events = page(&app, "state=pending").await["data"].as_array().unwrap().clone();
        assert_eq!(events.len(), 4);
        for event in events {
            assert!(event["error"].as_str().unwrap().contains("private"), "{event}");
        }
        let knock = tokio::time::timeout(std::time::Duration::from_millis(100), inside.accept()).await;
        assert!(knock.is_err(), "somebody connected");
    }
}

on_both! {
    async fn redirects_are_not_followed(db: Db) {
        let (receiver, elsewhere) = (Receiver::start().await, Receiver::start().await);
        let app = TestApp::with(db, &receiver.settings()).await;
        receiver.plan(307, &[("location", &elsewhere.url)]);
        app.ready_video("signed").await;
        send(&app).await;
        assert_eq!(page(&app, "").await["data"][0]["error"], "it answered 307");
        assert_eq!(elsewhere.deliveries().len(), 0);
    }
}

on_both! {
    async fn while_secrets_rotate_either_verifies(db: Db) {
        let next = "whsec_bmV4dCBzZWNyZXQgb2YgdGhlIGVuZHBvaW50";
        let receiver = Receiver::start().await;
        let both = format!("{next},{SECRET}");
        let mut settings = receiver.settings();
        settings.push(("VIDEO_EVENTS__SECRETS", &both));
        let app = TestApp::with(db, &settings).await;
        app.ready_video("signed").await;
        send(&app).await;
        let deliveries = receiver.deliveries();
        assert_eq!(deliveries[0].header("webhook-signature").split(' ').count(), 2);
        verified(SECRET, &deliveries).await;
        verified(next, &deliveries).await;
    }
}

on_both! {
    async fn each_endpoint_is_told_under_the_same_id(db: Db) {
        let (one, two) = (Receiver::start().await, Receiver::start().await);
        let endpoints = json!([one.url, two.url]).to_string();
        let mut settings = one.settings();
        settings.push(("VIDEO_EVENTS__ENDPOINTS", &endpoints));
        let app = TestApp::with(db, &settings).await;
        one.always(500);
        app.ready_video("signed").await;
        send(&app).await;
        let (refused, taken) = (one.deliveries(), two.deliveries());
        assert_eq!((refused.len(), taken.len()), (1, 1));
        assert_eq!(refused[0].header("webhook-id"), taken[0].header("webhook-id"));
    }
}

on_both! {
    async fn without_endpoints_nothing_is_written(db: Db) {
        let app = TestApp::start(db).await;
        app.ready_video("signed").await;
        assert_eq!(page(&app, "").await["data"], json!([]));
    }
}
