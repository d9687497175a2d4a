//! What stops the start: one line that names file and key, and nothing begun.

use yourbit_video::clock::Clock;

use crate::support::{Db, TestApp, build, environment, keys};

/// The line with which the start is refused.
async fn refusal(more: &[(&str, &str)]) -> String {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let env = environment(&url, "http://127.0.0.1:9", more);
    match build(&env, Clock::system()).await {
        Ok(_) => panic!("started with {more:?}"),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn names(line: &str, words: &[&str]) {
    assert!(!line.contains('\n'), "{line}");
    for word in words {
        assert!(line.contains(word), "\"{word}\" is not in: {line}");
    }
}

#[tokio::test]
async fn settings_that_do_not_fit_are_named() {
    for (variable, value, words) in [
        (
            "VIDEO_HTTP__LISTN",
            "x",
            &["VIDEO_HTTP__LISTN", "http.listn", "listen"][..],
        ),
        ("VIDEO_HTP__LISTEN", "x", &["VIDEO_HTP__LISTEN", "htp.listen"]),
        (
            "VIDEO_HTTP__LISTEN",
            "nowhere",
            &["VIDEO_HTTP__LISTEN", "http.listen"],
        ),
        (
            "VIDEO_HTTP__DRAIN_S",
            "long",
            &["VIDEO_HTTP__DRAIN_S", "whole number"],
        ),
        ("VIDEO_HTTP__PUBLIC_URL", "ftp://x", &["http.public_url"]),
        ("DATABASE_URL", "mysql://x", &["DATABASE_URL", "database.url"]),
        (
            "VIDEO_PROVIDERS__DEFAULT",
            "other",
            &["providers.default", "other"],
        ),
        (
            "VIDEO_UPLOADS__TTL_S",
            "5",
            &["VIDEO_UPLOADS__TTL_S", "60 to 604800"],
        ),
        (
            "VIDEO_UPLOADS__CORS_ORIGINS",
            "example.com",
            &["uploads.cors_origins", "example.com"],
        ),
        (
            "VIDEO_UPLOADS__ALLOWED_SETTINGS",
            "/a/playback_policies",
            &["uploads.allowed_settings", "playback_policies"],
        ),
        (
            "VIDEO_UPLOADS__ALLOWED_SETTINGS",
            "/input/0/x",
            &["uploads.allowed_settings"],
        ),
        (
            "VIDEO_AUTH__JWT_SECRET",
            "short",
            &["VIDEO_AUTH__JWT_SECRET", "32"],
        ),
        ("VIDEO_AUTH__JWKS", "http://example.com/jwks", &["auth.jwks"]),
        (
            "VIDEO_DATABASE__REQUIRE_POSTGRES",
            "true",
            &["require_postgres", "DATABASE_URL"],
        ),
        (
            "VIDEO_HTTP__TRUSTED_PROXIES",
            "10.0.0.0/8,proxy.example",
            &["http.trusted_proxies", "proxy.example"],
        ),
        (
            "VIDEO_EVENTS__ENDPOINTS",
            "https://app.example.com/told",
            &["events.endpoints", "VIDEO_EVENTS__SECRETS"],
        ),
        (
            "VIDEO_EVENTS__ENDPOINTS",
            "http://app.example.com/told",
            &["events.endpoints", "https", "allow_private"],
        ),
        (
            "VIDEO_EVENTS__SECRETS",
            "whsec_c2hvcnQ=",
            &["VIDEO_EVENTS__SECRETS", "24 to 64"],
        ),
        ("VIDEO_CDN_TOKEN", "", &["mux.toml", "VIDEO_CDN_TOKEN"]),
        ("VIDEO_WEBHOOK_SECRET_FILE", "/nowhere", &["VIDEO_WEBHOOK_SECRET"]),
        (
            "DATABASE_URL_FILE",
            "/nowhere",
            &["DATABASE_URL_FILE", "/nowhere"],
        ),
        ("VIDEO_PRIVATE_KEY", "", &["mux.toml", "VIDEO_PRIVATE_KEY"]),
        ("VIDEO_PRIVATE_KEY", "not a key", &["mux.toml", "key"]),
    ] {
        let unset = variable.strip_suffix("_FILE").map(|name| (name, ""));
        let more: Vec<(&str, &str)> = unset.into_iter().chain([(variable, value)]).collect();
        names(&refusal(&more).await, words);
    }
}

#[tokio::test]
async fn a_public_address_is_one_that_paths_can_be_put_behind() {
    for (variable, value, named) in [
        ("VIDEO_HTTP__PUBLIC_URL", "https://x/#a", "fragment"),
        ("VIDEO_HTTP__PUBLIC_URL", "https://x/a?b", "query"),
        ("VIDEO_HTTP__PUBLIC_URL", "https://x//evil.example", "path"),
        ("VIDEO_HTTP__PUBLIC_URL", "https://x/a/../b", "path"),
        ("VIDEO_HTTP__PUBLIC_URL", "https://x/a b", "path"),
        ("VIDEO_HTTP__PUBLIC_URL", "https://me:secret@x/a", "user"),
        ("VIDEO_LOCAL__PUBLIC_URL", "https://x/local/?a", "query"),
    ] {
        let key = if variable.contains("LOCAL") {
            "local.public_url"
        } else {
            "http.public_url"
        };
        names(&refusal(&[(variable, value)]).await, &[variable, key, named]);
    }
}

#[tokio::test]
async fn an_empty_auth_value_is_not_an_unset_one() {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "\n").unwrap();
    for (variable, value, named) in [
        ("VIDEO_AUTH__JWT_SECRET", "", "VIDEO_AUTH__JWT_SECRET"),
        ("VIDEO_AUTH__JWT_SECRET", " ", "VIDEO_AUTH__JWT_SECRET"),
        ("VIDEO_AUTH__JWT_SECRET_FILE", "", "VIDEO_AUTH__JWT_SECRET_FILE"),
        (
            "VIDEO_AUTH__JWT_SECRET_FILE",
            empty.to_str().unwrap(),
            "VIDEO_AUTH__JWT_SECRET",
        ),
        ("VIDEO_AUTH__JWKS", "", "auth.jwks"),
        ("VIDEO_AUTH__ISSUER", "", "auth.issuer"),
        ("VIDEO_AUTH__AUDIENCE", "", "auth.audience"),
    ] {
        let pairs = environment(&url, "http://127.0.0.1:9", &[("VIDEO_AUTH__JWT_SECRET", "")]);
        let env = pairs.iter().chain([(variable, value)]).collect();
        let line = build(&env, Clock::system()).await.err().unwrap().to_string();
        names(&line, &[named]);
    }
}

#[tokio::test]
async fn development_mode_does_not_reach_further_than_this_machine() {
    for (variable, value, words) in [
        ("VIDEO_HTTP__LISTEN", "0.0.0.0:0", &["http.listen"][..]),
        (
            "VIDEO_HTTP__PUBLIC_URL",
            "https://video.example.com",
            &["http.public_url", "loopback"],
        ),
        (
            "VIDEO_HTTP__PUBLIC_URL",
            "http://localhost.example.com",
            &["http.public_url"],
        ),
        (
            "VIDEO_HTTP__PUBLIC_URL",
            "http://10.0.0.1:8080",
            &["http.public_url"],
        ),
        (
            "VIDEO_LOCAL__PUBLIC_URL",
            "https://video.example.com/local",
            &["local.public_url"],
        ),
    ] {
        let line = refusal(&[("VIDEO_AUTH__JWT_SECRET", ""), (variable, value)]).await;
        names(&line, &["VIDEO_AUTH__JWT_SECRET", "development mode"]);
        names(&line, words);
    }
}

#[tokio::test]
async fn what_is_said_of_callers_is_not_development_mode() {
    for (variable, key) in [
        ("VIDEO_AUTH__ISSUER", "auth.issuer"),
        ("VIDEO_AUTH__AUDIENCE", "auth.audience"),
    ] {
        let line = refusal(&[("VIDEO_AUTH__JWT_SECRET", ""), (variable, "https://issuer")]).await;
        names(&line, &[variable, key, "VIDEO_AUTH__JWT_SECRET", "auth.jwks"]);
    }
}

#[tokio::test]
async fn a_signed_default_without_a_signing_key_is_refused() {
    let off = [("VIDEO_SIGNING_KEY", ""), ("VIDEO_PRIVATE_KEY", "")];
    names(&refusal(&off).await, &["uploads.playback_policy", "mux"]);
}

#[tokio::test]
async fn broken_maps_are_refused_by_file_table_and_key() {
    let map = include_str!("../../config/providers/mux.toml");
    for (from, to, words) in [
        (
            "[upload.client]",
            "[upload.client]\nprotokoll = \"put\"",
            &["upload.client", "protokoll"][..],
        ),
        ("{video_id}", "{vidoe_id}", &["vidoe_id"]),
        ("[webhook.verify]", "[webhook.verified]", &["[webhook]", "verify"]),
    ] {
        let folder = tempfile::TempDir::new().unwrap();
        assert!(map.contains(from), "{from}");
        std::fs::write(folder.path().join("mux.toml"), map.replacen(from, to, 1)).unwrap();
        let line = refusal(&[("VIDEO_PROVIDERS__DIR", folder.path().to_str().unwrap())]).await;
        names(&line, words);
        names(&line, &["mux.toml"]);
    }
}

#[tokio::test]
async fn a_settings_file_is_refused_by_line_and_key() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("video.toml");
    for (text, words) in [
        ("[http]\nlisten = 5", &["video.toml", "http.listen"][..]),
        ("[http\n", &["video.toml", "line 1"]),
        ("[http]\nport = 5", &["video.toml", "http.port", "listen"]),
        (
            "[auth]\njwt_secret = \"x\"",
            &["video.toml", "VIDEO_AUTH__JWT_SECRET"],
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        let line = refusal(&[
            ("VIDEO_CONFIG", file.to_str().unwrap()),
            ("VIDEO_HTTP__LISTEN", ""),
        ])
        .await;
        names(&line, words);
    }
    assert!(!keys::private_pem().is_empty());
}

#[tokio::test]
async fn a_provider_with_living_videos_is_not_left_behind() {
    use crate::support::{Db, TestApp};
    let app = TestApp::start(Db::Sqlite).await;
    let video = app.upload().await;
    let folder = tempfile::TempDir::new().unwrap();
    let local = folder.path().join("local");
    let moved = [
        ("VIDEO_PROVIDERS__ENABLED", "local"),
        ("VIDEO_PROVIDERS__DEFAULT", "local"),
        ("VIDEO_LOCAL__DIR", local.to_str().unwrap()),
    ];
    let url = app.database.url.clone();
    let without: Vec<_> = moved.iter().copied().chain([("VIDEO_CDN_SECRET", "")]).collect();
    let refused = build(&environment(&url, &app.mux.url, &without), Clock::system()).await;
    names(
        &refused.err().unwrap().to_string(),
        &["VIDEO_CDN_SECRET", "1 videos", "\"mux\""],
    );
    // With its secrets it stays: its webhooks are taken, its videos play, and new uploads go elsewhere.
    let both = build(&environment(&url, &app.mux.url, &moved), Clock::system())
        .await
        .unwrap();
    assert!(both.state.providers.by_name("mux").is_some());
    assert_eq!(both.state.settings.uploads.allowed_providers, ["local"]);
    assert_eq!(video["provider"], "mux");
}

#[tokio::test]
async fn an_index_whose_making_was_cut_short_is_made_anew() {
    use sqlx::Connection;
    let app = TestApp::start(Db::Postgres).await;
    let mut rows = sqlx::PgConnection::connect(&app.database.url).await.unwrap();
    // As a start that was killed leaves it.
    let cut_short = "update pg_index set indisvalid = false where indexrelid = 'videos_open'::regclass; \
         delete from _sqlx_migrations where version = 9";
    sqlx::raw_sql(cut_short).execute(&mut rows).await.unwrap();
    let others = futures::future::join_all((0..3).map(|_| app.replica())).await;
    assert_eq!(others.len(), 3);
    let is_valid = "select indisvalid from pg_index where indexrelid = 'videos_open'::regclass";
    assert!(
        sqlx::query_scalar::<_, bool>(is_valid)
            .fetch_one(&mut rows)
            .await
            .unwrap()
    );
}
