//! `[tracks]`, `[upload.tracks]` and `[ingest.tracks]` of a map: what they cannot say, what they ask for with a new video, and
//! what they read of any list.

use proptest::prelude::*;
use serde_json::{Value, json};
use yourbit_video::{
    domain::{AskedTrack, Policy},
    provider::{Captures, TemplateInput},
};

use crate::{
    broken::{env, full},
    fake::Fake,
    support::{api_video_vars, cloudflare_vars, load, mux_vars, shipped, video},
    tracks::{asked, keep, row},
};

#[tokio::test]
async fn tracks_asked_for_with_a_new_video_go_into_the_call_that_begins_it() {
    let fake = Fake::start().await;
    let mux = shipped("mux", &mux_vars(&fake.base));
    let api_video = shipped("api_video", &api_video_vars(&fake.base));
    let cloudflare = shipped("cloudflare_stream", &cloudflare_vars(&fake.base));
    let two = vec![
        asked("generate", "subtitles", "en", "English"),
        asked("generate", "subtitles", "de", ""),
    ];
    let begin = |tracks: &[AskedTrack]| TemplateInput {
        tracks: tracks.to_vec(),
        ..video(Policy::Public)
    };
    assert_eq!(
        (mux.most_tracks_at_begin(false), mux.most_tracks_at_begin(true)),
        (100, 100)
    );
    assert_eq!(
        (
            api_video.most_tracks_at_begin(false),
            api_video.most_tracks_at_begin(true)
        ),
        (1, 1)
    );
    assert_eq!(cloudflare.most_tracks_at_begin(false), 0);
    for (provider, tracks, fits) in [
        (&mux, two.as_slice(), true),
        (&api_video, two.as_slice(), false),
        (&api_video, &two[..1], true),
        (&cloudflare, &two[..1], false),
    ] {
        let checked = provider.check_upload(&begin(tracks));
        assert_eq!(checked.is_ok(), fits, "{checked:?}");
        assert!(checked.err().is_none_or(|error| error.field == "tracks"));
    }
    fake.says_json(
        201,
        &json!({"data": {"id": "up1", "url": "https://up.example/1"}}),
    );
    let input = TemplateInput {
        provider_settings: json!({"new_asset_settings": {"inputs": "mine", "test": true}}),
        ..begin(&two)
    };
    mux.run_upload_step(0, &input, &mut Captures::new())
        .await
        .unwrap();
    let settings = fake.asked().pop().unwrap().json()["new_asset_settings"].take();
    assert_eq!(
        settings["inputs"],
        json!([{"generated_subtitles": [{"language_code": "en", "name": "English"}, {"language_code": "de", "name": "de"}]}])
    );
    assert_eq!(settings["test"], json!(true));
    fake.says_json(
        201,
        &json!({"data": {"id": "up1", "url": "https://up.example/1"}}),
    );
    mux.run_upload_step(0, &begin(&[]), &mut Captures::new())
        .await
        .unwrap();
    let settings = fake.asked().pop().unwrap().json()["new_asset_settings"].take();
    assert_eq!(settings.get("inputs"), None);
    fake.says_json(201, &json!({"videoId": "as1"}));
    api_video
        .run_upload_step(0, &begin(&two[..1]), &mut Captures::new())
        .await
        .unwrap();
    let body = fake.asked().pop().unwrap().json();
    assert_eq!(
        (&body["language"], &body["transcript"]),
        (&json!("en"), &json!(true))
    );
}

/// A map with tracks.
fn map_with(tracks: &str) -> String {
    full() + tracks
}

const BASE: &str = r#"
[tracks]
each = "/tracks"
fields = { id = "/id", language = "/l" }
[[tracks.add]]
for = ["subtitles", "captions"]
send = "url"
method = "POST"
url = "https://api.example/{asset_id}/tracks"
body = { url = "{track.url}", language = "{track.language}" }
[[tracks.generate.steps]]
method = "POST"
url = "https://api.example/{asset_id}/generate/{track.language}"
[tracks.delete]
method = "DELETE"
url = "https://api.example/{asset_id}/tracks/{track.id}"
[tracks.file]
method = "GET"
url = "https://api.example/{asset_id}/tracks/{track.id}/file"
[playback.tracks]
url = "https://cdn.example/{playback_id}/{track.id}.vtt"
"#;

