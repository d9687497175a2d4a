//! `[webhook.verify]`: the proof that an event comes from the provider.

use aws_lc_rs::hmac;
use http::{HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;

use super::signature_header::HeaderFormat;
use crate::provider::{
    compile::{Constants, Location},
    error::MapError,
    pointer::Pointer,
    signing::{decode_any_base64, decode_key, render_secret},
    template::{Place, Placeholder, Template},
    vocabulary::{
        Entries, HmacHash, HmacTable, KeyEncoding, SharedTokenTable, SignatureEncoding, TimestampTable,
        TimestampUnit, VerifyTable,
    },
};

/// `[webhook.verify]`, compiled. Its checks stand in [`verify`](super::verify).
pub(crate) struct Verifier {
    pub(super) proof: Proof,
    /// The header that holds the signature.
    pub(super) header: HeaderName,
    pub(super) format: HeaderFormat,
    /// The [`TimestampRule`]; `None` if the provider sends none.
    pub(super) timestamp: Option<TimestampRule>,
    /// `require_headers`: headers and the only value that each may have.
    pub(super) required: Vec<(HeaderName, HeaderValue)>,
}

/// The kind of proof in the signature's header.
pub(super) enum Proof {
    /// An HMAC of the message, by any of the keys.
    Hmac {
        keys: Vec<hmac::Key>,
        message: Template,
        encoding: SignatureEncoding,
    },
    /// A secret itself: one of these.
    Token(Vec<Vec<u8>>),
}

/// The rule that the delivery's timestamp must keep.
pub(super) struct TimestampRule {
    /// The header of the timestamp; `None` if it is part of the signature's header.
    pub(super) header: Option<HeaderName>,
    /// The timestamp counts milliseconds instead of seconds.
    pub(super) milliseconds: bool,
    /// Most seconds between the timestamp and now, in both directions; 1 to a day.
    pub(super) tolerance_s: i64,
    /// Position in the body of a copy that must be equal: it binds a timestamp that is not part of the message.
    pub(super) must_equal: Option<Pointer>,
}

impl SignatureEncoding {
    /// Decodes a signature; `None` if it is malformed.
    pub(super) fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            // Why: decoded into a buffer of its size, because collecting byte by byte takes longer than the whole
            // check.
            Self::Hex => {
                let mut bytes = vec![0; text.len() / 2];
                hex::decode_to_slice(text, &mut bytes).ok().map(|()| bytes)
            }
            Self::Base64 => decode_any_base64(text),
        }
    }
}

impl Verifier {
    /// Compiles the table.
    ///
    /// # Errors
    /// [`MapError`]: a part is malformed, the message does not hold the body, or nothing binds the timestamp.
    pub(super) fn compile(
        declared: VerifyTable,
        at: &Location,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        match declared {
            VerifyTable::Hmac(declared) => Self::compile_hmac(declared, at, constants),
            VerifyTable::SharedToken(declared) => Self::compile_token(declared, at, constants),
        }
    }

    /// Compiles the table with `kind = "hmac"`.
    fn compile_hmac(declared: HmacTable, at: &Location, constants: &Constants) -> Result<Self, MapError> {
        let format = HeaderFormat::compile(declared.format, at)?;
        let secrets = read_secrets(
            (&declared.secret, declared.secret_encoding, &declared.strip_prefix),
            at,
            constants,
        )?;
        let hash = match declared.hash {
            HmacHash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            HmacHash::Sha256 => hmac::HMAC_SHA256,
            HmacHash::Sha512 => hmac::HMAC_SHA512,
        };
        let message = compile_message(&declared.message, at, constants)?;
        let timestamp = compile_timestamp_rule(declared.timestamp, at, &format, constants)?;
        check_timestamp_is_bound(at, timestamp.as_ref(), &message)?;
        Ok(Self {
            proof: Proof::Hmac {
                keys: secrets
                    .iter()
                    .map(|secret| hmac::Key::new(hash, secret))
                    .collect(),
                message,
                encoding: declared.encoding,
            },
            header: parse_header_name(&declared.header, at)?,
            format,
            timestamp,
            required: compile_required_headers(declared.require_headers, at)?,
        })
    }

    /// Compiles the table with `kind = "shared_token"`.
    fn compile_token(
        declared: SharedTokenTable,
        at: &Location,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let format = HeaderFormat::compile(declared.format, at)?;
        // Why: a secret in a header signs nothing, so nothing binds a timestamp.
        if format.has_timestamp() {
            return Err(at.error("timestamp", UNBOUND_TIMESTAMP));
        }
        let secrets = read_secrets(
            (&declared.secret, declared.secret_encoding, &declared.strip_prefix),
            at,
            constants,
        )?;
        Ok(Self {
            proof: Proof::Token(secrets),
            header: parse_header_name(&declared.header, at)?,
            format,
            timestamp: None,
            required: compile_required_headers(declared.require_headers, at)?,
        })
    }

