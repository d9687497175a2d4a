//! A cassette: what a provider answered and sent once, to try a map without its account.

use std::collections::BTreeMap;

use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

use crate::provider::error::MapError;

/// TOML, or the same as JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cassette {
    /// Environment variables; `@rsa`, `@p256` and `@ed25519` stand for a fresh private key.
    #[serde(default)]
    pub(super) variables: BTreeMap<String, String>,
    /// Answers of the provider's API.
    #[serde(default)]
    pub(super) answer: Vec<Recorded>,
    /// Deliveries to the webhook.
    #[serde(default)]
    pub(super) webhook: Vec<Sample>,
}

/// One answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recorded {
    /// The action's table: `upload.steps.1`, `asset.get`.
    pub(super) action: String,
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) body: String,
    /// What the map must read from it: captures of a step, `status` and fields elsewhere.
    #[serde(default)]
    pub(super) expect: BTreeMap<String, Value>,
}

/// One delivery.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sample {
    pub(super) name: String,
    /// When it came; the time at which its timestamp is judged.
    pub(super) at: DateTime<Utc>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
    /// What the map must read from it: `status`, `refresh`, `ignored`, `event_id`, the ids and fields.
    #[serde(default)]
    pub(super) expect: BTreeMap<String, Value>,
}

impl Cassette {
    /// Reads a cassette; the error names its file.
    pub(super) fn read(file: &str, text: &str) -> Result<Self, MapError> {
        let read: Result<Self, String> = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| error.to_string())
        } else {
            toml::from_str(text).map_err(|error| error.message().to_owned())
        };
        let mut this = read.map_err(|what| MapError::new(file, "", "", what))?;
        for (name, value) in &mut this.variables {
            if let Some(kind) = value.strip_prefix('@') {
                *value = fresh_key(kind).map_err(|what| MapError::new(file, "variables", name, what))?;
            }
        }
        Ok(this)
    }
}

pub(super) fn header_map(headers: &BTreeMap<String, String>) -> Result<HeaderMap, String> {
    let mut out = HeaderMap::new();
    for (name, value) in headers {
        let header: HeaderName = name.parse().map_err(|_| format!("`{name}` is no header name"))?;
        let value =
            HeaderValue::from_str(value).map_err(|_| format!("`{name}` has a value that no header has"))?;
        out.append(header, value);
    }
    Ok(out)
}

/// A private key that lives as long as this run.
fn fresh_key(kind: &str) -> Result<String, String> {
    let failed = |_| "no key could be made".to_owned();
    let der = match kind {
        "rsa" => {
            let key = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
            key.as_der().map_err(failed)?.as_ref().to_vec()
        }
        "p256" => {
            let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
            key.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()
        }
        "ed25519" => Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(failed)?
            .as_ref()
            .to_vec(),
        other => {
            return Err(format!(
                "`@{other}` is no kind of key; allowed: @rsa, @p256, @ed25519"
            ));
        }
    };
    Ok(format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der)
    ))
}
