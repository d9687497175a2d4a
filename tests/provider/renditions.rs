//! `[[renditions]]`: read from every shape of list, asked for, deleted, and given addresses, by the shipped maps and by maps
//! made for one test.

use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};
use yourbit_video::{
    domain::{Field, NeededIds, Observation, Policy, Status, Video},
    provider::{
        Audience, FileRequest, PlaybackRequest, Priority, Provider, RenditionKind, RenditionStatus,
        TemplateInput,
    },
};

use crate::{
    broken::{env, full},
    fake::Fake,
    support::{api_video_vars, ask, bunny_vars, claims, cloudflare_vars, load, mux_vars, now, shipped},
};

/// The row of a ready video.
fn row(policy: Policy) -> Video {
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

/// A list as the row keeps it.
fn keep(video: &mut Video, field: Field, list: Value) {
    let seen = Observation {
        at: Some(now()),
        seen_at: now(),
        fields: vec![(field, list)],
        ..Observation::default()
    };
    video.observe(&seen, NeededIds::default()).unwrap();
}

/// The provider is asked for its lists, and the row keeps the answers.
async fn list(provider: &Provider, fake: &Fake, video: &mut Video, body: &Value) {
    fake.says(200, &[], body.to_string());
    let subject = TemplateInput::from_video(video);
    let seen = provider
        .list_renditions(&subject, Priority::Background, now())
        .await
        .unwrap();
    for one in seen {
        video.observe(&one, NeededIds::default()).unwrap();
    }
}

/// The addresses of the files, by name, and the names of the tokens that the answer shows.
async fn addresses(
    provider: &Provider,
    video: &Video,
    audience: Audience,
    download: Option<&str>,
) -> (Vec<(String, String)>, Vec<String>) {
    let files = provider.playable_files(video, audience);
    let request = PlaybackRequest {
        files: Some(FileRequest {
            files: &files,
            download,
            in_background: false,
        }),
        ..ask(&[])
    };
    let answer = provider
        .playback(&TemplateInput::from_video(video), &request)
        .await
        .unwrap();
    let named = answer.renditions.into_iter().map(|one| (one.file.name, one.url));
    (named.collect(), answer.tokens.into_keys().collect())
}

fn names(provider: &Provider, video: &Video) -> Vec<(String, RenditionKind, RenditionStatus)> {
    let files = provider.renditions(video).into_iter();
    files.map(|file| (file.name, file.kind, file.status)).collect()
}

#[tokio::test]
async fn cloudflare_signs_files_with_a_token_of_their_own_which_nobody_is_shown() {
    let fake = Fake::start().await;
    let provider = shipped("cloudflare_stream", &cloudflare_vars(&fake.base));
    let mut video = row(Policy::Signed);
    let (none, tokens) = addresses(&provider, &video, Audience::Viewer, None).await;
    assert_eq!((none, tokens), (vec![], vec!["playback".to_owned()]));
    assert_eq!(
        provider.token_counts().0,
        1,
        "without a file no token of a file is signed"
    );
    let url = |name: &str| format!("https://customer-x.cloudflarestream.com/as1/downloads/{name}");
    let body = json!({"success": true, "result": {
        "default": {"status": "ready", "url": url("default.mp4"), "percentComplete": 100.0},
        "audio": {"status": "inprogress", "url": url("audio.m4a"), "percentComplete": 3.0},
    }});
    list(&provider, &fake, &mut video, &body).await;
    assert_eq!(fake.asked()[0].line(), "GET /accounts/acc1/stream/as1/downloads");
    let mut shown = names(&provider, &video);
    shown.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        shown,
        [
            (
                "audio-only".to_owned(),
                RenditionKind::Audio,
                RenditionStatus::Preparing
            ),
            ("highest".to_owned(), RenditionKind::Video, RenditionStatus::Ready),
        ]
    );
    let (files, tokens) = addresses(&provider, &video, Audience::Owner, Some("clip-1")).await;
    assert_eq!(tokens, ["playback"]);
    assert_eq!(files.len(), 1);
    let rest = files[0]
        .1
        .strip_prefix("https://customer-x.cloudflarestream.com/")
        .unwrap();
    let (token, rest) = rest.split_once('/').unwrap();
    assert_eq!(rest, "downloads/default.mp4?filename=clip-1");
    let claims = claims(token);
    assert_eq!(
        (&claims["downloadable"], &claims["sub"]),
        (&json!(true), &json!("as1"))
    );
    assert!(provider.check_download("a.mp4").is_err());
    let video_after = &video;
    fake.says(200, &[], r#"{"success":true,"result":{}}"#);
    let subject = TemplateInput::from_video(video_after);
    provider
        .make_rendition(&subject, "audio-only", Priority::Background, now())
        .await
        .unwrap();
    fake.says(200, &[], "");
    provider
        .delete_rendition(video_after, "highest", Priority::Background, now())
        .await
        .unwrap();
    let lines: Vec<String> = fake
        .asked()
        .iter()
        .skip(1)
        .map(crate::fake::Asked::line)
        .collect();
    assert_eq!(
        lines,
        [
            "POST /accounts/acc1/stream/as1/downloads/audio",
            "DELETE /accounts/acc1/stream/as1/downloads/default",
        ]
    );
}

#[tokio::test]
async fn api_video_switches_the_file_on_and_bunny_reads_two_lists() {
    let fake = Fake::start().await;
    let provider = shipped("api_video", &api_video_vars(&fake.base));
    let mut video = row(Policy::Public);
    list(
        &provider,
        &fake,
        &mut video,
        &json!({"videoId": "as1", "mp4Support": false, "title": "t"}),
    )
    .await;
    assert_eq!(names(&provider, &video), []);
    let kept = video.known.fact(Field::Renditions).unwrap();
    assert_eq!(
        kept.value,
        json!([{"mp4Support": false}]),
        "of a whole answer the parts that are read are kept"
    );
    fake.says(200, &[], "{}");
    let subject = TemplateInput::from_video(&video);
    provider
        .make_rendition(&subject, "highest", Priority::Background, now())
        .await
        .unwrap();
    let asked = fake.asked().pop().unwrap();
    assert_eq!(
        (asked.line().as_str(), asked.json()),
        ("PATCH /videos/as1", json!({"mp4Support": true}))
    );
    keep(&mut video, Field::Renditions, json!([{"mp4Support": true}]));
    let (files, _) = addresses(&provider, &video, Audience::Viewer, None).await;
    assert_eq!(
        files,
        [(
            "highest".to_owned(),
            format!("{}/vod/as1/mp4/source.mp4", fake.base)
        )]
    );

    let provider = shipped("bunny_stream", &bunny_vars(&fake.base));
    let mut video = row(Policy::Signed);
    let body = json!({"success": true, "data": {"mp4Resolutions": [
        {"resolution": "720p", "path": "x"}, {"resolution": "1440p", "path": "y"},
    ]}});
    list(&provider, &fake, &mut video, &body).await;
    keep(&mut video, Field::Renditions2, json!([{"hasOriginal": true}]));
    let (viewer, _) = addresses(&provider, &video, Audience::Viewer, None).await;
    assert_eq!(viewer.len(), 1, "{viewer:?}");
    assert!(
        viewer[0]
            .1
            .starts_with("https://vz-0000.b-cdn.net/bcdn_token=HS256-"),
        "{viewer:?}"
    );
    assert!(viewer[0].1.ends_with("/as1/play_720p.mp4"), "{viewer:?}");
    let (owner, _) = addresses(&provider, &video, Audience::Owner, None).await;
    assert_eq!(owner.len(), 2, "{owner:?}");
    assert!(owner[1].1.ends_with("/as1/original"), "{owner:?}");
    assert!(!provider.can_make_rendition("720p"));
    keep(&mut video, Field::Renditions2, json!([{"hasOriginal": false}]));
}

#[tokio::test]
async fn mux_reads_rows_of_the_release_before_and_its_two_lists_from_one_answer() {
    let fake = Fake::start().await;
    let provider = shipped("mux", &mux_vars(&fake.base));
    let mut video = row(Policy::Public);
    // As 0.7.0 kept it, with a file of a kind that has no name.
    let old = json!([
        {"id": "f1", "name": "highest.mp4", "ext": "mp4", "resolution": "highest", "status": "ready", "filesize": "12",
         "width": 640, "height": 360, "bitrate": 1000},
        {"id": "f2", "name": "low.mp4", "ext": "mp4", "status": "ready"},
        {"id": "f3", "name": "audio.m4a", "ext": "m4a", "resolution": "audio-only", "status": "skipped"},
    ]);
    keep(&mut video, Field::Renditions, old);
    assert_eq!(
        names(&provider, &video),
        [
            ("highest".to_owned(), RenditionKind::Video, RenditionStatus::Ready),
            (
                "audio-only".to_owned(),
                RenditionKind::Audio,
                RenditionStatus::Errored
            ),
        ]
    );
    let answer = json!({"data": {
        "id": "as1", "status": "ready", "playback_ids": [{"id": "pb1", "policy": "public"}],
        "master": {"status": "ready", "url": "https://master.example/x"},
    }});
    let later = now() + TimeDelta::seconds(60);
    // Why told: the server's own date is today's, and the answer would be older than the row.
    let date = later.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    fake.says(200, &[("date", &date)], answer.to_string());
    let subject = TemplateInput::from_video(&video);
    let seen = provider
        .get_asset(&subject, Priority::Background, later)
        .await
        .unwrap();
    let yourbit_video::provider::Lookup::Found(seen) = seen else {
        panic!("it is there");
    };
    video.observe(&seen, NeededIds::default()).unwrap();
    // What the whole answer does not have is not there any more.
    assert_eq!(
        names(&provider, &video),
        [("source".to_owned(), RenditionKind::Source, RenditionStatus::Ready)]
    );
    let found = provider.rendition_addresses(&video, 7200, later).await.unwrap();
    assert_eq!(found[0].url, "https://master.example/x");
    assert_eq!(addresses(&provider, &video, Audience::Viewer, None).await.0, []);
}

/// A map with one list of files.
fn map_with(files: &str) -> String {
    full() + files
}

#[tokio::test]
async fn an_address_that_the_provider_gave_is_for_the_owner_of_a_public_video_and_a_web_address() {
    let files = r#"
[[renditions]]
each = "/files"
names = { highest = "hi", 720p = "mid", source = "orig" }
fields = { name = "/n", url = "/u" }
"#;
    let provider = load(&map_with(files), &env()).unwrap();
    let list = json!([
        {"n": "hi", "u": "https://files.example/1"}, {"n": "mid", "u": "javascript:alert(1)"},
        {"n": "orig", "u": "https://files.example/3"},
    ]);
    for (policy, audience, wanted) in [
        (Policy::Public, Audience::Owner, vec!["highest", "source"]),
        (Policy::Public, Audience::Viewer, vec![]),
        (Policy::Signed, Audience::Owner, vec!["source"]),
        (Policy::Signed, Audience::Viewer, vec![]),
    ] {
        let mut video = row(policy);
        keep(&mut video, Field::Renditions, list.clone());
        let (found, _) = addresses(&provider, &video, audience, None).await;
        let found: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(found, wanted, "{policy:?} {audience:?}");
    }
}

#[test]
fn texts_numbers_and_conditions_are_read_from_every_shape() {
    let files = r#"
[[renditions]]
each = "/files"
names = { 720p = "720", 1080p = "1080" }
fields = { name = "" }
[[renditions]]
each = "/more"
only = { "/type" = "Standard" }
ignore_case = true
names = { highest = "hi" }
fields = { name = "/n", bytes = { at = "/b", format = "integer" }, width = "/w", kind = { at = "/k", map = { MP4 = "video" }, ignore_case = true } }
"#;
    let provider = load(&map_with(files), &env()).unwrap();
    let mut video = row(Policy::Public);
    keep(
        &mut video,
        Field::Renditions,
        json!(["720", "4k", "1080", 5, null]),
    );
    let more = json!([
        {"type": "standard", "n": "hi", "b": "12", "w": -1, "k": "mp4"}, {"type": "other", "n": "hi", "b": "13"},
    ]);
    keep(&mut video, Field::Renditions2, more);
    let found = provider.renditions(&video);
    let named: Vec<&str> = found.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(named, ["720p", "1080p", "highest"]);
    assert_eq!((found[2].bytes, found[2].width), (Some(12), None));
}

#[test]
fn what_a_list_cannot_be_is_said_at_the_start() {
    let base =
        "\n[[renditions]]\neach = \"/files\"\nnames = { highest = \"hi\" }\nfields = { name = \"/n\" }\n";
    assert!(load(&map_with(base), &env()).is_ok());
    for (from, to, says) in [
        ("each = \"/files\"\n", "", "[renditions.1] each: is missing"),
        ("each = \"/files\"", "each = \"files\"", "[renditions.1] each:"),
        ("each = \"/files\"", "each = []", "must have a pointer"),
        ("{ highest = \"hi\" }", "{}", "[renditions.1.names]"),
        (
            "{ highest = \"hi\" }",
            "{ High = \"hi\" }",
            "[renditions.1.names] High: is no name",
        ),
        ("{ highest = \"hi\" }", "{ highest = \"\" }", "is empty"),
        (
            "fields = { name = \"/n\" }",
            "fields = {}",
            "name: is missing and required",
        ),
        (
            "{ name = \"/n\" }",
            "{ name = \"/n\", status = { at = \"/s\", map = { a = \"done\" } } }",
            "allowed: preparing, ready, errored",
        ),
        (
            "{ name = \"/n\" }",
            "{ name = \"/n\", kind = { value = \"movie\" } }",
            "allowed: video, audio, source",
        ),
        (
            "{ name = \"/n\" }",
            "{ name = \"/n\", bytes = { at = \"/b\", format = \"seconds\" } }",
            "allowed: integer",
        ),
        (
            "{ name = \"/n\" }",
            "{ name = \"/n\", colour = \"/c\" }",
            "colour: unknown key",
        ),
    ] {
        assert!(base.contains(from), "{from}");
        let error = load(&map_with(&base.replace(from, to)), &env())
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(says), "`{says}` is not in: {error}");
    }
    let twice = base.to_owned() + base;
    for (files, says) in [
        (twice.as_str(), "`highest` is a name of another [[renditions]]"),
        (
            &(base.to_owned()
                + "[renditions.make]\nmethod = \"POST\"\nurl = \"https://api.example/{rendition.id}\"\n"),
            "{rendition.id} is not available here",
        ),
        (
            &(base.to_owned() + "[renditions.make]\nmethod = \"POST\"\n"),
            "url: is missing and required",
        ),
        (
            &(base.to_owned() + "[renditions.make]\nsteps = []\n"),
            "[renditions.1.make] steps: there must be 1 to 3",
        ),
        (
            "\n[playback.renditions]\nurl = \"https://cdn.example/{playback_id}/{rendition.file}\"\n",
            "there is no [[renditions]]",
        ),
        (
            &(base.to_owned() + "[playback.renditions]\nurl = \"https://cdn.example/{rendition.size}\"\n"),
            "[playback.renditions] url:",
        ),
        (
            &(base.to_owned()
                + "[playback.renditions]\nurl = \"https://cdn.example/{rendition.name}\"\ndownload = { param = \"d\", only = \"z-a\" }\n"),
            "[playback.renditions.download] only:",
        ),
    ] {
        let error = load(&map_with(files), &env()).err().unwrap().to_string();
        assert!(error.contains(says), "`{says}` is not in: {error}");
    }
    let old = full().replace(
        "status = { at = \"/status\", map = { ok = \"ready\" } }",
        "status = { at = \"/status\", map = { ok = \"ready\" } }\nfields = { renditions = \"/files\" }",
    );
    let error = load(&old, &env()).err().unwrap().to_string();
    assert!(
        error.contains("[asset.get.fields] renditions:") && error.contains("[[renditions]]"),
        "{error}"
    );
}

