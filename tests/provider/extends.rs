//! Maps that build on others: what comes out of them, which errors they give, and the small maps that are shipped as
//! examples.

use std::path::Path;

use serde_json::{Value, json};
use yourbit_video::{
    domain::Policy,
    provider::{
        LoadOptions, MapError, MapFile, MergedMap, Provider,
        conformance::{Report, Trial, examine},
        embedded_names,
    },
};

use crate::{
    fake::Fake,
    support::{Vars, ask, claims, load, mux_vars, now, ready, sizes, upload, vars, video},
};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/providers/examples");
const CASSETTES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/provider/cassettes");

/// The names of all examples.
fn examples() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(EXAMPLES)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn example(name: &str) -> MergedMap {
    let path = Path::new(EXAMPLES).join(format!("{name}.toml"));
    MergedMap::read(MapFile::read(&path).unwrap()).unwrap()
}

fn merged(toml: &str) -> Result<MergedMap, MapError> {
    MergedMap::read(MapFile::from_text("test.toml", toml))
}

/// The error of a map that cannot be merged, or that does not compile with the variables of the Mux map.
fn error(toml: &str) -> String {
    match load(toml, &mux_vars("https://api.example")) {
        Ok(_) => panic!("it loads: {toml}"),
        Err(error) => error.to_string(),
    }
}

/// The value at a dotted path.
fn at<'a>(map: &'a MergedMap, path: &str) -> Option<&'a toml::Value> {
    let mut segments = path.split('.');
    let mut at = map.table().get(segments.next()?)?;
    for segment in segments {
        at = match segment.parse::<usize>() {
            Ok(number) => at.get(number - 1)?,
            Err(_) => at.get(segment)?,
        };
    }
    Some(at)
}

#[test]
fn variables_get_other_names_all_at_once() {
    let map = merged(
        "extends = \"mux\"\n[env]\nVIDEO_CDN_TOKEN = \"VIDEO_CDN_SECRET\"\nVIDEO_CDN_SECRET = \"VIDEO_CDN_TOKEN\"\nVIDEO_MUX_API = \"EU_API\"",
    )
    .unwrap();
    let names: Vec<String> = map.variables().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        at(&map, "secrets.token_id").unwrap().as_str(),
        Some("${VIDEO_CDN_SECRET}")
    );
    assert_eq!(
        at(&map, "secrets.token_secret").unwrap().as_str(),
        Some("${VIDEO_CDN_TOKEN}")
    );
    assert_eq!(
        at(&map, "vars.api").unwrap().as_str(),
        Some("${EU_API:-https://api.mux.com}")
    );
    assert!(names.contains(&"EU_API".to_owned()) && !names.contains(&"VIDEO_MUX_API".to_owned()));
}

#[test]
fn changes_apply_to_the_map_below_and_written_rules_go_first() {
    let map = merged(
        r#"
extends = "mux"
remove = ["thumbnail.params.time", "webhook.on.2", "webhook.on.1"]
[set]
"webhook.on.3.when.\"/type\"" = "video.asset.failed"
"upload.steps.1.body.new_asset_settings.normalize_audio" = true
"upload.steps.1.body.new_asset_settings.inputs.1.overlay_settings.opacity" = "50%"
"vars.extra" = "${EXTRA:-x}"
"api.timeout_s" = 5
[[webhook.on]]
when = { "/type" = "video.asset.ready" }
emit = "updated"
[[asset.update]]
on = ["title"]
method = "PATCH"
url = "{vars.api}/video/v1/assets/{asset_id}"
"#,
    )
    .unwrap();
    let text = |path: &str| at(&map, path).and_then(toml::Value::as_str).map(str::to_owned);
    assert_eq!(text("webhook.on.1.emit").as_deref(), Some("updated"));
    // The third rule of the map below: the first two are removed, and one stands before it.
    assert_eq!(
        at(&map, "webhook.on.2.when").unwrap()["/type"].as_str(),
        Some("video.asset.failed")
    );
    assert_eq!(at(&map, "webhook.on").unwrap().as_array().unwrap().len(), 10);
    assert!(at(&map, "thumbnail.params.time").is_none() && text("thumbnail.params.width").is_some());
    let settings = at(&map, "upload.steps.1.body.new_asset_settings").unwrap();
    assert_eq!(settings["normalize_audio"].as_bool(), Some(true));
    assert_eq!(
        settings["inputs"][0]["overlay_settings"]["opacity"].as_str(),
        Some("50%")
    );
    assert_eq!(text("vars.extra").as_deref(), Some("${EXTRA:-x}"));
    assert_eq!(text("asset.update.1.method").as_deref(), Some("PATCH"));
    assert_eq!(at(&map, "api.timeout_s").unwrap().as_integer(), Some(5));
    assert!(load(&map.to_toml(), &mux_vars("https://api.example")).is_ok());
}

