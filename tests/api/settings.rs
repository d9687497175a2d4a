//! `yourbit-video token` and the start: what is refused, and what is said.

use tempfile::TempDir;
use yourbit_video::config::Environment;

use crate::support::binary;
use crate::support::{Db, TestApp, environment};

#[tokio::test]
async fn tokens_that_are_of_no_use_are_not_made() {
    let folder = TempDir::new().unwrap();
    let env = environment("sqlite://x.db", "http://127.0.0.1:9", &[]);
    for (args, word) in [
        (&["--ttl", "0s"][..], "--ttl"),
        (&["--ttl", "900ms"], "--ttl"),
        (&["--scope", "video:amdin"], "video:amdin"),
        (
            &["--scope", "video:play,video:admin"],
            "allowed: video:own, video:upload, video:read, video:play, video:admin",
        ),
    ] {
        let args: Vec<&str> = ["token", "--sub", "alice"]
            .into_iter()
            .chain(args.iter().copied())
            .collect();
        let refused = binary::run(folder.path(), &env, &args).await;
        assert!(
            !refused.well && refused.out.is_empty() && refused.err.contains(word),
            "{args:?} {refused:?}"
        );
    }
    let both = [
        "token",
        "--sub",
        "alice",
        "--scope",
        "video:play video:admin",
        "--ttl",
        "1s",
    ];
    let made = binary::run(folder.path(), &env, &both).await;
    assert!(
        made.well && made.err.is_empty() && made.out.split('.').count() == 3,
        "{made:?}"
    );
}

#[tokio::test]
async fn a_secret_that_is_made_for_a_token_is_not_made_silently() {
    let folder = TempDir::new().unwrap();
    let env: Environment = [("VIDEO_LOG__FILTER", "warn")].into_iter().collect();
    let first = binary::run(folder.path(), &env, &["token", "--sub", "dev"]).await;
    assert!(first.well && first.out.split('.').count() == 3, "{first:?}");
    let data = folder.path().canonicalize().unwrap().join("data");
    for words in [
        data.to_str().unwrap(),
        "no service has run",
        "will refuse this token",
    ] {
        assert!(first.err.contains(words), "{first:?}");
    }
    let second = binary::run(folder.path(), &env, &["token", "--sub", "dev"]).await;
    assert!(second.well && second.err.is_empty(), "{second:?}");
}

on_both! {
async fn without_tables_it_starts_and_waits_for_them(db: Db) {
    let app = TestApp::with(db, &[("VIDEO_DATABASE__MIGRATE_ON_START", "false")]).await;
    app.send(http::Method::GET, "/livez", None, None).await.expect(200);
    app.send(http::Method::GET, "/readyz", None, None).await.expect_problem(503, "unavailable");
    app.state.store.migrate().await.unwrap();
    app.clock.advance(chrono::Duration::seconds(2));
    app.send(http::Method::GET, "/readyz", None, None).await.expect(200);
    // With the tables come the tickets: a stream opens.
    let video = app.upload().await;
    let stream = app.client.get(format!("{}{}", app.url, video["events_url"].as_str().unwrap())).send().await.unwrap();
    assert_eq!(stream.status(), 200);
}
}

#[tokio::test]
async fn settings_are_printed_with_default_variable_and_meaning() {
    let folder = TempDir::new().unwrap();
    let all = binary::run(folder.path(), &Environment::default(), &["settings"]).await;
    assert!(all.well, "{all:?}");
    for line in [
        "http.listen = \"127.0.0.1:8080\"    VIDEO_HTTP__LISTEN",
        "    Address to listen on.",
        "local.chaos.drop = 0.0    VIDEO_LOCAL__CHAOS__DROP",
        "VIDEO_AUTH__JWT_SECRET    VIDEO_AUTH__JWT_SECRET_FILE",
        "VIDEO_EVENTS__SECRETS    VIDEO_EVENTS__SECRETS_FILE",
    ] {
        assert!(all.out.lines().any(|found| found == line), "{line}\n{}", all.out);
    }
    all.says(&["mux    ", "VIDEO_PRIVATE_KEY", "VIDEO_MUX_API (optional)"]);
}

/// Variables with a value in compose.yaml and in the Dockerfile.
fn deployed() -> Vec<(String, String)> {
    let text = include_str!("../../compose.yaml").to_owned() + include_str!("../../Dockerfile");
    let pairs = text.lines().filter_map(|line| {
        let line = line
            .trim()
            .trim_start_matches("ENV ")
            .trim_end_matches(['\\', ' ']);
        let (name, value) = line.split_once(": ").or_else(|| line.split_once('='))?;
        let ours = name.starts_with("VIDEO_") || name.starts_with("DATABASE_URL");
        let value = value.split(" #").next().unwrap_or_default();
        ours.then(|| (name.to_owned(), value.to_owned()))
    });
    pairs.collect()
}

#[test]
fn the_container_and_the_example_of_a_production_set_what_there_is() {
    let folder = TempDir::new().unwrap();
    let secrets = [
        ("DATABASE_URL_FILE", "postgres://video:x@postgres/video"),
        ("VIDEO_AUTH__JWT_SECRET_FILE", "0123456789abcdef0123456789abcdef"),
    ];
    let mut env = deployed();
    assert!(env.len() >= 7, "{env:?}");
    for (name, value) in &mut env {
        if let Some((_, secret)) = secrets.iter().find(|(known, _)| known == name) {
            let file = folder.path().join(&*name);
            std::fs::write(&file, secret).unwrap();
            *value = file.to_str().unwrap().to_owned();
        }
    }
    env.push((
        "VIDEO_HTTP__PUBLIC_URL".to_owned(),
        "https://video.example.com".to_owned(),
    ));
    let settings = yourbit_video::config::load(None, &env.into_iter().collect());
    let settings = settings.unwrap_or_else(|error| panic!("{error}"));
    assert!(settings.database.url.starts_with("postgres://video:"));
    assert_eq!(settings.http.listen.port(), 8080);
}

#[test]
fn a_file_with_a_mark_of_its_byte_order_names_the_line_of_its_error() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("video.toml");
    for (text, line) in [
        ("\u{feff}=", "line 1"),
        ("\u{feff}[http]\n\u{e4}\u{e4} = ", "line 2"),
    ] {
        std::fs::write(&file, text).unwrap();
        let refused = yourbit_video::config::load(Some(&file), &Environment::default()).unwrap_err();
        assert!(refused.to_string().contains(line), "{refused}");
    }
}

#[test]
fn an_endpoint_that_is_refused_is_named_without_its_password() {
    let env = environment(
        "sqlite://x.db",
        "http://127.0.0.1:9",
        &[(
            "VIDEO_EVENTS__ENDPOINTS",
            "https://user:hunter2@app.example/hooks?key=hunter3",
        )],
    );
    let refused = yourbit_video::config::load(None, &env).unwrap_err().to_string();
    assert!(refused.contains("app.example/hooks"), "{refused}");
    assert!(!refused.contains("hunter"), "{refused}");
}
