//! Secrets of a map: the text under a key, and its bytes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;

use crate::provider::{
    compile::{Constants, Location},
    error::MapError,
    template::{Place, Scope, Template},
    vocabulary::KeyEncoding,
};

/// Decodes the bytes of a symmetric key.
///
/// # Errors
/// Says what the text should have been, and never shows it.
pub(crate) fn decode_key(encoding: KeyEncoding, text: &str) -> Result<Vec<u8>, &'static str> {
    match encoding {
        KeyEncoding::Utf8 => Ok(text.as_bytes().to_vec()),
        KeyEncoding::Base64 => decode_any_base64(text).ok_or("is no base64"),
        KeyEncoding::Hex => hex::decode(text.trim()).map_err(|_| "is no hex"),
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

/// Renders the secret under `key` of the table at `at`, a [`Template`] without values of a video.
///
/// The text may hold literals, `vars.*` and `secrets.*`, all of them known since the start.
pub(crate) fn render_secret(
    declared: &str,
    at: &Location,
    key: &str,
    constants: &Constants,
) -> Result<SecretString, MapError> {
    let place = Place::for_account();
    let template = Template::compile(declared, &place, constants).map_err(|what| at.error(key, what))?;
    let text = template
        .text(&Scope::default())
        .map_err(|error| at.error(key, error))?;
    Ok(SecretString::from(text))
}
