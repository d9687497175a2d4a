//! Mux's envelope and signature of webhooks.

use chrono::{DateTime, SecondsFormat};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::receiver::Receiver;
use crate::local::store::PendingEvent;

/// Returns the body of one attempt to deliver a [`PendingEvent`]. `attempts` holds the earlier ones, so the bodies of
/// one event differ; its `id` stays the same.
pub(crate) fn envelope_body(event: &PendingEvent) -> Vec<u8> {
    let envelope = json!({
        "type": event.kind,
        "request_id": null,
        "object": { "type": event.object_type, "id": event.object_id },
        "id": event.id,
        "environment": { "name": "Local", "id": "local" },
        "data": event.data.0,
        "created_at": iso_time(event.created_us),
        "attempts": event.attempts.0,
        "accessor_source": null,
        "accessor": null,
    });
    envelope.to_string().into_bytes()
}

/// Returns one earlier attempt at a receiver as the envelope shows it; `status` is `None` when no response came.
pub(crate) fn attempt_json(id: &str, receiver: &Receiver, status: Option<u16>, at_us: i64) -> Value {
    json!({
        "webhook_id": receiver.number,
        "response_status_code": status,
        "response_headers": {},
        "response_body": null,
        "max_attempts": 30,
        "id": id,
        "created_at": iso_time(at_us),
        "address": receiver.url,
    })
}

/// Formats microseconds since 1970 as ISO 8601 with microseconds and `Z`.
fn iso_time(us: i64) -> String {
    DateTime::from_timestamp_micros(us)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Returns the signature header `t=<seconds>,v1=<hex>`: HMAC-SHA256 over `t.body`, with the secret's bytes as the
/// key.
pub(crate) fn sign_body(secret: &[u8], at_s: i64, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(format!("{at_s}.").as_bytes());
    mac.update(body);
    Some(format!(
        "t={at_s},v1={}",
        hex::encode(mac.finalize().into_bytes())
    ))
}

#[cfg(test)]
mod tests {
    use super::sign_body;

    #[test]
    fn the_published_vectors_hold() {
        let header = sign_body(b"SuperSecret123", 1_565_125_718, br#"{"test":"body"}"#);
        let expected = "t=1565125718,v1=854ece4c22acef7c66b57d4e504153bc512595e8e9c772ece2a68150548c19a7";
        assert_eq!(header.as_deref(), Some(expected));
        let header = sign_body(b"SuperSecret123", 1_591_664_030, b"payload");
        let expected = "t=1591664030,v1=e43496b6aae982c4c2fd6f8e92935f1d90216f1f64d56024e72390acfb988272";
        assert_eq!(header.as_deref(), Some(expected));
    }
}
