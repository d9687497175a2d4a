//! Refusals, request ids and probes.

use serde_json::json;

use crate::support::{Db, TestApp, answer};

on_both! {
    async fn a_callers_request_id_comes_back_where_it_is_harmless(db: Db) {
        let app = TestApp::start(db).await;
        let url = format!("{}/livez", app.url);
        let given = answer(app.client.get(&url).header("x-request-id", "a.B_c-1")).await;
        assert_eq!(given.headers["x-request-id"], "a.B_c-1");
        for bad in ["a b", "<script>", &"x".repeat(65), ""] {
            let other = answer(app.client.get(&url).header("x-request-id", bad)).await;
            assert_ne!(other.headers["x-request-id"], bad);
            assert_eq!(other.headers.get_all("x-request-id").iter().count(), 1);
        }
    }
}

on_both! {
    async fn bodies_must_be_json_of_bounded_size(db: Db) {
        let app = TestApp::start(db).await;
        let post = || app.client.post(format!("{}/v1/uploads", app.url)).bearer_auth(app.alice());
        answer(post().header("content-type", "text/plain").body("{}")).await.expect_problem(415, "unsupported_media_type");
        answer(post().header("content-type", "application/json").body("{")).await.expect_problem(400, "invalid_request");
        let large = json!({"title": "x".repeat(70_000)});
        answer(post().json(&large)).await.expect_problem(413, "payload_too_large");
        for odd in [json!([]), json!(["title"]), json!(null), json!("title"), json!(7)] {
            answer(post().json(&odd)).await.expect_problem(422, "invalid_body");
        }
    }
}

on_both! {
    async fn the_probes_tell_alive_from_ready(db: Db) {
        let app = TestApp::start(db).await;
        for path in ["/livez", "/readyz"] {
            answer(app.client.get(format!("{}{path}", app.url))).await.expect(200);
        }
        app.state.stopping.store(true, std::sync::atomic::Ordering::SeqCst);
        answer(app.client.get(format!("{}/readyz", app.url))).await.expect_problem(503, "unavailable");
        answer(app.client.get(format!("{}/livez", app.url))).await.expect(200);
    }
}

#[tokio::test]
async fn other_pages_may_call_only_where_their_origin_is_listed() {
    let app = TestApp::with(
        Db::Sqlite,
        &[("VIDEO_HTTP__CORS_ORIGINS", "https://app.example.com")],
    )
    .await;
    let ask_at = |path: &str, origin: &'static str| {
        app.client
            .request(http::Method::OPTIONS, format!("{}{path}", app.url))
            .header("origin", origin)
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization")
    };
    let ask = |origin| ask_at("/v1/videos", origin);
    let listed = ask("https://app.example.com").send().await.unwrap();
    assert_eq!(
        listed.headers()["access-control-allow-origin"],
        "https://app.example.com"
    );
    assert!(!listed.headers().contains_key("access-control-allow-credentials"));
    let other = ask("https://evil.example.com").send().await.unwrap();
    assert!(!other.headers().contains_key("access-control-allow-origin"));
    // Webhooks come from providers, never from a page.
    let webhook = ask_at("/v1/webhooks/mux", "https://app.example.com");
    let webhook = webhook.send().await.unwrap();
    assert!(!webhook.headers().contains_key("access-control-allow-origin"));
}
