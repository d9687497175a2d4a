//! Signed texts and proofs of webhooks, by maps made for one test: what they make, and what is refused at start.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use axum::body::Bytes;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use yourbit_video::{
    domain::Policy,
    provider::{Provider, Refused},
};

use crate::{
    fake::Fake,
    support::{MINIMAL, RFC_9500_PEM, Vars, ask, deliver, headers, load, now, ready, signing, vars},
};

fn secrets() -> Vars {
    vars([("KEY", "AWS4secret"), ("WEBHOOK", "w"), ("RSA", RFC_9500_PEM)])
}

/// The signature that a map with this `[playback]` makes.
async fn signature(playback: &str) -> String {
    let map = signing(playback, "https://cdn.example/{asset_id}.m3u8?s={signature}");
    let map = map.replace("[secrets]\n", "[secrets]\nrsa = \"${RSA}\"\n");
    let provider = load(&map, &secrets()).unwrap_or_else(|error| panic!("{error}"));
    let answer = provider
        .playback(&ready(Policy::Signed), &ask(&[]))
        .await
        .unwrap();
    answer.urls["hls"].split_once("?s=").unwrap().1.to_owned()
}

/// The same text as a value of a URL has it.
fn encoded(base64: &str) -> String {
    base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

#[tokio::test]
async fn every_algorithm_gives_what_other_programs_give() {
    // Computed by Node's `crypto` over `as1 1800003600`.
    for (algorithm, wanted) in [
        ("algorithm = \"sha1\"", "IlFzAgR7EYTaQ/e/9rbiGKuh1Ws="),
        (
            "algorithm = \"sha256\"",
            "ChK9KZUFv4jOSDPAlTK2d7fY5heqVOwwq6pGIsUsFdo=",
        ),
        (
            "algorithm = \"sha512\"",
            "8mT0WNQaeUEIihOjXDPCUO93/wS1oJWVjgO7hlDAHM6EQmzm0a1tuSWTkEzENPyOqN3K6DEK1QhVLmR3C/YaUg==",
        ),
        (
            "algorithm = \"rsa-sha1\"\nkey = \"{secrets.rsa}\"",
            "Q4UnTldnnV2I415Rjak8Sz1ppGkNJvuG1D/hbmzZ13jKXrwRNjOhel1UPj78S/Tul+xJvcsjCXKZfYtBQ58oWJB4DK2KS3jBF/n493BMJjKjbNkl7ujr92Orf8XvDC0BI+MPUaDmEwHAROZQdw1W8+X56AkYrSJzD2nclRqxMv/4naJl1/hxXgAO2owBOkA9fNqhXs/DptjRL6wXyNZsaJMwFopXkft0C51LUB3xOG7L7ONKu9ELSqRmaAugjHX27Ozn59VWL1kEjlw8lOilZiojVAHbnZjI4SUV+Ad70ulPqPn7ckWysJF34W3c68HjmwLwqEGWJ+gqxA8p8PZbKA==",
        ),
        (
            "algorithm = \"rsa-sha256\"\nkey = \"{secrets.rsa}\"",
            "MG6bV+pQf7t8U2OWpYtzwzdchPrRhBdk28G/1seMkmjxkrbvjfw3+ge1mAGHpYeYheMTVtSD4oQzFpZGe8YnuoA+B/Ry93cQF5B9ZAmm3BJPeGIXCF1dVbYm1gh8cpuqSn/wyGOQpJeGFy4jVbde558BKjWCvWs1+M0lwwquzHCew7plOL6NTxXo66FJDTohDd+dCxX8/AiCZblxfE2sR37c751+LSKaJW9Elo64E6AV2M7FdjwASuFsh5gMa039O1/1zygV1bp0cVZ/RgSQS7UzcM5r+itcYV7W2DV3ShBCsvtdwKLL/XmxvokjMFBU6MDgD6LduvlhBBabmkEHYA==",
        ),
    ] {
        let sign = format!(
            "[playback.sign]\nkind = \"digest\"\n{algorithm}\nmessage = \"{{asset_id}} {{expires}}\"\nencoding = \"base64\""
        );
        assert_eq!(signature(&sign).await, encoded(wanted), "{algorithm}");
    }
}

#[tokio::test]
async fn a_key_may_be_an_earlier_text() {
    let chain = |more: &str| {
        format!(
            "[playback.compute.date_key]\nalgorithm = \"hmac-sha256\"\nkey = \"{{secrets.key}}\"\nmessage = \"20270115\"\n\
             [playback.sign]\nkind = \"digest\"\nalgorithm = \"hmac-sha256\"\nkey = \"{{compute.date_key}}\"\n{more}\
             message = \"{{asset_id}} {{expires}}\"\n"
        )
    };
    // Computed by Node's `crypto`.
    let by_bytes = "fed2f69f1aff9d263f9e41717d7cde02891c915b810f9114a68f24e4b6ceba13";
    let by_text = "012221326ac7d1a43f480923ae749c56e9013fcfc91a63f513ad320573c474f5";
    assert_eq!(signature(&chain("key_encoding = \"raw\"\n")).await, by_bytes);
    assert_eq!(signature(&chain("key_encoding = \"utf8\"\n")).await, by_text);
    assert_eq!(signature(&chain("")).await, by_text);
}

#[tokio::test]
async fn an_end_in_the_message_of_the_key_binds_too() {
    let sign = "[playback.compute.day]\nalgorithm = \"hmac-sha256\"\nkey = \"{secrets.key}\"\nmessage = \"{expires}\"\n\
                [playback.sign]\nkind = \"digest\"\nalgorithm = \"hmac-sha256\"\nkey = \"{compute.day}\"\n\
                message = \"{asset_id}\"\n";
    assert_eq!(signature(sign).await.len(), 64);
}

/// Why a map with this `[playback]` does not load.
#[track_caller]
fn refusal(playback: &str, signed: &str) -> String {
    let map = signing(playback, signed).replace("[secrets]\n", "[secrets]\nrsa = \"${RSA}\"\n");
    match load(&map, &secrets()) {
        Ok(_) => panic!("the map loads with {playback}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_signed_text_that_is_not_safe_is_refused() {
    let digest = |more: &str| format!("[playback.sign]\nkind = \"digest\"\n{more}");
    let url = "https://cdn.example/{asset_id}.m3u8?s={signature}";
    let bound = "message = \"{asset_id}{expires}\"\n";
    for (playback, says) in [
        (
            digest("algorithm = \"none\"\nmessage = \"{asset_id}{expires}\"\n"),
            "[playback.sign] algorithm: none signs nothing",
        ),
        (
            digest("algorithm = \"rsa-sha1\"\nkey = \"{secrets.rsa}\"\nmessage = \"{asset_id}\"\n"),
            "[playback.sign] message: binds no expiry",
        ),
        (
            digest("algorithm = \"rsa-sha256\"\nkey = \"{secrets.rsa}\"\nmessage = \"{expires}\"\n"),
            "[playback.sign] message: binds no video",
        ),
        (
            digest(&format!("algorithm = \"rsa-sha256\"\n{bound}")),
            "[playback.sign] key: is missing",
        ),
        (
            digest(&format!(
                "algorithm = \"rsa-sha256\"\nkey = \"{{secrets.rsa}}\"\nkey_encoding = \"hex\"\n{bound}"
            )),
            "[playback.sign] key_encoding: RSA takes a key in PEM",
        ),
        (
            digest(&format!(
                "algorithm = \"hmac-sha256\"\nkey = \"{{secrets.key}}\"\nkey_encoding = \"raw\"\n{bound}"
            )),
            "[playback.sign] key_encoding: `raw` is for a key that is {compute.<name>}",
        ),
        (
            digest(&format!("algorithm = \"hmac-sha256\"\nkey = \"{{compute.nothing}}\"\n{bound}")),
            "[playback.sign] key: `nothing` is no signed text before this one",
        ),
        (
            digest(&format!("algorithm = \"sha256\"\nencoding = {{ base64 = \"--_\" }}\n{bound}")),
            "[playback.sign.encoding] base64: `--_` must be the three characters",
        ),
        (
            digest(&format!("algorithm = \"sha256\"\nencoding = \"base32\"\n{bound}")),
            "[playback.sign] encoding: `base32` is not known; allowed: hex, base64, base64url, base64url_nopad",
        ),
        (
            "[playback.compute.late]\nalgorithm = \"hmac-sha1\"\nkey = \"{compute.later}\"\nmessage = \"{asset_id}{expires}\"\n\
             [playback.compute.later]\nalgorithm = \"hmac-sha1\"\nkey = \"{secrets.key}\"\nmessage = \"x\"\n"
                .to_owned(),
            "[playback.compute.late] key: `later` is no signed text before this one",
        ),
        (
            "[playback.compute.plain]\nalgorithm = \"none\"\nmessage = \"x\"\n\
             [playback.compute.late]\nalgorithm = \"hmac-sha1\"\nkey = \"{compute.plain}\"\nmessage = \"{asset_id}{expires}\"\n"
                .to_owned(),
            "[playback.compute.late] key: `plain` is signed by nothing",
        ),
        (
            "[playback.compute.endless]\nalgorithm = \"hmac-sha1\"\nkey = \"{secrets.key}\"\nmessage = \"{asset_id}\"\n"
                .to_owned(),
            "[playback.compute.endless] message: binds no expiry",
        ),
    ] {
        let error = refusal(&playback, url);
        assert!(error.contains(says), "`{says}` is not in: {error}");
    }
}

#[test]
fn what_binds_nothing_is_a_key_and_never_part_of_an_address() {
    let sign = "[playback.compute.key]\nalgorithm = \"hmac-sha1\"\nkey = \"{secrets.key}\"\nmessage = \"x\"\n\
                [playback.sign]\nkind = \"digest\"\nalgorithm = \"hmac-sha1\"\nkey = \"{compute.key}\"\n\
                message = \"{asset_id}{expires}\"\n";
    let error = refusal(sign, "https://cdn.example/{asset_id}.m3u8?s={key}");
    assert!(error.contains("{key} is not known here"), "{error}");
    // A text that nothing signs makes no signed address: it would play for anybody.
    let plain = "[playback.compute.text]\nalgorithm = \"none\"\nmessage = \"{asset_id}{expires}\"\n";
    let map = signing(plain, "x").replace(
        "{ public = \"https://cdn.example/{playback_id}.m3u8\", signed = \"x\" }",
        "\"https://cdn.example/{asset_id}.m3u8?s={text}\"",
    );
    let provider = load(&map, &secrets()).unwrap();
    assert!(provider.can_play(Policy::Public) && !provider.can_play(Policy::Signed));
}

#[test]
fn rsa_is_not_signed_where_no_permit_is_held() {
    let map = MINIMAL.replace(
        "[upload.client]",
        "[upload.compute.form]\nalgorithm = \"rsa-sha1\"\nkey = \"{secrets.key}\"\nmessage = \"x\"\n[upload.client]",
    );
    let error = load(&map, &secrets()).err().map(|error| error.to_string());
    let error = error.unwrap_or_default();
    assert!(
        error.contains("[upload.compute.form] algorithm: RSA takes too long here"),
        "{error}"
    );
}

/// The minimal map with these keys of `[webhook.verify]`.
fn verified(verify: &str) -> String {
    format!("{MINIMAL}[webhook.verify]\n{verify}\n[[webhook.on]]\nemit = \"updated\"\n")
}

#[track_caller]
fn refused_webhook(verify: &str, webhook: &str, says: &str) {
    let vars = vars([("KEY", "k"), ("WEBHOOK", webhook)]);
    let error = match load(&verified(verify), &vars) {
        Ok(_) => panic!("the map loads with {verify}"),
        Err(error) => error.to_string(),
    };
    assert!(error.contains(says), "`{says}` is not in: {error}");
}

#[test]
fn a_proof_that_proves_nothing_is_refused() {
    let hash = "kind = \"hash\"\nheader = \"X-Signature\"\n";
    let with_time = "timestamp = { header = \"X-Time\" }\n";
    for (more, webhook, says) in [
        (
            "message = \"{body}\"",
            "w",
            "[webhook.verify] message: names no {secrets.…}: anybody could compute",
        ),
        (
            "message = \"{secrets.webhook}\"",
            "w",
            "[webhook.verify] message: does not hold {body}",
        ),
        (
            "message = \"{body}{secrets.webhook}\"",
            " , ",
            "[webhook.verify] message: names a secret that is empty",
        ),
        (
            "message = \"{body}{secrets.webhook}\"\nhash = []",
            "w",
            "[webhook.verify] hash: an empty list",
        ),
        ("", "w", "[webhook.verify] message: is missing and required"),
        (
            "message = \"{body}{secrets.webhook}\"\nhash = \"md5\"",
            "w",
            "`md5` is not known; allowed: sha1, sha256, sha512",
        ),
    ] {
        refused_webhook(&format!("{hash}{more}\n"), webhook, says);
    }
    refused_webhook(
        &format!("{hash}message = \"{{body}}{{secrets.webhook}}\"\n{with_time}"),
        "w",
        "[webhook.verify] timestamp: is not signed, so it protects nothing",
    );
    let key = "kind = \"public_key\"\nheader = \"X-Signature\"\nkey = \"{secrets.webhook}\"\n";
    let ed = format!("{key}algorithm = \"ed25519\"\n");
    for (webhook, says) in [
        (
            "http://keys.example/jwks",
            "[webhook.verify] key: WEBHOOK must be an https address",
        ),
        (
            "bm90IGEga2V5",
            "[webhook.verify] key: WEBHOOK is no Ed25519 public key",
        ),
        (
            "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----",
            "is a private key",
        ),
    ] {
        refused_webhook(&ed, webhook, says);
    }
    let good = STANDARD.encode([7; 32]);
    refused_webhook(
        &format!("{ed}{with_time}"),
        &good,
        "[webhook.verify] timestamp: is not signed",
    );
    refused_webhook(
        &format!("{ed}message = \"{{timestamp}}\"\n{with_time}"),
        &good,
        "does not hold {body}",
    );
    refused_webhook(
        &format!("{key}algorithm = \"hs256\"\n"),
        &good,
        "`hs256` is not known; allowed: ed25519, rs256",
    );
    refused_webhook(&ed, &[good.as_str(); 9].join(","), "has more than 8 keys");
}

/// Standard Webhooks with the asymmetric form `v1a`.
const STANDARD_WEBHOOKS: &str = r#"
kind = "public_key"
algorithm = "ed25519"
key = "{secrets.webhook}"
strip_prefix = "whpk_"
header = "webhook-signature"
format = { kind = "list", separator = " ", prefix = "v1a," }
message = "{header:webhook-id}.{timestamp}.{body}"
encoding = "base64"
timestamp = { header = "webhook-timestamp", unit = "s", tolerance_s = 300 }
"#;
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY: &str = r#"{"test": 2432232314}"#;

/// The headers of a delivery of [`BODY`].
fn standard(signature: &str, timestamp: i64) -> axum::http::HeaderMap {
    headers([
        ("webhook-id", ID),
        ("webhook-timestamp", &timestamp.to_string()),
        ("webhook-signature", signature),
    ])
}

fn sign(pair: &Ed25519KeyPair, timestamp: i64) -> String {
    let signature = pair.sign(format!("{ID}.{timestamp}.{BODY}").as_bytes());
    format!("v1,AAAA v1a,{}", STANDARD.encode(signature))
}

#[test]
fn standard_webhooks_hold_by_a_public_key() {
    // Computed by Node's `crypto` with a private key of 32 bytes 7.
    let key = "whpk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";
    let signature =
        "v1a,2iFnCkcL0nCB7d0lgaT5vmGnQgJl4zcl9qd7UbPYvulcwR3MRYzjXT2JCSEV4dFH3XNALA4OW0zY5fFdGv9GBA==";
    let other = STANDARD.encode(Ed25519KeyPair::generate().unwrap().public_key().as_ref());
    for keys in [key.to_owned(), format!("whpk_{other},{key}")] {
        let provider = load(
            &verified(STANDARD_WEBHOOKS),
            &vars([("KEY", "k"), ("WEBHOOK", &keys)]),
        )
        .unwrap();
        let time = 1_614_265_330;
        let at = DateTime::from_timestamp(time, 0).unwrap();
        assert!(deliver(&provider, &standard(signature, time), BODY, at).is_ok());
        let refused = |headers, body, at| deliver(&provider, &headers, body, at).unwrap_err();
        assert_eq!(refused(standard(signature, time), "{}", at), Refused::Signature);
        assert_eq!(
            refused(standard(signature, time + 1), BODY, at),
            Refused::Signature
        );
        let late = at + TimeDelta::seconds(301);
        assert_eq!(refused(standard(signature, time), BODY, late), Refused::Timestamp);
        let flipped = signature.replace("2iFn", "2iFm");
        assert_eq!(refused(standard(&flipped, time), BODY, at), Refused::Signature);
        // Why these many: a header is anybody's to send, and each signature costs a verification.
        let many = format!("{}{signature}", "v1a,AAAA ".repeat(8));
        assert_eq!(refused(standard(&many, time), BODY, at), Refused::Signature);
    }
}

/// A key set with this key.
fn key_set(pair: &Ed25519KeyPair) -> Value {
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "x": URL_SAFE_NO_PAD.encode(pair.public_key().as_ref())}]})
}

