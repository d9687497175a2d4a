//! What the log says of those who are refused, and how much of it they can fill.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use yourbit_video::clock::Clock;

use crate::support::collector::Collector;
use crate::support::database::TestDatabase;
use crate::support::fake_mux::FakeMux;
use crate::support::mux_events::Ids;
use crate::support::program::Program;
use crate::support::receiver::Receiver;
use crate::support::{Db, SECRET, answer, keys, sign};

fn now() -> i64 {
    Clock::system().now().timestamp()
}

fn hs256(secret: &str, claims: &Value) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
}

/// The parts of a token that nobody may see. (The header of all tokens is the same.)
fn parts(token: &str) -> impl Iterator<Item = &str> {
    token.split('.').skip(1).filter(|part| part.len() > 8)
}

impl Program {
    /// Sends the token with a request id of its own; returns the line that says why it was refused.
    async fn refusal(&self, token: &str, id: &str) -> Value {
        let request = self.client.get(format!("{}/v1/videos", self.url));
        answer(request.bearer_auth(token).header("x-request-id", id))
            .await
            .expect_problem(401, "unauthenticated");
        let why = |line: &Value| line["message"] == "a token was refused" && line["request.id"] == id;
        self.wait_for(async |program| program.lines().into_iter().find(why))
            .await
    }

    /// The lines with this message.
    fn said(&self, message: &str) -> Vec<Value> {
        let lines = self.lines().into_iter();
        lines.filter(|line| line["message"] == message).collect()
    }

    /// How many lines with this message were left out.
    fn left_out(&self, of: &str) -> u64 {
        let lines = self.said("lines were left out of the log").into_iter();
        let of_these = lines.filter(|line| line["of"] == of);
        of_these.map(|line| line["count"].as_u64().unwrap()).sum()
    }

    /// Sends `count` requests over some connections; returns how many bytes the log has grown by.
    async fn flood(&self, count: usize, request: impl Fn() -> reqwest::RequestBuilder) -> usize {
        let before = self.log.lock().unwrap().len();
        for _ in 0..count / 20 {
            let some = (0..20).map(|_| request().send());
            for sent in futures::future::join_all(some).await {
                match sent {
                    Ok(answer) => assert!(answer.status().is_client_error(), "{answer:?}"),
                    // Why: a body that is too large is refused before it has come, and a client that is still writing it
                    // then may not see the answer. The log has its line all the same.
                    Err(error) => assert!(error.is_request() && !error.is_connect(), "{error:?}"),
                }
            }
        }
        self.log.lock().unwrap().len() - before
    }
}

#[tokio::test]
async fn why_a_token_is_refused_is_in_the_log_with_the_request_id_and_without_the_token() {
    let (database, mux) = (TestDatabase::make(Db::Sqlite).await, FakeMux::start().await);
    let settings = [
        ("VIDEO_AUTH__ISSUER", "https://issuer"),
        ("VIDEO_AUTH__AUDIENCE", "video"),
    ];
    let mut program = Program::start(&database.url, &mux, &settings).await;
    let good = json!({"sub": "a", "exp": now() + 600, "iss": "https://issuer", "aud": "video"});
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        sign(&claims)
    };
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        sign(&claims)
    };
    let rsa = EncodingKey::from_rsa_pem(keys::private_pem().as_bytes()).unwrap();
    let crit = Header {
        crit: Some(vec!["b64".to_owned()]),
        ..Header::new(Algorithm::HS256)
    };
    let cases = [
        (with("exp", json!(now() - 100)), "expired"),
        (without("exp"), "no exp"),
        (with("exp", json!("soon")), "exp is not a number"),
        (with("nbf", json!(now() + 100)), "nbf"),
        (
            with("iss", json!("https://other")),
            "iss is \"https://other\", auth.issuer is \"https://issuer\"",
        ),
        (without("iss"), "iss is missing"),
        (with("aud", json!(["x", "y"])), "auth.audience is \"video\""),
        (without("aud"), "aud is missing"),
        (with("sub", json!(1.5)), "sub"),
        (
            with("scope", json!(7)),
            "scope is neither a text nor a list of texts",
        ),
        (with("videos", json!(7)), "videos"),
        (
            hs256("another secret that is long enough.....", &good),
            "signature",
        ),
        (
            jsonwebtoken::encode(&Header::new(Algorithm::RS256), &good, &rsa).unwrap(),
            "algorithm is \"RS256\", the key's is HS256",
        ),
        (
            jsonwebtoken::encode(&crit, &good, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap(),
            "crit",
        ),
        ("eyJhbGciOiJub25lIn0.e30.".to_owned(), "algorithm is \"none\""),
        ("nonsense".to_owned(), "three parts"),
    ];
    for (index, (token, reason)) in cases.iter().enumerate() {
        let line = program.refusal(token, &format!("case-{index}")).await;
        assert!(
            line["reason"].as_str().unwrap().contains(reason),
            "{reason}: {line}"
        );
        assert_eq!(line["client.network"], "127.0.0.1");
    }
    let line = program.line("/v1/videos").await;
    assert_eq!(
        (&line["status"], &line["request.id"]),
        (&json!(401), &json!("case-0"))
    );
    program.stop().await;
    let log = program.log.lock().unwrap();
    for part in cases.iter().flat_map(|(token, _)| parts(token)) {
        assert!(!log.contains(part), "{part} is told: {log}");
    }
}

