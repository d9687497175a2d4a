//! The conformance kit, and with it every shipped map against its cassette.

use yourbit_video::provider::{
    MapError,
    conformance::{Report, Trial, examine},
    embedded_map, embedded_names,
};

use crate::{
    fake::Fake,
    support::{MINIMAL, Vars, example, now, vars},
};

async fn try_map(toml: &str, cassette: Option<&str>, vars: &Vars, live: bool) -> Result<Report, MapError> {
    let env = |name: &str| vars.get(name).cloned();
    let cassette = cassette.map(|text| ("cassette.toml", text));
    examine(Trial {
        file: "test.toml",
        toml,
        cassette,
        env: &env,
        live,
        now: now(),
    })
    .await
}

#[tokio::test]
async fn every_shipped_map_agrees_with_its_cassette() {
    for name in embedded_names() {
        let path = format!(
            "{}/tests/provider/cassettes/{name}.toml",
            env!("CARGO_MANIFEST_DIR")
        );
        let cassette = std::fs::read_to_string(path).unwrap();
        let report = try_map(embedded_map(name).unwrap(), Some(&cassette), &vars([]), false)
            .await
            .unwrap();
        assert!(report.passed(), "{name}: {report}");
        let no: Vec<_> = report.findings.iter().filter(|finding| !finding.works).collect();
        assert!(no.is_empty() && report.findings.len() == 11, "{name}: {no:?}");
        let text = report.to_string();
        assert!(
            text.contains("authorization: ***") || text.contains("accesskey: ***"),
            "{text}"
        );
        for secret in ["cassette-secret", "SecurityKey", "read-only-key"] {
            assert!(!text.contains(secret), "{name} shows {secret}");
        }
    }
}

#[tokio::test]
async fn every_example_of_a_whole_map_agrees_with_its_cassette() {
    for name in ["cloudinary", "cloudfront"] {
        let path = format!(
            "{}/tests/provider/cassettes/{name}.toml",
            env!("CARGO_MANIFEST_DIR")
        );
        let cassette = std::fs::read_to_string(path).unwrap();
        let report = try_map(&example(name), Some(&cassette), &vars([]), false)
            .await
            .unwrap();
        assert!(report.passed(), "{name}: {report}");
        let no: Vec<_> = report.findings.iter().filter(|finding| !finding.works).collect();
        assert!(no.is_empty(), "{name}: {no:?}");
        let text = report.to_string();
        assert!(
            !text.contains("cassette-secret") && !text.contains("read-only-key"),
            "{name} shows a secret"
        );
    }
}

#[tokio::test]
async fn what_is_missing_is_said_with_its_reason() {
    let report = try_map(MINIMAL, None, &vars([("KEY", "hidden"), ("WEBHOOK", "w")]), false)
        .await
        .unwrap();
    assert!(report.passed());
    let text = report.to_string();
    for line in [
        "upload           yes 1 call(s), then \"put\"",
        "cancel           no  the map has no [upload.cancel]",
        "webhook          no  the map has no [webhook]: the provider is only asked",
        "signed playback  no  `hls` has no signed form",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert!(!text.contains("hidden"));
}

#[tokio::test]
async fn a_cassette_that_says_otherwise_is_a_problem() {
    let cassette = r#"
[variables]
KEY = "k"
WEBHOOK = "w"
[[answer]]
action = "upload.steps.1"
status = 200
body = '{"id":"u","asset":"a","play":"p","url":"https://x.example/"}'
expect = { upload_id = "other" }
"#;
    let report = try_map(MINIMAL, Some(cassette), &vars([]), false).await.unwrap();
    assert_eq!(
        report.problems,
        ["upload.steps.1: upload_id is \"u\", and the cassette expects \"other\""]
    );
    let error = try_map(MINIMAL, Some("colour = 1"), &vars([]), false)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("cassette.toml:") && error.contains("colour"),
        "{error}"
    );
}

#[tokio::test]
async fn live_asks_and_changes_nothing() {
    let fake = Fake::start().await;
    let get = "[asset.get]\nmethod = \"GET\"\nurl = \"BASE/a/{asset_id}\"\ngone = [404]\nstatus = { at = \"/s\" }\n";
    let map = (MINIMAL.to_owned() + get)
        .replace("BASE", &fake.base)
        .replace("https://api.example", &fake.base);
    let env = vars([("KEY", "k"), ("WEBHOOK", "w")]);
    fake.says(404, &[], "").says(401, &[], "");
    assert!(try_map(&map, None, &env, true).await.unwrap().passed());
    let report = try_map(&map, None, &env, true).await.unwrap();
    assert!(report.problems[0].contains("401"), "{report}");
    assert!(fake.asked().iter().all(|asked| asked.method == "GET"));
}
