//! `[playback]` and `[thumbnail]`, compiled, and what is known of a video's addresses without making them.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::Value;

use super::{
    address::{Address, AddressNeeds, AddressPair},
    fetch::FetchSteps,
    files::{DownloadRefused, FileAddresses},
    method::SigningMethod,
    params::CallerParams,
    request::{AnswerParts, PlaybackContext},
    thumbnail::Thumbnail,
    tracks::TrackAddresses,
};
use crate::domain::{NeededIds, Pictures, Policy};
use crate::provider::{
    action::Action,
    error::InvalidField,
    signing::PlaybackDigest,
    template::{Id, Placeholder},
};

/// `[playback]` and `[thumbnail]`, compiled.
pub(crate) struct Playback {
    /// `[playback.sign]`: the [`SigningMethod`] of the map.
    pub(crate) sign: SigningMethod,
    /// The map configures signing, but its secrets are not set.
    pub(crate) signing_off: bool,
    /// Longest lifetime of anything signed, in seconds; `None` if the map knows none.
    pub(crate) max_ttl_s: Option<u64>,
    /// `[playback.compute]`: name → [`PlaybackDigest`]. Texts that are a key of others alone are left out.
    pub(super) compute: Vec<(String, PlaybackDigest)>,
    /// `[playback.resolve]`, if the map has it.
    pub(super) resolve: Option<FetchSteps>,
    /// `[playback.params]`: the parameters that a caller may give.
    pub(super) params: CallerParams,
    /// `[playback.urls]` in the map's order, `hls` among them.
    pub(super) urls: Vec<(String, AddressPair)>,
    pub(super) thumbnail: Option<Thumbnail>,
    /// `[playback.renditions]`, if the map has it.
    pub(super) files: Option<FileAddresses>,
    /// `[playback.tracks]`, if the map has it.
    pub(super) tracks: Option<TrackAddresses>,
    /// The tokens that addresses of files or tracks alone hold: they are signed where there is such a part, and shown to
    /// nobody.
    pub(super) part_tokens: BTreeMap<String, PartTokens>,
    pub(super) answer_needs: AnswerNeeds,
    /// The results of [`Playback::required_ids`], for public videos and for signed ones.
    // Why: they are read for every change of a video, and finding them walks every template.
    pub(super) needed_ids: (NeededIds, NeededIds),
}

/// The parts of a video for whose addresses a token is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PartTokens {
    /// Addresses of files hold it.
    pub(super) files: bool,
    /// Addresses of tracks hold it.
    pub(super) tracks: bool,
}

/// The names in `[playback.urls]` of addresses that a video without a moving picture has not.
const MOVING_PICTURES: [&str; 2] = ["storyboard", "animated"];

/// The [`AddressNeeds`] of an answer, by the video's [`Policy`] and [`Pictures`] and the requested [`AnswerParts`].
// Why: they are the same for every video, so each answer reads them from this table.
#[derive(Default)]
pub(super) struct AnswerNeeds([[[AddressNeeds; 3]; 2]; 2]);

impl AnswerNeeds {
    /// Gathers the needs of the addresses of each kind of answer.
    fn for_playback(playback: &Playback) -> Self {
        Self([Policy::Public, Policy::Signed].map(|policy| {
            [AnswerParts::All, AnswerParts::Thumbnails].map(|parts| {
                [Pictures::Moving, Pictures::Cover, Pictures::None].map(|pictures| {
                    let urls = playback
                        .answer_addresses(policy, pictures)
                        .map(|(_, address)| address);
                    let urls = urls.filter(|_| parts == AnswerParts::All);
                    let thumbnail = playback.answer_thumbnail(policy, pictures);
                    let mut needs = AddressNeeds::default();
                    for address in urls.chain(thumbnail.map(|(_, address)| address)) {
                        needs.merge(&address.needs);
                    }
                    needs
                })
            })
        }))
    }

