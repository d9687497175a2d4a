//! Development mode: this machine alone is answered, and no route gives a token away.

mod link;

use std::path::Path;

use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Db, TestApp, answer, sign};

const OPEN: (&str, &str) = ("VIDEO_AUTH__JWT_SECRET", "");

/// A service in development mode, and its port.
async fn start() -> (TestApp, String) {
    let app = TestApp::with(Db::Sqlite, &[OPEN]).await;
    let port = app.url.rsplit(':').next().unwrap().to_owned();
    (app, port)
}

/// Sends these bytes as they are; the status and the body of the answer.
async fn raw(app: &TestApp, request: &str) -> (u16, String) {
    let address = app.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).await.unwrap();
    let (head, body) = all.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

/// Asks by HTTP/2 with this `:authority`, and perhaps a `Host`.
async fn http2(app: &TestApp, authority: &str, host: Option<&str>) -> (StatusCode, String) {
    let address = app.url.strip_prefix("http://").unwrap();
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut request = http::Request::get(format!("http://{authority}/livez")).version(Version::HTTP_2);
    if let Some(host) = host {
        request = request.header("host", host);
    }
    let request = request.body(reqwest::Body::from("")).unwrap();
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts.status, String::from_utf8_lossy(&bytes).into_owned())
}

#[tokio::test]
async fn development_mode_answers_this_machine_alone() {
    let (app, port) = start().await;
    let live = format!("{}/livez", app.url);
    answer(app.client.get(&live)).await.expect(200);
    for (name, value) in [
        ("host", format!("localhost:{port}")),
        // Another port, as of a tunnel to another machine.
        ("host", "localhost:1".to_owned()),
        ("host", "localhost".to_owned()),
        ("host", "[::1]:8080".to_owned()),
        ("origin", "http://localhost:5173".to_owned()),
    ] {
        answer(app.client.get(&live).header(name, value))
            .await
            .expect(200);
    }
    for (name, value, named) in [
        ("host", format!("evil.example:{port}"), "evil.example"),
        (
            "host",
            format!("localhost.evil.example:{port}"),
            "localhost.evil.example",
        ),
        (
            "origin",
            "https://evil.example".to_owned(),
            "https://evil.example",
        ),
        ("origin", "null".to_owned(), "\"null\""),
        ("x-forwarded-for", "10.0.0.1".to_owned(), "x-forwarded-for"),
        ("x-forwarded-proto", "https".to_owned(), "x-forwarded-proto"),
        ("forwarded", "for=10.0.0.1".to_owned(), "forwarded"),
        ("via", "1.1 proxy".to_owned(), "via"),
        ("x-real-ip", "127.0.0.1".to_owned(), "x-real-ip"),
        ("true-client-ip", "127.0.0.1".to_owned(), "true-client-ip"),
        ("cf-connecting-ip", "127.0.0.1".to_owned(), "cf-connecting-ip"),
        ("cf-ray", "1".to_owned(), "cf-ray"),
    ] {
        for path in [
            "/livez",
            "/",
            "/console/app.js",
            "/docs",
            "/metrics",
            "/v1/videos",
            "/local/x",
            "/nothing",
        ] {
            let request = app.client.get(format!("{}{path}", app.url)).header(name, &value);
            let problem = answer(request).await.expect_problem(403, "forbidden");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(named), "{path}, {name}: {detail}");
        }
    }
}

#[tokio::test]
async fn a_request_has_one_host_and_its_target_no_other() {
    let (app, port) = start().await;
    let own = format!("127.0.0.1:{port}");
    let end = "connection: close\r\n\r\n";
    for (request, named) in [
        (format!("GET /livez HTTP/1.1\r\nhost: {own}\r\n{end}"), None),
        (
            format!("GET http://{own}/livez HTTP/1.1\r\nhost: {own}\r\n{end}"),
            None,
        ),
        (
            format!("GET /livez HTTP/1.0\r\nhost: {own}\r\n{end}"),
            Some("HTTP/1.0"),
        ),
        (format!("GET /livez HTTP/1.1\r\n{end}"), Some("0 Host headers")),
        (
            format!("GET /livez HTTP/1.1\r\nhost: {own}\r\nhost: {own}\r\n{end}"),
            Some("2 Host headers"),
        ),
        (
            format!("GET /livez HTTP/1.1\r\nhost: {own}\r\nhost: evil.example\r\n{end}"),
            Some("2 Host headers"),
        ),
        (
            format!("GET http://evil.example/livez HTTP/1.1\r\nhost: {own}\r\n{end}"),
            Some("evil.example"),
        ),
        (
            format!("GET http://{own}/livez HTTP/1.1\r\nhost: evil.example\r\n{end}"),
            Some("evil.example"),
        ),
        (
            format!("GET http://localhost:{port}/livez HTTP/1.1\r\nhost: {own}\r\n{end}"),
            Some("in its target"),
        ),
        (
            format!("GET http://evil.example/livez HTTP/1.1\r\nhost: evil.example\r\n{end}"),
            Some("evil.example"),
        ),
        (
            format!(
                "GET /livez HTTP/1.1\r\nhost: {own}\r\norigin: http://{own}\r\norigin: http://{own}\r\n{end}"
            ),
            Some("2 Origin headers"),
        ),
    ] {
        let (status, body) = raw(&app, &request).await;
        match named {
            None => assert_eq!(status, 200, "{request}{body}"),
            Some(named) => {
                assert_eq!(status, 403, "{request}{body}");
                let detail = serde_json::from_str::<Value>(&body).unwrap()["detail"].clone();
                assert!(detail.as_str().unwrap().contains(named), "{request}{body}");
            }
        }
    }
    assert_eq!(http2(&app, &own, None).await.0, 200);
    for (authority, host) in [
        ("evil.example", None),
        (own.as_str(), Some("evil.example")),
        ("evil.example", Some(own.as_str())),
    ] {
        let (status, text) = http2(&app, authority, host).await;
        assert_eq!(status, 403, "{authority} {host:?}: {text}");
        assert!(text.contains("evil.example"), "{text}");
    }
}

