//! Development mode: the service without any auth setting, for this machine alone.
//!
//! It has two secrets. One is in the data folder, so that `yourbit-video token` signs tokens for a running service. The
//! other is made at each start: the link that the start prints is signed with it and ends with the process.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::issue::{Grant, issue_token};
use crate::config::{Settings, is_loopback_url};

/// Name of the secret's file in the data folder.
const SECRET_FILE: &str = "development-secret";
/// Life of a link's token, in hours.
const LINK_TTL_H: i64 = 12;
/// Subject of a link's token.
const LINK_USER: &str = "dev";

/// The secrets of development mode.
#[derive(Clone, Debug)]
pub struct Development {
    /// The secret in the data folder, which `yourbit-video token` signs with.
    stored: SecretString,
    /// The secret of this process, which is never written down: its tokens end with the process.
    ephemeral: SecretString,
}

/// Development mode is refused, or its secret or link cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum DevelopmentError {
    /// The settings reach further than this machine.
    #[error(
        "without VIDEO_AUTH__JWT_SECRET or auth.jwks the service runs in development mode, which needs {0}: set one of them"
    )]
    NotAllowed(&'static str),
    /// The page that a link would open is not served, or its port is not known.
    #[error("there is no link to the page: {0}")]
    NoLink(&'static str),
    /// The token cannot be signed.
    #[error("the token of the link: {0}")]
    Token(#[from] jsonwebtoken::errors::Error),
    /// The secret's file cannot be read or written.
    #[error("{path}: {error}")]
    Secret {
        /// Path of the secret's file.
        path: String,
        /// The cause.
        error: std::io::Error,
    },
}

/// Checks that development mode may run under these [`Settings`]: nothing in them reaches further than this machine.
///
/// # Errors
/// The first setting that does: [`DevelopmentError::NotAllowed`].
pub fn check_development(settings: &Settings) -> Result<(), DevelopmentError> {
    if !settings.http.listen.ip().is_loopback() {
        return Err(DevelopmentError::NotAllowed(
            "http.listen to be a loopback address such as 127.0.0.1:8080",
        ));
    }
    if settings.database.require_postgres || !settings.database.is_sqlite() {
        return Err(DevelopmentError::NotAllowed("a SQLite database"));
    }
    for (url, needed) in [
        (
            &settings.http.public_url,
            "http.public_url to be a loopback address such as http://localhost:8080, or to be left out",
        ),
        (
            &settings.local.public_url,
            "local.public_url to be a loopback address, or to be left out",
        ),
    ] {
        if !url.is_empty() && !is_loopback_url(url) {
            return Err(DevelopmentError::NotAllowed(needed));
        }
    }
    Ok(())
}

/// Returns the address that opens the page with a token of the user `dev`, without any scope, signed by `secret`. The
/// token is behind the `#`, which no browser sends: servers and proxies never see it.
///
/// # Errors
/// The page is not served, or its port is not known yet.
pub fn page_link(
    settings: &Settings,
    secret: &SecretString,
    now: DateTime<Utc>,
) -> Result<String, DevelopmentError> {
    let (http, auth) = (&settings.http, &settings.auth);
    if !http.console {
        return Err(DevelopmentError::NoLink("http.console is off"));
    }
    let port = http.listen.port();
    if port == 0 {
        return Err(DevelopmentError::NoLink(
            "http.listen has port 0, which is chosen at the start; the start printed a link",
        ));
    }
    let grant = Grant {
        sub: LINK_USER,
        scope: "",
        issuer: &auth.issuer,
        audience: &auth.audience,
        ttl: chrono::Duration::hours(LINK_TTL_H),
        claims: serde_json::Map::new(),
    };
    let token = issue_token(secret, &grant, now)?;
    if http.path_prefix().is_empty() {
        Ok(format!("http://localhost:{port}/#token={token}"))
    } else {
        // Why: with a path in front, the page's files are at the public address alone.
        Ok(format!("{}/#token={token}", http.public_url))
    }
}

impl Development {
    /// Makes the secrets of a process that starts: the stored one of `folder`, and a new one.
    ///
    /// # Errors
    /// The file can be neither read nor made.
    pub fn new(folder: &Path) -> Result<Self, DevelopmentError> {
        Ok(Self {
            stored: Self::stored_secret(folder)?,
            ephemeral: hex::encode(rand::random::<[u8; 32]>()).into(),
        })
    }

    /// Returns both secrets: a token by either is accepted.
    pub(crate) fn accepted_secrets(&self) -> Vec<SecretString> {
        vec![self.stored.clone(), self.ephemeral.clone()]
    }

    /// Returns the link ([`page_link`]) that a start prints. Its token ends with the process, or after twelve hours.
    ///
    /// # Errors
    /// The errors of [`page_link`].
    pub fn link(&self, settings: &Settings, now: DateTime<Utc>) -> Result<String, DevelopmentError> {
        page_link(settings, &self.ephemeral, now)
    }

    /// Returns whether the folder has a secret already.
    pub fn has_secret(folder: &Path) -> bool {
        folder.join(SECRET_FILE).exists()
    }

    /// Returns the stored secret. Makes it at first use, in a file that its owner alone can read. A file with wider
    /// rights is narrowed, and one with fewer than 32 bytes is replaced.
    ///
    /// # Errors
    /// The file can be neither read nor made.
    pub fn stored_secret(folder: &Path) -> Result<SecretString, DevelopmentError> {
        let path = folder.join(SECRET_FILE);
        let fail = |error| DevelopmentError::Secret {
            path: path.display().to_string(),
            error,
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                // Why: the file may have been copied; the mode below is for new files alone.
                let mode = std::fs::metadata(&path).map_err(fail)?.permissions().mode();
                if mode & 0o077 != 0 {
                    let own = std::fs::Permissions::from_mode(0o600);
                    std::fs::set_permissions(&path, own).map_err(fail)?;
                }
                // Why 32 bytes: as many as a tag of HS256 has. A shorter text is no secret that this function wrote
                // whole.
                if text.len() >= 32 {
                    return Ok(text.into());
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(fail(error)),
        }
        std::fs::create_dir_all(folder).map_err(fail)?;
        let secret = hex::encode(rand::random::<[u8; 32]>());
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(fail)?;
        file.write_all(secret.as_bytes()).map_err(fail)?;
        Ok(secret.into())
    }
}
