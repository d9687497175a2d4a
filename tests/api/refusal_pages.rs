//! Refusals as pages, for people whose browser opened an address.

use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use crate::support::{Answer, Db, TestApp, answer};

/// How Chromium asks when somebody opens an address.
const BROWSER: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8";

/// What is served under an address to a client with this `Accept`, without a token.
async fn open(app: &TestApp, path: &str, accept: &str) -> Answer {
    answer(
        app.client
            .get(format!("{}{path}", app.url))
            .header("accept", accept),
    )
    .await
}

on_both! {
    async fn a_wrong_address_answers_browsers_with_a_page_and_programs_with_a_document(db: Db) {
        let app = TestApp::start(db).await;
        for (path, status, code) in [
            ("/nowhere", 404, "not_found"),
            ("/v1/nowhere/at/all", 404, "not_found"),
            ("/problems/unknown", 404, "not_found"),
            ("/console/nothing.js", 404, "not_found"),
            ("/v1/uploads", 405, "method_not_allowed"),
            ("/v1/videos", 401, "unauthenticated"),
        ] {
            let page = open(&app, path, BROWSER).await;
            assert_eq!(page.status, status, "{path}");
            assert_eq!(page.headers["content-type"], "text/html; charset=utf-8", "{path}");
            assert_eq!(page.headers["cache-control"], "no-store", "{path}");
            assert_eq!(page.headers["x-content-type-options"], "nosniff", "{path}");
            let policy = page.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
            let id = page.headers["x-request-id"].to_str().unwrap();
            for part in [code, id, "<h1>", "What to do", "href=\"/\"", "href=\"/docs\""] {
                assert!(page.text.contains(part), "{path}: no {part} in {}", page.text);
            }
            for accept in ["*/*", "application/json", "text/plain", "text/html, */*"] {
                open(&app, path, accept).await.expect_problem(status, code);
            }
        }
        let unauthenticated = open(&app, "/v1/videos", BROWSER).await;
        assert!(unauthenticated.headers.contains_key("www-authenticate"));
        let refused = open(&app, "/v1/uploads", BROWSER).await;
        assert_eq!(refused.headers["allow"], "POST");
    }
}

#[tokio::test]
async fn only_what_is_opened_is_a_page() {
    let app = TestApp::start(Db::Sqlite).await;
    for method in [Method::POST, Method::DELETE, Method::PUT] {
        let sent = app.client.request(method, format!("{}/nowhere", app.url));
        answer(sent.header("accept", BROWSER))
            .await
            .expect_problem(404, "not_found");
    }
    let asked = app.client.get(format!("{}/nowhere", app.url));
    answer(asked).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_page_links_only_what_is_served() {
    let settings = [("VIDEO_HTTP__DOCS", "false"), ("VIDEO_HTTP__CONSOLE", "false")];
    let app = TestApp::with(Db::Sqlite, &settings).await;
    let page = open(&app, "/docs", BROWSER).await;
    assert_eq!(page.status, 404);
    assert!(!page.text.contains("href"), "{}", page.text);
    let settings = [("VIDEO_HTTP__PUBLIC_URL", "https://example.com/video")];
    let app = TestApp::with(Db::Sqlite, &settings).await;
    let page = open(&app, "/nowhere", BROWSER).await;
    let addresses = page.text.split("href=\"").skip(1);
    let addresses: Vec<&str> = addresses.filter_map(|rest| rest.split('"').next()).collect();
    assert!(addresses.len() >= 4, "{addresses:?}");
    for address in addresses {
        let path = address.strip_prefix("/video");
        let path = path.unwrap_or_else(|| panic!("{address} is not below the prefix"));
        assert_eq!(open(&app, path, BROWSER).await.status, 200, "{address}");
    }
}

/// Texts that are markup, with whatever else an address can hold.
fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("<script>alert(1)</script>".to_owned()),
        Just("\"><img src=x onerror=alert(1)>".to_owned()),
        Just("'&quot;&lt;".to_owned()),
        Just("`<b>`".to_owned()),
        Just("{title}{{links}}".to_owned()),
        "[<>\"'&/`{}a-z]{1,12}",
    ];
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.concat())
}

#[test]
fn nothing_of_an_address_becomes_markup() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = runtime.block_on(TestApp::start(Db::Sqlite));
    let alice = app.alice();
    let get = |path: String| {
        let request = app
            .client
            .get(format!("{}{path}", app.url))
            .header("accept", BROWSER);
        runtime.block_on(answer(request.bearer_auth(&alice)))
    };
    let tags = |page: &Answer| page.text.matches('<').count();
    let code_tags = |page: &Answer| 2 * page.text.matches("<code>").count();
    let plain = [get("/plain".to_owned()), get("/v1/videos?plain=1".to_owned())];
    let plain = plain.map(|page| tags(&page) - code_tags(&page));
    proptest!(ProptestConfig::with_cases(64), |(text in hostile())| {
        let encoded = utf8_percent_encode(&text, NON_ALPHANUMERIC);
        for (path, plain) in [
            (format!("/{encoded}"), plain[0]),
            (format!("/problems/{encoded}"), plain[0]),
            (format!("/v1/videos?{encoded}=1"), plain[1]),
        ] {
            let page = get(path);
            prop_assert!(page.status.is_client_error());
            // Backquotes in a `detail` become <code>: nothing else may become an element.
            prop_assert_eq!(tags(&page) - code_tags(&page), plain, "{}: {}", text, page.text);
            let marks = text.len() > 8 && text.contains(['<', '>', '"', '\'']);
            prop_assert!(!marks || !page.text.contains(&text), "{}: {}", text, page.text);
        }
    });
    runtime.block_on(async { drop(app) });
}
