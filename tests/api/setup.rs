//! The setup page's call: the settings as they hold, the loaded maps, and no secret.

use serde_json::{Value, json};

use crate::support::keys;
use crate::support::receiver::{self, Receiver};
use crate::support::{Db, SECRET, TestApp, WEBHOOK_SECRET};

/// A text that stands in every place where an address may have a secret.
const HIDDEN: &str = "hidden-in-an-address";

fn setting<'a>(setup: &'a Value, key: &str) -> &'a Value {
    let settings = setup["settings"].as_array().unwrap();
    settings.iter().find(|one| one["key"] == key).unwrap()
}

fn provider<'a>(setup: &'a Value, name: &str) -> &'a Value {
    let providers = setup["providers"].as_array().unwrap();
    providers.iter().find(|one| one["name"] == name).unwrap()
}

on_both! {
    async fn it_shows_what_holds_and_no_secret(db: Db) {
        let receiver = Receiver::start().await;
        let mut settings = receiver.settings();
        let endpoint = format!("{}?key={HIDDEN}", receiver.url);
        let copies = format!("https://copies.example.com/mux?key={HIDDEN}");
        settings.retain(|(name, _)| *name != "VIDEO_EVENTS__ENDPOINTS");
        settings.extend([
            ("VIDEO_EVENTS__ENDPOINTS", endpoint.as_str()),
            ("VIDEO_LOCAL__WEBHOOK_URLS", copies.as_str()),
            ("VIDEO_HTTP__PUBLIC_URL", "https://video.example.com/below"),
        ]);
        let app = TestApp::with(db, &settings).await;
        let admin = app.token("root", "video:admin");
        let answer = app.get(&admin, "/v1/admin/setup").await;
        let setup = answer.expect(200);
        assert_eq!(answer.headers["cache-control"], "no-store");

        // Nothing that opens something is in it.
        let key = keys::private_pem();
        let body_of_key = key.lines().nth(1).unwrap();
        let password = app.database.url.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
        let mut secrets = vec![SECRET, WEBHOOK_SECRET, receiver::SECRET, "token-secret", "token-id", HIDDEN, body_of_key];
        secrets.extend(password.map(|(user, _)| user));
        for secret in secrets {
            // The bare name `postgres` is a word of the settings too: it counts with what follows it in an address.
            let needle = if secret == "postgres" { "postgres@" } else { secret };
            assert!(!answer.text.contains(needle), "{needle} is in the answer: {}", answer.text);
        }

        // What holds, and the part that gave it.
        let listen = setting(&setup, "http.public_url");
        assert_eq!(listen["value"], "https://video.example.com/below");
        assert_eq!(listen["source"], "environment");
        assert_eq!(listen["origin"], "VIDEO_HTTP__PUBLIC_URL");
        assert!(listen["meaning"].as_str().unwrap().len() > 10);
        let console = setting(&setup, "http.console");
        assert_eq!((&console["value"], &console["source"], &console["origin"]), (&json!(true), &json!("default"), &Value::Null));
        let secrets = setup["secrets"].as_array().unwrap();
        let set: Vec<_> = secrets.iter().map(|one| (one["variable"].as_str().unwrap(), one["set"] == true)).collect();
        assert_eq!(set, [("DATABASE_URL", true), ("VIDEO_AUTH__JWT_SECRET", true), ("VIDEO_EVENTS__SECRETS", true)]);

        // What the map can do, the address to give the provider, and which of its variables are set.
        let mux = provider(&setup, "mux");
        assert_eq!((&mux["enabled"], &mux["default"], &mux["built_in"]), (&json!(true), &json!(true), &json!(true)));
        assert_eq!(mux["protocol"], "put_content_range");
        assert_eq!(mux["policies"], json!(["public", "signed"]));
        assert_eq!(mux["webhook_url"], "https://video.example.com/below/v1/webhooks/mux");
        let variable = |name: &str| mux["variables"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap();
        assert_eq!(*variable("VIDEO_CDN_SECRET"), json!({"name": "VIDEO_CDN_SECRET", "secret": true, "optional": false, "set": true}));
        assert_eq!(setup["endpoints"][0]["url"], receiver.url.split('?').next().unwrap());
        assert_eq!(setup["endpoints"][0]["secrets_env"], "VIDEO_EVENTS__SECRETS");
    }
}

on_both! {
    async fn a_variable_that_is_not_set_is_told(db: Db) {
        let app = TestApp::with(db, &[
            ("VIDEO_SIGNING_KEY", ""), ("VIDEO_PRIVATE_KEY", ""), ("VIDEO_UPLOADS__PLAYBACK_POLICY", "public"),
        ]).await;
        let admin = app.token("root", "video:admin");
        let setup = app.get(&admin, "/v1/admin/setup").await.expect(200);
        let mux = provider(&setup, "mux");
        assert_eq!(mux["policies"], json!(["public"]));
        let variables = mux["variables"].as_array().unwrap();
        let unset: Vec<_> = variables.iter().filter(|one| one["set"] == false).map(|one| &one["name"]).collect();
        assert!(unset.contains(&&json!("VIDEO_PRIVATE_KEY")), "{variables:?}");
    }
}

on_both! {
    async fn a_reload_is_seen_and_what_takes_a_start_is_shown_as_it_holds(db: Db) {
        let app = TestApp::start(db).await;
        let admin = app.token("root", "video:admin");
        let setup = app.get(&admin, "/v1/admin/setup").await.expect(200);
        // The port that was bound, not the 0 that was asked for.
        let listen = app.url.trim_start_matches("http://");
        assert_eq!(setting(&setup, "http.listen")["value"], listen);
        app.reload().await.unwrap();
        let again = app.get(&admin, "/v1/admin/setup").await.expect(200);
        assert_eq!(setting(&again, "http.listen")["value"], listen);
        assert_eq!(again, setup);
    }
}

on_both! {
    async fn it_is_for_administrators_alone(db: Db) {
        let app = TestApp::start(db).await;
        app.get(&app.alice(), "/v1/admin/setup").await.expect_problem(403, "forbidden");
        let admin = app.token("root", "video:admin");
        app.get(&admin, "/v1/admin/setup?deep=1").await.expect_problem(400, "invalid_request");
    }
}
