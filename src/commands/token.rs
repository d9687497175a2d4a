//! `yourbit-video token`: prints a token for a user, to try the service with.

use std::time::Duration;

use clap::Args;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::error::CommandError;
use super::print;
use crate::app::{StartError, data_folder};
use crate::auth::{Development, Grant, Scope, check_development, issue_token, page_link};
use crate::clock::Clock;
use crate::config::Settings;
use crate::domain::is_content_pattern;

#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    /// The user that the token speaks for: the owner of what it makes.
    #[arg(long, value_name = "USER", required_unless_present = "link")]
    sub: Option<String>,
    /// What it may do, space-separated; left out: everything with the user's own videos.
    ///
    /// video:own (that too, beside others), video:upload (begin uploads, see and cancel them), video:read (see any video),
    /// video:play (play any video), video:admin (everything). A token that plays others' videos and owns some needs
    /// "video:own video:play": since 0.5.0 video:play alone uploads nothing.
    #[arg(long, default_value = "", verbatim_doc_comment)]
    scope: String,
    /// The only videos that video:read and video:play open, comma-separated ids; at most 100.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    videos: Vec<Uuid>,
    /// Largest file that it may upload, in bytes.
    #[arg(long, value_name = "BYTES")]
    max_bytes: Option<u64>,
    /// Longest video that it may make, such as 90s or 10m.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    max_duration: Option<Duration>,
    /// Media types that it may upload, comma-separated, such as "video/*,audio/mpeg".
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    content_types: Vec<String>,
    /// Uploads that it may begin.
    #[arg(long, value_name = "NUMBER")]
    count: Option<u64>,
    /// How long it lives, such as 90s, 1h or 7d.
    #[arg(long, default_value = "1h", value_parser = humantime::parse_duration)]
    ttl: Duration,
    /// Development mode: print the link that opens the page as the user dev, for twelve hours.
    #[arg(long, conflicts_with_all = ["sub", "scope", "ttl", "videos", "max_bytes", "max_duration", "content_types", "count"])]
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
    check_options(args)?;
    Ok(print::print_line(sign_token(settings, sub, args, &clock)?)?)
}

/// Checks the options whose values a service would refuse.
fn check_options(args: &TokenArgs) -> Result<(), CommandError> {
    let mut scopes = args.scope.split_ascii_whitespace();
    if let Some(unknown) = scopes.find(|scope| Scope::parse(scope).is_none()) {
        let known = Scope::ALL.map(Scope::as_str).join(", ");
        return Err(format!("--scope: \"{unknown}\" is not known; allowed: {known}").into());
    }
    if args.videos.len() > 100 {
        return Err("--videos: at most 100 ids".into());
    }
    if let Some(bad) = args.content_types.iter().find(|text| !is_content_pattern(text)) {
        let what = "must be a media type in lower case, such as video/mp4 or video/*";
        return Err(format!("--content-types: \"{bad}\" {what}").into());
    }
    if args.max_bytes == Some(0) || args.max_duration.is_some_and(|time| time.as_secs() == 0) {
        return Err("--max-bytes and --max-duration: at least 1 and 1s; left out: no limit".into());
    }
    Ok(())
}

/// Returns the claims besides the registered ones, of those options that are given.
fn further_claims(args: &TokenArgs, clock: &Clock) -> Map<String, Value> {
    let mut upload = Map::new();
    let mut limit = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            upload.insert(name.to_owned(), value);
        }
    };
    limit("max_bytes", args.max_bytes.map(Into::into));
    limit(
        "max_duration_s",
        args.max_duration.map(|time| time.as_secs().into()),
    );
    limit(
        "content_types",
        (!args.content_types.is_empty()).then(|| json!(args.content_types)),
    );
    limit("count", args.count.map(Into::into));
    let mut claims = Map::new();
    if !upload.is_empty() {
        claims.insert("upload".to_owned(), upload.into());
    }
    if args.count.is_some() {
        // Why: uploads of a token are counted by it.
        claims.insert("jti".to_owned(), clock.new_id().to_string().into());
    }
    if !args.videos.is_empty() {
        claims.insert("videos".to_owned(), json!(args.videos));
    }
    claims
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
        claims: further_claims(args, clock),
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
