//! The answer to "how is this video played?".

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    Playback,
    form::{Form, Needs},
    sign::Sign,
    thumbnail::{Picture, Thumbnail},
    tokens::Tokens,
};
use crate::{
    domain::Policy,
    provider::{
        client::Client,
        error::{CallError, InvalidField},
        signing::Lifetime,
        subject::{Captures, Subject},
        template::{Scope, ValueTables},
    },
};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct PlaybackAsk<'a> {
    /// The time of the question.
    pub now: DateTime<Utc>,
    /// How long the answer is to work, in seconds.
    pub expires_in_s: u64,
    /// How long it may work at most by the service's settings; the map's own limit holds too.
    pub max_ttl_s: u64,
    /// Where the picture is taken, in whole seconds.
    pub time_s: Option<u64>,
    /// The pictures: name → width in pixels, in order.
    pub sizes: &'a [(String, u32)],
    /// Who asks: callers take turns in the provider's rate.
    pub caller: &'a str,
}

/// What an answer needs, by the video's policy, and whether it has pictures alone.
#[derive(Default)]
pub(super) struct NeedsOfAnswer([[Needs; 2]; 2]);

impl NeedsOfAnswer {
    pub(super) fn of(playback: &Playback) -> Self {
        Self([Policy::Public, Policy::Signed].map(|policy| {
            [false, true].map(|only_thumbnails| {
                let urls = playback.forms(policy).map(|(_, form)| form);
                let picture = playback.picture(policy).map(|(_, form)| form);
                let mut needs = Needs::default();
                let forms = urls.filter(|_| !only_thumbnails).chain(picture);
                forms.for_each(|form| needs.add(&form.needs));
                needs
            })
        }))
    }

    fn get(&self, policy: Policy, only_thumbnails: bool) -> &Needs {
        &self.0[usize::from(policy == Policy::Signed)][usize::from(only_thumbnails)]
    }
}

/// The addresses of one video.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlaybackUrls {
    /// What the map defines, by its names.
    pub urls: BTreeMap<String, String>,
    /// The pictures by their sizes' names.
    pub thumbnails: BTreeMap<String, String>,
    /// The bare tokens; empty for a public video, and for schemes that have none.
    pub tokens: BTreeMap<String, String>,
    /// When all of it ends; none for a public video.
    pub expires_at: Option<DateTime<Utc>>,
}

/// One question, with what is needed to answer it.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) client: &'a Client,
    pub(crate) values: &'a ValueTables,
    pub(crate) subject: &'a Subject,
    pub(crate) ask: &'a PlaybackAsk<'a>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) missing: Missing,
}

/// What is done where a signature by a slow key is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is made.
    Signed,
    /// It is made, and nothing else: it will be read at once.
    SignedAhead,
    /// There is no answer: the caller takes a permit to sign first.
    LeftOut,
}

/// What all addresses of one answer share.
pub(super) struct Shared {
    captures: Captures,
    signature: Option<String>,
    life: Lifetime,
    /// Unix seconds: the true end of what is signed or fetched.
    ends: i64,
}

impl Playback {
    /// The main address for anybody, `None` where it takes a call to the provider or an id that is not known.
    pub(crate) fn public_hls(&self, subject: &Subject, values: &ValueTables) -> Option<String> {
        let form = self.hls()?.get(Policy::Public)?;
        let asks = self
            .resolve
            .as_ref()
            .is_some_and(|resolve| resolve.gives(&form.needs.captures));
        if asks || form.is_signed() {
            return None;
        }
        form.url.render(&Scope::of(subject, values)).ok()
    }

    /// Makes the tokens that are missing, and nothing else: an answer finds them known.
    pub(crate) async fn sign_ahead(
        &self,
        asking: Asking<'_>,
        only_thumbnails: bool,
    ) -> Result<(), CallError> {
        let picture = self.picture(asking.subject.playback_policy);
        let shared = self.unasked(&asking);
        self.tokens(&asking, &shared, picture, only_thumbnails).await?;
        Ok(())
    }

