//! Subtitles that are sent, listed, served and deleted.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    Provider, clips, eventually, playback_id, read,
    tokens::token,
    tracks::{put_track, text_track},
};

const VTT: &str = "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nHello\n\n00:00:03.500 --> 00:00:04.500\nAcross\n";

/// A video of 5 seconds, for everybody.
async fn public(provider: &Provider) -> Value {
    provider
        .ingest(&clips::usual(), json!({ "playback_policies": ["public"] }))
        .await
}

/// `tracks[]` of an asset that are text.
async fn texts(provider: &Provider, id: &str) -> Vec<Value> {
    let asset = provider.data(&format!("/assets/{id}")).await;
    let tracks = asset["tracks"].as_array().cloned().unwrap_or_default();
    tracks
        .into_iter()
        .filter(|track| track["type"] == "text")
        .collect()
}

#[tokio::test]
async fn a_text_track_is_shown_told_and_served() {
    let provider = Provider::start().await;
    let asset = public(&provider).await;
    let id = asset["id"].as_str().unwrap();
    let track = text_track(
        &provider,
        id,
        "language_code=en&name=English&passthrough=ours",
        VTT,
    )
    .await;
    assert_eq!(
        track,
        json!({ "type": "text", "id": track["id"], "status": "ready", "language_code": "en", "name": "English",
            "text_type": "subtitles", "text_source": "uploaded", "closed_captions": false, "passthrough": "ours" })
    );
    let shown = provider.data(&format!("/assets/{id}")).await;
    let kinds: Vec<&str> = shown["tracks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|track| track["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["video", "audio", "text"]);
    assert_eq!(shown["tracks"][2], track);
    for ending in ["created", "ready"] {
        let event = provider.inbox.first(&format!("video.asset.track.{ending}")).await;
        assert_eq!(event["object"], json!({ "type": "track", "id": track["id"] }));
        assert_eq!(event["data"]["asset_id"], id);
        assert_eq!(event["data"]["language_code"], "en");
    }
    let updated = provider.inbox.first("video.asset.updated").await;
    assert_eq!(updated["data"]["tracks"][2], track);

    let playback = playback_id(&asset, "public");
    let track_id = track["id"].as_str().unwrap();
    let served = provider.view(&format!("{playback}/text/{track_id}.vtt")).await;
    assert_eq!(served.headers()["content-type"], "text/vtt");
    assert_eq!(served.headers()["access-control-allow-origin"], "*");
    assert_eq!(served.text().await.unwrap(), VTT);
    let master = provider
        .view(&format!("{playback}.m3u8"))
        .await
        .text()
        .await
        .unwrap();
    assert!(
        master.contains(&format!(
            "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subs\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=NO,AUTOSELECT=YES,\
             FORCED=NO,URI=\"{playback}/text/{track_id}.m3u8\""
        )),
        "{master}"
    );
    for line in master
        .lines()
        .filter(|line| line.starts_with("#EXT-X-STREAM-INF"))
    {
        assert!(line.contains(",SUBTITLES=\"subs\""), "{line}");
    }
}

#[tokio::test]
async fn segments_of_subtitles_are_in_step_with_the_picture_and_hold_each_cue_that_is_shown() {
    let provider = Provider::start().await;
    let asset = public(&provider).await;
    let id = asset["id"].as_str().unwrap();
    let track = text_track(&provider, id, "language_code=en", VTT).await;
    assert_eq!(track["name"], "English", "the language's name");
    let playback = playback_id(&asset, "public");
    let track_id = track["id"].as_str().unwrap();
    let text = |path: String| {
        let provider = &provider;
        async move { provider.view(&path).await.text().await.unwrap() }
    };
    let lengths = |playlist: &str| -> Vec<String> {
        let lines = playlist.lines().filter(|line| line.starts_with("#EXTINF"));
        lines.map(str::to_owned).collect()
    };
    for clip in ["", "?asset_start_time=4", "?asset_end_time=3"] {
        let pictures = text(format!("{playback}/rendition/360p.m3u8{clip}")).await;
        let subtitles = text(format!("{playback}/text/{track_id}.m3u8{clip}")).await;
        assert_eq!(lengths(&pictures), lengths(&subtitles), "{subtitles}");
        assert!(subtitles.ends_with("#EXT-X-ENDLIST\n"));
    }
    let playlist = text(format!("{playback}/text/{track_id}.m3u8")).await;
    let segments: Vec<&str> = playlist.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        segments,
        [
            format!("{track_id}/0-4000.vtt"),
            format!("{track_id}/4000-5000.vtt")
        ]
    );
    let map = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:126000,LOCAL:00:00:00.000\n";
    let first = text(format!("{playback}/text/{}", segments[0])).await;
    assert!(first.starts_with(map), "{first}");
    assert!(first.contains("Hello") && first.contains("Across"), "{first}");
    let second = text(format!("{playback}/text/{}", segments[1])).await;
    assert!(!second.contains("Hello"), "{second}");
    assert!(
        second.contains("00:00:03.500 --> 00:00:04.500\nAcross"),
        "{second}"
    );
    // The time of the map is that of the picture's first frame.
    let segment = provider.view(&format!("{playback}/segment/360p/00000.ts")).await;
    let file = provider.dir().join("first.ts");
    std::fs::write(&file, segment.bytes().await.unwrap()).unwrap();
    let packets = crate::support::tracks::packet_times(&file, "v:0").await;
    assert!((packets[0] - 1.4).abs() < 0.001, "{packets:?}");
}

