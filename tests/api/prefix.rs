//! A path in `http.public_url`: a proxy strips it, and every address that the service gives has it.

use http::Method;
use serde_json::{Value, json};
use url::Url;

use crate::adopt::foreign;
use crate::support::{Db, TestApp, WEBHOOK_SECRET, answer, mux_events};

const PUBLIC: &str = "https://example.com/video";

/// What the proxy sends for an address that a client has resolved: the path without the prefix.
fn stripped(given: &str) -> String {
    let whole = Url::parse(PUBLIC).unwrap().join(given).unwrap();
    assert_eq!(whole.host_str(), Some("example.com"), "{given}");
    let path = whole
        .path()
        .strip_prefix("/video")
        .unwrap_or_else(|| panic!("no prefix: {given}"));
    whole
        .query()
        .map_or(path.to_owned(), |query| format!("{path}?{query}"))
}

async fn start(db: Db) -> TestApp {
    TestApp::with(db, &[("VIDEO_HTTP__PUBLIC_URL", PUBLIC)]).await
}

on_both! {
    async fn every_address_of_an_answer_has_the_prefix_and_leads_there(db: Db) {
        let app = start(db).await;
        let alice = app.alice();
        let begun = app.post(&alice, "/v1/uploads", &json!({})).await;
        let video = begun.expect(201)["video"].clone();
        let id = video["id"].as_str().unwrap();
        let location = begun.headers["location"].to_str().unwrap();
        assert_eq!(location, format!("/video/v1/videos/{id}"));
        app.get(&alice, &stripped(location)).await.expect(200);

        let events = stripped(video["events_url"].as_str().unwrap());
        let stream = app.client.get(format!("{}{events}", app.url)).send().await.unwrap();
        assert_eq!(stream.headers()["content-type"], "text/event-stream", "{events}");
        let shown = app.video(&video["id"]).await;
        assert!(shown["events_url"].as_str().unwrap().starts_with("/video/v1/videos/"), "{shown}");

        app.upload().await;
        let page = app.get(&alice, "/v1/videos?limit=1").await;
        let link = page.headers["link"].to_str().unwrap();
        let next = link.strip_prefix('<').unwrap().split_once('>').unwrap().0;
        let rest = app.get(&alice, &stripped(next)).await.expect(200);
        let ids = [&page.json(), &rest].map(|page| page["data"][0]["id"].clone());
        assert!(ids[0] != ids[1] && ids.contains(&video["id"]), "{ids:?}");

        let admin = app.token("admin", "video:admin");
        app.mux.know(&foreign("old", "public"));
        let adopted = json!({"provider": "mux", "owner": "alice", "asset_id": "asset-old"});
        let adopted = app.post(&admin, "/v1/admin/videos", &adopted).await;
        assert_eq!(adopted.status, 201, "{}", adopted.text);
        let location = stripped(adopted.headers["location"].to_str().unwrap());
        app.get(&alice, &location).await.expect(200);
    }
}

on_both! {
    async fn a_problems_type_has_the_prefix_wherever_it_stands(db: Db) {
        let app = start(db).await;
        let alice = app.alice();
        let unknown = app.get(&alice, "/v1/nothing").await.expect(404);
        let unauthenticated = app.send(Method::GET, "/v1/videos", None, None).await.expect(401);
        let too_long = app.get(&alice, &format!("/v1/videos?cursor={}", "a".repeat(9000))).await.expect(414);
        let method = app.send(Method::PUT, "/v1/videos", Some(&alice), None).await.expect(405);
        let signature = app.webhook(&[], "{}").await.expect(401);
        let video = app.upload().await;
        let page = app.post(&alice, "/v1/playback", &json!({"ids": [video["id"]]})).await.expect(200);
        for (problem, code) in [
            (&unknown, "not_found"),
            (&unauthenticated, "unauthenticated"),
            (&too_long, "invalid_request"),
            (&method, "method_not_allowed"),
            (&signature, "invalid_signature"),
            (&page["data"][0]["problem"], "video_not_ready"),
        ] {
            let address = problem["type"].as_str().unwrap_or_else(|| panic!("{problem}"));
            assert_eq!(address, format!("/video/problems/{code}"));
            let explained = app.send(Method::GET, &stripped(address), None, None).await.expect(200);
            assert_eq!(explained["code"], code);
        }
    }
}

#[tokio::test]
async fn the_document_and_its_pages_are_right_below_the_prefix() {
    let app = start(Db::Sqlite).await;
    let document = app
        .send(Method::GET, "/openapi.json", None, None)
        .await
        .expect(200);
    assert_eq!(document["servers"], json!([{"url": "/video"}]));
    let example = &document["components"]["examples"]["not_found"]["value"]["type"];
    assert_eq!(example, "/video/problems/not_found");
    let plain = TestApp::start(Db::Sqlite).await;
    let text = answer(plain.client.get(format!("{}/openapi.json", plain.url)))
        .await
        .text;
    let plain: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plain["servers"], Value::Null);
    assert_eq!(
        plain,
        serde_json::from_str::<Value>(yourbit_video::http::openapi_document()).unwrap()
    );
    // No address of a page begins at the host's root without the prefix.
    for (path, page) in [
        ("/", "/"),
        ("/docs", "/docs"),
        ("/problems/not_found", "/problems/not_found"),
    ] {
        let request = app
            .client
            .get(format!("{}{path}", app.url))
            .header("accept", "text/html");
        let html = answer(request).await.text;
        let mut found = 0;
        for attribute in ["href=\"", "src=\""] {
            for rest in html.split(attribute).skip(1) {
                let given = rest.split('"').next().unwrap();
                if given.starts_with('#') || given.starts_with("https:") {
                    continue;
                }
                let base = Url::parse(&format!("{PUBLIC}{page}")).unwrap();
                let file = stripped(base.join(given).unwrap().as_str());
                let status = answer(app.client.get(format!("{}{file}", app.url))).await.status;
                assert_eq!(status, 200, "{path}: {given} is {file}");
                found += 1;
            }
        }
        assert!(found >= 2, "{path}: {html}");
    }
}

on_both! {
    async fn the_address_of_a_webhook_may_have_a_slash_at_its_end(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let ids = mux_events::Ids::of(&video);
        for event in ids.usual("public", app.clock.now()) {
            let body = serde_json::to_vec(&event).unwrap();
            let signature = mux_events::signature(WEBHOOK_SECRET, app.clock.now().timestamp(), &body);
            let request = app.client.post(format!("{}/v1/webhooks/mux/", app.url)).body(body);
            answer(request.header("mux-signature", signature)).await.expect(200);
        }
        let forged = app.client.post(format!("{}/v1/webhooks/mux/", app.url)).body("{}");
        answer(forged).await.expect_problem(401, "invalid_signature");
        let unknown = app.client.post(format!("{}/v1/webhooks/nobody/", app.url)).body("{}");
        answer(unknown).await.expect_problem(404, "not_found");
        app.settle().await;
        assert_ne!(app.video(&video["id"]).await["status"], "waiting");
    }
}
