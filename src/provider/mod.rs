//! The action map, and everything that speaks to a provider.
//!
//! One TOML file describes one provider. [`Provider::load`] compiles it (`map`, `compile`) to typed parts: `template`s
//! that fill values in, `pointer`s and `source`s that take values out, `action`s that the `client` sends. With them
//! `upload` makes upload URLs, `calls` asks and deletes, `webhook` proves and reads events, `signing` and `playback`
//! make the addresses that play; `conformance` tries a map without an account. No provider is named here: only [`embedded`] lists the maps that are shipped.

mod action;
mod asset;
mod calls;
mod check;
mod client;
mod compile;
mod condition;
pub mod conformance;
mod embedded;
mod error;
mod excerpt;
mod listing;
mod map;
mod of_video;
mod play;
mod playback;
mod pointer;
mod report;
mod sightings;
mod signing;
mod source;
mod subject;
mod template;
mod upload;
mod webhook;

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
pub use check::Taken;
use chrono::{DateTime, Utc};
use client::MemoryLedger;
pub use client::{LedgerError, TurnLedger, UploadTurns};
pub use compile::variables;
pub use embedded::{embedded, embedded_names};
pub use error::{CallError, InvalidField, MapError};
use http::HeaderMap;
pub use listing::{AssetPage, Described, ListedAsset, PageMark};
use map::Map;
pub use playback::{PlaybackAsk, PlaybackUrls};
pub use sightings::Sightings;
pub use signing::signing_threads;
pub use subject::{Captures, Subject};
pub use template::HashKey;
use template::Scope;
pub use upload::{Chunk, Protocol, UploadDescriptor};
pub use webhook::{Delivery, Refused, SignatureCheck, TranslateError, Translation, Unreadable, VerifiedBody};

use crate::clock::Clock;
use crate::domain::{Excerpt, NeededIds, Policy};
use crate::telemetry::CallMeter;

/// Looks a variable up: in the process's environment first, then in what the built-in provider made.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What is not in the map but matters to how it is used.
#[derive(Clone)]
pub struct LoadOptions {
    /// Where the turns of the provider's rate are written down, for every process that calls it.
    pub ledger: Arc<dyn TurnLedger>,
    /// Where its calls are counted.
    pub meter: CallMeter,
    /// What the time that a call takes is measured by.
    pub clock: Clock,
    /// What the filter `hash` is keyed with.
    pub hash_key: HashKey,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            ledger: Arc::new(MemoryLedger::new()),
            meter: CallMeter::default(),
            clock: Clock::system(),
            hash_key: HashKey::fresh(),
        }
    }
}

/// Who waits for a call's turn in the provider's rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority<'a> {
    /// This caller, for at most `[api].wait_s`. Callers take turns.
    Request(&'a str),
    /// No caller. While requests wait it has at most half of the rate.
    Background,
}

/// What a map can do beyond what every map must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// Ask about an upload.
    UploadGet,
    /// Call an upload off.
    UploadCancel,
    /// Ask about an asset.
    AssetGet,
    /// Delete an asset.
    AssetDelete,
    /// List the assets that there are.
    AssetList,
    /// Find the asset of a playback id.
    AssetFind,
    /// Tell the provider that something changed.
    AssetUpdate,
    /// Make addresses of pictures.
    Thumbnails,
}

/// What was asked for, or that the provider has it no more.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<T> {
    /// It is there.
    Here(T),
    /// The provider answered with a status of the action's `gone`.
    Gone,
}

/// How calling an upload off ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// No asset will come of it.
    Cancelled,
    /// The file has arrived.
    TooLate,
    /// The map has no way to do it.
    Unsupported,
    /// The provider does not know the upload (any more).
    Gone,
}

/// How deleting an asset ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteOutcome {
    /// The provider confirmed it.
    Deleted,
    /// It was gone already.
    Gone,
    /// The map has no way to do it.
    Unsupported,
}

/// One compiled map with its HTTP client and its keys.
pub struct Provider {
    name: String,
    digest: String,
    map: Map,
}

impl Provider {
    /// Compiles the map `toml`, called `name`, which `file` is the place of for people.
    ///
    /// # Errors
    /// Everything that the vocabulary does not allow, a variable that is not set, a key that cannot be read.
    pub fn load(
        name: &str,
        file: &str,
        toml: &str,
        env: Env<'_>,
        options: &LoadOptions,
    ) -> Result<Self, MapError> {
        let mut map = Map::compile(file, toml, env, options)?;
        let own_host = map.upload.steps.first().and_then(|step| step.url().host());
        map.client.settle(name, own_host);
        let digest = hex::encode(&digest(&SHA256, toml.as_bytes()).as_ref()[..8]);
        Ok(Self {
            name: name.to_owned(),
            digest,
            map,
        })
    }

    /// Takes the place of `old`, the same provider's map of a moment ago: the rate of calls goes on, and so does a
    /// pause that the provider asked for.
    pub fn continue_from(&self, old: &Self) {
        self.map.client.continue_from(&old.map.client);
    }

