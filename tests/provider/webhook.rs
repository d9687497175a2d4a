//! Webhooks that must not be believed, and what becomes of those that are.

use serde_json::json;
use yourbit_video::{
    domain::Policy,
    provider::{Provider, Refused, TranslateError},
};

use crate::support::{MINIMAL, deliver, headers, hmac_hex, load, mux_vars, now, ready, shipped, vars};

const BODY: &str =
    r#"{"type":"video.asset.ready","id":"e1","environment":{"id":"env1"},"data":{"id":"as1"}}"#;

fn provider() -> Provider {
    let mut vars = mux_vars("https://api.example");
    vars.insert(
        "VIDEO_WEBHOOK_SECRET".to_owned(),
        "old-secret, new-secret".to_owned(),
    );
    shipped("mux", &vars)
}

fn v1(secret: &str, t: i64, body: &str) -> String {
    hmac_hex(secret, &format!("{t}.{body}"))
}

fn judge(header: &str, body: &str) -> Result<(), Refused> {
    deliver(&provider(), &headers([("Mux-Signature", header)]), body, now()).map(drop)
}

#[test]
fn either_secret_and_any_of_the_signatures_will_do() {
    let t = now().timestamp();
    for secret in ["old-secret", "new-secret"] {
        let good = v1(secret, t, BODY);
        assert_eq!(judge(&format!("t={t},v1={good}"), BODY), Ok(()));
        assert_eq!(judge(&format!("t={t},v1=00,v1=zz,v2=ab,v1={good}"), BODY), Ok(()));
        assert_eq!(judge(&format!("v1={good},t={t}"), BODY), Ok(()));
    }
}

#[test]
fn nothing_but_the_true_signature_of_these_bytes_is_believed() {
    let t = now().timestamp();
    let good = v1("new-secret", t, BODY);
    let header = format!("t={t},v1={good}");
    assert_eq!(
        judge(&format!("t={t},v1={}", v1("another", t, BODY)), BODY),
        Err(Refused::Signature)
    );
    assert_eq!(
        judge(&header, &BODY.replace("as1", "as2")),
        Err(Refused::Signature)
    );
    let again = serde_json::from_str::<serde_json::Value>(BODY).unwrap();
    assert_eq!(
        judge(&header, &serde_json::to_string_pretty(&again).unwrap()),
        Err(Refused::Signature)
    );
    assert_eq!(judge(&header, &format!("{BODY} ")), Err(Refused::Signature));
    assert_eq!(
        judge(&format!("t={t},v1={}", &good[..62]), BODY),
        Err(Refused::Signature)
    );
    assert_eq!(
        judge(&format!("t={},v1={good}", t + 1), BODY),
        Err(Refused::Signature)
    );
}

#[test]
fn old_and_future_timestamps_are_refused_before_the_body_is_read() {
    for (shift, wanted) in [
        (-300, true),
        (300, true),
        (-301, false),
        (301, false),
        (-86_400, false),
    ] {
        let t = now().timestamp() + shift;
        let header = format!("t={t},v1={}", v1("new-secret", t, BODY));
        let begun = provider()
            .begin_webhook(&headers([("Mux-Signature", &header)]), now())
            .map(drop);
        assert_eq!(
            begun,
            if wanted { Ok(()) } else { Err(Refused::Timestamp) },
            "{shift}"
        );
    }
}

#[test]
fn malformed_headers_are_refused() {
    let t = now().timestamp();
    let good = v1("new-secret", t, BODY);
    for header in [
        good.clone(),
        format!("v1={good}"),
        format!("t={t}"),
        format!("t={t},v0={good}"),
        format!("t={t},t={t},v1={good}"),
        format!("t=,v1={good}"),
        format!("t={t}.0,v1={good}"),
        format!("t=-{t},v1={good}"),
        format!("t=99999999999999999999,v1={good}"),
        format!("t={t},v1=nothex"),
        String::new(),
        ",,,===".to_owned(),
    ] {
        assert!(judge(&header, BODY).is_err(), "{header}");
    }
    let good = format!("t={t},v1={good}");
    let twice = headers([("Mux-Signature", &good), ("Mux-Signature", &good)]);
    assert_eq!(
        deliver(&provider(), &twice, BODY, now()).err(),
        Some(Refused::Headers)
    );
    assert_eq!(
        deliver(&provider(), &headers([]), BODY, now()).err(),
        Some(Refused::Headers)
    );
}

#[test]
fn verified_but_unreadable_is_stored_under_its_hash() {
    let t = now().timestamp();
    let body = "not json";
    let header = format!("t={t},v1={}", v1("new-secret", t, body));
    let verified = deliver(&provider(), &headers([("Mux-Signature", &header)]), body, now()).unwrap();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body.as_bytes());
    let unreadable = provider().read_event(&verified).unwrap_err();
    assert_eq!(unreadable.event_id, format!("sha256:{}", hex::encode(hash)));
    let again = provider().translate_event(body.as_bytes(), &ready(Policy::Public), "e", now());
    assert_eq!(again, Err(TranslateError::Unreadable));
}

