//! `[playback]` and `[thumbnail]`: the addresses of one video.

mod answer;
mod form;
mod sign;
mod steps;
mod thumbnail;
mod tokens;

use std::collections::BTreeSet;

pub(crate) use answer::Asking;
pub(crate) use answer::Missing;
use answer::NeedsOfAnswer;
pub use answer::{PlaybackAsk, PlaybackUrls};
use form::{Form, Forms, Needs};
pub(crate) use sign::Sign;
use steps::Steps;
use thumbnail::Thumbnail;

use super::{
    action::check_capture_name,
    compile::{Constants, Reader},
    error::MapError,
    signing::Digest,
    template::{Id, Name, Place},
};
use crate::domain::{NeededIds, Policy};

/// `[playback]` and `[thumbnail]`, compiled.
pub(crate) struct Playback {
    pub(crate) sign: Sign,
    /// Signing is configured by the map but not by its secrets.
    pub(crate) off: bool,
    pub(crate) max_ttl_s: Option<u64>,
    compute: Vec<(String, Digest)>,
    resolve: Option<Steps>,
    urls: Vec<(String, Forms)>,
    thumbnail: Option<Thumbnail>,
    needs_of_answer: NeedsOfAnswer,
    /// What [`Playback::needs`] gives of a public video and of a signed one.
    needed: (NeededIds, NeededIds),
}

impl Playback {
    /// How many tokens were signed, and how many given again.
    pub(crate) fn token_counts(&self) -> (u64, u64) {
        match &self.sign {
            Sign::Jwt(jwt) => jwt.signer.counts(),
            Sign::None | Sign::Digest(_) | Sign::Fetch(_) => (0, 0),
        }
    }

    /// `uploaded`: what the upload's steps leave in a row.
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
            None => (Sign::None, None),
            Some(table) => Sign::compile(table, &ids, constants)?,
        };
        let compute = compute(&mut at, &ids, constants)?;
        let resolve = at
            .table("resolve")?
            .map(|table| Steps::resolve(table, &ids, constants))
            .transpose()?;
        let place = url_place(&ids, uploaded, resolve.as_ref());
        let signed = signed_place(&at, place.clone(), &sign, &compute)?;
        let mut this = Self {
            sign,
            off: constants.signing_off,
            max_ttl_s,
            compute,
            resolve,
            urls: urls(&mut at, &place, &signed, constants)?,
            thumbnail: None,
            needs_of_answer: NeedsOfAnswer::default(),
            needed: Default::default(),
        };
        at.finish()?;
        if let Some(table) = root.table("thumbnail")? {
            this.thumbnail = Some(Thumbnail::compile(table, &place, &signed, &this.sign, constants)?);
        }
        this.needs_of_answer = NeedsOfAnswer::of(&this);
        this.needed = (this.needed(Policy::Public), this.needed(Policy::Signed));
        Ok(this)
    }

    /// The main address.
    fn hls(&self) -> Option<&Forms> {
        self.urls
            .iter()
            .find(|(name, _)| name == "hls")
            .map(|(_, forms)| forms)
    }

    /// `hls` has a form for the policy, and what signs it is there.
    pub(crate) fn can_play(&self, policy: Policy) -> bool {
        let form = self.hls().and_then(|forms| forms.get(policy));
        form.is_some_and(|form| !self.off || !form.is_signed())
    }

    /// Some address of such a video takes a call to the provider.
    pub(crate) fn takes_calls(&self, policy: Policy) -> bool {
        let urls = self.urls.iter().filter_map(|(_, forms)| forms.get(policy));
        let pictures = self
            .thumbnail
            .iter()
            .filter_map(|thumbnail| thumbnail.forms.get(policy));
        let fetches = |form: &Form| match &self.sign {
            Sign::Fetch(steps) => steps.gives(&form.needs.captures),
            _ => false,
        };
        let resolves = |form: &Form| {
            self.resolve
                .as_ref()
                .is_some_and(|steps| steps.gives(&form.needs.captures))
        };
        urls.chain(pictures).any(|form| fetches(form) || resolves(form))
    }

    pub(crate) fn has_thumbnails(&self) -> bool {
        self.thumbnail.is_some()
    }

    /// The ids that `hls` and what signs it name.
    pub(crate) const fn needs(&self, policy: Policy) -> NeededIds {
        match policy {
            Policy::Public => self.needed.0,
            Policy::Signed => self.needed.1,
        }
    }

    fn needed(&self, policy: Policy) -> NeededIds {
        let Some(form) = self.hls().and_then(|forms| forms.get(policy)) else {
            return NeededIds::default();
        };
        let ids = self.ids_of(form.names(), &form.needs);
        NeededIds {
            playback_id: ids.contains(&Id::Playback),
            asset_id: ids.contains(&Id::Asset),
            upload_id: ids.contains(&Id::Upload),
        }
    }

    fn ids_of<'a>(&'a self, names: impl Iterator<Item = &'a Name>, needs: &Needs) -> BTreeSet<Id> {
        let mut ids: BTreeSet<Id> = names.filter_map(id_of).collect();
        if needs.signs() {
            ids.extend(self.sign.names().into_iter().filter_map(id_of));
        }
        for (name, digest) in &self.compute {
            if needs.captures.contains(name) {
                ids.extend(digest.names().filter_map(id_of));
            }
        }
        if let Some(resolve) = self
            .resolve
            .as_ref()
            .filter(|resolve| resolve.gives(&needs.captures))
        {
            ids.extend(resolve.names().filter_map(id_of));
        }
        ids
    }

    /// Every id that some address names, for the check that something gives it.
    pub(crate) fn named_ids(&self) -> BTreeSet<Id> {
        let urls = self.urls.iter().flat_map(|(_, forms)| forms.all());
        let pictures = self.thumbnail.iter().flat_map(|thumbnail| thumbnail.forms.all());
        urls.chain(pictures)
            .flat_map(|form| self.ids_of(form.names(), &form.needs))
            .collect()
    }
}

