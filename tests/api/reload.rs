//! What SIGHUP does: everything new is taken over at once, or nothing.

mod files;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};
use yourbit_video::clock::Clock;
use yourbit_video::jobs::outbox;

use self::files::{Files, MAP, NEW, OLD, post_event, start, token};
use crate::support::keys::{self, Key};
use crate::support::mux_events::Ids;
use crate::support::receiver::{Receiver, verified};
use crate::support::{Db, TestApp, answer, build, environment};

/// A video whose events the old webhook secret signed.
async fn ready(app: &TestApp, caller: &str) -> Value {
    let video = app.post(caller, "/v1/uploads", &json!({})).await.expect(201)["video"].clone();
    for event in Ids::of(&video).usual("signed", app.clock.now()) {
        assert_eq!(post_event(app, "old-webhook-secret", &event).await, 200);
    }
    video
}

async fn playback(app: &TestApp, caller: &str, video: &Value) -> Value {
    let path = format!("/v1/videos/{}/playback", video["id"].as_str().unwrap());
    app.get(caller, &path).await.expect(200)
}

/// The id of the key that `token` was signed with, where it is `key`.
fn signed_by(token: &Value, key: &Key) -> Option<String> {
    let token = token.as_str().unwrap();
    let mut rules = Validation::new(Algorithm::RS256);
    (rules.validate_exp, rules.validate_aud) = (false, false);
    let key = DecodingKey::from_rsa_pem(key.public_pem.as_bytes()).unwrap();
    jsonwebtoken::decode::<Value>(token, &key, &rules).ok()?;
    jsonwebtoken::decode_header(token).unwrap().kid
}

on_both! {
    async fn a_new_signing_key_signs_the_next_token(db: Db) {
        let (files, old, new) = (Files::new(), Key::make(), Key::make());
        files.write("key", &old.private_pem);
        let app = start(db, &files).await;
        let alice = token(&app, OLD);
        let video = ready(&app, &alice).await;
        let before = playback(&app, &alice, &video).await;
        assert_eq!(signed_by(&before["tokens"]["playback"], &old).as_deref(), Some("key-old"));
        files.write("key", &new.private_pem);
        files.write("key-id", "key-new\n");
        // Nothing changes by itself.
        let still = playback(&app, &alice, &video).await;
        assert_eq!(signed_by(&still["tokens"]["playback"], &old).as_deref(), Some("key-old"));
        assert_eq!(app.reload().await, Ok(vec![]));
        let after = playback(&app, &alice, &video).await;
        for name in ["playback", "thumbnail", "storyboard"] {
            assert_eq!(signed_by(&after["tokens"][name], &new).as_deref(), Some("key-new"), "{name}");
        }
    }
}

on_both! {
    async fn a_webhook_secret_is_rotated_without_a_refusal(db: Db) {
        let files = Files::new();
        let app = start(db, &files).await;
        let alice = token(&app, OLD);
        let video = app.post(&alice, "/v1/uploads", &json!({})).await.expect(201)["video"].clone();
        let [first, second, third, fourth] = Ids::of(&video).usual("signed", app.clock.now());
        let (old, new) = ("old-webhook-secret", "new-webhook-secret");
        assert_eq!(post_event(&app, old, &first).await, 200);
        assert_eq!(post_event(&app, new, &second).await, 401);
        files.write("webhook", &format!("{old},{new}"));
        app.reload().await.unwrap();
        assert_eq!(post_event(&app, old, &second).await, 200);
        assert_eq!(post_event(&app, new, &third).await, 200);
        files.write("webhook", new);
        app.reload().await.unwrap();
        assert_eq!(post_event(&app, old, &fourth).await, 401);
        assert_eq!(post_event(&app, new, &fourth).await, 200);
        assert_eq!(app.get(&alice, &format!("/v1/videos/{}", video["id"].as_str().unwrap())).await.expect(200)["status"], "ready");
    }
}

