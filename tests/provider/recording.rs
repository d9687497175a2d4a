//! `provider record`: what a cassette of the real API holds, and what it never does.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::{Value, json};
use tokio::process::Command;

use crate::{fake::Fake, support::rsa_pem};

/// A map whose calls are GETs, but for the one that makes an upload.
const MAP: &str = r#"
[vars]
api = "${TEST_API}"
delivery = "${TEST_DELIVERY}"
account = "${TEST_ACCOUNT}"
[secrets]
key = "${TEST_KEY}"
private_key = "${TEST_PRIVATE_KEY}"
[api]
auth = { kind = "bearer", token = "{secrets.key}" }
[[upload.steps]]
method = "POST"
url = "{vars.api}/{vars.account}/uploads"
take = { upload_id = "/id", upload_url = "/url" }
[upload.client]
protocol = "put"
url = "{upload_url}"
[upload.get]
method = "GET"
url = "{vars.api}/{vars.account}/uploads/{upload_id}"
gone = [404]
status = { at = "/state", map = { open = "waiting", used = "preparing" } }
fields = { upload_id = "/id", asset_id = "/asset" }
[asset.get]
method = "GET"
url = "{vars.api}/{vars.account}/assets/{asset_id}"
gone = [404]
status = { at = "/state", map = { done = "ready" } }
[asset.get.fields]
asset_id = "/id"
upload_id = "/upload"
playback_id = "/plays/[policy={playback_policy}]/id"
playback_policy = "/plays/0/policy"
video_id = "/note"
duration = "/seconds"
[tracks]
each = "/tracks"
fields = { id = "/id" }
[asset.delete]
method = "DELETE"
url = "{vars.api}/{vars.account}/assets/{asset_id}"
[asset.list]
method = "GET"
url = "{vars.api}/{vars.account}/assets"
query = { page = "{page}" }
items = "/items"
next = { page = 1 }
title = "/title"
created_at = { at = "/created", format = "unix_s" }
fields = { asset_id = "/id", upload_id = "/upload", playback_id = "/plays/0/id" }
[asset.find]
method = "GET"
url = "{vars.api}/{vars.account}/plays/{playback_id}"
fields = { asset_id = "/asset" }
[check.credentials]
method = "GET"
url = "{vars.api}/{vars.account}/me"
[playback.sign]
kind = "jwt"
algorithm = "RS256"
key = "{secrets.private_key}"
key_format = "pem"
claims = { sub = "{playback_id}", exp = "{expires}" }
tokens = { playback = {} }
[playback.urls]
hls = { public = "{vars.delivery}/{playback_id}.m3u8", signed = "{vars.delivery}/{playback_id}.m3u8?token={token.playback}" }
"#;

/// Texts that are secret or belong to somebody.
const PRIVATE: [&str; 11] = [
    "k3y-0f-the-4pi",
    "acc0unt77",
    "Ass3tNumberOne",
    "UpLoad0001",
    "Play0001",
    "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001",
    "Birthday of Ann",
    "ann@family.example",
    "eyJhbGciOiJIUzI1NiJ9",
    "customer-anna",
    "4711000123",
];

/// A folder with the map and a place for the cassette, and what answers.
struct Recorder {
    fake: Fake,
    folder: tempfile::TempDir,
}

