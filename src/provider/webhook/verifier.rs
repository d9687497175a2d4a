//! `[webhook.verify]`: the proof that an event comes from the provider.

use aws_lc_rs::hmac;
use http::{HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;

use super::signature_header::HeaderFormat;
use crate::provider::{
    compile::{Constants, Reader},
    error::MapError,
    pointer::Pointer,
    signing::{KEY_ENCODINGS, KeyEncoding, decode_any_base64, read_secret},
    template::{Place, Placeholder, Template},
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
        encoding: Encoding,
    },
    /// A secret itself: one of these.
    Token(Vec<Vec<u8>>),
}

/// Encoding of a [`Proof::Hmac`] in its header.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Hex,
    Base64,
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

impl Encoding {
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
    /// [`MapError`]: a part is missing or malformed, the message does not hold the body, or nothing binds the
    /// timestamp.
    pub(super) fn compile(mut at: Reader, constants: &Constants) -> Result<Self, MapError> {
        let kind = at.choice("kind", &[("hmac", true), ("shared_token", false)])?;
        let hmac =
            kind.ok_or_else(|| at.error("kind", "is missing and required; allowed: hmac, shared_token"))?;
        let header = at.need_text("header")?;
        let header = header
            .parse()
            .map_err(|_| at.error("header", format!("`{header}` is no header name")))?;
        let format = HeaderFormat::compile(&mut at)?;
        let proof = if hmac {
            compile_hmac(&mut at, constants)?
        } else {
            Proof::Token(read_secrets(&mut at, constants)?)
        };
        let timestamp = compile_timestamp_rule(&mut at, &format, constants)?;
        check_timestamp_is_bound(&at, timestamp.as_ref(), &proof)?;
        let required = read_required_headers(&mut at)?;
        at.finish()?;
        Ok(Self {
            proof,
            header,
            format,
            timestamp,
            required,
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

/// Reads keys, message and encoding of a [`Proof::Hmac`].
fn compile_hmac(at: &mut Reader, constants: &Constants) -> Result<Proof, MapError> {
    let hashes = [
        ("sha1", hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        ("sha256", hmac::HMAC_SHA256),
        ("sha512", hmac::HMAC_SHA512),
    ];
    let hash = at.choice("hash", &hashes)?.unwrap_or(hmac::HMAC_SHA256);
    let keys = read_secrets(at, constants)?
        .iter()
        .map(|secret| hmac::Key::new(hash, secret))
        .collect();
    let message = at.text("message")?.unwrap_or_else(|| "{body}".to_owned());
    let place = Place {
        secrets: true,
        delivery: true,
        ..Place::default()
    };
    let message = Template::compile(&message, &place, constants).map_err(|what| at.error("message", what))?;
    if !message.slots().any(|slot| matches!(slot.name, Placeholder::Body)) {
        return Err(at.error(
            "message",
            "does not hold {body}: the signature would protect nothing",
        ));
    }
    let encodings = [("hex", Encoding::Hex), ("base64", Encoding::Base64)];
    let encoding = at.choice("encoding", &encodings)?.unwrap_or(Encoding::Hex);
    Ok(Proof::Hmac {
        keys,
        message,
        encoding,
    })
}

/// Reads the values of `secret`: several, separated by commas, while one replaces the other.
fn read_secrets(at: &mut Reader, constants: &Constants) -> Result<Vec<Vec<u8>>, MapError> {
    let text =
        read_secret(at, "secret", constants)?.ok_or_else(|| at.error("secret", "is missing and required"))?;
    let encoding = at
        .choice("secret_encoding", &KEY_ENCODINGS)?
        .unwrap_or(KeyEncoding::Utf8);
    let prefix = at.text("strip_prefix")?.unwrap_or_default();
    let values = text
        .expose_secret()
        .split(',')
        .map(str::trim)
        .filter(|value| !value.is_empty());
    let decode = |value: &str| encoding.decode(value.strip_prefix(&prefix).unwrap_or(value));
    let values: Vec<Vec<u8>> = values
        .map(decode)
        .collect::<Result<_, _>>()
        .map_err(|what| at.error("secret", what))?;
    if values.is_empty() || values.iter().any(Vec::is_empty) {
        return Err(at.error("secret", "is empty: anybody could sign"));
    }
    Ok(values)
}

/// Reads `timestamp` into a [`TimestampRule`]. `None` if the provider sends none.
fn compile_timestamp_rule(
    at: &mut Reader,
    format: &HeaderFormat,
    constants: &Constants,
) -> Result<Option<TimestampRule>, MapError> {
    let Some(mut table) = at.table("timestamp")? else {
        // Why: a timestamp that is sent is checked, whether or not the map says how closely.
        let rule = TimestampRule {
            header: None,
            milliseconds: false,
            tolerance_s: 300,
            must_equal: None,
        };
        return Ok(format.has_timestamp().then_some(rule));
    };
    let header = table.text("header")?;
    let header = header.map(|name| {
        name.parse()
            .map_err(|_| table.error("header", format!("`{name}` is no header name")))
    });
    let header: Option<HeaderName> = header.transpose()?;
    if header.is_some() == format.has_timestamp() {
        let what = "a timestamp comes either from the pair that `format.timestamp` names, or from `header`";
        return Err(table.error("header", what));
    }
    let milliseconds = table
        .choice("unit", &[("s", false), ("ms", true)])?
        .unwrap_or(false);
    let tolerance_s = table.whole("tolerance_s")?.unwrap_or(300).clamp(1, 86_400);
    let must_equal = table.text("must_equal")?;
    let must_equal = must_equal.map(|text| Pointer::compile(&text, &Place::default(), constants));
    let must_equal = must_equal
        .transpose()
        .map_err(|what| table.error("must_equal", what))?;
    table.finish()?;
    let tolerance_s = i64::try_from(tolerance_s).unwrap_or(300);
    Ok(Some(TimestampRule {
        header,
        milliseconds,
        tolerance_s,
        must_equal,
    }))
}

/// Checks that the timestamp is part of what is signed ([`Proof`]).
// Why: an attacker who replays an event could replace any other timestamp.
fn check_timestamp_is_bound(
    at: &Reader,
    rule: Option<&TimestampRule>,
    proof: &Proof,
) -> Result<(), MapError> {
    let Some(rule) = rule else { return Ok(()) };
    let bound = match proof {
        Proof::Token(_) => false,
        Proof::Hmac { message, .. } => {
            rule.must_equal.is_some()
                || message.slots().any(|slot| match &slot.name {
                    Placeholder::Timestamp => true,
                    Placeholder::Header(name) => Some(name) == rule.header.as_ref(),
                    _ => false,
                })
        }
    };
    if bound {
        return Ok(());
    }
    let what = "is not signed, so it protects nothing; allowed: {timestamp} in `message`, or must_equal";
    Err(at.error("timestamp", what))
}

/// Reads `require_headers`.
fn read_required_headers(at: &mut Reader) -> Result<Vec<(HeaderName, HeaderValue)>, MapError> {
    let Some(mut table) = at.table("require_headers")? else {
        return Ok(Vec::new());
    };
    let mut out = Vec::new();
    for (name, value) in table.entries() {
        let text = value
            .as_str()
            .ok_or_else(|| table.wrong(&name, "a text", &value))?;
        let text = HeaderValue::from_str(text).map_err(|_| table.error(&name, "makes no HTTP header"))?;
        let header = name
            .parse()
            .map_err(|_| table.error(&name, "is no header name"))?;
        out.push((header, text));
    }
    Ok(out)
}