on_both! {
    async fn a_callers_secret_is_rotated_without_a_refusal(db: Db) {
        let files = Files::new();
        let app = start(db, &files).await;
        let (old, new) = (token(&app, OLD), token(&app, NEW));
        app.get(&old, "/v1/videos").await.expect(200);
        app.get(&new, "/v1/videos").await.expect_problem(401, "unauthenticated");
        files.write("jwt", &format!("{OLD},{NEW}\n"));
        app.reload().await.unwrap();
        app.get(&old, "/v1/videos").await.expect(200);
        app.get(&new, "/v1/videos").await.expect(200);
        files.write("jwt", NEW);
        app.reload().await.unwrap();
        app.get(&old, "/v1/videos").await.expect_problem(401, "unauthenticated");
        app.get(&new, "/v1/videos").await.expect(200);
    }
}

on_both! {
    async fn settings_of_the_file_hold_for_the_next_request(db: Db) {
        let files = Files::new();
        let app = start(db, &files).await;
        let alice = token(&app, OLD);
        let video = ready(&app, &alice).await;
        let from = |origin: &str| {
            let request = app.client.get(format!("{}/v1/videos", app.url)).bearer_auth(&alice);
            answer(request.header("origin", origin))
        };
        assert!(!from("https://app.example.com").await.headers.contains_key("access-control-allow-origin"));
        files.write(
            "video.toml",
            "[http]\ncors_origins = [\"https://app.example.com\"]\n[uploads]\nper_owner_per_min = 2\n\
             [playback]\nttl_s = 600\nthumbnails = { tiny = 50 }",
        );
        assert_eq!(app.reload().await, Ok(vec![]));
        assert_eq!(from("https://app.example.com").await.headers["access-control-allow-origin"], "https://app.example.com");
        let shown = playback(&app, &alice, &video).await;
        let names: Vec<&String> = shown["thumbnails"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["tiny"]);
        // One of sixty was used: the same share of two is less than one.
        app.post(&alice, "/v1/uploads", &json!({})).await.expect(201);
        app.post(&alice, "/v1/uploads", &json!({})).await.expect_problem(429, "rate_limited");
    }
}

on_both! {
    async fn a_map_is_taken_over_where_events_come_in(db: Db) {
        let files = Files::new();
        files.write("mux.toml", &MAP.replace("\"video.asset.ready\"", "\"video.asset.never\""));
        let app = start(db, &files).await;
        let alice = token(&app, OLD);
        let path = |video: &Value| format!("/v1/videos/{}", video["id"].as_str().unwrap());
        let without = ready(&app, &alice).await;
        assert_eq!(app.get(&alice, &path(&without)).await.expect(200)["status"], "preparing");
        files.write("mux.toml", MAP);
        app.reload().await.unwrap();
        // No job runs here: the one transaction that stores the event applies it.
        let with = ready(&app, &alice).await;
        assert_eq!(app.get(&alice, &path(&with)).await.expect(200)["status"], "ready");
    }
}

on_both! {
    async fn endpoints_and_their_secrets_are_taken_over(db: Db) {
        let (files, first, second) = (Files::new(), Receiver::start().await, Receiver::start().await);
        let told = |receiver: &Receiver| {
            format!("[events]\nendpoints = [\"{}\"]\nallow_private = true", receiver.url)
        };
        files.write("video.toml", &told(&first));
        let app = start(db, &files).await;
        let alice = token(&app, OLD);
        ready(&app, &alice).await;
        outbox::send_due_events(&app.state_now().await).await.unwrap();
        assert_eq!(first.deliveries().len(), 1);
        let secret = "whsec_bmV3IHNlY3JldCBmb3IgZXZlbnRzIG91dA==";
        files.write("video.toml", &told(&second));
        files.write("events", secret);
        app.reload().await.unwrap();
        ready(&app, &alice).await;
        outbox::send_due_events(&app.state_now().await).await.unwrap();
        assert_eq!((first.deliveries().len(), second.deliveries().len()), (1, 1));
        assert_eq!(verified(secret, &second.deliveries()).await[0]["type"], "video.ready");
    }
}

