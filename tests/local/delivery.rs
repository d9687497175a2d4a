//! Who gets to see what, and how it is served.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{
    Provider, clips, playback_id,
    tokens::{claims, sign, token},
};

pub(crate) async fn both(provider: &Provider) -> (String, String) {
    let settings = json!({ "playback_policies": ["public", "signed"],
        "static_renditions": [{ "resolution": "highest" }] });
    let asset = provider.ingest(&clips::usual(), settings).await;
    provider.inbox.first("video.asset.static_rendition.ready").await;
    (playback_id(&asset, "public"), playback_id(&asset, "signed"))
}

pub(crate) fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

/// The addresses in a playlist, made absolute.
pub(crate) async fn addresses(provider: &Provider, url: &str) -> Vec<String> {
    let answer = provider.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    assert_eq!(header(&answer, "content-type"), "application/vnd.apple.mpegurl");
    let (base, text) = (answer.url().clone(), answer.text().await.unwrap());
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| base.join(line).unwrap().to_string())
        .collect()
}

/// This must fail when rows are not read anew for every answer (`delivery/access.rs`).
#[tokio::test]
async fn a_deleted_videos_token_opens_nothing_from_that_moment_on() {
    let provider = Provider::start().await;
    let asset = provider
        .ingest(
            &clips::usual(),
            json!({ "playback_policies": ["signed"], "static_renditions": [{ "resolution": "highest" }] }),
        )
        .await;
    provider.inbox.first("video.asset.static_rendition.ready").await;
    let id = playback_id(&asset, "signed");
    let paths = [
        ("v", format!("{id}.m3u8")),
        ("v", format!("{id}/rendition/360p.m3u8")),
        ("v", format!("{id}/segment/360p/00000.ts")),
        ("v", format!("{id}/highest.mp4")),
        ("t", format!("{id}/thumbnail.jpg")),
        ("g", format!("{id}/animated.gif")),
        ("s", format!("{id}/storyboard.vtt")),
        ("s", format!("{id}/storyboard.jpg")),
    ];
    let addresses: Vec<String> = paths
        .iter()
        .map(|(aud, path)| format!("{path}?token={}", token(&provider, &id, aud, &json!({}))))
        .collect();
    for address in &addresses {
        assert_eq!(provider.status(address).await, 200, "{address}");
    }
    let path = format!("/assets/{}", asset["id"].as_str().unwrap());
    assert_eq!(provider.api(Method::DELETE, &path, None).await.0, 204);
    for address in &addresses {
        assert_eq!(provider.status(address).await, 404, "{address}");
    }
}

#[tokio::test]
async fn a_signed_stream_hands_its_token_down_to_every_segment() {
    let provider = Provider::start().await;
    let (_, signed) = both(&provider).await;
    let token = token(&provider, &signed, "v", &json!({}));
    let mut seen = 0;
    for playlist in addresses(
        &provider,
        &format!("{}/{signed}.m3u8?token={token}", provider.base),
    )
    .await
    {
        for segment in addresses(&provider, &playlist).await {
            assert_eq!(provider.http.get(&segment).send().await.unwrap().status(), 200);
            let without = segment.split('?').next().unwrap();
            assert_eq!(provider.http.get(without).send().await.unwrap().status(), 403);
            seen += 1;
        }
        assert_eq!(
            provider
                .http
                .get(playlist.split('?').next().unwrap())
                .send()
                .await
                .unwrap()
                .status(),
            403
        );
    }
    assert!(seen >= 2);
}

