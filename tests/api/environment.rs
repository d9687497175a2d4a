//! The environment as people hand it over: what is taken as it is meant, and what stops the start with a line that says
//! how it is written.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;
use yourbit_video::config::{Environment, load};

use crate::adopt::foreign;
use crate::support::binary::{self, Ended};
use crate::support::fake_mux::FakeMux;
use crate::support::{SECRET, environment, keys};

fn env_of(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().copied().collect()
}

/// `serve`, which must end by itself.
async fn serve(folder: &Path, env: &Environment) -> Ended {
    let running = binary::run(folder, env, &["serve"]);
    tokio::time::timeout(Duration::from_mins(1), running)
        .await
        .unwrap_or_else(|_| panic!("it serves with {env:?}"))
}

/// `serve` with these variables alone.
async fn refused(pairs: &[(&str, &str)]) -> String {
    let folder = TempDir::new().unwrap();
    let ended = serve(folder.path(), &env_of(pairs)).await;
    assert!(!ended.well && ended.out.is_empty(), "{pairs:?} {ended:?}");
    assert!(
        !folder.path().join("data").exists(),
        "{pairs:?}: it began all the same"
    );
    ended.err
}

/// Behind a fake provider, with a fresh database that a first check finds in order.
struct SetUp {
    mux: FakeMux,
    folder: TempDir,
}

impl SetUp {
    async fn make() -> Self {
        let this = Self {
            mux: FakeMux::start().await,
            folder: TempDir::new().unwrap(),
        };
        this.mux.know(&foreign("a", "signed"));
        this
    }

    fn env(&self, more: &[(&str, &str)]) -> Environment {
        let url = format!("sqlite://{}/test.db", self.folder.path().display());
        let mut all = vec![
            ("VIDEO_MUX_STREAM", self.mux.url.as_str()),
            ("VIDEO_HTTP__PUBLIC_URL", "https://video.example.com"),
        ];
        all.extend(more);
        environment(&url, &self.mux.url, &all)
    }