#[test]
fn what_is_removed_may_be_written_anew() {
    let map = "extends = \"mux\"\nremove = [\"playback.urls\"]\n[playback.urls]\nhls = \"{vars.stream}/{playback_id}.m3u8\"\n";
    let provider = load(map, &mux_vars("https://api.example")).unwrap();
    assert!(provider.can_play(Policy::Public));
}

#[test]
fn a_file_stands_for_the_built_in_map_of_its_name_and_others_build_on_the_file() {
    let folder = tempfile::TempDir::new().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("mux.toml", "extends = \"mux\"\n[set]\n\"api.timeout_s\" = 3\n");
    write("two.toml", "extends = \"mux\"\n[set]\n\"api.timeout_s\" = 4\n");
    write(
        "three.toml",
        "extends = \"two\"\n[set]\n\"api.headers\" = { x-three = \"3\" }\n",
    );
    let read = |name: &str| MergedMap::read(MapFile::read(&folder.path().join(name)).unwrap()).unwrap();
    let map = read("mux.toml");
    assert_eq!(at(&map, "api.timeout_s").unwrap().as_integer(), Some(3));
    let map = read("three.toml");
    assert_eq!(at(&map, "api.timeout_s").unwrap().as_integer(), Some(4));
    let below: Vec<&str> = map.below().iter().map(MapFile::name).collect();
    assert_eq!(below, ["two", "mux", "mux"]);
    assert_eq!(
        map.below().iter().map(MapFile::is_built_in).collect::<Vec<_>>(),
        [false, false, true]
    );
}

#[test]
fn circles_and_deep_chains_are_refused_by_name() {
    let folder = tempfile::TempDir::new().unwrap();
    let write = |name: &str, below: &str| {
        std::fs::write(
            folder.path().join(format!("{name}.toml")),
            format!("extends = \"{below}\"\n"),
        )
        .unwrap();
    };
    let read =
        |name: &str| MergedMap::read(MapFile::read(&folder.path().join(format!("{name}.toml"))).unwrap());
    for (name, below) in [
        ("a", "b"),
        ("b", "c"),
        ("c", "a"),
        ("mux", "d"),
        ("d", "mux"),
        ("own", "own"),
    ] {
        write(name, below);
    }
    let place = |name: &str| folder.path().join(format!("{name}.toml")).display().to_string();
    let error = read("a").unwrap_err().to_string();
    assert_eq!(error, format!("{}: extends: a circle: a → b → c → a", place("c")));
    let error = read("mux").unwrap_err().to_string();
    assert_eq!(error, format!("{}: extends: a circle: mux → d → mux", place("d")));
    let error = read("own").unwrap_err().to_string();
    assert!(
        error.contains("\"own\" is this map itself, and no built-in one has the name"),
        "{error}"
    );
    for (name, below) in [
        ("m1", "bunny_stream"),
        ("m2", "m1"),
        ("m3", "m2"),
        ("m4", "m3"),
        ("m5", "m4"),
        ("m6", "m5"),
    ] {
        write(name, below);
    }
    assert_eq!(read("m5").unwrap().below().len(), 5);
    let error = read("m6").unwrap_err().to_string();
    assert_eq!(
        error,
        format!("{}: extends: a map builds on 5 maps at most", place("m1"))
    );
}

