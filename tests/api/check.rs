//! `yourbit-video check`: in each broken set-up it names what is wrong and what to do.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;
use yourbit_video::config::Environment;
use yourbit_video::store::Store;

use crate::adopt::foreign;
use crate::support::binary::{self, Ended};
use crate::support::database::TestDatabase;
use crate::support::fake_mux::{FakeMux, Planned};
use crate::support::{Db, environment, keys};

/// A set-up that is in order but for what a test breaks.
struct SetUp {
    mux: FakeMux,
    database: TestDatabase,
    folder: TempDir,
}

impl SetUp {
    async fn make(db: Db) -> Self {
        let this = Self {
            mux: FakeMux::start().await,
            database: TestDatabase::make(db).await,
            folder: TempDir::new().unwrap(),
        };
        this.mux.know(&foreign("a", "signed"));
        this
    }

    fn env(&self, more: &[(&str, &str)]) -> Environment {
        let mut all = vec![
            ("VIDEO_MUX_STREAM", self.mux.url.as_str()),
            ("VIDEO_HTTP__PUBLIC_URL", "https://video.example.com"),
        ];
        all.extend(more);
        environment(&self.database.url, &self.mux.url, &all)
    }

    async fn check(&self, more: &[(&str, &str)]) -> Ended {
        binary::run(self.folder.path(), &self.env(more), &["check"]).await
    }

    async fn migrated(&self) -> &Self {
        let settings = yourbit_video::config::load(None, &self.env(&[])).unwrap();
        let store = Store::connect(&settings.database).await.unwrap();
        store.migrate().await.unwrap();
        store.close().await;
        self
    }
}

/// Exactly one line fails, and it has these words; the exit says so.
#[track_caller]
fn fails(found: &Ended, words: &[&str]) {
    let failed = found.lines("fail");
    assert_eq!(failed.len(), 1, "{words:?} {found:?}");
    for word in words {
        assert!(failed[0].contains(word), "\"{word}\" is not in: {}", failed[0]);
    }
    assert!(!found.well, "{found:?}");
}

on_both! {
async fn what_is_in_order_is_said_to_be(db: Db) {
    let set_up = SetUp::make(db).await;
    let found = set_up.migrated().await.check(&[]).await;
    assert!(found.well, "{found:?}");
    assert_eq!((found.lines("fail").len(), found.lines("warn").len()), (0, 0), "{found:?}");
    for words in [
        ["settings", "fit"], ["http.public_url", "https://"], ["auth", "1 secret"], ["migrations", "applied"],
        // (The provider tells whole seconds, and its answer takes a while.)
        ["map mux", "compiles"], ["credentials of mux", "taken"], ["clock against mux", "s ahead"],
        ["signing key of mux", "knows"], ["signed playback of mux", "plays what we sign"],
    ] {
        found.says(&["ok", words[0], words[1]]);
    }
    found.says(&["ok", "database", if db == Db::Postgres { "PostgreSQL 1" } else { "SQLite 3" }]);
    // Nothing but reading.
    assert!(set_up.mux.requests().iter().all(|request| request.method == "GET"));
}
}

#[tokio::test]
async fn settings_that_do_not_fit_are_the_first_thing_said() {
    let set_up = SetUp::make(Db::Sqlite).await;
    let found = set_up.check(&[("VIDEO_HTTP__LISTN", "x")]).await;
    fails(&found, &["settings", "VIDEO_HTTP__LISTN", "allowed here: listen"]);
}

#[tokio::test]
async fn a_map_that_does_not_compile_is_named_by_file_table_and_key() {
    let set_up = SetUp::make(Db::Sqlite).await;
    let map = include_str!("../../config/providers/mux.toml").replace("protocol = ", "protokoll = ");
    std::fs::write(set_up.folder.path().join("mux.toml"), map).unwrap();
    let found = set_up
        .check(&[("VIDEO_PROVIDERS__DIR", set_up.folder.path().to_str().unwrap())])
        .await;
    fails(
        &found,
        &[
            "map mux",
            "[upload.client] protokoll",
            "unknown key; allowed: protocol,",
        ],
    );
}

#[tokio::test]
async fn what_is_no_private_key_is_told_for_what_it_is() {
    let set_up = SetUp::make(Db::Sqlite).await;
    set_up.migrated().await;
    let pem = keys::private_pem();
    let path = set_up.folder.path().join("key.pem");
    std::fs::write(&path, pem).unwrap();
    let der = pem
        .lines()
        .filter(|line| !line.starts_with("---"))
        .collect::<String>();
    let cut: String = pem.lines().take(5).collect::<Vec<_>>().join("\n");
    for (key, words) in [
        (
            keys::public_pem().to_owned(),
            "is a public key: give the private one",
        ),
        (STANDARD.encode(keys::public_pem()), "is a public key"),
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----".to_owned(),
            "ssh-keygen -p -m PEM",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----".to_owned(),
            "is a certificate",
        ),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n-----END ENCRYPTED PRIVATE KEY-----".to_owned(),
            "openssl pkey",
        ),
        (path.display().to_string(), "_FILE"),
        (der, "in DER"),
        (cut, "is cut off"),
        ("{\"kty\":\"RSA\"}".to_owned(), "JWK"),
        ("key-1".to_owned(), "is no private key"),
    ] {
        let found = set_up.check(&[("VIDEO_PRIVATE_KEY", &key)]).await;
        fails(
            &found,
            &[
                "map mux",
                "[playback.sign] key",
                "VIDEO_PRIVATE_KEY",
                words,
                "mux.toml",
            ],
        );
        assert!(!found.out.contains(&key), "{found:?}");
    }
}

