//! Static renditions that are asked for later, and deleted.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Provider, clips, eventually, playback_id, streams::frame_hashes};

async fn ask(provider: &Provider, id: &str) -> Value {
    let path = format!("/assets/{id}/static-renditions");
    let body = json!({ "resolution": "highest", "passthrough": "later" });
    let (status, body) = provider.api(Method::POST, &path, Some(body)).await;
    assert_eq!(status, 201, "{body}");
    body["data"].clone()
}

/// The file once it is no longer preparing.
async fn made(provider: &Provider, id: &str) -> Value {
    eventually("the file is made", async || {
        let asset = provider.data(&format!("/assets/{id}")).await;
        let file = asset["static_renditions"]["files"][0].clone();
        (file["status"] != "preparing").then_some(file)
    })
    .await
}

#[tokio::test]
async fn a_file_asked_for_later_has_the_frames_of_the_source_and_is_saved_under_a_name() {
    let provider = Provider::start().await;
    let asset = provider
        .ingest(&clips::usual(), json!({ "playback_policies": ["public"] }))
        .await;
    assert_eq!(asset.get("static_renditions"), None);
    let id = asset["id"].as_str().unwrap();
    let file = ask(&provider, id).await;
    assert_eq!(
        (
            &file["status"],
            &file["name"],
            &file["ext"],
            &file["resolution"],
            &file["passthrough"]
        ),
        (
            &json!("preparing"),
            &json!("highest.mp4"),
            &json!("mp4"),
            &json!("highest"),
            &json!("later")
        )
    );
    assert_eq!(
        ask(&provider, id).await["id"],
        file["id"],
        "a repeat is the same file"
    );
    let ready = made(&provider, id).await;
    assert_eq!(ready["status"], "ready", "{ready}");
    assert_eq!(ready["height"], 360);
    assert!(
        ready["bitrate"].as_i64().unwrap() > 0 && ready["filesize"].is_string(),
        "{ready}"
    );
    for kind in ["created", "ready"] {
        let kind = format!("video.asset.static_rendition.{kind}");
        let event = provider.inbox.first(&kind).await;
        assert_eq!(event["data"]["id"], file["id"], "{kind}");
        assert_eq!(event["data"]["asset_id"], id, "{kind}");
        assert_eq!(provider.inbox.of(&kind).len(), 1, "{kind}");
    }
    let address = format!("{}/highest.mp4", playback_id(&asset, "public"));
    let answer = provider
        .view(&format!("{address}?download=my%20clip%2f%22.mp4"))
        .await;
    assert_eq!(answer.headers()["content-type"], "video/mp4");
    assert_eq!(
        answer.headers()["content-disposition"],
        "attachment; filename=\"my clip__.mp4\""
    );
    let copy = provider.dir().join("highest.mp4");
    std::fs::write(&copy, answer.bytes().await.unwrap()).unwrap();
    assert_eq!(
        frame_hashes(copy.to_str().unwrap()).await,
        frame_hashes(clips::usual().to_str().unwrap()).await,
        "no frame was encoded anew"
    );
}

#[tokio::test]
async fn a_deleted_file_is_served_no_more_and_can_be_made_again() {
    let provider = Provider::start_with(
        |settings| settings.max_bytes_per_owner = 1 << 30,
        yourbit_video::clock::Clock::system(),
    )
    .await;
    let settings = json!({ "playback_policies": ["public"], "static_renditions": [{ "resolution": "highest" }],
        "meta": { "creator_id": "owner" } });
    let asset = provider.ingest(&clips::usual(), settings).await;
    let id = asset["id"].as_str().unwrap();
    let file = made(&provider, id).await;
    assert_eq!(file["status"], "ready");
    let address = format!("{}/highest.mp4", playback_id(&asset, "public"));
    assert_eq!(provider.status(&address).await, 200);
    let path = format!("/assets/{id}/static-renditions/{}", file["id"].as_str().unwrap());
    let (status, _) = provider.api(Method::DELETE, &path, None).await;
    assert_eq!(status, 204);
    assert_eq!(provider.status(&address).await, 404);
    assert!(
        !provider.dir().join("static").join(id).exists(),
        "the file is gone"
    );
    let event = provider.inbox.first("video.asset.static_rendition.deleted").await;
    assert_eq!(event["data"]["id"], file["id"]);
    let shown = provider.data(&format!("/assets/{id}")).await;
    assert_eq!(shown.get("static_renditions"), None);
    let (status, body) = provider.api(Method::DELETE, &path, None).await;
    assert_eq!(status, 404, "{body}");
    let again = ask(&provider, id).await;
    assert_ne!(again["id"], file["id"]);
    assert_eq!(made(&provider, id).await["status"], "ready");
    assert_eq!(provider.status(&address).await, 200);
}

#[tokio::test]
async fn deleted_while_it_is_made_nothing_is_left() {
    let provider = Provider::start().await;
    let asset = provider
        .ingest(&clips::usual(), json!({ "playback_policies": ["public"] }))
        .await;
    let id = asset["id"].as_str().unwrap();
    for _ in 0..10 {
        let file = ask(&provider, id).await;
        let path = format!("/assets/{id}/static-renditions/{}", file["id"].as_str().unwrap());
        assert_eq!(provider.api(Method::DELETE, &path, None).await.0, 204);
        assert!(!provider.dir().join("static").join(id).exists());
    }
    let shown = provider.data(&format!("/assets/{id}")).await;
    assert_eq!(shown.get("static_renditions"), None);
}

#[tokio::test]
async fn what_is_not_made_is_refused_by_name() {
    let provider = Provider::start().await;
    let asset = provider.ingest(&clips::silent(2), json!({})).await;
    let path = format!("/assets/{}/static-renditions", asset["id"].as_str().unwrap());
    for resolution in ["audio-only", "1080p", "HIGHEST"] {
        let body = json!({ "resolution": resolution });
        let (status, answer) = provider.api(Method::POST, &path, Some(body)).await;
        assert_eq!(status, 400, "{answer}");
        let message = answer["error"]["messages"][0].as_str().unwrap();
        assert!(message.contains("\"highest\" only"), "{message}");
    }
    let (status, _) = provider.api(Method::POST, &path, None).await;
    assert_eq!(status, 400);
    let none = "A".repeat(44);
    let body = json!({ "resolution": "highest" });
    let (status, _) = provider
        .api(
            Method::POST,
            &format!("/assets/{none}/static-renditions"),
            Some(body),
        )
        .await;
    assert_eq!(status, 404);
}
