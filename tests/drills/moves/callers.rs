//! Who uses the service meanwhile: viewers, and people who upload.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rand::seq::IndexedRandom;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::token;

/// Viewers at the same time.
const VIEWERS: usize = 4;
/// People who upload at the same time: enough that some wait for the rate all the time.
const UPLOADERS: usize = 6;

/// What both have.
#[derive(Default)]
struct Shared {
    is_over: AtomicBool,
    done: AtomicUsize,
}

impl Shared {
    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::SeqCst)
    }

    fn count(&self) {
        self.done.fetch_add(1, Ordering::SeqCst);
    }
}

/// Viewers, each of a video at a time: who gets an address plays from it.
pub(super) struct Viewers {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

impl Viewers {
    pub(super) fn start(service: &str, videos: &[Value]) -> Self {
        let (shared, mut tasks) = (Arc::<Shared>::default(), JoinSet::new());
        let ids: Arc<[String]> = videos
            .iter()
            .map(|video| video["id"].as_str().unwrap().to_owned())
            .collect();
        for _ in 0..VIEWERS {
            tasks.spawn(view(shared.clone(), service.to_owned(), ids.clone()));
        }
        Self { shared, tasks }
    }

    /// Ends them; how often something was played. Panics where something did not play.
    pub(super) async fn stop(mut self) -> usize {
        self.shared.is_over.store(true, Ordering::SeqCst);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        self.shared.done.load(Ordering::SeqCst)
    }
}

async fn view(shared: Arc<Shared>, service: String, ids: Arc<[String]>) {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    let token = token("viewer", "video:play");
    while shared.goes_on() {
        let id = ids.choose(&mut rand::rng()).unwrap();
        let request = client
            .get(format!("{service}/v1/videos/{id}/playback"))
            .bearer_auth(&token);
        // A service that was killed answers nobody for a moment.
        let Ok(answer) = request.send().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let status = answer.status();
        let Ok(text) = answer.text().await else { continue };
        if status == 503 {
            continue;
        }
        assert_eq!(status, 200, "{id} does not play: {text}");
        let playback: Value = serde_json::from_str(&text).unwrap();
        let address = playback["urls"]["hls"].as_str().unwrap();
        let media = client.get(address).send().await.unwrap();
        assert_eq!(media.status(), 200, "{address} of {id} does not play");
        shared.count();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// People who upload to both providers, and wait for the rate.
pub(super) struct Uploaders {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

impl Uploaders {
    pub(super) fn start(service: &str) -> Self {
        let (shared, mut tasks) = (Arc::<Shared>::default(), JoinSet::new());
        for index in 0..UPLOADERS {
            let provider = if index % 2 == 0 { "old" } else { "clips" };
            tasks.spawn(upload(shared.clone(), service.to_owned(), index, provider));
        }
        Self { shared, tasks }
    }

    /// Ends them; how many uploads were begun.
    pub(super) async fn stop(mut self) -> usize {
        self.shared.is_over.store(true, Ordering::SeqCst);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        self.shared.done.load(Ordering::SeqCst)
    }
}

async fn upload(shared: Arc<Shared>, service: String, index: usize, provider: &'static str) {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    let token = token(&format!("uploader-{index}"), "");
    while shared.goes_on() {
        let request = client
            .post(format!("{service}/v1/uploads"))
            .bearer_auth(&token)
            .json(&json!({"provider": provider}));
        match request.send().await.map(|answer| answer.status().as_u16()) {
            Ok(201) => shared.count(),
            // The provider is out, the rate is used up, or the service is killed.
            Ok(502 | 503) | Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            Ok(status) => panic!("an upload to {provider} got {status}"),
        }
    }
}