#[test]
fn a_map_that_extends_changes_lists_by_their_numbers() {
    let map = r#"
extends = "mux"
remove = ["renditions.2"]
[set]
"renditions.1.names" = { highest = "highest" }
"renditions.1.make.body.passthrough" = "x"
"#;
    let provider = load(map, &mux_vars("https://api.example")).unwrap();
    assert_eq!(provider.rendition_names(), ["highest"]);
    let again = "extends = \"mux\"\n[[renditions]]\neach = \"/x\"\nnames = { a = \"a\" }\nfields = { name = \"/n\" }\n";
    let error = load(again, &mux_vars("https://api.example"))
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("[set]"), "{error}");
}

#[tokio::test]
async fn several_calls_make_a_file_each_with_the_captures_before_it() {
    let fake = Fake::start().await;
    let files = format!(
        r#"
[[renditions]]
each = "/files"
names = {{ highest = "hi" }}
fields = {{ name = "/n" }}
[[renditions.make.steps]]
method = "GET"
url = "{0}/assets/{{asset_id}}"
take = {{ track = "/track" }}
[[renditions.make.steps]]
method = "POST"
url = "{0}/tracks/{{track}}/files"
body = {{ kind = "{{rendition.name}}" }}
"#,
        fake.base
    );
    let provider = load(&map_with(&files), &env()).unwrap();
    let subject = TemplateInput::from_video(&row(Policy::Public));
    fake.says(200, &[], r#"{"track":"t1"}"#);
    fake.says(201, &[], "");
    provider
        .make_rendition(&subject, "highest", Priority::Background, now())
        .await
        .unwrap();
    let asked = fake.asked();
    assert_eq!(asked[0].line(), "GET /assets/as1");
    assert_eq!(
        (asked[1].line().as_str(), asked[1].json()),
        ("POST /tracks/t1/files", json!({"kind": "hi"}))
    );
}

/// Any JSON, three deep, of words that the map knows and others.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("hi"),
        Just("mid"),
        Just("n"),
        Just("s"),
        Just("u"),
        Just("ok"),
        Just("wait"),
        Just("https://x.example/"),
        Just(""),
        Just("\u{0}"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(word.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever a row keeps: each name is one of ours and there once, and no address leaves that is none of the web.
    #[test]
    fn any_list_is_read_without_a_fault(first in any_json(), second in any_json()) {
        let files = r#"
[[renditions]]
each = "/files"
names = { highest = "hi", 720p = "mid" }
fields = { name = "/n", url = "/u", status = { at = "/s", map = { ok = "ready", wait = "preparing" } }, width = "/n", bytes = { at = "/u", format = "integer" } }
[[renditions]]
each = "/more"
names = { source = "hi" }
fields = { name = "" }
"#;
        let provider = load(&map_with(files), &env()).unwrap();
        let mut video = row(Policy::Public);
        keep(&mut video, Field::Renditions, first);
        keep(&mut video, Field::Renditions2, second);
        let mut names: Vec<String> = provider.renditions(&video).into_iter().map(|file| file.name).collect();
        prop_assert!(names.iter().all(|name| ["highest", "720p", "source"].contains(&name.as_str())));
        let count = names.len();
        names.sort();
        names.dedup();
        prop_assert_eq!(names.len(), count);
        let playable = format!("{:?}", provider.playable_files(&video, Audience::Viewer));
        prop_assert!(!playable.contains("given_url: Some"), "{}", playable);
    }
}
