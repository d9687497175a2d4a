//! The scope of a template: the values at hand when it is rendered.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use http::HeaderMap;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{
    placeholder::{Id, Placeholder, RenditionPart},
    track::TrackParts,
    value::TemplateValue,
    words::Words,
};
use crate::provider::{
    error::InvalidField,
    request_field::RequestField,
    subject::{Captures, TemplateInput},
};

/// `[values]`: for each [`RequestField`], this service's value → the provider's.
pub(crate) type ValueTables = BTreeMap<RequestField, Arc<Words>>;

/// A webhook delivery while its signature is checked.
#[derive(Clone, Copy)]
pub(crate) struct Arrived<'a> {
    /// The delivery's timestamp, as its header spells it.
    pub(crate) timestamp: Option<&'a str>,
    /// The headers that are signed.
    pub(crate) headers: &'a HeaderMap,
    /// The raw body.
    pub(crate) body: &'a [u8],
}

/// The values of `rendition.<part>`: one file of the video.
#[derive(Clone, Copy, Default)]
pub(crate) struct RenditionParts<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) id: Option<&'a str>,
    pub(crate) file: Option<&'a str>,
}

impl<'a> RenditionParts<'a> {
    fn get(self, part: RenditionPart) -> Option<&'a str> {
        let text = match part {
            RenditionPart::Name => self.name,
            RenditionPart::Id => self.id,
            RenditionPart::File => self.file,
        };
        text.filter(|text| !text.is_empty())
    }
}

/// The values that each [`Placeholder`] is looked up in. A part that is not there has no values.
#[derive(Clone, Copy, Default)]
pub(crate) struct Scope<'a> {
    /// The [`ValueTables`]: words of the provider for values of the video.
    pub(crate) values: Option<&'a ValueTables>,
    /// The video.
    pub(crate) input: Option<&'a TemplateInput>,
    /// [`Captures`] and computed texts; they win over those of the row.
    pub(crate) captures: Option<&'a Captures>,
    /// The file that a call or an address is about.
    pub(crate) rendition: RenditionParts<'a>,
    /// The track that a call or an address is about.
    pub(crate) track: TrackParts<'a>,
    /// `{now}`, in Unix seconds.
    pub(crate) now: i64,
    /// `{expires}`, in Unix seconds.
    pub(crate) expires: i64,
    /// Tokens with their names.
    pub(crate) tokens: Option<&'a [(&'a str, Arc<str>)]>,
    /// `{signature}`: the signed text of `kind = "digest"`.
    pub(crate) signature: Option<&'a str>,
    /// The delivery whose signature is checked.
    pub(crate) arrived: Option<Arrived<'a>>,
    /// Number of the requested page of a list.
    pub(crate) page: i64,
    /// Begin of that page, in the provider's words.
    pub(crate) cursor: Option<&'a str>,
    /// Members that are merged into the body of a call; those of the body win.
    pub(crate) body_defaults: Option<&'a serde_json::Value>,
    /// Secrets show as `***`: a map is being tested, and its calls are printed.
    pub(crate) masked: bool,
}

impl<'a> Scope<'a> {
    /// Makes the scope of a [`TemplateInput`], with its own times.
    pub(crate) fn for_input(subject: &'a TemplateInput, values: &'a ValueTables) -> Self {
        Self {
            values: Some(values),
            input: Some(subject),
            captures: Some(&subject.captures),
            now: subject.now.timestamp(),
            expires: subject.expires.timestamp(),
            ..Self::default()
        }
    }

    /// Looks a placeholder up. `None` if it has no value.
    ///
    /// # Errors
    /// [`InvalidField`]: `[values]` has no word for a value of the request.
    pub(crate) fn look_up(&self, name: &'a Placeholder) -> Result<Option<TemplateValue<'a>>, InvalidField> {
        Ok(match name {
            Placeholder::Secret(_, secret) => {
                let text = if self.masked {
                    "***"
                } else {
                    secret.expose_secret()
                };
                Some(TemplateValue::Text(Cow::Borrowed(text)))
            }
            Placeholder::Field(ours) => return self.field_value(*ours),
            Placeholder::SourceUrl => self
                .input
                .and_then(|subject| subject.source_url.as_ref())
                .map(|url| TemplateValue::Text(Cow::Borrowed(url.expose()))),
            Placeholder::Limit(limit, own) => {
                let asked = self.input.and_then(|subject| subject.limits.get(*limit));
                let strictest = asked.into_iter().chain(*own).min();
                strictest
                    .and_then(|number| i64::try_from(number).ok())
                    .map(TemplateValue::Int)
            }
            Placeholder::Id(id) => self
                .provider_id(*id)
                .map(|text| TemplateValue::Text(Cow::Borrowed(text))),
            Placeholder::Rendition(part) => self
                .rendition
                .get(*part)
                .map(|text| TemplateValue::Text(Cow::Borrowed(text))),
            Placeholder::Track(part) => self.track.get(*part),
            Placeholder::Captured(name) => self.captured_value(name).and_then(TemplateValue::from_json),
            Placeholder::Now => Some(TemplateValue::Int(self.now)),
            Placeholder::Expires => Some(TemplateValue::Int(self.expires)),
            Placeholder::TtlS => Some(TemplateValue::Int(self.expires.saturating_sub(self.now))),
            Placeholder::Token(name) => {
                let mut tokens = self.tokens.unwrap_or_default().iter();
                let token = tokens.find(|(known, _)| known == name);
                token.map(|(_, token)| TemplateValue::Text(Cow::Borrowed(token.as_ref())))
            }
            Placeholder::Signature => self
                .signature
                .map(|text| TemplateValue::Text(Cow::Borrowed(text))),
            Placeholder::Timestamp => self
                .arrived
                .and_then(|arrived| arrived.timestamp)
                .map(|text| TemplateValue::Text(Cow::Borrowed(text))),
            Placeholder::Page => Some(TemplateValue::Int(self.page)),
            Placeholder::Cursor => self.cursor.map(|text| TemplateValue::Text(Cow::Borrowed(text))),
            Placeholder::Body => self.arrived.map(|arrived| TemplateValue::Bytes(arrived.body)),
            Placeholder::Header(name) => {
                let value = self.arrived.and_then(|arrived| arrived.headers.get(name));
                value.map(|value| TemplateValue::Bytes(value.as_bytes()))
            }
        })
    }

    /// Returns an [`Id`] of the provider: the row's, else the one that a step of this upload took. An empty id is none.
    pub(crate) fn provider_id(&self, id: Id) -> Option<&'a str> {
        let captured = self
            .captures
            .and_then(|captures| captures.get(id.as_str()))
            .and_then(Value::as_str);
        let known = self.input.and_then(|subject| match id {
            Id::Upload => subject.upload_id.as_deref(),
            Id::Asset => subject.asset_id.as_deref(),
            Id::Playback => subject.playback_id.as_deref(),
        });
        known.or(captured).filter(|text| !text.is_empty())
    }

