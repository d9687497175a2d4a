//! A crowd that asks for more than the provider's rate allows, on two replicas.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::response::{IntoResponse, Response};
use futures::future::join_all;
use http::{Method, StatusCode, Uri};
use serde_json::{Value, json};

use crate::kill::caller_token;
use crate::service::Service;
use crate::support::database::TestDatabase;
use crate::support::{Answer, Db, answer};

/// The shipped map's rate of POSTs, and how long a request waits.
const PER_S: f64 = 1.0;
const BURST: f64 = 5.0;
const WAIT_S: u64 = 15;
/// What the network and a machine with other work move: one call.
const MOVED: f64 = 1.0;

/// When each POST came.
#[derive(Clone, Default)]
struct Times(Arc<Mutex<Vec<Instant>>>);

impl Times {
    async fn serve(self) -> String {
        let router = Router::new().fallback(async move |method: Method, uri: Uri| self.answer(&method, &uri));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        url
    }

    fn answer(&self, method: &Method, uri: &Uri) -> Response {
        if method != Method::POST || uri.path() != "/video/v1/uploads" {
            return StatusCode::NOT_FOUND.into_response();
        }
        let mut times = self.0.lock().unwrap();
        times.push(Instant::now());
        let id = format!("upload{}", times.len());
        let data = json!({"id": id, "url": format!("https://storage.example.com/{id}"), "status": "waiting"});
        (StatusCode::CREATED, axum::Json(json!({"data": data}))).into_response()
    }

    /// In every window at most `BURST + PER_S * T` calls, and one more.
    #[track_caller]
    fn assert_law(&self) -> usize {
        let mut times = self.0.lock().unwrap().clone();
        times.sort_unstable();
        for (first, begin) in times.iter().enumerate() {
            for (last, end) in times.iter().enumerate().skip(first) {
                let count = f64::from(u32::try_from(last - first + 1).unwrap());
                let window_s = (*end - *begin).as_secs_f64();
                assert!(
                    count <= BURST + PER_S * window_s + MOVED,
                    "{count} calls within {window_s} s: {times:?}"
                );
            }
        }
        times.len()
    }
}

async fn upload(client: &reqwest::Client, service: &Service) -> Answer {
    let request = client.post(format!("{}/v1/uploads", service.url));
    answer(request.bearer_auth(caller_token()).json(&json!({}))).await
}

/// Begins the uploads at the same time, one after another on each of the services; says how many were taken.
async fn crowd(services: &[Service], uploads: usize) -> usize {
    let client = reqwest::Client::new();
    let begun = Instant::now();
    let answers =
        join_all((0..uploads).map(|index| upload(&client, &services[index % services.len()]))).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(WAIT_S + 5), "{took:?}");
    let (taken, busy): (Vec<Answer>, Vec<Answer>) =
        answers.into_iter().partition(|answer| answer.status == 201);
    for refused in &busy {
        let problem: Value = refused.expect_problem(503, "provider_busy");
        let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=30).contains(&wait), "{wait} {problem}");
    }
    taken.len()
}

fn shipped(database: &str, provider: &str) -> Service {
    Service::new(database, provider, &[("VIDEO_PROVIDERS__DIR", "")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_uploads_at_once_keep_to_the_shipped_rate_and_the_rest_are_told_when_to_come_again() {
    let database = TestDatabase::make(Db::Sqlite).await;
    let times = Times::default();
    let provider = times.clone().serve().await;
    let mut service = shipped(&database.url, &provider);
    service.start().await;
    let taken = crowd(std::slice::from_ref(&service), 30).await;
    let asked = times.assert_law();
    println!("30 uploads on one process: {taken} taken, {asked} calls");
    assert_eq!(asked, taken);
    assert!((18..=21).contains(&taken), "5 at once and 15 in 15 s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_share_the_providers_rate() {
    let database = TestDatabase::make(Db::Postgres).await;
    let times = Times::default();
    let provider = times.clone().serve().await;
    let mut replicas = [0, 1].map(|_| shipped(&database.url, &provider));
    for replica in &mut replicas {
        replica.start().await;
    }
    let taken = crowd(&replicas, 30).await;
    let asked = times.assert_law();
    println!("30 uploads on two replicas: {taken} taken, {asked} calls");
    assert_eq!(asked, taken);
    assert!((18..=21).contains(&taken), "5 at once and 15 in 15 s");
    replicas.iter().for_each(Service::assert_no_panic);
}
