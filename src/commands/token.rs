//! `yourbit-video token`: prints a token for a user, to try the service with.

use std::time::Duration;

use clap::Args;
use secrecy::SecretString;

use super::error::CommandError;
use super::print;
use crate::app::{StartError, data_folder};
use crate::auth::{Caller, Development, Grant, check_development, issue_token, page_link};
use crate::clock::Clock;
use crate::config::Settings;

/// Scopes that a token may have.
const SCOPES: [&str; 2] = [Caller::PLAY, Caller::ADMIN];

#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    /// The user that the token speaks for: the owner of what it makes.
    #[arg(long, value_name = "USER", required_unless_present = "link")]
    sub: Option<String>,
    /// What it may do besides: video:play, video:admin, or both, space-separated.
    #[arg(long, default_value = "")]
    scope: String,
    /// How long it lives, such as 90s, 1h or 7d.
    #[arg(long, default_value = "1h", value_parser = humantime::parse_duration)]
    ttl: Duration,
    /// Development mode: print the link that opens the page as the user dev, for twelve hours.
    #[arg(long, conflicts_with_all = ["sub", "scope", "ttl"])]
    link: bool,
}

/// Prints the token, or the link, and nothing else: scripts read it.
pub(super) fn print_token(settings: &Settings, args: &TokenArgs) -> Result<(), CommandError> {
    let clock = Clock::system();
    let Some(sub) = args.sub.as_deref().filter(|_| !args.link) else {
        if !settings.auth.is_unset() {
            return Err("--link is for development mode, and here callers' tokens are configured: your application makes \
                        them, or yourbit-video token --sub USER"
                .into());
        }
        return Ok(print::print_line(page_link(
            settings,
            &signing_secret(settings)?,
            clock.now(),
        )?)?);
    };
    if !(1..=128).contains(&sub.chars().count()) {
        return Err("--sub must have 1 to 128 characters".into());
    }
    if args.ttl < Duration::from_secs(1) {
        return Err("--ttl must be at least 1s: such a token would be over before it is used".into());
    }
    if let Some(unknown) = args
        .scope
        .split_ascii_whitespace()
        .find(|scope| !SCOPES.contains(scope))
    {
        return Err(format!(
            "--scope: \"{unknown}\" is not known; allowed: {}",
            SCOPES.join(", ")
        )
        .into());
    }
    Ok(print::print_line(sign_token(settings, sub, args, &clock)?)?)
}

/// Signs a token for `sub` with the options of the command line, as a [`Grant`].
fn sign_token(
    settings: &Settings,
    sub: &str,
    args: &TokenArgs,
    clock: &Clock,
) -> Result<String, CommandError> {
    let grant = Grant {
        sub,
        scope: &args.scope,
        issuer: &settings.auth.issuer,
        audience: &settings.auth.audience,
        ttl: chrono::Duration::from_std(args.ttl)?,
    };
    Ok(issue_token(&signing_secret(settings)?, &grant, clock.now())?)
}

/// Returns the first configured secret, or the stored one of development mode ([`Development::stored_secret`]) where
/// none is configured.
///
/// # Errors
/// A key set is configured, so that no secret here can sign; or development mode is refused.
fn signing_secret(settings: &Settings) -> Result<SecretString, CommandError> {
    if !settings.auth.jwks.is_empty() {
        return Err(
            "auth.jwks is set: tokens come from your identity provider, which alone has the private key"
                .into(),
        );
    }
    if let Some(first) = settings.auth.jwt_secrets.first() {
        return Ok(first.clone());
    }
    check_development(settings).map_err(StartError::from)?;
    let folder = data_folder(settings);
    // Why before the next line: it makes the secret where there is none.
    let fresh = !Development::has_secret(&folder);
    let secret = Development::stored_secret(&folder)?;
    if fresh {
        let folder = folder.canonicalize().unwrap_or(folder);
        // Why on standard error: scripts read the token from standard output.
        eprintln!(
            "note: no service has run on {0} yet, so a new development secret was made there. A service that runs \
             elsewhere will refuse this token: type this command in its folder, or with its settings.",
            folder.display()
        );
    }
    Ok(secret)
}
