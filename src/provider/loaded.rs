//! [`Provider`]: one loaded map, with its HTTP client and its keys, and the questions about its capabilities.
//!
//! The methods that act stand in files of their own: `calls` (uploads, assets, lists, checks), `events` (webhooks) and
//! `play` (playback).

use aws_lc_rs::digest::{SHA256, digest};

use super::{
    compile::{MapVariable, map_variables},
    error::{InvalidField, MapError},
    extend::{MapFile, MergedMap},
    load_options::{Env, LoadOptions},
    map::Map,
    protocol::Protocol,
    subject::TemplateInput,
    upload_limits::UploadLimits,
};
use crate::domain::{ErrorCode, NeededIds, Policy};

/// An optional part of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// `[upload.get]`: look an upload up.
    UploadGet,
    /// `[upload.cancel]`: cancel an upload.
    UploadCancel,
    /// `[asset.get]`: look an asset up.
    AssetGet,
    /// `[asset.delete]`: delete an asset.
    AssetDelete,
    /// `[asset.list]`: list all assets of the account.
    AssetList,
    /// `[asset.find]`: find the asset that a playback id belongs to.
    AssetFind,
    /// `[[asset.update]]`: send changed fields to the provider.
    AssetUpdate,
    /// `[[ingest.steps]]`: have the provider fetch a video from an address.
    Ingest,
    /// `[thumbnail]`: make URLs of pictures.
    Thumbnails,
    /// `[[renditions]]`: files besides the stream are listed.
    Renditions,
    /// `[tracks]`: captions, subtitles and sound tracks are listed.
    Tracks,
}

/// One compiled map with its HTTP client and its keys.
pub struct Provider {
    name: String,
    account: String,
    digest: String,
    origin: MapOrigin,
    variables: Vec<MapVariable>,
    // Why boxed: a map is large, and futures that hold a provider would be too.
    pub(super) map: Box<Map>,
}

/// Where a map was read from, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapOrigin {
    /// The file, as errors show it.
    pub file: String,
    /// The map is part of the program.
    pub is_built_in: bool,
    /// The names of the maps that it builds on, the nearest first.
    pub extends: Vec<String>,
}

impl Provider {
    /// Compiles the text `toml` to a provider called `name`. `file` appears in error messages, and maps that the text
    /// extends are looked for in its folder. [`LoadOptions`] hold what is not in the map.
    ///
    /// # Errors
    /// As [`Provider::load_merged`], and those of [`MergedMap::read`].
    pub fn load(
        name: &str,
        file: &str,
        toml: &str,
        env: Env<'_>,
        options: &LoadOptions,
    ) -> Result<Self, MapError> {
        let map = MergedMap::read(MapFile::from_text(file, toml))?;
        Self::load_merged(name, &map, env, options)
    }

    /// Compiles a merged map to a provider called `name`.
    ///
    /// # Errors
    /// [`MapError`] for anything that the vocabulary does not allow, a variable that is not set, or a key that cannot be
    /// read. It names the file that wrote the faulty place.
    pub fn load_merged(
        name: &str,
        merged: &MergedMap,
        env: Env<'_>,
        options: &LoadOptions,
    ) -> Result<Self, MapError> {
        let mut map = Map::compile(merged.file().file(), merged.table(), env, options)
            .map_err(|error| merged.locate(error))?;
        let account = merged.account().unwrap_or(name);
        // Why the first step's host: the map does not say which host is the API's, and every upload begins there.
        let own_host = map.upload.steps.first().and_then(|step| step.url().host());
        map.client.set_account(account, own_host);
        // Why 8 bytes: the digest tells two versions of a map apart in ETags; it proves nothing.
        let digest = hex::encode(&digest(&SHA256, merged.to_toml().as_bytes()).as_ref()[..8]);
        Ok(Self {
            name: name.to_owned(),
            account: account.to_owned(),
            digest,
            origin: MapOrigin {
                file: merged.file().file().to_owned(),
                is_built_in: merged.file().is_built_in(),
                extends: merged.below().iter().map(|file| file.name().to_owned()).collect(),
            },
            variables: map_variables(merged.table(), env),
            map: Box::new(map),
        })
    }

    /// Takes over the rate limiter state of `old`, another map of the same account, or the same map before a reload: permits
    /// taken, queued calls and a pause that the provider asked for all stay in force, and are shared.
    pub fn continue_from(&self, old: &Self) {
        self.map.client.continue_from(&old.map.client);
    }

    /// Returns how many calls a second the account's rate allows: of those that make something (POST), or of lookups (GET).
    /// `None` where the map has no rate for them.
    pub fn calls_per_s(&self, makes: bool) -> Option<f64> {
        let method = if makes {
            http::Method::POST
        } else {
            http::Method::GET
        };
        self.map.client.per_s(&method)
    }

    /// Returns the map's name, as settings and webhook routes spell it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the name of the account at the provider: that of the map that has it for its own. What the provider knows
    /// by account goes by this name: webhooks, ids, the rate, and the proof that it knows our videos.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Returns true where the account is the map's own, and not another map's.
    pub fn has_own_account(&self) -> bool {
        self.account == self.name
    }

