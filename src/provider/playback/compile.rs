//! Compilation of `[playback]` and `[thumbnail]`.
//!
//! 1. `[playback.sign]`, `[playback.compute]` and `[playback.resolve]` are read: they may name ids and times.
//! 2. From what they provide comes the [`Place`] of public addresses, and that of signed ones.
//! 3. `[playback.urls]` and `[thumbnail]` are read at these places.
//! 4. [`Playback::derive_needs`] fills the tables that answers read.

use super::{
    address::AddressPair,
    fetch::FetchSteps,
    method::SigningMethod,
    section::{AnswerNeeds, Playback},
    thumbnail::Thumbnail,
};
use crate::provider::{
    action::check_capture_name,
    compile::{Constants, Location},
    error::MapError,
    signing::Digest,
    template::Place,
    vocabulary::{AddressValue, DigestTable, Entries, PlaybackTable, ThumbnailTable},
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
        let (sign, max_ttl_s) = match declared.sign {
            None => (SigningMethod::None, None),
            Some(sign) => SigningMethod::compile(sign, &at.table("sign"), &ids, constants)?,
        };
        let compute = compile_digests(declared.compute, &at.table("compute"), &ids, constants)?;
        let resolve = declared
            .resolve
            .map(|resolve| FetchSteps::compile_resolve(resolve, &at.table("resolve"), &ids, constants))
            .transpose()?;
        let public = public_place(&ids, uploaded, resolve.as_ref());
        let signed = signed_place(&at, public.clone(), &sign, &compute)?;
        let places = (&public, &signed);
        let thumbnail = thumbnail
            .map(|table| Thumbnail::compile(table, &root.table("thumbnail"), places, &sign, constants));
        let mut this = Self {
            sign,
            signing_off: constants.signing_off,
            max_ttl_s,
            compute,
            resolve,
            urls: compile_urls(declared.urls, &at.table("urls"), places, constants)?,
            thumbnail: thumbnail.transpose()?,
            answer_needs: AnswerNeeds::default(),
            needed_ids: Default::default(),
        };
        this.derive_needs();
        Ok(this)
    }
}

/// Compiles `[playback.compute]` into [`Digest`]s. Each text must bind an expiry and a video.
fn compile_digests(
    declared: Entries<DigestTable>,
    at: &Location,
    place: &Place,
    constants: &Constants,
) -> Result<Vec<(String, Digest)>, MapError> {
    let compile = |(name, digest): (String, DigestTable)| {
        check_capture_name(at, &name)?;
        let digest = Digest::compile(digest, &at.table(&name), place, constants, true)?;
        Ok((name, digest))
    };
    declared.into_iter().map(compile).collect()
}

/// Makes the [`Place`] of public addresses: ids, times, the captures of the upload, and what is resolved.
fn public_place(ids: &Place, uploaded: &Place, resolve: Option<&FetchSteps>) -> Place {
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
    place
}

/// Adds to the [`Place`] of public addresses what only signed ones may hold: nothing is signed for a public video.
fn signed_place(
    at: &Location,
    mut place: Place,
    sign: &SigningMethod,
    compute: &[(String, Digest)],
) -> Result<Place, MapError> {
    match sign {
        SigningMethod::None => {}
        SigningMethod::Jwt(jwt) => place.tokens = jwt.tokens.iter().map(|token| token.name.clone()).collect(),
        SigningMethod::Digest(_) => place.signature = true,
        SigningMethod::Fetch(steps) => place.captures.extend(steps.capture_names()),
    }
    for (name, _) in compute {
        if place.captures.insert(name.clone(), false).is_some() {
            return Err(at.error("compute", format!("`{name}` is the name of a capture already")));
        }
    }
    Ok(place)
}

/// Compiles `[playback.urls]` into [`AddressPair`]s, `hls` among them.
fn compile_urls(
    declared: Entries<AddressValue>,
    at: &Location,
    places: (&Place, &Place),
    constants: &Constants,
) -> Result<Vec<(String, AddressPair)>, MapError> {
    let mut out = Vec::new();
    for (name, address) in declared {
        let mut addresses = AddressPair::compile(address, at, &name, places, constants)?;
        if name == "hls" {
            addresses.refuse_unsigned_for_signed();
        }
        out.push((name, addresses));
    }
    if !out.iter().any(|(name, _)| name == "hls") {
        return Err(at.error("hls", "is missing and required"));
    }
    Ok(out)
}
