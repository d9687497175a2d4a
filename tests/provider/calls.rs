//! How calls are made: what they carry, what they follow, what becomes of odd answers.

use serde_json::json;
use yourbit_video::{
    domain::Policy,
    provider::{CallError, Captures, Lookup, Priority, Provider, TemplateInput, UploadDescriptor},
};

use crate::{
    fake::Fake,
    support::{MINIMAL, load, now, ready, upload, vars, video},
};

fn provider(fake: &Fake, more: &str) -> Provider {
    let map = MINIMAL.replace("https://api.example", &fake.base) + more;
    load(&map, &vars([("KEY", "top-secret-key"), ("WEBHOOK", "w")])).unwrap()
}

const GET: &str = r#"
[asset.get]
method = "GET"
url = "BASE/assets/{asset_id}"
gone = [404]
status = { at = "/status", map = { ok = "ready" } }
fields = { duration = "/seconds" }
"#;

async fn get(provider: &Provider) -> Result<Lookup<yourbit_video::domain::Observation>, CallError> {
    provider
        .get_asset(&ready(Policy::Public), Priority::Request("alice"), now())
        .await
}

#[tokio::test]
async fn a_redirect_is_an_outage_and_never_followed() {
    let (fake, elsewhere) = (Fake::start().await, Fake::start().await);
    let provider = provider(&fake, &GET.replace("BASE", &fake.base));
    for status in [301, 302, 307, 308] {
        fake.says(status, &[("location", &format!("{}/stolen", elsewhere.base))], "");
        assert!(matches!(get(&provider).await, Err(CallError::Outage { .. })));
    }
    assert!(elsewhere.asked().is_empty(), "the credentials went elsewhere");
}

#[tokio::test]
async fn an_address_that_the_provider_gave_gets_no_credentials() {
    let (fake, elsewhere) = (Fake::start().await, Fake::start().await);
    let step = "[[upload.steps]]\nmethod = \"PUT\"\nurl = \"{upload_url}\"\nheaders = { X-Ours = \"1\" }\n[upload.client]";
    let map = MINIMAL
        .replace("[upload.client]", step)
        .replace("https://api.example", &fake.base)
        .replace("[api]\n", "[api]\nheaders = { X-Map = \"{secrets.key}\" }\n");
    let provider = load(&map, &vars([("KEY", "top-secret-key"), ("WEBHOOK", "w")])).unwrap();
    let url = format!("{}/session", elsewhere.base);
    fake.says_json(200, &json!({"id": "u", "asset": "a", "play": "p", "url": url}));
    elsewhere.says(200, &[], "");
    upload(&provider, &video(Policy::Public)).await.unwrap();
    assert_eq!(fake.asked()[0].header("x-map"), "top-secret-key");
    let asked = &elsewhere.asked()[0];
    assert_eq!(
        (
            asked.header("authorization"),
            asked.header("x-map"),
            asked.header("x-ours")
        ),
        ("", "", "1")
    );
}

#[tokio::test]
async fn odd_answers_are_outages_or_refusals_and_say_no_secret() {
    let fake = Fake::start().await;
    let map = MINIMAL.replace("[api]\n", "[api]\nerror_message = \"/error\"\n") + GET;
    let map = map
        .replace("https://api.example", &fake.base)
        .replace("BASE", &fake.base);
    let provider = load(&map, &vars([("KEY", "top-secret-key"), ("WEBHOOK", "w")])).unwrap();
    let large = format!("{{\"status\":\"{}\"}}", "x".repeat(1024 * 1024));
    for (status, body, refused) in [
        (200, "<html>busy</html>", false),
        (200, large.as_str(), false),
        (200, "", false),
        (500, "{}", false),
        (503, "{}", false),
        (400, "<html>", true),
        (401, r#"{"error":"bad key top-secret-key\n!"}"#, true),
        (409, "{}", true),
    ] {
        fake.says(status, &[], body);
        let error = get(&provider).await.unwrap_err();
        assert_eq!(
            matches!(error, CallError::Refused { .. }),
            refused,
            "{status} {error}"
        );
        assert!(!format!("{error} {error:?}").contains("top-secret"), "{error:?}");
    }
    fake.says(404, &[], "");
    assert_eq!(get(&provider).await, Ok(Lookup::Gone));
}

#[tokio::test]
async fn a_capture_that_is_missing_is_an_outage() {
    let fake = Fake::start().await;
    let provider = provider(&fake, "");
    fake.says_json(200, &json!({"id": "u", "asset": "a", "url": "https://x.example"}));
    let mut captures = Captures::new();
    let error = provider
        .run_upload_step(0, &video(Policy::Public), &mut captures)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, CallError::Outage { reason, .. } if reason.contains("take.playback_id")),
        "{error}"
    );
    assert!(captures.is_empty());
}

