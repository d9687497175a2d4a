//! The management API.

use chrono::{DateTime, Duration, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use yourbit_video::{clock::Clock, config};

use crate::support::{Provider, child::Service, clips, playback_id, read};

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_750_000_000, 0).unwrap()
}

/// Ids that Mux would say cannot be decoded.
const NO_IDS: [&str; 5] = ["somefakeid", "..%2f..%2fetc%2fpasswd", "a.b", "%00", "é"];
/// An id of the right form that nobody has.
const NOBODY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[tokio::test]
async fn strangers_are_kept_out_in_muxs_words() {
    let provider = Provider::start().await;
    let url = format!("{}/video/v1/uploads", provider.base);
    let token = provider.credential("VIDEO_LOCAL_TOKEN");
    for request in [
        provider.http.get(&url),
        provider.http.get(&url).basic_auth(token, Some("wrong")),
        provider
            .http
            .get(&url)
            .basic_auth("wrong", Some(provider.credential("VIDEO_LOCAL_SECRET"))),
        provider.http.get(&url).bearer_auth(token),
        provider.http.get(&url).header("authorization", "Basic !!!"),
    ] {
        let (status, body) = read(request.send().await.unwrap()).await;
        assert_eq!(status, 401);
        assert_eq!(body["error"]["type"], "unauthorized");
        assert!(body["error"]["messages"][0].is_string());
    }
}

