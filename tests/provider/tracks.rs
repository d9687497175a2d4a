//! `[tracks]`: read from every shape of list, added, generated, deleted, read back and given addresses, by the
//! shipped maps.

use chrono::TimeDelta;
use serde_json::{Value, json};
use yourbit_video::{
    domain::{AskedTrack, Field, NeededIds, Observation, Policy, Status, TrackKind, TrackOrigin, Video},
    provider::{
        AcceptedTrack, CallError, ListedTrack, Lookup, PlaybackRequest, Priority, Provider, TemplateInput,
        TrackContent, TrackSend, TrackStatus,
    },
};

use crate::{
    fake::Fake,
    support::{api_video_vars, ask, bunny_vars, claims, cloudflare_vars, mux_vars, now, shipped},
};

const VTT: &str = "WEBVTT\n\n00:01.000 --> 00:02.000\nGrüße\n";

/// The row of a ready video.
pub(crate) fn row(policy: Policy) -> Video {
    let id = uuid::Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001);
    let mut video = Video::new(id, "user-1".to_owned(), "test".to_owned(), policy, now());
    let seen = Observation {
        at: Some(now()),
        seen_at: now(),
        status: Some(Status::Ready),
        asset_id: Some("as1".to_owned()),
        fields: vec![(Field::PlaybackId, json!("pb1"))],
        ..Observation::default()
    };
    video.observe(&seen, NeededIds::default()).unwrap();
    video
}

/// The provider's list, as the row keeps it.
pub(crate) fn keep(video: &mut Video, list: Value) {
    let seen = Observation {
        at: Some(now()),
        seen_at: now(),
        fields: vec![(Field::Tracks, list)],
        ..Observation::default()
    };
    video.observe(&seen, NeededIds::default()).unwrap();
}

pub(crate) fn asked(action: &str, kind: &str, language: &str, name: &str) -> AskedTrack {
    let track = json!({
        "id": "01990000-0000-7000-8000-0000000000aa", "action": action, "kind": kind, "language": language, "name": name,
        "state": "wanted", "asked_at": now(), "origin": "uploaded", "is_settled": false,
    });
    serde_json::from_value(track).unwrap()
}

fn listed(id: &str, kind: TrackKind, language: &str, name: &str) -> ListedTrack {
    ListedTrack {
        provider_id: id.to_owned(),
        kind,
        language: Some(language.to_owned()),
        name: Some(name.to_owned()),
        status: TrackStatus::Ready,
        origin: None,
    }
}

async fn add(
    provider: &Provider,
    track: &AskedTrack,
    content: TrackContent<'_>,
) -> Result<AcceptedTrack, CallError> {
    let subject = TemplateInput::from_video(&row(Policy::Public));
    provider
        .add_track(&subject, track, content, Priority::Background, now())
        .await
}

async fn generate(provider: &Provider, track: &AskedTrack) -> Result<AcceptedTrack, CallError> {
    let subject = TemplateInput::from_video(&row(Policy::Public));
    provider
        .generate_track(&subject, track, Priority::Background, now())
        .await
}

async fn delete(provider: &Provider, id: &str) {
    let subject = TemplateInput::from_video(&row(Policy::Public));
    let track = listed(id, TrackKind::Captions, "en", "English");
    let deleted = provider
        .delete_track(&subject, &track, Priority::Background, now())
        .await;
    deleted.unwrap();
}

/// The provider is asked for its list, and the row keeps the answer.
async fn list(provider: &Provider, fake: &Fake, video: &mut Video, body: &Value) {
    fake.says_json(200, body);
    let subject = TemplateInput::from_video(video);
    let seen = provider.list_tracks(&subject, Priority::Background, now()).await;
    for one in seen.unwrap() {
        video.observe(&one, NeededIds::default()).unwrap();
    }
}

/// The addresses of the tracks by the provider's ids, and the names of the tokens that the answer shows.
async fn addresses(provider: &Provider, video: &Video) -> (Vec<(String, String)>, Vec<String>) {
    let tracks = provider.listed_tracks(video);
    let request = PlaybackRequest {
        tracks: &tracks,
        ..ask(&[])
    };
    let answer = provider
        .playback(&TemplateInput::from_video(video), &request)
        .await;
    let answer = answer.unwrap();
    let urls = answer.tracks.into_iter().map(|one| (one.provider_id, one.url));
    (urls.collect(), answer.tokens.into_keys().collect())
}

fn lines(fake: &Fake) -> Vec<String> {
    fake.asked().iter().map(crate::fake::Asked::line).collect()
}

type Shown<'a> = (
    &'a str,
    TrackKind,
    Option<&'a str>,
    TrackStatus,
    Option<TrackOrigin>,
);

