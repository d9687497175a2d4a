//! The tokens of one answer: which ones, with which claims, and for which picture.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Playback,
    answer::{Asking, Missing, Shared},
    form::Form,
    sign::Sign,
    thumbnail::{Picture, Thumbnail},
};
use crate::{
    domain::Policy,
    provider::{
        error::CallError,
        signing::{Jwt, TokenTemplate},
        template::Scope,
    },
};

/// Tokens with their names.
pub(super) type Tokens<'a> = Vec<(&'a str, Arc<str>)>;

impl Playback {
    /// The tokens that are returned, and for each picture the tokens that it is rendered with; `None` where one is missing
    /// that is not to be made.
    pub(super) async fn tokens<'a>(
        &'a self,
        asking: &Asking<'_>,
        shared: &Shared,
        picture: Option<(&'a Thumbnail, &'a Form)>,
        only_thumbnails: bool,
    ) -> Result<Option<(Tokens<'a>, Vec<Tokens<'a>>)>, CallError> {
        let sizes = asking.ask.sizes;
        let Sign::Jwt(jwt) = &self.sign else {
            return Ok(Some((Tokens::new(), vec![Tokens::new(); sizes.len()])));
        };
        if asking.subject.playback_policy == Policy::Public || self.off {
            return Ok(Some((Tokens::new(), vec![Tokens::new(); sizes.len()])));
        }
        let none = BTreeSet::new();
        let of_picture = picture.map_or(&none, |(_, form)| &form.needs.tokens);
        let by_size = picture
            .filter(|(thumbnail, _)| thumbnail.in_claims)
            .map(|(thumbnail, _)| thumbnail);
        let mut wanted: Vec<Wanted<'_>> = Vec::new();
        for token in &jwt.tokens {
            let is_of_picture = of_picture.contains(&token.name);
            if is_of_picture && by_size.is_some() && !sizes.is_empty() {
                let params = |width| {
                    by_size.map(|thumbnail| {
                        thumbnail.claims(Picture {
                            time_s: asking.ask.time_s,
                            width,
                        })
                    })
                };
                wanted.extend(sizes.iter().enumerate().map(|(index, (_, width))| Wanted {
                    token,
                    size: Some(index),
                    params: params(*width).unwrap_or_default(),
                }));
            } else if is_of_picture || !only_thumbnails {
                wanted.push(Wanted {
                    token,
                    size: None,
                    params: Vec::new(),
                });
            }
        }
        let signed = sign_all(jwt, &wanted, &shared.scope(asking, None), asking.missing).await?;
        Ok(signed.map(|signed| sort(&wanted, signed, sizes, of_picture)))
    }
}

/// A token to be signed: one for all pictures, or one a size.
struct Wanted<'a> {
    token: &'a TokenTemplate,
    size: Option<usize>,
    params: Vec<(&'a str, u64)>,
}

/// The tokens in order: known ones as they are, the others rendered and signed; `None` where one is missing that is not to
/// be made.
async fn sign_all(
    jwt: &Jwt,
    wanted: &[Wanted<'_>],
    scope: &Scope<'_>,
    if_missing: Missing,
) -> Result<Option<Vec<Arc<str>>>, CallError> {
    let mut tokens = Vec::with_capacity(wanted.len());
    let mut missing = Vec::new();
    for wanted in wanted {
        let key = Jwt::key(wanted.token, &wanted.params, scope)?;
        let known = jwt.signer.known(&key);
        if known.is_none() {
            if if_missing == Missing::LeftOut && jwt.signer.is_slow() {
                return Ok(None);
            }
            missing.push((key, jwt.unsigned(wanted.token, &wanted.params, scope)?));
        }
        tokens.push(known);
    }
    let ahead = if_missing == Missing::SignedAhead;
    let mut fresh = jwt.signer.sign(missing, ahead).await?.into_iter();
    let whole = tokens.into_iter().map(|known| known.or_else(|| fresh.next()));
    Ok(Some(whole.flatten().collect()))
}

/// Sorts the signed tokens into those of the answer and those of each picture; the largest picture's is shown.
fn sort<'a>(
    wanted: &[Wanted<'a>],
    signed: Vec<Arc<str>>,
    sizes: &[(String, u32)],
    of_picture: &BTreeSet<String>,
) -> (Tokens<'a>, Vec<Tokens<'a>>) {
    let largest = sizes
        .iter()
        .enumerate()
        .max_by_key(|(_, (_, width))| *width)
        .map(|(index, _)| index);
    let mut tokens = Tokens::new();
    let mut pictures = vec![Tokens::new(); sizes.len()];
    for (wanted, token) in wanted.iter().zip(signed) {
        let name = &wanted.token.name;
        if let Some(index) = wanted.size {
            pictures[index].push((name, Arc::clone(&token)));
        } else if of_picture.contains(name) {
            for picture in &mut pictures {
                picture.push((name, Arc::clone(&token)));
            }
        }
        if wanted.size.is_none() || wanted.size == largest {
            tokens.push((name, token));
        }
    }
    (tokens, pictures)
}