    /// Returns the first 16 hex digits of the SHA-256 of the merged map's text.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Returns where the map was read from.
    pub const fn origin(&self) -> &MapOrigin {
        &self.origin
    }

    /// Returns the variables that the map names, without their values.
    pub fn variables(&self) -> &[MapVariable] {
        &self.variables
    }

    /// Returns the protocol by which a client sends a file.
    pub fn upload_protocol(&self) -> Protocol {
        self.map.upload.client.protocol()
    }

    /// Returns the members that a request for an upload must have.
    pub fn required_fields(&self) -> impl Iterator<Item = &'static str> {
        self.map.upload.required_fields()
    }

    /// Returns the names of the parameters that a caller may give with a request for playback.
    pub fn param_names(&self) -> impl Iterator<Item = &str> {
        self.map.playback.param_names()
    }

    /// Returns true where the map has `[playback.sign]` and the variables that it needs are set.
    pub fn has_signing(&self) -> bool {
        !self.map.playback.sign.is_none() && !self.map.playback.signing_off
    }

    /// Returns true where `hls` has a form for `policy`, and signing is on if that form needs it.
    pub fn can_play(&self, policy: Policy) -> bool {
        self.map.playback.can_play(policy)
    }

    /// Returns true where some address of a video with this policy takes a call to the provider.
    pub fn playback_takes_calls(&self, policy: Policy) -> bool {
        self.map.playback.takes_calls(policy)
    }

    /// Returns true where webhooks come in at the route of this map: it has `[webhook]` and an account of its own. Without
    /// `[webhook]` the provider is only polled; with the account of another map, events come in at that map's route.
    pub fn receives_webhooks(&self) -> bool {
        self.map.webhook.is_some() && self.has_own_account()
    }

    /// Returns the ids that a video of `policy` must have before it can be played: those that `hls` and its signature
    /// name.
    pub fn required_ids(&self, policy: Policy) -> NeededIds {
        self.map.playback.required_ids(policy)
    }

    /// Returns true where the map has this part.
    pub fn supports(&self, what: Capability) -> bool {
        match what {
            Capability::UploadGet => self.map.upload.get.is_some(),
            Capability::UploadCancel => self.map.upload.cancel.is_some(),
            Capability::AssetGet => self.map.asset.get.is_some(),
            Capability::AssetDelete => self.map.asset.delete.is_some(),
            Capability::AssetList => self.map.asset.list.is_some(),
            Capability::AssetFind => self.map.asset.find.is_some(),
            Capability::AssetUpdate => !self.map.asset.updates.is_empty(),
            Capability::Ingest => self.map.ingest.is_some(),
            Capability::Thumbnails => self.map.playback.has_thumbnails(),
            Capability::Renditions => !self.map.renditions.is_empty(),
            Capability::Tracks => self.map.tracks.is_some(),
        }
    }

    /// Returns true where the provider can be polled for a video with these ids, by [`Provider::get_asset`] or
    /// [`Provider::get_upload`].
    pub fn can_observe(&self, upload_id: Option<&str>, asset_id: Option<&str>) -> bool {
        (asset_id.is_some() && self.supports(Capability::AssetGet))
            || (upload_id.is_some() && self.supports(Capability::UploadGet))
    }

    /// Returns the longest lifetime of a signature in seconds; `None` where the map states none.
    pub fn max_playback_ttl_s(&self) -> Option<u64> {
        self.map.playback.max_ttl_s
    }

    /// Returns the limits that the provider has itself: `max_bytes` and `max_duration_s` of `[upload]`.
    pub fn upload_limits(&self) -> UploadLimits {
        self.map.upload.limits
    }

    /// Returns the lifetime of an upload URL in seconds: `wanted_s`, clamped to `[upload].ttl_s`.
    pub fn upload_ttl_s(&self, wanted_s: u64) -> u64 {
        self.map.upload.ttl_s(wanted_s)
    }

    /// Returns the number of tokens signed, and of those answered from the cache, since the map was loaded.
    pub fn token_counts(&self) -> (u64, u64) {
        self.map.playback.token_counts()
    }

    /// Returns our code of an error for the provider's own; `None` where the map does not list it.
    pub fn error_code(&self, theirs: &str) -> Option<ErrorCode> {
        self.map.error_codes.find(theirs)
    }

    /// Checks the parameters that a caller gives with a request for playback.
    ///
    /// # Errors
    /// [`InvalidField`]: names the first one that the map does not list, or whose value is none.
    pub fn check_params(&self, given: &[(String, serde_json::Value)]) -> Result<(), InvalidField> {
        self.map.playback.check_params(given)
    }

    /// Returns the plain HLS URL of a video. `None` where it takes a call to the provider, or an id that is not known.
    pub fn public_hls_url(&self, subject: &TemplateInput) -> Option<String> {
        self.map.playback.public_hls(subject, &self.map.values)
    }

    /// Returns true where an upload's URL alone is enough for a client: the protocol is one or several PUTs, without
    /// headers of the map.
    pub fn upload_needs_only_url(&self) -> bool {
        let client = &self.map.upload.client;
        matches!(client.protocol(), Protocol::Put | Protocol::PutContentRange)
            && client.header_templates().next().is_none()
    }
}
