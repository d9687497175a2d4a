//! Signed texts over a message that the map spells (`kind = "digest"`, `compute`).
//!
//! A [`Digest`] is a hash or an HMAC, which takes microseconds and is computed in place. An [`RsaDigest`] takes as long as a
//! token signed with RSA, so it is cached and signed as tokens are: by a [`Signer`].

use std::sync::Arc;

use aws_lc_rs::{digest, hmac};
use secrecy::ExposeSecret as _;

use super::{
    binding::check_binding,
    key::SigningKey,
    secret::{decode_key, render_secret},
    signer::Signer,
};
use crate::provider::{
    compile::{Constants, Location},
    error::{InvalidField, MapError},
    template::{Place, Placeholder, Scope, Template},
    vocabulary::{
        DigestAlgorithm, DigestKeyEncoding, DigestTable, Encoding, KeyEncoding, KeyFormat, TokenAlgorithm,
    },
};

/// A compiled signed text that is quick to compute: a [`Template`] as message, and what is done with its bytes.
pub(crate) struct Digest {
    method: Method,
    message: Template,
    encoding: Encoding,
    /// Text before the encoded digest.
    prefix: String,
}

/// The digest, with its key where it has one.
enum Method {
    /// The message itself.
    None,
    Hash(&'static digest::Algorithm),
    Hmac(Box<hmac::Key>),
    /// An HMAC whose key is an earlier signed text: its bytes where `raw`, else its text.
    Chained {
        algorithm: hmac::Algorithm,
        earlier: Arc<Digest>,
        raw: bool,
    },
}

/// A compiled signed text by RSA.
pub(crate) struct RsaDigest {
    message: Template,
    signer: Signer,
}

/// A compiled signed text of `[playback]`.
pub(crate) enum PlaybackDigest {
    /// A hash or an HMAC.
    Quick(Arc<Digest>),
    /// An RSA signature.
    Rsa(Box<RsaDigest>),
}

/// What a signed text is compiled with.
#[derive(Clone, Copy)]
pub(crate) struct DigestRules<'a> {
    /// The placeholders of the message; secrets are added.
    pub(crate) place: &'a Place,
    pub(crate) constants: &'a Constants,
    /// The texts that may be its key.
    pub(crate) earlier: &'a [(String, Arc<Digest>)],
    /// The text belongs to playback, so its key may be empty while signing is off.
    pub(crate) for_playback: bool,
}

/// A word of `algorithm`, sorted by what it takes.
enum Kind {
    None,
    Hash(&'static digest::Algorithm),
    Hmac(hmac::Algorithm),
    Rsa,
}

impl DigestAlgorithm {
    fn kind(self) -> Kind {
        match self {
            Self::None => Kind::None,
            Self::Sha1 => Kind::Hash(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            Self::Sha256 => Kind::Hash(&digest::SHA256),
            Self::Sha512 => Kind::Hash(&digest::SHA512),
            Self::HmacSha1 => Kind::Hmac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            Self::HmacSha256 => Kind::Hmac(hmac::HMAC_SHA256),
            Self::HmacSha512 => Kind::Hmac(hmac::HMAC_SHA512),
            Self::RsaSha1 | Self::RsaSha256 => Kind::Rsa,
        }
    }
}

/// Returns the name in a key that is `{compute.<name>}` and nothing else.
pub(crate) fn chained_name(key: &str) -> Option<&str> {
    key.strip_prefix("{compute.")?.strip_suffix('}')
}

impl Digest {
    /// Compiles a signed text that is quick to compute.
    ///
    /// # Errors
    /// [`MapError`]: the key or the message is missing, malformed, or not allowed at this place; the algorithm is RSA.
    pub(crate) fn compile(
        declared: DigestTable,
        at: &Location,
        rules: DigestRules<'_>,
    ) -> Result<Self, MapError> {
        let method = match (declared.algorithm.kind(), &declared.key) {
            (Kind::Rsa, _) => {
                let what = "RSA takes too long here; allowed: none, sha1, sha256, sha512, hmac-sha1, hmac-sha256, \
                            hmac-sha512";
                return Err(at.error("algorithm", what));
            }
            (Kind::None | Kind::Hash(_), Some(_)) => {
                return Err(at.error("key", "a plain hash takes no key"));
            }
            (Kind::None, None) => Method::None,
            (Kind::Hash(algorithm), None) => Method::Hash(algorithm),
            (Kind::Hmac(_), None) => return Err(at.error("key", "is missing and required")),
            (Kind::Hmac(algorithm), Some(key)) => {
                compile_hmac(algorithm, (key, declared.key_encoding), at, rules)?
            }
        };
        Ok(Self {
            method,
            message: compile_message(&declared.message, at, rules)?,
            encoding: declared.encoding,
            prefix: declared.prefix,
        })
    }

