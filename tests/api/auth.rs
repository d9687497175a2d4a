//! Whose tokens are believed.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use http::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::support::{Db, SECRET, TestApp, keys, sign};

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
            with("exp", Value::Null),
            with("sub", json!(7)),
            with("videos", json!(["not an id"])),
        ] {
            bad.push(sign(&claims));
        }
        for token in bad {
            let answer = app.get(&token, "/v1/videos").await;
            answer.expect_problem(401, "unauthenticated");
            assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
        }
        app.send(Method::GET, "/v1/videos", None, None).await.expect_problem(401, "unauthenticated");
        app.get(&sign(&with("exp", json!(now - 29))), "/v1/videos").await.expect(200);
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