async fn check(provider: &Provider, pair: &Ed25519KeyPair, at: DateTime<Utc>) -> Result<(), Refused> {
    let headers = standard(&sign(pair, at.timestamp()), at.timestamp());
    let check = provider.begin_webhook(&headers, at)?;
    check
        .fetch_keys_and_check(Bytes::from_static(BODY.as_bytes()), at)
        .await
        .map(|_| ())
}

async fn with_published_keys() -> (Fake, Provider) {
    let fake = Fake::start().await;
    let vars = vars([("KEY", "k"), ("WEBHOOK", &format!("{}/jwks", fake.base))]);
    let provider = load(&verified(STANDARD_WEBHOOKS), &vars).unwrap();
    (fake, provider)
}

#[tokio::test]
async fn published_keys_are_fetched_when_they_are_needed_and_no_more_than_once_a_minute() {
    let (fake, provider) = with_published_keys().await;
    let (old, new) = (
        Ed25519KeyPair::generate().unwrap(),
        Ed25519KeyPair::generate().unwrap(),
    );
    let at = |seconds| now() + TimeDelta::seconds(seconds);
    fake.says_json(200, &key_set(&old));
    assert_eq!(check(&provider, &old, at(0)).await, Ok(()));
    assert_eq!(check(&provider, &old, at(1)).await, Ok(()));
    assert_eq!(fake.asked().len(), 1, "one fetch serves what follows");
    assert_eq!(fake.asked()[0].line(), "GET /jwks");
    // A stranger's signatures.
    let attempts = (2..50).map(|second| check(&provider, &new, at(second)));
    let attempts = futures::future::join_all(attempts).await;
    assert!(attempts.iter().all(|attempt| *attempt == Err(Refused::Signature)));
    assert_eq!(fake.asked().len(), 1, "they cause no fetch within a minute");
    fake.says_json(200, &key_set(&old));
    let attempts = futures::future::join_all((0..50).map(|_| check(&provider, &new, at(61)))).await;
    assert!(attempts.iter().all(|attempt| *attempt == Err(Refused::Signature)));
    assert_eq!(
        fake.asked().len(),
        2,
        "and one in the next, however many they are"
    );
    fake.says_json(200, &key_set(&new));
    assert_eq!(
        check(&provider, &new, at(130)).await,
        Ok(()),
        "a new key is found"
    );
    assert_eq!(
        check(&provider, &old, at(131)).await,
        Err(Refused::Signature),
        "the old one has ended"
    );
}

