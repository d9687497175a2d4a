//! What a key makes of a text: a JSON Web Token, or a bare signature.

use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::key::SigningKey;
use crate::provider::vocabulary::Encoding;

/// A key, and the form in which it gives its signatures.
pub(super) struct TextSigner {
    pub(super) key: SigningKey,
    pub(super) form: SignedForm,
}

/// The form of a signed text.
pub(super) enum SignedForm {
    /// `text.signature`, the signature in base64url without padding, as a JSON Web Token has it.
    Token,
    /// The signature alone, behind a prefix.
    Bare { prefix: String, encoding: Encoding },
}

impl TextSigner {
    /// Signs a text on the calling thread.
    ///
    /// # Errors
    /// The crypto library failed.
    pub(super) fn sign_text(&self, text: &str) -> Result<Arc<str>, Unspecified> {
        let signature = self.key.sign(text.as_bytes())?;
        Ok(match &self.form {
            SignedForm::Token => {
                let length = text.len() + 1 + base64::encoded_len(signature.len(), false).unwrap_or_default();
                let mut token = String::with_capacity(length);
                token.push_str(text);
                token.push('.');
                URL_SAFE_NO_PAD.encode_string(signature, &mut token);
                Arc::from(token)
            }
            SignedForm::Bare { prefix, encoding } => {
                Arc::from(format!("{prefix}{}", encoding.encode(&signature)))
            }
        })
    }
}
