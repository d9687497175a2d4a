//! A map's `rate` in one process: who waits, who is told to come again, and what does not count.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::join_all;
use serde_json::json;
use yourbit_video::{
    domain::{Observation, Policy},
    provider::{CallError, Captures, LoadOptions, Lookup, Priority, Provider},
};

use crate::{
    fake::Fake,
    support::{MINIMAL, load, now, ready, vars, video},
};

const GET: &str = "\n[asset.get]\nmethod = \"GET\"\nurl = \"BASE/assets/{asset_id}\"\nstatus = { at = \"/status\", map = { ok = \"ready\" } }\n";

fn map(fake: &Fake, api: &str) -> String {
    let start = MINIMAL
        .replace("https://api.example", &fake.base)
        .replace("[api]\n", &format!("[api]\n{api}\n"));
    start + &GET.replace("BASE", &fake.base)
}

fn provider(map: &str, options: &LoadOptions) -> Provider {
    let env = vars([("KEY", "k"), ("WEBHOOK", "w")]);
    Provider::load("t", "t.toml", map, &|name| env.get(name).cloned(), options).unwrap()
}

async fn get(provider: &Provider, priority: Priority<'_>) -> Result<Lookup<Observation>, CallError> {
    provider.get_asset(&ready(Policy::Public), priority, now()).await
}

fn answers(fake: &Fake, count: usize) {
    for _ in 0..count {
        fake.says_json(200, &json!({"status": "ok"}));
    }
}

