//! Endpoints that choose what they are told, and have secrets of their own.

use chrono::Duration;
use serde_json::{Value, json};
use tempfile::TempDir;
use yourbit_video::config::{Environment, load};
use yourbit_video::jobs::outbox;

use crate::support::mux_events::Ids;
use crate::support::receiver::{Delivery, Receiver, SECRET, verified};
use crate::support::{Db, TestApp};

const OWN: &str = "whsec_b3duIHNlY3JldCBvZiB0aGUgY3JtIGVuZHBvaW50";
const NEXT: &str = "whsec_bmV4dCBzZWNyZXQgb2YgdGhlIGVuZHBvaW50";

fn kinds(receiver: &Receiver) -> Vec<String> {
    receiver.deliveries().iter().map(Delivery::kind).collect()
}

/// A service that tells `plain` as ever, and `chosen` of these types, with its own secret.
async fn start(db: Db, plain: &Receiver, chosen: &Receiver, types: Value) -> TestApp {
    let table = json!({"url": chosen.url, "types": types, "secrets_env": "VIDEO_CRM_SECRETS"});
    let endpoints = json!([plain.url, table]).to_string();
    let mut settings = plain.settings();
    settings.extend([
        ("VIDEO_EVENTS__ENDPOINTS", endpoints.as_str()),
        ("VIDEO_CRM_SECRETS", OWN),
    ]);
    TestApp::with(db, &settings).await
}

on_both! {
    async fn an_endpoint_is_told_what_it_names_and_by_its_own_secret(db: Db) {
        let (plain, chosen) = (Receiver::start().await, Receiver::start().await);
        let app = start(db, &plain, &chosen, json!(["upload.received", "video.cancelled", "video.ready"])).await;
        let video = app.upload().await;
        for event in Ids::of(&video).usual("signed", app.clock.now()) {
            app.mux.know(&event["data"]);
            app.event(&event).await.expect(200);
            app.settle().await;
        }
        let called_off = app.upload().await;
        let path = format!("/v1/videos/{}/cancel", called_off["id"].as_str().unwrap());
        app.post(&app.alice(), &path, &json!({})).await.expect(200);
        app.delete(&video).await.expect(202);
        app.reconcile().await;
        outbox::send_due_events(&app.state).await.unwrap();
        assert_eq!(kinds(&plain), ["video.ready", "video.deleted"]);
        let told = chosen.deliveries();
        let of = |id: &Value| -> Vec<String> {
            told.iter().filter(|one| one.event()["data"]["id"] == *id).map(Delivery::kind).collect()
        };
        assert_eq!(of(&video["id"]), ["upload.received", "video.ready"]);
        assert_eq!(of(&called_off["id"]), ["video.cancelled"]);
        let received = told.iter().find(|one| one.kind() == "upload.received").unwrap();
        assert_eq!(received.event()["data"]["status"], "preparing");
        // The same event has the same id everywhere.
        let ready = |receiver: &Receiver| -> String {
            let all = receiver.deliveries();
            let found = all.iter().find(|one| one.kind() == "video.ready").unwrap();
            found.header("webhook-id").to_owned()
        };
        assert_eq!(ready(&plain), ready(&chosen));
        verified(OWN, &told).await;
        verified(SECRET, &plain.deliveries()).await;
    }
}

on_both! {
    async fn a_file_that_is_ready_as_it_arrives_is_one_event(db: Db) {
        for (types, expected) in [
            (json!(["upload.received"]), vec!["upload.received"]),
            (json!(["upload.received", "video.ready"]), vec!["video.ready"]),
            (json!(["video.cancelled"]), vec![]),
        ] {
            let (plain, chosen) = (Receiver::start().await, Receiver::start().await);
            let app = start(db, &plain, &chosen, types).await;
            let video = app.upload().await;
            let ready = Ids::of(&video).usual("signed", app.clock.now())[3].clone();
            app.mux.know(&ready["data"]);
            app.event(&ready).await.expect(200);
            app.settle().await;
            outbox::send_due_events(&app.state).await.unwrap();
            assert_eq!(kinds(&chosen), expected);
            assert_eq!(kinds(&plain), ["video.ready"]);
        }
    }
}

on_both! {
    async fn a_reload_exchanges_types_and_secrets(db: Db) {
        let folder = TempDir::new().unwrap();
        let receiver = Receiver::start().await;
        let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let endpoint = |types: &str| {
            format!(
                "[events]\nallow_private = true\n[[events.endpoints]]\nurl = \"{}\"\ntypes = [{types}]\n\
                 secrets_env = \"VIDEO_CRM_SECRETS\"\n",
                receiver.url
            )
        };
        write("settings.toml", &endpoint("\"video.updated\""));
        write("secret", OWN);
        let (settings, secret) = (file("settings.toml"), file("secret"));
        let app = TestApp::with(db, &[("VIDEO_CONFIG", &settings), ("VIDEO_CRM_SECRETS_FILE", &secret)]).await;
        app.ready_video("signed").await;
        write("settings.toml", &endpoint("\"video.ready\""));
        write("secret", NEXT);
        assert_eq!(app.reload().await, Ok(vec![]));
        app.clock.advance(Duration::seconds(1));
        app.ready_video("signed").await;
        outbox::send_due_events(&app.state_now().await).await.unwrap();
        assert_eq!(kinds(&receiver), ["video.ready"]);
        verified(NEXT, &receiver.deliveries()).await;
        write("settings.toml", &endpoint("\"video.redy\""));
        let refused = app.reload().await.unwrap_err();
        for word in [settings.as_str(), "events.endpoints", "video.redy", "video.ready"] {
            assert!(refused.contains(word), "{word}: {refused}");
        }
    }
}

