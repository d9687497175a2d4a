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
    compile::{Constants, Reader},
    error::MapError,
    signing::Digest,
    template::Place,
};

impl Playback {
    /// Compiles both tables. `uploaded` holds the captures that the upload's steps leave in a row.
    ///
    /// # Errors
    /// [`MapError`]: a table is missing or malformed, or a placeholder is not available at its place.
    pub(crate) fn compile(
        root: &mut Reader,
        uploaded: &Place,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let mut at = root
            .table("playback")?
            .ok_or_else(|| root.error("playback", "is missing and required"))?;
        let ids = Place {
            ids: Place::all_ids(),
            times: true,
            ..Place::default()
        };
        let (sign, max_ttl_s) = match at.table("sign")? {
            None => (SigningMethod::None, None),
            Some(table) => SigningMethod::compile(table, &ids, constants)?,
        };
        let compute = compile_digests(&mut at, &ids, constants)?;
        let resolve = at
            .table("resolve")?
            .map(|table| FetchSteps::compile_resolve(table, &ids, constants))
            .transpose()?;
        let public = public_place(&ids, uploaded, resolve.as_ref());
        let signed = signed_place(&at, public.clone(), &sign, &compute)?;
        let mut this = Self {
            sign,
            signing_off: constants.signing_off,
            max_ttl_s,
            compute,
            resolve,
            urls: compile_urls(&mut at, &public, &signed, constants)?,
            thumbnail: None,
            answer_needs: AnswerNeeds::default(),
            needed_ids: Default::default(),
        };
        at.finish()?;
        if let Some(table) = root.table("thumbnail")? {
            let thumbnail = Thumbnail::compile(table, &public, &signed, &this.sign, constants)?;
            this.thumbnail = Some(thumbnail);
        }
        this.derive_needs();
        Ok(this)
    }
}

/// Compiles `[playback.compute]` into [`Digest`]s. Each text must bind an expiry and a video.
fn compile_digests(
    at: &mut Reader,
    place: &Place,
    constants: &Constants,
) -> Result<Vec<(String, Digest)>, MapError> {
    let Some(mut table) = at.table("compute")? else {
        return Ok(Vec::new());
    };
    let mut out = Vec::new();
    for (name, value) in table.entries() {
        check_capture_name(&table, &name)?;
        let mut inner = table.sub(&name, value)?;
        let digest = Digest::compile(&mut inner, place, constants, true)?;
        inner.finish()?;
        out.push((name, digest));
    }
    Ok(out)
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
    at: &Reader,
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
    at: &mut Reader,
    public: &Place,
    signed: &Place,
    constants: &Constants,
) -> Result<Vec<(String, AddressPair)>, MapError> {
    let mut table = at
        .table("urls")?
        .ok_or_else(|| at.error("urls", "is missing and required"))?;
    let mut out = Vec::new();
    for (name, value) in table.entries() {
        let mut addresses = AddressPair::compile(&table, &name, value, public, signed, constants)?;
        if name == "hls" {
            addresses.refuse_unsigned_for_signed();
        }
        out.push((name, addresses));
    }
    if !out.iter().any(|(name, _)| name == "hls") {
        return Err(table.error("hls", "is missing and required"));
    }
    Ok(out)
}
