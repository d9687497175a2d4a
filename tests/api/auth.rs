//! Whose tokens are believed.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use http::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::support::{Db, SECRET, TestApp, answer, keys, sign};

fn unsigned(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.",
        part(&json!({"alg": "none", "typ": "JWT"})),
        part(claims)
    )
}

fn hs256(secret: &[u8], claims: &Value) -> String {
    jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        claims,
        &EncodingKey::from_secret(secret),
    )
    .unwrap()
}

on_both! {
    async fn tokens_that_are_not_ours_are_refused(db: Db) {
        let app = TestApp::with(
            db,
            &[("VIDEO_AUTH__ISSUER", "https://issuer"), ("VIDEO_AUTH__AUDIENCE", "video")],
        )
        .await;
        let now = app.clock.now().timestamp();
        let good = json!({"sub": "a", "exp": now + 60, "iss": "https://issuer", "aud": "video"});
        app.get(&sign(&good), "/v1/videos").await.expect(200);
        let with = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims[name] = value;
            claims
        };
        let mut bad = vec![
            unsigned(&good),
            hs256(b"another secret that is long enough.....", &good),
            "nonsense".to_owned(),
            String::new(),
        ];
        for claims in [
            with("exp", json!(now - 31)),
            with("nbf", json!(now + 31)),
            with("iss", json!("https://other")),
            with("aud", json!("other")),
            with("sub", json!("")),
            with("sub", json!("x".repeat(129))),
            with("sub", json!("a\0")),
            with("exp", Value::Null),
            with("exp", json!((now + 60).to_string())),
            with("nbf", json!("soon")),
            with("iss", json!(["https://issuer"])),
            with("iss", Value::Null),
            with("aud", Value::Null),
            with("aud", json!(["video", 7])),
            with("aud", json!([["video"]])),
        ] {
            bad.push(sign(&claims));
        }
        for token in bad {
            let answer = app.get(&token, "/v1/videos").await;
            answer.expect_problem(401, "unauthenticated");
            assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
        }
        app.send(Method::GET, "/v1/videos", None, None).await.expect_problem(401, "unauthenticated");
        for claims in [
            with("exp", json!(now - 29)),
            with("exp", json!(f64::from(u32::MAX) + 0.5)),
            with("nbf", json!(f64::from(i32::try_from(now).unwrap()) - 0.25)),
            with("nbf", Value::Null),
            with("aud", json!(["other", "video"])),
        ] {
            app.get(&sign(&claims), "/v1/videos").await.expect(200);
        }
    }
}

/// What `token` is answered where `video:admin` is needed.
async fn as_admin(app: &TestApp, token: &str) -> u16 {
    app.get(token, "/v1/admin/webhook-events").await.status.as_u16()
}

#[tokio::test]
async fn scopes_are_read_in_every_shape_that_issuers_write() {
    let app = TestApp::with(Db::Sqlite, &[("VIDEO_AUTH__FAILURES_PER_MIN", "0")]).await;
    let exp = app.clock.now().timestamp() + 60;
    let cases = [
        (json!({"scope": "video:admin"}), 200),
        (json!({"scope": "openid  video:admin\tprofile\n"}), 200),
        (json!({"scope": ["openid", "video:admin"]}), 200),
        (json!({"scp": "openid video:admin"}), 200),
        (json!({"scp": ["video:admin"]}), 200),
        // No right at all beyond the owner's.
        (json!({}), 403),
        (json!({"scope": null}), 403),
        (json!({"scope": ""}), 403),
        (json!({"scope": " "}), 403),
        (json!({"scope": []}), 403),
        (json!({"scope": ["video:admin openid"]}), 403),
        (json!({"scope": "video:administrator"}), 403),
        (json!({"scp": null}), 403),
        // `scp` counts where `scope` is absent alone.
        (json!({"scope": "openid", "scp": "video:admin"}), 403),
        (json!({"scope": null, "scp": ["video:admin"]}), 403),
        (json!({"scope": "openid", "scp": 7}), 403),
        // No shape of a scope.
        (json!({"scope": 7}), 401),
        (json!({"scope": true}), 401),
        (json!({"scope": {"video:admin": true}}), 401),
        (json!({"scope": ["video:admin", 7]}), 401),
        (json!({"scope": [null]}), 401),
        (json!({"scope": [["video:admin"]]}), 401),
        (json!({"scp": 7}), 401),
        (json!({"scp": {"a": "video:admin"}}), 401),
    ];
    for (mut claims, status) in cases {
        claims["sub"] = json!("a");
        claims["exp"] = json!(exp);
        assert_eq!(as_admin(&app, &sign(&claims)).await, status, "{claims}");
    }
}