    /// All addresses, or only the pictures; `None` where a signature is missing that is not to be made.
    pub(crate) async fn answer(
        &self,
        asking: Asking<'_>,
        only_thumbnails: bool,
    ) -> Result<Option<PlaybackUrls>, CallError> {
        let policy = asking.subject.playback_policy;
        let urls: Vec<(&str, &Form)> = if only_thumbnails {
            Vec::new()
        } else {
            self.forms(policy).collect()
        };
        let picture = self.picture(policy);
        if !only_thumbnails && !urls.iter().any(|(name, _)| *name == "hls") {
            return Err(unplayable(policy).into());
        }
        let needs = self.needs_of_answer.get(policy, only_thumbnails);
        let signs = policy == Policy::Signed && needs.signs();
        if signs && self.off {
            return Err(unplayable(policy).into());
        }
        let mut shared = self.unasked(&asking);
        // Before any call: claims name ids and times alone.
        let tokens = self.tokens(&asking, &shared, picture, only_thumbnails).await?;
        let Some((tokens, pictures)) = tokens else {
            return Ok(None);
        };
        self.complete(&mut shared, &asking, needs).await?;
        let scope = shared.scope(&asking, Some(&tokens));
        let mut answer = PlaybackUrls {
            urls: rendered(&urls, &scope)?,
            tokens: tokens
                .iter()
                .map(|(name, token)| ((*name).to_owned(), token.to_string()))
                .collect(),
            ..PlaybackUrls::default()
        };
        for ((name, width), tokens) in asking.ask.sizes.iter().zip(&pictures) {
            let Some((thumbnail, form)) = picture else { break };
            let shown = Picture {
                time_s: asking.ask.time_s,
                width: *width,
            };
            let url = thumbnail.render(form, shown, &shared.scope(&asking, Some(tokens)))?;
            answer.thumbnails.insert(name.clone(), url);
        }
        if signs || !tokens.is_empty() {
            answer.expires_at = DateTime::from_timestamp(shared.ends, 0);
        }
        Ok(Some(answer))
    }

    fn picture(&self, policy: Policy) -> Option<(&Thumbnail, &Form)> {
        let thumbnail = self.thumbnail.as_ref()?;
        Some((thumbnail, thumbnail.forms.get(policy)?))
    }

    fn forms(&self, policy: Policy) -> impl Iterator<Item = (&str, &Form)> {
        self.urls
            .iter()
            .filter_map(move |(name, forms)| Some((name.as_str(), forms.get(policy)?)))
    }

    /// The times of an answer for which nothing was computed or fetched yet.
    fn unasked(&self, asking: &Asking<'_>) -> Shared {
        let max_s = self
            .max_ttl_s
            .map_or(asking.ask.max_ttl_s, |max| max.min(asking.ask.max_ttl_s));
        let life = Lifetime::of(asking.now, asking.ask.expires_in_s, max_s);
        Shared {
            captures: Captures::new(),
            signature: None,
            life,
            ends: life.expires,
        }
    }

    /// Signs, computes and fetches what the addresses need, tokens aside.
    async fn complete(
        &self,
        shared: &mut Shared,
        asking: &Asking<'_>,
        needs: &Needs,
    ) -> Result<(), CallError> {
        let (signature, mut captures) = self.digests(&shared.scope(asking, None), needs)?;
        if let Sign::Fetch(steps) = &self.sign
            && steps.gives(&needs.captures)
        {
            let (taken, ends) = steps.run(asking, &shared.scope(asking, None)).await?;
            captures.extend(taken.as_ref().clone());
            shared.ends = ends;
        }
        if let Some(steps) = self.resolve.as_ref().filter(|steps| steps.gives(&needs.captures)) {
            let (taken, _) = steps.run(asking, &shared.scope(asking, None)).await?;
            captures.extend(taken.as_ref().clone());
        }
        shared.captures = captures;
        shared.signature = signature;
        Ok(())
    }

    fn digests(&self, scope: &Scope<'_>, needs: &Needs) -> Result<(Option<String>, Captures), InvalidField> {
        let signature = match &self.sign {
            Sign::Digest(digest) if needs.signature => Some(digest.compute(scope)?),
            _ => None,
        };
        let mut computed = Captures::new();
        for (name, digest) in self
            .compute
            .iter()
            .filter(|(name, _)| needs.captures.contains(name))
        {
            computed.insert(name.clone(), digest.compute(scope)?.into());
        }
        Ok((signature, computed))
    }
}

impl Shared {
    pub(super) fn scope<'a>(&'a self, asking: &Asking<'a>, tokens: Option<&'a Tokens<'a>>) -> Scope<'a> {
        Scope {
            captures: Some(&self.captures),
            now: self.life.now,
            expires: self.life.expires,
            tokens: tokens.map(Vec::as_slice),
            signature: self.signature.as_deref(),
            ..Scope::of(asking.subject, asking.values)
        }
    }
}

/// The addresses; one beside `hls` that an id or a capture is missing for is left out.
fn rendered(urls: &[(&str, &Form)], scope: &Scope<'_>) -> Result<BTreeMap<String, String>, InvalidField> {
    let mut out = BTreeMap::new();
    for (name, form) in urls {
        match form.url.render(scope) {
            Ok(url) => drop(out.insert((*name).to_owned(), url)),
            Err(error) if *name == "hls" => return Err(error),
            Err(_) => {}
        }
    }
    Ok(out)
}

fn unplayable(policy: Policy) -> InvalidField {
    let detail = format!("this provider's map cannot play {} videos", policy.as_str());
    InvalidField::new("playback_policy", detail)
}
