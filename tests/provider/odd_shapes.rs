//! Shapes that providers really send, and what they insist on: each was once dropped or misread without a word.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use serde_json::json;
use tracing::subscriber::DefaultGuard;
use yourbit_video::{
    domain::{Field, Observation, Policy, Status},
    provider::{CancelOutcome, Lookup, Priority, Provider, TemplateInput},
};

use crate::{
    fake::Fake,
    support::{
        MINIMAL, api_video_vars, ask, bunny_vars, cloudflare_vars, load, mux_vars, now, ready, shipped,
        sizes, upload, vars, video,
    },
};

/// The lines that are logged on this thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn begin() -> (Self, DefaultGuard) {
        let lines = Self::default();
        let to = lines.clone();
        let log = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || to.clone());
        (lines, tracing::subscriber::set_default(log.finish()))
    }

    /// Those that have the word.
    fn with(&self, word: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .filter(|line| line.contains(word))
            .map(str::to_owned)
            .collect()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn fact(seen: &Observation, field: Field) -> Option<serde_json::Value> {
    let found = seen.fields.iter().find(|(known, _)| *known == field);
    found.map(|(_, value)| value.clone())
}

async fn asset(provider: &Provider) -> Observation {
    let found = provider
        .get_asset(&ready(Policy::Signed), Priority::Request("owner"), now())
        .await;
    match found.unwrap() {
        Lookup::Found(seen) => seen,
        Lookup::Gone => panic!("it is there"),
    }
}

#[tokio::test]
async fn calls_without_a_body_say_that_it_is_empty() {
    let fake = Fake::start().await;
    let mux = shipped("mux", &mux_vars(&fake.base));
    fake.says_json(200, &json!({"data": {}}));
    let cancelled = mux
        .cancel_upload(&ready(Policy::Signed), Priority::Request("owner"), now())
        .await;
    assert_eq!(cancelled.unwrap(), CancelOutcome::Cancelled);

    let cloudflare = shipped("cloudflare_stream", &cloudflare_vars(&fake.base));
    let made = [
        ("location", "https://upload.example/1"),
        ("stream-media-id", "uid1"),
    ];
    fake.says(201, &made, "");
    upload(&cloudflare, &video(Policy::Signed)).await.unwrap();

    let map = MINIMAL.replace("https://api.example", &fake.base)
        + &format!(
            "[[asset.update]]\non = [\"title\"]\nmethod = \"PATCH\"\nurl = \"{}/a\"\n[asset.delete]\nmethod = \
             \"DELETE\"\nurl = \"{}/a\"\n",
            fake.base, fake.base
        );
    let small = load(&map, &vars([("KEY", "k"), ("WEBHOOK", "w")])).unwrap();
    fake.says(200, &[], "").says(200, &[], "");
    let subject = ready(Policy::Public);
    small
        .update_asset(&subject, &["title"], Priority::Request("owner"), now())
        .await
        .unwrap();
    small
        .delete_asset(&subject, Priority::Request("owner"), now())
        .await
        .unwrap();

    let asked = fake.asked();
    let lengths: Vec<(&str, &str)> = asked
        .iter()
        .map(|asked| (asked.method.as_str(), asked.header("content-length")))
        .collect();
    assert_eq!(
        lengths,
        [("PUT", "0"), ("POST", "0"), ("PATCH", "0"), ("DELETE", "")]
    );
    assert!(asked.iter().all(|asked| asked.body.is_empty()));
}

#[tokio::test]
async fn a_time_without_an_offset_is_utc_and_one_that_cannot_be_read_is_said_once() {
    let (lines, _guard) = Lines::begin();
    let fake = Fake::start().await;
    let provider = shipped("bunny_stream", &bunny_vars(&fake.base));
    let item = |guid: &str, at: &str| json!({"guid": guid, "title": "Old", "status": 4, "dateUploaded": at});
    let items = [
        item("a", "2026-01-14T17:26:41.697"),
        item("b", "2026-01-14 17:26:41.697+00"),
        item("c", "2026-01-14T18:26:41.697+01:00"),
        item("d", "last week"),
        item("e", "last year"),
    ];
    fake.says_json(200, &json!({"items": items}));
    let page = provider
        .list_assets(
            &provider.first_page(),
            Policy::Signed,
            Priority::Request("owner"),
            now(),
        )
        .await
        .unwrap();
    let made: Vec<Option<i64>> = page
        .assets
        .iter()
        .map(|asset| asset.created_at.map(|at| at.timestamp_millis()))
        .collect();
    let at = Some(1_768_411_601_697);
    assert_eq!(made, [at, at, at, None, None]);
    let said = lines.with("cannot be read");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("asset.list.created_at") && said[0].contains("last week"),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_number_that_cannot_be_read_is_none_and_said_once() {
    let (lines, _guard) = Lines::begin();
    let fake = Fake::start().await;
    let provider = shipped("bunny_stream", &bunny_vars(&fake.base));
    for _ in 0..2 {
        fake.says_json(
            200,
            &json!({"guid": "g", "status": 4, "length": "long", "width": "wide", "height": 0}),
        );
        let seen = asset(&provider).await;
        assert_eq!(
            (seen.status, fact(&seen, Field::Duration)),
            (Some(Status::Ready), None)
        );
    }
    let said = lines.with("cannot be read");
    // `seconds` is a format of its own; a height of 0 is one that the map says to be none.
    assert_eq!(said.len(), 2, "{said:?}");
}

#[tokio::test]
async fn settings_that_no_call_can_carry_are_refused_by_name() {
    let settings = |provider: &Provider, settings: serde_json::Value| {
        let input = TemplateInput {
            provider_settings: settings,
            ..video(Policy::Signed)
        };
        provider.check_upload(&input).map_err(|error| error.field)
    };
    let cloudflare = shipped("cloudflare_stream", &cloudflare_vars("http://127.0.0.1:9"));
    assert_eq!(
        settings(&cloudflare, json!({"watermark": {"uid": "w"}})),
        Err("provider_settings")
    );
    assert_eq!(settings(&cloudflare, json!({})), Ok(()));
    let mux = shipped("mux", &mux_vars("http://127.0.0.1:9"));
    assert_eq!(settings(&mux, json!({"test": true})), Ok(()));
    // A map may also name them.
    let named = MINIMAL.replace(
        "url = \"https://api.example/uploads\"",
        "url = \"https://api.example/uploads\"\nquery = { s = \"{provider_settings}\" }",
    );
    let named = load(&named, &vars([("KEY", "k"), ("WEBHOOK", "w")])).unwrap();
    assert_eq!(settings(&named, json!({"test": true})), Ok(()));
    for (provider, takes) in [(&mux, true), (&cloudflare, false), (&named, false)] {
        assert_eq!(provider.sends_quality(), takes);
    }
}

#[tokio::test]
async fn a_failed_playback_by_fetch_says_its_cause_once() {
    for (status, body, cause) in [
        (
            200,
            json!({"assets": {"player": "https://embed.example/vod/1"}}),
            "private_token",
        ),
        (404, json!({"title": "not there"}), "404"),
        (500, json!({}), "500"),
    ] {
        let (lines, _guard) = Lines::begin();
        let fake = Fake::start().await;
        let provider = shipped("api_video", &api_video_vars(&fake.base));
        fake.says_json(status, &body);
        let sizes = sizes();
        let subject = ready(Policy::Signed);
        provider.playback(&subject, &ask(&sizes)).await.unwrap_err();
        let said = lines.with("WARN");
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].contains(cause) && said[0].contains("playback.sign.steps"),
            "{said:?}"
        );
    }
}

