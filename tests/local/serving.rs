//! How what is seen is served: types, headers, byte ranges, sizes and times.

use reqwest::Method;
use serde_json::json;

use crate::{
    delivery::{addresses, both, header},
    support::{Provider, clips, playback_id, tokens::token},
};

#[tokio::test]
async fn every_answer_is_what_its_route_says_and_harmless() {
    let provider = Provider::start().await;
    let (public, signed) = both(&provider).await;
    for (path, kind) in [
        (format!("{public}.m3u8"), "application/vnd.apple.mpegurl"),
        (
            format!("{public}/rendition/360p.m3u8"),
            "application/vnd.apple.mpegurl",
        ),
        (format!("{public}/segment/360p/00000.ts"), "video/mp2t"),
        (format!("{public}/highest.mp4"), "video/mp4"),
        (format!("{public}/thumbnail.jpg"), "image/jpeg"),
        (format!("{public}/thumbnail.png"), "image/png"),
        (format!("{public}/thumbnail.webp"), "image/webp"),
        (format!("{public}/animated.gif"), "image/gif"),
        (format!("{public}/animated.webp"), "image/webp"),
        (format!("{public}/storyboard.vtt"), "text/vtt; charset=utf-8"),
        (format!("{public}/storyboard.json"), "application/json"),
        (format!("{public}/storyboard.png"), "image/png"),
        (format!("{public}/nothing"), "application/json"),
        (format!("{signed}.m3u8"), "application/json"),
    ] {
        let answer = provider.view(&path).await;
        assert_eq!(header(&answer, "content-type"), kind, "{path}");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(
            header(&answer, "content-security-policy"),
            "default-src 'none'; sandbox",
            "{path}"
        );
        assert_eq!(header(&answer, "access-control-allow-origin"), "*", "{path}");
        let kept = if answer.status().is_success() {
            "public"
        } else {
            "no-store"
        };
        assert!(header(&answer, "cache-control").starts_with(kept), "{path}");
    }
    let token = token(
        &provider,
        &signed,
        "v",
        &json!({ "exp": provider.clock.now().timestamp() + 50 }),
    );
    let answer = provider
        .view(&format!("{signed}/segment/360p/00000.ts?token={token}"))
        .await;
    let kept = header(&answer, "cache-control");
    let seconds: i64 = kept.strip_prefix("private, max-age=").unwrap().parse().unwrap();
    assert!((0..50).contains(&seconds), "never beyond the token: {kept}");
    let preflight = provider
        .http
        .request(Method::OPTIONS, format!("{}/{public}.m3u8", provider.base));
    let answer = preflight.send().await.unwrap();
    assert!(header(&answer, "access-control-allow-headers").contains("Range"));
}

#[tokio::test]
async fn byte_ranges_are_served_as_players_ask_for_them() {
    let provider = Provider::start().await;
    let (public, _) = both(&provider).await;
    let url = format!("{}/{public}/highest.mp4", provider.base);
    let whole = provider.http.get(&url).send().await.unwrap();
    assert_eq!(
        (whole.status().as_u16(), header(&whole, "accept-ranges")),
        (200, "bytes")
    );
    let tag = header(&whole, "etag").to_owned();
    let whole = whole.bytes().await.unwrap();
    let length = whole.len();
    for (range, from, to) in [
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, length),
        ("bytes=-10", length - 10, length),
        ("bytes=5-99999999999", 5, length),
    ] {
        let part = provider
            .http
            .get(&url)
            .header("range", range)
            .send()
            .await
            .unwrap();
        assert_eq!(part.status(), 206, "{range}");
        assert_eq!(
            header(&part, "content-range"),
            format!("bytes {from}-{}/{length}", to - 1)
        );
        assert_eq!(part.bytes().await.unwrap(), whole[from..to]);
    }
    let outside = provider
        .http
        .get(&url)
        .header("range", format!("bytes={length}-"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (outside.status().as_u16(), header(&outside, "content-range")),
        (416, &*format!("bytes */{length}"))
    );
    let stale = provider
        .http
        .get(&url)
        .header("range", "bytes=0-9")
        .header("if-range", "\"other\"");
    assert_eq!(stale.send().await.unwrap().status(), 200);
    let known = provider
        .http
        .get(&url)
        .header("if-none-match", &tag)
        .send()
        .await
        .unwrap();
    assert_eq!(known.status(), 304);
    let head = provider.http.head(&url).send().await.unwrap();
    assert_eq!(header(&head, "content-length"), length.to_string());
    let named = provider
        .http
        .get(format!("{url}?download=My%20%22clip%0d%0a.mp4"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        header(&named, "content-disposition"),
        "attachment; filename=\"My _clip__.mp4\""
    );
}

#[tokio::test]
async fn playlists_keep_to_the_sizes_and_times_asked_for() {
    let provider = Provider::start().await;
    let source = clips::picture("wide.mp4", "1280x720", 10, 9);
    let asset = provider
        .ingest(&source, json!({ "playback_policies": ["public", "signed"] }))
        .await;
    let (public, signed) = (playback_id(&asset, "public"), playback_id(&asset, "signed"));
    let count = async |query: &str| {
        addresses(&provider, &format!("{}/{public}.m3u8{query}", provider.base))
            .await
            .len()
    };
    provider.sizes(&public, 3).await;
    assert_eq!(count("?max_resolution=480p").await, 2);
    assert_eq!(count("?max_resolution=480p&min_resolution=480p").await, 1);
    assert_eq!(count("?max_resolution=270p").await, 1, "the nearest");
    for wrong in [
        "max_resolution=480",
        "min_resolution=720p&max_resolution=480p",
        "rendition_order=asc",
        "asset_start_time=-1",
        "asset_start_time=nan",
        "asset_start_time=20",
    ] {
        assert_eq!(
            provider.status(&format!("{public}.m3u8?{wrong}")).await,
            400,
            "{wrong}"
        );
    }
    let clip = addresses(
        &provider,
        &format!(
            "{}/{public}.m3u8?asset_start_time=4&asset_end_time=8",
            provider.base
        ),
    )
    .await;
    assert_eq!(
        addresses(&provider, &clip[0]).await.len(),
        1,
        "one segment of four seconds"
    );
    let token = token(
        &provider,
        &signed,
        "v",
        &json!({ "max_resolution": "480p", "asset_start_time": 4 }),
    );
    let url = format!(
        "{}/{signed}.m3u8?token={token}&max_resolution=2160p&asset_start_time=0",
        provider.base
    );
    let clipped = addresses(&provider, &url).await;
    assert_eq!(clipped.len(), 2, "the token decides, not the query");
    assert_eq!(addresses(&provider, &clipped[0]).await.len(), 2);
}
