//! The link that a start prints, the one of `yourbit-video token --link`, and the secret behind the latter.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use yourbit_video::clock::Clock;
use yourbit_video::config::Environment;

use super::OPEN;
use crate::support::{Db, SECRET, TestApp, binary, environment};

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
