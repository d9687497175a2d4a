//! Text tracks by URL: what is fetched, and what is refused.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    ingest::{fetching, open_rules},
    support::{Provider, clips, eventually, playback_id, source::Source, tracks::number},
};

const VTT: &str = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHello\n";
const SRT: &str = "1\r\n00:00:01,000 --> 00:00:02,000\r\nHello\r\n";

/// Asks for a track whose file is at `url`.
async fn ask(provider: &Provider, id: &str, url: &str) -> (u16, Value) {
    let body = json!({ "url": url, "type": "text", "text_type": "subtitles", "language_code": "en", "name": "English",
        "closed_captions": true, "passthrough": "ours" });
    let (status, answer) = provider
        .api(Method::POST, &format!("/assets/{id}/tracks"), Some(body))
        .await;
    (status.as_u16(), answer)
}

/// The track once it is no longer preparing.
async fn ended(provider: &Provider, id: &str, track: &Value) -> Value {
    eventually("the track ends", async || {
        let asset = provider.data(&format!("/assets/{id}")).await;
        let all = asset["tracks"].as_array().unwrap().clone();
        all.into_iter()
            .find(|one| one["id"] == track["id"])
            .filter(|one| one["status"] != "preparing")
    })
    .await
}

#[tokio::test]
async fn a_file_at_a_url_becomes_a_track_and_nothing_tells_the_url() {
    let utf16: Vec<u8> = format!("\u{feff}{VTT}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let files = [VTT.as_bytes().to_vec(), SRT.as_bytes().to_vec(), utf16];
    let source = Source::start(move |number, asked, wire| {
        let file = files[number].clone();
        async move { wire.give(&file, &asked).await }
    })
    .await;
    let provider = fetching(open_rules()).await;
    let asset = provider
        .ingest(&clips::silent(2), json!({ "playback_policies": ["public"] }))
        .await;
    let id = asset["id"].as_str().unwrap();
    let playback = playback_id(&asset, "public");
    for _ in 0..3 {
        let (status, answer) = ask(&provider, id, &source.url("/text?signature=secret-word")).await;
        assert_eq!(status, 201, "{answer}");
        let track = &answer["data"];
        assert_eq!(track["status"], "preparing");
        assert_eq!(track["closed_captions"], true);
        assert_eq!(track["passthrough"], "ours");
        let ready = ended(&provider, id, track).await;
        assert_eq!(ready["status"], "ready", "{ready}");
        let path = format!("{playback}/text/{}.vtt", ready["id"].as_str().unwrap());
        assert_eq!(provider.view(&path).await.text().await.unwrap(), VTT);
        assert!(!format!("{answer}{ready}").contains("secret-word"));
    }
    assert_eq!(
        number(&provider, "select count(*) from track_fetches where $1 <> ''", id).await,
        0
    );
    let told = format!("{:?}", provider.inbox.events());
    assert!(!told.contains("secret-word"), "{told}");
    for absent in ["cookie", "referer", "authorization", "range"] {
        assert_eq!(source.asked()[0].headers.get(absent), None, "{absent}");
    }
}

#[tokio::test]
async fn a_source_that_fails_is_asked_again_and_one_that_refuses_is_told() {
    let large = format!("{VTT}\nNOTE {}", "n".repeat(1 << 20)).into_bytes();
    let source = Source::start(move |_, asked, wire| {
        let large = large.clone();
        async move {
            let tried = asked.path.strip_prefix("/flaky").is_some();
            match asked.path.as_str() {
                "/missing" => wire.answer("404 Not Found", &[], b"").await,
                "/large" => wire.give(&large, &asked).await,
                "/film" => wire.answer("200 OK", &[], b"\x00\x00\x00\x18ftypmp42").await,
                "/line" => {
                    wire.answer("200 OK", &[], b"WEBVTT\n\n00:02.000 --> 00:01.000\nHi\n")
                        .await;
                }
                "/private" => wire.redirect("http://10.0.0.1/text").await,
                _ if tried => wire.answer("503 Service Unavailable", &[], b"").await,
                _ => wire.give(VTT.as_bytes(), &asked).await,
            }
        }
    })
    .await;
    let provider = fetching(open_rules()).await;
    let asset = provider.ingest(&clips::silent(2), json!({})).await;
    let id = asset["id"].as_str().unwrap();
    for (path, reason) in [
        ("/missing", "404"),
        ("/large", "1048576 bytes"),
        ("/film", "line 1"),
        ("/line", "line 3"),
        ("/private", "redirects"),
        ("/flaky", "503"),
    ] {
        let (status, answer) = ask(&provider, id, &source.url(path)).await;
        assert_eq!(status, 201, "{answer}");
        let track = ended(&provider, id, &answer["data"]).await;
        assert_eq!(track["status"], "errored", "{path}: {track}");
        let told = track["error"]["messages"][0].as_str().unwrap();
        assert!(told.contains(reason), "{path}: {told}");
    }
    let asked = source.asked();
    assert_eq!(asked.iter().filter(|asked| asked.path == "/flaky").count(), 8);
    assert_eq!(asked.iter().filter(|asked| asked.path == "/missing").count(), 1);
    assert_eq!(provider.data(&format!("/assets/{id}")).await["status"], "ready");
}

#[tokio::test]
async fn a_url_that_the_rules_of_an_ingest_refuse_is_refused() {
    let provider = Provider::start().await;
    let asset = provider.ingest(&clips::silent(2), json!({})).await;
    let id = asset["id"].as_str().unwrap();
    for url in [
        "https://127.0.0.1/a.vtt",
        "https://169.254.169.254/a.vtt",
        "https://[::1]/a.vtt",
        "http://files.example.com/a.vtt",
        "file:///etc/passwd",
        "https://user:word@files.example.com/a.vtt",
    ] {
        let (status, answer) = ask(&provider, id, url).await;
        assert_eq!(status, 400, "{url}: {answer}");
        assert!(!answer.to_string().contains("example.com"), "{answer}");
    }
    let post = |body: Value| {
        let (provider, path) = (&provider, format!("/assets/{id}/tracks"));
        async move { provider.api(Method::POST, &path, Some(body)).await.0.as_u16() }
    };
    let url = "https://files.example.com/a";
    assert_eq!(
        post(json!({ "url": url, "type": "audio", "language_code": "en" })).await,
        400
    );
    assert_eq!(
        post(json!({ "url": url, "type": "text" })).await,
        400,
        "no language"
    );
    assert_eq!(
        post(json!({ "type": "text", "language_code": "en" })).await,
        400,
        "no URL"
    );
    assert_eq!(
        post(json!({ "url": url, "language_code": "en" })).await,
        400,
        "no type"
    );
    let none = "A".repeat(44);
    assert_eq!(ask(&provider, &none, url).await.0, 404);
}

#[tokio::test]
async fn a_track_deleted_while_it_is_fetched_does_not_come_back() {
    let (release, released) = tokio::sync::watch::channel(false);
    let source = Source::start(move |_, asked, wire| {
        let mut released = released.clone();
        async move {
            let _ = released.wait_for(|released| *released).await;
            wire.give(VTT.as_bytes(), &asked).await;
        }
    })
    .await;
    let provider = fetching(open_rules()).await;
    let asset = provider.ingest(&clips::silent(2), json!({})).await;
    let id = asset["id"].as_str().unwrap();
    let (_, answer) = ask(&provider, id, &source.url("/text")).await;
    eventually("the source is asked", async || {
        (source.count() == 1).then_some(())
    })
    .await;
    let path = format!("/assets/{id}/tracks/{}", answer["data"]["id"].as_str().unwrap());
    assert_eq!(provider.api(Method::DELETE, &path, None).await.0, 204);
    release.send(true).unwrap();
    let (_, next) = ask(&provider, id, &source.url("/text")).await;
    ended(&provider, id, &next["data"]).await;
    let files = || {
        std::fs::read_dir(provider.dir().join("tracks").join(id))
            .unwrap()
            .count()
    };
    eventually("one file is left", async || (files() == 1).then_some(())).await;
    let shown = provider.data(&format!("/assets/{id}")).await;
    let texts = shown["tracks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|track| track["type"] == "text")
        .count();
    assert_eq!(texts, 1);
}