#[test]
fn what_another_map_read_is_not_enough() {
    let t = now().timestamp();
    let body = &BODY.replace("as1\"", "as1\",\"max_stored_resolution\":\"UHD\"");
    let header = format!("t={t},v1={}", v1("new-secret", t, body));
    let first = provider();
    let verified = deliver(&first, &headers([("Mux-Signature", &header)]), body, now()).unwrap();
    let read = first.read_event(&verified).unwrap();
    assert!(first.has_made_excerpt(&read.excerpt));
    // Loaded anew it may read more; then the body is read again.
    assert!(!provider().has_made_excerpt(&read.excerpt));
    assert_eq!(
        read.excerpt.json["data"],
        json!({"id": "as1"}),
        "nobody asked for more"
    );
}

fn with_webhook(webhook: &str) -> Provider {
    let map = format!("{MINIMAL}{webhook}\n[[webhook.on]]\nemit = \"updated\"\n");
    load(&map, &vars([("KEY", "k"), ("WEBHOOK", "w1,w2")])).unwrap()
}

#[test]
fn a_shared_token_is_the_headers_whole_value() {
    let provider = with_webhook(
        "[webhook.verify]\nkind = \"shared_token\"\nsecret = \"{secrets.webhook}\"\nheader = \"X-Token\"",
    );
    for (token, wanted) in [
        ("w1", true),
        ("w2", true),
        ("w", false),
        ("w1,w2", false),
        ("w11", false),
    ] {
        assert_eq!(
            deliver(&provider, &headers([("X-Token", token)]), "{}", now()).is_ok(),
            wanted,
            "{token}"
        );
    }
    let verified = deliver(&provider, &headers([("X-Token", "w1")]), "{}", now()).unwrap();
    let delivery = provider.read_event(&verified).unwrap();
    assert!(delivery.id_is_hash && delivery.event_id.starts_with("sha256:") && !delivery.ignored);
}

#[test]
fn a_timestamp_in_a_header_is_bound_by_the_body() {
    let provider = with_webhook(
        r#"[webhook.verify]
kind = "hmac"
secret = "{secrets.webhook}"
header = "X-Sig"
hash = "sha512"
encoding = "base64"
timestamp = { header = "X-Time", unit = "ms", must_equal = "/sent" }"#,
    );
    let sign = |body: &str| {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA512, b"w2");
        base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            aws_lc_rs::hmac::sign(&key, body.as_bytes()),
        )
    };
    let ms = now().timestamp_millis().to_string();
    let body = json!({ "sent": now().timestamp_millis() }).to_string();
    let stale = json!({ "sent": now().timestamp_millis() - 1 }).to_string();
    let judge = |body: &str| {
        let headers = headers([("X-Sig", &sign(body)), ("X-Time", &ms)]);
        deliver(&provider, &headers, body, now()).map(drop)
    };
    assert_eq!(judge(&body), Ok(()));
    assert_eq!(
        judge(&stale),
        Err(Refused::Timestamp),
        "an old event with a new time in its header"
    );
}

#[test]
fn rules_hold_in_order_and_replace_fields_one_by_one() {
    let map = format!(
        r#"{MINIMAL}
[webhook.verify]
kind = "shared_token"
secret = "{{secrets.webhook}}"
header = "X-Token"
[webhook.event]
id = {{ hash_of = ["/id", "/missing"] }}
type = "/type"
fields = {{ asset_id = ["/a", "/b"], playback_policy = {{ at = "/private", map = {{ true = "signed", false = "public" }} }} }}
[[webhook.on]]
when = {{ "/type" = ["READY", 3], "/flag" = true }}
ignore_case = true
emit = "ready"
fields = {{ asset_id = "/c" }}
[[webhook.on]]
when = {{ "/type" = "noise" }}
emit = "ignore"
[[webhook.on]]
when = {{ "/type" = "bare" }}
emit = "deleted"
fields = []
"#
    );
    let provider = load(&map, &vars([("KEY", "k"), ("WEBHOOK", "w")])).unwrap();
    let read = |body: serde_json::Value| {
        let verified = deliver(&provider, &headers([("X-Token", "w")]), &body.to_string(), now()).unwrap();
        let delivery = provider.read_event(&verified).unwrap();
        (
            delivery.ignored,
            delivery.asset_id,
            provider.translate_event(body.to_string().as_bytes(), &ready(Policy::Signed), "e", now()),
        )
    };
    let (ignored, asset, seen) =
        read(json!({"type": "Ready", "flag": true, "b": "asset-b", "c": 7, "private": true}));
    assert_eq!((ignored, asset.as_deref()), (false, Some("7")));
    assert_eq!(
        seen.unwrap().observation.fields,
        [(yourbit_video::domain::Field::PlaybackPolicy, json!("signed"))]
    );
    assert!(
        !read(json!({"type": 3.0, "flag": true})).0,
        "a number is equal whatever its spelling"
    );
    assert!(read(json!({"type": "3", "flag": true})).0, "a text is no number");
    assert!(
        read(json!({"type": "ready", "flag": null})).0,
        "null never matches"
    );
    assert!(read(json!({"type": "noise"})).0);
    let (_, asset, seen) = read(json!({"type": "bare", "a": "x", "private": true}));
    let seen = seen.unwrap().observation;
    assert!(asset.is_none() && seen.gone && seen.fields.is_empty() && seen.status.is_none());
}

#[test]
fn a_provider_without_webhooks_believes_nobody() {
    let provider = load(MINIMAL, &vars([("KEY", "k"), ("WEBHOOK", "w")])).unwrap();
    assert!(!provider.receives_webhooks());
    assert_eq!(
        provider.begin_webhook(&headers([]), now()).map(drop),
        Err(Refused::Unsupported)
    );
}