#[tokio::test]
async fn a_signed_stream_gives_its_subtitles_for_its_own_token_alone() {
    let provider = Provider::start().await;
    let settings = json!({ "playback_policies": ["signed", "public"] });
    let asset = provider.ingest(&clips::usual(), settings).await;
    let id = asset["id"].as_str().unwrap();
    let track = text_track(&provider, id, "language_code=en", VTT).await;
    let track = track["id"].as_str().unwrap();
    let signed = playback_id(&asset, "signed");
    let good = token(&provider, &signed, "v", &json!({}));
    let other = token(&provider, &playback_id(&asset, "public"), "v", &json!({}));
    let picture = token(&provider, &signed, "t", &json!({}));
    for path in [
        format!("{signed}/text/{track}.vtt"),
        format!("{signed}/text/{track}.m3u8"),
        format!("{signed}/text/{track}/0-4000.vtt"),
    ] {
        assert_eq!(provider.status(&path).await, 403, "{path}");
        for bad in [&other, &picture] {
            assert_eq!(
                provider.status(&format!("{path}?token={bad}")).await,
                403,
                "{path}"
            );
        }
        assert_eq!(
            provider.status(&format!("{path}?token={good}")).await,
            200,
            "{path}"
        );
    }
    let master = provider.view(&format!("{signed}.m3u8?token={good}")).await;
    let master = master.text().await.unwrap();
    assert!(
        master.contains(&format!("URI=\"{signed}/text/{track}.m3u8?token={good}\"")),
        "{master}"
    );
    let playlist = provider
        .view(&format!("{signed}/text/{track}.m3u8?token={good}"))
        .await;
    let playlist = playlist.text().await.unwrap();
    assert!(
        playlist.contains(&format!("{track}/0-4000.vtt?token={good}")),
        "{playlist}"
    );
}

