//! Captions by the same three calls at every provider: fakes of four, and the built-in one itself.

use std::{collections::BTreeMap, path::Path, time::Duration};

use axum::{Router, response::Response};
use chrono::Duration as Span;
use http::HeaderValue;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use yourbit_video::{
    clock::Clock,
    config,
    local::{FetchOptions, Local, Options},
};

use crate::support::database::TestDatabase;
use crate::support::fake_captions::{ASSET, FakeCaptions, http_date};
use crate::support::fake_mux::FakeMux;
use crate::support::mux_events::Ids;
use crate::support::{Db, TestApp, answer};

/// What each provider can do with tracks: provider · capabilities · is the file's address told to pages.
const TABLE: [(&str, &[&str], bool); 5] = [
    ("mux", &["tracks", "sound_tracks", "generated_tracks"], true),
    ("cloudflare_stream", &["tracks", "generated_tracks"], false),
    ("api_video", &["tracks", "generated_tracks"], true),
    ("bunny_stream", &["tracks", "generated_tracks"], true),
    ("built_in", &["tracks"], true),
];

const SRT: &str = "1\r\n00:00:01,000 --> 00:00:02,000\r\nGrüße an alle\r\n";

/// The service with all five providers.
struct Everywhere {
    app: TestApp,
    fake: FakeCaptions,
    videos: BTreeMap<&'static str, Ids>,
    _folder: TempDir,
    _stop: tokio_util::sync::DropGuard,
}

impl Everywhere {
    async fn start(db: Db) -> Self {
        let fake = FakeCaptions::start().await;
        let folder = TempDir::new().unwrap();
        // Why under another name: the built-in provider runs beside the service here, so that both have one clock.
        std::fs::write(folder.path().join("built_in.toml"), "extends = \"local\"\n").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/local", listener.local_addr().unwrap());
        let app = start_app(db, folder.path(), &fake.url, &base).await;
        app.mux.tell_time(&app.clock, Span::zero());
        fake.tell_time(&app.clock);
        let stop = CancellationToken::new();
        let local = start_local(folder.path(), &base, listener, &app.clock, &stop).await;
        let asset = own_asset(&local, &base, folder.path()).await;
        let mut videos = BTreeMap::from([("mux", Ids::of(&app.ready_video("public").await))]);
        for (provider, member, id) in [
            ("cloudflare_stream", "asset_id", ASSET),
            ("api_video", "playback_id", ASSET),
            ("bunny_stream", "playback_id", ASSET),
            ("built_in", "asset_id", asset.as_str()),
        ] {
            let body = json!({"provider": provider, "owner": "alice", member: id});
            let adopted = app
                .post(&app.token("root", "video:admin"), "/v1/admin/videos", &body)
                .await;
            let video = adopted.expect(201);
            assert_eq!(video["status"], "ready", "{provider}: {video}");
            let text = |member: &str| video[member].as_str().unwrap_or_default().to_owned();
            let ids = Ids {
                video: text("id"),
                upload: text("upload_id"),
                asset: text("asset_id"),
                playback: text("playback_id"),
            };
            videos.insert(provider, ids);
        }
        Self {
            app,
            fake,
            videos,
            _folder: folder,
            _stop: stop.drop_guard(),
        }
    }

    /// Time passes and the service works until every track of text, at every provider, is as it is wanted.
    async fn until(&self, what: &str, is_there: impl Fn(&str, &[Value]) -> bool) {
        let mut open = Vec::new();
        for _ in 0..8 {
            self.app.reconcile().await;
            self.let_mux_fetch().await;
            self.app.clock.advance(Span::hours(1));
            open.clear();
            for (provider, ids) in &self.videos {
                let texts = self.app.texts(ids).await;
                if !is_there(provider, &texts) {
                    open.push(format!("{provider}: {texts:?}"));
                }
            }
            if open.is_empty() {
                return;
            }
        }
        panic!("{what}: {open:#?}");
    }

    /// Mux fetches what it was given addresses of, and finishes.
    async fn let_mux_fetch(&self) {
        let asset = &self.videos["mux"].asset;
        let tracks = self.app.mux.text_tracks(asset);
        let requests = self.app.mux.requests();
        let sent = requests
            .iter()
            .filter(|request| request.method == "POST" && request.path.ends_with("/tracks"));
        let urls: Vec<&str> = sent.filter_map(|request| request.body["url"].as_str()).collect();
        for track in tracks.iter().filter(|track| track["status"] == "preparing") {
            if let (true, Some(url)) = (track["text_source"] == "uploaded", urls.last()) {
                let path = url.strip_prefix("https://video.example.com").unwrap();
                let file = self.app.send(http::Method::GET, path, None, None).await;
                assert_eq!(file.status, 200, "{}", file.text);
                self.fake.fetch(track["id"].as_str().unwrap(), &file.text);
            }
        }
        self.app.mux.finish_tracks(asset, "ready");
    }