/// The lines that refuse these variables.
fn refusal(more: &[(&str, &str)]) -> String {
    let base = [("VIDEO_EVENTS__SECRETS", SECRET)];
    let env: Environment = base.into_iter().chain(more.iter().copied()).collect();
    match load(None, &env) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_bad_endpoint_is_refused_in_one_line_that_says_what_to_do() {
    const ENDPOINTS: &str = "VIDEO_EVENTS__ENDPOINTS";
    let table = |more: &str| format!("[{{\"url\": \"https://a.example.com/\"{more}}}]");
    for (list, words) in [
        (
            table(", \"types\": [\"video.redy\"]"),
            "unknown variant `video.redy`, expected one of `video.ready`",
        ),
        (table(", \"types\": []"), "types is empty"),
        (
            table(", \"type\": \"x\""),
            "unknown field `type`, expected one of `url`, `types`, `secrets_env`",
        ),
        (table(", \"types\": \"video.ready\""), "expected a list"),
        (
            "[{\"types\": [\"video.ready\"]}]".to_owned(),
            "missing field `url`",
        ),
        ("[3]".to_owned(), "is not a JSON list of URLs and objects"),
        (
            "[\"https://a.example.com/\"".to_owned(),
            "is not a JSON list of URLs and objects",
        ),
        (
            "[\"https://a.example.com/\", {\"url\": \"https://a.example.com/\"}]".to_owned(),
            "named twice",
        ),
        (
            "[{\"url\": \"http://a.example.com/\"}]".to_owned(),
            "must be https://",
        ),
        (
            table(", \"secrets_env\": \"VIDEO_CRM_SECRETS\""),
            "VIDEO_CRM_SECRETS is not set: put whsec_",
        ),
        (
            table(", \"secrets_env\": \"crm secrets\""),
            "must be the name of a variable",
        ),
        (
            table(", \"secrets_env\": \"VIDEO_CRM_SECRETS_FILE\""),
            "without _FILE",
        ),
        (
            table(", \"secrets_env\": \"DATABASE_URL\""),
            "is the variable of another setting",
        ),
    ] {
        let refused = refusal(&[(ENDPOINTS, &list)]);
        assert!(refused.contains(words), "{list}: {refused}");
        assert!(
            refused.starts_with("VIDEO_EVENTS__ENDPOINTS: events.endpoints"),
            "{refused}"
        );
        assert_eq!(refused.lines().count(), 1, "{refused}");
    }
    let named = table(", \"secrets_env\": \"VIDEO_CRM_SECRETS\"");
    let short = refusal(&[(ENDPOINTS, &named), ("VIDEO_CRM_SECRETS", "whsec_c2hvcnQ=")]);
    assert!(
        short.starts_with("VIDEO_CRM_SECRETS: a secret is whsec_") && short.lines().count() == 1,
        "{short}"
    );
    let both = [
        (ENDPOINTS, named.as_str()),
        ("VIDEO_CRM_SECRETS", OWN),
        ("VIDEO_CRM_SECRETS_FILE", "/x"),
    ];
    assert!(refusal(&both).contains("set either VIDEO_CRM_SECRETS or VIDEO_CRM_SECRETS_FILE"));
}

#[test]
fn the_variable_of_an_endpoints_secrets_counts_as_known() {
    let list = |name: &str| format!("[{{\"url\": \"https://a.example.com/\", \"secrets_env\": \"{name}\"}}]");
    // The second looks like a setting, the third nearly like a secret.
    for name in [
        "VIDEO_CRM_SECRETS",
        "VIDEO_EVENTS__CRM_SECRETS",
        "VIDEO_EVENTS_SECRETS",
    ] {
        let list = list(name);
        let env: Environment = [("VIDEO_EVENTS__ENDPOINTS", list.as_str()), (name, OWN)]
            .into_iter()
            .collect();
        let settings = load(None, &env).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(settings.unread_variables, Vec::<String>::new(), "{name}");
        assert_eq!(settings.events.endpoints[0].secrets.len(), 1);
    }
    // Named by no endpoint it is an unknown setting, or a misspelt one.
    for name in ["VIDEO_EVENTS__CRM_SECRETS", "VIDEO_EVENTS_SECRETS"] {
        let env: Environment = [(name, OWN)].into_iter().collect();
        assert!(load(None, &env).is_err(), "{name}");
    }
}