#[tokio::test]
async fn a_key_set_says_which_key_is_missing_or_not_used() {
    let (database, mux) = (TestDatabase::make(Db::Sqlite).await, FakeMux::start().await);
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("jwks.json");
    let key = EncodingKey::from_rsa_pem(keys::private_pem().as_bytes()).unwrap();
    let jwk = |kid: &str, more: &Value| {
        let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&key, Algorithm::RS256).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(kid);
        jwk.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        jwk
    };
    let set = [
        jwk("one", &json!({})),
        jwk("two", &json!({})),
        jwk("enc", &json!({"use": "enc"})),
    ];
    std::fs::write(&file, json!({"keys": set}).to_string()).unwrap();
    let settings = [
        ("VIDEO_AUTH__JWT_SECRET", ""),
        ("VIDEO_AUTH__JWKS", file.to_str().unwrap()),
        ("VIDEO_AUTH__ISSUER", "https://issuer"),
        ("VIDEO_AUTH__AUDIENCE", "video"),
    ];
    let mut program = Program::start(&database.url, &mux, &settings).await;
    let claims = json!({"sub": "a", "exp": now() + 600, "iss": "https://issuer", "aud": "video"});
    let token = |kid: Option<&str>, algorithm: Algorithm| {
        let header = Header {
            kid: kid.map(str::to_owned),
            ..Header::new(algorithm)
        };
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    };
    for (index, (kid, algorithm, reason)) in [
        (Some("gone"), Algorithm::RS256, "no key \"gone\""),
        (
            Some("enc"),
            Algorithm::RS256,
            "key \"enc\" of auth.jwks is not used: its use is not sig",
        ),
        (None, Algorithm::RS256, "no kid, and auth.jwks has 2 keys"),
        (
            Some("one"),
            Algorithm::RS512,
            "algorithm is \"RS512\", the key's is RS256",
        ),
        (
            Some(&*"\u{1b}[31mlong".repeat(100)),
            Algorithm::RS256,
            "\"\\u{1b}[31mlong",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let line = program
            .refusal(&token(kid, algorithm), &format!("case-{index}"))
            .await;
        let said = line["reason"].as_str().unwrap();
        assert!(said.contains(reason) && said.len() < 250, "{reason}: {line}");
    }
    program.stop().await;
}

#[tokio::test]
async fn a_flood_of_forged_webhooks_is_said_once_with_its_count() {
    let (database, mux) = (TestDatabase::make(Db::Sqlite).await, FakeMux::start().await);
    let mut program = Program::start(&database.url, &mux, &[]).await;
    let url = format!("{}/v1/webhooks/mux", program.url);
    let forged = || {
        let header = format!("t={},v1={}", now(), "0".repeat(64));
        program
            .client
            .post(&url)
            .header("mux-signature", header)
            .body("{}")
    };
    program.flood(2000, forged).await;
    program.stop().await;
    let said = program.said("a webhook was refused");
    // A slow machine may see a second window of ten seconds.
    assert!((1..=6).contains(&said.len()), "{} lines", said.len());
    assert_eq!(
        (&said[0]["provider"], &said[0]["client.network"]),
        (&json!("mux"), &json!("127.0.0.1"))
    );
    assert_eq!(
        program.left_out("a webhook was refused") + said.len() as u64,
        2000
    );
    let requests = program.said("request").len() as u64;
    assert_eq!(program.left_out("request (refused)") + requests, 2000);
    let log = program.log.lock().unwrap();
    assert!(log.len() < 100_000, "{} bytes\n{log}", log.len());
}