    /// Computes the signed text: prefix and encoded digest.
    ///
    /// # Errors
    /// [`InvalidField`]: a placeholder of the message has no value.
    pub(crate) fn compute(&self, scope: &Scope<'_>) -> Result<String, InvalidField> {
        let text = self.encoding.encode(&self.bytes(scope)?);
        Ok(format!("{}{text}", self.prefix))
    }

    /// Computes the bytes of the digest.
    fn bytes(&self, scope: &Scope<'_>) -> Result<Vec<u8>, InvalidField> {
        let sign = |mut context: hmac::Context| {
            self.message.feed(scope, &mut |bytes| context.update(bytes))?;
            Ok(context.sign().as_ref().to_vec())
        };
        match &self.method {
            Method::None => Ok(self.message.text(scope)?.into_bytes()),
            Method::Hash(algorithm) => {
                let mut context = digest::Context::new(algorithm);
                self.message.feed(scope, &mut |bytes| context.update(bytes))?;
                Ok(context.finish().as_ref().to_vec())
            }
            Method::Hmac(key) => sign(hmac::Context::with_key(key)),
            Method::Chained {
                algorithm,
                earlier,
                raw,
            } => {
                let key = if *raw {
                    earlier.bytes(scope)?
                } else {
                    earlier.compute(scope)?.into_bytes()
                };
                sign(hmac::Context::with_key(&hmac::Key::new(*algorithm, &key)))
            }
        }
    }

    /// The text is signed by nothing: it is the message itself.
    pub(crate) fn is_unsigned(&self) -> bool {
        matches!(self.method, Method::None)
    }

    /// Returns every [`Placeholder`] in the message, and in the messages of the texts that are its key.
    pub(crate) fn placeholders(&self) -> Vec<&Placeholder> {
        let mut names: Vec<&Placeholder> = self.message.slots().map(|slot| &slot.name).collect();
        if let Method::Chained { earlier, .. } = &self.method {
            names.extend(earlier.placeholders());
        }
        names
    }
}

impl PlaybackDigest {
    /// Compiles a signed text of `[playback]`.
    ///
    /// # Errors
    /// [`MapError`]: the key or the message is missing, malformed, or not allowed at this place.
    pub(crate) fn compile(
        declared: DigestTable,
        at: &Location,
        rules: DigestRules<'_>,
    ) -> Result<Self, MapError> {
        if !matches!(declared.algorithm.kind(), Kind::Rsa) {
            return Digest::compile(declared, at, rules).map(|digest| Self::Quick(Arc::new(digest)));
        }
        if declared.key_encoding.is_some() {
            return Err(at.error("key_encoding", "RSA takes a key in PEM, or the base64 of one"));
        }
        let declared_key = declared.key.as_deref();
        let declared_key = declared_key.ok_or_else(|| at.error("key", "is missing and required"))?;
        let key = render_secret(declared_key, at, "key", rules.constants)?;
        // Why: while signing is off, the secret is empty and no key.
        let key = if rules.constants.signing_off {
            None
        } else {
            let key = match declared.algorithm {
                DigestAlgorithm::RsaSha1 => SigningKey::parse_rsa_sha1(key.expose_secret()),
                _ => SigningKey::parse(key.expose_secret(), KeyFormat::Pem, TokenAlgorithm::Rs256),
            };
            let origin = rules.constants.origin_of(declared_key).unwrap_or_default();
            Some(key.map_err(|what| at.error("key", format!("{origin} {what}")))?)
        };
        Ok(Self::Rsa(Box::new(RsaDigest {
            message: compile_message(&declared.message, at, rules)?,
            signer: Signer::for_digest(key, declared.prefix, declared.encoding),
        })))
    }

    /// Checks that the text ends some day and is of one video.
    ///
    /// # Errors
    /// Says what is missing.
    pub(crate) fn check_binding(&self) -> Result<(), String> {
        check_binding(self.placeholders().into_iter())
    }