    /// How many tracks of text the provider itself has.
    fn theirs(&self, provider: &str) -> usize {
        match provider {
            "mux" => self.app.mux.text_tracks(&self.videos["mux"].asset).len(),
            _ => self.fake.captions(provider).len(),
        }
    }
}

async fn start_app(db: Db, maps: &Path, fake: &str, local: &str) -> TestApp {
    let more = [
        ("VIDEO_PROVIDERS__DIR", maps.to_str().unwrap()),
        (
            "VIDEO_PROVIDERS__ENABLED",
            "mux,cloudflare_stream,api_video,bunny_stream,built_in",
        ),
        ("VIDEO_HTTP__PUBLIC_URL", "https://video.example.com"),
        ("VIDEO_UPLOADS__PLAYBACK_POLICY", "public"),
        ("VIDEO_MUX_STREAM", fake),
        ("VIDEO_CLOUDFLARE_API", fake),
        ("VIDEO_CLOUDFLARE_ACCOUNT", "acc1"),
        ("VIDEO_CLOUDFLARE_TOKEN", "cf-token"),
        ("VIDEO_CLOUDFLARE_WEBHOOK_SECRET", "cf-webhook"),
        (
            "VIDEO_CLOUDFLARE_DELIVERY",
            "https://customer-x.cloudflarestream.com",
        ),
        ("VIDEO_API_VIDEO_API", fake),
        ("VIDEO_API_VIDEO_VOD", fake),
        ("VIDEO_API_VIDEO_KEY", "av-key"),
        ("VIDEO_API_VIDEO_WEBHOOK_SECRET", "av-webhook"),
        ("VIDEO_BUNNY_API", fake),
        ("VIDEO_BUNNY_LIBRARY", "133"),
        ("VIDEO_BUNNY_KEY", "bunny-key"),
        ("VIDEO_BUNNY_READ_ONLY_KEY", "bunny-read-only"),
        ("VIDEO_BUNNY_DELIVERY", fake),
        ("VIDEO_LOCAL_API", local),
        ("VIDEO_LOCAL_PUBLIC", local),
        ("VIDEO_LOCAL_TOKEN", "token"),
        ("VIDEO_LOCAL_SECRET", "secret"),
        ("VIDEO_LOCAL_WEBHOOK_SECRET", "local-webhook"),
    ];
    let database = std::sync::Arc::new(TestDatabase::make(db).await);
    TestApp::on(database, FakeMux::start().await, &more).await
}

/// The built-in provider, in a folder of its own, by the service's clock.
async fn start_local(
    folder: &Path,
    base: &str,
    listener: TcpListener,
    clock: &Clock,
    stop: &CancellationToken,
) -> Local {
    let local = Local::open(Options {
        settings: config::Local {
            dir: folder.join("local"),
            public_url: String::new(),
            max_bytes: 1 << 30,
            min_free_bytes: 1,
            max_open_uploads_per_owner: 100,
            max_bytes_per_owner: 0,
            jobs: 1,
            webhook_urls: Vec::new(),
            chaos: config::Chaos::default(),
        },
        public_url: base.to_owned(),
        api_url: base.to_owned(),
        webhook_url: String::new(),
        loopback_pages: false,
        fetch: FetchOptions::default(),
        clock: clock.clone(),
        launcher: env!("CARGO_BIN_EXE_yourbit-video").into(),
        env: BTreeMap::from([
            ("VIDEO_LOCAL_TOKEN".to_owned(), "token".to_owned()),
            ("VIDEO_LOCAL_SECRET".to_owned(), "secret".to_owned()),
        ]),
    })
    .await
    .unwrap();
    assert_eq!(local.credentials()["VIDEO_LOCAL_TOKEN"].expose_secret(), "token");
    let told = clock.clone();
    let tell_time = axum::middleware::map_response(move |mut response: Response| {
        let date = HeaderValue::from_str(&http_date(&told)).unwrap();
        response.headers_mut().insert("date", date);
        std::future::ready(response)
    });
    let router = Router::new().nest("/local", local.router()).layer(tell_time);
    tokio::spawn(async move { drop(axum::serve(listener, router).await) });
    let (worker, stopped) = (local.clone(), stop.clone());
    tokio::spawn(async move { worker.run(stopped).await });
    local
}

