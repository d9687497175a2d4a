//! Signed texts: a hash, an HMAC or an RSA signature over a message.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, IntoDeserializer as _, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// A signed text: a hash, an HMAC or an RSA signature over a message.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DigestTable {
    /// What is computed.
    pub(crate) algorithm: DigestAlgorithm,
    /// Template of the key: a secret, or for RSA a private key in PEM (also the base64 of one). `{compute.<name>}` alone
    /// takes an earlier signed text of the same table as the key of an HMAC; `[playback.sign]` may take one of
    /// `[playback.compute]`. A plain hash takes none.
    pub(crate) key: Option<String>,
    /// How the key is written. Left out: `utf8`. RSA takes none.
    pub(crate) key_encoding: Option<DigestKeyEncoding>,
    /// Template of the message. For playback it must hold `{expires}`, and `{playback_id}` or `{asset_id}`, here or in the
    /// message of its key; a text that is a key of others and nothing else need not.
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
    /// `compute` only: the message itself, which is signed by nothing. For a text that goes along with its signature.
    None,
    /// A plain hash, where the message holds the secret.
    Sha1,
    /// A plain hash, where the message holds the secret.
    Sha256,
    /// A plain hash, where the message holds the secret.
    Sha512,
    HmacSha1,
    HmacSha256,
    HmacSha512,
    /// `[playback]` only: RSA of at least 2048 bits, PKCS#1 v1.5, with SHA-1.
    RsaSha1,
    /// `[playback]` only: RSA of at least 2048 bits, PKCS#1 v1.5, with SHA-256.
    RsaSha256,
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

/// How the key of a signed text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DigestKeyEncoding {
    /// The key is the text itself.
    Utf8,
    /// Base64 of either alphabet, padded or not.
    Base64,
    Hex,
    /// `{compute.<name>}` only: the bytes of the earlier text, before they are written as text.
    Raw,
}

/// How the bytes of a signature or a hash are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Lower-case hex.
    #[default]
    Hex,
    /// Base64 of RFC 4648, section 4.
    Base64,
    /// Base64 of RFC 4648, section 5, padded.
    Base64url,
    /// Base64 of RFC 4648, section 5, without padding.
    Base64urlNopad,
    /// Padded base64 with other characters for `+`, `/` and `=`.
    Base64With(Base64Marks),
}

/// How bytes are written, as a word.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum EncodingWord {
    /// Lower-case hex.
    Hex,
    /// Base64 with `+`, `/` and `=`.
    Base64,
    /// Base64 with `-` and `_`, padded with `=`.
    Base64url,
    /// Base64 with `-` and `_`, without padding.
    Base64urlNopad,
}

/// Base64 with characters of the provider's own.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EncodingTable {
    /// The three characters that stand for `+`, `/` and `=`, such as `-~_`.
    base64: Base64Marks,
}

/// The characters that a provider writes for `+`, `/` and `=` of base64, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Base64Marks(pub(crate) [char; 3]);

impl Base64Marks {
    /// Reads the three characters.
    ///
    /// # Errors
    /// The text has not three different printable ASCII characters, or one that base64 needs for itself.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let chars: Vec<char> = text.chars().collect();
        if let &[plus, slash, equals] = chars.as_slice()
            && chars.iter().all(char::is_ascii_punctuation)
            && plus != slash
            && plus != equals
            && slash != equals
        {
            return Ok(Self([plus, slash, equals]));
        }
        Err(format!(
            "`{text}` must be the three characters that stand for `+`, `/` and `=`: different ones, no letter, no digit, no \
             blank"
        ))
    }
}

impl<'de> Deserialize<'de> for Base64Marks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for Base64Marks {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Base64Marks".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[!-/:-@\\[-`{-~]{3}$" })
    }
}

impl Serialize for Encoding {
    /// Writes the default for the schema; a table is never one.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("hex")
    }
}

impl From<EncodingWord> for Encoding {
    fn from(word: EncodingWord) -> Self {
        match word {
            EncodingWord::Hex => Self::Hex,
            EncodingWord::Base64 => Self::Base64,
            EncodingWord::Base64url => Self::Base64url,
            EncodingWord::Base64urlNopad => Self::Base64urlNopad,
        }
    }
}

impl<'de> Deserialize<'de> for Encoding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EncodingVisitor;
        impl<'de> Visitor<'de> for EncodingVisitor {
            type Value = Encoding;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("hex, base64, base64url, base64url_nopad, or a table with base64")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Encoding, E> {
                EncodingWord::deserialize(word.into_deserializer()).map(Encoding::from)
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Encoding, A::Error> {
                let table = EncodingTable::deserialize(MapAccessDeserializer::new(table))?;
                Ok(Encoding::Base64With(table.base64))
            }
        }
        deserializer.deserialize_any(EncodingVisitor)
    }
}

impl JsonSchema for Encoding {
    fn schema_name() -> Cow<'static, str> {
        "Encoding".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let word = generator.subschema_for::<EncodingWord>();
        let table = generator.subschema_for::<EncodingTable>();
        json_schema!({
            "description": "How the bytes of a signature or a hash are written.",
            "anyOf": [word, table],
        })
    }
}
