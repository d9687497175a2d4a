//! The tokens of one answer: which ones, with which claims, and for which picture.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;

use super::{
    method::SigningMethod,
    request::{AnswerParts, OnMissingSignature, PlaybackContext},
    request::{AnswerValues, Tokens},
    section::Playback,
    thumbnail::Picture,
};
use crate::{
    domain::{Pictures, Policy},
    provider::{
        error::CallError,
        signing::{Jwt, TokenTemplate},
        template::Scope,
    },
};

/// The signed tokens of one [`PlaybackUrls`](super::PlaybackUrls).
pub(super) struct AnswerTokens<'a> {
    /// Tokens that the answer shows, and that its addresses are rendered with.
    pub(super) shown: Tokens<'a>,
    /// Tokens that each picture is rendered with, in the order of the sizes.
    pub(super) by_picture: Vec<Tokens<'a>>,
}

impl AnswerTokens<'_> {
    /// Makes the answer's tokens where nothing is signed.
    fn none(pictures: usize) -> Self {
        Self {
            shown: Tokens::new(),
            by_picture: vec![Tokens::new(); pictures],
        }
    }
}

impl Playback {
    /// Looks up or signs the [`AnswerTokens`]. `None` if one is missing that [`OnMissingSignature`] forbids to sign
    /// now.
    ///
    /// A public video has none. If the map puts the parameters of pictures into claims, a token of the picture is made
    /// once for each size.
    pub(super) async fn sign_tokens(
        &self,
        context: &PlaybackContext<'_>,
        shared: &AnswerValues,
    ) -> Result<Option<AnswerTokens<'_>>, CallError> {
        let sizes = context.request.sizes;
        let SigningMethod::Jwt(jwt) = &self.sign else {
            return Ok(Some(AnswerTokens::none(sizes.len())));
        };
        let (policy, pictures) = (context.subject.playback_policy, context.subject.pictures);
        if policy == Policy::Public || self.signing_off {
            return Ok(Some(AnswerTokens::none(sizes.len())));
        }
        let picture = self.answer_thumbnail(policy, pictures);
        let none = BTreeSet::new();
        let of_picture = picture.map_or(&none, |(_, address)| &address.needs.tokens);
        let by_size = picture
            .filter(|(thumbnail, _)| thumbnail.in_claims)
            .map(|(thumbnail, _)| thumbnail);
        let given = self.params.translate(context.request.params)?;
        let mut wanted: Vec<WantedToken<'_>> = Vec::new();
        let has_all = pictures == Pictures::Moving;
        let has_files = self.file_needs(context).is_some();
        let has_tracks = self.track_needs(context).is_some();
        // Why: a signature costs more than all else of an answer, and most videos have no files and no tracks.
        let useful = |token: &&TokenTemplate| match self.part_tokens.get(&token.name) {
            Some(parts) => (parts.files && has_files) || (parts.tracks && has_tracks),
            None => has_all || !self.is_useless_token(&token.name, policy, pictures),
        };
        for token in jwt.tokens.iter().filter(useful) {
            let own = if self.params.tokens.contains(&token.name) {
                given.as_slice()
            } else {
                &[]
            };
            let is_of_picture = of_picture.contains(&token.name);
            if is_of_picture && by_size.is_some() && !sizes.is_empty() {
                let params = |width| {
                    let picture = Picture {
                        time_s: context.request.time_s,
                        width,
                    };
                    let of_picture = by_size.map(|thumbnail| thumbnail.url_params(picture));
                    let of_picture = of_picture.unwrap_or_default().into_iter();
                    let of_picture = of_picture.map(|(name, value)| (name, Value::from(value)));
                    own.iter().cloned().chain(of_picture).collect()
                };
                wanted.extend(sizes.iter().enumerate().map(|(index, (_, width))| WantedToken {
                    token,
                    size: Some(index),
                    params: params(*width),
                }));
            } else if is_of_picture || context.parts == AnswerParts::All {
                wanted.push(WantedToken {
                    token,
                    size: None,
                    params: own.to_vec(),
                });
            }
        }
        let signed = sign_all(jwt, &wanted, &shared.scope(context, None), context.on_missing).await?;
        Ok(signed.map(|signed| assign_tokens(&wanted, signed, sizes, of_picture)))
    }
}

/// A token of the answer: its [`TokenTemplate`], and the picture that it is for.
struct WantedToken<'a> {
    token: &'a TokenTemplate,
    /// Index of the one size that the token is for; `None` if it serves all pictures, or none.
    size: Option<usize>,
    /// Claims of the caller's parameters and of that size.
    params: Vec<(&'a str, Value)>,
}

/// Returns the tokens in order: cached ones as they are, the others rendered and signed. `None` if one is missing that
/// [`OnMissingSignature`] forbids to sign now.
async fn sign_all(
    jwt: &Jwt,
    wanted: &[WantedToken<'_>],
    scope: &Scope<'_>,
    on_missing: OnMissingSignature,
) -> Result<Option<Vec<Arc<str>>>, CallError> {
    let mut tokens = Vec::with_capacity(wanted.len());
    let mut missing = Vec::new();
    for wanted in wanted {
        let key = Jwt::cache_key(wanted.token, &wanted.params, scope)?;
        let cached = jwt.signer.cached_token(&key);
        if cached.is_none() {
            // Why only a slow key: signing with a quick one takes less than waiting for a permit.
            if on_missing == OnMissingSignature::ReturnNone && jwt.signer.is_slow() {
                return Ok(None);
            }
            missing.push((key, jwt.unsigned_text(wanted.token, &wanted.params, scope)?));
        }
        tokens.push(cached);
    }
    let ahead = on_missing == OnMissingSignature::SignAhead;
    let mut fresh = jwt.signer.sign_missing(missing, ahead).await?.into_iter();
    let all = tokens.into_iter().map(|cached| cached.or_else(|| fresh.next()));
    Ok(Some(all.flatten().collect()))
}

/// Assigns signed tokens ([`AnswerTokens`]) to the answer and to its pictures. Of a token that is made once a size, the
/// answer shows the one of the widest picture.
fn assign_tokens<'a>(
    wanted: &[WantedToken<'a>],
    signed: Vec<Arc<str>>,
    sizes: &[(String, u32)],
    of_picture: &BTreeSet<String>,
) -> AnswerTokens<'a> {
    let widest = sizes
        .iter()
        .enumerate()
        .max_by_key(|(_, (_, width))| *width)
        .map(|(index, _)| index);
    let mut tokens = AnswerTokens::none(sizes.len());
    for (wanted, token) in wanted.iter().zip(signed) {
        let name = &wanted.token.name;
        if let Some(index) = wanted.size {
            tokens.by_picture[index].push((name, Arc::clone(&token)));
        } else if of_picture.contains(name) {
            for picture in &mut tokens.by_picture {
                picture.push((name, Arc::clone(&token)));
            }
        }
        if wanted.size.is_none() || wanted.size == widest {
            tokens.shown.push((name, token));
        }
    }
    tokens
}