#[tokio::test]
async fn an_upload_address_must_be_one() {
    let fake = Fake::start().await;
    let provider = provider(&fake, "");
    for url in [
        "javascript:alert(1)",
        "not an address",
        "ftp://x.example/",
        "https://x.example/a b",
    ] {
        fake.says_json(200, &json!({"id": 7, "asset": "a", "play": "p", "url": url}));
        let error = upload(&provider, &video(Policy::Public)).await.unwrap_err();
        assert!(matches!(error, CallError::Outage { .. }), "{url}");
    }
    fake.says_json(
        200,
        &json!({"id": 7, "asset": "a", "play": "p", "url": "https://x.example/u?a=b%20c"}),
    );
    let (captures, told) = upload(&provider, &video(Policy::Public)).await.unwrap();
    assert_eq!(
        (&captures["upload_id"], told.url.as_str()),
        (&json!("7"), "https://x.example/u?a=b%20c")
    );
    let again: UploadDescriptor = serde_json::from_str(&serde_json::to_string(&told).unwrap()).unwrap();
    assert_eq!(again, told, "kept for replays");
}

#[tokio::test]
async fn a_slow_provider_is_an_outage() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let map = MINIMAL
        .replace("https://api.example", &base)
        .replace("[api]\n", "[api]\ntimeout_s = 0.2\n");
    let provider = load(&map, &vars([("KEY", "k"), ("WEBHOOK", "w")])).unwrap();
    let error = provider
        .run_upload_step(0, &video(Policy::Public), &mut Captures::new())
        .await
        .unwrap_err();
    let told = error.to_string();
    assert!(
        told.starts_with("the provider is not available: it did not answer in time (127.0.0.1: "),
        "{told}"
    );
    drop(listener);
    let error = provider
        .run_upload_step(0, &video(Policy::Public), &mut Captures::new())
        .await
        .unwrap_err();
    let told = error.to_string();
    assert!(
        told.starts_with("the provider is not available: no connection could be made (127.0.0.1: "),
        "{told}"
    );
    assert!(told.contains("Connection refused"), "{told}");
}

#[tokio::test]
async fn an_outage_names_the_host_and_no_more_of_the_address() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let map = MINIMAL.replace("https://api.example/uploads", &format!("{base}/path?key=hidden"));
    let provider = load(&map, &vars([("KEY", "k"), ("WEBHOOK", "w")])).unwrap();
    let error = provider
        .run_upload_step(0, &video(Policy::Public), &mut Captures::new())
        .await
        .unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(told.contains("(127.0.0.1: "), "{told}");
    for secret in ["hidden", "path"] {
        assert!(!told.contains(secret), "{told}");
    }
}