#[test]
fn a_change_that_does_not_fit_is_refused_with_what_is_there() {
    for (map, expected) in [
        (
            "extends = \"mucks\"",
            "test.toml: extends: \"mucks\" is no built-in map, and there is no mucks.toml beside this file; built in are local, mux, cloudflare_stream, api_video, bunny_stream",
        ),
        (
            "extends = \"../mux\"",
            "test.toml: extends: \"../mux\" is no map's name; a name is 1 to 64 of a-z, 0-9, - and _",
        ),
        (
            "extends = 7",
            "test.toml: extends: 7 is no map's name; a name is 1 to 64 of a-z, 0-9, - and _",
        ),
        ("extends = \"mux\"\nx = ", "test.toml: line 2: "),
        (
            "remove = []",
            "test.toml: remove: stands only in a map with `extends`: there is no map below to change",
        ),
        (
            "extends = \"mux\"\nremove = \"vars.api\"",
            "test.toml: remove: must be a list of paths, not a string",
        ),
        (
            "extends = \"mux\"\nremove = [\"vars.apis\"]",
            "test.toml: remove: \"vars.apis\": [vars] has no `apis`; it has api, stream, image, environment, signing_key_id; did you mean api?",
        ),
        (
            "extends = \"mux\"\nremove = [\"webhook\"]",
            "test.toml: remove: `webhook`: names a whole table: a path has at least two segments, in quotes, such as \"vars.api\"",
        ),
        (
            "extends = \"mux\"\n[env]\nVIDEO_CDN_TOKENS = \"X\"",
            "test.toml: [env] VIDEO_CDN_TOKENS: the map that this one extends reads no such variable; it reads VIDEO_CDN_SECRET, VIDEO_CDN_TOKEN, ",
        ),
        (
            "extends = \"mux\"\n[env]\nVIDEO_CDN_TOKEN = \"EU TOKEN\"",
            "test.toml: [env] VIDEO_CDN_TOKEN: \"EU TOKEN\" is no variable's name; allowed: letters, digits and _",
        ),
        (
            "extends = \"mux\"\n[set]\nvars.api = \"x\"",
            "test.toml: [set] vars: names a whole table",
        ),
        (
            "extends = \"mux\"\n[set]\n\"playback.sing.claims.x\" = 1",
            "test.toml: [set] \"playback.sing.claims.x\": [playback] has no `sing`; it has sign, urls, renditions, tracks; did you mean sign?",
        ),
        (
            "extends = \"mux\"\n[set]\n\"upload.steps.2.url\" = 1",
            "test.toml: [set] \"upload.steps.2.url\": \"upload.steps\" is a list of 1, which has no element `2`; allowed: 1",
        ),
        (
            "extends = \"mux\"\n[set]\n\"vars.api\" = 1\n\"vars.api.x\" = 1",
            "test.toml: [set] \"vars.api.x\": \"vars.api.x\" and \"vars.api\" change the same place: name it once",
        ),
        (
            "extends = \"mux\"\nremove = [\"thumbnail.params\"]\n[set]\n\"thumbnail.params.time\" = \"t\"",
            "test.toml: remove: \"thumbnail.params\" and \"thumbnail.params.time\" change the same place: name it once",
        ),
        (
            "extends = \"mux\"\n[vars]\napi = \"x\"",
            "test.toml: [vars] api: the map that this one extends has [vars.api]: write \"vars.api\" under [set] instead",
        ),
        (
            "extends = \"mux\"\n[vars]\nnew = \"x\"",
            "test.toml: [vars] new: the map that this one extends has [vars]: write \"vars.new\" under [set] instead",
        ),
        (
            "extends = \"mux\"\n[[upload.steps]]\nmethod = \"GET\"",
            "test.toml: [upload] steps: the map that this one extends has [upload.steps]: write \"upload.steps\" under [set] instead",
        ),
    ] {
        let found = error(map);
        assert!(found.starts_with(expected), "{map}\n{found}\n{expected}");
    }
}

