//! The database takes no writes: 503 to everybody, no panic, and everything as before when it takes them again.

use serde_json::{Value, json};
use tempfile::TempDir;
use yourbit_video::clock::Clock;

use crate::kill::caller_token;
use crate::mux::{AtMux, Life};
use crate::outage::wait_for;
use crate::rows::Rows;
use crate::service::Service;
use crate::support::database::TestDatabase;
use crate::support::fake_mux::FakeMux;
use crate::support::mux_events::{self, Ids};
use crate::support::{Answer, Db, WEBHOOK_SECRET, answer};

async fn api(service: &Service, method: http::Method, path: &str) -> Answer {
    let request = reqwest::Client::new().request(method, format!("{}{path}", service.url));
    answer(request.bearer_auth(caller_token()).json(&json!({}))).await
}

pub(crate) async fn webhook(service: &Service, event: &Value) -> Answer {
    let body = serde_json::to_vec(event).unwrap();
    let signature = mux_events::signature(WEBHOOK_SECRET, Clock::system().now().timestamp(), &body);
    let request = reqwest::Client::new().post(format!("{}/v1/webhooks/mux", service.url));
    answer(request.header("mux-signature", signature).body(body)).await
}

/// Everything works, then nothing can be written, then everything works again.
async fn drill(
    service: &mut Service,
    mux: &FakeMux,
    stop: impl AsyncFn(&Service),
    go: impl AsyncFn(&Service),
) {
    service.start().await;
    wait_for(service, "/readyz", 200).await;
    let video = api(service, http::Method::POST, "/v1/uploads").await.expect(201)["video"].clone();
    let at_mux = AtMux {
        ids: Ids::of(&video),
        life: Life::Ready,
    };
    let now = Clock::system().now();
    at_mux.live_at(mux, now);
    let [first, rest @ ..] = &at_mux.events(now)[..] else {
        unreachable!("a life has events")
    };
    webhook(service, first).await.expect(200);
    let path = format!("/v1/videos/{}", at_mux.ids.video);

    stop(service).await;
    wait_for(service, "/readyz", 503).await;
    for event in rest {
        webhook(service, event).await.expect_problem(503, "unavailable");
    }
    let asked = mux.asked("POST").len();
    api(service, http::Method::POST, "/v1/uploads")
        .await
        .expect_problem(503, "unavailable");
    assert_eq!(
        mux.asked("POST").len(),
        asked,
        "no row, no upload at the provider"
    );
    api(service, http::Method::DELETE, &path)
        .await
        .expect_problem(503, "unavailable");
    assert_eq!(service.status("/livez").await, Some(200));
    assert_eq!(
        api(service, http::Method::GET, &path).await.expect(200)["status"],
        "waiting"
    );

    go(service).await;
    wait_for(service, "/readyz", 200).await;
    for event in rest {
        assert_eq!(webhook(service, event).await.expect(200)["result"], "accepted");
    }
    let end = tokio::time::Instant::now() + crate::service::DEADLINE;
    while api(service, http::Method::GET, &path).await.expect(200)["status"] != "ready" {
        assert!(tokio::time::Instant::now() < end, "not ready\n{}", service.log());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    api(service, http::Method::POST, "/v1/uploads").await.expect(201);
    assert!(service.runs());
    service.assert_no_panic();
}

#[tokio::test]
async fn a_read_only_postgres_is_a_503_until_it_takes_writes_again() {
    let database = TestDatabase::make(Db::Postgres).await;
    let rows = Rows::of(&database.url).await;
    let name = database.url.rsplit('/').next().unwrap();
    let set = async |value: &str| {
        rows.run(&format!(
            "alter database {name} set default_transaction_read_only = {value}; \
             select pg_terminate_backend(pid) from pg_stat_activity \
             where datname = '{name}' and pid <> pg_backend_pid();"
        ))
        .await;
    };
    let mux = FakeMux::start().await;
    let mut service = Service::new(&database.url, &mux.url, &[]);
    drill(
        &mut service,
        &mux,
        async |_| set("on").await,
        async |_| set("off").await,
    )
    .await;
}

/// Every write to a file fails: as on a full disk, without filling one.
#[tokio::test]
async fn a_sqlite_file_that_cannot_grow_is_a_503_until_it_can() {
    let folder = TempDir::new().unwrap();
    let mux = FakeMux::start().await;
    let database = format!("sqlite://{}/drill.db", folder.path().display());
    let mut service = Service::new(&database, &mux.url, &[]);
    let stop = async |service: &Service| service.limit_files(Some(0));
    let go = async |service: &Service| service.limit_files(None);
    drill(&mut service, &mux, stop, go).await;
}

/// As on a full disk: what is there can be written over, nothing can grow.
#[tokio::test]
async fn readyz_says_no_wherever_an_upload_cannot_be_written() {
    let folder = TempDir::new().unwrap();
    let mux = FakeMux::start().await;
    let file = folder.path().join("drill.db");
    let mut service = Service::new(&format!("sqlite://{}", file.display()), &mux.url, &[]);
    service.start().await;
    wait_for(&service, "/readyz", 200).await;
    let size = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().len();
    // What is left where the first upload fails is another number of pages each time, always too few.
    for pages in 1..=6 {
        let room = size("drill.db").max(size("drill.db-wal")) + pages * 4_120;
        service.limit_files(Some(room));
        let mut written = 0;
        while api(&service, http::Method::POST, "/v1/uploads").await.status == 201 {
            written += 1;
            assert!(written < 1_000, "uploads are still written");
        }
        // What readyz answers may be a second old.
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        let ready = service.status("/readyz").await;
        assert_eq!(ready, Some(503), "room for {pages} more pages, {written} uploads");
        api(&service, http::Method::POST, "/v1/uploads")
            .await
            .expect_problem(503, "unavailable");
    }
    service.limit_files(None);
    wait_for(&service, "/readyz", 200).await;
    api(&service, http::Method::POST, "/v1/uploads").await.expect(201);
}
