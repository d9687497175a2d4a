//! Keys with which tokens of callers are verified: of development mode, of `auth.jwt_secret`, or of `auth.jwks`.

use std::sync::Arc;

use super::data_folder::data_folder;
use super::start_error::StartError;
use crate::auth::{Authenticator, Development, DevelopmentError, Jwks, check_development};
use crate::clock::Clock;
use crate::config::Settings;

/// Returns the secrets of development mode, or `None` where the settings name keys.
///
/// # Errors
/// The settings reach beyond this machine (see [`check_development`]), or the secret's file cannot be made or read.
pub(super) fn begin_development(settings: &Settings) -> Result<Option<Development>, DevelopmentError> {
    if !settings.auth.is_unset() {
        return Ok(None);
    }
    check_development(settings)?;
    Development::new(&data_folder(settings)).map(Some)
}

/// Builds the verifier of tokens. `old` is the one before a reload: its key set stays where the new one cannot be
/// fetched, see [`Jwks::reload`].
///
/// # Errors
/// The key set cannot be loaded.
pub(super) async fn build_authenticator(
    settings: &Settings,
    clock: &Clock,
    development: Option<&Development>,
    old: Option<&Authenticator>,
) -> Result<Authenticator, StartError> {
    let auth = &settings.auth;
    if !auth.jwks.is_empty() {
        let keys = match old {
            None => Arc::new(Jwks::load(&auth.jwks, clock.now()).await?),
            Some(old) => Jwks::reload(&auth.jwks, old.jwks(), clock.now()).await?,
        };
        return Ok(
            Authenticator::by_jwks(keys, &auth.issuer, &auth.audience).requiring_scope(auth.require_scope)
        );
    }
    let secrets = development.map_or_else(|| auth.jwt_secrets.clone(), Development::accepted_secrets);
    Ok(Authenticator::by_secrets(secrets, &auth.issuer, &auth.audience).requiring_scope(auth.require_scope))
}
