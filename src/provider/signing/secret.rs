//! Secrets of a map: the text under a key, and its bytes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;

use crate::provider::{
    compile::{Constants, Reader},
    error::MapError,
    template::{Place, Scope, Template},
};

/// The encoding in which a map writes a symmetric key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyEncoding {
    Utf8,
    Base64,
    Hex,
}

/// The words of `key_encoding` and `secret_encoding`: each [`KeyEncoding`] by its name.
pub(crate) const KEY_ENCODINGS: [(&str, KeyEncoding); 3] = [
    ("utf8", KeyEncoding::Utf8),
    ("base64", KeyEncoding::Base64),
    ("hex", KeyEncoding::Hex),
];

impl KeyEncoding {
    /// Decodes the key's bytes.
    ///
    /// # Errors
    /// Says what the text should have been, and never shows it.
    pub(crate) fn decode(self, text: &str) -> Result<Vec<u8>, &'static str> {
        match self {
            Self::Utf8 => Ok(text.as_bytes().to_vec()),
            Self::Base64 => decode_any_base64(text).ok_or("is no base64"),
            Self::Hex => hex::decode(text.trim()).map_err(|_| "is no hex"),
        }
    }
}

/// Decodes base64 of either alphabet, padded or not; whitespace inside is ignored. `None` if it is no base64.
pub(crate) fn decode_any_base64(text: &str) -> Option<Vec<u8>> {
    // Why so lenient: keys come from consoles and tools that differ in alphabet, padding and line breaks.
    let text: String = text
        .chars()
        .filter(|char| !char.is_whitespace() && *char != '=')
        .collect();
    let text = text.replace('+', "-").replace('/', "_");
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Reads the secret under `key` of the table `at`, a [`Template`] without values of a video; `None` if the key is
/// absent.
///
/// The text may hold literals, `vars.*` and `secrets.*`, all of them known since the start.
pub(crate) fn read_secret(
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
