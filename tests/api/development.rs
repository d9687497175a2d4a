//! Development mode: this machine alone is answered, and no route gives a token away.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Child;
use yourbit_video::clock::Clock;
use yourbit_video::config::Environment;

use crate::support::{Db, SECRET, TestApp, answer, binary, environment, sign};

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
        for path in ["/", "/console/app.js"] {
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

/// A process in development mode, and the link that it printed.
async fn launch(folder: &Path, env: &Environment) -> (Child, String) {
    let mut child = binary::start(folder, env, &["serve"]);
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let link = lines
        .next_line()
        .await
        .unwrap()
        .expect("a line on standard output");
    (child, link)
}

/// What is written on standard error until the process is killed.
async fn killed(mut child: Child) -> String {
    child.start_kill().unwrap();
    let output = child.wait_with_output().await.unwrap();
    String::from_utf8(output.stderr).unwrap()
}

fn token_of(link: &str) -> (&str, &str) {
    link.split_once("/#token=")
        .unwrap_or_else(|| panic!("no link: {link}"))
}

/// The status of the caller's list at the service of `link`.
async fn status(link: &str, token: &str) -> u16 {
    let service = token_of(link).0;
    let request = reqwest::Client::new().get(format!("{service}/v1/videos"));
    request.bearer_auth(token).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn the_start_prints_a_link_whose_token_ends_with_the_process() {
    let folder = tempfile::TempDir::new().unwrap();
    let database = format!("sqlite://{}/data/video.db", folder.path().display());
    let env = environment(&database, "http://127.0.0.1:9", &[OPEN]);
    let (child, link) = launch(folder.path(), &env).await;
    let (service, token) = token_of(&link);
    let port: u16 = service
        .strip_prefix("http://localhost:")
        .unwrap()
        .parse()
        .unwrap();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((&claims["sub"], &claims["scope"]), (&json!("dev"), &Value::Null));
    let left_s = claims["exp"].as_i64().unwrap() - Clock::system().now().timestamp();
    assert!((12 * 3600 - 60..=12 * 3600).contains(&left_s), "{left_s}");
    assert_eq!(status(&link, token).await, 200);
    let answer = reqwest::Client::new().get(format!("{service}/v1/admin/webhook-events"));
    assert_eq!(answer.bearer_auth(token).send().await.unwrap().status(), 403);

    // Another command of the same folder, for the same port.
    let on_port = [OPEN, ("VIDEO_HTTP__LISTEN", &*format!("127.0.0.1:{port}"))];
    let env = environment(&database, "http://127.0.0.1:9", &on_port);
    let printed = binary::run(folder.path(), &env, &["token", "--link"]).await;
    let another = printed.out.trim();
    assert_eq!(token_of(another).0, service, "{printed:?}");
    assert_eq!(status(another, token_of(another).1).await, 200);

    // Neither is in the log, nor in anything that a route answers.
    for path in ["/", "/console/session.js", "/docs", "/openapi.json", "/metrics"] {
        let text = reqwest::get(format!("{service}{path}"))
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        for token in [token, token_of(another).1] {
            assert!(!text.contains(token.rsplit('.').next().unwrap()), "{path}");
        }
        assert!(path != "/" || !text.contains("eyJ"), "{text}");
    }
    let log = killed(child).await;
    assert!(log.contains("development mode") && !log.contains("eyJ"), "{log}");

    let (child, new) = launch(folder.path(), &env).await;
    assert_eq!(status(&new, token).await, 401, "it ended with its process");
    assert_eq!(
        status(&new, token_of(another).1).await,
        200,
        "its secret is in the folder"
    );
    assert_eq!(status(&new, token_of(&new).1).await, 200);
    killed(child).await;
}

#[tokio::test]
async fn a_reload_leaves_the_link_and_this_machine_as_they_were() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("video.toml");
    std::fs::write(&file, "").unwrap();
    let app = TestApp::with(Db::Sqlite, &[OPEN, ("VIDEO_CONFIG", file.to_str().unwrap())]).await;
    let link = app.link.as_ref().unwrap();
    let token = token_of(link).1;
    app.get(token, "/v1/videos").await.expect(200);
    app.reload().await.unwrap();
    app.get(token, "/v1/videos").await.expect(200);
    std::fs::write(&file, "[http]\npublic_url = \"https://video.example.com\"").unwrap();
    let line = app.reload().await.unwrap_err();
    assert!(line.contains("http.public_url"), "{line}");
    app.get(token, "/v1/videos").await.expect(200);
    app.clock
        .advance(chrono::Duration::hours(12) + chrono::Duration::seconds(31));
    app.get(token, "/v1/videos").await.expect(401);
}

#[tokio::test]
async fn a_link_is_printed_in_development_mode_alone_and_where_there_is_a_page() {
    let folder = tempfile::TempDir::new().unwrap();
    let database = format!("sqlite://{}/video.db", folder.path().display());
    for (more, words) in [
        (
            &[("VIDEO_AUTH__JWT_SECRET", SECRET)][..],
            &["--link", "development mode"][..],
        ),
        (&[OPEN], &["http.listen", "port 0"]),
        (
            &[
                OPEN,
                ("VIDEO_HTTP__LISTEN", "127.0.0.1:8080"),
                ("VIDEO_HTTP__CONSOLE", "false"),
            ],
            &["http.console"],
        ),
        (
            &[OPEN, ("VIDEO_HTTP__PUBLIC_URL", "https://video.example.com")],
            &["http.public_url", "development mode"],
        ),
    ] {
        let env = environment(&database, "http://127.0.0.1:9", more);
        let ended = binary::run(folder.path(), &env, &["token", "--link"]).await;
        assert!(!ended.well && ended.out.is_empty(), "{ended:?}");
        for word in words {
            assert!(ended.err.contains(word), "{word}: {}", ended.err);
        }
    }
    let env = environment(&database, "http://127.0.0.1:9", &[OPEN]);
    for wrong in [
        &["token", "--link", "--sub", "ada"][..],
        &["token", "--link", "--scope", "video:admin"],
        &["token"],
    ] {
        let ended = binary::run(folder.path(), &env, wrong).await;
        assert!(!ended.well && ended.out.is_empty(), "{wrong:?}: {ended:?}");
    }
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

#[tokio::test]
async fn the_secret_of_development_mode_is_readable_by_its_owner_alone() {
    let folder = tempfile::TempDir::new().unwrap();
    let database = format!("sqlite://{}/data/video.db", folder.path().display());
    let env = environment(&database, "http://127.0.0.1:9", &[OPEN]);
    let file = folder.path().join("data/development-secret");
    let mode = || std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    let made = binary::run(folder.path(), &env, &["token", "--sub", "ada"]).await;
    assert!(made.well, "{made:?}");
    assert_eq!(mode(), 0o600);
    let secret = std::fs::read_to_string(&file).unwrap();
    // As a copy of the folder has it, and one that a broken start left.
    for kept in [secret.as_str(), ""] {
        std::fs::write(&file, kept).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let again = binary::run(folder.path(), &env, &["token", "--sub", "ada"]).await;
        assert!(again.well, "{again:?}");
        assert_eq!(mode(), 0o600, "{kept:?}");
        assert_eq!(
            std::fs::read_to_string(&file).unwrap() == secret,
            !kept.is_empty()
        );
    }
}
