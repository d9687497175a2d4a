//! A service whose secrets, settings and map are files.

use std::path::PathBuf;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::keys::Key;
use crate::support::mux_events;
use crate::support::receiver::SECRET;
use crate::support::{Db, TestApp};

pub(super) const MAP: &str = include_str!("../../../config/providers/mux.toml");
/// Callers' secrets.
pub(super) const OLD: &str = "the old caller's secret of more than 32 bytes";
pub(super) const NEW: &str = "the new caller's secret of more than 32 bytes";

/// The files that a service reads at its start and again when it is told to.
pub(super) struct Files(TempDir);

impl Files {
    pub(super) fn new() -> Self {
        let files = Self(TempDir::new().unwrap());
        let key = Key::make();
        files.write("video.toml", "");
        files.write("jwt", &format!("{OLD}\n"));
        files.write("webhook", "old-webhook-secret\n");
        files.write("key-id", "key-old\n");
        files.write("key", &key.private_pem);
        files.write("events", &format!("{SECRET}\n"));
        files.write("mux.toml", MAP);
        files
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Of a service that reads them.
    pub(super) fn settings(&self) -> Vec<(String, String)> {
        let file = |name: &str| self.path(name).display().to_string();
        [
            ("VIDEO_CONFIG", file("video.toml")),
            ("VIDEO_PROVIDERS__DIR", self.0.path().display().to_string()),
            ("VIDEO_AUTH__JWT_SECRET", String::new()),
            ("VIDEO_AUTH__JWT_SECRET_FILE", file("jwt")),
            ("VIDEO_WEBHOOK_SECRET", String::new()),
            ("VIDEO_WEBHOOK_SECRET_FILE", file("webhook")),
            ("VIDEO_SIGNING_KEY", String::new()),
            ("VIDEO_SIGNING_KEY_FILE", file("key-id")),
            ("VIDEO_PRIVATE_KEY", String::new()),
            ("VIDEO_PRIVATE_KEY_FILE", file("key")),
            ("VIDEO_EVENTS__SECRETS_FILE", file("events")),
            ("VIDEO_UPLOADS__CORS_ORIGINS", String::new()),
            ("VIDEO_DATABASE__MAX_CONNECTIONS", String::new()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

/// A service that reads them.
pub(super) async fn start(db: Db, files: &Files) -> TestApp {
    let settings = files.settings();
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    TestApp::with(db, &settings).await
}

/// Alice's, signed with `secret`.
pub(super) fn token(app: &TestApp, secret: &str) -> String {
    let claims = json!({"sub": "alice", "exp": app.clock.now().timestamp() + 3600});
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}

/// Posts an event signed with `secret`; the status of the answer.
pub(super) async fn post_event(app: &TestApp, secret: &str, event: &Value) -> u16 {
    let body = serde_json::to_vec(event).unwrap();
    let signature = mux_events::signature(secret, app.clock.now().timestamp(), &body);
    let answer = app.webhook(&[("mux-signature", &signature)], body).await;
    answer.status.as_u16()
}
