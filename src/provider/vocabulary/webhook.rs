//! `[webhook]`: how events are verified, read and translated.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    digest::KeyEncoding,
    fields::FieldsValue,
    source::{ConditionTable, SourceValue},
    value::Entries,
};

/// How events are verified, read and translated. Left out: the provider sends none, and is only asked.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookTable {
    /// The proof that an event comes from the provider.
    pub(crate) verify: VerifyTable,
    /// What all events have in common.
    #[serde(default)]
    pub(crate) event: EventTable,
    /// What each kind of event means. The first rule whose condition holds counts; an event without a rule is stored as
    /// ignored. There must be at least one.
    #[serde(default)]
    pub(crate) on: Vec<OnTable>,
}

/// The proof that an event comes from the provider.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(tag = "kind")]
pub(crate) enum VerifyTable {
    /// An HMAC of the message.
    Hmac(HmacTable),
    /// The header's value is the secret itself.
    SharedToken(SharedTokenTable),
}

/// An HMAC of the message.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HmacTable {
    /// Template of the secret. Its value may hold several secrets with commas between them, while one replaces the other.
    pub(crate) secret: String,
    /// How the secret is written.
    #[serde(default)]
    pub(crate) secret_encoding: KeyEncoding,
    /// Text that is taken off the front of the secret, such as `whsec_`.
    #[serde(default)]
    pub(crate) strip_prefix: String,
    /// Header that holds the signature. An event that has it twice is refused.
    pub(crate) header: String,
    /// How the header is written.
    #[serde(default)]
    pub(crate) format: HeaderFormatValue,
    /// The hash of the HMAC.
    #[serde(default)]
    pub(crate) hash: HmacHash,
    /// Template of the message. It must hold `{body}`.
    #[serde(default = "default_message")]
    pub(crate) message: String,
    /// How the signature is written.
    #[serde(default)]
    pub(crate) encoding: SignatureEncoding,
    /// The timestamp of a delivery, and how old it may be. It must be part of `message`, or bound by `must_equal`.
    pub(crate) timestamp: Option<TimestampTable>,
    /// Headers that an event must have: name = value.
    #[serde(default)]
    pub(crate) require_headers: Entries<String>,
}

/// A secret in a header.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SharedTokenTable {
    /// Template of the secret. Its value may hold several secrets with commas between them, while one replaces the other.
    pub(crate) secret: String,
    /// How the secret is written.
    #[serde(default)]
    pub(crate) secret_encoding: KeyEncoding,
    /// Text that is taken off the front of the secret, such as `whsec_`.
    #[serde(default)]
    pub(crate) strip_prefix: String,
    /// Header that holds the secret. An event that has it twice is refused.
    pub(crate) header: String,
    /// How the header is written.
    #[serde(default)]
    pub(crate) format: HeaderFormatValue,
    /// Headers that an event must have: name = value.
    #[serde(default)]
    pub(crate) require_headers: Entries<String>,
}

/// How the signature's header is written.
#[derive(Clone, Debug, Default)]
pub(crate) enum HeaderFormatValue {
    /// The value is the signature.
    #[default]
    Raw,
    /// `t=…,v1=…`.
    Pairs(PairsTable),
    /// `v1,… v1,…`.
    List(ListTable),
}

/// How the signature's header is written, as a table.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(tag = "kind")]
enum HeaderFormatTable {
    /// The value is the signature. `format = "raw"` says the same.
    Raw,
    /// Pairs such as `t=…,v1=…`.
    Pairs(PairsTable),
    /// Entries between separators, of which those with the prefix count.
    List(ListTable),
}

/// Pairs such as `t=…,v1=…`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PairsTable {
    /// Names of the pairs that are signatures; at least one.
    #[serde(default)]
    pub(crate) signature: Vec<String>,
    /// Name of the pair that is the timestamp. An event that has it twice is refused.
    pub(crate) timestamp: Option<String>,
}

/// Entries between separators.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListTable {
    /// What stands between entries.
    #[serde(default = "default_separator")]
    pub(crate) separator: String,
    /// What an entry that counts begins with.
    #[serde(default)]
    pub(crate) prefix: String,
}

