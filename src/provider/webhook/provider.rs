//! The webhook side of a [`Provider`]; the steps are told in [`webhook`](super).

use chrono::{DateTime, Utc};
use http::HeaderMap;

use super::{
    delivery::{Delivery, TranslateError, Translation, UnreadableEvent},
    verify::{Refused, SignatureCheck, VerifiedBody},
};
use crate::domain::Excerpt;
use crate::provider::{loaded::Provider, subject::TemplateInput, template::Scope};

impl Provider {
    /// Checks everything about a delivery that needs no body: required headers, the signature's form, the timestamp.
    ///
    /// # Errors
    /// [`Refused`] where one of them is wrong: answer 401 and do not read the body. [`Refused::Unsupported`] without
    /// `[webhook]`.
    pub fn begin_webhook(
        &self,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Result<SignatureCheck<'_>, Refused> {
        let webhook = self.map.webhook.as_ref().ok_or(Refused::Unsupported)?;
        webhook.verifier.begin(headers, now)
    }

    /// Reads everything of a verified event that needs no row.
    ///
    /// # Errors
    /// [`UnreadableEvent`] where the body is no JSON. The event is stored as failed under the id that the error carries.
    pub fn read_event(&self, body: &VerifiedBody) -> Result<Delivery, UnreadableEvent> {
        match &self.map.webhook {
            Some(webhook) => webhook.events.read_delivery(body),
            None => Err(UnreadableEvent {
                event_id: format!("sha256:{}", body.sha256()),
            }),
        }
    }

    /// Returns `event_type` where the map names it, else `other`: a label of bounded variety for metrics.
    pub fn known_event_type<'a>(&'a self, event_type: &str) -> &'a str {
        let webhook = self.map.webhook.as_ref();
        webhook.map_or("other", |webhook| webhook.events.known_type(event_type))
    }

    /// Translates a stored event to an observation of the video in `subject`. `body` holds the raw bytes that were
    /// verified on arrival.
    ///
    /// # Errors
    /// [`TranslateError::Unreadable`] where the body is no JSON, [`TranslateError::Ignored`] where the map loaded now
    /// ignores the event.
    pub fn translate_event(
        &self,
        body: &[u8],
        subject: &TemplateInput,
        event_id: &str,
        seen_at: DateTime<Utc>,
    ) -> Result<Translation, TranslateError> {
        let webhook = self.map.webhook.as_ref().ok_or(TranslateError::Ignored)?;
        let excerpt = webhook
            .events
            .make_excerpt(body)
            .map_err(|_| TranslateError::Unreadable)?;
        self.translate_excerpt(&excerpt, subject, event_id, seen_at)
    }

    /// Returns true where this map made `excerpt`, so that it holds everything the map reads of an event. An excerpt
    /// made by another map may lack something.
    pub fn has_made_excerpt(&self, excerpt: &Excerpt) -> bool {
        let webhook = self.map.webhook.as_ref();
        webhook.is_some_and(|webhook| webhook.events.is_own_excerpt(excerpt))
    }

    /// Translates an event from the [`Excerpt`] made when it arrived, without parsing its body again. See
    /// [`Provider::translate_event`].
    ///
    /// # Errors
    /// [`TranslateError::Ignored`] where the map loaded now ignores the event.
    pub fn translate_excerpt(
        &self,
        excerpt: &Excerpt,
        subject: &TemplateInput,
        event_id: &str,
        seen_at: DateTime<Utc>,
    ) -> Result<Translation, TranslateError> {
        let webhook = self.map.webhook.as_ref().ok_or(TranslateError::Ignored)?;
        webhook.events.translate_excerpt(
            excerpt,
            &Scope::for_input(subject, &self.map.values),
            event_id,
            seen_at,
        )
    }
}
