//! `[thumbnail]`: pictures of a video.

use super::{
    form::{Form, Forms},
    sign::Sign,
};
use crate::provider::{
    compile::{Constants, Reader},
    error::{InvalidField, MapError},
    template::{Place, Scope, encode},
};

/// `[thumbnail]`, compiled.
pub(crate) struct Thumbnail {
    pub(crate) forms: Forms,
    /// The provider's names of our parameters.
    time: Option<String>,
    width: Option<String>,
    /// `12s` instead of `12`.
    as_duration: bool,
    /// The parameters of a signed picture stand in its tokens.
    pub(crate) in_claims: bool,
}

/// What one picture is to show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture {
    /// Whole seconds.
    pub(crate) time_s: Option<u64>,
    /// Pixels.
    pub(crate) width: u32,
}

impl Thumbnail {
    pub(super) fn compile(
        mut at: Reader,
        public: &Place,
        signed: &Place,
        sign: &Sign,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let url = at.need("url")?;
        let forms = Forms::compile(&at, "url", url, public, signed, constants)?;
        let (mut time, mut width) = (None, None);
        if let Some(mut params) = at.table("params")? {
            time = params.text("time")?;
            width = params.text("width")?;
            params.finish()?;
        }
        let as_duration = at
            .choice("time_format", &[("seconds", false), ("duration", true)])?
            .unwrap_or(false);
        let in_claims = at
            .choice("signed_params", &[("query", false), ("claims", true)])?
            .unwrap_or(false);
        let this = Self {
            forms,
            time,
            width,
            as_duration,
            in_claims,
        };
        if in_claims {
            this.check_claims(&at, sign)?;
        }
        at.finish()?;
        Ok(this)
    }

    fn check_claims(&self, at: &Reader, sign: &Sign) -> Result<(), MapError> {
        let tokens = self
            .forms
            .get(crate::domain::Policy::Signed)
            .map(|form| &form.needs.tokens);
        let (Sign::Jwt(jwt), Some(tokens)) = (sign, tokens.filter(|tokens| !tokens.is_empty())) else {
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

    /// The parameters as claims.
    pub(crate) fn claims(&self, picture: Picture) -> Vec<(&str, u64)> {
        let time = self.time.as_deref().zip(picture.time_s);
        let width = self.width.as_deref().map(|name| (name, u64::from(picture.width)));
        time.into_iter().chain(width).collect()
    }

    /// The picture's address, time before width in its query.
    pub(crate) fn render(
        &self,
        form: &Form,
        picture: Picture,
        scope: &Scope<'_>,
    ) -> Result<String, InvalidField> {
        let mut url = form.url.render(scope)?;
        if self.in_claims && form.is_signed() {
            return Ok(url);
        }
        for (name, value) in self.claims(picture) {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.extend(encode(name));
            url.push('=');
            url.push_str(&value.to_string());
            if self.as_duration && Some(name) == self.time.as_deref() {
                url.push('s');
            }
        }
        Ok(url)
    }
}
