//! `[playback]`: addresses, and what signs them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    action::ActionTable,
    address::AddressValue,
    digest::DigestTable,
    renditions::PlaybackRenditionsTable,
    tracks::PlaybackTracksTable,
    value::{Entries, TomlValue},
};

/// The addresses of a video, and what signs them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaybackTable {
    /// What signs the addresses of `signed` videos. It is off while all secrets and variables that only it uses are
    /// empty; a `signed` upload is then a 422.
    pub(crate) sign: Option<SignTable>,
    /// Further signed texts, by name: each is a placeholder in signed addresses.
    #[serde(default)]
    pub(crate) compute: Entries<DigestTable>,
    /// Calls whose captures the addresses use, beside any kind of `sign`.
    pub(crate) resolve: Option<ResolveTable>,
    /// Parameters that a caller may give in `params` of a request for playback: our name = the provider's. Each becomes a
    /// claim of the tokens in `urls`; an address without a token has it in its query. Not for addresses that something else
    /// than a token signs.
    #[serde(default)]
    pub(crate) params: Entries<String>,
    /// Addresses by name. `hls` is required.
    pub(crate) urls: Entries<AddressValue>,
    /// Addresses of the files of `[[renditions]]`.
    pub(crate) renditions: Option<PlaybackRenditionsTable>,
    /// Addresses of the tracks of text of `[tracks]`.
    pub(crate) tracks: Option<PlaybackTracksTable>,
}

/// What signs the addresses of `signed` videos.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(tag = "kind")]
pub(crate) enum SignTable {
    /// JSON Web Tokens that this service signs: `{token.<name>}`.
    Jwt(JwtTable),
    /// A signed text: `{signature}`.
    Digest(DigestTable),
    /// Captures of calls to the provider.
    Fetch(FetchTable),
}

/// JSON Web Tokens.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JwtTable {
    /// The algorithm of the signature.
    pub(crate) algorithm: TokenAlgorithm,
    /// Template of the private key or the shared secret.
    pub(crate) key: String,
    /// How the key is written.
    #[serde(default)]
    pub(crate) key_format: KeyFormat,
    /// Members of the header; `alg` and `typ` are added. Texts are templates, without secrets.
    #[serde(default)]
    pub(crate) header: Entries<TomlValue>,
    /// Claims of every token. Texts are templates, without secrets. Claims of every token must hold `{expires}`, and
    /// `{playback_id}` or `{asset_id}`.
    #[serde(default)]
    pub(crate) claims: Entries<TomlValue>,
    /// Tokens by name, each with claims of its own.
    pub(crate) tokens: Entries<Entries<TomlValue>>,
    /// Longest lifetime in seconds. A request for a longer one is a 400. An end is rounded up by a sixteenth at most, and
    /// never beyond it. Left out: none is known.
    pub(crate) max_ttl_s: Option<u64>,
}

/// Algorithm of a token's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) enum TokenAlgorithm {
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "EdDSA")]
    EdDsa,
    #[serde(rename = "HS256")]
    Hs256,
}

/// How a key is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyFormat {
    /// PEM, or base64 of one: PKCS#1, PKCS#8 or SEC1.
    #[default]
    Pem,
    /// JSON Web Key, or base64 of one.
    Jwk,
    /// A shared secret: the text itself.
    Utf8,
    /// A shared secret in base64.
    Base64,
}

/// Captures of calls to the provider, asked for each answer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FetchTable {
    /// The calls, 1 to 3. A call sees the captures of those before it.
    #[serde(default)]
    pub(crate) steps: Vec<ActionTable>,
    /// The captures serve one answer and are never cached.
    #[serde(default)]
    pub(crate) single_use: bool,
    /// Lifetime of the captures in seconds. Required unless a call names `{expires}` or `{ttl_s}`.
    pub(crate) ttl_s: Option<u64>,
    /// Longest lifetime of an answer in seconds. Left out: `ttl_s`.
    pub(crate) max_ttl_s: Option<u64>,
}

/// Calls whose captures the addresses use.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolveTable {
    /// The calls, 1 to 3. A call sees the captures of those before it.
    #[serde(default)]
    pub(crate) steps: Vec<ActionTable>,
    /// Seconds for which captures are used again. 0: never.
    #[serde(default)]
    pub(crate) cache_s: u64,
}

/// Where the parameters of a signed picture stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SignedParamsWord {
    /// As JSON numbers in the claims of every token of `url.signed`, and nothing in the address.
    Claims,
    /// In the query of the address.
    #[default]
    Query,
}