impl Recorder {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("map.toml"), MAP).unwrap();
        Self {
            fake: Fake::start().await,
            folder,
        }
    }

    fn cassette(&self) -> PathBuf {
        self.folder.path().join("cassette.toml")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.cassette()).unwrap()
    }

    /// Everything that a whole recording asks, in its order.
    fn answers(&self) {
        let asset = json!({
            "id": "Ass3tNumberOne", "upload": "UpLoad0001", "state": "done", "seconds": 12.5, "title": "Birthday of Ann",
            "created": 1_592_366_630, "note": "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001", "owner_id": 4_711_000_123_i64,
            "plays": [{ "policy": "signed", "id": "Play0001" }], "tracks": [{ "id": "Ass3tNumberOne-t1" }],
            "contact": "ann@family.example",
            "page": "https://customer-anna.example.com/Play0001/show?sig=eyJhbGciOiJIUzI1NiJ9.e30.x&exp=1700000000",
        });
        self.fake
            .says_json(200, &json!({ "account": "acc0unt77" }))
            .says_json(200, &json!({ "items": vec![&asset; 5] }))
            .says_json(200, &asset)
            .says_json(
                200,
                &json!({ "id": "UpLoad0001", "state": "used", "asset": "Ass3tNumberOne" }),
            )
            .says_json(200, &json!({ "asset": "Ass3tNumberOne" }))
            .says_json(404, &json!({ "error": "no sample-asset_id in acc0unt77" }))
            .says_json(400, &json!({ "error": "bad id" }));
    }

    async fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_yourbit-video"))
            .args(["provider"])
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("TEST_API", &self.fake.base)
            .env("TEST_DELIVERY", "https://customer-anna.example.com")
            .env("TEST_ACCOUNT", "acc0unt77")
            .env("TEST_KEY", "k3y-0f-the-4pi")
            .env("TEST_PRIVATE_KEY", rsa_pem())
            .output()
            .await
            .unwrap()
    }

    async fn record(&self, more: &[&str]) -> Output {
        self.run(&[&["record", "map.toml", "--out", "cassette.toml"], more].concat())
            .await
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

fn mode(file: &Path) -> u32 {
    std::fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_recorded_cassette_passes_and_holds_nothing_private() {
    let recorder = Recorder::start().await;
    recorder.answers();
    let output = recorder.record(&[]).await;
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("[upload.get] answered 400, which the map reads as a refusal: left out"));
    assert!(recorder.fake.asked().iter().all(|asked| asked.method == "GET"));
    let text = recorder.text();
    for private in PRIVATE {
        assert!(!text.contains(private), "{private} in\n{text}");
        for part in private
            .split([' ', '-', '@', '.'])
            .filter(|part| part.len() > 5 && *part != "example")
        {
            assert!(!text.contains(part), "{part} in\n{text}");
        }
    }
    assert_eq!(mode(&recorder.cassette()), 0o600);
    let tried = Command::new(env!("CARGO_BIN_EXE_yourbit-video"))
        .args([
            "provider",
            "test",
            "map.toml",
            "--json",
            "--cassette",
            "cassette.toml",
        ])
        .current_dir(recorder.folder.path())
        .env_clear()
        .output()
        .await
        .unwrap();
    assert!(tried.status.success(), "{}", said(&tried));
    let report: Value = serde_json::from_slice(&tried.stdout).unwrap();
    assert_eq!(report["answers"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn the_same_id_has_the_same_mask_everywhere() {
    let recorder = Recorder::start().await;
    recorder.answers();
    let output = recorder.record(&[]).await;
    assert!(output.status.success(), "{}", said(&output));
    let cassette: toml::Table = recorder.text().parse().unwrap();
    let answers = cassette["answer"].as_array().unwrap();
    let body = |action: &str| -> Value {
        let found = answers
            .iter()
            .find(|answer| answer["action"].as_str() == Some(action));
        serde_json::from_str(found.unwrap()["body"].as_str().unwrap()).unwrap()
    };
    let (asset, upload, list) = (body("asset.get"), body("upload.get"), body("asset.list"));
    let id = asset["id"].as_str().unwrap();
    assert_eq!(id.len(), "Ass3tNumberOne".len());
    assert_eq!(
        [
            &upload["asset"],
            &list["items"][0]["id"],
            &body("asset.find")["asset"]
        ],
        [id; 3]
    );
    assert_eq!(asset["upload"], upload["id"]);
    assert_eq!(list["items"].as_array().unwrap().len(), 3, "a list is cut");
    let play = asset["plays"][0]["id"].as_str().unwrap();
    let page = asset["page"].as_str().unwrap();
    assert!(page.contains(&format!("/{play}/")), "{page}");
    let delivery = cassette["variables"]["TEST_DELIVERY"].as_str().unwrap();
    assert!(page.starts_with(&format!("{delivery}/")), "{page} {delivery}");
    assert_eq!(cassette["variables"]["TEST_PRIVATE_KEY"].as_str(), Some("@rsa"));
    assert!(uuid::Uuid::parse_str(asset["note"].as_str().unwrap()).is_ok());
    let expect = answers
        .iter()
        .find(|answer| answer["action"].as_str() == Some("asset.get"))
        .unwrap();
    assert_eq!(expect["expect"]["status"].as_str(), Some("ready"));
    assert_eq!(expect["expect"]["duration"].as_float(), Some(12.5));
    assert_eq!(expect["expect"]["playback_id"].as_str(), Some(play));
}

#[tokio::test]
async fn a_file_that_is_there_is_replaced_only_with_force() {
    let recorder = Recorder::start().await;
    std::fs::write(recorder.cassette(), "mine").unwrap();
    std::fs::set_permissions(recorder.cassette(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = recorder.record(&[]).await;
    assert!(
        !output.status.success() && said(&output).contains("--force"),
        "{}",
        said(&output)
    );
    assert!(recorder.fake.asked().is_empty(), "nobody was asked");
    assert_eq!(recorder.text(), "mine");
    recorder.answers();
    let output = recorder.record(&["--force"]).await;
    assert!(output.status.success(), "{}", said(&output));
    assert!(recorder.text().contains("[[answer]]"));
    assert_eq!(
        mode(&recorder.cassette()),
        0o600,
        "also where the file was open before"
    );
}

#[tokio::test]
async fn refused_credentials_and_silence_record_nothing() {
    let recorder = Recorder::start().await;
    recorder.fake.says_json(401, &json!({ "error": "no" }));
    let output = recorder.record(&[]).await;
    assert!(
        !output.status.success() && said(&output).contains("401"),
        "{}",
        said(&output)
    );
    assert!(!recorder.cassette().exists());
}

#[tokio::test]
async fn the_caller_names_the_video_where_the_provider_lists_none() {
    let recorder = Recorder::start().await;
    let asset = json!({ "id": "Named0001", "state": "done", "plays": [] });
    recorder
        .fake
        .says_json(200, &json!({}))
        .says_json(200, &json!({ "items": [] }))
        .says_json(200, &asset)
        .says(404, &[], "")
        .says(404, &[], "");
    let output = recorder.record(&["--asset-id", "Named0001"]).await;
    assert!(output.status.success(), "{}", said(&output));
    let asked: Vec<String> = recorder
        .fake
        .asked()
        .iter()
        .map(crate::fake::Asked::line)
        .collect();
    assert_eq!(asked[2], "GET /acc0unt77/assets/Named0001");
    assert_eq!(asked.len(), 5, "{asked:?}");
    assert!(!recorder.text().contains("Named0001"));
}
