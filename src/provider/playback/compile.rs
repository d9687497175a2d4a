//! Compilation of `[playback]` and `[thumbnail]`.
//!
//! 1. `[playback.compute]`, `[playback.sign]` and `[playback.resolve]` are read: they may name ids and times.
//! 2. From what they provide comes the [`Place`] of public addresses, and that of signed ones.
//! 3. `[playback.urls]` and `[thumbnail]` are read at these places.
//! 4. [`Playback::derive_needs`] fills the tables that answers read.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    address::AddressPair,
    fetch::FetchSteps,
    files::FileAddresses,
    method::SigningMethod,
    params::CallerParams,
    section::{AnswerNeeds, Playback},
    thumbnail::Thumbnail,
    tracks::TrackAddresses,
};
use crate::provider::{
    action::check_capture_name,
    compile::{Constants, Location},
    error::MapError,
    signing::{Digest, DigestRules, PlaybackDigest, chained_name},
    template::Place,
    vocabulary::{AddressValue, DigestTable, Entries, PlaybackTable, SignTable, ThumbnailTable},
};

impl Playback {
    /// Compiles both tables. `root` is the place of the map, and `uploaded` holds the captures that the upload's steps
    /// leave in a row.
    ///
    /// # Errors
    /// [`MapError`]: a part is malformed, or a placeholder is not available at its place.
    pub(crate) fn compile(
        (declared, thumbnail): (PlaybackTable, Option<ThumbnailTable>),
        root: &Location,
        uploaded: &Place,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let at = root.table("playback");
        let ids = Place::for_playback();
        let keys = key_names(&declared);
        let computed = compile_digests(declared.compute, &keys, &at.table("compute"), &ids, constants)?;
        let rules = DigestRules {
            place: &ids,
            constants,
            earlier: &computed.quick,
            for_playback: true,
        };
        let (sign, max_ttl_s) = match declared.sign {
            None => (SigningMethod::None, None),
            Some(sign) => SigningMethod::compile(sign, &at.table("sign"), rules)?,
        };
        let compute = computed.shown;
        let resolve = declared
            .resolve
            .map(|resolve| FetchSteps::compile_resolve(resolve, &at.table("resolve"), &ids, constants))
            .transpose()?;
        let public = public_place(&at, &ids, uploaded, resolve.as_ref(), &compute)?;
        let signed = signed_place(&at, public.clone(), &sign, &compute)?;
        let places = (&public, &signed);
        let thumbnail = thumbnail
            .map(|table| Thumbnail::compile(table, &root.table("thumbnail"), places, &sign, constants));
        let unsigned = compute.iter().filter(|(_, digest)| is_unsigned(digest));
        let unsigned: BTreeSet<&str> = unsigned.map(|(name, _)| name.as_str()).collect();
        let urls = compile_urls(declared.urls, &at.table("urls"), places, &unsigned, constants)?;
        let params = CallerParams::compile(declared.params, &at.table("params"), &urls, &sign)?;
        let files = declared
            .renditions
            .map(|table| FileAddresses::compile(table, &at.table("renditions"), places, constants));
        let mut files = files.transpose()?;
        if let Some(files) = &mut files {
            files.addresses.refuse_unsigned_for_signed(&unsigned);
        }
        let tracks = declared
            .tracks
            .map(|table| TrackAddresses::compile(table, &at.table("tracks"), places, constants));
        let mut tracks = tracks.transpose()?;
        if let Some(tracks) = &mut tracks {
            tracks.addresses.refuse_unsigned_for_signed(&unsigned);
        }
        let mut this = Self {
            sign,
            signing_off: constants.signing_off,
            max_ttl_s,
            compute,
            resolve,
            urls,
            files,
            tracks,
            params,
            thumbnail: thumbnail.transpose()?,
            answer_needs: AnswerNeeds::default(),
            part_tokens: BTreeMap::new(),
            needed_ids: Default::default(),
        };
        this.derive_needs();
        Ok(this)
    }
}

/// `[playback.compute]`, compiled.
struct ComputedTexts {
    /// The texts that addresses may name.
    shown: Vec<(String, PlaybackDigest)>,
    /// The texts that may be a key of others.
    quick: Vec<(String, Arc<Digest>)>,
}

/// Returns the names of the signed texts that are a key of others.
fn key_names(declared: &PlaybackTable) -> BTreeSet<String> {
    let computed = declared.compute.0.iter().map(|(_, digest)| digest);
    let signing = declared.sign.iter().filter_map(|sign| match sign {
        SignTable::Digest(digest) => Some(digest),
        SignTable::Jwt(_) | SignTable::Fetch(_) => None,
    });
    let keys = computed.chain(signing).filter_map(|digest| digest.key.as_deref());
    keys.filter_map(chained_name).map(str::to_owned).collect()
}