    /// Returns the headers that are part of the message of a [`Proof::Hmac`].
    pub(super) fn signed_headers(&self) -> Vec<&HeaderName> {
        let Proof::Hmac { message, .. } = &self.proof else {
            return Vec::new();
        };
        message
            .slots()
            .filter_map(|slot| match &slot.name {
                Placeholder::Header(name) => Some(name),
                _ => None,
            })
            .collect()
    }
}

/// The fault of a timestamp that anybody could replace.
const UNBOUND_TIMESTAMP: &str =
    "is not signed, so it protects nothing; allowed: {timestamp} in `message`, or must_equal";

/// Parses `header`.
fn parse_header_name(name: &str, at: &Location) -> Result<HeaderName, MapError> {
    name.parse()
        .map_err(|_| at.error("header", format!("`{name}` is no header name")))
}

/// Compiles `message`, which must hold the body.
fn compile_message(message: &str, at: &Location, constants: &Constants) -> Result<Template, MapError> {
    let place = Place::for_delivery();
    let message = Template::compile(message, &place, constants).map_err(|what| at.error("message", what))?;
    if !message.slots().any(|slot| matches!(slot.name, Placeholder::Body)) {
        return Err(at.error(
            "message",
            "does not hold {body}: the signature would protect nothing",
        ));
    }
    Ok(message)
}

/// Reads the values of `secret`: several, separated by commas, while one replaces the other.
fn read_secrets(
    (secret, encoding, prefix): (&str, KeyEncoding, &str),
    at: &Location,
    constants: &Constants,
) -> Result<Vec<Vec<u8>>, MapError> {
    let text = render_secret(secret, at, "secret", constants)?;
    let values = text
        .expose_secret()
        .split(',')
        .map(str::trim)
        .filter(|value| !value.is_empty());
    let decode = |value: &str| decode_key(encoding, value.strip_prefix(prefix).unwrap_or(value));
    let values: Vec<Vec<u8>> = values
        .map(decode)
        .collect::<Result<_, _>>()
        .map_err(|what| at.error("secret", what))?;
    if values.is_empty() || values.iter().any(Vec::is_empty) {
        return Err(at.error("secret", "is empty: anybody could sign"));
    }
    Ok(values)
}

/// Compiles `timestamp` into a [`TimestampRule`]. `None` if the provider sends none.
fn compile_timestamp_rule(
    declared: Option<TimestampTable>,
    at: &Location,
    format: &HeaderFormat,
    constants: &Constants,
) -> Result<Option<TimestampRule>, MapError> {
    let Some(declared) = declared else {
        // Why: a timestamp that is sent is checked, whether or not the map says how closely.
        let rule = TimestampRule {
            header: None,
            milliseconds: false,
            tolerance_s: 300,
            must_equal: None,
        };
        return Ok(format.has_timestamp().then_some(rule));
    };
    let at = at.table("timestamp");
    let header = declared.header.map(|name| parse_header_name(&name, &at));
    let header = header.transpose()?;
    if header.is_some() == format.has_timestamp() {
        let what = "a timestamp comes either from the pair that `format.timestamp` names, or from `header`";
        return Err(at.error("header", what));
    }
    let must_equal = declared
        .must_equal
        .map(|text| Pointer::compile(&text, &Place::default(), constants));
    Ok(Some(TimestampRule {
        header,
        milliseconds: declared.unit == TimestampUnit::Ms,
        tolerance_s: i64::try_from(declared.tolerance_s.clamp(1, 86_400)).unwrap_or(300),
        must_equal: must_equal
            .transpose()
            .map_err(|what| at.error("must_equal", what))?,
    }))
}

/// Checks that the timestamp is part of the `message` that is signed, or bound by `must_equal`.
// Why: an attacker who replays an event could replace any other timestamp.
fn check_timestamp_is_bound(
    at: &Location,
    rule: Option<&TimestampRule>,
    message: &Template,
) -> Result<(), MapError> {
    let Some(rule) = rule else { return Ok(()) };
    let is_signed = message.slots().any(|slot| match &slot.name {
        Placeholder::Timestamp => true,
        Placeholder::Header(name) => Some(name) == rule.header.as_ref(),
        _ => false,
    });
    if is_signed || rule.must_equal.is_some() {
        Ok(())
    } else {
        Err(at.error("timestamp", UNBOUND_TIMESTAMP))
    }
}

/// Compiles `require_headers`.
fn compile_required_headers(
    declared: Entries<String>,
    at: &Location,
) -> Result<Vec<(HeaderName, HeaderValue)>, MapError> {
    let at = at.table("require_headers");
    let compile = |(name, value): (String, String)| {
        let value = HeaderValue::from_str(&value).map_err(|_| at.error(&name, "makes no HTTP header"))?;
        let header = name.parse().map_err(|_| at.error(&name, "is no header name"))?;
        Ok((header, value))
    };
    declared.into_iter().map(compile).collect()
}
