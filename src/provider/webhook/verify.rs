//! `[webhook.verify]`: how an event proves where it comes from.

use aws_lc_rs::hmac;
use http::{HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;

use super::header::Form;
use crate::provider::{
    compile::{Constants, Reader},
    error::MapError,
    pointer::Pointer,
    signing::{KEY_ENCODINGS, KeyEncoding, decode_any_base64, read_secret},
    template::{Name, Place, Template},
};

/// `[webhook.verify]`, compiled.
pub(crate) struct Verify {
    pub(super) proof: Proof,
    pub(super) header: HeaderName,
    pub(super) form: Form,
    pub(super) clock: Option<Clock>,
    pub(super) required: Vec<(HeaderName, HeaderValue)>,
}

/// What the header must hold.
pub(super) enum Proof {
    /// An HMAC of the message with any of the keys.
    Hmac {
        keys: Vec<hmac::Key>,
        message: Template,
        encoding: Encoding,
    },
    /// One of the secrets itself.
    Token(Vec<Vec<u8>>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Hex,
    Base64,
}

/// The delivery's timestamp.
pub(super) struct Clock {
    /// Where it stands, unless it is part of the signature's header.
    pub(super) header: Option<HeaderName>,
    pub(super) milliseconds: bool,
    pub(super) tolerance_s: i64,
    /// The body must say the same there.
    pub(super) must_equal: Option<Pointer>,
}

impl Encoding {
    pub(super) fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            // Into what is there already: gathering byte by byte takes longer than the check.
            Self::Hex => {
                let mut bytes = vec![0; text.len() / 2];
                hex::decode_to_slice(text, &mut bytes).ok().map(|()| bytes)
            }
            Self::Base64 => decode_any_base64(text),
        }
    }
}

impl Verify {
    pub(super) fn compile(mut at: Reader, constants: &Constants) -> Result<Self, MapError> {
        let kind = at.choice("kind", &[("hmac", true), ("shared_token", false)])?;
        let hmac =
            kind.ok_or_else(|| at.error("kind", "is missing and required; allowed: hmac, shared_token"))?;
        let header = at.need_text("header")?;
        let header = header
            .parse()
            .map_err(|_| at.error("header", format!("`{header}` is no header name")))?;
        let form = Form::compile(&mut at)?;
        let proof = if hmac {
            hmac_proof(&mut at, constants)?
        } else {
            Proof::Token(secrets(&mut at, constants)?)
        };
        let clock = clock(&mut at, &form, constants)?;
        check_clock(&at, clock.as_ref(), &proof)?;
        let required = required(&mut at)?;
        at.finish()?;
        Ok(Self {
            proof,
            header,
            form,
            clock,
            required,
        })
    }

    /// The headers that are part of what is signed.
    pub(super) fn signed_headers(&self) -> Vec<&HeaderName> {
        let Proof::Hmac { message, .. } = &self.proof else {
            return Vec::new();
        };
        message
            .slots()
            .filter_map(|slot| match &slot.name {
                Name::Header(name) => Some(name),
                _ => None,
            })
            .collect()
    }
}

fn hmac_proof(at: &mut Reader, constants: &Constants) -> Result<Proof, MapError> {
    let hashes = [
        ("sha1", hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        ("sha256", hmac::HMAC_SHA256),
        ("sha512", hmac::HMAC_SHA512),
    ];
    let hash = at.choice("hash", &hashes)?.unwrap_or(hmac::HMAC_SHA256);
    let keys = secrets(at, constants)?
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
    if !message.slots().any(|slot| matches!(slot.name, Name::Body)) {
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

/// The secret's values: several, separated by commas, while one replaces the other.
fn secrets(at: &mut Reader, constants: &Constants) -> Result<Vec<Vec<u8>>, MapError> {
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

fn clock(at: &mut Reader, form: &Form, constants: &Constants) -> Result<Option<Clock>, MapError> {
    let Some(mut table) = at.table("timestamp")? else {
        // A timestamp that is sent is checked, whether or not the map says how closely.
        let clock = Clock {
            header: None,
            milliseconds: false,
            tolerance_s: 300,
            must_equal: None,
        };
        return Ok(form.has_timestamp().then_some(clock));
    };
    let header = table.text("header")?;
    let header = header.map(|name| {
        name.parse()
            .map_err(|_| table.error("header", format!("`{name}` is no header name")))
    });
    let header: Option<HeaderName> = header.transpose()?;
    if header.is_some() == form.has_timestamp() {
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
    Ok(Some(Clock {
        header,
        milliseconds,
        tolerance_s,
        must_equal,
    }))
}

/// A timestamp that nothing binds can be replaced by whoever replays an event.
fn check_clock(at: &Reader, clock: Option<&Clock>, proof: &Proof) -> Result<(), MapError> {
    let Some(clock) = clock else { return Ok(()) };
    let bound = match proof {
        Proof::Token(_) => false,
        Proof::Hmac { message, .. } => {
            clock.must_equal.is_some()
                || message.slots().any(|slot| match &slot.name {
                    Name::Timestamp => true,
                    Name::Header(name) => Some(name) == clock.header.as_ref(),
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

fn required(at: &mut Reader) -> Result<Vec<(HeaderName, HeaderValue)>, MapError> {
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
