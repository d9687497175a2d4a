//! Cassettes: recorded responses and webhooks of a provider, as TOML or JSON.

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

/// The first lines of a recorded cassette.
const HEAD: &str =
    "# Recorded by `yourbit-video provider record`: ids, secrets and names are masked.\n\n[variables]";

/// A whole cassette. Every part is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cassette {
    /// Environment variables of the map. `@rsa`, `@p256` and `@ed25519` stand for a fresh private key.
    #[serde(default)]
    pub(super) variables: BTreeMap<String, String>,
    /// Responses of the provider's API.
    #[serde(default)]
    pub(super) answer: Vec<RecordedResponse>,
    /// Deliveries to the webhook.
    #[serde(default)]
    pub(super) webhook: Vec<RecordedDelivery>,
}

/// One recorded response.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordedResponse {
    /// The action that it answers, by its table: `upload.steps.1`, `asset.get`.
    pub(super) action: String,
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) body: String,
    /// Values that the map must read from it: captures of a step; `status` and fields of any other action.
    #[serde(default)]
    pub(super) expect: BTreeMap<String, Value>,
}

/// One recorded delivery.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordedDelivery {
    /// Its name in the report.
    pub(super) name: String,
    /// The time of its arrival, against which its timestamp is checked.
    pub(super) at: DateTime<Utc>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
    /// Values that the map must read from it: `status`, `refresh`, `ignored`, `event_id`, the ids and fields.
    #[serde(default)]
    pub(super) expect: BTreeMap<String, Value>,
}

impl Cassette {
    /// Parses a cassette, as JSON where it begins with `{`, and makes the keys that its variables ask for.
    ///
    /// # Errors
    /// Names `file` and the fault.
    pub(super) fn parse_text(file: &str, text: &str) -> Result<Self, MapError> {
        // Why by the first character: no TOML document begins with a brace.
        let read: Result<Self, String> = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| error.to_string())
        } else {
            toml::from_str(text).map_err(|error| error.message().to_owned())
        };
        let mut this = read.map_err(|what| MapError::new(file, "", "", what))?;
        this.make_keys(file)?;
        Ok(this)
    }

    /// Writes variables and responses of a recording as TOML.
    pub(super) fn to_toml(&self) -> String {
        let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let mut lines = vec![HEAD.to_owned()];
        let variables = self.variables.iter();
        lines.extend(variables.map(|(name, value)| format!("{name} = {}", text(value))));
        for answer in &self.answer {
            lines.push(String::new());
            lines.push("[[answer]]".to_owned());
            lines.push(format!("action = {}", text(&answer.action)));
            lines.push(format!("status = {}", answer.status));
            if !answer.body.is_empty() {
                lines.push(format!("body = {}", text(&answer.body)));
            }
            let members = answer.expect.iter();
            let expect: toml::Table = members
                .filter_map(|(name, value)| Some((name.clone(), toml::Value::try_from(value).ok()?)))
                .collect();
            if !expect.is_empty() {
                lines.push(format!("expect = {}", toml::Value::Table(expect)));
            }
        }
        lines.join("\n") + "\n"
    }

    /// Makes the private keys that the variables ask for.
    ///
    /// # Errors
    /// Names `file`, and the variable that asks for a kind of key that there is not.
    pub(super) fn make_keys(&mut self, file: &str) -> Result<(), MapError> {
        for (name, value) in &mut self.variables {
            if let Some(kind) = value.strip_prefix('@') {
                *value = generate_key(kind).map_err(|what| MapError::new(file, "variables", name, what))?;
            }
        }
        Ok(())
    }
}

/// Builds the headers of a recorded message.
///
/// # Errors
/// Names the header whose name or value is none.
pub(super) fn parse_headers(headers: &BTreeMap<String, String>) -> Result<HeaderMap, String> {
    let mut out = HeaderMap::new();
    for (name, value) in headers {
        let header: HeaderName = name.parse().map_err(|_| format!("`{name}` is no header name"))?;
        let value =
            HeaderValue::from_str(value).map_err(|_| format!("`{name}` has a value that no header has"))?;
        out.append(header, value);
    }
    Ok(out)
}

/// Generates a private key for this run, as PKCS#8 in PEM, so that no cassette needs to hold one.
///
/// # Errors
/// `kind` is none of `rsa`, `p256` and `ed25519`.
fn generate_key(kind: &str) -> Result<String, String> {
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
