//! Signed texts: a hash or an HMAC over a message.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A signed text: a hash or an HMAC over a message.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DigestTable {
    /// What is computed.
    pub(crate) algorithm: DigestAlgorithm,
    /// Template of the key. A plain hash takes none.
    pub(crate) key: Option<String>,
    /// How the key is written.
    #[serde(default)]
    pub(crate) key_encoding: KeyEncoding,
    /// Template of the message. For playback it must hold `{expires}`, and `{playback_id}` or `{asset_id}`.
    pub(crate) message: String,
    /// How the result is written.
    #[serde(default)]
    pub(crate) encoding: Encoding,
    /// Text before the result.
    #[serde(default)]
    pub(crate) prefix: String,
    /// `[playback.sign]` only: longest lifetime in seconds. Left out: none is known.
    pub(crate) max_ttl_s: Option<u64>,
}

/// What a signed text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DigestAlgorithm {
    /// A plain hash, where the message holds the secret.
    Sha256,
    HmacSha1,
    HmacSha256,
    HmacSha512,
}

/// How a symmetric key is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyEncoding {
    /// The key is the text itself.
    #[default]
    Utf8,
    /// Base64 of either alphabet, padded or not.
    Base64,
    Hex,
}

/// How bytes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Encoding {
    #[default]
    Hex,
    Base64,
    Base64url,
    Base64urlNopad,
}