on_both! {
    async fn a_bad_reload_changes_nothing_and_says_what_the_start_would_say(db: Db) {
        let (files, key) = (Files::new(), Key::make());
        files.write("key", &key.private_pem);
        let app = start(db, &files).await;
        let alice = token(&app, OLD);
        let video = ready(&app, &alice).await;
        let good = |name: &str| std::fs::read_to_string(files.path(name)).unwrap();
        let words: [(&str, &str, &[&str]); 7] = [
            ("video.toml", "[http]\nbody_limit_bytes = 5", &["video.toml", "http.body_limit_bytes", "16777216"]),
            ("video.toml", "[playback", &["video.toml", "line 1"]),
            ("video.toml", "[http]\nlisen = 1", &["video.toml", "http.lisen", "listen"]),
            ("mux.toml", "[upload", &["mux.toml"]),
            ("key", "no key at all", &["mux.toml", "VIDEO_PRIVATE_KEY"]),
            ("key-id", "", &["VIDEO_SIGNING_KEY"]),
            ("jwt", "short", &["VIDEO_AUTH__JWT_SECRET", "32"]),
        ];
        for (name, text, words) in words {
            let was = good(name);
            // What is good of it is not taken over either.
            let settings = good("video.toml");
            files.write("video.toml", "[playback]\nthumbnails = { tiny = 50 }");
            files.write("webhook", "quite-another-secret");
            files.write(name, text);
            let line = app.reload().await.unwrap_err();
            assert!(!line.contains('\n'), "{line}");
            for word in words {
                assert!(line.contains(word), "\"{word}\" is not in: {line}");
            }
            assert_eq!(line, refusal(&app, &files).await, "as at the start");
            let shown = playback(&app, &alice, &video).await;
            assert_eq!(shown["thumbnails"].as_object().unwrap().len(), 3, "{line}");
            assert_eq!(signed_by(&shown["tokens"]["playback"], &key).as_deref(), Some("key-old"));
            let event = Ids::of(&video).asset_event("updated", "ready", "signed", app.clock.now());
            assert_eq!(post_event(&app, "old-webhook-secret", &event).await, 200);
            files.write("video.toml", &settings);
            files.write("webhook", "old-webhook-secret");
            files.write(name, &was);
        }
        assert_eq!(app.reload().await, Ok(vec![]));
    }
}

/// Why a service with these files does not start.
async fn refusal(app: &TestApp, files: &Files) -> String {
    let settings = files.settings();
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let env = environment(&app.database.url, &app.mux.url, &settings);
    let refused = build(&env, Clock::system()).await;
    refused.err().unwrap().to_string()
}

#[tokio::test]
async fn what_takes_a_start_is_named_and_stays_as_it_is() {
    let files = Files::new();
    files.write("video.toml", "[database]\nmax_connections = 4");
    let app = start(Db::Sqlite, &files).await;
    assert_eq!(app.reload().await, Ok(vec![]), "a port of 0 is no change");
    files.write(
        "video.toml",
        "[database]\nmax_connections = 5\n[http]\nmetrics_listen = \"127.0.0.1:9999\"\nmax_waiting = 60\n[local]\njobs = 3\n\
         [log]\nfilter = \"debug\"",
    );
    let kept = [
        "http.metrics_listen",
        "database.max_connections",
        "local.jobs",
        "log.filter",
    ];
    assert_eq!(app.reload().await, Ok(kept.to_vec()));
    let settings = app.state_now().await.settings.clone();
    assert_eq!((settings.database.max_connections, settings.local.jobs), (4, 1));
    assert_eq!(settings.http.metrics_listen, "");
    assert_eq!(settings.http.max_waiting, 60, "the rest is taken over");
    assert_eq!(settings.http.public_url, app.url);
    files.write("video.toml", "[providers]\nenabled = [\"mux\", \"local\"]");
    // The variable says otherwise, and wins.
    assert_eq!(app.reload().await, Ok(vec!["database.max_connections"]));
}