fn id_of(name: &Name) -> Option<Id> {
    match name {
        Name::Id(id) => Some(*id),
        _ => None,
    }
}

fn compute(at: &mut Reader, place: &Place, constants: &Constants) -> Result<Vec<(String, Digest)>, MapError> {
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

/// What every address may name: ids, times, what the upload left, and what is resolved.
fn url_place(ids: &Place, uploaded: &Place, resolve: Option<&Steps>) -> Place {
    let mut place = ids.clone();
    // One that is missing in an old row makes no address: it needs no default.
    place.captures = uploaded
        .captures
        .keys()
        .map(|name| (name.clone(), false))
        .collect();
    place
        .captures
        .extend(resolve.iter().flat_map(|steps| steps.captures()));
    place
}

/// And in addition what only the signed ones may: nothing is signed for a public video.
fn signed_place(
    at: &Reader,
    mut place: Place,
    sign: &Sign,
    compute: &[(String, Digest)],
) -> Result<Place, MapError> {
    match sign {
        Sign::None => {}
        Sign::Jwt(jwt) => place.tokens = jwt.tokens.iter().map(|token| token.name.clone()).collect(),
        Sign::Digest(_) => place.signature = true,
        Sign::Fetch(steps) => place.captures.extend(steps.captures()),
    }
    for (name, _) in compute {
        if place.captures.insert(name.clone(), false).is_some() {
            return Err(at.error("compute", format!("`{name}` is the name of a capture already")));
        }
    }
    Ok(place)
}

fn urls(
    at: &mut Reader,
    public: &Place,
    signed: &Place,
    constants: &Constants,
) -> Result<Vec<(String, Forms)>, MapError> {
    let mut table = at
        .table("urls")?
        .ok_or_else(|| at.error("urls", "is missing and required"))?;
    let mut out = Vec::new();
    for (name, value) in table.entries() {
        let mut forms = Forms::compile(&table, &name, value, public, signed, constants)?;
        if name == "hls" {
            forms.refuse_unsigned_for_signed();
        }
        out.push((name, forms));
    }
    if !out.iter().any(|(name, _)| name == "hls") {
        return Err(table.error("hls", "is missing and required"));
    }
    Ok(out)
}
