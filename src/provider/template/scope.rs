//! The values at hand when a template is rendered.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use http::HeaderMap;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{
    name::{Id, Name, Ours},
    value::Val,
};
use crate::provider::{
    error::InvalidField,
    subject::{Captures, Subject},
};

/// `[values]`: our value → theirs.
pub(crate) type ValueTables = BTreeMap<Ours, Vec<(String, Value)>>;

/// A webhook while its signature is checked.
#[derive(Clone, Copy)]
pub(crate) struct Arrived<'a> {
    pub(crate) timestamp: Option<&'a str>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// What placeholders are looked up in.
#[derive(Clone, Copy, Default)]
pub(crate) struct Scope<'a> {
    pub(crate) values: Option<&'a ValueTables>,
    pub(crate) subject: Option<&'a Subject>,
    /// Captures and computed texts; they win over those that the row keeps.
    pub(crate) captures: Option<&'a Captures>,
    /// Unix seconds.
    pub(crate) now: i64,
    /// Unix seconds.
    pub(crate) expires: i64,
    /// By name.
    pub(crate) tokens: Option<&'a [(&'a str, Arc<str>)]>,
    pub(crate) signature: Option<&'a str>,
    pub(crate) arrived: Option<Arrived<'a>>,
    /// Of a list: the page that is asked for.
    pub(crate) page: i64,
    /// Of a list: where that page begins.
    pub(crate) cursor: Option<&'a str>,
    /// Merged under the body of a call: what the body has itself wins.
    pub(crate) under: Option<&'a serde_json::Value>,
    /// Show `***` for secrets: for people who test a map.
    pub(crate) masked: bool,
}

impl<'a> Scope<'a> {
    /// The values of a row or a request, at its own time.
    pub(crate) fn of(subject: &'a Subject, values: &'a ValueTables) -> Self {
        Self {
            values: Some(values),
            subject: Some(subject),
            captures: Some(&subject.captures),
            now: subject.now.timestamp(),
            expires: subject.expires.timestamp(),
            ..Self::default()
        }
    }

    /// The value behind `name`, `None` where it is missing.
    pub(crate) fn value(&self, name: &'a Name) -> Result<Option<Val<'a>>, InvalidField> {
        Ok(match name {
            Name::Secret(_, secret) => {
                let text = if self.masked {
                    "***"
                } else {
                    secret.expose_secret()
                };
                Some(Val::Text(Cow::Borrowed(text)))
            }
            Name::Ours(ours) => return self.ours(*ours),
            Name::Id(id) => self.id(*id).map(|text| Val::Text(Cow::Borrowed(text))),
            Name::Captured(name) => self.captured(name).and_then(Val::of),
            Name::Now => Some(Val::Int(self.now)),
            Name::Expires => Some(Val::Int(self.expires)),
            Name::TtlS => Some(Val::Int(self.expires.saturating_sub(self.now))),
            Name::Token(name) => {
                let mut tokens = self.tokens.unwrap_or_default().iter();
                let token = tokens.find(|(known, _)| known == name);
                token.map(|(_, token)| Val::Text(Cow::Borrowed(token.as_ref())))
            }
            Name::Signature => self.signature.map(|text| Val::Text(Cow::Borrowed(text))),
            Name::Timestamp => self
                .arrived
                .and_then(|arrived| arrived.timestamp)
                .map(|text| Val::Text(Cow::Borrowed(text))),
            Name::Page => Some(Val::Int(self.page)),
            Name::Cursor => self.cursor.map(|text| Val::Text(Cow::Borrowed(text))),
            Name::Body => self.arrived.map(|arrived| Val::Bytes(arrived.body)),
            Name::Header(name) => {
                let value = self.arrived.and_then(|arrived| arrived.headers.get(name));
                value.map(|value| Val::Bytes(value.as_bytes()))
            }
        })
    }

    /// An id: what is known of the video, else what a step took in this very upload.
    pub(crate) fn id(&self, id: Id) -> Option<&'a str> {
        let captured = self
            .captures
            .and_then(|captures| captures.get(id.as_str()))
            .and_then(Value::as_str);
        let known = self.subject.and_then(|subject| match id {
            Id::Upload => subject.upload_id.as_deref(),
            Id::Asset => subject.asset_id.as_deref(),
            Id::Playback => subject.playback_id.as_deref(),
        });
        known.or(captured).filter(|text| !text.is_empty())
    }

    fn captured(&self, name: &str) -> Option<&'a Value> {
        let fresh = self.captures.and_then(|captures| captures.get(name));
        fresh.or_else(|| self.subject.and_then(|subject| subject.captures.get(name)))
    }

    fn ours(&self, ours: Ours) -> Result<Option<Val<'a>>, InvalidField> {
        let Some(value) = self.subject.and_then(|subject| plain(subject, ours)) else {
            return Ok(None);
        };
        let Some(table) = self.values.and_then(|values| values.get(&ours)) else {
            return Ok(Some(value));
        };
        let text = value.text();
        if let Some((_, theirs)) = table.iter().find(|(ours, _)| *ours == text) {
            return Ok(Val::of(theirs));
        }
        let known: Vec<&str> = table.iter().map(|(ours, _)| ours.as_str()).collect();
        let detail = format!(
            "this provider does not know the value; allowed: {}",
            known.join(", ")
        );
        Err(InvalidField::new(ours.as_str(), detail))
    }
}

fn plain(subject: &Subject, ours: Ours) -> Option<Val<'_>> {
    match ours {
        Ours::VideoId => Some(Val::Text(Cow::Owned(subject.video_id.to_string()))),
        Ours::Owner => Some(Val::Text(Cow::Borrowed(&subject.owner))),
        Ours::PlaybackPolicy => Some(Val::Text(Cow::Borrowed(subject.playback_policy.as_str()))),
        Ours::Metadata => Val::of(&subject.metadata),
        Ours::ProviderSettings => Val::of(&subject.provider_settings),
        Ours::ThumbnailTime => subject.thumbnail_time.map(Val::Float),
        Ours::FileSize => subject
            .file_size
            .and_then(|size| i64::try_from(size).ok())
            .map(Val::Int),
        Ours::Title => optional(subject.title.as_ref()),
        Ours::ExternalId => optional(subject.external_id.as_ref()),
        Ours::Quality => optional(subject.quality.as_ref()),
        Ours::Filename => optional(subject.filename.as_ref()),
        Ours::ContentType => optional(subject.content_type.as_ref()),
        Ours::CorsOrigin => optional(subject.cors_origin.as_ref()),
    }
}

fn optional(text: Option<&String>) -> Option<Val<'_>> {
    text.map(|text| Val::Text(Cow::Borrowed(text)))
}