#[tokio::test]
async fn an_upload_is_shown_as_mux_shows_it() {
    let provider = Provider::start().await;
    let settings = json!({ "playback_policy": "public", "passthrough": "ours", "video_quality": "basic",
        "meta": { "title": "Clip" } });
    let body =
        json!({ "cors_origin": "https://app.example.com", "timeout": 120, "new_asset_settings": settings });
    let (status, body) = provider.api(Method::POST, "/uploads", Some(body)).await;
    assert_eq!(status, 201);
    let upload = &body["data"];
    assert_eq!(upload["status"], "waiting");
    assert_eq!(upload["timeout"], 120);
    assert_eq!(upload["cors_origin"], "https://app.example.com");
    assert_eq!(
        upload["new_asset_settings"]["playback_policies"],
        json!(["public"])
    );
    assert_eq!(upload["new_asset_settings"].get("playback_policy"), None);
    assert!(upload["id"].as_str().unwrap().len() >= 43);
    assert_eq!(upload.get("asset_id"), None);
    let path = format!("/uploads/{}", upload["id"].as_str().unwrap());
    assert_eq!(&provider.data(&path).await, upload, "the same URL again");
    let (_, list) = provider.api(Method::GET, "/uploads?limit=1&page=1", None).await;
    assert_eq!(&list["data"][0], upload);
    let (_, list) = provider.api(Method::GET, "/uploads?limit=1&page=2", None).await;
    assert_eq!(list["data"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_by_name() {
    let provider = Provider::start().await;
    for (body, named) in [
        (json!({ "timeout": 59 }), "timeout"),
        (json!({ "timeout": 604_801 }), "timeout"),
        (json!({ "timeout": "60" }), "timeout"),
        (json!({ "test": "yes" }), "test"),
        (json!({ "cors_origin": 5 }), "cors_origin"),
        (json!({ "new_asset_settings": [] }), "new_asset_settings"),
        (
            json!({ "new_asset_settings": { "playback_policies": ["private"] } }),
            "policy",
        ),
        (
            json!({ "new_asset_settings": { "playback_policies": ["drm"] } }),
            "DRM",
        ),
        (
            json!({ "new_asset_settings": { "passthrough": "x".repeat(256) } }),
            "passthrough",
        ),
        (
            json!({ "new_asset_settings": { "meta": { "title": "x".repeat(513) } } }),
            "title",
        ),
        (
            json!({ "new_asset_settings": { "video_quality": "best" } }),
            "video_quality",
        ),
        (
            json!({ "new_asset_settings": { "inputs": [{ "url": "https://example.com/a.mp4" }] } }),
            "inputs",
        ),
        (
            json!({ "new_asset_settings": { "inputs": [{ "overlay_settings": {} }] } }),
            "inputs",
        ),
        (
            json!({ "new_asset_settings": { "mp4_support": "standard" } }),
            "mp4_support",
        ),
        (
            json!({ "new_asset_settings": { "static_renditions": [{ "resolution": "270p" }] } }),
            "static_renditions",
        ),
    ] {
        let (status, answer) = provider.api(Method::POST, "/uploads", Some(body.clone())).await;
        assert_eq!(status, 400, "{body}");
        assert_eq!(answer["error"]["type"], "invalid_parameters");
        let message = answer["error"]["messages"][0].as_str().unwrap();
        assert!(message.contains(named), "{body}: {message}");
    }
    let (status, _) = provider
        .api(Method::POST, "/assets", Some(json!({ "inputs": [] })))
        .await;
    assert_eq!(status, 400);
    let (status, _) = provider.api(Method::GET, "/uploads?limit=101", None).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn ids_that_cannot_be_decoded_are_400_and_unknown_ones_404() {
    let provider = Provider::start().await;
    for collection in ["uploads", "assets", "playback-ids"] {
        for id in NO_IDS {
            let (status, body) = provider
                .api(Method::GET, &format!("/{collection}/{id}"), None)
                .await;
            assert_eq!(status, 400, "{collection} {id}");
            assert_eq!(body["error"]["type"], "invalid_parameters");
        }
        let (status, body) = provider
            .api(Method::GET, &format!("/{collection}/{NOBODY}"), None)
            .await;
        assert_eq!(status, 404);
        assert_eq!(body["error"]["type"], "not_found");
    }
    let (status, _) = provider
        .api(Method::DELETE, &format!("/assets/{NOBODY}"), None)
        .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_waiting_upload_is_cancelled_once_and_a_finished_one_never() {
    let provider = Provider::start().await;
    let upload = provider.upload(json!({})).await;
    let path = format!("/uploads/{}/cancel", upload["id"].as_str().unwrap());
    let (status, body) = provider.api(Method::PUT, &path, None).await;
    assert_eq!(
        (status.as_u16(), &body["data"]["status"]),
        (200, &json!("cancelled"))
    );
    assert_eq!(body["data"].get("url"), None);
    assert_eq!(provider.api(Method::PUT, &path, None).await.0, 403);
    assert_eq!(
        provider.put(&upload, "bytes").await.status(),
        410,
        "its URL is dead"
    );
    provider.inbox.first("video.upload.cancelled").await;

    let upload = provider.upload(json!({})).await;
    assert_eq!(provider.put(&upload, "bytes").await.status(), 200);
    let path = format!("/uploads/{}/cancel", upload["id"].as_str().unwrap());
    assert_eq!(provider.api(Method::PUT, &path, None).await.0, 403);
}

#[tokio::test]
async fn an_upload_times_out_and_its_url_dies() {
    let provider = Provider::start_with(|_| {}, Clock::frozen(noon())).await;
    let body = json!({ "timeout": 60 });
    let upload = provider.api(Method::POST, "/uploads", Some(body)).await.1["data"].clone();
    provider.clock.advance(Duration::seconds(59));
    assert_eq!(provider.chunk(&upload, "bytes */*", b"").await.0, 308);
    provider.clock.advance(Duration::seconds(1));
    assert_eq!(provider.chunk(&upload, "bytes */*", b"").await.0, 410);
    let shown = provider
        .data(&format!("/uploads/{}", upload["id"].as_str().unwrap()))
        .await;
    assert_eq!(shown["status"], "timed_out");
    assert_eq!(shown.get("url"), None);
    assert!(
        provider.inbox.of("video.upload.timed_out").is_empty(),
        "Mux tells nobody"
    );
}

#[tokio::test]
async fn an_asset_is_listed_changed_and_deleted() {
    let provider = Provider::start().await;
    let asset = provider
        .ingest(&clips::silent(2), json!({ "playback_policies": ["public"] }))
        .await;
    let id = asset["id"].as_str().unwrap();
    let upload_id = asset["upload_id"].as_str().unwrap();
    let found = provider.data(&format!("/assets?upload_id={upload_id}")).await;
    assert_eq!(found[0], asset);
    assert_eq!(
        provider.data(&format!("/assets?upload_id={NOBODY}")).await,
        json!([])
    );
    assert!(asset["created_at"].is_string(), "a string in answers");

    let change = json!({ "passthrough": "new", "meta": { "title": "New" } });
    let (status, body) = provider
        .api(Method::PATCH, &format!("/assets/{id}"), Some(change))
        .await;
    assert_eq!(status, 200);
    assert_eq!(
        (&body["data"]["passthrough"], &body["data"]["meta"]["title"]),
        (&json!("new"), &json!("New"))
    );
    let change = json!({ "passthrough": "" });
    let (_, body) = provider
        .api(Method::PATCH, &format!("/assets/{id}"), Some(change))
        .await;
    assert_eq!(body["data"].get("passthrough"), None);
    assert_eq!(body["data"]["meta"]["title"], "New");
    let (status, _) = provider
        .api(
            Method::PATCH,
            &format!("/assets/{id}"),
            Some(json!({ "status": "x" })),
        )
        .await;
    assert_eq!(status, 400);
    assert!(
        provider.inbox.first("video.asset.updated").await["data"]["created_at"].is_i64(),
        "a number in webhooks"
    );

    let (status, body) = provider.api(Method::DELETE, &format!("/assets/{id}"), None).await;
    assert_eq!((status.as_u16(), body), (204, Value::Null));
    assert_eq!(
        provider.api(Method::GET, &format!("/assets/{id}"), None).await.0,
        404
    );
    assert_eq!(
        provider
            .status(&format!("{}.m3u8", playback_id(&asset, "public")))
            .await,
        404
    );
    assert_eq!(
        provider.inbox.first("video.asset.deleted").await["object"]["id"],
        id
    );
}

#[tokio::test]
async fn playback_ids_come_and_go() {
    let provider = Provider::start().await;
    let asset = provider
        .ingest(&clips::silent(2), json!({ "playback_policies": ["signed"] }))
        .await;
    let path = format!("/assets/{}/playback-ids", asset["id"].as_str().unwrap());
    let (status, body) = provider
        .api(Method::POST, &path, Some(json!({ "policy": "public" })))
        .await;
    assert_eq!(status, 201);
    let id = body["data"]["id"].as_str().unwrap();
    assert_eq!(provider.status(&format!("{id}.m3u8")).await, 200);
    let found = provider.data(&format!("/playback-ids/{id}")).await;
    assert_eq!(found["object"], json!({ "type": "asset", "id": asset["id"] }));
    assert_eq!(provider.data(&format!("{path}/{id}")).await, body["data"]);
    assert_eq!(
        provider
            .api(Method::DELETE, &format!("{path}/{id}"), None)
            .await
            .0,
        204
    );
    assert_eq!(
        provider
            .api(Method::DELETE, &format!("{path}/{id}"), None)
            .await
            .0,
        404
    );
    assert_eq!(
        provider.status(&format!("{id}.m3u8")).await,
        404,
        "the id is dead"
    );
    let (status, _) = provider
        .api(Method::POST, &path, Some(json!({ "policy": "drm" })))
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn quality_origin_and_timeout_are_always_told() {
    let provider = Provider::start().await;
    for (asked, quality, tier) in [
        (json!({}), "basic", "baseline"),
        (json!({ "video_quality": "plus" }), "plus", "smart"),
        (json!({ "encoding_tier": "smart" }), "plus", "smart"),
        (json!({ "encoding_tier": "premium" }), "premium", "premium"),
    ] {
        let body = json!({ "new_asset_settings": asked });
        let (status, body) = provider.api(Method::POST, "/uploads", Some(body)).await;
        assert_eq!(status, 201);
        let upload = &body["data"];
        assert_eq!(
            (&upload["cors_origin"], &upload["timeout"]),
            (&json!(""), &json!(3600))
        );
        let settings = &upload["new_asset_settings"];
        assert_eq!(settings["video_quality"], quality, "{asked}");
        assert_eq!(settings["encoding_tier"], tier, "{asked}");
        assert_eq!(provider.put(upload, "no video").await.status(), 200);
        let asset = provider
            .data(&format!("/assets/{}", provider.asset_id(upload).await))
            .await;
        assert_eq!(asset["video_quality"], quality, "{asked}");
        assert_eq!(asset["encoding_tier"], tier, "{asked}");
        for required in ["created_at", "master_access", "max_resolution_tier", "progress"] {
            assert!(!asset[required].is_null(), "{required}");
        }
        let created = provider.inbox.first("video.upload.created").await;
        assert!(created["data"]["cors_origin"].is_string(), "{created}");
    }
}

#[tokio::test]
async fn a_thumbnail_time_is_set_within_the_video_and_cleared() {
    let provider = Provider::start().await;
    let asset = provider
        .ingest(&clips::silent(4), json!({ "playback_policies": ["public"] }))
        .await;
    let path = format!("/assets/{}", asset["id"].as_str().unwrap());
    let duration = asset["duration"].as_f64().unwrap();
    assert_eq!(asset.get("thumbnail_time"), None);
    let set = async |value: Value| {
        let change = json!({ "thumbnail_time": value });
        provider.api(Method::PATCH, &path, Some(change)).await
    };
    for wrong in [json!(-1), json!(duration), json!("1"), json!(true), json!(1e300)] {
        let (status, body) = set(wrong.clone()).await;
        assert_eq!(status, 400, "{wrong}");
        let message = body["error"]["messages"][0].as_str().unwrap();
        assert!(message.contains("thumbnail_time"), "{wrong}: {message}");
    }
    let id = playback_id(&asset, "public");
    let picture = async || {
        provider
            .view(&format!("{id}/thumbnail.png"))
            .await
            .bytes()
            .await
            .unwrap()
    };
    let middle = picture().await;
    let (status, body) = set(json!(0.5)).await;
    assert_eq!(
        (status.as_u16(), &body["data"]["thumbnail_time"]),
        (200, &json!(0.5))
    );
    let first = picture().await;
    assert_ne!(first, middle, "it is the default picture");
    let of_start = provider
        .view(&format!("{id}/thumbnail.png?time=0"))
        .await
        .bytes()
        .await
        .unwrap();
    assert_eq!(first, of_start);
    let clear = format!("{path}/thumbnail-time");
    assert_eq!(provider.api(Method::DELETE, &clear, None).await.0, 204);
    assert_eq!(provider.data(&path).await.get("thumbnail_time"), None);
    assert_eq!(picture().await, middle);
    let nobody = format!("/assets/{NOBODY}/thumbnail-time");
    assert_eq!(provider.api(Method::DELETE, &nobody, None).await.0, 404);

    let upload = provider.upload(json!({})).await;
    assert_eq!(provider.put(&upload, "no video").await.status(), 200);
    let errored = provider.settled(&upload).await;
    let path = format!("/assets/{}", errored["id"].as_str().unwrap());
    let change = json!({ "thumbnail_time": 0 });
    assert_eq!(
        provider.api(Method::PATCH, &path, Some(change)).await.0,
        400,
        "it is not ready"
    );
}

#[tokio::test]
async fn what_mux_has_and_we_have_not_is_400_that_says_so() {
    let provider = Provider::start().await;
    for (method, path) in [
        (Method::PATCH, format!("/assets/{NOBODY}/tracks/{NOBODY}")),
        (
            Method::POST,
            format!("/assets/{NOBODY}/tracks/{NOBODY}/generate-subtitles"),
        ),
        (Method::PUT, format!("/assets/{NOBODY}/master-access")),
        (Method::PUT, format!("/assets/{NOBODY}/mp4-support")),
        (Method::GET, format!("/assets/{NOBODY}/input-info")),
        (Method::PUT, format!("/assets/{NOBODY}")),
        (Method::DELETE, "/uploads/somefakeid".to_owned()),
        (Method::GET, "/live-streams".to_owned()),
        (Method::POST, "/playback-restrictions".to_owned()),
        (Method::GET, "/delivery-usage".to_owned()),
        (Method::GET, "/../../system/v1/signing-keys".to_owned()),
        (Method::GET, "/../../data/v1/video-views".to_owned()),
    ] {
        let (status, body) = provider.api(method.clone(), &path, None).await;
        assert_eq!(status, 400, "{method} {path}: {body}");
        assert_eq!(body["error"]["type"], "invalid_parameters", "{path}");
        let message = body["error"]["messages"][0].as_str().unwrap();
        assert!(
            message.ends_with("is not supported by the local provider"),
            "{message}"
        );
        let url = format!("{}/video/v1{path}", provider.base);
        let stranger = provider.http.request(method, url).send().await.unwrap();
        assert_eq!(stranger.status(), 401, "strangers learn nothing: {path}");
    }
}

/// This must fail when the limit is taken out of `api/body.rs`.
#[tokio::test]
async fn a_body_of_the_api_has_a_limit() {
    let provider = Provider::start().await;
    let padded = |length: usize| json!({ "padding": "x".repeat(length) });
    assert_eq!(
        provider
            .api(Method::POST, "/uploads", Some(padded(200_000)))
            .await
            .0,
        201
    );
    for length in [256 * 1024, 1 << 20, 4 << 20] {
        let (status, body) = provider.api(Method::POST, "/uploads", Some(padded(length))).await;
        assert_eq!(status, 400, "{length}: {body}");
    }
}

#[tokio::test]
async fn lists_go_on_by_page_and_by_cursor() {
    let provider = Provider::start().await;
    for _ in 0..3 {
        let upload = provider.upload(json!({})).await;
        assert_eq!(provider.put(&upload, "no video").await.status(), 200);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..3 {
        let (_, page) = provider
            .api(Method::GET, &format!("/assets?limit=1{cursor}"), None)
            .await;
        seen.push(page["data"][0]["id"].as_str().unwrap().to_owned());
        cursor = page["next_cursor"]
            .as_str()
            .map(|next| format!("&cursor={next}"))
            .unwrap_or_default();
    }
    assert_eq!(cursor, "", "the third is the last");
    let by_page = provider.data("/assets?limit=2&page=2").await;
    assert_eq!(by_page[0]["id"], seen[2].as_str());
    assert_eq!(
        provider.api(Method::GET, "/assets?cursor=nonsense", None).await.0,
        400
    );
}

#[tokio::test]
async fn without_disk_space_new_uploads_and_running_ones_are_told_so() {
    let mut provider = Provider::start().await;
    let upload = provider.upload(json!({})).await;
    provider.settings.min_free_bytes = u64::MAX / 4;
    provider = provider.restart().await;
    let (status, body) = provider.api(Method::POST, "/uploads", Some(json!({}))).await;
    assert_eq!(status, 507);
    assert_eq!(body["error"]["type"], "insufficient_storage");
    let message = body["error"]["messages"][0].as_str().unwrap();
    assert!(message.contains("local.min_free_bytes"), "{message}");
    assert_eq!(provider.put(&upload, "bytes").await.status(), 507);
    provider.settings.min_free_bytes = 1;
    provider = provider.restart().await;
    assert_eq!(provider.put(&upload, "bytes").await.status(), 200);
}

#[tokio::test]
async fn without_ffmpeg_an_upload_is_refused_with_the_install_command() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start_with_path(dir.path(), "/nonexistent").await;
    let url = format!("{}/video/v1/uploads", service.base);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http
        .post(url)
        .basic_auth("token", Some("secret"))
        .json(&json!({}));
    let (status, body) = read(request.send().await.unwrap()).await;
    assert_eq!(status, 503);
    assert!(
        body["error"]["messages"][0]
            .as_str()
            .unwrap()
            .contains("apt-get install ffmpeg"),
        "{body}"
    );
}

#[tokio::test]
async fn faults_made_on_purpose_reach_a_share_of_the_calls() {
    let chaos = |settings: &mut config::Local| {
        settings.chaos = config::Chaos {
            too_many_requests: 0.5,
            server_error: 0.5,
            ..config::Chaos::default()
        };
    };
    let provider = Provider::start_with(chaos, Clock::system()).await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..60 {
        seen.insert(provider.api(Method::GET, "/uploads", None).await.0.as_u16());
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [200, 429, 500]);
}
