//! Signed texts: a hash or an HMAC over a message that the map spells (`kind = "digest"`, `compute`).

use aws_lc_rs::{digest, hmac};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use secrecy::ExposeSecret as _;

use super::{
    binding::check_binding,
    secret::{decode_key, render_secret},
};
use crate::provider::{
    compile::{Constants, Location},
    error::{InvalidField, MapError},
    template::{Place, Placeholder, Scope, Template},
    vocabulary::{DigestAlgorithm, DigestTable, Encoding},
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

impl Digest {
    /// Compiles a signed text.
    ///
    /// With `must_bind`, the message has to bind an expiry and a video, and a key may be empty while signing is off.
    ///
    /// # Errors
    /// [`MapError`]: the key or the message is missing, malformed, or not allowed at this place.
    pub(crate) fn compile(
        declared: DigestTable,
        at: &Location,
        place: &Place,
        constants: &Constants,
        must_bind: bool,
    ) -> Result<Self, MapError> {
        let algorithm = match declared.algorithm {
            DigestAlgorithm::Sha256 => None,
            DigestAlgorithm::HmacSha1 => Some(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            DigestAlgorithm::HmacSha256 => Some(hmac::HMAC_SHA256),
            DigestAlgorithm::HmacSha512 => Some(hmac::HMAC_SHA512),
        };
        let method = match (algorithm, declared.key) {
            (None, None) => Method::Sha256,
            (None, Some(_)) => return Err(at.error("key", "a plain hash takes no key")),
            (Some(_), None) => return Err(at.error("key", "is missing and required")),
            (Some(algorithm), Some(key)) => {
                let key = render_secret(&key, at, "key", constants)?;
                let key = decode_key(declared.key_encoding, key.expose_secret())
                    .map_err(|what| at.error("key", what))?;
                // Why: while signing is off, its secrets are empty, and the map must compile all the same.
                if key.is_empty() && !(must_bind && constants.signing_off) {
                    return Err(at.error("key", "is empty"));
                }
                Method::Hmac(Box::new(hmac::Key::new(algorithm, &key)))
            }
        };
        let place = Place {
            secrets: true,
            ..place.clone()
        };
        let message = Template::compile(&declared.message, &place, constants)
            .map_err(|what| at.error("message", what))?;
        if must_bind {
            let names = message.slots().map(|slot| &slot.name);
            check_binding(names).map_err(|what| at.error("message", what))?;
        }
        Ok(Self {
            method,
            message,
            encoding: declared.encoding,
            prefix: declared.prefix,
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
            Encoding::Base64url => URL_SAFE.encode(bytes),
            Encoding::Base64urlNopad => URL_SAFE_NO_PAD.encode(bytes),
        };
        Ok(format!("{}{text}", self.prefix))
    }

    /// Returns every [`Placeholder`] in the message.
    pub(crate) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.message.slots().map(|slot| &slot.name)
    }
}