fn shown(tracks: &[ListedTrack]) -> Vec<Shown<'_>> {
    let tracks = tracks.iter();
    tracks
        .map(|track| {
            (
                track.provider_id.as_str(),
                track.kind,
                track.language.as_deref(),
                track.status,
                track.origin,
            )
        })
        .collect()
}

/// Tracks as an asset of Mux has them.
fn mux_tracks() -> Value {
    json!([
        {"type": "video", "max_width": 1920, "id": "vT1"},
        {"type": "audio", "primary": true, "name": "Default", "language_code": "und", "id": "aT1", "status": "ready"},
        {"type": "audio", "primary": false, "name": "Deutsch", "language_code": "de", "id": "aT2", "status": "preparing"},
        {"type": "audio", "id": "aT3"},
        {"type": "text", "text_type": "subtitles", "text_source": "uploaded", "closed_captions": true, "status": "ready",
         "language_code": "en", "name": "English", "id": "tT1"},
        {"type": "text", "text_source": "generated_vod", "status": "errored", "language_code": "fr", "id": "tT2"},
        {"type": "text", "text_source": "uploaded", "status": "deleted", "language_code": "it", "id": "tT3"},
        {"type": "text", "text_source": "embedded", "status": "new word", "language_code": "es", "id": "tT4"},
    ])
}

#[tokio::test]
async fn mux_reads_the_whole_asset_and_text_has_addresses() {
    let fake = Fake::start().await;
    let provider = shipped("mux", &mux_vars(&fake.base));
    let mut video = row(Policy::Signed);
    let tracks = mux_tracks();
    let later = now() + TimeDelta::seconds(60);
    let date = later.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let body = json!({"data": {"id": "as1", "status": "ready", "tracks": tracks}});
    fake.says(200, &[("date", &date)], body.to_string());
    let subject = TemplateInput::from_video(&video);
    let seen = provider.get_asset(&subject, Priority::Background, later).await;
    let Lookup::Found(seen) = seen.unwrap() else {
        panic!("it is there");
    };
    video.observe(&seen, NeededIds::default()).unwrap();
    let (embedded, uploaded) = (Some(TrackOrigin::Embedded), Some(TrackOrigin::Uploaded));
    let found = provider.listed_tracks(&video);
    assert_eq!(
        shown(&found),
        [
            ("aT1", TrackKind::Audio, None, TrackStatus::Ready, embedded),
            (
                "aT2",
                TrackKind::Audio,
                Some("de"),
                TrackStatus::Preparing,
                uploaded
            ),
            ("aT3", TrackKind::Audio, None, TrackStatus::Ready, embedded),
            (
                "tT1",
                TrackKind::Captions,
                Some("en"),
                TrackStatus::Ready,
                uploaded
            ),
            (
                "tT2",
                TrackKind::Subtitles,
                Some("fr"),
                TrackStatus::Errored,
                Some(TrackOrigin::Generated)
            ),
        ]
    );
    let (urls, tokens) = addresses(&provider, &video).await;
    let (id, url) = &urls[0];
    assert_eq!(
        (urls.len(), id.as_str()),
        (1, "tT1"),
        "text that is ready alone: {urls:?}"
    );
    let token = url
        .strip_prefix("https://stream.mux.com/pb1/text/tT1.vtt?token=")
        .unwrap();
    assert_eq!(
        (&claims(token)["aud"], &claims(token)["sub"]),
        (&json!("v"), &json!("pb1"))
    );
    assert_eq!(tokens, ["animated", "playback", "storyboard", "thumbnail"]);
}

#[tokio::test]
async fn mux_fetches_what_it_is_given_an_address_of() {
    let fake = Fake::start().await;
    let provider = shipped("mux", &mux_vars(&fake.base));
    assert_eq!(provider.track_send(TrackKind::Audio), Some(TrackSend::Url));
    fake.says_json(201, &json!({"data": {"id": "tT9", "status": "preparing"}}));
    let url = "https://v.example/v1/tracks/ticket";
    let accepted = add(
        &provider,
        &asked("add", "captions", "pt-BR", "Português"),
        TrackContent::Url(url),
    )
    .await;
    assert_eq!(accepted.unwrap().provider_id.as_deref(), Some("tT9"));
    let call = fake.asked().pop().unwrap();
    assert_eq!(call.line(), "POST /video/v1/assets/as1/tracks");
    assert_eq!(
        call.json(),
        json!({"url": url, "type": "text", "text_type": "subtitles", "language_code": "pt-BR", "name": "Português",
               "closed_captions": true}),
    );
    fake.says_json(201, &json!({"data": {"id": "aT9"}}));
    add(
        &provider,
        &asked("add", "audio", "de", ""),
        TrackContent::Url(url),
    )
    .await
    .unwrap();
    assert_eq!(
        fake.asked().pop().unwrap().json(),
        json!({"url": url, "type": "audio", "language_code": "de", "name": "de"}),
        "a name that is not given is the language"
    );
    let file = add(
        &provider,
        &asked("add", "subtitles", "de", "x"),
        TrackContent::File(VTT),
    )
    .await;
    assert!(matches!(file, Err(CallError::Invalid(_))), "{file:?}");

    fake.says_json(200, &json!({"data": {"tracks": mux_tracks()}}));
    fake.says_json(201, &json!({"data": [{"id": "tT8"}]}));
    let accepted = generate(&provider, &asked("generate", "subtitles", "en", "English"))
        .await
        .unwrap();
    assert_eq!(accepted.provider_id.as_deref(), Some("tT8"));
    assert_eq!(
        fake.asked().pop().unwrap().line(),
        "POST /video/v1/assets/as1/tracks/aT1/generate-subtitles"
    );
    fake.says(204, &[], "");
    delete(&provider, "tT9").await;
    fake.says(404, &[], "");
    delete(&provider, "tT9").await;
    assert_eq!(
        fake.asked().pop().unwrap().line(),
        "DELETE /video/v1/assets/as1/tracks/tT9"
    );
}

