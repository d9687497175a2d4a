//! Playback of one video: its addresses and their signatures.
//!
//! The HTTP handlers call [`Provider::cached_playback`] or [`Provider::cached_thumbnails`]; if a slow signature is
//! missing, they acquire a signing permit, call [`Provider::sign_ahead`], and begin again. [`Provider::playback`] and
//! [`Provider::thumbnails`] sign at once: for maps that are tried, and for tests.

use crate::provider::error::CallError;
use crate::provider::loaded::Provider;
use crate::provider::playback::{
    AnswerParts, OnMissingSignature, PlaybackContext, PlaybackRequest, PlaybackUrls,
};
use crate::provider::subject::TemplateInput;

impl Provider {
    /// Makes all addresses of a video, signed where its policy asks for it.
    ///
    /// # Errors
    /// [`CallError`]: the map cannot play such a video, an id is not known, or a call that playback needs failed.
    pub async fn playback(
        &self,
        subject: &TemplateInput,
        request: &PlaybackRequest<'_>,
    ) -> Result<PlaybackUrls, CallError> {
        let context = self.playback_context(subject, request, AnswerParts::All, OnMissingSignature::Sign);
        require_answer(self.map.playback.answer(context).await?)
    }

    /// Makes all addresses of a video, if its signatures are cached or made by a quick key.
    ///
    /// `None` if a slow signature is missing; no call to the provider was made then. [`Provider::sign_ahead`] makes it,
    /// for a caller that holds a signing permit.
    ///
    /// # Errors
    /// The errors of [`Provider::playback`].
    pub async fn cached_playback(
        &self,
        subject: &TemplateInput,
        request: &PlaybackRequest<'_>,
    ) -> Result<Option<PlaybackUrls>, CallError> {
        let context =
            self.playback_context(subject, request, AnswerParts::All, OnMissingSignature::ReturnNone);
        self.map.playback.answer(context).await
    }

    /// Makes the addresses of a video's pictures, and their signatures, only.
    ///
    /// # Errors
    /// The errors of [`Provider::playback`].
    pub async fn thumbnails(
        &self,
        subject: &TemplateInput,
        request: &PlaybackRequest<'_>,
    ) -> Result<PlaybackUrls, CallError> {
        let context = self.playback_context(
            subject,
            request,
            AnswerParts::Thumbnails,
            OnMissingSignature::Sign,
        );
        require_answer(self.map.playback.answer(context).await?)
    }

    /// Makes the addresses of a video's pictures only, with the conditions of [`Provider::cached_playback`].
    ///
    /// # Errors
    /// The errors of [`Provider::playback`].
    pub async fn cached_thumbnails(
        &self,
        subject: &TemplateInput,
        request: &PlaybackRequest<'_>,
    ) -> Result<Option<PlaybackUrls>, CallError> {
        let on_missing = OnMissingSignature::ReturnNone;
        let context = self.playback_context(subject, request, AnswerParts::Thumbnails, on_missing);
        self.map.playback.answer(context).await
    }

    /// Makes the slow signatures that [`Provider::cached_playback`] lacks, or with `only_thumbnails` those that
    /// [`Provider::cached_thumbnails`] lacks. No call to the provider is made.
    ///
    /// # Errors
    /// [`CallError`]: a claim lacks its value, or signing failed.
    pub async fn sign_ahead(
        &self,
        subject: &TemplateInput,
        request: &PlaybackRequest<'_>,
        only_thumbnails: bool,
    ) -> Result<(), CallError> {
        let parts = if only_thumbnails {
            AnswerParts::Thumbnails
        } else {
            AnswerParts::All
        };
        let context = self.playback_context(subject, request, parts, OnMissingSignature::SignAhead);
        self.map.playback.sign_ahead(context).await
    }

    /// Puts a request together with what this provider answers it by.
    fn playback_context<'a>(
        &'a self,
        subject: &'a TemplateInput,
        request: &'a PlaybackRequest<'a>,
        parts: AnswerParts,
        on_missing: OnMissingSignature,
    ) -> PlaybackContext<'a> {
        PlaybackContext {
            client: &self.map.client,
            values: &self.map.values,
            subject,
            request,
            parts,
            on_missing,
        }
    }
}

/// Unwraps an answer whose missing signatures were to be made.
fn require_answer(answer: Option<PlaybackUrls>) -> Result<PlaybackUrls, CallError> {
    answer.ok_or_else(|| CallError::outage("a signature was not made"))
}