#[tokio::test]
async fn whatever_strangers_ask_for_does_not_fill_the_disk() {
    let (database, mux) = (TestDatabase::make(Db::Sqlite).await, FakeMux::start().await);
    let mut program = Program::start(&database.url, &mux, &[]).await;
    let base = program.url.clone();
    let at = |path: &str| format!("{base}{path}");
    let client = program.client.clone();
    let large = vec![b' '; (1 << 20) + 1];
    let grown = [
        program
            .flood(1000, || client.get(at("/v1/videos")).bearer_auth("bad"))
            .await,
        program.flood(1000, || client.get(at("/v1/videos"))).await,
        program.flood(1000, || client.get(at("/nothing/here"))).await,
        program.flood(1000, || client.post(at("/openapi.json"))).await,
        program
            .flood(1000, || client.get(at(&format!("/{}", "x".repeat(9000)))))
            .await,
        program
            .flood(1000, || {
                client.get(at(
                    "/v1/videos/0199aaaa-0000-7000-8000-000000000000/events?ticket=v1.1.x",
                ))
            })
            .await,
        program
            .flood(1000, || {
                client.get(at("/v1/videos/0199aaaa-0000-7000-8000-000000000000/events?no=1"))
            })
            .await,
        program
            .flood(20, || client.post(at("/v1/webhooks/mux")).body(large.clone()))
            .await,
    ];
    let asked = 7020;
    program.stop().await;
    let (lines, left_out) = (
        program.said("request").len() as u64,
        program.left_out("request (refused)"),
    );
    assert_eq!(lines + left_out, asked, "every one is counted");
    assert!(grown.iter().sum::<usize>() < 200_000, "{grown:?}");
    // Who has a token always has a line: by the request's id it is found.
    let mut program = Program::start(&database.url, &mux, &[]).await;
    let url = format!("{}/v1/videos/none", program.url);
    program
        .flood(400, || client.get(&url).bearer_auth(Program::token()))
        .await;
    program.stop().await;
    assert_eq!(program.said("request").len(), 400);
    assert!(program.said("lines were left out of the log").is_empty());
}

#[tokio::test]
async fn no_ticket_and_no_token_is_told_in_log_spans_or_problems_whatever_the_filter() {
    let (database, mux, collector) = (
        TestDatabase::make(Db::Sqlite).await,
        FakeMux::start().await,
        Collector::start().await,
    );
    let settings = [
        ("VIDEO_LOG__FILTER", "trace"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
    ];
    let mut program = Program::start(&database.url, &mux, &settings).await;
    let created = program
        .upload("4bf92f3577b34da6a3ce929d0e0e4736")
        .await
        .expect(201);
    let events = created["video"]["events_url"].as_str().unwrap();
    let (path, ticket) = events.split_once("?ticket=").unwrap();
    let other = path.replacen(|c: char| c.is_ascii_digit(), "f", 1);
    let (client, url) = (&program.client, &program.url);
    let token = Program::token();
    let forged = hs256(
        "another secret that is long enough.....",
        &json!({"sub": "hidden-owner", "exp": now() + 60}),
    );
    // Opened, and left at once.
    let open = client.get(format!("{url}{events}")).send().await.unwrap();
    assert_eq!(open.status(), 200);
    drop(open);
    let mut problems = String::new();
    for request in [
        client.get(format!("{url}{other}?ticket={ticket}")),
        client.get(format!("{url}{events}x")),
        client.get(format!("{url}{events}&unknown=1")),
        client.get(format!("{url}{events}&follow={ticket}")),
        client.post(format!("{url}{events}")),
        client.get(format!("{url}/nowhere?ticket={ticket}")),
        client
            .get(format!("{url}/v1/videos?ticket={ticket}"))
            .bearer_auth(&token),
        client.get(format!("{url}/v1/videos?token={token}")),
        client.get(format!("{url}/v1/videos")).bearer_auth(&forged),
        client
            .get(format!("{url}/v1/videos"))
            .header("authorization", &token),
        client
            .get(format!("{url}/v1/videos"))
            .bearer_auth(&token)
            .header("authorization", format!("Bearer {forged}")),
        client
            .post(format!("{url}/v1/uploads"))
            .bearer_auth(&token)
            .body(format!("{{\"{token}\"")),
    ] {
        let answer = answer(request).await;
        assert!(answer.status.is_client_error(), "{answer:?}");
        problems.push_str(&answer.text);
    }
    program.stop().await;
    let log = program.log.lock().unwrap().clone();
    assert!(log.contains("\"TRACE\""), "the filter lets everything through");
    let spans = format!("{:?}", collector.spans());
    assert!(spans.contains("/v1/videos/{id}/events"), "{spans}");
    let mac = ticket.rsplit('.').next().unwrap();
    let secrets = [mac].into_iter().chain(parts(&token)).chain(parts(&forged));
    for secret in secrets {
        for (what, text) in [("log", &log), ("spans", &spans), ("problems", &problems)] {
            let told = text.lines().find(|line| line.contains(secret));
            assert!(told.is_none(), "{what}: {secret} in {told:?}");
        }
    }
}

/// A proxy that the environment names: counts who comes.
async fn proxy() -> (String, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = std::sync::Arc::<std::sync::atomic::AtomicUsize>::default();
    let seen = count.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            drop(stream);
        }
    });
    (url, count)
}