#[tokio::test]
async fn a_deleted_track_is_served_no_more() {
    let provider = Provider::start_with(
        |settings| settings.max_bytes_per_owner = 1 << 30,
        yourbit_video::clock::Clock::system(),
    )
    .await;
    let settings = json!({ "playback_policies": ["public"], "meta": { "creator_id": "owner" } });
    let asset = provider.ingest(&clips::usual(), settings).await;
    let id = asset["id"].as_str().unwrap();
    let track = text_track(&provider, id, "language_code=en&name=English", VTT).await;
    let twin = text_track(&provider, id, "language_code=en&name=English", VTT).await;
    assert_ne!(track["id"], twin["id"], "the same again is another track");
    let charged = charged(&provider, id).await;
    assert_eq!(charged, 2 * i64::try_from(VTT.len()).unwrap());
    let playback = playback_id(&asset, "public");
    let master = provider
        .view(&format!("{playback}.m3u8"))
        .await
        .text()
        .await
        .unwrap();
    assert!(
        master.contains("NAME=\"English\"") && master.contains("NAME=\"English (2)\""),
        "{master}"
    );
    let track_id = track["id"].as_str().unwrap();
    let path = format!("/assets/{id}/tracks/{track_id}");
    assert_eq!(provider.api(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(
        provider.status(&format!("{playback}/text/{track_id}.vtt")).await,
        404
    );
    assert_eq!(
        provider.status(&format!("{playback}/text/{track_id}.m3u8")).await,
        404
    );
    assert_eq!(texts(&provider, id).await, [twin]);
    let event = provider.inbox.first("video.asset.track.deleted").await;
    assert_eq!(event["data"]["id"], track["id"]);
    assert_eq!(self::charged(&provider, id).await, charged / 2);
    let files = || {
        std::fs::read_dir(provider.dir().join("tracks").join(id))
            .unwrap()
            .count()
    };
    assert_eq!(files(), 1, "its file is gone");
    assert_eq!(provider.api(Method::DELETE, &path, None).await.0, 404);

    let (status, _) = provider.api(Method::DELETE, &format!("/assets/{id}"), None).await;
    assert_eq!(status, 204);
    eventually("the folder is removed", async || {
        (!provider.dir().join("tracks").join(id).exists()).then_some(())
    })
    .await;
    assert_eq!(self::charged(&provider, id).await, 0);
}

/// The bytes that an asset's owner is charged for its tracks.
async fn charged(provider: &Provider, id: &str) -> i64 {
    crate::support::tracks::number(
        provider,
        "select coalesce(sum(bytes), 0) from files where kind = 'tracks' and id = $1",
        id,
    )
    .await
}

#[tokio::test]
async fn a_track_may_come_while_the_asset_is_prepared() {
    let provider = Provider::start().await;
    let upload = provider.upload(json!({ "playback_policies": ["public"] })).await;
    let file = std::fs::read(clips::encoded("later.mp4", "1280x720", 15, 4)).unwrap();
    assert_eq!(provider.put(&upload, file).await.status(), 200);
    let id = provider.asset_id(&upload).await;
    let track = text_track(&provider, &id, "language_code=de", VTT).await;
    assert_eq!(track["status"], "ready");
    let asset = provider.settled(&upload).await;
    assert_eq!(asset["status"], "ready");
    assert_eq!(texts(&provider, &id).await, std::slice::from_ref(&track));
    let playback = playback_id(&asset, "public");
    let address = format!("{playback}/text/{}.vtt", track["id"].as_str().unwrap());
    assert_eq!(
        provider.status(&address).await,
        200,
        "the finished stream left it alone"
    );
}

#[tokio::test]
async fn what_is_no_track_is_refused_in_plain_words() {
    let provider = Provider::start().await;
    let asset = public(&provider).await;
    let other = public(&provider).await;
    let id = asset["id"].as_str().unwrap();
    let put = |query: &'static str, body: String| put_track(&provider, id, query, "text/vtt", body);
    for (query, body, message) in [
        (
            "language_code=en",
            "1\n00:00:01,000 --> 00:00:02,000\nHi\n",
            "line 1",
        ),
        (
            "language_code=en",
            "WEBVTT\n\n00:00:02.000 --> 00:00:01.000\nHi\n",
            "line 3",
        ),
        ("language_code=en", "", "line 1"),
        ("name=English", VTT, "language_code"),
        ("language_code=english", VTT, "language_code"),
        ("language_code=en%0A", VTT, "language_code"),
        ("language_code=en%22", VTT, "language_code"),
        ("language_code=en&closed_captions=maybe", VTT, "closed_captions"),
    ] {
        let (status, answer) = put(query, body.to_owned()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {answer}");
        let told = answer["error"]["messages"][0].as_str().unwrap();
        assert!(told.contains(message), "{query}: {told}");
    }
    let long = format!("language_code=en&name={}", "n".repeat(256));
    assert_eq!(put_track(&provider, id, &long, "text/vtt", VTT).await.0, 400);
    let (status, answer) = put_track(&provider, id, "language_code=en", "video/mp4", VTT).await;
    assert_eq!(status, 400, "{answer}");
    let mut large = VTT.to_owned();
    large.push_str("\nNOTE ");
    large.push_str(&"n".repeat((1 << 20) - large.len()));
    assert_eq!(put("language_code=en", large.clone()).await.0, 201, "1 MiB");
    large.push('n');
    assert_eq!(put("language_code=en", large).await.0, 413, "1 MiB and a byte");

    let none = "A".repeat(44);
    assert_eq!(
        put_track(&provider, &none, "language_code=en", "text/vtt", VTT)
            .await
            .0,
        404
    );
    assert!(!provider.dir().join("work").join(&none).exists());
    let track = text_track(&provider, other["id"].as_str().unwrap(), "language_code=en", VTT).await;
    let track = track["id"].as_str().unwrap();
    let path = format!("/assets/{id}/tracks/{track}");
    assert_eq!(
        provider.api(Method::DELETE, &path, None).await.0,
        404,
        "of another asset"
    );
    let playback = playback_id(&asset, "public");
    for path in [
        format!("{playback}/text/{track}.vtt"),
        format!("{playback}/text/{track}.m3u8"),
        format!("{playback}/text/{track}/0-4000.vtt"),
        format!("{playback}/text/..%2f..%2flocal.db"),
        format!("{playback}/text/{none}.vtt"),
        format!("{playback}/rendition/{track}.m3u8"),
    ] {
        assert_eq!(provider.status(&path).await, 404, "{path}");
    }
    for kind in ["video", "audio"] {
        let tracks = asset["tracks"].as_array().unwrap();
        let main = tracks.iter().find(|track| track["type"] == kind).unwrap();
        let path = format!("/assets/{id}/tracks/{}", main["id"].as_str().unwrap());
        let (status, answer) = provider.api(Method::DELETE, &path, None).await;
        assert_eq!(status, 400, "{answer}");
    }
    let path = format!("/assets/{id}/tracks/{none}/generate-subtitles");
    let body = json!({ "generated_subtitles": [{ "language_code": "en", "name": "English" }] });
    let (status, answer) = provider.api(Method::POST, &path, Some(body)).await;
    assert_eq!(status, 400);
    assert_eq!(
        answer["error"]["messages"][0],
        "Generating subtitles is not supported by the local provider"
    );
    let url = format!("{}/video/v1/assets/{id}/tracks?language_code=en", provider.base);
    let stranger = provider
        .http
        .put(url)
        .header("content-type", "text/vtt")
        .body(VTT);
    assert_eq!(read(stranger.send().await.unwrap()).await.0, 401);
}

#[tokio::test]
async fn no_name_gets_out_of_its_place_in_the_playlist() {
    let provider = Provider::start().await;
    let asset = public(&provider).await;
    let id = asset["id"].as_str().unwrap();
    let name = "a\"b\r\n#EXT-X-ENDLIST\u{2028}c";
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("language_code", "en")
        .append_pair("name", name)
        .append_pair("closed_captions", "true")
        .finish();
    let track = text_track(&provider, id, &query, VTT).await;
    assert_eq!(track["name"], name);
    assert_eq!(track["closed_captions"], true);
    let playback = playback_id(&asset, "public");
    let master = provider
        .view(&format!("{playback}.m3u8"))
        .await
        .text()
        .await
        .unwrap();
    assert!(
        master.contains("NAME=\"a'b  #EXT-X-ENDLIST c\",LANGUAGE=\"en\""),
        "{master}"
    );
    assert!(
        master.contains("CHARACTERISTICS=\"public.accessibility.transcribes-spoken-dialog,"),
        "{master}"
    );
    let lines = master
        .lines()
        .filter(|line| line.starts_with("#EXT-X-ENDLIST"))
        .count();
    assert_eq!(lines, 0, "{master}");
    let chosen = format!("{playback}.m3u8?default_subtitles_lang=en-GB");
    let chosen = provider.view(&chosen).await.text().await.unwrap();
    assert!(
        chosen.contains("DEFAULT=YES,AUTOSELECT=YES,FORCED=NO"),
        "{chosen}"
    );
}

#[tokio::test]
async fn an_asset_has_a_hundred_tracks_at_most_and_an_owner_a_share() {
    let provider = Provider::start_with(
        |settings| settings.max_bytes_per_owner = 4 << 20,
        yourbit_video::clock::Clock::system(),
    )
    .await;
    let settings = json!({ "playback_policies": ["public"], "meta": { "creator_id": "owner" } });
    let asset = provider.ingest(&clips::silent(2), settings).await;
    let id = asset["id"].as_str().unwrap();
    let large = format!("{VTT}\nNOTE {}", "n".repeat((1 << 20) - 200));
    let refused = eventually("the share is used up", async || {
        let (status, answer) = put_track(&provider, id, "language_code=en", "text/vtt", large.clone()).await;
        (status != 201).then_some((status, answer))
    })
    .await;
    assert_eq!(refused.0, 507, "{}", refused.1);
    assert!(texts(&provider, id).await.len() <= 4);
    for number in texts(&provider, id).await.len()..100 {
        let (status, answer) = put_track(&provider, id, "language_code=en", "text/vtt", VTT).await;
        assert_eq!(status, 201, "{number}: {answer}");
    }
    let (status, answer) = put_track(&provider, id, "language_code=en", "text/vtt", VTT).await;
    assert_eq!(status, 400, "{answer}");
    assert_eq!(texts(&provider, id).await.len(), 100);
}