    /// Returns the [`AddressNeeds`] of one kind of answer.
    pub(super) fn get(&self, policy: Policy, parts: AnswerParts, pictures: Pictures) -> &AddressNeeds {
        let pictures = match pictures {
            Pictures::Moving => 0,
            Pictures::Cover => 1,
            Pictures::None => 2,
        };
        let of_policy = &self.0[usize::from(policy == Policy::Signed)];
        &of_policy[usize::from(parts == AnswerParts::Thumbnails)][pictures]
    }
}

impl Playback {
    /// Fills the tables that are derived from the addresses.
    pub(super) fn derive_needs(&mut self) {
        self.answer_needs = AnswerNeeds::for_playback(self);
        self.needed_ids = (
            self.find_needed_ids(Policy::Public),
            self.find_needed_ids(Policy::Signed),
        );
        self.part_tokens = self.find_part_tokens();
    }

    /// Returns the tokens that no address but those of files and tracks holds.
    fn find_part_tokens(&self) -> BTreeMap<String, PartTokens> {
        let urls = self.urls.iter().flat_map(|(_, pair)| pair.addresses());
        let pictures = self.thumbnail.iter().flat_map(|one| one.addresses.addresses());
        let others: BTreeSet<&String> = urls
            .chain(pictures)
            .flat_map(|address| &address.needs.tokens)
            .collect();
        let files = self.files.iter().flat_map(|files| files.addresses.addresses());
        let tracks = self.tracks.iter().flat_map(|tracks| tracks.addresses.addresses());
        let mut out: BTreeMap<String, PartTokens> = BTreeMap::new();
        let parts = files.map(|one| (one, false)).chain(tracks.map(|one| (one, true)));
        for (address, is_track) in parts {
            for token in address
                .needs
                .tokens
                .iter()
                .filter(|token| !others.contains(token))
            {
                let known = out.entry(token.clone()).or_default();
                known.files |= !is_track;
                known.tracks |= is_track;
            }
        }
        out
    }