/// Compiles `[playback.compute]`. Each text that is signed must bind an expiry and a video, but for those that are a key
/// of others (`keys`): such a text that binds neither is shown to no address.
fn compile_digests(
    declared: Entries<DigestTable>,
    keys: &BTreeSet<String>,
    at: &Location,
    place: &Place,
    constants: &Constants,
) -> Result<ComputedTexts, MapError> {
    let mut out = ComputedTexts {
        shown: Vec::new(),
        quick: Vec::new(),
    };
    for (name, digest) in declared {
        check_capture_name(at, &name)?;
        let rules = DigestRules {
            place,
            constants,
            earlier: &out.quick,
            for_playback: true,
        };
        let at = at.table(&name);
        let digest = PlaybackDigest::compile(digest, &at, rules)?;
        let is_key = keys.contains(&name);
        let binds = if is_unsigned(&digest) {
            Ok(())
        } else {
            digest.check_binding()
        };
        if let PlaybackDigest::Quick(quick) = &digest {
            out.quick.push((name.clone(), Arc::clone(quick)));
        }
        match binds {
            Ok(()) => out.shown.push((name, digest)),
            Err(_) if is_key => {}
            Err(what) => return Err(at.error("message", what)),
        }
    }
    Ok(out)
}

/// The text is the message itself, signed by nothing.
fn is_unsigned(digest: &PlaybackDigest) -> bool {
    matches!(digest, PlaybackDigest::Quick(digest) if digest.is_unsigned())
}

/// Makes the [`Place`] of public addresses: ids, times, the captures of the upload, what is resolved, and the computed
/// texts that nothing signs.
// Why those too: an address that holds such a text, and nothing that is signed, plays for anybody.
fn public_place(
    at: &Location,
    ids: &Place,
    uploaded: &Place,
    resolve: Option<&FetchSteps>,
    compute: &[(String, PlaybackDigest)],
) -> Result<Place, MapError> {
    let mut place = ids.clone();
    // Why `false`, "cannot be missing": a capture that an old row lacks makes no address, so it needs no default.
    place.captures = uploaded
        .captures
        .keys()
        .map(|name| (name.clone(), false))
        .collect();
    place
        .captures
        .extend(resolve.iter().flat_map(|steps| steps.capture_names()));
    for (name, _) in compute.iter().filter(|(_, digest)| is_unsigned(digest)) {
        add_computed(at, &mut place, name)?;
    }
    Ok(place)
}

/// Adds to the [`Place`] of public addresses what only signed ones may hold: nothing is signed for a public video.
fn signed_place(
    at: &Location,
    mut place: Place,
    sign: &SigningMethod,
    compute: &[(String, PlaybackDigest)],
) -> Result<Place, MapError> {
    match sign {
        SigningMethod::None => {}
        SigningMethod::Jwt(jwt) => place.tokens = jwt.tokens.iter().map(|token| token.name.clone()).collect(),
        SigningMethod::Digest(_) => place.signature = true,
        SigningMethod::Fetch(steps) => place.captures.extend(steps.capture_names()),
    }
    for (name, _) in compute.iter().filter(|(_, digest)| !is_unsigned(digest)) {
        add_computed(at, &mut place, name)?;
    }
    Ok(place)
}

/// Makes a computed text available.
///
/// # Errors
/// A capture has its name.
fn add_computed(at: &Location, place: &mut Place, name: &str) -> Result<(), MapError> {
    if place.captures.insert(name.to_owned(), false).is_some() {
        return Err(at.error("compute", format!("`{name}` is the name of a capture already")));
    }
    Ok(())
}

/// Compiles `[playback.urls]` into [`AddressPair`]s, `hls` among them. `unsigned` names the computed texts that nothing
/// signs.
fn compile_urls(
    declared: Entries<AddressValue>,
    at: &Location,
    places: (&Place, &Place),
    unsigned: &BTreeSet<&str>,
    constants: &Constants,
) -> Result<Vec<(String, AddressPair)>, MapError> {
    let mut out = Vec::new();
    for (name, address) in declared {
        let mut addresses = AddressPair::compile(address, at, &name, places, constants)?;
        if name == "hls" {
            addresses.refuse_unsigned_for_signed(unsigned);
        }
        out.push((name, addresses));
    }
    if !out.iter().any(|(name, _)| name == "hls") {
        return Err(at.error("hls", "is missing and required"));
    }
    Ok(out)
}