#[tokio::test]
async fn a_key_is_taken_in_every_form_that_providers_give_it_in() {
    let set_up = SetUp::make(Db::Sqlite).await;
    set_up.migrated().await;
    let path = set_up.folder.path().join("key.pem");
    std::fs::write(&path, keys::private_pem()).unwrap();
    // PKCS#1, as the provider makes it, and PKCS#8.
    let traditional = std::process::Command::new("openssl")
        .args(["rsa", "-traditional", "-in", path.to_str().unwrap()])
        .output()
        .unwrap();
    let pkcs1 = String::from_utf8(traditional.stdout).unwrap();
    assert!(pkcs1.starts_with("-----BEGIN RSA PRIVATE KEY-----"), "{pkcs1}");
    for key in [
        keys::private_pem().to_owned(),
        STANDARD.encode(keys::private_pem()),
        pkcs1.clone(),
        STANDARD.encode(&pkcs1),
        // As environment files, manifests and copying leave it.
        pkcs1.trim().replace('\n', "\\n"),
        pkcs1.replace('\n', "\n    "),
        pkcs1.trim().replace('\n', " "),
        format!("\u{feff}{}", pkcs1.replace('\n', "\r\n")),
        STANDARD.encode(STANDARD.encode(pkcs1)),
    ] {
        let found = set_up.check(&[("VIDEO_PRIVATE_KEY", &key)]).await;
        assert!(found.well, "{found:?}");
    }
}

#[tokio::test]
async fn half_a_signing_key_and_a_missing_one_are_told_apart() {
    let set_up = SetUp::make(Db::Sqlite).await;
    set_up.migrated().await;
    let half = set_up.check(&[("VIDEO_PRIVATE_KEY", "")]).await;
    fails(
        &half,
        &[
            "map mux",
            "VIDEO_PRIVATE_KEY is not set although VIDEO_SIGNING_KEY is",
            "set both",
        ],
    );
    let none = [("VIDEO_PRIVATE_KEY", ""), ("VIDEO_SIGNING_KEY", "")];
    let off = set_up.check(&none).await;
    fails(
        &off,
        &["uploads.playback_policy", "no signing key", "use \"public\""],
    );
    let public: Vec<_> = none
        .into_iter()
        .chain([("VIDEO_UPLOADS__PLAYBACK_POLICY", "public")])
        .collect();
    let found = set_up.check(&public).await;
    assert!(found.well, "{found:?}");
    found.says(&["warn", "signing key of mux", "only public videos play"]);
}

#[tokio::test]
async fn a_missing_webhook_secret_is_named() {
    let set_up = SetUp::make(Db::Sqlite).await;
    let missing = set_up.check(&[("VIDEO_WEBHOOK_SECRET", "")]).await;
    fails(
        &missing,
        &[
            "map mux",
            "[secrets] webhook",
            "VIDEO_WEBHOOK_SECRET (or VIDEO_WEBHOOK_SECRET_FILE) is not set",
        ],
    );
    let empty = set_up.folder.path().join("empty");
    std::fs::write(&empty, "\n").unwrap();
    let file = [
        ("VIDEO_WEBHOOK_SECRET", ""),
        ("VIDEO_WEBHOOK_SECRET_FILE", empty.to_str().unwrap()),
    ];
    fails(
        &set_up.check(&file).await,
        &["[webhook.verify] secret", "anybody could sign"],
    );
}

#[tokio::test]
async fn a_public_address_must_be_https() {
    let set_up = SetUp::make(Db::Sqlite).await;
    set_up.migrated().await;
    let plain = set_up
        .check(&[("VIDEO_HTTP__PUBLIC_URL", "http://video.example.com")])
        .await;
    fails(
        &plain,
        &["http.public_url", "not https", "VIDEO_HTTP__PUBLIC_URL"],
    );
    let near = set_up.check(&[("VIDEO_HTTP__PUBLIC_URL", "")]).await;
    assert!(near.well);
    near.says(&[
        "warn",
        "http.public_url",
        "providers cannot reach http://127.0.0.1:0",
        "VIDEO_HTTP__PUBLIC_URL",
    ]);
}