    async fn check(&self, more: &[(&str, &str)]) -> Ended {
        binary::run(self.folder.path(), &self.env(more), &["check"]).await
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_variable_that_is_nearly_one_of_ours_stops_the_start() {
    for (name, value, meant) in [
        ("VIDEO_AUTH_JWT_SECRET", SECRET, "VIDEO_AUTH__JWT_SECRET"),
        (
            "VIDEO_AUTH_JWT_SECRET_FILE",
            "/run/x",
            "VIDEO_AUTH__JWT_SECRET_FILE",
        ),
        ("VIDEO_AUTHJWT_SECRET", SECRET, "VIDEO_AUTH__JWT_SECRET"),
        ("VIDEO_AUTH_JWT_SERCET", SECRET, "VIDEO_AUTH__JWT_SECRET"),
        ("video_auth__jwt_secret", SECRET, "VIDEO_AUTH__JWT_SECRET"),
        ("VIDEO_HTTP_LISTEN", "127.0.0.1:1", "VIDEO_HTTP__LISTEN"),
        ("VIDEO_LOCAL_CHAOS_DROP", "0.5", "VIDEO_LOCAL__CHAOS__DROP"),
        ("VIDEO_CONFG", "x.toml", "VIDEO_CONFIG"),
        ("VIDEO__CONFIG", "x.toml", "VIDEO_CONFIG"),
        ("VIDEO_AUTH__JWT_SECRT", SECRET, "auth.jwt_secret"),
        ("VIDEO__AUTH__JWT_SECRET", SECRET, "auth.jwt_secret"),
    ] {
        let said = refused(&[(name, value)]).await;
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            said.contains(name) && said.contains("did you mean") && said.contains(meant),
            "{said}"
        );
        assert!(!said.contains(SECRET), "{said}");
    }
    let folder = TempDir::new().unwrap();
    let env = env_of(&[("VIDEO_AUTH_JWT_SECRET", SECRET)]);
    for command in [&["check"][..], &["token", "--sub", "dev"]] {
        let ended = binary::run(folder.path(), &env, command).await;
        let said = format!("{}{}", ended.out, ended.err);
        assert!(
            !ended.well && said.contains("did you mean VIDEO_AUTH__JWT_SECRET?"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_setting_that_an_earlier_release_retired_is_unknown() {
    let set_up = SetUp::make().await;
    for name in [
        "VIDEO_HTTP__QUICK_MS",
        "VIDEO_HTTP__QUEUE_MS",
        "VIDEO_PROVIDERS__REPLICAS",
    ] {
        let found = set_up.check(&[(name, "2")]).await;
        assert!(!found.well, "{name}: {found:?}");
        found.says(&["fail", name]);
    }
}

#[tokio::test]
async fn beside_the_right_name_a_wrong_one_and_an_unknown_one_are_warnings() {
    let set_up = SetUp::make().await;
    let found = set_up
        .check(&[
            ("VIDEO_AUTH_JWT_SECRET", "x"),
            ("VIDEO_LISTEN", "127.0.0.1:1"),
            ("VIDEO_CDN_TOKNE", "x"),
            ("VIDEO_OF_SOMEBODY_ELSE", "x"),
            ("VIDEO_BUNNY_KEY", "of a map that is not enabled"),
            // Of Kubernetes, for services called video and video--api.
            ("VIDEO_SERVICE_HOST", "10.0.0.1"),
            ("VIDEO_SERVICE_PORT_HTTP", "80"),
            ("VIDEO_PORT", "tcp://10.0.0.1:8080"),
            ("VIDEO_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("VIDEO__API_SERVICE_HOST", "10.0.0.1"),
        ])
        .await;
    assert!(found.well, "{found:?}");
    assert_eq!(found.lines("warn").len(), 4, "{found:?}");
    found.says(&["warn", "VIDEO_AUTH_JWT_SECRET", "VIDEO_AUTH__JWT_SECRET"]);
    found.says(&["warn", "VIDEO_LISTEN", "did you mean VIDEO_HTTP__LISTEN?"]);
    found.says(&["warn", "VIDEO_CDN_TOKNE", "did you mean VIDEO_CDN_TOKEN?"]);
    found.says(&["warn", "VIDEO_OF_SOMEBODY_ELSE", "nothing reads it"]);
}

#[tokio::test]
async fn everything_that_is_missing_or_wrong_is_said_at_once() {
    let said = refused(&[
        ("VIDEO_DATABASE__REQUIRE_POSTGRES", "true"),
        ("VIDEO_PROVIDERS__ENABLED", "mux,bunny_stream"),
        ("VIDEO_PROVIDERS__DEFAULT", "mux"),
        ("VIDEO_HTTP__DRAIN_S", "5s"),
        ("VIDEO_PRIVATE_KEY", "not a key"),
        ("VIDEO_SIGNING_KEY", "key-1"),
        ("VIDEO_CDN_TOKNE", "x"),
    ])
    .await;
    for words in [
        &["VIDEO_HTTP__DRAIN_S", "a whole number of seconds"][..],
        &["database.url", "DATABASE_URL"],
        &["VIDEO_AUTH__JWT_SECRET", "development mode"],
        &[
            "mux.toml",
            "VIDEO_CDN_TOKEN ",
            "VIDEO_CDN_SECRET",
            "VIDEO_WEBHOOK_SECRET",
            "VIDEO_PRIVATE_KEY is no private key",
        ],
        &["bunny_stream.toml", "VIDEO_BUNNY_KEY"],
        &["VIDEO_CDN_TOKNE", "did you mean VIDEO_CDN_TOKEN?"],
    ] {
        let lines = said
            .lines()
            .filter(|line| words.iter().all(|word| line.contains(word)));
        assert_eq!(lines.count(), 1, "{words:?}\n{said}");
    }
    let folder = TempDir::new().unwrap();
    let env = env_of(&[
        ("VIDEO_HTTP__DRAIN_S", "5s"),
        ("VIDEO_HTTP__LISTEN", ":8080"),
        ("VIDEO_PROVIDERS__ENABLED", "mux"),
    ]);
    let checked = binary::run(folder.path(), &env, &["check"]).await;
    assert_eq!(
        (checked.well, checked.lines("fail").len()),
        (false, 3),
        "{checked:?}"
    );
    for words in [
        &["settings", "VIDEO_HTTP__DRAIN_S"][..],
        &["auth", "http.listen"],
        &["map mux", "VIDEO_CDN_TOKEN "],
    ] {
        checked.says(words);
    }
    // Each line stands alone, and none sends anybody into the binary.
    assert!(
        said.lines().all(|line| line.starts_with("yourbit-video: ")),
        "{said}"
    );
    assert!(
        !said.contains("default.toml") && !said.contains("config/"),
        "{said}"
    );
}

#[tokio::test]
async fn a_fault_in_a_default_names_the_variable_and_one_in_a_file_the_file() {
    let said = refused(&[("VIDEO_AUTH__JWKS", "https://id.example.com/keys")]).await;
    for name in [
        "VIDEO_AUTH__ISSUER: auth.issuer",
        "VIDEO_AUTH__AUDIENCE: auth.audience",
    ] {
        assert!(said.contains(name), "{said}");
    }
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("video.toml");
    std::fs::write(
        &file,
        "[http]\ndrain_s = 999\nlisten = \"8080\"\n[uploads]\nttl_s = -1\n",
    )
    .unwrap();
    let said = refused(&[("VIDEO_CONFIG", file.to_str().unwrap())]).await;
    for words in [
        "http.drain_s: must lie in 0 to 300",
        "http.listen: \"8080\" is a port alone",
        "uploads.ttl_s: must be 0",
    ] {
        assert!(said.contains(&format!("video.toml: {words}")), "{words}\n{said}");
    }
}

#[tokio::test]
async fn white_space_around_secrets_reaches_nobody() {
    let set_up = SetUp::make().await;
    let padded = |text: &str| format!(" \u{feff}{text} \r\n");
    let direct = [
        ("VIDEO_CDN_TOKEN", padded("token-id")),
        ("VIDEO_CDN_SECRET", padded("token-secret")),
        ("VIDEO_SIGNING_KEY", padded("key-1")),
        ("VIDEO_AUTH__JWT_SECRET", padded(SECRET)),
        ("VIDEO_PROVIDERS__ENABLED", padded("mux , mux")),
    ];
    let direct: Vec<(&str, &str)> = direct
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let first = binary::run(set_up.folder.path(), &set_up.env(&direct), &["migrate"]).await;
    assert!(first.well, "{first:?}");
    let found = set_up.check(&direct).await;
    // The id of the key stands in the tokens, which the fake provider judges.
    assert!(found.well, "{found:?}");
    let from_files: Vec<(String, String)> = direct[..3]
        .iter()
        .flat_map(|(name, value)| {
            [
                ((*name).to_owned(), String::new()),
                (format!("{name}_FILE"), set_up.file(name, value)),
            ]
        })
        .collect();
    let from_files: Vec<(&str, &str)> = from_files
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let found = set_up.check(&from_files).await;
    assert!(found.well, "{found:?}");
    let basic = format!("Basic {}", STANDARD.encode("token-id:token-secret"));
    let requests = set_up.mux.requests();
    let mut authorized = requests
        .iter()
        .filter_map(|request| request.headers.get("authorization"));
    assert!(
        authorized.clone().count() > 1 && authorized.all(|value| value == &basic),
        "{requests:?}"
    );
}

#[tokio::test]
async fn quotes_around_a_value_stop_the_start_with_a_line_that_says_so() {
    let set_up = SetUp::make().await;
    for (name, value) in [
        ("VIDEO_AUTH__JWT_SECRET", format!("\"{SECRET}\"")),
        ("VIDEO_CDN_TOKEN", "'token-id'".to_owned()),
        ("VIDEO_WEBHOOK_SECRET", "\"hidden-word\"\n".to_owned()),
        ("VIDEO_SIGNING_KEY", "\u{201c}key-1\u{201d}".to_owned()),
        ("VIDEO_PRIVATE_KEY", format!("\"{}\"", keys::private_pem())),
        (
            "VIDEO_HTTP__PUBLIC_URL",
            "\"https://video.example.com\"".to_owned(),
        ),
        ("VIDEO_PROVIDERS__ENABLED", "'[\"mux\"]'".to_owned()),
        (
            "DATABASE_URL",
            "\"postgres://video:hidden-word@db/video\"".to_owned(),
        ),
    ] {
        let in_file = set_up.file("value", &value);
        let file_name = format!("{name}_FILE");
        let ways = [
            vec![(name, value.as_str())],
            vec![(name, ""), (&file_name, &in_file)],
        ];
        for way in &ways[..if name.contains("HTTP") || name.contains("PROV") {
            1
        } else {
            2
        }] {
            let ended = serve(set_up.folder.path(), &set_up.env(way)).await;
            assert!(!ended.well && ended.err.lines().count() == 1, "{way:?} {ended:?}");
            assert!(
                ended.err.contains(way[way.len() - 1].0) && ended.err.contains("quotes around the whole"),
                "{ended:?}"
            );
            assert!(
                !ended.err.contains("hidden-word") && !ended.err.contains(SECRET),
                "{ended:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_secret_and_its_file_are_never_both_set() {
    let set_up = SetUp::make().await;
    let file = set_up.file("secret", "another secret of more than 32 bytes");
    for name in [
        "DATABASE_URL",
        "VIDEO_AUTH__JWT_SECRET",
        "VIDEO_CDN_SECRET",
        "VIDEO_SIGNING_KEY",
        "VIDEO_PRIVATE_KEY",
        "VIDEO_WEBHOOK_SECRET",
        "VIDEO_MUX_API",
    ] {
        let file_name = format!("{name}_FILE");
        let env = set_up.env(&[(&file_name, &file)]);
        let ended = serve(set_up.folder.path(), &env).await;
        let words = format!("set either {name} or {file_name}, not both");
        assert!(!ended.well && ended.err.contains(&words), "{name} {ended:?}");
    }
    // What the built-in provider would make itself comes from a file as well.
    let token = set_up.file("token", "token-of-a-test\n");
    let both = refused_local(&[("VIDEO_LOCAL_TOKEN", "x"), ("VIDEO_LOCAL_TOKEN_FILE", &token)]).await;
    assert!(
        both.contains("set either VIDEO_LOCAL_TOKEN or VIDEO_LOCAL_TOKEN_FILE"),
        "{both}"
    );
}

/// `serve` with `local`, which fails only when the provider is opened.
async fn refused_local(pairs: &[(&str, &str)]) -> String {
    let folder = TempDir::new().unwrap();
    let all: Vec<(&str, &str)> = [("VIDEO_HTTP__LISTEN", "127.0.0.1:0")]
        .into_iter()
        .chain(pairs.iter().copied())
        .collect();
    let ended = serve(folder.path(), &env_of(&all)).await;
    assert!(!ended.well, "{ended:?}");
    ended.err
}

#[tokio::test]
async fn a_secret_that_is_empty_is_named_and_an_empty_address_is_the_default() {
    let set_up = SetUp::make().await;
    let blank = set_up.file("blank", "\n");
    for (name, words) in [
        ("VIDEO_CDN_SECRET", "VIDEO_CDN_SECRET is set, but empty"),
        ("VIDEO_WEBHOOK_SECRET", "anybody could sign"),
    ] {
        let file_name = format!("{name}_FILE");
        let env = set_up.env(&[(name, ""), (&file_name, &blank)]);
        let ended = serve(set_up.folder.path(), &env).await;
        assert!(!ended.well && ended.err.contains(words), "{ended:?}");
    }
    let broken = set_up.check(&[("VIDEO_CDN_SECRET", "first\nsecond")]).await;
    broken.says(&["fail", "VIDEO_CDN_SECRET has a line break"]);
    let found = set_up
        .check(&[
            ("VIDEO_MUX_IMAGE", " "),
            ("VIDEO_MUX_API", &format!("{}/", set_up.mux.url)),
        ])
        .await;
    assert!(found.well, "{found:?}");
    let paths = set_up.mux.requests();
    assert!(
        paths.iter().all(|request| !request.path.starts_with("//")),
        "{paths:?}"
    );
}

#[tokio::test]
async fn a_password_with_marks_of_a_url_is_told_how_to_be_written_and_never_shown() {
    for url in [
        "postgres://video:hid#den@127.0.0.1:1/yourbit",
        "postgres://video:hid/den@127.0.0.1:1/yourbit",
        "postgres://video:hid?den@127.0.0.1:1/yourbit",
        "postgres://video:12/hidden@127.0.0.1:1/yourbit",
        "postgres://video:12?a=hidden@127.0.0.1:1/yourbit",
        "postgres://video:h@hid/den@127.0.0.1:1/yourbit",
        "POSTGRES://video:hid/den@127.0.0.1:1/yourbit",
    ] {
        for name in [
            "DATABASE_URL",
            "VIDEO_DATABASE__URL",
            "VIDEO_DATABASE__DIRECT_URL",
        ] {
            for command in ["serve", "check", "migrate"] {
                let folder = TempDir::new().unwrap();
                let ended = binary::run(folder.path(), &env_of(&[(name, url)]), &[command]).await;
                let said = format!("{}{}", ended.out, ended.err);
                assert!(
                    !ended.well && said.contains(name) && said.contains("/ as %2F"),
                    "{url} {said}"
                );
                assert!(!said.contains("hid") && !said.contains("den"), "{url} {said}");
            }
        }
    }
    // With an @ it is clear what is meant; nobody is there, and the line shows no more than the place.
    for url in [
        "postgres://video:hid@den@127.0.0.1:1/yourbit",
        "POSTGRES://video:hid%2Fden@127.0.0.1:1/yourbit?pgbouncer=hidden",
    ] {
        let folder = TempDir::new().unwrap();
        let env = env_of(&[("DATABASE_URL", url), ("VIDEO_AUTH__JWT_SECRET", SECRET)]);
        let ended = serve(folder.path(), &env).await;
        assert!(
            !ended.well && ended.err.contains("127.0.0.1:1/yourbit"),
            "{ended:?}"
        );
        let said = format!("{}{}", ended.out, ended.err);
        assert!(!said.contains("hid") && !said.contains("den"), "{said}");
    }
}

#[test]
fn addresses_and_switches_are_read_in_every_usual_spelling() {
    let of = |pairs: &[(&str, &str)]| load(None, &env_of(pairs)).unwrap_or_else(|error| panic!("{error}"));
    for (text, address) in [
        (":8080", "0.0.0.0:8080"),
        ("localhost:8080", "127.0.0.1:8080"),
        (" [::]:8080\n", "[::]:8080"),
    ] {
        let settings = of(&[("VIDEO_HTTP__LISTEN", text), ("VIDEO_HTTP__METRICS_LISTEN", text)]);
        assert_eq!(settings.http.listen.to_string(), address);
        assert_eq!(settings.http.metrics_listen, address);
    }
    let settings = of(&[
        ("VIDEO_HTTP__PUBLIC_URL", "HTTPS://Video.Example.com/ "),
        ("VIDEO_LOCAL__PUBLIC_URL", "https://files.example.com//"),
        (
            "VIDEO_HTTP__CORS_ORIGINS",
            "https://App.example.com/, http://localhost:5173",
        ),
        ("VIDEO_HTTP__TRUSTED_PROXIES", " 10.0.0.0/8 , ::1"),
        ("VIDEO_HTTP__DOCS", "No"),
        ("VIDEO_HTTP__MAX_STREAMS", "1_000"),
        ("VIDEO_LOG__FORMAT", "JSON"),
        ("VIDEO_LOG__FILTER", ""),
        ("VIDEO_PROVIDERS__ENABLED", "mux"),
    ]);
    assert_eq!(settings.http.public_url, "https://video.example.com");
    assert_eq!(settings.local.public_url, "https://files.example.com");
    assert_eq!(
        settings.http.cors_origins,
        ["https://app.example.com", "http://localhost:5173"]
    );
    assert_eq!(
        (
            settings.http.proxies.len(),
            settings.http.docs,
            settings.http.max_streams
        ),
        (2, false, 1000)
    );
    assert_eq!(settings.log.filter, "info,sqlx=warn,hyper=warn");
    // The only enabled provider is the default one.
    assert_eq!(settings.providers.default, "mux");
    for (name, text, words) in [
        ("VIDEO_HTTP__LISTEN", "8080", ":8080 for all addresses"),
        ("VIDEO_HTTP__METRICS_LISTEN", "9090", ":9090 for all addresses"),
        (
            "VIDEO_HTTP__PUBLIC_URL",
            "video.example.com",
            "such as https://video.example.com",
        ),
        (
            "VIDEO_LOCAL__PUBLIC_URL",
            "https://x.example/?a",
            "without user, query and fragment",
        ),
        (
            "VIDEO_HTTP__CORS_ORIGINS",
            "https://app.example.com/page",
            "write https://app.example.com",
        ),
        (
            "VIDEO_UPLOADS__CORS_ORIGINS",
            "https://*.example.com",
            "no wildcards",
        ),
        ("VIDEO_HTTP__DOCS", "maybe", "true or false"),
        ("VIDEO_HTTP__BODY_LIMIT_BYTES", "64k", "a whole number of bytes"),
        (
            "VIDEO_LOG__FILTER",
            "verbose",
            "error, warn, info, debug, trace, off",
        ),
        ("VIDEO_LOG__FILTER", "info,=", "is no filter"),
    ] {
        let refused = load(None, &env_of(&[(name, text)])).unwrap_err().to_string();
        assert!(refused.starts_with(name) && refused.contains(words), "{refused}");
    }
}

#[tokio::test]
async fn a_map_that_there_is_not_is_told_with_those_that_there_are() {
    let folder = TempDir::new().unwrap();
    let tried = ["provider", "test", "cloudflare"];
    let ended = binary::run(folder.path(), &Environment::default(), &tried).await;
    assert!(!ended.well, "{ended:?}");
    for words in ["cloudflare", "local, mux,", "did you mean cloudflare_stream?"] {
        assert!(ended.err.contains(words), "{ended:?}");
    }
    std::fs::write(folder.path().join("my_own.toml"), "").unwrap();
    let env = env_of(&[
        ("VIDEO_PROVIDERS__ENABLED", "myown"),
        ("VIDEO_PROVIDERS__DIR", folder.path().to_str().unwrap()),
    ]);
    let ended = serve(folder.path(), &env).await;
    for words in ["\"myown\"", "bunny_stream, my_own", "did you mean my_own?"] {
        assert!(!ended.well && ended.err.contains(words), "{ended:?}");
    }
}