    /// Returns every [`Placeholder`] that goes into the text.
    pub(crate) fn placeholders(&self) -> Vec<&Placeholder> {
        match self {
            Self::Quick(digest) => digest.placeholders(),
            Self::Rsa(digest) => digest.message.slots().map(|slot| &slot.name).collect(),
        }
    }

    /// Returns how many signatures were made, and how many were read from the cache. What is quick is not counted.
    pub(crate) fn signature_counts(&self) -> (u64, u64) {
        match self {
            Self::Quick(_) => (0, 0),
            Self::Rsa(digest) => digest.signer.token_counts(),
        }
    }
}

impl RsaDigest {
    /// Renders the message that is signed. Two messages that are equal have one signature, so it is the cache key too.
    ///
    /// # Errors
    /// [`InvalidField`]: a placeholder has no value.
    pub(crate) fn message(&self, scope: &Scope<'_>) -> Result<String, InvalidField> {
        self.message.text(scope)
    }

    /// Returns the [`Signer`] that makes and caches the signatures.
    pub(crate) fn signer(&self) -> &Signer {
        &self.signer
    }
}

/// Compiles `message`, which may hold secrets.
fn compile_message(message: &str, at: &Location, rules: DigestRules<'_>) -> Result<Template, MapError> {
    let place = Place {
        secrets: true,
        ..rules.place.clone()
    };
    Template::compile(message, &place, rules.constants).map_err(|what| at.error("message", what))
}

/// Compiles the key of an HMAC: a secret, or an earlier signed text.
fn compile_hmac(
    algorithm: hmac::Algorithm,
    (key, encoding): (&str, Option<DigestKeyEncoding>),
    at: &Location,
    rules: DigestRules<'_>,
) -> Result<Method, MapError> {
    if let Some(name) = chained_name(key) {
        return compile_chained(algorithm, (name, encoding), at, rules);
    }
    let encoding = match encoding {
        None | Some(DigestKeyEncoding::Utf8) => KeyEncoding::Utf8,
        Some(DigestKeyEncoding::Base64) => KeyEncoding::Base64,
        Some(DigestKeyEncoding::Hex) => KeyEncoding::Hex,
        Some(DigestKeyEncoding::Raw) => {
            let what = "`raw` is for a key that is {compute.<name>}; allowed: utf8, base64, hex";
            return Err(at.error("key_encoding", what));
        }
    };
    let key = render_secret(key, at, "key", rules.constants)?;
    let key = decode_key(encoding, key.expose_secret()).map_err(|what| at.error("key", what))?;
    // Why: while signing is off, its secrets are empty, and the map must compile all the same.
    if key.is_empty() && !(rules.for_playback && rules.constants.signing_off) {
        return Err(at.error("key", "is empty"));
    }
    Ok(Method::Hmac(Box::new(hmac::Key::new(algorithm, &key))))
}

/// Compiles a key that is an earlier signed text.
fn compile_chained(
    algorithm: hmac::Algorithm,
    (name, encoding): (&str, Option<DigestKeyEncoding>),
    at: &Location,
    rules: DigestRules<'_>,
) -> Result<Method, MapError> {
    let earlier = rules.earlier.iter().find(|(known, _)| known == name);
    let Some((_, earlier)) = earlier else {
        let known: Vec<&str> = rules.earlier.iter().map(|(known, _)| known.as_str()).collect();
        let what = format!(
            "`{name}` is no signed text before this one (RSA is none that can be a key); there are: {}",
            if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            }
        );
        return Err(at.error("key", what));
    };
    if earlier.is_unsigned() {
        return Err(at.error(
            "key",
            format!("`{name}` is signed by nothing: anybody could make it"),
        ));
    }
    let raw = match encoding {
        None | Some(DigestKeyEncoding::Utf8) => false,
        Some(DigestKeyEncoding::Raw) => true,
        Some(DigestKeyEncoding::Base64 | DigestKeyEncoding::Hex) => {
            let what =
                "a key that is {compute.<name>} is taken as its bytes or as its text; allowed: raw, utf8";
            return Err(at.error("key_encoding", what));
        }
    };
    Ok(Method::Chained {
        algorithm,
        earlier: Arc::clone(earlier),
        raw,
    })
}