#[tokio::test]
async fn what_the_caller_wrote_arrives_as_data() {
    let fake = Fake::start().await;
    let map = MINIMAL.replace(
        "url = \"https://api.example/uploads\"",
        "url = \"https://api.example/u/{owner}?t={title|default:}\"\nheaders = { X-Title = \"{title|default:-|b64}\" }\nbody = { title = \"{title}\", both = \"<{title|default:}>\", list = [\"{title}\"], nested = { id = \"{external_id}\" }, empty = \"\" }",
    ).replace("https://api.example", &fake.base);
    let provider = load(&map, &vars([("KEY", "k"), ("WEBHOOK", "hook-secret")])).unwrap();
    let long = "ä".repeat(512);
    for title in [
        "\"quotes\" and {secrets.webhook} {{x}} }",
        "line\nbreak\r\n\tX-Evil: 1",
        "🎬 </script>",
        "{title}",
        &long,
    ] {
        fake.says_json(
            200,
            &json!({"id": "u", "asset": "a", "play": "p", "url": "https://x.example/"}),
        );
        let input = TemplateInput {
            title: Some(title.to_owned()),
            ..video(Policy::Public)
        };
        upload(&provider, &input).await.unwrap();
        let asked = fake.asked().pop().unwrap();
        let wanted = json!({"title": title, "both": format!("<{title}>"), "list": [title], "empty": ""});
        assert_eq!(asked.json(), wanted);
        let query = asked.target.split_once("?t=").unwrap().1;
        assert_eq!(
            percent_encoding::percent_decode_str(query).decode_utf8().unwrap(),
            title
        );
        assert!(!asked.target.contains('{') && asked.target.starts_with("/u/user-1?"));
    }
    for owner in ["", ".", ".."] {
        let input = TemplateInput {
            owner: owner.to_owned(),
            ..video(Policy::Public)
        };
        assert_eq!(provider.check_upload(&input).unwrap_err().field, "owner");
    }
    let input = TemplateInput {
        owner: "a/../b?c#d%2e".to_owned(),
        ..video(Policy::Public)
    };
    fake.says_json(
        200,
        &json!({"id": "u", "asset": "a", "play": "p", "url": "https://x.example/"}),
    );
    upload(&provider, &input).await.unwrap();
    assert!(
        fake.asked()
            .pop()
            .unwrap()
            .target
            .starts_with("/u/a%2F..%2Fb%3Fc%23d%252e?")
    );
}

#[tokio::test]
async fn a_header_takes_no_control_characters() {
    let map = MINIMAL.replace(
        "url = \"https://api.example/uploads\"",
        "url = \"https://api.example/uploads\"\nheaders = { X-Title = \"{title|default:-}\" }",
    );
    let provider = load(&map, &vars([("KEY", "k"), ("WEBHOOK", "w")])).unwrap();
    for title in ["a\r\nb", "ä", "\u{7f}"] {
        let input = TemplateInput {
            title: Some(title.to_owned()),
            ..video(Policy::Public)
        };
        let error = provider.check_upload(&input).unwrap_err();
        assert_eq!(error.field, "title");
        assert!(!error.detail.contains(title), "the value itself is not repeated");
    }
}

#[test]
fn our_words_are_translated_or_refused() {
    let map = format!("[values]\nquality = {{ basic = 1 }}\n{MINIMAL}");
    let provider = load(&map, &vars([("KEY", "k"), ("WEBHOOK", "w")])).unwrap();
    assert_eq!(provider.check_upload(&video(Policy::Public)), Ok(()));
    let input = TemplateInput {
        quality: Some("plus".to_owned()),
        ..video(Policy::Public)
    };
    let error = provider.check_upload(&input).unwrap_err();
    assert_eq!(
        (error.field, error.detail.contains("allowed: basic")),
        ("quality", true)
    );
}

#[tokio::test]
async fn changes_are_told_where_the_map_wants_to_know() {
    let fake = Fake::start().await;
    let update = format!(
        "[[asset.update]]\non = [\"title\"]\nmethod = \"PATCH\"\nurl = \"{}/a/{{asset_id}}\"\nbody = {{ title = \"{{title}}\" }}\n",
        fake.base
    );
    let provider = provider(&fake, &update);
    fake.says(200, &[], "");
    let row = ready(Policy::Public);
    provider
        .update_asset(&row, &["metadata"], Priority::Background, now())
        .await
        .unwrap();
    assert!(fake.asked().is_empty());
    provider
        .update_asset(&row, &["metadata", "title"], Priority::Background, now())
        .await
        .unwrap();
    assert_eq!(
        (fake.asked()[0].line().as_str(), fake.asked()[0].json()),
        ("PATCH /a/as1", json!({"title": "My clip"}))
    );
    let unknown = TemplateInput {
        asset_id: None,
        ..row
    };
    let error = provider
        .update_asset(&unknown, &["title"], Priority::Background, now())
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::Invalid(field) if field.field == "asset_id"));
}