#[tokio::test]
async fn cloudflare_takes_a_form_and_its_file_is_read_with_our_credentials() {
    let fake = Fake::start().await;
    let provider = shipped("cloudflare_stream", &cloudflare_vars(&fake.base));
    let mut video = row(Policy::Signed);
    let body = json!({"success": true, "result": [
        {"language": "en", "label": "English", "generated": false, "status": "ready"},
        {"language": "de", "label": "Deutsch", "generated": true, "status": "inprogress"},
        {"language": "fr", "label": "Français"},
        {"label": "No language"},
    ]});
    list(&provider, &fake, &mut video, &body).await;
    let tracks = provider.listed_tracks(&video);
    assert_eq!(
        shown(&tracks),
        [
            (
                "en",
                TrackKind::Captions,
                Some("en"),
                TrackStatus::Ready,
                Some(TrackOrigin::Uploaded)
            ),
            (
                "de",
                TrackKind::Captions,
                Some("de"),
                TrackStatus::Preparing,
                Some(TrackOrigin::Generated)
            ),
            ("fr", TrackKind::Captions, Some("fr"), TrackStatus::Ready, None),
        ]
    );
    fake.says_json(
        200,
        &json!({"success": true, "result": {"language": "pt-br", "label": "x", "generated": false}}),
    );
    let accepted = add(
        &provider,
        &asked("add", "subtitles", "pt-BR", "x"),
        TrackContent::File(VTT),
    )
    .await;
    assert_eq!(accepted.unwrap().provider_id.as_deref(), Some("pt-br"));
    let call = fake.asked().pop().unwrap();
    assert_eq!(call.line(), "PUT /accounts/acc1/stream/as1/captions/pt-BR");
    let kind = call.header("content-type").to_owned();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    assert_eq!(
        call.body,
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"captions.vtt\"\r\nContent-Type: text/vtt\r\n\r\n\
             {VTT}\r\n--{boundary}--\r\n"
        )
    );
    fake.says_json(
        200,
        &json!({"success": true, "result": {"language": "es", "status": "inprogress"}}),
    );
    generate(&provider, &asked("generate", "captions", "es", ""))
        .await
        .unwrap();
    fake.says_json(200, &json!({"success": true, "result": ""}));
    delete(&provider, "pt-br").await;
    fake.says(200, &[("content-type", "text/vtt")], VTT);
    let read = provider
        .read_track(&video, &tracks[0], Priority::Request("user-1"), now())
        .await;
    assert_eq!(read.unwrap(), VTT.as_bytes());
    let call = fake.asked().pop().unwrap();
    assert!(call.header("accept").contains("text/vtt"));
    assert!(call.header("authorization").starts_with("Bearer "));
    assert_eq!(
        lines(&fake)[2..],
        [
            "POST /accounts/acc1/stream/as1/captions/es/generate",
            "DELETE /accounts/acc1/stream/as1/captions/pt-br",
            "GET /accounts/acc1/stream/as1/captions/en/vtt",
        ]
    );
    fake.says(404, &[], "");
    let gone = provider
        .read_track(&video, &tracks[0], Priority::Background, now())
        .await;
    assert!(
        matches!(gone, Err(CallError::Refused { status: 404, .. })),
        "{gone:?}"
    );
    fake.says(200, &[], "x".repeat(1024 * 1024 + 1));
    let huge = provider
        .read_track(&video, &tracks[0], Priority::Background, now())
        .await;
    assert!(matches!(huge, Err(CallError::Outage { .. })), "{huge:?}");
    assert_eq!(
        addresses(&provider, &video).await.0,
        [],
        "its stream alone has them"
    );
}