#[tokio::test]
async fn a_key_that_is_taken_back_ends_after_ten_minutes() {
    let (fake, provider) = with_published_keys().await;
    let (old, new) = (
        Ed25519KeyPair::generate().unwrap(),
        Ed25519KeyPair::generate().unwrap(),
    );
    fake.says_json(200, &key_set(&old));
    assert_eq!(check(&provider, &old, now()).await, Ok(()));
    assert_eq!(
        check(&provider, &old, now() + TimeDelta::seconds(600)).await,
        Ok(())
    );
    fake.says_json(200, &key_set(&new));
    let later = now() + TimeDelta::seconds(601);
    assert_eq!(check(&provider, &old, later).await, Err(Refused::Signature));
    assert_eq!(fake.asked().len(), 2);
}

#[tokio::test]
async fn the_last_good_keys_stay_where_a_fetch_fails() {
    let (fake, provider) = with_published_keys().await;
    let pair = Ed25519KeyPair::generate().unwrap();
    assert_eq!(
        check(&provider, &pair, now()).await,
        Err(Refused::Signature),
        "no keys yet"
    );
    let mut at = now() + TimeDelta::minutes(20);
    fake.says_json(200, &key_set(&pair));
    assert_eq!(check(&provider, &pair, at).await, Ok(()));
    let elsewhere = Fake::start().await;
    elsewhere.says_json(200, &json!({"keys": []}));
    let redirect = format!("{}/jwks", elsewhere.base);
    fake.says(302, &[("location", redirect.as_str())], "")
        .says(200, &[], "not JSON")
        .says(200, &[], format!("{}{}", key_set(&pair), " ".repeat(1 << 20)))
        .says(500, &[], "");
    for _ in 0..4 {
        at += TimeDelta::minutes(20);
        assert_eq!(
            check(&provider, &pair, at).await,
            Ok(()),
            "after {} fetches",
            fake.asked().len()
        );
    }
    assert_eq!(fake.asked().len(), 6);
    assert!(elsewhere.asked().is_empty(), "a redirect is not followed");
}

