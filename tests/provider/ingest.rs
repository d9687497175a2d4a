//! `[[ingest.steps]]`: maps that must not load, and the calls that shipped maps make.

use serde_json::{Value, json};
use yourbit_video::domain::{Policy, SourceUrl};
use yourbit_video::provider::{Captures, Priority, Provider, TemplateInput, UploadPermits};

use crate::broken::{env, full};
use crate::fake::Fake;
use crate::support::{load, shipped, video};

const SOURCE: &str = "https://files.example/a b.mp4?sig=1&x=2";

/// The whole map with an ingest of these steps.
fn map(steps: &str) -> String {
    format!("{}\n{steps}", full())
}

fn refusal(steps: &str) -> String {
    let error = load(&map(steps), &env()).err().map(|error| error.to_string());
    error.unwrap_or_else(|| panic!("the map loads with {steps}"))
}

const POST: &str = "[[ingest.steps]]\nmethod = \"POST\"\nurl = \"https://api.example/fetch\"\nbody = { url = \"{source_url}\" }\n";
const FIND: &str = "[[ingest.steps]]\nmethod = \"GET\"\nurl = \"https://api.example/find?q={video_id}\"\ntake = { asset_id = \"/id\" }\n";

#[test]
fn a_map_whose_ingest_cannot_work_does_not_load() {
    let take = "take = { asset_id = \"/id\" }\n";
    for (steps, says) in [
        (POST.to_owned(), "no step takes upload_id or asset_id"),
        (FIND.to_owned(), "the first step must hold {source_url}"),
        (format!("{POST}{take}until_s = 60\n"), "after the first step only"),
        (format!("{POST}{FIND}until_s = 0\n"), "must lie in 1 to 840"),
        (format!("{POST}{FIND}until_s = 841\n"), "must lie in 1 to 840"),
        (
            format!("{POST}{}until_s = 60\n", FIND.replace("GET", "POST")),
            "until_s: may stand at a GET",
        ),
        (
            format!("{POST}{FIND}until_s = 500\n{FIND}until_s = 500\n"),
            "more than 840",
        ),
        (
            format!("{POST}{take}headers = {{ X-Source = \"{{source_url}}\" }}\n"),
            "{source_url} is not available here",
        ),
        (
            format!("{}{take}", POST.replace("/fetch", "/fetch?u={source_url|raw}")),
            "`raw` is refused",
        ),
        (
            format!(
                "{}{take}",
                POST.replace("https://api.example/fetch", "{source_url}")
            ),
            "must not choose scheme, host or port",
        ),
        (
            format!("{POST}take = {{ source_url = \"/url\" }}\n"),
            "source_url",
        ),
        (format!("{POST}{take}colour = 1\n"), "colour"),
    ] {
        let error = refusal(&steps);
        assert!(error.contains(says), "`{says}` is not in: {error}");
        assert!(
            error.starts_with("test.toml: ") && !error.contains('\n'),
            "{error}"
        );
    }
    load(&map(&format!("{POST}{FIND}until_s = 840\n")), &env()).unwrap();
    let elsewhere = full().replace(
        "take = { upload_id",
        "body = { u = \"{source_url}\" }\ntake = { upload_id",
    );
    let error = load(&elsewhere, &env()).err().unwrap().to_string();
    assert!(error.contains("{source_url} is not"), "{error}");
}

#[test]
fn an_empty_ingest_fetches_nothing() {
    let provider = load(&map("[ingest]\nfetches_signed = false\n"), &env()).unwrap();
    assert_eq!(
        (provider.ingest_step_count(), provider.fetches_signed()),
        (0, false)
    );
}

fn input(policy: Policy) -> TemplateInput {
    TemplateInput {
        source_url: Some(SourceUrl::new(SOURCE)),
        ..video(policy)
    }
}

async fn run(provider: &Provider, step: usize, captures: &mut Captures) {
    let input = input(Policy::Signed);
    provider.check_ingest(&input).unwrap();
    let permits = (Priority::Request("alice"), &mut UploadPermits::default());
    provider
        .run_ingest_step(step, &input, captures, permits)
        .await
        .unwrap();
}

#[tokio::test]
async fn shipped_maps_tell_the_address_as_it_is() {
    let fake = Fake::start().await;
    let id = video(Policy::Signed).video_id.to_string();
    for (name, vars, answer, body, asset) in [
        (
            "mux",
            crate::support::mux_vars(&fake.base),
            json!({"data": {"id": "a"}}),
            json!({
                "inputs": [{"url": SOURCE}], "playback_policies": ["signed"], "video_quality": "basic",
                "passthrough": id,
            }),
            "a",
        ),
        (
            "api_video",
            crate::support::api_video_vars(&fake.base),
            json!({"videoId": "b"}),
            json!({
                "title": id, "source": SOURCE, "public": false, "mp4Support": false,
                "metadata": [{"key": "video_id", "value": id}],
            }),
            "b",
        ),
        (
            "cloudflare_stream",
            crate::support::cloudflare_vars(&fake.base),
            json!({"success": true, "result": {"uid": "c"}}),
            json!({"url": SOURCE, "meta": {"name": id}, "requireSignedURLs": true}),
            "c",
        ),
    ] {
        let provider = shipped(name, &vars);
        let mut captures = Captures::new();
        fake.says_json(if name == "cloudflare_stream" { 200 } else { 201 }, &answer);
        run(&provider, 0, &mut captures).await;
        let asked: Value = fake.asked().last().unwrap().json();
        assert_eq!(asked, body, "{name}");
        assert_eq!(captures["asset_id"], asset, "{name}");
        assert_eq!(
            (provider.ingest_step_count(), provider.fetches_signed()),
            (1, true),
            "{name}"
        );
    }
}

#[tokio::test]
async fn bunny_is_asked_until_it_has_the_video() {
    let fake = Fake::start().await;
    let provider = shipped("bunny_stream", &crate::support::bunny_vars(&fake.base));
    assert!(!provider.fetches_signed());
    assert_eq!(
        (provider.ingest_until_s(0), provider.ingest_until_s(1)),
        (None, Some(600))
    );
    assert!(provider.ingest_step_is_independent(1) && !provider.ingest_needs_address_after(1));
    let mut captures = Captures::new();
    fake.says_json(200, &json!({"success": true, "statusCode": 200}));
    run(&provider, 0, &mut captures).await;
    let input = input(Policy::Signed);
    for (answer, found) in [
        (json!({"items": []}), false),
        (json!({"items": [{"title": "another", "guid": "x"}]}), false),
        (
            json!({"items": [{"title": "another", "guid": "x"}, {"title": input.video_id, "guid": "g"}]}),
            true,
        ),
    ] {
        fake.says_json(200, &answer);
        let asked = provider
            .ask_ingest_step(1, &input, &mut captures, Priority::Background)
            .await;
        assert_eq!(asked.unwrap(), found);
    }
    assert_eq!(
        (&captures["asset_id"], &captures["upload_id"]),
        (&json!("g"), &json!("g"))
    );
}