/// What is taken out of [`BASE`], what is put there, and what the start says.
const FAULTS: [(&str, &str, &str); 23] = [
    ("each = \"/tracks\"\n", "", "[tracks] each: is missing"),
    (
        "id = \"/id\", ",
        "",
        "[tracks.fields] id: is missing and required",
    ),
    (
        "\"/l\" }",
        "\"/l\", kind = { value = \"movie\" } }",
        "allowed: subtitles, captions, audio",
    ),
    (
        "\"/l\" }",
        "\"/l\", status = { value = \"done\" } }",
        "allowed: preparing, ready, errored, deleted",
    ),
    (
        "\"/l\" }",
        "\"/l\", source = { value = \"mine\" } }",
        "allowed: uploaded, generated, embedded",
    ),
    ("\"/l\" }", "\"/l\", colour = \"/c\" }", "colour: unknown key"),
    (
        "for = [\"subtitles\", \"captions\"]",
        "for = []",
        "[tracks.add.1] for: is empty",
    ),
    (
        "for = [\"subtitles\", \"captions\"]",
        "for = [\"captions\", \"captions\"]",
        "stands twice",
    ),
    (
        "for = [\"subtitles\", \"captions\"]",
        "for = [\"words\"]",
        "[tracks.add.1] for",
    ),
    ("send = \"url\"", "send = \"post\"", "[tracks.add.1] send"),
    (
        "send = \"url\"",
        "send = \"base64\"",
        "{track.url} is not available here",
    ),
    (
        "url = \"{track.url}\", ",
        "",
        "{track.url} stands nowhere in the call",
    ),
    (
        "send = \"url\"",
        "send = \"body\"",
        "{track.url} is not available here",
    ),
    (
        "send = \"url\"\nmethod = \"POST\"\nurl = \"https://api.example/{asset_id}/tracks\"\nbody = { url = \"{track.url}\", language = \"{track.language}\" }",
        "send = \"base64\"\nmethod = \"POST\"\nurl = \"https://api.example/{asset_id}/tracks\"\nbody = { language = \"{track.language}\" }",
        "{track.base64} stands nowhere in the call",
    ),
    (
        "send = \"url\"\nmethod = \"POST\"\nurl = \"https://api.example/{asset_id}/tracks\"\nbody = { url = \"{track.url}\", language = \"{track.language}\" }",
        "send = \"form\"\nmethod = \"POST\"\nurl = \"https://api.example/{asset_id}/tracks\"\nform = { language = \"{track.language}\" }",
        "no member of `form` is \"{file}\"",
    ),
    (
        "send = \"url\"\nmethod = \"POST\"\nurl = \"https://api.example/{asset_id}/tracks\"\nbody = { url = \"{track.url}\", language = \"{track.language}\" }",
        "send = \"body\"\nmethod = \"POST\"\nurl = \"https://api.example/{asset_id}/tracks\"\nform = { language = \"{track.language}\" }",
        "the file itself is its body",
    ),
    (
        "language = \"{track.language}\" }",
        "language = \"{file}\" }",
        "{file} stands alone",
    ),
    (
        "url = \"{track.url}\"",
        "url = \"{track.url}\", id = \"{track.id}\"",
        "{track.id} is not available here",
    ),
    (
        "body = { url = \"{track.url}\", language = \"{track.language}\" }",
        "body = { url = \"{track.url}\" }\nform = { a = \"b\" }",
        "[tracks.add.1] form: stands beside `body`",
    ),
    (
        "/generate/{track.language}",
        "/generate",
        "no call holds {track.language}",
    ),
    (
        "tracks/{track.id}\"",
        "tracks\"",
        "[tracks.delete] url: does not hold {track.id}",
    ),
    (
        "/{track.id}/file\"",
        "/{track.id}/file\"\nmust = { \"/ok\" = true }",
        "[tracks.file] must:",
    ),
    (
        "/{track.id}.vtt",
        "/{track.url}.vtt",
        "{track.url} is not available here",
    ),
];

