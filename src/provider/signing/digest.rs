//! Signed texts: a hash or HMAC over a message that the map spells.

use aws_lc_rs::{digest, hmac};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use secrecy::{ExposeSecret as _, SecretString};

use super::check_binding;
use crate::provider::{
    compile::{Constants, Reader},
    error::{InvalidField, MapError},
    template::{Name, Place, Scope, Template},
};

/// A compiled signed text.
pub(crate) struct Digest {
    how: How,
    message: Template,
    encoding: Encoding,
    prefix: String,
}

enum How {
    Hash,
    Hmac(Box<hmac::Key>),
}

#[derive(Clone, Copy)]
enum Algorithm {
    Sha256,
    Hmac(hmac::Algorithm),
}

#[derive(Clone, Copy)]
enum Encoding {
    Hex,
    Base64,
    Base64Url,
    Base64UrlNoPad,
}

/// How the text of a secret becomes the bytes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyEncoding {
    Utf8,
    Base64,
    Hex,
}

pub(crate) const KEY_ENCODINGS: [(&str, KeyEncoding); 3] = [
    ("utf8", KeyEncoding::Utf8),
    ("base64", KeyEncoding::Base64),
    ("hex", KeyEncoding::Hex),
];

impl KeyEncoding {
    /// The key's bytes; the error says what the text should have been, and not what it is.
    pub(crate) fn decode(self, text: &str) -> Result<Vec<u8>, &'static str> {
        match self {
            Self::Utf8 => Ok(text.as_bytes().to_vec()),
            Self::Base64 => any_base64(text).ok_or("is no base64"),
            Self::Hex => hex::decode(text.trim()).map_err(|_| "is no hex"),
        }
    }
}

/// Base64 of either alphabet, padded or not, whitespace inside ignored.
pub(crate) fn any_base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text
        .chars()
        .filter(|char| !char.is_whitespace() && *char != '=')
        .collect();
    let text = text.replace('+', "-").replace('/', "_");
    URL_SAFE_NO_PAD.decode(text).ok()
}

impl Digest {
    /// Reads a signed text. `binds`: it must bind an expiry and a video.
    pub(crate) fn compile(
        at: &mut Reader,
        place: &Place,
        constants: &Constants,
        binds: bool,
    ) -> Result<Self, MapError> {
        let algorithms = [
            ("sha256", Algorithm::Sha256),
            ("hmac-sha1", Algorithm::Hmac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY)),
            ("hmac-sha256", Algorithm::Hmac(hmac::HMAC_SHA256)),
            ("hmac-sha512", Algorithm::Hmac(hmac::HMAC_SHA512)),
        ];
        let algorithm = at.choice("algorithm", &algorithms)?;
        let algorithm = algorithm.ok_or_else(|| at.error("algorithm", "is missing and required"))?;
        let key = secret(at, "key", constants)?;
        let encoding = at
            .choice("key_encoding", &KEY_ENCODINGS)?
            .unwrap_or(KeyEncoding::Utf8);
        let how = match (algorithm, key) {
            (Algorithm::Sha256, None) => How::Hash,
            (Algorithm::Sha256, Some(_)) => return Err(at.error("key", "a plain hash takes no key")),
            (Algorithm::Hmac(_), None) => return Err(at.error("key", "is missing and required")),
            (Algorithm::Hmac(algorithm), Some(key)) => {
                let key = encoding
                    .decode(key.expose_secret())
                    .map_err(|what| at.error("key", what))?;
                if key.is_empty() && !(binds && constants.signing_off) {
                    return Err(at.error("key", "is empty"));
                }
                How::Hmac(Box::new(hmac::Key::new(algorithm, &key)))
            }
        };
        let message = at.need_text("message")?;
        let place = Place {
            secrets: true,
            ..place.clone()
        };
        let message =
            Template::compile(&message, &place, constants).map_err(|what| at.error("message", what))?;
        if binds {
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
            how,
            message,
            encoding,
            prefix: at.text("prefix")?.unwrap_or_default(),
        })
    }

    /// The signed text.
    pub(crate) fn compute(&self, scope: &Scope<'_>) -> Result<String, InvalidField> {
        let bytes = match &self.how {
            How::Hash => {
                let mut context = digest::Context::new(&digest::SHA256);
                self.message.feed(scope, &mut |bytes| context.update(bytes))?;
                context.finish().as_ref().to_vec()
            }
            How::Hmac(key) => {
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

    /// Every placeholder in its message.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Name> {
        self.message.slots().map(|slot| &slot.name)
    }
}

/// A key under `key`: literals, `vars.*` and `secrets.*` only.
pub(crate) fn secret(
    at: &mut Reader,
    key: &'static str,
    constants: &Constants,
) -> Result<Option<SecretString>, MapError> {
    let Some(text) = at.text(key)? else {
        return Ok(None);
    };
    let place = Place {
        secrets: true,
        ..Place::default()
    };
    let template = Template::compile(&text, &place, constants).map_err(|what| at.error(key, what))?;
    let text = template
        .text(&Scope::default())
        .map_err(|error| at.error(key, error))?;
    Ok(Some(SecretString::from(text)))
}