    /// The map's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first 16 hex digits of the SHA-256 of the map's text.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// `[playback.sign]` is there and its keys are set.
    pub fn signs(&self) -> bool {
        !self.map.playback.sign.is_none() && !self.map.playback.off
    }

    /// `hls` has a form for this policy, and what signs it is there.
    pub fn can_play(&self, policy: Policy) -> bool {
        self.map.playback.can_play(policy)
    }

    /// The provider sends events.
    pub fn receives_webhooks(&self) -> bool {
        self.map.webhook.is_some()
    }

    /// The ids that `hls` for this policy, and what signs it, name.
    pub fn needs(&self, policy: Policy) -> NeededIds {
        self.map.playback.needs(policy)
    }

    /// Whether the map can do it.
    pub fn can(&self, what: Capability) -> bool {
        match what {
            Capability::UploadGet => self.map.upload.get.is_some(),
            Capability::UploadCancel => self.map.upload.cancel.is_some(),
            Capability::AssetGet => self.map.asset.get.is_some(),
            Capability::AssetDelete => self.map.asset.delete.is_some(),
            Capability::AssetList => self.map.asset.list.is_some(),
            Capability::AssetFind => self.map.asset.find.is_some(),
            Capability::AssetUpdate => !self.map.asset.updates.is_empty(),
            Capability::Thumbnails => self.map.playback.has_thumbnails(),
        }
    }

    /// It can be asked about what has these ids.
    pub fn can_ask(&self, upload_id: Option<&str>, asset_id: Option<&str>) -> bool {
        (asset_id.is_some() && self.can(Capability::AssetGet))
            || (upload_id.is_some() && self.can(Capability::UploadGet))
    }

    /// The longest life of anything signed, in seconds, where the map knows one.
    pub fn max_playback_ttl_s(&self) -> Option<u64> {
        self.map.playback.max_ttl_s
    }

    /// The wanted life of an upload URL in seconds, as far as the provider allows it.
    pub fn upload_ttl_s(&self, wanted_s: u64) -> u64 {
        self.map.upload.ttl_s(wanted_s)
    }

    /// Judges everything about a delivery that needs no body: required headers, the signature's form, the timestamp.
    ///
    /// # Errors
    /// Any of them is wrong: 401, and the body is not to be read.
    pub fn begin_webhook(
        &self,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Result<SignatureCheck<'_>, Refused> {
        let webhook = self.map.webhook.as_ref().ok_or(Refused::Unsupported)?;
        webhook.verify.begin(headers, now)
    }

    /// Reads of a verified event what needs no row.
    ///
    /// # Errors
    /// The body is no JSON; it is stored as failed, under the id that the error has.
    pub fn read_event(&self, body: &VerifiedBody) -> Result<Delivery, Unreadable> {
        match &self.map.webhook {
            Some(webhook) => webhook.events.read(body),
            None => Err(Unreadable {
                event_id: format!("sha256:{}", body.sha256()),
            }),
        }
    }

    /// The event's type where the map names it, else `other`: one of few.
    pub fn known_type<'a>(&'a self, event_type: &str) -> &'a str {
        let webhook = self.map.webhook.as_ref();
        webhook.map_or("other", |webhook| webhook.events.known_type(event_type))
    }

    /// How many tokens were signed, and how many given again from the cache, since the map was loaded.
    pub fn token_counts(&self) -> (u64, u64) {
        self.map.playback.token_counts()
    }

    /// Reads a stored event with the row at hand. `body` are the raw bytes that were verified when they came.
    ///
    /// # Errors
    /// The body is no JSON, or the map (that is loaded now) ignores it.
    pub fn translate(
        &self,
        body: &[u8],
        subject: &Subject,
        event_id: &str,
        seen_at: DateTime<Utc>,
    ) -> Result<Translation, TranslateError> {
        let webhook = self.map.webhook.as_ref().ok_or(TranslateError::Ignored)?;
        let excerpt = webhook
            .events
            .excerpt(body)
            .map_err(|_| TranslateError::Unreadable)?;
        self.translate_excerpt(&excerpt, subject, event_id, seen_at)
    }

    /// The excerpt holds what this map reads of an event; one that another map made may lack something.
    pub fn reads_by(&self, excerpt: &Excerpt) -> bool {
        let webhook = self.map.webhook.as_ref();
        webhook.is_some_and(|webhook| webhook.events.made(excerpt))
    }

    /// As [`Provider::translate`], of what this map has read already.
    ///
    /// # Errors
    /// The map (that is loaded now) ignores it.
    pub fn translate_excerpt(
        &self,
        excerpt: &Excerpt,
        subject: &Subject,
        event_id: &str,
        seen_at: DateTime<Utc>,
    ) -> Result<Translation, TranslateError> {
        let webhook = self.map.webhook.as_ref().ok_or(TranslateError::Ignored)?;
        webhook
            .events
            .translate(excerpt, &Scope::of(subject, &self.map.values), event_id, seen_at)
    }

    /// The plain address that plays, `None` where it takes a call to the provider or an id that is not known.
    pub fn public_hls(&self, subject: &Subject) -> Option<String> {
        self.map.playback.public_hls(subject, &self.map.values)
    }
}