#[test]
fn what_a_map_cannot_say_of_tracks_is_said_at_the_start() {
    let loaded = load(&map_with(BASE), &env());
    assert!(loaded.is_ok(), "{}", loaded.err().unwrap());
    for (from, to, says) in FAULTS {
        assert!(BASE.contains(from), "{from}");
        let error = load(&map_with(&BASE.replacen(from, to, 1)), &env()).err();
        let error = error.unwrap_or_else(|| panic!("loads with {to}")).to_string();
        assert!(error.contains(says), "`{says}` is not in: {error}");
    }
    let again = "\n[[tracks.add]]\nfor = [\"captions\"]\nsend = \"body\"\nmethod = \"PUT\"\nurl = \"https://api.example/x\"\n";
    let playback = "\n[playback.tracks]\nurl = \"https://cdn.example/{track.id}\"\n";
    for (tracks, says) in [
        (
            BASE.to_owned() + again,
            "[tracks.add.2] for: `captions` stands twice",
        ),
        (playback.to_owned(), "playback.tracks: there is no [tracks]"),
        (
            "\n[asset.get.fields]\ntracks = \"/t\"\n".to_owned(),
            "is not read here any more: write [tracks]",
        ),
    ] {
        let error = load(&map_with(&tracks), &env()).err().unwrap().to_string();
        assert!(error.contains(says), "`{says}` is not in: {error}");
    }
}

#[test]
fn a_place_for_tracks_of_a_new_video_is_tried_at_the_start() {
    let item = r#"item = { code = "{track.language}" }"#;
    for (table, says) in [
        (format!("at = \"upload.steps.1.body.new.list\"\n{item}"), ""),
        (
            format!("at = \"upload.steps.1.body.new.list\"\n{item}\nmax = 0"),
            "must lie in 1 to 100",
        ),
        (
            format!("at = \"upload.steps.2.body.list\"\n{item}"),
            "there are 1 calls",
        ),
        (
            format!("at = \"upload.steps.1.query.list\"\n{item}"),
            "must begin with `upload.steps.`",
        ),
        (
            format!("at = \"ingest.steps.1.body.list\"\n{item}"),
            "must begin with `upload.steps.`",
        ),
        (
            format!("at = \"upload.steps.1.body\"\n{item}"),
            "must begin with `upload.steps.`",
        ),
        (
            format!("at = \"upload.steps.1.body.new.2.list\"\n{item}"),
            "there is no element 2",
        ),
        (
            "at = \"upload.steps.1.body.list\"".to_owned(),
            "there must be `at` and `item`",
        ),
        (
            "at = \"upload.steps.1.body.list\"\nitem = { code = \"en\" }".to_owned(),
            "does not hold {track.language}",
        ),
        (
            "at = \"upload.steps.1.body.list\"\nitem = { code = \"{track.url}\" }".to_owned(),
            "{track.url} is not available here",
        ),
        (
            "set = { \"upload.steps.1.body.l\" = \"{track.language}\" }".to_owned(),
            "",
        ),
        (
            "set = { \"upload.steps.1.body.l\" = \"{track.language}\" }\nmax = 2".to_owned(),
            "must lie in 1 to 1",
        ),
    ] {
        let tracks = format!("{BASE}\n[upload.tracks]\n{table}\n");
        let body = r#"body = { passthrough = "{video_id}" }"#;
        let map = map_with(&tracks);
        let map = if map.contains(body) {
            map
        } else {
            map.replacen("[[upload.steps]]\n", &format!("[[upload.steps]]\n{body}\n"), 1)
        };
        match load(&map, &env()) {
            Ok(_) => assert_eq!(says, "", "{table}"),
            Err(error) => {
                let error = error.to_string();
                assert!(
                    !says.is_empty() && error.contains(says),
                    "`{says}` is not in: {error}"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_a_provider_lists_is_read_or_left_out(
        list in prop::collection::vec(
            (prop::option::of("[a-z0-9]{0,8}"), prop::option::of("[a-zA-Z-]{0,12}"), any::<Option<bool>>()),
            0..40,
        ),
        other in prop_oneof![Just(json!(null)), Just(json!(5)), Just(json!("text")), Just(json!([[]])), Just(json!({"id": []}))],
    ) {
        let provider = load(&map_with(BASE), &env()).unwrap();
        let mut video = row(Policy::Public);
        let mut elements: Vec<Value> = list
            .iter()
            .map(|(id, language, flag)| json!({"id": id, "l": language, "more": flag}))
            .collect();
        elements.push(other);
        keep(&mut video, Value::Array(elements));
        let wanted: Vec<&str> = list
            .iter()
            .filter_map(|(id, ..)| id.as_deref())
            .filter(|id| !id.is_empty())
            .collect();
        let found = provider.listed_tracks(&video);
        let ids: Vec<&str> = found.iter().map(|track| track.provider_id.as_str()).collect();
        prop_assert_eq!(ids, wanted);
    }
}
