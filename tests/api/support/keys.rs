//! RSA keys, one for most tests of a process: made, never committed.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A key pair.
pub(crate) struct Key {
    /// PKCS#8.
    pub(crate) private_pem: String,
    /// PKCS#1.
    pub(crate) public_pem: String,
}

impl Key {
    /// Another one than any before.
    pub(crate) fn make() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        Self {
            private_pem: pem("PRIVATE KEY", private.as_ref()),
            public_pem: pem("RSA PUBLIC KEY", pair.public_key().as_ref()),
        }
    }
}

fn key() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    KEY.get_or_init(Key::make)
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// PKCS#8, of a key of its own.
pub(crate) fn another_private_pem() -> String {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    pem("PRIVATE KEY", private.as_ref())
}

/// PKCS#8.
pub(crate) fn private_pem() -> &'static str {
    &key().private_pem
}

/// PKCS#1.
pub(crate) fn public_pem() -> &'static str {
    &key().public_pem
}
