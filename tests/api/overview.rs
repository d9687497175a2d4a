//! The overview: the fleet as the database knows it, and the process that answers.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use yourbit_video::jobs::heartbeat;

use crate::support::mux_events::Ids;
use crate::support::receiver::Receiver;
use crate::support::{Db, TestApp};

async fn overview(app: &TestApp) -> Value {
    // What was read two seconds ago is read again.
    app.clock.advance(chrono::Duration::seconds(2));
    let admin = app.token("root", "video:admin");
    app.get(&admin, "/v1/admin/overview").await.expect(200)
}

fn depth<'a>(overview: &'a Value, queue: &str, state: &str) -> &'a Value {
    let depths = overview["fleet"][queue].as_array().unwrap();
    depths.iter().find(|depth| depth["state"] == state).unwrap()
}

on_both! {
    async fn it_tells_of_inbox_and_outbox_by_state_and_age(db: Db) {
        let receiver = Receiver::start().await;
        let app = TestApp::with(db, &receiver.settings()).await;
        let empty = overview(&app).await;
        let nothing = json!({"state": "parked", "count": 0, "more": false, "oldest_at": null, "oldest_age_s": null});
        assert_eq!(*depth(&empty, "inbox", "parked"), nothing);
        let mut parked = Ids {
            video: String::new(), upload: "u".into(), asset: "a".into(), playback: "p".into(),
        }.asset_event("ready", "ready", "signed", app.clock.now());
        parked["data"].as_object_mut().unwrap().remove("passthrough");
        app.event(&parked).await.expect(200);
        let received = serde_json::to_value(app.clock.now()).unwrap();
        app.settle().await;
        app.ready_video("signed").await;
        let seen = overview(&app).await;
        let one = json!({"state": "parked", "count": 1, "more": false, "oldest_at": received, "oldest_age_s": 2});
        assert_eq!(*depth(&seen, "inbox", "parked"), one);
        assert_eq!(depth(&seen, "inbox", "failed")["count"], 0);
        assert_eq!(depth(&seen, "outbox", "pending")["count"], 1);
        assert_eq!(depth(&seen, "outbox", "pending")["oldest_age_s"], 2);
        assert_eq!(seen["fleet"]["disabled_endpoints"], json!([]));
        receiver.plan(410, &[]);
        yourbit_video::jobs::outbox::send_due_events(&app.state).await.unwrap();
        let seen = overview(&app).await;
        let disabled = seen["fleet"]["disabled_endpoints"].as_array().unwrap();
        assert_eq!(disabled.len(), 1);
        assert!(!disabled[0]["endpoint"].as_str().unwrap().contains("hidden"), "{disabled:?}");
        assert_eq!(depth(&seen, "outbox", "given_up")["count"], 1);

        // The process counts what it did itself.
        let process = &seen["process"];
        assert_eq!(process["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(process["provider_calls"], json!([{"provider": "mux", "result": "ok", "count": 1}]));
        assert_eq!(process["webhook_lag"], json!([{"provider": "mux", "applied": 4, "mean_s": 0.0}]));
        assert_eq!((&process["event_streams"], &process["local"]), (&json!(0), &Value::Null));
        app.get(&app.alice(), "/v1/admin/overview").await.expect_problem(403, "forbidden");
        let admin = app.token("root", "video:admin");
        app.get(&admin, "/v1/admin/overview?deep=1").await.expect_problem(400, "invalid_request");
    }
}

on_both! {
    async fn what_it_read_is_kept_for_two_seconds(db: Db) {
        let app = TestApp::start(db).await;
        let admin = app.token("root", "video:admin");
        let seen = async || app.get(&admin, "/v1/admin/overview").await.expect(200)["fleet"].clone();
        let first = seen().await;
        app.clock.advance(chrono::Duration::milliseconds(1900));
        heartbeat::renew(&app.state).await.unwrap();
        assert_eq!(seen().await, first);
        app.clock.advance(chrono::Duration::milliseconds(100));
        let later = seen().await;
        assert_ne!(later["at"], first["at"]);
        assert_eq!(later["replicas"].as_array().unwrap().len(), 1);
    }
}

on_both! {
    async fn it_names_the_processes_that_serve_and_what_they_have_halted(db: Db) {
        let app = TestApp::start(db).await;
        let other = app.replica().await;
        assert_eq!(overview(&app).await["fleet"]["replicas"], json!([]));
        for _ in 0..5 {
            other.state.sightings.record_miss("mux");
        }
        heartbeat::renew(&app.state).await.unwrap();
        let stop = CancellationToken::new();
        let beating = tokio::spawn(heartbeat::run(other.state.clone(), stop.clone()));
        let names = |seen: &Value| {
            let replicas = seen["fleet"]["replicas"].as_array().unwrap();
            replicas.iter().map(|replica| replica["id"].clone()).collect::<Vec<_>>()
        };
        let end = tokio::time::Instant::now() + Duration::from_secs(20);
        let seen = loop {
            let seen = overview(&app).await;
            if names(&seen).len() == 2 {
                break seen;
            }
            assert!(tokio::time::Instant::now() < end, "{seen}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let (this, that) = (json!(app.state.replica_id), json!(other.state.replica_id));
        assert!(names(&seen).contains(&this) && names(&seen).contains(&that));
        assert_eq!(seen["process"]["replica_id"], this);
        assert_eq!(seen["fleet"]["halted"], json!([{"provider": "mux", "replica_id": that}]));
        assert_eq!(seen["fleet"]["replicas"][0]["version"], env!("CARGO_PKG_VERSION"));
        // At its end a process takes its row with it.
        stop.cancel();
        beating.await.unwrap();
        let seen = overview(&app).await;
        assert_eq!(names(&seen), [this]);
        assert_eq!(seen["fleet"]["halted"], json!([]));
        app.send(Method::GET, "/livez", None, None).await.expect(200);
    }
}

on_both! {
    async fn a_process_that_died_is_left_out_after_a_minute_and_forgotten_after_an_hour(db: Db) {
        let app = TestApp::start(db).await;
        let other = app.replica().await;
        heartbeat::renew(&other.state).await.unwrap();
        crate::bulk::change(&app, "update replicas set renewed_s = renewed_s - 61").await;
        assert_eq!(overview(&app).await["fleet"]["replicas"], json!([]));
        crate::bulk::change(&app, "update replicas set renewed_s = renewed_s - 3600").await;
        heartbeat::renew(&app.state).await.unwrap();
        // The row is gone: nothing brings it back.
        crate::bulk::change(&app, "update replicas set renewed_s = renewed_s + 3661").await;
        let seen = overview(&app).await;
        let replicas = seen["fleet"]["replicas"].as_array().unwrap();
        assert_eq!(replicas.len(), 1, "{seen}");
        assert_eq!(replicas[0]["id"], json!(app.state.replica_id));
    }
}
