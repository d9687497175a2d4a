//! The document says what the service does, and nothing else.

use std::collections::BTreeSet;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;
use yourbit_video::clock::Clock;
use yourbit_video::http::{Code, openapi_document};

use crate::support::document::{Exchange, document, misfit};
use crate::support::{Db, TestApp, answer, build, environment};

/// The codes that the API promises.
const PROMISED: [&str; 31] = [
    "invalid_request",
    "invalid_cursor",
    "unauthenticated",
    "invalid_signature",
    "forbidden",
    "quota_exceeded",
    "not_found",
    "method_not_allowed",
    "not_acceptable",
    "video_not_ready",
    "upload_finished",
    "cancel_unsupported",
    "idempotency_in_progress",
    "video_taken",
    "replacement_in_progress",
    "track_exists",
    "too_many_tracks",
    "not_supported",
    "precondition_failed",
    "payload_too_large",
    "unsupported_media_type",
    "invalid_body",
    "idempotency_key_reused",
    "rate_limited",
    "too_many_open_uploads",
    "internal",
    "provider_rejected",
    "provider_unavailable",
    "provider_busy",
    "unavailable",
    "no_room",
];

fn operations(document: &Value) -> Vec<(String, Method, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(move |(method, operation)| {
                let method = method.to_uppercase().parse().unwrap();
                (path.clone(), method, operation)
            })
        })
        .collect()
}

/// Every path of the router, as its `Debug` lists them; those of the page, of the client's scripts and of the built-in
/// provider are no part of the API.
async fn routed() -> BTreeSet<String> {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let env = environment(&url, "http://127.0.0.1:9", &[]);
    let app = build(&env, Clock::system()).await.unwrap();
    let text = format!("{:?}", app.served);
    text.split('"')
        .filter(|part| part.starts_with('/') && !part.contains("__private__"))
        .filter(|path| {
            let others = ["/console/", "/client/", "/local"];
            *path != "/" && !others.iter().any(|room| path.starts_with(room))
        })
        // Where a slash at the end is taken too, it is the same path.
        .map(|path| path.trim_end_matches('/').to_owned())
        .collect()
}