    /// Returns a capture: one of this call's scope, else the row's.
    fn captured_value(&self, name: &str) -> Option<&'a Value> {
        let fresh = self.captures.and_then(|captures| captures.get(name));
        fresh.or_else(|| self.input.and_then(|subject| subject.captures.get(name)))
    }

    /// Returns a field ([`RequestField`]) of the video, in the provider's word if the [`ValueTables`] have a table for it.
    fn field_value(&self, ours: RequestField) -> Result<Option<TemplateValue<'a>>, InvalidField> {
        let Some(value) = self.input.and_then(|subject| plain_field_value(subject, ours)) else {
            return Ok(None);
        };
        let Some(table) = self.values.and_then(|values| values.get(&ours)) else {
            return Ok(Some(value));
        };
        translate_field(ours, value, table)
    }

    /// Returns a field ([`RequestField`]) of the video by the words of another table than its own.
    ///
    /// # Errors
    /// [`InvalidField`]: the table has no word for the value.
    pub(super) fn field_value_as(
        &self,
        ours: RequestField,
        words: &'a Words,
    ) -> Result<Option<TemplateValue<'a>>, InvalidField> {
        match self.input.and_then(|subject| plain_field_value(subject, ours)) {
            Some(value) => translate_field(ours, value, words),
            None => Ok(None),
        }
    }
}

/// Returns the provider's word for a value of a field.
fn translate_field<'a>(
    ours: RequestField,
    value: TemplateValue<'_>,
    words: &'a Words,
) -> Result<Option<TemplateValue<'a>>, InvalidField> {
    let text = value.into_text();
    if let Some((_, theirs)) = words.iter().find(|(known, _)| *known == text) {
        return Ok(TemplateValue::from_json(theirs));
    }
    let known: Vec<&str> = words.iter().map(|(known, _)| known.as_str()).collect();
    let detail = format!(
        "this provider does not know the value; allowed: {}",
        known.join(", ")
    );
    Err(InvalidField::new(ours.as_str(), detail))
}

/// Returns a field ([`RequestField`]) of the video as this service spells it.
fn plain_field_value(subject: &TemplateInput, ours: RequestField) -> Option<TemplateValue<'_>> {
    match ours {
        RequestField::VideoId => Some(TemplateValue::Text(Cow::Owned(subject.video_id.to_string()))),
        RequestField::Owner => Some(TemplateValue::Text(Cow::Borrowed(&subject.owner))),
        RequestField::PlaybackPolicy => Some(TemplateValue::Text(Cow::Borrowed(
            subject.playback_policy.as_str(),
        ))),
        RequestField::Metadata => TemplateValue::from_json(&subject.metadata),
        RequestField::ProviderSettings => TemplateValue::from_json(&subject.provider_settings),
        RequestField::ThumbnailTime => subject.thumbnail_time.map(TemplateValue::Float),
        RequestField::FileSize => subject
            .file_size
            .and_then(|size| i64::try_from(size).ok())
            .map(TemplateValue::Int),
        RequestField::Title => optional_text(subject.title.as_ref()),
        RequestField::ExternalId => optional_text(subject.external_id.as_ref()),
        RequestField::Quality => optional_text(subject.quality.as_ref()),
        RequestField::Filename => optional_text(subject.filename.as_ref()),
        RequestField::ContentType => optional_text(subject.content_type.as_ref()),
        RequestField::CorsOrigin => optional_text(subject.cors_origin.as_ref()),
    }
}

/// Wraps a text that may be missing.
fn optional_text(text: Option<&String>) -> Option<TemplateValue<'_>> {
    text.map(|text| TemplateValue::Text(Cow::Borrowed(text)))
}