/// A ready asset of the built-in provider; its id.
async fn own_asset(local: &Local, base: &str, folder: &Path) -> String {
    let clip = folder.join("clip.mp4");
    let made = std::process::Command::new("ffmpeg")
        .args("-v error -f lavfi -i testsrc2=size=160x90:rate=10:duration=3 -c:v libx264 -preset ultrafast -pix_fmt yuv420p".split(' '))
        .arg(&clip)
        .status();
    assert!(made.unwrap().success());
    let http = reqwest::Client::new();
    let call = |method: &str, path: &str| {
        let request = http.request(method.parse().unwrap(), format!("{base}/video/v1{path}"));
        request.basic_auth(
            "token",
            Some(local.credentials()["VIDEO_LOCAL_SECRET"].expose_secret()),
        )
    };
    let body = json!({"cors_origin": "*", "new_asset_settings": {"playback_policies": ["public"]}});
    let upload = answer(call("POST", "/uploads").json(&body)).await.expect(201)["data"].clone();
    let put = http
        .put(upload["url"].as_str().unwrap())
        .body(std::fs::read(clip).unwrap());
    assert!(put.send().await.unwrap().status().is_success());
    for _ in 0..600 {
        let path = format!("/uploads/{}", upload["id"].as_str().unwrap());
        let asset = answer(call("GET", &path)).await.expect(200)["data"]["asset_id"].clone();
        if let Some(id) = asset.as_str() {
            let asset = answer(call("GET", &format!("/assets/{id}"))).await.expect(200)["data"].clone();
            assert_ne!(asset["status"], "errored", "{asset}");
            if asset["status"] == "ready" {
                return id.to_owned();
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the built-in provider makes no video of the clip");
}

fn has(texts: &[Value], language: &str, status: &str) -> bool {
    texts
        .iter()
        .any(|track| track["language"] == language && track["status"] == status)
}

on_both! {
    async fn the_same_calls_add_list_and_delete_captions_at_every_provider(db: Db) {
        let here = Everywhere::start(db).await;
        let app = &here.app;
        let session = app.get(&app.alice(), "/v1/session").await.expect(200);
        let can = |provider: &str, what: &str| {
            session["capabilities"][provider].as_array().unwrap().contains(&json!(what))
        };
        for (provider, capabilities, _) in TABLE {
            let named = ["tracks", "sound_tracks", "generated_tracks"].into_iter().filter(|name| can(provider, name));
            assert_eq!(named.collect::<Vec<_>>(), capabilities, "{provider}");
        }

        // Add.
        let mut ids = BTreeMap::new();
        for (provider, video) in &here.videos {
            let sent = app.send_file(video, "application/x-subrip", "language=de&kind=captions&name=Deutsch", SRT).await;
            let track = sent.expect(202);
            assert_eq!((&track["status"], &track["language"]), (&json!("preparing"), &json!("de")), "{provider}");
            ids.insert(*provider, track["id"].clone());
        }
        // List.
        here.until("added", |_, texts| has(texts, "de", "ready")).await;
        for (provider, _, has_address) in TABLE {
            let video = &here.videos[provider];
            let texts = app.texts(video).await;
            let expected = json!([{
                "id": ids[provider], "kind": "captions", "language": "de", "name": texts[0]["name"], "status": "ready",
                "source": "uploaded", "error": null,
            }]);
            assert_eq!(json!(texts), expected, "{provider}");
            assert!(provider == "built_in" || here.theirs(provider) == 1, "{provider} has it once");
            let file = app.read_track(video, &ids[provider]).await;
            assert_eq!(file.status, 200, "{provider}: {}", file.text);
            assert!(file.text.starts_with("WEBVTT") && file.text.contains("Grüße an alle"), "{provider}: {}", file.text);
            let path = format!("/v1/videos/{}/playback", video.video);
            let playback = app.get(&app.alice(), &path).await.expect(200);
            let urls: Vec<&str> = playback["tracks"].as_array().unwrap().iter().filter_map(|one| one["url"].as_str()).collect();
            assert_eq!(urls.len(), usize::from(has_address), "{provider}: {playback}");
            if let Some(url) = urls.first() {
                let played = answer(app.client.get(*url)).await;
                assert!(played.text.contains("Grüße an alle"), "{provider} {url}: {}", played.text);
            }
        }

        // Generate, where the provider can.
        for (provider, capabilities, _) in TABLE {
            let asked = app.ask_for_track(&here.videos[provider], &json!({"language": "fr", "generate": true})).await;
            if capabilities.contains(&"generated_tracks") {
                asked.expect(202);
            } else {
                asked.expect_problem(409, "not_supported");
            }
        }
        here.until("generated", |provider, texts| provider == "built_in" || has(texts, "fr", "ready")).await;
        for (provider, capabilities, _) in TABLE {
            let texts = app.texts(&here.videos[provider]).await;
            assert_eq!(texts.len(), capabilities.iter().filter(|name| **name != "sound_tracks").count(), "{provider}: {texts:?}");
            assert!(texts.iter().filter(|one| one["language"] == "fr").all(|one| one["source"] == "generated"), "{texts:?}");
        }

        // Delete.
        for video in here.videos.values() {
            for track in app.texts(video).await {
                app.drop_track(video, &track["id"]).await.expect(202);
            }
        }
        here.until("deleted", |_, texts| texts.is_empty()).await;
        for (provider, video) in &here.videos {
            assert!(*provider == "built_in" || here.theirs(provider) == 0, "{provider}");
            app.read_track(video, &ids[provider]).await.expect_problem(404, "not_found");
        }
    }
}