#[test]
fn a_fault_of_the_merged_map_is_told_of_the_file_that_wrote_it() {
    for (map, expected) in [
        // By `[set]`, at the place itself and below it.
        (
            "extends = \"mux\"\n[set]\n\"playback.urls.x\" = \"{nothing}\"",
            "test.toml: [set] \"playback.urls.x\"",
        ),
        (
            "extends = \"mux\"\n[set]\n\"api.timeout\" = 3",
            "test.toml: [set] \"api.timeout\": unknown key",
        ),
        (
            "extends = \"mux\"\n[set]\n\"webhook.on.4.emit\" = \"blue\"",
            "test.toml: [set] \"webhook.on.4.emit\"",
        ),
        // In a rule of its own, and in a rule of the map below, each by its number there.
        (
            "extends = \"mux\"\n[[webhook.on]]\nwhen = { \"/type\" = \"x\" }\nemit = \"blue\"",
            "test.toml: [webhook.on.1] emit",
        ),
        (
            "extends = \"test_faulty\"\n[[webhook.on]]\nwhen = { \"/type\" = \"x\" }\nemit = \"ready\"",
            "FOLDER/test_faulty.toml: [webhook.on.2] emit",
        ),
        // In a table of its own.
        (
            "extends = \"mux\"\n[[asset.update]]\non = [\"title\"]\nmethod = \"PETCH\"\nurl = \"{vars.api}\"",
            "test.toml: [asset.update.1] method",
        ),
        // By `remove`.
        (
            "extends = \"mux\"\nremove = [\"upload.client.protocol\"]",
            "test.toml: remove: \"upload.client.protocol\" is removed, and is missing and required",
        ),
        // By `[env]`.
        (
            "extends = \"mux\"\n[env]\nVIDEO_CDN_TOKEN = \"EU_TOKEN\"",
            "test.toml: [env] VIDEO_CDN_TOKEN: the environment variable EU_TOKEN (or EU_TOKEN_FILE) is not set",
        ),
    ] {
        let folder = tempfile::TempDir::new().unwrap();
        let faulty = "extends = \"mux\"\nremove = [\"webhook.on.1\"]\n[[webhook.on]]\nwhen = { \"/type\" = \"y\" }\nemit = \"ready\"\n[[webhook.on]]\nwhen = { \"/type\" = \"z\" }\nemit = \"green\"\n";
        std::fs::write(folder.path().join("test_faulty.toml"), faulty).unwrap();
        let file = if map.contains("test_faulty") {
            folder.path().join("test.toml")
        } else {
            "test.toml".into()
        };
        let vars = mux_vars("https://api.example");
        let read = MergedMap::read(MapFile::from_text(&file.display().to_string(), map)).unwrap();
        let loaded = Provider::load_merged(
            "test",
            &read,
            &|name| vars.get(name).cloned(),
            &LoadOptions::default(),
        );
        let found = loaded.err().map(|error| error.to_string()).unwrap_or_default();
        let expected = expected.replace("FOLDER", &folder.path().display().to_string());
        assert!(found.starts_with(&expected), "{map}\n{found}\n{expected}");
    }
}