#[tokio::test]
async fn api_video_takes_a_form_and_bunny_base64() {
    let fake = Fake::start().await;
    let provider = shipped("api_video", &api_video_vars(&fake.base));
    let mut video = row(Policy::Public);
    let body = json!({"data": [{"uri": "/videos/as1/captions/en", "srclang": "en", "languageName": "English", "default": false}]});
    list(&provider, &fake, &mut video, &body).await;
    assert_eq!(
        addresses(&provider, &video).await.0,
        [("en".to_owned(), format!("{}/vod/as1/captions/en.vtt", fake.base))]
    );
    fake.says(200, &[], VTT);
    let track = provider.listed_tracks(&video).remove(0);
    let read = provider
        .read_track(&video, &track, Priority::Background, now())
        .await;
    assert_eq!(read.unwrap(), VTT.as_bytes());
    assert_eq!(
        fake.asked().pop().unwrap().header("authorization"),
        "",
        "an address is read as viewers do"
    );
    fake.says_json(201, &json!({"uri": "/videos/as1/captions/fr", "srclang": "fr"}));
    let accepted = add(
        &provider,
        &asked("add", "captions", "fr", "x"),
        TrackContent::File(VTT),
    )
    .await;
    assert_eq!(accepted.unwrap().provider_id.as_deref(), Some("fr"));
    fake.says_json(200, &json!({"videoId": "as1"}));
    generate(&provider, &asked("generate", "subtitles", "en", ""))
        .await
        .unwrap();
    let call = fake.asked().pop().unwrap();
    assert_eq!(
        (call.line().as_str(), call.json()),
        ("PATCH /videos/as1", json!({"language": "en", "transcript": true}))
    );
    fake.says(204, &[], "");
    delete(&provider, "fr").await;

    let provider = shipped("bunny_stream", &bunny_vars(&fake.base));
    let mut video = row(Policy::Signed);
    keep(
        &mut video,
        json!([{"srclang": "en", "label": "English", "version": 1}]),
    );
    let (urls, _) = addresses(&provider, &video).await;
    assert!(
        urls[0]
            .1
            .starts_with("https://vz-0000.b-cdn.net/bcdn_token=HS256-"),
        "{urls:?}"
    );
    assert!(urls[0].1.ends_with("/as1/captions/en.vtt"), "{urls:?}");
    fake.says_json(200, &json!({"success": true, "statusCode": 200}));
    let accepted = add(
        &provider,
        &asked("add", "subtitles", "de", "Deutsch"),
        TrackContent::File("WEBVTT\n"),
    )
    .await;
    assert_eq!(accepted.unwrap().provider_id, None);
    let call = fake.asked().pop().unwrap();
    assert!(
        call.line().ends_with("/videos/as1/captions/de"),
        "{}",
        call.line()
    );
    assert_eq!(
        call.json(),
        json!({"srclang": "de", "label": "Deutsch", "captionsFile": "V0VCVlRUCg=="})
    );
    fake.says_json(200, &json!({"success": false, "message": "no such language"}));
    let refused = add(
        &provider,
        &asked("add", "subtitles", "xx", ""),
        TrackContent::File(VTT),
    )
    .await;
    assert!(matches!(refused, Err(CallError::Refused { .. })), "{refused:?}");
    assert_eq!(provider.track_send(TrackKind::Audio), None);
}

#[test]
fn a_track_is_known_again_as_far_as_the_calls_tell_tracks_apart() {
    let mux = shipped("mux", &mux_vars("https://api.example"));
    let bunny = shipped("bunny_stream", &bunny_vars("https://api.example"));
    let cloudflare = shipped("cloudflare_stream", &cloudflare_vars("https://api.example"));
    let theirs = listed("t1", TrackKind::Captions, "en-us", "English");
    for (provider, action, kind, language, name, is_like) in [
        (&mux, "add", "captions", "en-US", "English", true),
        (&mux, "add", "subtitles", "en-US", "English", false),
        (&mux, "add", "captions", "en", "English", false),
        (&mux, "add", "captions", "en-US", "english", false),
        (&mux, "add", "audio", "en-US", "English", false),
        (&mux, "generate", "subtitles", "en-US", "English", true),
        (&mux, "delete", "subtitles", "en-US", "English", true),
        (&bunny, "add", "subtitles", "EN-US", "English", true),
        (&bunny, "add", "subtitles", "EN-US", "", false),
        (&bunny, "generate", "subtitles", "en-us", "", true),
        (&cloudflare, "add", "subtitles", "en-US", "whatever", true),
        (&cloudflare, "add", "subtitles", "de", "English", false),
    ] {
        let found = provider.is_like(&theirs, &asked(action, kind, language, name));
        assert_eq!(
            found,
            is_like,
            "{} {action} {kind} {language} {name}",
            provider.name()
        );
    }
}
