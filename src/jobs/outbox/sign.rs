//! Signatures of Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, one for each secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::Sha256;

use crate::config::decode_signing_secret;

/// Signs with every secret of an endpoint, so that secrets can be rotated: a receiver accepts an event where it knows one
/// of them.
#[derive(Debug)]
pub(super) struct Signer(Vec<SecretBox<Vec<u8>>>);

impl Signer {
    /// Creates a signer from secrets of the form `whsec_<base64>`. The settings have checked the form; others are left out.
    pub(super) fn new(secrets: &[SecretString]) -> Self {
        let keys = secrets
            .iter()
            .filter_map(|secret| decode_signing_secret(secret.expose_secret()));
        Self(keys.map(|key| SecretBox::new(Box::new(key))).collect())
    }

    /// Returns the value of `webhook-signature`: `v1,<base64>` for each secret, separated by spaces. `at` is the value of
    /// `webhook-timestamp`, in Unix seconds.
    pub(super) fn signatures(&self, id: &str, at: i64, body: &[u8]) -> String {
        let signatures: Vec<String> = self
            .0
            .iter()
            .filter_map(|key| {
                let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret()).ok()?;
                mac.update(format!("{id}.{at}.").as_bytes());
                mac.update(body);
                Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
            })
            .collect();
        signatures.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::Signer;

    #[test]
    fn the_published_vector_holds() {
        let signer = Signer::new(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()]);
        let signature = signer.signatures(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