#[test]
fn every_map_is_shown_as_it_is() {
    let shipped = embedded_names().map(|name| MergedMap::read(MapFile::built_in(name).unwrap()).unwrap());
    let examples = examples();
    assert!(examples.len() >= 6, "{examples:?}");
    for map in shipped.chain(examples.iter().map(|name| example(name))) {
        let name = map.file().name();
        let text = map.to_toml_with_account();
        let again = merged(&text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        assert_eq!(again.table(), map.table(), "{name}\n{text}");
        assert_eq!(
            (again.account(), again.below().len()),
            (map.account(), 0),
            "{name}"
        );
        assert_eq!(again.variables(), map.variables(), "{name}");
        assert!(!text.contains("\nextends ") && !text.contains("[set]"), "{text}");
    }
}

/// Tries an example against a cassette, with further variables.
async fn try_example(name: &str, cassette: &str, more: &Vars, shown: bool) -> Report {
    let map = example(name);
    let cassette = std::fs::read_to_string(format!("{CASSETTES}/{cassette}.toml")).unwrap();
    let env = |name: &str| more.get(name).cloned();
    let toml = if shown {
        map.to_toml_with_account()
    } else {
        map.file().text().to_owned()
    };
    let trial = Trial {
        file: map.file().file(),
        toml: &toml,
        cassette: Some(("cassette.toml", &cassette)),
        env: &env,
        live: false,
        now: now(),
    };
    examine(trial)
        .await
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The cassette of an example, and the variables that the cassette does not set.
fn cassette_of(name: &str) -> (&str, Vars) {
    match name {
        "mux_drm" => ("examples/mux_drm", vars([])),
        "mux_restricted" => ("mux", vars([("VIDEO_MUX_RESTRICTION", "restriction-1")])),
        "mux_eu" => (
            "mux",
            vars([
                ("EU_CDN_TOKEN", "id"),
                ("EU_CDN_SECRET", "secret"),
                ("EU_WEBHOOK_SECRET", "my secret,cassette-secret"),
                ("EU_SIGNING_KEY", "kid-1"),
                ("EU_PRIVATE_KEY", &crate::support::rsa_pem()),
            ]),
        ),
        _ => ("mux", vars([])),
    }
}

#[tokio::test]
async fn every_example_on_mux_agrees_with_its_cassette() {
    let on_mux = examples().into_iter().filter(|name| name.starts_with("mux_"));
    for name in on_mux {
        let (cassette, more) = cassette_of(&name);
        let report = try_example(&name, cassette, &more, false).await;
        assert!(report.passed(), "{name}: {report}");
        let no: Vec<_> = report.findings.iter().filter(|finding| !finding.works).collect();
        assert!(no.is_empty() && report.findings.len() == 11, "{name}: {no:?}");
        // Printed whole, it is the same map. The keys of a cassette are new each time, so tokens are left out.
        let again = try_example(&name, cassette, &more, true).await;
        let without_tokens = |report: &Report| -> Vec<String> {
            let text = report.to_string();
            text.lines()
                .map(|line| line.split("token=").next().unwrap().to_owned())
                .collect()
        };
        assert_eq!(without_tokens(&again), without_tokens(&report), "{name}");
        assert_eq!(
            (&again.findings, &again.problems),
            (&report.findings, &report.problems),
            "{name}"
        );
    }
}

/// An example, with all hosts but those of playback being `base`.
fn load_example(name: &str, base: &str) -> Provider {
    let mut vars = mux_vars(base);
    for (variable, value) in [
        ("VIDEO_MUX_RESTRICTION", "restriction-1"),
        ("VIDEO_MUX_DRM_CONFIGURATION", "drm-1"),
    ] {
        vars.insert(variable.to_owned(), value.to_owned());
    }
    let map = example(name);
    Provider::load_merged(
        name,
        &map,
        &|name| vars.get(name).cloned(),
        &LoadOptions::default(),
    )
    .unwrap()
}

/// What an upload to an example asks Mux for.
async fn asset_settings(name: &str) -> Value {
    let fake = Fake::start().await;
    let provider = load_example(name, &fake.base);
    fake.says(
        201,
        &[],
        r#"{"data":{"id":"up1","url":"https://storage.example/up1"}}"#,
    );
    upload(&provider, &video(Policy::Signed)).await.unwrap();
    let asked = fake.asked();
    assert_eq!((asked[0].method.as_str(), asked.len()), ("POST", 1));
    asked[0].json()["new_asset_settings"].clone()
}

/// The URLs of a video that an example gives, by name.
async fn urls(name: &str, policy: Policy) -> Value {
    let provider = load_example(name, "https://api.example");
    let answer = provider.playback(&ready(policy), &ask(&sizes())).await.unwrap();
    json!({ "urls": answer.urls, "tokens": answer.tokens })
}

#[tokio::test]
async fn uploads_ask_for_what_the_examples_promise() {
    let plain = json!({"playback_policies": ["signed"], "video_quality": "basic", "passthrough": "01990000-0000-7000-8000-000000000001"});
    let with = |key: &str, value: Value| {
        let mut all = plain.clone();
        all[key] = value;
        all
    };
    let captions = json!([{"generated_subtitles": [{"language_code": "en", "name": "English"}]}]);
    assert_eq!(asset_settings("mux_captions").await, with("inputs", captions));
    let mp4 = json!([{"resolution": "highest"}]);
    assert_eq!(asset_settings("mux_mp4").await, with("static_renditions", mp4));
    assert_eq!(asset_settings("mux_restricted").await, plain);
    assert_eq!(asset_settings("mux_embed").await, plain);
    let drm = json!({
        "advanced_playback_policies": [{"policy": "drm", "drm_configuration_id": "drm-1"}],
        "video_quality": "plus", "passthrough": "01990000-0000-7000-8000-000000000001",
    });
    assert_eq!(asset_settings("mux_drm").await, drm);
}

#[tokio::test]
async fn playback_has_the_addresses_that_the_examples_promise() {
    let address = |answer: &Value, name: &str| answer["urls"][name].as_str().unwrap_or_default().to_owned();
    let token = |address: &str| address.rsplit_once("token=").unwrap().1.to_owned();

    let mp4 = urls("mux_mp4", Policy::Public).await;
    assert_eq!(address(&mp4, "mp4"), "https://stream.mux.com/pb1/highest.mp4");
    let mp4 = address(&urls("mux_mp4", Policy::Signed).await, "mp4");
    assert!(
        mp4.starts_with("https://stream.mux.com/pb1/highest.mp4?token="),
        "{mp4}"
    );
    assert_eq!(claims(&token(&mp4))["aud"], "v");

    let embed = urls("mux_embed", Policy::Public).await;
    assert_eq!(address(&embed, "embed"), "https://player.mux.com/pb1");
    let embed = urls("mux_embed", Policy::Signed).await;
    let (page, query) = address(&embed, "embed")
        .split_once('?')
        .map(|(page, query)| (page.to_owned(), query.to_owned()))
        .unwrap();
    assert_eq!(page, "https://player.mux.com/pb1");
    let tokens: Vec<(String, Value)> = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, token)| (name.to_owned(), claims(token)["aud"].clone()))
        .collect();
    let expected = [
        ("playback-token", "v"),
        ("thumbnail-token", "t"),
        ("storyboard-token", "s"),
    ];
    assert_eq!(tokens, expected.map(|(name, aud)| (name.to_owned(), json!(aud))));

    let restricted = urls("mux_restricted", Policy::Signed).await;
    let hls = claims(&token(&address(&restricted, "hls")));
    assert_eq!(hls["playback_restriction_id"], "restriction-1");

    let drm = urls("mux_drm", Policy::Signed).await;
    for (name, path) in [
        ("widevine", "license/widevine"),
        ("fairplay", "license/fairplay"),
        ("fairplay_certificate", "appcert/fairplay"),
        ("playready", "license/playready"),
    ] {
        let license = address(&drm, name);
        assert!(
            license.starts_with(&format!("https://license.mux.com/{path}/pb1?token=")),
            "{license}"
        );
        let claims = claims(&token(&license));
        assert_eq!((&claims["aud"], &claims["sub"]), (&json!("d"), &json!("pb1")));
    }
    assert_eq!(claims(&token(&address(&drm, "hls")))["aud"], "v");
    let refused = load_example("mux_drm", "https://api.example").check_upload(&video(Policy::Public));
    assert!(refused.unwrap_err().to_string().starts_with("playback_policy"));
}