/// The settings file of a service whose callers are known by the key set at `source`.
fn by_key_set(source: &str, providers: &str) -> String {
    format!(
        "[auth]\njwks = \"{source}\"\nissuer = \"i\"\naudience = \"a\"\n\
         [providers]\ndefault = \"mux\"\nenabled = [{providers}]\n"
    )
}

/// A service that has everything but its secrets from its settings file.
async fn start_by_file(files: &Files) -> TestApp {
    let mut settings = files.settings();
    for name in [
        "AUTH__JWT_SECRET_FILE",
        "PROVIDERS__ENABLED",
        "PROVIDERS__DEFAULT",
    ] {
        settings.push((format!("VIDEO_{name}"), String::new()));
    }
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    TestApp::with(Db::Sqlite, &settings).await
}

#[tokio::test]
async fn development_mode_and_the_built_in_provider_begin_with_a_start_alone() {
    let files = Files::new();
    files.write("jwks.json", "{\"keys\":[]}");
    let set = files.path("jwks.json").display().to_string();
    files.write("video.toml", &by_key_set(&set, "\"mux\""));
    let app = start_by_file(&files).await;
    files.write(
        "video.toml",
        "[providers]\ndefault = \"mux\"\nenabled = [\"mux\"]",
    );
    let line = app.reload().await.unwrap_err();
    assert!(
        line.contains("auth") && line.contains("development mode"),
        "{line}"
    );
    app.send(http::Method::GET, "/v1/videos", None, None)
        .await
        .expect(401);
    files.write("video.toml", &by_key_set(&set, "\"mux\", \"local\""));
    let line = app.reload().await.unwrap_err();
    assert!(
        line.contains("providers.enabled") && line.contains("local"),
        "{line}"
    );
}

#[tokio::test]
async fn a_key_set_that_does_not_answer_takes_nobodys_keys_away() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let key = EncodingKey::from_rsa_pem(keys::private_pem().as_bytes()).unwrap();
    let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&key, Algorithm::RS256).unwrap();
    let set = json!({"keys": [jwk]}).to_string();
    let serving = axum::Router::new().fallback(async move || set.clone());
    let serving = tokio::spawn(async move { axum::serve(listener, serving).await.unwrap() });
    let files = Files::new();
    files.write("video.toml", &by_key_set(&url, "\"mux\""));
    let app = start_by_file(&files).await;
    let claims = json!({"sub": "a", "exp": app.clock.now().timestamp() + 60, "iss": "i", "aud": "a"});
    let caller = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap();
    app.get(&caller, "/v1/videos").await.expect(200);
    serving.abort();
    let _aborted = serving.await;
    assert_eq!(app.reload().await, Ok(vec![]), "the same address, later perhaps");
    app.get(&caller, "/v1/videos").await.expect(200);
    files.write("video.toml", &by_key_set("http://127.0.0.1:9/other", "\"mux\""));
    let line = app.reload().await.unwrap_err();
    assert!(line.contains("auth.jwks"), "{line}");
    app.get(&caller, "/v1/videos").await.expect(200);
}

#[tokio::test]
async fn a_stream_under_way_goes_on_and_streams_are_counted_together() {
    let files = Files::new();
    let app = start(Db::Sqlite, &files).await;
    let alice = token(&app, OLD);
    let created = app.post(&alice, "/v1/uploads", &json!({})).await.expect(201);
    let path = created["video"]["events_url"].as_str().unwrap();
    let open = app.client.get(format!("{}{path}", app.url));
    let mut stream = open.send().await.unwrap();
    let first = stream.chunk().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("\"waiting\""));
    app.reload().await.unwrap();
    assert_eq!(app.state_now().await.hub.streams(), 1);
    for event in Ids::of(&created["video"]).usual("signed", app.clock.now()) {
        assert_eq!(post_event(&app, "old-webhook-secret", &event).await, 200);
    }
    let mut rest = String::new();
    while let Some(chunk) = stream.chunk().await.unwrap() {
        rest.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(rest.contains("\"status\":\"ready\""), "{rest}");
}