#[tokio::test]
async fn an_aspect_ratio_with_a_slash_is_told_with_a_colon() {
    let fake = Fake::start().await;
    let provider = shipped("api_video", &api_video_vars(&fake.base));
    for (told, wanted) in [
        (json!("16/9"), Some(json!("16:9"))),
        (json!("square"), None),
        (json!(null), None),
    ] {
        let metadata = json!({"width": 1280, "height": 720, "aspectRatio": told});
        fake.says_json(
            200,
            &json!({"encoding": {"playable": true, "metadata": metadata}}),
        );
        assert_eq!(fact(&asset(&provider).await, Field::AspectRatio), wanted);
    }
}

#[tokio::test]
async fn videos_at_api_video_are_listed_page_by_page() {
    let fake = Fake::start().await;
    let provider = shipped("api_video", &api_video_vars(&fake.base));
    let ours = "01990000-0000-7000-8000-000000000001";
    let item = json!({
        "videoId": "vi1", "title": "Maths video", "public": true, "createdAt": "2024-01-29T15:46:25+00:00",
        "metadata": [{"key": "Author", "value": "John"}, {"key": "video_id", "value": ours}],
    });
    fake.says_json(200, &json!({"data": [item], "pagination": {"currentPage": 1}}));
    fake.says_json(200, &json!({"data": [], "pagination": {"currentPage": 2}}));
    let first = provider
        .list_assets(
            &provider.first_page(),
            Policy::Signed,
            Priority::Request("owner"),
            now(),
        )
        .await
        .unwrap();
    let one = &first.assets[0];
    assert_eq!(one.video.observation.asset_id.as_deref(), Some("vi1"));
    assert_eq!(
        fact(&one.video.observation, Field::PlaybackId),
        Some(json!("vi1"))
    );
    assert_eq!((one.video.policy, one.has_status), (Policy::Public, false));
    assert_eq!(one.video.video_id.unwrap().to_string(), ours);
    assert_eq!(one.title.as_deref(), Some("Maths video"));
    assert_eq!(one.created_at.unwrap().timestamp(), 1_706_543_185);
    let second = provider
        .list_assets(
            &first.next.unwrap(),
            Policy::Signed,
            Priority::Request("owner"),
            now(),
        )
        .await
        .unwrap();
    assert!(second.assets.is_empty() && second.next.is_none());
    let asked: Vec<String> = fake.asked().iter().map(crate::fake::Asked::line).collect();
    for (asked, page) in asked.iter().zip([1, 2]) {
        assert!(
            asked.starts_with("GET /videos?") && asked.contains(&format!("currentPage={page}")),
            "{asked}"
        );
    }
}