/// What a browser is told of a page at `origin` that wants to `POST` to the path.
async fn preflight(app: &TestApp, path: &str, origin: &str) -> (StatusCode, HeaderMap) {
    let request = app
        .client
        .request(Method::OPTIONS, format!("{}{path}", app.url))
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type");
    let answer = answer(request).await;
    (answer.status, answer.headers)
}

#[tokio::test]
async fn pages_of_this_machine_may_call_the_api_and_never_the_page_itself() {
    let (app, _) = start().await;
    for origin in [
        "http://localhost:5173",
        "http://127.0.0.1:3000",
        "https://[::1]:4200",
        "http://localhost",
    ] {
        let (status, headers) = preflight(&app, "/v1/uploads", origin).await;
        assert_eq!(
            (status.as_u16(), &headers["access-control-allow-origin"]),
            (200, &HeaderValue::from_static(origin))
        );
        let called = app
            .client
            .get(format!("{}/v1/videos", app.url))
            .header("origin", origin);
        let called = answer(called).await;
        called.expect_problem(401, "unauthenticated");
        assert_eq!(called.headers["access-control-allow-origin"], origin);
        assert!(!called.headers.contains_key("access-control-allow-credentials"));
        for path in ["/", "/console/0000000000000000/app.js"] {
            let page = app
                .client
                .get(format!("{}{path}", app.url))
                .header("origin", origin);
            let page = answer(page).await;
            assert_eq!(page.status, 200, "{path}");
            assert!(
                !page.headers.contains_key("access-control-allow-origin"),
                "{path}"
            );
            assert_eq!(
                page.headers["cross-origin-resource-policy"], "same-origin",
                "{path}"
            );
            let (_, headers) = preflight(&app, path, origin).await;
            assert!(!headers.contains_key("access-control-allow-origin"), "{path}");
        }
    }
    for origin in ["null", "https://evil.example", "http://localhost.evil.example"] {
        let (status, headers) = preflight(&app, "/v1/uploads", origin).await;
        assert_eq!(status, 403, "{origin}");
        assert!(!headers.contains_key("access-control-allow-origin"), "{origin}");
    }
}

#[tokio::test]
async fn the_provider_is_told_of_a_page_of_this_machine() {
    let (app, _) = start().await;
    let file = app.database.url.strip_prefix("sqlite://").unwrap();
    let secret = std::fs::read(Path::new(file).with_file_name("development-secret")).unwrap();
    let claims = json!({"sub": "dev", "exp": app.clock.now().timestamp() + 60});
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    let key = jsonwebtoken::EncodingKey::from_secret(&secret);
    let token = jsonwebtoken::encode(&header, &claims, &key).unwrap();
    let page = "http://localhost:5173";
    let begin = || {
        app.client
            .post(format!("{}/v1/uploads", app.url))
            .bearer_auth(&token)
    };
    let told = || app.mux.requests().last().unwrap().body["cors_origin"].clone();
    answer(begin().header("origin", page).json(&json!({})))
        .await
        .expect(201);
    assert_eq!(told(), page);
    answer(begin().json(&json!({"cors_origin": "http://127.0.0.1:3000"})))
        .await
        .expect(201);
    assert_eq!(told(), "http://127.0.0.1:3000");
    for other in ["https://evil.example", "null", "*"] {
        let refused = answer(begin().json(&json!({"cors_origin": other}))).await;
        refused.expect_problem(422, "invalid_body");
    }
}

#[tokio::test]
async fn outside_development_mode_a_page_of_this_machine_is_like_any_other() {
    let app = TestApp::start(Db::Sqlite).await;
    let (_, headers) = preflight(&app, "/v1/uploads", "http://localhost:5173").await;
    assert!(!headers.contains_key("access-control-allow-origin"));
    let body = json!({"cors_origin": "http://localhost:5173"});
    let refused = app.post(&app.alice(), "/v1/uploads", &body).await;
    refused.expect_problem(422, "invalid_body");
}

#[tokio::test]
async fn a_caller_of_another_secret_is_nobody_in_development_mode() {
    let (app, _) = start().await;
    let claims = json!({"sub": "dev", "exp": app.clock.now().timestamp() + 60});
    app.get(&sign(&claims), "/v1/videos").await.expect(401);
    let nobodys = jsonwebtoken::encode(
        &jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256),
        &claims,
        &jsonwebtoken::EncodingKey::from_secret(b""),
    );
    app.get(&nobodys.unwrap(), "/v1/videos").await.expect(401);
}
