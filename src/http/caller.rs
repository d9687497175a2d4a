//! Extractors whose presence is the proof of who calls.

use axum::extract::{FromRequestParts, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header;
use http::request::Parts;

use super::error::ApiError;
use super::peer;
use crate::auth::{Caller, NotBelieved, check_request};
use crate::limits::CallerKey;
use crate::state::AppState;
use crate::telemetry::note_caller;

/// A caller with the scope `video:admin`.
#[derive(Clone, Debug)]
pub(crate) struct Admin(Caller);

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        // The layer that charges requests to their callers has read the token already.
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(caller.clone());
        }
        let refusal = match parts.extensions.get::<NotBelieved>() {
            Some(refusal) => refusal.clone(),
            None => match believe(parts, state).await {
                Ok(caller) => return Ok(caller),
                Err(refusal) => refusal,
            },
        };
        Err(peer::not_believed(state, parts, &refusal))
    }
}

/// Whom the request is charged to: the owner of a valid token, else the address. What is found of the token is noted
/// for the handler: a signature is not checked twice.
pub(crate) async fn charge(parts: &mut Parts, state: &AppState) -> CallerKey {
    if parts.headers.contains_key(header::AUTHORIZATION) {
        match believe(parts, state).await {
            Ok(caller) => {
                let key = CallerKey::owner(caller.owner());
                parts.extensions.insert(caller);
                return key;
            }
            Err(refusal) => {
                parts.extensions.insert(refusal);
            }
        }
    }
    peer::address_of(state, parts).map_or_else(CallerKey::unknown, CallerKey::address)
}

/// Whose request it is, by the one token that it must have.
async fn believe(parts: &Parts, state: &AppState) -> Result<Caller, NotBelieved> {
    let mut given = parts.headers.get_all(header::AUTHORIZATION).iter();
    let value = match (given.next(), given.next()) {
        (None, _) => return Err(NotBelieved::NoHeader),
        (Some(_), Some(_)) => return Err(NotBelieved::SeveralHeaders),
        (Some(value), None) => value.to_str().unwrap_or_default(),
    };
    let (_, token) = value
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .ok_or(NotBelieved::NotBearer)?;
    let caller = state.auth.authenticate(token.trim(), state.clock.now()).await?;
    note_caller();
    Ok(caller)
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        if caller.is_admin() {
            Ok(Self(caller))
        } else {
            Err(ApiError::Forbidden("The scope video:admin is needed."))
        }
    }
}

impl std::ops::Deref for Admin {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

/// Refuses what does not look as if it came straight from this machine: DNS rebinding, forgotten proxies.
pub(crate) async fn development_guard(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match check_request(&parts) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(not_local) => ApiError::DevelopmentOnly(not_local).into_response(),
    }
}