    /// Returns what an answer needs: that of its addresses, and of those of the files and tracks that it is asked for.
    pub(super) fn needs_of(&self, context: &PlaybackContext<'_>) -> Cow<'_, AddressNeeds> {
        let subject = context.subject;
        let policy = subject.playback_policy;
        let needs = self.answer_needs.get(policy, context.parts, subject.pictures);
        let of_parts = [self.file_needs(context), self.track_needs(context)];
        let mut of_parts = of_parts.into_iter().flatten().peekable();
        if of_parts.peek().is_none() {
            return Cow::Borrowed(needs);
        }
        let mut needs = needs.clone();
        for of_part in of_parts {
            needs.merge(of_part);
        }
        Cow::Owned(needs)
    }

    /// Returns what the addresses of files need, where the answer has any.
    pub(super) fn file_needs(&self, context: &PlaybackContext<'_>) -> Option<&AddressNeeds> {
        let is_wanted = context.parts == AnswerParts::All && context.request.wanted_files().is_some();
        let files = self.files.as_ref().filter(|_| is_wanted)?;
        files.needs(context.subject.playback_policy)
    }

    /// Returns the addresses of tracks, where the answer may have any.
    pub(super) fn wanted_tracks(&self, context: &PlaybackContext<'_>) -> Option<&TrackAddresses> {
        let tracks = self.tracks.as_ref()?;
        let is_wanted = context.parts == AnswerParts::All && context.request.wants_tracks();
        is_wanted.then_some(tracks)
    }

    /// Returns what the addresses of tracks need, where the answer has any.
    pub(super) fn track_needs(&self, context: &PlaybackContext<'_>) -> Option<&AddressNeeds> {
        self.wanted_tracks(context)?
            .needs(context.subject.playback_policy)
    }

    /// Returns true where the map has addresses of tracks.
    pub(crate) const fn has_track_addresses(&self) -> bool {
        self.tracks.is_some()
    }

    /// Checks a name under which files are to be saved.
    ///
    /// # Errors
    /// See [`DownloadRefused`].
    pub(crate) fn check_download(&self, name: &str) -> Result<(), DownloadRefused> {
        let files = self.files.as_ref().ok_or(DownloadRefused::NotSupported)?;
        files.check_download(name)
    }

    /// Returns how many tokens and RSA signatures were made, and how many were read from the cache.
    pub(crate) fn token_counts(&self) -> (u64, u64) {
        let of_sign = match &self.sign {
            SigningMethod::Jwt(jwt) => jwt.signer.token_counts(),
            SigningMethod::Digest(digest) => digest.signature_counts(),
            SigningMethod::None | SigningMethod::Fetch(_) => (0, 0),
        };
        let computed = self.compute.iter().map(|(_, digest)| digest.signature_counts());
        computed.fold(of_sign, |sum, counts| (sum.0 + counts.0, sum.1 + counts.1))
    }

    /// Checks the parameters that a caller gives.
    ///
    /// # Errors
    /// [`InvalidField`]: names the first one that the map does not list, or whose value is none.
    pub(crate) fn check_params(&self, given: &[(String, Value)]) -> Result<(), InvalidField> {
        self.params.translate(given).map(|_| ())
    }

    /// Returns the names of the parameters that a caller may give.
    pub(crate) fn param_names(&self) -> impl Iterator<Item = &str> {
        self.params.names()
    }

    /// Returns the main address.
    pub(super) fn hls_addresses(&self) -> Option<&AddressPair> {
        self.urls
            .iter()
            .find(|(name, _)| name == "hls")
            .map(|(_, addresses)| addresses)
    }

    /// Returns the [`Thumbnail`] and its address for this [`Policy`].
    pub(super) fn thumbnail_address(&self, policy: Policy) -> Option<(&Thumbnail, &Address)> {
        let thumbnail = self.thumbnail.as_ref()?;
        Some((thumbnail, thumbnail.addresses.get(policy)?))
    }

    /// Returns the addresses of `[playback.urls]` for this [`Policy`], by name.
    pub(super) fn addresses(&self, policy: Policy) -> impl Iterator<Item = (&str, &Address)> {
        self.urls
            .iter()
            .filter_map(move |(name, addresses)| Some((name.as_str(), addresses.get(policy)?)))
    }

    /// Returns those [`Playback::addresses`] that a video with these [`Pictures`] has.
    pub(super) fn answer_addresses(
        &self,
        policy: Policy,
        pictures: Pictures,
    ) -> impl Iterator<Item = (&str, &Address)> {
        self.addresses(policy)
            .filter(move |(name, _)| pictures == Pictures::Moving || !MOVING_PICTURES.contains(name))
    }

    /// Returns the [`Playback::thumbnail_address`] of a video with these [`Pictures`].
    pub(super) fn answer_thumbnail(
        &self,
        policy: Policy,
        pictures: Pictures,
    ) -> Option<(&Thumbnail, &Address)> {
        self.thumbnail_address(policy)
            .filter(|_| pictures != Pictures::None)
    }

    /// Returns whether a token is for addresses alone that a video with these [`Pictures`] has not.
    pub(super) fn is_useless_token(&self, token: &str, policy: Policy, pictures: Pictures) -> bool {
        let holds = |address: &Address| address.needs.tokens.contains(token);
        let mut all = self.addresses(policy).map(|(_, address)| address);
        let is_of_address = all.any(holds)
            || self
                .thumbnail_address(policy)
                .is_some_and(|(_, address)| holds(address));
        let needs = self.answer_needs.get(policy, AnswerParts::All, pictures);
        // Why the first condition: a map may have tokens that no address holds, for player components.
        is_of_address && !needs.tokens.contains(token)
    }

    /// `hls` has an address for this [`Policy`], and the key that signs it is set.
    pub(crate) fn can_play(&self, policy: Policy) -> bool {
        let address = self.hls_addresses().and_then(|addresses| addresses.get(policy));
        address.is_some_and(|address| !self.signing_off || !address.is_signed())
    }

    /// Some address of a video with this [`Policy`] takes a call to the provider.
    pub(crate) fn takes_calls(&self, policy: Policy) -> bool {
        let urls = self.addresses(policy).map(|(_, address)| address);
        let picture = self.thumbnail_address(policy).map(|(_, address)| address);
        let fetches = |address: &Address| match &self.sign {
            SigningMethod::Fetch(steps) => steps.provides_any(&address.needs.captures),
            _ => false,
        };
        let resolves = |address: &Address| {
            self.resolve
                .as_ref()
                .is_some_and(|steps| steps.provides_any(&address.needs.captures))
        };
        urls.chain(picture)
            .any(|address| fetches(address) || resolves(address))
    }

    /// Returns the calls of `[playback.sign]` and those of `[playback.resolve]`, each in their order.
    pub(crate) fn fetch_steps(&self) -> impl Iterator<Item = &[Action]> {
        let fetch = match &self.sign {
            SigningMethod::Fetch(steps) => Some(steps),
            SigningMethod::None | SigningMethod::Jwt(_) | SigningMethod::Digest(_) => None,
        };
        fetch.into_iter().chain(&self.resolve).map(FetchSteps::actions)
    }

    /// The map has a `[thumbnail]`.
    pub(crate) fn has_thumbnails(&self) -> bool {
        self.thumbnail.is_some()
    }

    /// Returns the [`NeededIds`]: the ids that the `hls` address and its signature are made of.
    pub(crate) const fn required_ids(&self, policy: Policy) -> NeededIds {
        match policy {
            Policy::Public => self.needed_ids.0,
            Policy::Signed => self.needed_ids.1,
        }
    }

    /// Finds the result of [`Playback::required_ids`].
    fn find_needed_ids(&self, policy: Policy) -> NeededIds {
        let Some(address) = self.hls_addresses().and_then(|addresses| addresses.get(policy)) else {
            return NeededIds::default();
        };
        let ids = self.ids_of_address(address);
        NeededIds {
            playback_id: ids.contains(&Id::Playback),
            asset_id: ids.contains(&Id::Asset),
            upload_id: ids.contains(&Id::Upload),
        }
    }

    /// Returns every [`Id`] in an address, and in everything that is signed, computed or resolved for it.
    fn ids_of_address(&self, address: &Address) -> BTreeSet<Id> {
        let needs = &address.needs;
        let mut ids: BTreeSet<Id> = address.placeholders().filter_map(id_of_placeholder).collect();
        if needs.needs_signature() {
            ids.extend(self.sign.placeholders().into_iter().filter_map(id_of_placeholder));
        }
        for (name, digest) in &self.compute {
            if needs.captures.contains(name) {
                ids.extend(digest.placeholders().into_iter().filter_map(id_of_placeholder));
            }
        }
        if let Some(resolve) = self
            .resolve
            .as_ref()
            .filter(|resolve| resolve.provides_any(&needs.captures))
        {
            ids.extend(resolve.placeholders().filter_map(id_of_placeholder));
        }
        ids
    }

    /// Returns every [`Id`] that some address is made of: the map is refused if nothing provides one of them.
    pub(crate) fn named_ids(&self) -> BTreeSet<Id> {
        let urls = self.urls.iter().flat_map(|(_, addresses)| addresses.addresses());
        let pictures = self
            .thumbnail
            .iter()
            .flat_map(|thumbnail| thumbnail.addresses.addresses());
        let files = self.files.iter().flat_map(|files| files.addresses.addresses());
        let tracks = self.tracks.iter().flat_map(|tracks| tracks.addresses.addresses());
        urls.chain(pictures)
            .chain(files)
            .chain(tracks)
            .flat_map(|address| self.ids_of_address(address))
            .collect()
    }
}

/// Returns the [`Id`] that a placeholder names, if it names one.
fn id_of_placeholder(name: &Placeholder) -> Option<Id> {
    match name {
        Placeholder::Id(id) => Some(*id),
        _ => None,
    }
}