on_both! {
    async fn an_integer_sub_is_the_owner_of_its_text(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_AUTH__FAILURES_PER_MIN", "0")]).await;
        let exp = app.clock.now().timestamp() + 60;
        let token = |sub: Value| sign(&json!({"sub": sub, "exp": exp}));
        let video = app.post(&token(json!(7)), "/v1/uploads", &json!({})).await.expect(201)["video"].clone();
        assert_eq!(video["owner"], "7");
        let path = format!("/v1/videos/{}", video["id"].as_str().unwrap());
        app.get(&token(json!("7")), &path).await.expect(200);
        for other in [json!(8), json!(-7), json!(u64::MAX), json!(i64::MIN), json!("x".repeat(128))] {
            app.get(&token(other), &path).await.expect_problem(404, "not_found");
        }
        for none in [json!(7.0), json!(7.5), json!(1e30), json!(true), json!([7]), json!({"id": 7}), Value::Null] {
            app.get(&token(none), &path).await.expect_problem(401, "unauthenticated");
        }
        app.get(&sign(&json!({"exp": exp})), &path).await.expect_problem(401, "unauthenticated");
    }
}

on_both! {
    async fn the_claim_videos_narrows_in_each_of_its_shapes(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_AUTH__FAILURES_PER_MIN", "0")]).await;
        let video = app.ready_video("signed").await;
        let (id, exp) = (video["id"].as_str().unwrap(), app.clock.now().timestamp() + 60);
        let path = format!("/v1/videos/{id}/playback");
        let other = "0199aaaa-0000-7000-8000-000000000000";
        for (videos, status) in [
            (json!([id]), 200),
            (json!([other, id.to_uppercase()]), 200),
            (json!(id), 200),
            (Value::Null, 200),
            (json!(other), 404),
            (json!([other]), 404),
            (json!([]), 404),
            (json!(["not an id"]), 401),
            (json!("not an id"), 401),
            (json!(7), 401),
            (json!([7]), 401),
            (json!({"id": id}), 401),
            (json!(vec![id; 101]), 401),
        ] {
            let token = sign(&json!({"sub": "b", "scope": "video:play", "exp": exp, "videos": videos}));
            assert_eq!(app.get(&token, &path).await.status, status, "{videos}");
        }
    }
}