fn retry_after(error: &CallError) -> Duration {
    match error {
        CallError::Busy { retry_after } => *retry_after,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_crowd_on_two_processes_keeps_to_the_rate_they_share() {
    let fake = Fake::start().await;
    answers(&fake, 100);
    let map = map(
        &fake,
        "rate = [{ methods = [\"GET\"], per_s = 10, burst = 5 }]\nwait_s = 1",
    );
    let options = LoadOptions::default();
    let both = [provider(&map, &options), provider(&map, &options)];
    let begun = Instant::now();
    let calls = (0..40).map(async |index| {
        let answer = get(&both[index % 2], Priority::Request("alice")).await;
        (answer, begun.elapsed())
    });
    let (mut answered, mut busy) = (Vec::new(), 0);
    for (answer, at) in join_all(calls).await {
        match answer {
            Ok(_) => answered.push(at),
            Err(error) => {
                assert!(retry_after(&error) > Duration::from_millis(50), "{error}");
                busy += 1;
            }
        }
    }
    answered.sort_unstable();
    assert!(
        (12..=15).contains(&answered.len()),
        "5 at once and 10 in 1 s: {answered:?}"
    );
    assert_eq!(answered.len() + busy, 40);
    assert_eq!(
        fake.asked().len(),
        answered.len(),
        "who is told to come again calls nobody"
    );
    for (index, at) in answered.iter().enumerate().skip(5) {
        let turn = Duration::from_millis(100) * u32::try_from(index - 4).unwrap();
        assert!(*at + Duration::from_millis(5) >= turn, "{index}: {at:?}");
    }
}

#[tokio::test]
async fn background_work_leaves_requests_their_turns_and_takes_everything_else() {
    let fake = Fake::start().await;
    answers(&fake, 200);
    let map = map(&fake, "rate = [{ per_s = 20, burst = 1 }]\nwait_s = 5");
    let provider = Arc::new(provider(&map, &LoadOptions::default()));
    let background = async |for_: Duration| {
        let (begun, mut count) = (Instant::now(), 0_usize);
        while begun.elapsed() < for_ {
            get(&provider, Priority::Background).await.unwrap();
            count += 1;
        }
        count
    };
    let alone = background(Duration::from_secs(1)).await;
    assert!((15..=22).contains(&alone), "alone it has the whole rate: {alone}");
    let requests =
        join_all((0..20).map(async |_| get(&provider, Priority::Request("alice")).await.map(drop)));
    let begun = Instant::now();
    let requests = async {
        let done = requests.await;
        (done, begun.elapsed())
    };
    let ((done, took), beside) = tokio::join!(requests, background(Duration::from_millis(900)));
    assert!(done.iter().all(Result::is_ok));
    assert!(beside <= 12, "at most half beside requests: {beside}");
    assert!(
        took < Duration::from_millis(2600),
        "{took:?}: requests have at least half of the rate"
    );
}

#[tokio::test]
async fn an_upload_takes_the_turns_of_all_its_steps_or_none() {
    let fake = Fake::start().await;
    let two = "[[upload.steps]]\nmethod = \"POST\"\nurl = \"BASE/second\"\n[upload.client]"
        .replace("BASE", &fake.base);
    let map = map(
        &fake,
        "rate = [{ methods = [\"POST\"], per_s = 2, burst = 2 }]\nwait_s = 0.3",
    )
    .replace("[upload.client]", &two);
    let provider = provider(&map, &LoadOptions::default());
    for _ in 0..2 {
        fake.says_json(
            200,
            &json!({"id": 7, "asset": "a", "play": "p", "url": "https://x.example/u"}),
        );
        fake.says_json(200, &json!({}));
    }
    let mut turns = provider
        .reserve_upload_permits(0, Priority::Request("alice"))
        .await
        .unwrap();
    // One turn comes back in half a second, but it takes two.
    let error = provider
        .reserve_upload_permits(0, Priority::Request("bob"))
        .await
        .unwrap_err();
    let wait = retry_after(&error);
    assert!(
        wait > Duration::from_millis(700) && wait <= Duration::from_secs(1),
        "{wait:?}"
    );
    let begun = Instant::now();
    let mut captures = Captures::new();
    for step in 0..2 {
        let input = video(Policy::Public);
        provider
            .run_upload_step_with(
                step,
                &input,
                &mut captures,
                (Priority::Request("alice"), &mut turns),
            )
            .await
            .unwrap();
    }
    assert!(
        begun.elapsed() < Duration::from_millis(300),
        "its turns were taken before"
    );
    assert_eq!(fake.asked().len(), 2);
}

#[tokio::test]
async fn calls_to_another_host_do_not_count() {
    let (fake, other) = (Fake::start().await, Fake::start().await);
    answers(&other, 20);
    let map = map(&fake, "rate = [{ per_s = 0.1, burst = 1 }]\nwait_s = 0.1").replace(
        &format!("{}/assets", fake.base),
        &format!("{}/assets", other.base),
    );
    let provider = provider(&map, &LoadOptions::default());
    for _ in 0..10 {
        get(&provider, Priority::Request("alice")).await.unwrap();
    }
    other.says(429, &[("retry-after", "60")], "");
    answers(&other, 1);
    for _ in 0..10 {
        get(&provider, Priority::Request("alice")).await.unwrap();
    }
    get(&provider, Priority::Request("alice")).await.unwrap_err();
    get(&provider, Priority::Request("alice")).await.unwrap();
    provider
        .reserve_upload_permits(0, Priority::Request("alice"))
        .await
        .unwrap();
    retry_after(
        &provider
            .reserve_upload_permits(0, Priority::Request("alice"))
            .await
            .unwrap_err(),
    );
}

#[tokio::test]
async fn a_short_pause_is_waited_for_and_a_long_one_told() {
    let fake = Fake::start().await;
    let provider = provider(
        &map(&fake, "rate = [{ per_s = 100, burst = 10 }]\nwait_s = 2"),
        &LoadOptions::default(),
    );
    fake.says(429, &[("retry-after", "1")], "");
    answers(&fake, 1);
    get(&provider, Priority::Request("alice")).await.unwrap_err();
    let begun = Instant::now();
    get(&provider, Priority::Request("alice")).await.unwrap();
    assert!(
        begun.elapsed() >= Duration::from_millis(950),
        "{:?}",
        begun.elapsed()
    );
    fake.says(429, &[("retry-after", "7")], "");
    get(&provider, Priority::Background).await.unwrap_err();
    let error = get(&provider, Priority::Request("alice")).await.unwrap_err();
    assert!(retry_after(&error) > Duration::from_secs(6), "{error}");
    assert_eq!(fake.asked().len(), 3);
}

#[test]
fn how_long_a_request_waits_is_bounded() {
    let env = vars([("KEY", "k"), ("WEBHOOK", "w")]);
    let error = load(&MINIMAL.replace("[api]\n", "[api]\nwait_s = 31\n"), &env)
        .err()
        .unwrap()
        .to_string();
    assert_eq!(error, "test.toml: [api] wait_s: must be at most 30 seconds");
    let error = load(&MINIMAL.replace("[api]\n", "[api]\nno_room = [99]\n"), &env)
        .err()
        .unwrap()
        .to_string();
    assert!(error.starts_with("test.toml: [api] no_room:"), "{error}");
}