#[tokio::test]
async fn no_call_of_ours_takes_a_proxy_from_the_environment() {
    let (database, mux, collector) = (
        TestDatabase::make(Db::Sqlite).await,
        FakeMux::start().await,
        Collector::start().await,
    );
    let receiver = Receiver::start().await;
    let (proxy, seen) = proxy().await;
    let key = EncodingKey::from_rsa_pem(keys::private_pem().as_bytes()).unwrap();
    let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&key, Algorithm::RS256).unwrap();
    let (set, listener) = (
        json!({"keys": [jwk]}).to_string(),
        tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(),
    );
    let jwks = format!("http://{}/keys", listener.local_addr().unwrap());
    let router = axum::Router::new().fallback(async move || set.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let mut settings = receiver.settings();
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        settings.push((name, &proxy));
    }
    settings.extend([
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
        ("VIDEO_AUTH__JWT_SECRET", ""),
        ("VIDEO_AUTH__JWKS", &jwks),
        ("VIDEO_AUTH__ISSUER", "i"),
        ("VIDEO_AUTH__AUDIENCE", "a"),
    ]);
    let mut program = Program::start(&database.url, &mux, &settings).await;
    let claims = json!({"sub": "alice", "exp": now() + 600, "iss": "i", "aud": "a"});
    let token = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap();
    // The key set, the provider, the application's endpoint, the collector.
    let request = program
        .client
        .post(format!("{}/v1/uploads", program.url))
        .bearer_auth(&token);
    let video = answer(request).await.expect(201)["video"].clone();
    let event = Ids::of(&video).asset_event("ready", "ready", "signed", Clock::system().now());
    program.event(&event).await.expect(200);
    program
        .wait_for(async |_| (!receiver.deliveries().is_empty()).then_some(()))
        .await;
    let folder = tempfile::TempDir::new().unwrap();
    let listen = [
        "VIDEO_HTTP__LISTEN".to_owned(),
        program.url.replacen("http://", "", 1),
    ];
    let names = ["http_proxy", "HTTP_PROXY"].map(|name| (name.to_owned(), proxy.clone()));
    let [name, value] = listen;
    let env = names.into_iter().chain([(name, value)]).collect();
    let health = crate::support::binary::run(folder.path(), &env, &["healthcheck"]).await;
    assert!(health.well, "{health:?}");
    program.stop().await;
    assert!(!collector.spans().is_empty());
    assert_eq!(
        seen.load(std::sync::atomic::Ordering::SeqCst),
        0,
        "somebody asked the proxy"
    );
}

/// Every client that the source builds says that it takes no proxy and follows no redirect.
#[test]
fn every_client_in_the_source_takes_no_proxy_and_follows_no_redirect() {
    fn visit(folder: &std::path::Path, clients: &mut usize) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(&path, clients);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                for forbidden in ["reqwest::get(", "Client::new()"] {
                    assert!(!text.contains(forbidden), "{}: {forbidden}", path.display());
                }
                for builder in text.split("Client::builder()").skip(1) {
                    let built = builder.split(".build()").next().unwrap();
                    *clients += 1;
                    for wanted in [".no_proxy()", "Policy::none()"] {
                        assert!(built.contains(wanted), "{}: {wanted}", path.display());
                    }
                }
            }
        }
    }
    let mut clients = 0;
    visit(
        &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut clients,
    );
    assert!(
        clients >= 5,
        "provider, key set, events, local's webhooks, collector: {clients}"
    );
}