#[tokio::test]
async fn a_header_that_wants_something_understood_is_refused() {
    let app = TestApp::start(Db::Sqlite).await;
    let claims = json!({"sub": "a", "exp": app.clock.now().timestamp() + 60});
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let signed = |header: &Header| jsonwebtoken::encode(header, &claims, &key).unwrap();
    let plain = Header::new(Algorithm::HS256);
    app.get(&signed(&plain), "/v1/videos").await.expect(200);
    for crit in [vec!["b64".to_owned()], vec!["exp".to_owned()], vec![]] {
        let header = Header {
            crit: Some(crit),
            ..plain.clone()
        };
        let refused = app.get(&signed(&header), "/v1/videos").await;
        refused.expect_problem(401, "unauthenticated");
    }
    let mut null = plain.clone();
    null.extras.insert("crit", Value::Null);
    app.get(&signed(&null), "/v1/videos")
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn of_two_authorization_headers_none_is_believed() {
    let app = TestApp::start(Db::Sqlite).await;
    let get = || app.client.get(format!("{}/v1/videos", app.url));
    answer(get().bearer_auth(app.alice())).await.expect(200);
    let bob = app.token("bob", "");
    for second in [
        format!("Bearer {}", app.alice()),
        format!("Bearer {bob}"),
        "Basic YTpi".to_owned(),
        String::new(),
    ] {
        let both = get().bearer_auth(app.alice()).header("authorization", &second);
        answer(both).await.expect_problem(401, "unauthenticated");
        let both = get().header("authorization", &second).bearer_auth(app.alice());
        answer(both).await.expect_problem(401, "unauthenticated");
    }
}

on_both! {
    async fn a_second_secret_is_believed_too(db: Db) {
        let next = "the next secret also of more than 32 bytes";
        let app = TestApp::with(db, &[("VIDEO_AUTH__JWT_SECRET", &format!("{SECRET},{next}"))]).await;
        let claims = json!({"sub": "a", "exp": app.clock.now().timestamp() + 60});
        app.get(&hs256(next.as_bytes(), &claims), "/v1/videos").await.expect(200);
        app.get(&sign(&claims), "/v1/videos").await.expect(200);
    }
}

on_both! {
    async fn a_token_that_was_believed_ends_with_its_time(db: Db) {
        let app = TestApp::with(db, &[]).await;
        let token = sign(&json!({"sub": "a", "exp": app.clock.now().timestamp() + 60}));
        app.get(&token, "/v1/videos").await.expect(200);
        app.clock.advance(Duration::seconds(89));
        app.get(&token, "/v1/videos").await.expect(200);
        app.clock.advance(Duration::seconds(1));
        app.get(&token, "/v1/videos").await.expect_problem(401, "unauthenticated");
    }
}

/// A key set with one RSA and one EC key; the EC key and its id.
fn key_set() -> (Value, EcdsaKeyPair) {
    let rsa = jsonwebtoken::jwk::Jwk::from_encoding_key(
        &EncodingKey::from_rsa_pem(keys::private_pem().as_bytes()).unwrap(),
        Algorithm::RS256,
    )
    .unwrap();
    let mut rsa = serde_json::to_value(rsa).unwrap();
    rsa["kid"] = json!("rsa");
    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = ec.public_key().as_ref();
    let ec_jwk = json!({
        "kty": "EC", "crv": "P-256", "kid": "ec",
        "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..]),
    });
    let oct = json!({"kty": "oct", "kid": "oct", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode(SECRET)});
    (json!({"keys": [rsa, ec_jwk, oct]}), ec)
}

on_both! {
    async fn with_a_key_set_the_algorithm_is_the_keys(db: Db) {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("jwks.json");
        let (set, ec) = key_set();
        std::fs::write(&file, set.to_string()).unwrap();
        let app = TestApp::with(
            db,
            &[
                ("VIDEO_AUTH__JWT_SECRET", ""),
                ("VIDEO_AUTH__JWKS", file.to_str().unwrap()),
                ("VIDEO_AUTH__ISSUER", "https://issuer"),
                ("VIDEO_AUTH__AUDIENCE", "video"),
            ],
        )
        .await;
        let claims = json!({
            "sub": "a", "exp": app.clock.now().timestamp() + 60, "iss": "https://issuer", "aud": "video",
        });
        let header = |algorithm, kid: &str| Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) };
        let rsa = EncodingKey::from_rsa_pem(keys::private_pem().as_bytes()).unwrap();
        let token = |header: &Header, key: &EncodingKey| jsonwebtoken::encode(header, &claims, key).unwrap();
        app.get(&token(&header(Algorithm::RS256, "rsa"), &rsa), "/v1/videos").await.expect(200);

        let ec_key = EncodingKey::from_ec_der(ec.to_pkcs8v1().unwrap().as_ref());
        app.get(&token(&header(Algorithm::ES256, "ec"), &ec_key), "/v1/videos").await.expect(200);

        let by_public_key = EncodingKey::from_secret(keys::public_pem().as_bytes());
        let by_secret = EncodingKey::from_secret(SECRET.as_bytes());
        for bad in [
            token(&header(Algorithm::HS256, "rsa"), &by_public_key),
            token(&header(Algorithm::HS256, "oct"), &by_secret),
            token(&header(Algorithm::RS384, "rsa"), &rsa),
            token(&header(Algorithm::RS256, "unknown"), &rsa),
            token(&header(Algorithm::RS256, "ec"), &rsa),
        ] {
            app.get(&bad, "/v1/videos").await.expect_problem(401, "unauthenticated");
        }
    }
}