/// The minimal map with these ids instead of its step.
fn with_ids(ids: &str) -> String {
    let start = MINIMAL.find("[[upload.steps]]").unwrap();
    let end = MINIMAL.find("[upload.client]").unwrap();
    let map = format!("{}[upload]\nids = {ids}\n{}", &MINIMAL[..start], &MINIMAL[end..]);
    map.replace("\"{upload_url}\"", "\"https://up.example/{asset_id}\"")
}

#[tokio::test]
async fn ids_of_ours_are_made_without_a_call() {
    let ids = "{ asset_id = \"folder-{video_id}\", playback_id = \"{video_id}\" }";
    let provider = load(&with_ids(ids), &secrets()).unwrap_or_else(|error| panic!("{error}"));
    assert!(provider.gives_ids() && provider.upload_step_count() == 1);
    let (captures, told) = crate::support::upload(&provider, &crate::support::video(Policy::Public))
        .await
        .unwrap();
    let id = "01990000-0000-7000-8000-000000000001";
    assert_eq!(
        json!(captures),
        json!({"asset_id": format!("folder-{id}"), "playback_id": id})
    );
    assert_eq!(told.url, format!("https://up.example/folder-{id}"));
}

#[test]
fn ids_that_two_videos_could_share_are_refused() {
    for (ids, says) in [
        (
            "{ asset_id = \"{owner}\", playback_id = \"{video_id}\" }",
            "[upload.ids] asset_id: does not hold {video_id}: two videos would have one id",
        ),
        (
            "{ asset_id = \"{video_id}{secrets.key}\" }",
            "[upload.ids] asset_id: {secrets.key} must never stand here",
        ),
        (
            "{ playback_id = \"{video_id}\" }",
            "[upload.ids]: has neither upload_id nor asset_id",
        ),
        (
            "{ asset = \"{video_id}\" }",
            "[upload.ids] asset: unknown key; allowed: upload_id, asset_id, playback_id",
        ),
    ] {
        let error = load(&with_ids(ids), &secrets())
            .err()
            .map(|error| error.to_string());
        let error = error.unwrap_or_default();
        assert!(error.contains(says), "`{says}` is not in: {error}");
    }
    let both = MINIMAL.replace(
        "[[upload.steps]]",
        "[upload]\nids = { asset_id = \"{video_id}\" }\n[[upload.steps]]",
    );
    let error = load(&both, &secrets()).err().map(|error| error.to_string());
    let error = error.unwrap_or_default();
    assert!(
        error.contains("[upload] ids: stands instead of [[upload.steps]]"),
        "{error}"
    );
}
