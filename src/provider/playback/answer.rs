//! The answer to a playback request. The steps stand in the module doc of [`playback`](super).

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::Value;

use super::{
    address::{Address, AddressNeeds},
    files::FileAddresses,
    method::SigningMethod,
    params::append_params,
    request::AnswerValues,
    request::{AnswerParts, PlaybackContext, PlaybackUrls},
    section::Playback,
    thumbnail::Picture,
};
use crate::{
    domain::Policy,
    provider::{
        error::{CallError, InvalidField},
        signing::Lifetime,
        subject::{Captures, TemplateInput},
        template::{Scope, ValueTables},
    },
};

impl Playback {
    /// Renders the plain `hls` address of a [`Public`](Policy::Public) video.
    ///
    /// `None` if it is signed, takes a call to the provider, or holds an id that is not known.
    pub(crate) fn public_hls(&self, subject: &TemplateInput, values: &ValueTables) -> Option<String> {
        let address = self.hls_addresses()?.get(Policy::Public)?;
        let takes_call = self
            .resolve
            .as_ref()
            .is_some_and(|resolve| resolve.provides_any(&address.needs.captures));
        if takes_call || address.is_signed() {
            return None;
        }
        address.url.render(&Scope::for_input(subject, values)).ok()
    }

    /// Signs the tokens that are not cached, and nothing else: no call is made, and a following answer finds them.
    ///
    /// # Errors
    /// [`CallError`]: a claim lacks its value, or signing failed.
    pub(crate) async fn sign_ahead(&self, context: PlaybackContext<'_>) -> Result<(), CallError> {
        let shared = AnswerValues::new(self.choose_lifetime(&context));
        self.sign_tokens(&context, &shared).await?;
        self.make_digests(&context, &shared).await?;
        Ok(())
    }

    /// Makes the addresses that the context asks for. `None` if a token is missing that must not be signed now
    /// ([`OnMissingSignature::ReturnNone`](super::OnMissingSignature::ReturnNone)); no call was made then.
    ///
    /// # Errors
    /// [`InvalidField`] if the map cannot play such a video or a value is missing; else the error of a call or of the
    /// signer.
    pub(crate) async fn answer(
        &self,
        context: PlaybackContext<'_>,
    ) -> Result<Option<PlaybackUrls>, CallError> {
        let (policy, pictures) = (context.subject.playback_policy, context.subject.pictures);
        let urls: Vec<(&str, &Address)> = match context.parts {
            AnswerParts::Thumbnails => Vec::new(),
            AnswerParts::All => self.answer_addresses(policy, pictures).collect(),
        };
        if context.parts == AnswerParts::All && !urls.iter().any(|(name, _)| *name == "hls") {
            return Err(unplayable_error(policy).into());
        }
        let needs = &*self.needs_of(&context);
        let signs = policy == Policy::Signed && needs.needs_signature();
        if signs && self.signing_off {
            return Err(unplayable_error(policy).into());
        }
        let mut shared = AnswerValues::new(self.choose_lifetime(&context));
        // Why: signatures come before any call, so that a request without a signing permit costs the provider nothing.
        // Claims and messages can hold ids and times only, so they need no call.
        let Some(tokens) = self.sign_tokens(&context, &shared).await? else {
            return Ok(None);
        };
        let Some(digests) = self.make_digests(&context, &shared).await? else {
            return Ok(None);
        };
        shared.signature = digests.signature;
        shared.captures = digests.computed;
        self.fetch_captures(&mut shared, &context, needs).await?;
        let scope = shared.scope(&context, Some(&tokens.shown));
        let mut answer = PlaybackUrls {
            urls: render_urls(&urls, &self.params.translate(context.request.params)?, &scope)?,
            tokens: tokens
                .shown
                .iter()
                .filter(|(name, _)| !self.part_tokens.contains_key(*name))
                .map(|(name, token)| ((*name).to_owned(), token.to_string()))
                .collect(),
            ..PlaybackUrls::default()
        };
        if let Some(files) = context
            .request
            .wanted_files()
            .filter(|_| context.parts == AnswerParts::All)
        {
            let download = context.request.files.and_then(|wanted| wanted.download);
            answer.renditions = FileAddresses::render(self.files.as_ref(), files, policy, download, &scope);
        }
        if let Some(tracks) = self.wanted_tracks(&context) {
            answer.tracks = tracks.render(context.request.tracks, policy, &scope);
        }
        if let Some((thumbnail, address)) = self.answer_thumbnail(policy, pictures) {
            for ((name, width), tokens) in context.request.sizes.iter().zip(&tokens.by_picture) {
                let picture = Picture {
                    time_s: context.request.time_s,
                    width: *width,
                };
                let url = thumbnail.render_url(address, picture, &shared.scope(&context, Some(tokens)))?;
                answer.thumbnails.insert(name.clone(), url);
            }
        }
        // Why the tokens too: the answer may show some although no address holds one, and they end.
        if signs || !tokens.shown.is_empty() {
            answer.expires_at = DateTime::from_timestamp(shared.ends_at, 0);
        }
        Ok(Some(answer))
    }

    /// Chooses the [`Lifetime`] of an answer, within the limits of the map and of the settings.
    fn choose_lifetime(&self, context: &PlaybackContext<'_>) -> Lifetime {
        let request = context.request;
        let max_s = self
            .max_ttl_s
            .map_or(request.max_ttl_s, |max| max.min(request.max_ttl_s));
        Lifetime::rounded(request.now, request.expires_in_s, max_s)
    }

    /// Fetches the [`AddressNeeds`] that take a call into the [`AnswerValues`].
    async fn fetch_captures(
        &self,
        shared: &mut AnswerValues,
        context: &PlaybackContext<'_>,
        needs: &AddressNeeds,
    ) -> Result<(), CallError> {
        let mut fetched = Captures::new();
        if let SigningMethod::Fetch(steps) = &self.sign
            && steps.provides_any(&needs.captures)
        {
            let (taken, ends_at) = steps
                .fetch_captures(context, &shared.scope(context, None))
                .await?;
            fetched.extend(taken.as_ref().clone());
            shared.ends_at = ends_at;
        }
        if let Some(steps) = self
            .resolve
            .as_ref()
            .filter(|steps| steps.provides_any(&needs.captures))
        {
            let (taken, _) = steps
                .fetch_captures(context, &shared.scope(context, None))
                .await?;
            fetched.extend(taken.as_ref().clone());
        }
        shared.captures.extend(fetched);
        Ok(())
    }
}

/// Renders each [`Address`] by name, with the caller's parameters where no token holds them. One beside `hls` that lacks an id or a capture is left out.
fn render_urls(
    urls: &[(&str, &Address)],
    params: &[(&str, Value)],
    scope: &Scope<'_>,
) -> Result<BTreeMap<String, String>, InvalidField> {
    let mut out = BTreeMap::new();
    for (name, address) in urls {
        match address.url.render(scope) {
            Ok(mut url) => {
                if address.needs.tokens.is_empty() {
                    append_params(&mut url, params);
                }
                out.insert((*name).to_owned(), url);
            }
            Err(error) if *name == "hls" => return Err(error),
            // Why: a row of an older map may lack a capture, and that must cost the one address alone.
            Err(_) => {}
        }
    }
    Ok(out)
}

/// The error of a [`Policy`] for which the map has no address, or no key.
fn unplayable_error(policy: Policy) -> InvalidField {
    let detail = format!("this provider's map cannot play {} videos", policy.as_str());
    InvalidField::new("playback_policy", detail)
}
