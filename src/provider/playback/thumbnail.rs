//! `[thumbnail]`: pictures of a video.

use super::{
    address::{Address, AddressPair},
    method::SigningMethod,
};
use crate::provider::{
    compile::{Constants, Location},
    error::{InvalidField, MapError},
    template::{Place, Scope, percent_encode},
    vocabulary::{SignedParamsWord, ThumbnailTable, TimeFormatWord},
};

/// `[thumbnail]`, compiled.
pub(crate) struct Thumbnail {
    pub(crate) addresses: AddressPair,
    /// The provider's name for the parameter of the time; `None` if it takes none.
    time: Option<String>,
    /// The provider's name for the parameter of the width; `None` if it takes none.
    width: Option<String>,
    /// The time is written `12s` instead of `12`.
    as_duration: bool,
    /// The parameters of a signed picture stand in the claims of its tokens, and not in the query.
    pub(crate) in_claims: bool,
}

/// The parameters of one picture, for [`Thumbnail::url_params`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture {
    /// Position in the video, in whole seconds; `None` leaves the choice to the provider.
    pub(crate) time_s: Option<u64>,
    /// Width in pixels.
    pub(crate) width: u32,
}

impl Thumbnail {
    /// Compiles the table. Its URL stands at the [`Place`] of public addresses or of signed ones, as [`AddressPair`] has
    /// it.
    ///
    /// # Errors
    /// [`MapError`]: a part is malformed, or the parameters cannot be claims.
    pub(super) fn compile(
        declared: ThumbnailTable,
        at: &Location,
        places: (&Place, &Place),
        sign: &SigningMethod,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let this = Self {
            addresses: AddressPair::compile(declared.url, at, "url", places, constants)?,
            time: declared.params.time,
            width: declared.params.width,
            as_duration: declared.time_format == TimeFormatWord::Duration,
            in_claims: declared.signed_params == SignedParamsWord::Claims,
        };
        if this.in_claims {
            this.check_claims(at, sign)?;
        }
        Ok(this)
    }

    /// Checks that parameters can be claims: the signed address has a token, and no claim of it has such a name.
    fn check_claims(&self, at: &Location, sign: &SigningMethod) -> Result<(), MapError> {
        let tokens = self
            .addresses
            .get(crate::domain::Policy::Signed)
            .map(|address| &address.needs.tokens);
        let (SigningMethod::Jwt(jwt), Some(tokens)) = (sign, tokens.filter(|tokens| !tokens.is_empty()))
        else {
            return Err(at.error("signed_params", "claims need a {token.x} in url.signed"));
        };
        let taken = jwt.claim_names(tokens);
        match self
            .time
            .iter()
            .chain(&self.width)
            .find(|name| taken.contains(name.as_str()))
        {
            Some(name) => Err(at.error("params", format!("`{name}` is a claim of the token already"))),
            None => Ok(()),
        }
    }

    /// Returns the parameters that the provider takes, time before width.
    pub(crate) fn url_params(&self, picture: Picture) -> Vec<(&str, u64)> {
        let time = self.time.as_deref().zip(picture.time_s);
        let width = self.width.as_deref().map(|name| (name, u64::from(picture.width)));
        time.into_iter().chain(width).collect()
    }

    /// Renders the picture's URL, with the parameters in its query unless they are claims.
    ///
    /// # Errors
    /// [`InvalidField`]: a placeholder of the address has no value.
    pub(crate) fn render_url(
        &self,
        address: &Address,
        picture: Picture,
        scope: &Scope<'_>,
    ) -> Result<String, InvalidField> {
        let mut url = address.url.render(scope)?;
        // Why only a signed one: a public picture has no token that could carry the parameters.
        if self.in_claims && address.is_signed() {
            return Ok(url);
        }
        for (name, value) in self.url_params(picture) {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.extend(percent_encode(name));
            url.push('=');
            url.push_str(&value.to_string());
            if self.as_duration && Some(name) == self.time.as_deref() {
                url.push('s');
            }
        }
        Ok(url)
    }
}
