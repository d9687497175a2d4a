//! `[webhook.verify]`: the proof that an event comes from the provider.

use std::sync::Arc;

use aws_lc_rs::{digest, hmac};
use http::{HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;

use super::{
    remote_keys::{MAX_PUBLIC_KEYS, RemoteKeys},
    signature_header::{HeaderFormat, parse_header_name},
    timestamp::{TimestampRule, UNBOUND_TIMESTAMP},
};
use crate::provider::{
    compile::{Constants, Location},
    error::MapError,
    signing::{VerifyingKey, decode_key, render_secret},
    template::{Place, Placeholder, Template},
    vocabulary::{
        Encoding, Entries, HashTable, HashWord, HmacTable, KeyEncoding, OneOrMany, PublicKeyTable,
        SharedTokenTable, VerifyTable,
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
        encoding: Encoding,
    },
    /// A plain hash of one of the messages, which differ in their secret alone, by any of the hashes.
    Hash {
        hashes: Vec<&'static digest::Algorithm>,
        messages: Vec<Template>,
        encoding: Encoding,
    },
    /// A signature of the message, which any of the public keys verifies.
    PublicKey {
        keys: PublicKeys,
        message: Template,
        encoding: Encoding,
    },
    /// A secret itself: one of these.
    Token(Vec<Vec<u8>>),
}

/// The public keys of a [`Proof::PublicKey`].
pub(super) enum PublicKeys {
    /// Keys that the map spells.
    Known(Arc<Vec<VerifyingKey>>),
    /// Keys that the provider publishes.
    Remote(Box<RemoteKeys>),
}

impl PublicKeys {
    /// Returns the keys that are known now.
    pub(super) fn known(&self) -> Arc<Vec<VerifyingKey>> {
        match self {
            Self::Known(keys) => Arc::clone(keys),
            Self::Remote(remote) => remote.keys(),
        }
    }
}

impl Proof {
    /// Returns the message that is signed; `None` where nothing is.
    fn message(&self) -> Option<&Template> {
        match self {
            Self::Hmac { message, .. } | Self::PublicKey { message, .. } => Some(message),
            Self::Hash { messages, .. } => messages.first(),
            Self::Token(_) => None,
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
            VerifyTable::Hash(declared) => Self::compile_hash(declared, at, constants),
            VerifyTable::PublicKey(declared) => Self::compile_public_key(declared, at, constants),
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
            HashWord::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            HashWord::Sha256 => hmac::HMAC_SHA256,
            HashWord::Sha512 => hmac::HMAC_SHA512,
        };
        let message = compile_message(&declared.message, at, constants)?;
        let timestamp = TimestampRule::compile(declared.timestamp, at, &format, &message, constants)?;
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

    /// Compiles the table with `kind = "hash"`.
    fn compile_hash(declared: HashTable, at: &Location, constants: &Constants) -> Result<Self, MapError> {
        let format = HeaderFormat::compile(declared.format, at)?;
        let message = compile_message(&declared.message, at, constants)?;
        // Why: a hash without a secret can be computed by anybody.
        if message.secrets().next().is_none() {
            let what = "names no {secrets.…}: anybody could compute such a hash";
            return Err(at.error("message", what));
        }
        let messages = message.split_secret();
        let is_blank = |message: &Template| {
            let mut secrets = message.secrets();
            secrets.any(|(_, secret)| secret.expose_secret().trim().is_empty())
        };
        if messages.is_empty() || messages.iter().any(is_blank) {
            return Err(at.error("message", "names a secret that is empty: anybody could sign"));
        }
        let timestamp = TimestampRule::compile(declared.timestamp, at, &format, &message, constants)?;
        let hashes = declared
            .hash
            .map_or_else(|| vec![HashWord::default()], |OneOrMany(words)| words);
        if hashes.is_empty() {
            return Err(at.error("hash", "an empty list can never hold"));
        }
        Ok(Self {
            proof: Proof::Hash {
                hashes: hashes.into_iter().map(plain_hash).collect(),
                messages,
                encoding: declared.encoding,
            },
            header: parse_header_name(&declared.header, at)?,
            format,
            timestamp,
            required: compile_required_headers(declared.require_headers, at)?,
        })
    }

    /// Compiles the table with `kind = "public_key"`.
    fn compile_public_key(
        declared: PublicKeyTable,
        at: &Location,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let format = HeaderFormat::compile(declared.format.clone(), at)?;
        let message = compile_message(&declared.message, at, constants)?;
        let timestamp = TimestampRule::compile(declared.timestamp.clone(), at, &format, &message, constants)?;
        Ok(Self {
            proof: Proof::PublicKey {
                keys: compile_public_keys(&declared, at, constants)?,
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

    /// Returns the published keys that have to be fetched; `None` for any other proof.
    pub(super) fn remote_keys(&self) -> Option<&RemoteKeys> {
        match &self.proof {
            Proof::PublicKey {
                keys: PublicKeys::Remote(remote),
                ..
            } => Some(remote),
            _ => None,
        }
    }

    /// Returns the headers that are part of the message that is signed.
    pub(super) fn signed_headers(&self) -> Vec<&HeaderName> {
        let slots = self.proof.message().into_iter().flat_map(Template::slots);
        slots
            .filter_map(|slot| match &slot.name {
                Placeholder::Header(name) => Some(name),
                _ => None,
            })
            .collect()
    }
}

/// Returns the algorithm of a plain hash.
fn plain_hash(word: HashWord) -> &'static digest::Algorithm {
    match word {
        HashWord::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        HashWord::Sha256 => &digest::SHA256,
        HashWord::Sha512 => &digest::SHA512,
    }
}

/// Reads `key`: public keys with commas between them, or the address of a key set.
fn compile_public_keys(
    declared: &PublicKeyTable,
    at: &Location,
    constants: &Constants,
) -> Result<PublicKeys, MapError> {
    let text = render_secret(&declared.key, at, "key", constants)?;
    let text = text.expose_secret().trim();
    let error = |what: String| {
        let origin = constants.origin_of(&declared.key).unwrap_or_default();
        at.error("key", format!("{origin} {what}").trim_start())
    };
    if text.starts_with("http://") || text.starts_with("https://") {
        let remote = RemoteKeys::new(text, declared.algorithm).map_err(error)?;
        return Ok(PublicKeys::Remote(Box::new(remote)));
    }
    let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
    let parse = |text: &str| {
        let text = text.strip_prefix(declared.strip_prefix.as_str()).unwrap_or(text);
        VerifyingKey::parse(text, declared.algorithm).map_err(|what| error(what.to_owned()))
    };
    let keys: Vec<VerifyingKey> = texts.map(parse).collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err(error("is empty: no signature could hold".to_owned()));
    }
    if keys.len() > MAX_PUBLIC_KEYS {
        return Err(error(format!("has more than {MAX_PUBLIC_KEYS} keys")));
    }
    Ok(PublicKeys::Known(Arc::new(keys)))
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