on_both! {
    async fn a_token_that_was_believed_ends_with_its_key(db: Db) {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("jwks.json");
        let (mut set, ec) = key_set();
        std::fs::write(&file, set.to_string()).unwrap();
        let settings = [
            ("VIDEO_AUTH__JWT_SECRET", ""),
            ("VIDEO_AUTH__JWKS", file.to_str().unwrap()),
            ("VIDEO_AUTH__ISSUER", "https://issuer"),
            ("VIDEO_AUTH__AUDIENCE", "video"),
        ];
        let app = TestApp::with(db, &settings).await;
        let end = app.clock.now().timestamp() + 3_600;
        let claims = json!({"sub": "a", "exp": end, "iss": "https://issuer", "aud": "video"});
        let key = EncodingKey::from_ec_der(ec.to_pkcs8v1().unwrap().as_ref());
        let token = |kid: &str| {
            let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::ES256) };
            jsonwebtoken::encode(&header, &claims, &key).unwrap()
        };
        app.get(&token("ec"), "/v1/videos").await.expect(200);
        let believed = token("ec");
        app.get(&believed, "/v1/videos").await.expect(200);

        set["keys"][1]["kid"] = json!("another");
        std::fs::write(&file, set.to_string()).unwrap();
        app.clock.advance(Duration::seconds(61));
        // One that is not known has the set fetched again.
        app.get(&token("another"), "/v1/videos").await.expect(200);
        app.get(&believed, "/v1/videos").await.expect_problem(401, "unauthenticated");
    }
}

/// The settings of a service whose callers are known by a key set.
fn by_key_set(source: &str) -> [(&str, &str); 5] {
    [
        ("VIDEO_AUTH__JWT_SECRET", ""),
        ("VIDEO_AUTH__JWKS", source),
        ("VIDEO_AUTH__ISSUER", "https://issuer"),
        ("VIDEO_AUTH__AUDIENCE", "video"),
        ("VIDEO_AUTH__FAILURES_PER_MIN", "0"),
    ]
}

