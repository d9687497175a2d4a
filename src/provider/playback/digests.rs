//! The signature and the computed texts of one answer: `[playback.sign]` with `kind = "digest"`, `[playback.compute]`.

use super::{
    method::SigningMethod,
    request::{AnswerValues, OnMissingSignature, PlaybackContext},
    section::Playback,
};
use crate::{
    domain::Policy,
    provider::{
        error::CallError,
        signing::{PlaybackDigest, RsaDigest},
        subject::Captures,
        template::Scope,
    },
};

/// The signed texts of one [`PlaybackUrls`](super::PlaybackUrls).
#[derive(Default)]
pub(super) struct AnswerDigests {
    /// `{signature}`; `None` where no address holds it.
    pub(super) signature: Option<String>,
    /// The texts of `[playback.compute]` that some address holds, by name.
    pub(super) computed: Captures,
}

impl Playback {
    /// Computes, looks up or signs the [`AnswerDigests`]. `None` if one is missing that [`OnMissingSignature`] forbids to
    /// sign now.
    ///
    /// # Errors
    /// [`CallError`]: a message lacks a value, or signing failed.
    pub(super) async fn make_digests(
        &self,
        context: &PlaybackContext<'_>,
        shared: &AnswerValues,
    ) -> Result<Option<AnswerDigests>, CallError> {
        let subject = context.subject;
        let policy = subject.playback_policy;
        let needs = self.needs_of(context);
        let mut made = AnswerDigests::default();
        if policy == Policy::Signed && self.signing_off && needs.needs_signature() {
            return Ok(Some(made));
        }
        let scope = shared.scope(context, None);
        if let SigningMethod::Digest(digest) = &self.sign
            && needs.signature
        {
            match make_digest(digest, &scope, context.on_missing).await? {
                Some(signature) => made.signature = Some(signature),
                None => return Ok(None),
            }
        }
        for (name, digest) in &self.compute {
            if !needs.captures.contains(name) {
                continue;
            }
            match make_digest(digest, &scope, context.on_missing).await? {
                Some(text) => drop(made.computed.insert(name.clone(), text.into())),
                None => return Ok(None),
            }
        }
        Ok(Some(made))
    }
}

/// Makes one signed text; `None` as [`Playback::make_digests`] has it.
async fn make_digest(
    digest: &PlaybackDigest,
    scope: &Scope<'_>,
    on_missing: OnMissingSignature,
) -> Result<Option<String>, CallError> {
    match digest {
        PlaybackDigest::Quick(digest) => Ok(Some(digest.compute(scope)?)),
        PlaybackDigest::Rsa(digest) => sign_rsa(digest, scope, on_missing).await,
    }
}

/// Looks an RSA signature up, or signs it.
async fn sign_rsa(
    digest: &RsaDigest,
    scope: &Scope<'_>,
    on_missing: OnMissingSignature,
) -> Result<Option<String>, CallError> {
    let message = digest.message(scope)?;
    if let Some(cached) = digest.signer().cached_token(&message) {
        return Ok(Some(cached.to_string()));
    }
    if on_missing == OnMissingSignature::ReturnNone {
        return Ok(None);
    }
    let ahead = on_missing == OnMissingSignature::SignAhead;
    let missing = vec![(message.clone(), message)];
    let signed = digest.signer().sign_missing(missing, ahead).await?;
    Ok(signed.first().map(ToString::to_string))
}
