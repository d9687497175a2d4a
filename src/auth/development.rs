//! Development mode: no auth setting at all, on this machine alone.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::issue::{Grant, issue};
use crate::config::{Settings, is_loopback_url};

/// The secret's file, in the data folder.
const SECRET: &str = "development-secret";
/// Longest life of a link's token, in hours.
const LINK_TTL_H: i64 = 12;
/// The user of a link's token.
const USER: &str = "dev";

/// The secrets of development mode.
#[derive(Clone, Debug)]
pub struct Development {
    /// In the data folder: what `yourbit-video token` signs with.
    kept: SecretString,
    /// Made at the start and never written down: what it signs ends with the process.
    of_process: SecretString,
}

/// Development mode is refused.
#[derive(Debug, thiserror::Error)]
pub enum DevelopmentError {
    /// The settings reach further than this machine.
    #[error(
        "without VIDEO_AUTH__JWT_SECRET or auth.jwks the service runs in development mode, which needs {0}: set one of them"
    )]
    NotAllowed(&'static str),
    /// There is no page that a link could open.
    #[error("there is no link to the page: {0}")]
    NoLink(&'static str),
    /// The token cannot be signed.
    #[error("the token of the link: {0}")]
    Token(#[from] jsonwebtoken::errors::Error),
    /// The secret cannot be kept.
    #[error("{path}: {error}")]
    Secret {
        /// The secret's file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
}

/// Whether development mode may run under these settings.
///
/// # Errors
/// They reach further than this machine.
pub fn check(settings: &Settings) -> Result<(), DevelopmentError> {
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

/// The address that opens the page with a token of the user `dev`, without any scope, signed by `secret`. The token
/// stands behind the `#`, which no browser sends: servers and proxies never see it.
///
/// # Errors
/// The page is not served, or its port is not known yet.
pub fn link(
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
        sub: USER,
        scope: "",
        issuer: &auth.issuer,
        audience: &auth.audience,
        ttl: chrono::Duration::hours(LINK_TTL_H),
    };
    let token = issue(secret, &grant, now)?;
    if http.path_prefix().is_empty() {
        Ok(format!("http://localhost:{port}/#token={token}"))
    } else {
        // The page's files are there alone.
        Ok(format!("{}/#token={token}", http.public_url))
    }
}

impl Development {
    /// The secrets of a process that begins: the one of `folder`, and one of its own.
    ///
    /// # Errors
    /// The file can be neither read nor made.
    pub fn begin(folder: &Path) -> Result<Self, DevelopmentError> {
        Ok(Self {
            kept: Self::secret(folder)?,
            of_process: hex::encode(rand::random::<[u8; 32]>()).into(),
        })
    }

    /// Both: tokens of either are believed.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        vec![self.kept.clone(), self.of_process.clone()]
    }

    /// The link that a start prints: its token ends with the process, or after twelve hours.
    ///
    /// # Errors
    /// As [`link`].
    pub fn link(&self, settings: &Settings, now: DateTime<Utc>) -> Result<String, DevelopmentError> {
        link(settings, &self.of_process, now)
    }

    /// Whether the secret was made already.
    pub fn has_secret(folder: &Path) -> bool {
        folder.join(SECRET).exists()
    }

    /// The secret of development mode, made at first use, readable by its owner alone.
    ///
    /// # Errors
    /// The file can be neither read nor made.
    pub fn secret(folder: &Path) -> Result<SecretString, DevelopmentError> {
        let path = folder.join(SECRET);
        let fail = |error| DevelopmentError::Secret {
            path: path.display().to_string(),
            error,
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                // Copied or made by another hand, perhaps: `mode` below is for new files alone.
                let mode = std::fs::metadata(&path).map_err(fail)?.permissions().mode();
                if mode & 0o077 != 0 {
                    let own = std::fs::Permissions::from_mode(0o600);
                    std::fs::set_permissions(&path, own).map_err(fail)?;
                }
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
