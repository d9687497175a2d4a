//! The request's caller: authenticated once, and handed to handlers as a type whose presence is the proof.
//!
//! 1. [`admit`](super::admit()) calls [`identify_caller`], which checks the bearer token and leaves the [`Caller`], or
//!    the reason against it, among the request's extensions.
//! 2. A handler that takes a [`Caller`], or one of the [`Permitted`] ones, gets it from there, or the request is refused (401,
//!    403, or 429 where too many tokens from one address failed).

use axum::extract::{FromRequestParts, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header;
use http::request::Parts;

use super::client_ip::{client_address, refuse_token};
use crate::auth::{Act, AuthError, Caller, check_request};
use crate::domain::Video;
use crate::http::problem::ApiError;
use crate::limits::CallerKey;
use crate::state::AppState;
use crate::telemetry::note_caller;

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        // Why: `identify_caller` has checked the token already, and a signature costs too much to check twice.
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(caller.clone());
        }
        let refusal = match parts.extensions.get::<AuthError>() {
            Some(refusal) => refusal.clone(),
            None => match authenticate(parts, state).await {
                Ok(caller) => return Ok(caller),
                Err(refusal) => refusal,
            },
        };
        Err(refuse_token(state, parts, &refusal))
    }
}

/// Returns the key that the request is charged to: the owner of a valid token, else the client's network. The result of
/// the token's check stays among the extensions, for the extractors.
///
/// A bad token is no refusal yet: routes without a [`Caller`] do not need one.
pub(super) async fn identify_caller(parts: &mut Parts, state: &AppState) -> CallerKey {
    if parts.headers.contains_key(header::AUTHORIZATION) {
        match authenticate(parts, state).await {
            Ok(caller) => {
                let key = CallerKey::for_owner(caller.owner());
                parts.extensions.insert(caller);
                return key;
            }
            Err(refusal) => {
                parts.extensions.insert(refusal);
            }
        }
    }
    client_address(state, parts).map_or_else(CallerKey::unknown, CallerKey::for_address)
}

/// Checks the bearer token, of which there must be exactly one.
async fn authenticate(parts: &Parts, state: &AppState) -> Result<Caller, AuthError> {
    let mut given = parts.headers.get_all(header::AUTHORIZATION).iter();
    let value = match (given.next(), given.next()) {
        (None, _) => return Err(AuthError::NoHeader),
        (Some(_), Some(_)) => return Err(AuthError::SeveralHeaders),
        (Some(value), None) => value.to_str().unwrap_or_default(),
    };
    let (_, token) = value
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .ok_or(AuthError::NotBearer)?;
    let caller = state.auth.authenticate(token.trim(), state.clock.now()).await?;
    note_caller();
    Ok(caller)
}

/// A caller whose scopes permit one kind of [`Act`]: with its own videos, with any, or with those of its claim `videos`.
pub(crate) trait Permitted {
    /// What it may do.
    const ACT: Act;

    /// Returns the caller.
    fn caller(&self) -> &Caller;

    /// Returns whether it may do so with this video.
    fn reaches(&self, video: &Video) -> bool {
        self.caller().may_with(Self::ACT, video)
    }
}

/// Declares extractors of [`Permitted`] callers. Each refuses (403) a token whose scopes permit nothing of the kind, before
/// anything is looked up: the refusal says nothing of what exists.
macro_rules! permitted {
    ($($(#[doc = $doc:literal])* $name:ident $act:ident;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        pub(crate) struct $name(Caller);

        impl Permitted for $name {
            const ACT: Act = Act::$act;

            fn caller(&self) -> &Caller {
                &self.0
            }
        }

        impl FromRequestParts<AppState> for $name {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
                let caller = Caller::from_request_parts(parts, state).await?;
                if caller.may(Act::$act) {
                    Ok(Self(caller))
                } else {
                    Err(ApiError::Forbidden(caller.refusal(Act::$act)))
                }
            }
        }

        impl std::ops::Deref for $name {
            type Target = Caller;

            fn deref(&self) -> &Caller {
                &self.0
            }
        }
    )*};
}

permitted! {
    /// A caller that may begin uploads.
    Uploader Upload;
    /// A caller that may see videos.
    Viewer See;
    /// A caller that may call uploads off.
    Canceller Cancel;
    /// A caller that may change and delete videos.
    Editor Change;
    /// A caller that may play videos.
    Player Play;
    /// A caller that may use what is below `/v1/admin`.
    Admin Administer;
}

/// The layer of development mode: refuses (403) every request that does not look as if it came straight from this
/// machine, against DNS rebinding and forgotten proxies ([`check_request`]).
pub(crate) async fn development_guard(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match check_request(&parts) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(not_local) => ApiError::DevelopmentOnly(not_local).into_response(),
    }
}