/// A token of that issuer, signed with the process's RSA key.
fn by_issuer(app: &TestApp, kid: Option<&str>) -> String {
    let exp = app.clock.now().timestamp() + 600;
    let claims = json!({"sub": "a", "exp": exp, "iss": "https://issuer", "aud": "video"});
    let header = Header {
        kid: kid.map(str::to_owned),
        ..Header::new(Algorithm::RS256)
    };
    let key = EncodingKey::from_rsa_pem(keys::private_pem().as_bytes()).unwrap();
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

/// The process's RSA key as a set has it, with these members besides.
fn rsa_jwk(more: &Value) -> Value {
    let mut key = key_set().0["keys"][0].clone();
    for (name, value) in more.as_object().unwrap() {
        key[name] = value.clone();
    }
    key
}

#[tokio::test]
async fn a_key_that_is_not_for_signatures_checks_none() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("jwks.json");
    std::fs::write(&file, r#"{"keys":[]}"#).unwrap();
    let app = TestApp::with(Db::Sqlite, &by_key_set(file.to_str().unwrap())).await;
    let answered = async |keys: Value, kid: Option<&str>| {
        std::fs::write(&file, json!({"keys": keys}).to_string()).unwrap();
        app.state.auth.refresh_keys(app.clock.now()).await;
        app.get(&by_issuer(&app, kid), "/v1/videos").await.status.as_u16()
    };
    let (named, nameless) = (Some("rsa"), None);
    for (more, status) in [
        (json!({}), 200),
        (json!({"use": "sig"}), 200),
        (json!({"key_ops": ["verify"]}), 200),
        (json!({"use": "sig", "key_ops": ["sign", "verify"]}), 200),
        (json!({"use": "enc"}), 401),
        (json!({"use": "tls"}), 401),
        (json!({"use": 7}), 401),
        (json!({"key_ops": ["encrypt"]}), 401),
        (json!({"key_ops": ["sign"]}), 401),
        (json!({"key_ops": []}), 401),
        (json!({"use": "sig", "key_ops": ["wrapKey"]}), 401),
        (json!({"alg": "RSA-OAEP"}), 401),
        (json!({"alg": "PS256"}), 401),
    ] {
        assert_eq!(answered(json!([rsa_jwk(&more)]), named).await, status, "{more}");
        assert_eq!(
            answered(json!([rsa_jwk(&more)]), nameless).await,
            status,
            "{more}"
        );
    }
    // Keys of no use beside it, unreadable ones too, keep it neither from being found nor from being the only one.
    let others = [
        json!({"kty": "RSA", "kid": "enc", "use": "enc", "n": "AQAB", "e": "AQAB"}),
        json!({"kty": "EC", "crv": "secp256k1", "kid": "k", "x": "AA", "y": "AA"}),
        json!({"kty": "RSA", "kid": 5, "x5c": "text"}),
        json!({"kty": "something new"}),
        json!(7),
    ];
    let mut keys = others.to_vec();
    keys.push(rsa_jwk(&json!({"use": "enc"})));
    keys.push(rsa_jwk(&json!({"use": "sig"})));
    assert_eq!(
        answered(json!(keys), named).await,
        200,
        "the same kid as one for encryption"
    );
    assert_eq!(
        answered(json!(keys), nameless).await,
        200,
        "the only one that checks signatures"
    );
    keys.push(rsa_jwk(&json!({"kid": "another"})));
    assert_eq!(answered(json!(keys), nameless).await, 401, "one of two");
}

/// A server of key sets: what it answers, and how often it was asked.
struct KeyServer {
    url: String,
    asked: std::sync::Arc<std::sync::atomic::AtomicUsize>,
    answer: std::sync::Arc<std::sync::Mutex<String>>,
}

impl KeyServer {
    async fn start(set: &Value) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = std::sync::Arc::<std::sync::atomic::AtomicUsize>::default();
        let set = std::sync::Arc::new(std::sync::Mutex::new(set.to_string()));
        let (count, answer) = (asked.clone(), set.clone());
        let answering = async move || {
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            answer.lock().unwrap().clone()
        };
        let router = axum::Router::new()
            .route(
                "/moved",
                axum::routing::get(axum::response::Redirect::temporary("/keys")),
            )
            .route("/keys", axum::routing::get(answering));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            asked,
            answer: set,
        }
    }

    async fn app(&self, path: &str) -> TestApp {
        TestApp::with(Db::Sqlite, &by_key_set(&format!("{}{path}", self.url))).await
    }

    fn asked(&self) -> usize {
        self.asked.load(std::sync::atomic::Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_key_set_is_taken_from_its_own_address_and_only_up_to_a_size() {
    let set = json!({"keys": [rsa_jwk(&json!({}))]});
    let server = KeyServer::start(&set).await;
    let app = server.app("/keys").await;
    app.get(&by_issuer(&app, Some("rsa")), "/v1/videos")
        .await
        .expect(200);
    let app = server.app("/moved").await;
    app.get(&by_issuer(&app, Some("rsa")), "/v1/videos")
        .await
        .expect_problem(401, "unauthenticated");
    for (spaces, status) in [(1_000_000, 200), (1 << 20, 401)] {
        *server.answer.lock().unwrap() = format!("{}{set}", " ".repeat(spaces));
        let app = server.app("/keys").await;
        assert_eq!(
            app.get(&by_issuer(&app, Some("rsa")), "/v1/videos").await.status,
            status
        );
    }
}

#[tokio::test]
async fn a_key_set_that_does_not_come_is_waited_for_five_seconds() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", silent.local_addr().unwrap());
    let loading = yourbit_video::auth::Jwks::load(&url, crate::support::start_of_time());
    let loaded = tokio::time::timeout(std::time::Duration::from_secs(20), loading).await;
    assert_eq!(loaded.expect("it is waited for for ever").unwrap().key_count(), 0);
}

#[tokio::test]
async fn a_new_key_is_fetched_once_for_all_who_have_it() {
    let server = KeyServer::start(&json!({"keys": []})).await;
    let app = server.app("/keys").await;
    app.clock.advance(Duration::seconds(61));
    *server.answer.lock().unwrap() = json!({"keys": [rsa_jwk(&json!({"kid": "new"}))]}).to_string();
    let before = server.asked();
    let fresh = by_issuer(&app, Some("new"));
    let all = (0..20).map(|_| app.get(&fresh, "/v1/videos"));
    for answer in futures::future::join_all(all).await {
        answer.expect(200);
    }
    assert_eq!(server.asked() - before, 1);
    // Within the same minute a stranger cannot have it fetched again.
    for kid in 0..20 {
        let unknown = by_issuer(&app, Some(&kid.to_string()));
        app.get(&unknown, "/v1/videos")
            .await
            .expect_problem(401, "unauthenticated");
    }
    assert_eq!(server.asked() - before, 1);
}