#[tokio::test]
async fn the_document_has_every_path_of_the_router_and_no_other() {
    let document = document();
    let described = document["paths"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(routed().await, described);
}

#[tokio::test]
async fn every_path_takes_the_methods_of_the_document_and_no_other() {
    let app = TestApp::start(Db::Sqlite).await;
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ] {
            let url = format!("{}{}", app.url, path.replace(['{', '}'], ""));
            let given = answer(app.client.request(method.clone(), url)).await;
            let described = item.get(method.as_str().to_lowercase()).is_some();
            let taken = given.status != StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(taken, described, "{method} {path}: {}", given.text);
            if !taken {
                assert!(given.headers.contains_key("allow"), "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn every_code_is_in_the_enum_with_an_example_and_a_page() {
    let app = TestApp::start(Db::Sqlite).await;
    let document = document();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(codes.iter().collect::<BTreeSet<_>>(), PROMISED.iter().collect());
    assert_eq!(
        document["components"]["schemas"]["ProblemCode"]["enum"],
        serde_json::json!(codes)
    );
    for code in codes {
        let example = &document["components"]["examples"][code]["value"];
        assert_eq!(example["code"], code);
        let problem = serde_json::json!({"$ref": "#/components/schemas/Problem"});
        assert_eq!(misfit(&problem, example), None, "{code}");
        assert_eq!(example["type"], format!("/problems/{code}"));
        let page = app.client.get(format!("{}/problems/{code}", app.url));
        assert_eq!(
            answer(page).await.expect(200)["status"],
            example["status"],
            "{code}"
        );
    }
    let page = app
        .client
        .get(format!("{}/problems/unauthenticated", app.url))
        .header("accept", "text/html");
    let text = answer(page).await.text;
    assert!(
        text.contains("<code>Authorization: Bearer &lt;token&gt;</code>"),
        "{text}"
    );
    let page = app.client.get(format!("{}/problems/other", app.url));
    answer(page).await.expect_problem(404, "not_found");
}

#[test]
fn every_refusal_of_the_document_is_one_of_the_codes() {
    let document = document();
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(document) {
        assert!(
            names.insert(operation["operationId"].to_string()),
            "{method} {path}"
        );
        assert!(
            operation.get("x-problems").is_none(),
            "{method} {path}: a code that does not exist"
        );
        for (status, response) in operation["responses"].as_object().unwrap() {
            let said = response["description"].as_str();
            assert!(
                said.is_some_and(|said| !said.is_empty()),
                "{method} {path} {status}"
            );
            assert!(
                response["headers"]["x-request-id"].is_object(),
                "{method} {path} {status}"
            );
            if status.as_str() >= "400" {
                let schema = &response["content"]["application/problem+json"]["schema"];
                let codes = schema["properties"]["code"]["enum"].as_array().unwrap();
                assert!(
                    codes
                        .iter()
                        .all(|code| PROMISED.contains(&code.as_str().unwrap())),
                    "{codes:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn browsers_get_pages_that_run_no_script_but_ours() {
    let app = TestApp::start(Db::Sqlite).await;
    for path in ["/docs", "/problems/rate_limited"] {
        let page = app
            .client
            .get(format!("{}{path}", app.url))
            .header("accept", "text/html");
        let page = answer(page).await;
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        assert!(
            !page.text.contains("http://") && !page.text.contains("https://") && !page.text.contains("{{")
        );
        for inline in ["<script>", "style=", "onclick"] {
            assert!(!page.text.contains(inline), "{path}: {inline}");
        }
    }
    let page = answer(app.client.get(format!("{}/docs", app.url))).await.text;
    for (name, kind) in [
        ("page.js", "text/javascript; charset=utf-8"),
        ("docs.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ] {
        let end = page
            .find(name)
            .unwrap_or_else(|| panic!("{name} is not in the page"));
        let begin = page[..end].rfind('"').unwrap() + 1;
        let file = app.client.get(format!("{}/{}{name}", app.url, &page[begin..end]));
        let file = answer(file.header("accept-encoding", "gzip")).await;
        assert_eq!(file.status, StatusCode::OK);
        assert_eq!(file.headers["content-type"], kind);
        assert_eq!(file.headers["content-encoding"], "gzip");
        assert_eq!(file.headers["x-content-type-options"], "nosniff");
        let kept = file.headers["cache-control"].to_str().unwrap();
        assert!(kept.contains("immutable"), "{kept}");
    }
}

#[tokio::test]
async fn the_document_is_compact_compressed_and_sent_only_when_it_has_changed() {
    let app = TestApp::start(Db::Sqlite).await;
    let get = || app.client.get(format!("{}/openapi.json", app.url));
    let plain = answer(get()).await;
    assert!(!plain.text.contains('\n'), "one line");
    let squeezed = get().header("accept-encoding", "br").send().await.unwrap();
    assert_eq!(squeezed.headers()["content-encoding"], "br");
    let squeezed = squeezed.bytes().await.unwrap().len();
    assert!(
        squeezed * 8 < plain.text.len(),
        "{squeezed} of {}",
        plain.text.len()
    );
    let tag = plain.headers["etag"].clone();
    let again = answer(get().header("if-none-match", tag)).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}

#[test]
fn every_example_is_what_its_schema_allows() {
    let document = document();
    let mut looked_at = 0;
    let mut check = |place: &str, schema: &Value, example: &Value| {
        assert_eq!(misfit(schema, example), None, "{place}: {example}");
        looked_at += 1;
    };
    let told = document["webhooks"].as_object().unwrap().iter();
    let told = told.map(|(name, item)| (name.clone(), Method::POST, &item["post"]));
    for (path, method, operation) in operations(document).into_iter().chain(told) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let place = format!("{method} {path} {}", parameter["name"]);
            match parameter.get("example") {
                Some(example) => check(&place, &parameter["schema"], example),
                None => assert_ne!(parameter["in"], "path", "{place} has no example"),
            }
        }
        let body = &operation["requestBody"]["content"]["application/json"];
        if let Some(example) = body.get("example") {
            check(&format!("{method} {path}: body"), &body["schema"], example);
        } else {
            let is_provider = path.starts_with("/v1/webhooks/");
            assert!(
                body.is_null() || is_provider,
                "{method} {path}: the body has no example"
            );
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let contents = response["content"].as_object();
            for (kind, content) in contents.into_iter().flatten() {
                let place = format!("{method} {path} {status} {kind}");
                match content.get("example") {
                    Some(example) => check(&place, &content["schema"], example),
                    None => assert!(content["schema"].get("$ref").is_none(), "{place} has no example"),
                }
            }
        }
    }
    assert!(looked_at > 60, "{looked_at}");
}

#[tokio::test]
async fn the_documents_are_there_only_where_the_settings_want_them() {
    let app = TestApp::start(Db::Sqlite).await;
    let served = answer(app.client.get(format!("{}/openapi.json", app.url))).await;
    let printed: Value = serde_json::from_str(openapi_document()).unwrap();
    assert_eq!(served.json(), printed);
    assert_eq!(
        served.json()["openapi"].as_str().map(|version| &version[..3]),
        Some("3.1")
    );
    let app = TestApp::with(Db::Sqlite, &[("VIDEO_HTTP__DOCS", "false")]).await;
    for path in [
        "/openapi.json",
        "/docs",
        "/docs/0123456789abcdef/page.js",
        "/problems/not_found",
    ] {
        answer(app.client.get(format!("{}{path}", app.url)))
            .await
            .expect_problem(404, "not_found");
    }
}

/// A good answer, but for one thing.
fn alive(change: impl FnOnce(&mut Exchange)) -> Vec<String> {
    let mut exchange = Exchange {
        method: Method::GET,
        uri: "/livez".parse().unwrap(),
        sent: None,
        status: StatusCode::OK,
        headers: HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (
                HeaderName::from_static("x-request-id"),
                HeaderValue::from_static("a"),
            ),
        ]),
        body: Some(r#"{"status":"ok"}"#.into()),
    };
    change(&mut exchange);
    exchange.undocumented()
}

#[test]
fn an_answer_that_the_document_does_not_have_is_found() {
    assert_eq!(alive(|_| {}), Vec::<String>::new());
    let found = [
        alive(|one| one.status = StatusCode::IM_A_TEAPOT),
        alive(|one| one.method = Method::POST),
        alive(|one| one.uri = "/livez?deep=1".parse().unwrap()),
        alive(|one| one.body = Some(r#"{"status":"ok","since":1}"#.into())),
        alive(|one| one.body = Some(r#"{"status":1}"#.into())),
        alive(|one| one.body = Some("{}".into())),
        alive(|one| {
            one.headers.remove("x-request-id");
        }),
        alive(|one| {
            one.headers.insert("etag", HeaderValue::from_static("\"1\""));
        }),
        alive(|one| {
            one.headers
                .insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
        }),
        // A refusal in another form.
        alive(|one| {
            one.uri = "/nowhere".parse().unwrap();
            one.status = StatusCode::NOT_FOUND;
        }),
    ];
    for (number, what) in found.iter().enumerate() {
        assert_eq!(what.len(), 1, "{number}: {what:?}");
    }
}

#[test]
fn the_application_is_told_what_the_document_says() {
    let told: BTreeSet<&str> = document()["webhooks"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let promised = [
        "upload.expired",
        "upload.received",
        "video.cancelled",
        "video.deleted",
        "video.errored",
        "video.ready",
        "video.updated",
        "video.replaced",
    ];
    assert_eq!(told, promised.into());
}