/// The hash of an HMAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HmacHash {
    Sha1,
    #[default]
    Sha256,
    Sha512,
}

/// How a signature is written in its header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SignatureEncoding {
    #[default]
    Hex,
    /// Base64 of either alphabet, padded or not.
    Base64,
}

/// The timestamp of a delivery, and how old it may be.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimestampTable {
    /// Header of the timestamp, where it is no pair of the signature's header.
    pub(crate) header: Option<String>,
    /// Unit of the timestamp.
    #[serde(default)]
    pub(crate) unit: TimestampUnit,
    /// Most seconds between the timestamp and now, before or after; 1 to 86400.
    #[serde(default = "default_tolerance_s")]
    pub(crate) tolerance_s: u64,
    /// Pointer to a copy in the body that must be equal. It binds a timestamp that is not part of `message`.
    pub(crate) must_equal: Option<String>,
}

/// Unit of a timestamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TimestampUnit {
    /// Seconds since 1970.
    #[default]
    S,
    /// Milliseconds since 1970.
    Ms,
}

/// What all events have in common.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventTable {
    /// Source of the event's id, by which a repeated event is known. Left out, or nothing found: a hash of the body. A
    /// header may serve where it is part of `message`.
    pub(crate) id: Option<SourceValue>,
    /// Source of the event's type, for people who read the inbox.
    #[serde(rename = "type")]
    pub(crate) event_type: Option<SourceValue>,
    /// Source of the provider's time of the event. Left out: the provider gives none.
    pub(crate) occurred_at: Option<SourceValue>,
    /// Takes events of one environment only.
    pub(crate) scope: Option<ScopeTable>,
    /// What every event tells about its video.
    pub(crate) fields: Option<FieldsValue>,
}

/// Takes events of one environment only. It is off while `equals` is empty.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScopeTable {
    /// Source of the environment in the event.
    pub(crate) at: SourceValue,
    /// Template of `vars.*`: the environment whose events count. Other events are stored as ignored.
    pub(crate) equals: String,
}

/// What one kind of event means.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OnTable {
    /// The condition. Left out: the rule holds for every event.
    #[serde(default)]
    pub(crate) when: ConditionTable,
    /// Texts in `when` are compared without regard to case.
    #[serde(default)]
    pub(crate) ignore_case: bool,
    /// What the event says of its video.
    pub(crate) emit: EmitWord,
    /// The event is incomplete: the provider is asked by `[asset.get]`, or by `[upload.get]` where no asset is known.
    #[serde(default)]
    pub(crate) refresh: bool,
    /// Fields that replace those of `[webhook.event]`, key by key.
    pub(crate) fields: Option<FieldsValue>,
}

/// What an event says of its video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EmitWord {
    Waiting,
    Preparing,
    Ready,
    Errored,
    Cancelled,
    Expired,
    /// The asset is gone.
    Deleted,
    /// Fields alone.
    Updated,
    /// Nothing: the event is stored as ignored.
    Ignore,
}

fn default_message() -> String {
    "{body}".to_owned()
}

fn default_separator() -> String {
    " ".to_owned()
}

fn default_tolerance_s() -> u64 {
    300
}

impl Serialize for HeaderFormatValue {
    /// Writes the default for the schema; a table is never one.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("raw")
    }
}

impl<'de> Deserialize<'de> for HeaderFormatValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        HeaderFormatTable::deserialize(deserializer).map(|table| match table {
            HeaderFormatTable::Raw => Self::Raw,
            HeaderFormatTable::Pairs(pairs) => Self::Pairs(pairs),
            HeaderFormatTable::List(list) => Self::List(list),
        })
    }
}

impl JsonSchema for HeaderFormatValue {
    fn schema_name() -> Cow<'static, str> {
        "HeaderFormat".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<HeaderFormatTable>();
        json_schema!({
            "description": "How the signature's header is written.",
            "anyOf": [{ "const": "raw" }, table],
        })
    }
}