#[tokio::test]
async fn every_wrong_token_is_403() {
    let provider = Provider::start().await;
    let (public, signed) = both(&provider).await;
    let good = claims(&provider, &signed, "v", &json!({}));
    let now = provider.clock.now().timestamp();
    let with = |more: Value| token(&provider, &signed, "v", &more);
    let mut one_off = with(json!({})).into_bytes();
    let middle = one_off.len() / 2;
    one_off[middle] = if one_off[middle] == b'A' { b'B' } else { b'A' };
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = format!(
        "{}.{}.",
        part(&json!({ "alg": "none", "typ": "JWT" })),
        part(&good)
    );
    let secret =
        jsonwebtoken::EncodingKey::from_secret(provider.credential("VIDEO_LOCAL_PRIVATE_KEY").as_bytes());
    let hs256 = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &good, &secret).unwrap();
    for (what, wrong) in [
        ("one character", String::from_utf8(one_off).unwrap()),
        ("expired", with(json!({ "exp": now }))),
        ("no exp", with(json!({ "exp": null }))),
        ("other sub", with(json!({ "sub": public }))),
        ("no sub", with(json!({ "sub": null }))),
        ("other aud", with(json!({ "aud": "t" }))),
        ("a list of aud", with(json!({ "aud": ["v"] }))),
        ("no aud", with(json!({ "aud": null }))),
        ("other kid", with(json!({ "kid": "other" }))),
        ("no kid", with(json!({ "kid": null }))),
        ("not yet", with(json!({ "nbf": now + 60 }))),
        ("alg none", unsigned),
        ("HS256", hs256),
        ("nonsense", "x".repeat(20)),
        ("empty", String::new()),
    ] {
        assert_eq!(
            provider.status(&format!("{signed}.m3u8?token={wrong}")).await,
            403,
            "{what}"
        );
    }
    assert_eq!(provider.status(&format!("{signed}.m3u8")).await, 403, "no token");
    let in_header = sign(
        &provider,
        &claims(&provider, &signed, "v", &json!({ "kid": null })),
        Some(provider.credential("VIDEO_LOCAL_SIGNING_KEY")),
    );
    assert_eq!(
        provider.status(&format!("{signed}.m3u8?token={in_header}")).await,
        200,
        "the kid may be in the header"
    );
    let for_public = token(&provider, &public, "v", &json!({}));
    assert_eq!(
        provider
            .status(&format!("{public}.m3u8?token={for_public}"))
            .await,
        400,
        "a public id takes no token"
    );
    for (aud, file) in [
        ("v", "thumbnail.jpg"),
        ("t", "animated.gif"),
        ("g", "storyboard.jpg"),
        ("t", "highest.mp4"),
    ] {
        let other = token(&provider, &signed, aud, &json!({}));
        assert_eq!(
            provider.status(&format!("{signed}/{file}?token={other}")).await,
            403,
            "{aud} for {file}"
        );
    }
    for (aud, file) in [
        ("t", "thumbnail.jpg"),
        ("g", "animated.gif"),
        ("s", "storyboard.jpg"),
        ("v", "highest.mp4"),
    ] {
        let right = token(&provider, &signed, aud, &json!({}));
        assert_eq!(
            provider.status(&format!("{signed}/{file}?token={right}")).await,
            200,
            "{aud} for {file}"
        );
    }
}

#[tokio::test]
async fn unready_is_412_unknown_404_and_malformed_400() {
    let provider = Provider::start().await;
    let upload = provider.upload(json!({ "playback_policies": ["public"] })).await;
    provider.put(&upload, "no video").await;
    let asset = provider.settled(&upload).await;
    let id = playback_id(&asset, "public");
    for file in [
        format!("{id}.m3u8"),
        format!("{id}/thumbnail.jpg"),
        format!("{id}/storyboard.vtt"),
    ] {
        assert_eq!(provider.status(&file).await, 412, "{file}");
    }
    for other in [asset["id"].as_str().unwrap(), upload["id"].as_str().unwrap()] {
        assert_eq!(
            provider.status(&format!("{other}.m3u8")).await,
            404,
            "an id of another kind"
        );
    }
    for wrong in ["short.m3u8", "..%2f..%2fetc%2fpasswd.m3u8", "%00.m3u8"] {
        assert_eq!(provider.status(wrong).await, 400, "{wrong}");
    }
}

#[tokio::test]
async fn games_with_paths_lead_nowhere() {
    let provider = Provider::start().await;
    let (public, _) = both(&provider).await;
    let other = provider
        .ingest(&clips::silent(2), json!({ "playback_policies": ["signed"] }))
        .await;
    let victim = other["id"].as_str().unwrap();
    for path in [
        format!("{public}/segment/360p/..%2f..%2f{victim}%2f180p%2f00000.ts"),
        format!("{public}/segment/..%2f{victim}%2f180p/00000.ts"),
        format!("{public}/segment/360p/..%2findex.m3u8"),
        format!("{public}/segment/360p/index.m3u8"),
        format!("{public}/segment/%2fetc/passwd"),
        format!("{public}/segment/180p/00000.ts"),
        format!("{public}/segment/360p/99999.ts"),
        format!("{public}/rendition/..%2f360p%2findex.m3u8"),
        format!("{public}/rendition/master.m3u8"),
        format!("{public}/..%2f..%2flocal.db"),
        format!("{public}/original"),
        format!("{public}/thumbnail.exe"),
        "local.db".to_owned(),
        "credentials.json".to_owned(),
    ] {
        let status = provider.status(&path).await;
        assert!([400, 403, 404].contains(&status), "{path}: {status}");
    }
}

#[tokio::test]
async fn the_token_of_another_video_opens_nothing() {
    let provider = Provider::start().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let asset = provider
            .ingest(&clips::silent(2), json!({ "playback_policies": ["signed"] }))
            .await;
        ids.push(playback_id(&asset, "signed"));
    }
    let token = token(&provider, &ids[0], "v", &json!({}));
    assert_eq!(
        provider
            .status(&format!("{}/segment/180p/00000.ts?token={token}", ids[0]))
            .await,
        200
    );
    for path in ["rendition/180p.m3u8", "segment/180p/00000.ts", "highest.mp4"] {
        assert_eq!(
            provider.status(&format!("{}/{path}?token={token}", ids[1])).await,
            403,
            "{path}"
        );
    }
}
