//! Hints for a text that should have been a private key: operators paste the wrong thing in a few well-known ways.

use super::secret::decode_any_base64;
use crate::config::read_pem;

/// Describes a text that [`SigningKey::parse`](super::key::SigningKey::parse) takes for no private key in PEM: what it
/// looks like, and what to do. Never shows the text.
///
/// The result goes after the name of the variable that holds the text: "`NAME` is a public key: …".
pub(super) fn describe_non_key(text: &str) -> &'static str {
    let text = text.trim();
    if text.is_empty() {
        return "is empty: give the private key in PEM, or the base64 of it";
    }
    if let Some(found) = read_pem(text).as_deref().and_then(describe_pem) {
        return found;
    }
    if text.starts_with(['/', '.', '~']) && !text.contains(char::is_whitespace) {
        return "looks like a file's path: to name a file, set the variable with _FILE at its end";
    }
    if text.starts_with('{') {
        return "is JSON, such as a JWK: give the private key in PEM, or the base64 of it";
    }
    match decode_any_base64(text) {
        Some(bytes) => match bytes.first() {
            Some(0x30) => {
                "is the base64 of a key in DER: put the PEM lines -----BEGIN … PRIVATE KEY----- around it"
            }
            Some(b'{') => {
                "is the base64 of JSON, such as a JWK: give the private key in PEM, or the base64 of it"
            }
            _ => "is no private key in PEM, nor the base64 of one; is it the key's id, or cut off?",
        },
        None => "is no private key in PEM, nor the base64 of one",
    }
}

/// Describes a PEM block by its label; `None` if `text` does not begin with one.
fn describe_pem(text: &str) -> Option<&'static str> {
    let text = text.trim();
    let label = text.strip_prefix("-----BEGIN ")?.split("-----").next()?;
    Some(match label {
        "OPENSSH PRIVATE KEY" => "is a key of OpenSSH: convert a copy with ssh-keygen -p -m PEM -f FILE",
        "CERTIFICATE" => "is a certificate: give the private key that belongs to it",
        _ if label.ends_with("PUBLIC KEY") => "is a public key: give the private one",
        "ENCRYPTED PRIVATE KEY" => ENCRYPTED,
        _ if text.contains("Proc-Type: 4,ENCRYPTED") => ENCRYPTED,
        _ if !text.contains("-----END ") => "is cut off: its last line -----END …----- is missing",
        _ => "is no private key in PEM that can be read (PKCS#1, PKCS#8 or SEC1)",
    })
}

const ENCRYPTED: &str = "is encrypted with a password: decrypt it with openssl pkey -in FILE -out PLAIN";