#[tokio::test]
async fn clocks_that_differ_are_told_with_by_how_much() {
    let set_up = SetUp::make(Db::Sqlite).await;
    set_up.migrated().await;
    let at = |seconds: i64| {
        let now = yourbit_video::clock::Clock::system().now() + chrono::Duration::seconds(seconds);
        now.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    };
    let answer = || Planned::json(200, &serde_json::json!({"data": []}));
    set_up.mux.plan(answer().header("date", &at(-600)));
    fails(&set_up.check(&[]).await, &["clock against mux", "s ahead", "NTP"]);
    set_up.mux.plan(answer().header("date", &at(30)));
    let some = set_up.check(&[]).await;
    assert!(some.well, "{some:?}");
    some.says(&["warn", "clock against mux", "s behind", "NTP"]);
}

#[tokio::test]
async fn ffmpeg_is_missed_where_the_built_in_provider_needs_it() {
    let set_up = SetUp::make(Db::Sqlite).await;
    set_up.migrated().await;
    let empty = set_up.folder.path().to_str().unwrap();
    let found = set_up
        .check(&[("VIDEO_PROVIDERS__ENABLED", "mux,local"), ("PATH", empty)])
        .await;
    fails(&found, &["ffmpeg", "apt-get install ffmpeg", "providers.enabled"]);
}

#[tokio::test]
async fn a_database_that_lets_nobody_in_is_named_without_its_password() {
    let set_up = SetUp::make(Db::Sqlite).await;
    let port = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = format!("postgres://video:hidden-word@127.0.0.1:{port}/yourbit");
    let found = set_up.check(&[("DATABASE_URL", &url)]).await;
    fails(
        &found,
        &[
            "database",
            &format!("127.0.0.1:{port}/yourbit"),
            "refused",
            "DATABASE_URL",
        ],
    );
    assert!(!format!("{found:?}").contains("hidden-word"));
    // One that is there and says nothing.
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "postgres://video:hidden-word@{}/yourbit",
        mute.local_addr().unwrap()
    );
    let found = set_up.check(&[("DATABASE_URL", &url)]).await;
    fails(&found, &["database", "/yourbit", "does not answer"]);
    assert!(!format!("{found:?}").contains("hidden-word"));
}

on_both! {
async fn migrations_that_are_not_applied_are_told(db: Db) {
    let set_up = SetUp::make(db).await;
    // The file is there, empty.
    if db == Db::Sqlite {
        std::fs::write(set_up.database.url.trim_start_matches("sqlite://"), "").unwrap();
    }
    let off = set_up.check(&[("VIDEO_DATABASE__MIGRATE_ON_START", "false")]).await;
    fails(&off, &["migrations", "not applied", "yourbit-video migrate"]);
    let on = set_up.check(&[]).await;
    assert!(on.well, "{on:?}");
    on.says(&["warn", "migrations", "the next start applies them"]);
}
}

#[tokio::test]
async fn a_database_that_is_not_there_yet_is_not_made() {
    let set_up = SetUp::make(Db::Sqlite).await;
    let found = set_up.check(&[]).await;
    assert!(found.well, "{found:?}");
    found.says(&["ok", "database", "the first start makes it"]);
    assert!(!std::path::Path::new(set_up.database.url.trim_start_matches("sqlite://")).exists());
}

#[tokio::test]
async fn credentials_that_the_provider_refuses_are_told() {
    let set_up = SetUp::make(Db::Sqlite).await;
    set_up.migrated().await;
    set_up.mux.plan(Planned::text(401, ""));
    fails(
        &set_up.check(&[]).await,
        &["credentials of mux", "refuses them (status 401)", "mux.toml"],
    );
    let gone = set_up.check(&[("VIDEO_MUX_API", "http://127.0.0.1:9")]).await;
    fails(
        &gone,
        &["credentials of mux", "no connection", "reaches the API's address"],
    );
}

#[tokio::test]
async fn a_key_id_that_the_provider_does_not_know_is_told() {
    let set_up = SetUp::make(Db::Sqlite).await;
    set_up.migrated().await;
    let found = set_up.check(&[("VIDEO_SIGNING_KEY", "key-2")]).await;
    fails(
        &found,
        &[
            "signing key of mux",
            "knows no key of this id",
            "same signing key",
        ],
    );
}

#[tokio::test]
async fn a_private_key_that_does_not_belong_to_its_id_is_told_by_playing() {
    let set_up = SetUp::make(Db::Sqlite).await;
    set_up.migrated().await;
    let other = keys::another_private_pem();
    let found = set_up.check(&[("VIDEO_PRIVATE_KEY", &other)]).await;
    fails(
        &found,
        &[
            "signed playback of mux",
            "refuses what we sign (status 403)",
            "do not belong together",
        ],
    );
    set_up.mux.forget("asset-a");
    let untold = set_up.check(&[("VIDEO_PRIVATE_KEY", &other)]).await;
    assert!(untold.well);
    untold.says(&["warn", "signed playback of mux", "no signed video"]);
}
