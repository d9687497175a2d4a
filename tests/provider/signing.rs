//! Tokens: every algorithm and every way to write a key, checked with the public key.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeyPair as RsaKeyPair,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
        KeyPair, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;
use yourbit_video::{domain::Policy, provider::MapError};

use crate::support::{
    MINIMAL, ask, claims, hmac_hex, load, part, pem, ready, rsa_key, rsa_pem, rsa_pkcs1, rsa_verifies, vars,
};

/// The token that a map with this algorithm and key gives.
async fn token(algorithm: &str, format: &str, key: &str) -> Result<String, MapError> {
    let sign = format!(
        "[playback.sign]\nkind = \"jwt\"\nalgorithm = \"{algorithm}\"\nkey_format = \"{format}\"\nkey = \"{{secrets.webhook}}\"\n\
         claims = {{ sub = \"{{playback_id}}\", exp = \"{{expires}}\", n = 1, who = [\"{{vars.x|default:a}}\"] }}\n\
         tokens = {{ play = {{ sub = \"{{asset_id}}\", list = [1, \"b\"] }} }}\n[playback.urls]\n"
    );
    let map = format!(
        "[vars]\nx = true\n{}",
        MINIMAL.replace("[playback.urls]\n", &sign)
    );
    let map = map.replace(
        "hls = \"",
        "hls = \"https://cdn.example/{token.play}\"\nother = \"",
    );
    let provider = load(&map, &vars([("KEY", "k"), ("WEBHOOK", key)]))?;
    let answer = provider
        .playback(&ready(Policy::Signed), &ask(&[]))
        .await
        .unwrap();
    let token = answer.tokens["play"].clone();
    assert_eq!(part(&token, 0), json!({"alg": algorithm, "typ": "JWT"}));
    let exp = answer.expires_at.unwrap().timestamp();
    assert_eq!(
        claims(&token),
        json!({"sub": "as1", "exp": exp, "n": 1, "who": [true], "list": [1, "b"]})
    );
    Ok(token)
}

fn verifies(token: &str, algorithm: &'static dyn VerificationAlgorithm, key: &[u8]) -> bool {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(algorithm, key)
        .verify(message.as_bytes(), &signature)
        .is_ok()
}

#[tokio::test]
async fn rsa_keys_in_every_form() {
    let pkcs1 = pem("RSA PRIVATE KEY", &rsa_pkcs1());
    for key in [
        rsa_pem(),
        pkcs1.clone(),
        STANDARD.encode(&pkcs1),
        format!("  {}\n", STANDARD.encode(rsa_pem())),
        format!("\n {}", rsa_pem()),
    ] {
        assert!(rsa_verifies(&token("RS256", "pem", &key).await.unwrap()));
    }
    for text in [rsa_jwk(), STANDARD.encode(rsa_jwk())] {
        assert!(rsa_verifies(&token("RS256", "jwk", &text).await.unwrap()));
    }
}

#[tokio::test]
async fn elliptic_keys_in_every_form() {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let public = key.public_key().as_ref();
    let sec1 =
        aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::EcPrivateKeyRfc5915Der>::as_der(&key.private_key());
    let private = aws_lc_rs::encoding::AsBigEndian::<aws_lc_rs::encoding::EcPrivateKeyBin>::as_be_bytes(
        &key.private_key(),
    );
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": encode(&public[1..33]), "y": encode(&public[33..]),
                     "d": encode(private.unwrap().as_ref())});
    let pkcs8 = key.to_pkcs8v1().unwrap();
    for (format, text) in [
        ("pem", pem("PRIVATE KEY", pkcs8.as_ref())),
        ("pem", pem("EC PRIVATE KEY", sec1.unwrap().as_ref())),
        ("jwk", jwk.to_string()),
    ] {
        let token = token("ES256", format, &text).await.unwrap();
        assert!(verifies(&token, &ECDSA_P256_SHA256_FIXED, public), "{format}");
    }
}

#[tokio::test]
async fn edwards_keys_in_every_form() {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    let seed = key.seed().unwrap();
    let seed = aws_lc_rs::encoding::AsBigEndian::<aws_lc_rs::encoding::Curve25519SeedBin>::as_be_bytes(&seed)
        .unwrap();
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(key.public_key().as_ref()), "d": encode(seed.as_ref())});
    for (format, text) in [
        ("pem", pem("PRIVATE KEY", pkcs8.as_ref())),
        ("jwk", jwk.to_string()),
    ] {
        let token = token("EdDSA", format, &text).await.unwrap();
        assert!(verifies(&token, &ED25519, key.public_key().as_ref()), "{format}");
    }
}

#[tokio::test]
async fn shared_secrets_in_every_form() {
    let secret = "a shared secret of 32 bytes .....";
    for (format, text) in [
        ("utf8", secret.to_owned()),
        ("base64", STANDARD.encode(secret)),
        (
            "jwk",
            json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(secret)}).to_string(),
        ),
    ] {
        let token = token("HS256", format, &text).await.unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        assert_eq!(
            hex::encode(URL_SAFE_NO_PAD.decode(signature).unwrap()),
            hmac_hex(secret, message),
            "{format}"
        );
    }
}

#[tokio::test]
async fn keys_of_another_kind_are_refused_without_being_shown() {
    let ed = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let ed = pem("PRIVATE KEY", ed.as_ref());
    for (algorithm, format, key) in [
        ("RS256", "pem", ed.as_str()),
        ("ES256", "pem", &ed),
        ("ES256", "pem", &rsa_pem()),
        ("EdDSA", "pem", &rsa_pem()),
        ("HS256", "pem", &rsa_pem()),
        ("ES256", "jwk", &rsa_jwk()),
        ("RS256", "utf8", "text"),
        ("RS256", "pem", "bm90IGEga2V5"),
        ("RS256", "jwk", "{}"),
        ("RS256", "jwk", r#"{"kty":"RSA","n":"AQAB"}"#),
    ] {
        let error = token(algorithm, format, key).await.unwrap_err().to_string();
        assert!(error.contains("[playback.sign] key:"), "{error}");
        assert!(
            !error.contains(&key[..key.len().min(8)]) || key.len() < 8,
            "{error}"
        );
    }
}

/// The run's RSA key as a JWK, its parts read from the DER.
fn rsa_jwk() -> String {
    let _: &RsaKeyPair = rsa_key();
    let der = rsa_pkcs1();
    let mut rest = &der[4..];
    let mut numbers = Vec::new();
    while !rest.is_empty() {
        let (length, start) = match rest[1] {
            0x82 => (usize::from(rest[2]) * 256 + usize::from(rest[3]), 4),
            0x81 => (usize::from(rest[2]), 3),
            short => (usize::from(short), 2),
        };
        numbers.push(URL_SAFE_NO_PAD.encode(&rest[start..start + length]));
        rest = &rest[start + length..];
    }
    let names = ["version", "n", "e", "d", "p", "q", "dp", "dq", "qi"];
    let mut jwk: serde_json::Map<_, _> = names
        .iter()
        .zip(numbers)
        .map(|(name, number)| ((*name).to_owned(), number.into()))
        .collect();
    jwk.insert("kty".to_owned(), "RSA".into());
    serde_json::Value::Object(jwk).to_string()
}
