//! Signed texts: a hash or an HMAC over a message that the map spells (`kind = "digest"`, `compute`).

use aws_lc_rs::{digest, hmac};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use secrecy::ExposeSecret as _;

use super::{
    binding::check_binding,
    secret::{KEY_ENCODINGS, KeyEncoding, read_secret},
};
use crate::provider::{
    compile::{Constants, Reader},
    error::{InvalidField, MapError},
    template::{Place, Placeholder, Scope, Template},
};

/// A compiled signed text: a [`Template`] as message, and what is done with its bytes.
pub(crate) struct Digest {
    method: Method,
    message: Template,
    encoding: Encoding,
    /// Text before the encoded digest.
    prefix: String,
}

/// The digest, with its key where it has one.
enum Method {
    Sha256,
    Hmac(Box<hmac::Key>),
}

/// A word of `algorithm`: a [`Method`] before its key is read.
#[derive(Clone, Copy)]
enum Algorithm {
    Sha256,
    Hmac(hmac::Algorithm),
}

/// The encoding of the bytes of a [`Digest`].
#[derive(Clone, Copy)]
enum Encoding {
    Hex,
    Base64,
    Base64Url,
    Base64UrlNoPad,
}

impl Digest {
    /// Reads a signed text.
    ///
    /// With `must_bind`, the message has to bind an expiry and a video, and a key may be empty while signing is off.
    ///
    /// # Errors
    /// [`MapError`]: algorithm, key or message is missing, malformed, or not allowed at this place.
    pub(crate) fn compile(
        at: &mut Reader,
        place: &Place,
        constants: &Constants,
        must_bind: bool,
    ) -> Result<Self, MapError> {
        let algorithms = [
            ("sha256", Algorithm::Sha256),
            ("hmac-sha1", Algorithm::Hmac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY)),
            ("hmac-sha256", Algorithm::Hmac(hmac::HMAC_SHA256)),
            ("hmac-sha512", Algorithm::Hmac(hmac::HMAC_SHA512)),
        ];
        let algorithm = at.choice("algorithm", &algorithms)?;
        let algorithm = algorithm.ok_or_else(|| at.error("algorithm", "is missing and required"))?;
        let key = read_secret(at, "key", constants)?;
        let encoding = at
            .choice("key_encoding", &KEY_ENCODINGS)?
            .unwrap_or(KeyEncoding::Utf8);
        let method = match (algorithm, key) {
            (Algorithm::Sha256, None) => Method::Sha256,
            (Algorithm::Sha256, Some(_)) => return Err(at.error("key", "a plain hash takes no key")),
            (Algorithm::Hmac(_), None) => return Err(at.error("key", "is missing and required")),
            (Algorithm::Hmac(algorithm), Some(key)) => {
                let key = encoding
                    .decode(key.expose_secret())
                    .map_err(|what| at.error("key", what))?;
                // Why: while signing is off, its secrets are empty, and the map must compile all the same.
                if key.is_empty() && !(must_bind && constants.signing_off) {
                    return Err(at.error("key", "is empty"));
                }
                Method::Hmac(Box::new(hmac::Key::new(algorithm, &key)))
            }
        };
        let message = at.need_text("message")?;
        let place = Place {
            secrets: true,
            ..place.clone()
        };
        let message =
            Template::compile(&message, &place, constants).map_err(|what| at.error("message", what))?;
        if must_bind {
            let names = message.slots().map(|slot| &slot.name);
            check_binding(names).map_err(|what| at.error("message", what))?;
        }
        let encodings = [
            ("hex", Encoding::Hex),
            ("base64", Encoding::Base64),
            ("base64url", Encoding::Base64Url),
            ("base64url_nopad", Encoding::Base64UrlNoPad),
        ];
        let encoding = at.choice("encoding", &encodings)?.unwrap_or(Encoding::Hex);
        Ok(Self {
            method,
            message,
            encoding,
            prefix: at.text("prefix")?.unwrap_or_default(),
        })
    }

    /// Computes the signed text: prefix and encoded digest.
    ///
    /// # Errors
    /// [`InvalidField`]: a placeholder of the message has no value.
    pub(crate) fn compute(&self, scope: &Scope<'_>) -> Result<String, InvalidField> {
        let bytes = match &self.method {
            Method::Sha256 => {
                let mut context = digest::Context::new(&digest::SHA256);
                self.message.feed(scope, &mut |bytes| context.update(bytes))?;
                context.finish().as_ref().to_vec()
            }
            Method::Hmac(key) => {
                let mut context = hmac::Context::with_key(key);
                self.message.feed(scope, &mut |bytes| context.update(bytes))?;
                context.sign().as_ref().to_vec()
            }
        };
        let text = match self.encoding {
            Encoding::Hex => hex::encode(bytes),
            Encoding::Base64 => STANDARD.encode(bytes),
            Encoding::Base64Url => URL_SAFE.encode(bytes),
            Encoding::Base64UrlNoPad => URL_SAFE_NO_PAD.encode(bytes),
        };
        Ok(format!("{}{text}", self.prefix))
    }

    /// Returns every [`Placeholder`] in the message.
    pub(crate) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.message.slots().map(|slot| &slot.name)
    }
}
