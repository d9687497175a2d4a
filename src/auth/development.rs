//! Development mode: no auth setting at all, on this machine alone.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use http::{HeaderMap, Uri, header};
use secrecy::SecretString;

use crate::config::Settings;

/// The secret's file, in the data folder.
const SECRET: &str = "development-secret";

/// The guards of development mode: only this machine may call, and nothing may stand in between.
#[derive(Clone, Debug)]
pub struct Development {
    port: u16,
}

/// Development mode is refused.
#[derive(Debug, thiserror::Error)]
pub enum DevelopmentError {
    /// The settings reach further than this machine.
    #[error(
        "without VIDEO_AUTH__JWT_SECRET or auth.jwks the service runs in development mode, which needs {0}: set one of them"
    )]
    NotAllowed(&'static str),
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
    Ok(())
}

impl Development {
    /// Guards for requests that arrive on `port`.
    pub const fn new(port: u16) -> Self {
        Self { port }
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
            Ok(text) if text.len() >= 32 => return Ok(text.into()),
            Ok(_) => {}
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

    /// Whether a request comes straight from this machine, addressed to it.
    pub fn allows(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        let forwarded = |name: &str| name == "forwarded" || name == "via" || name.starts_with("x-forwarded-");
        if headers.keys().any(|name| forwarded(name.as_str())) {
            return false;
        }
        let hosts: Vec<_> = headers.get_all(header::HOST).iter().collect();
        let host = match (hosts.as_slice(), uri.authority()) {
            ([host], None) => host.to_str().unwrap_or_default(),
            ([], Some(authority)) => authority.as_str(),
            ([host], Some(authority)) if host.as_bytes() == authority.as_str().as_bytes() => {
                authority.as_str()
            }
            _ => return false,
        };
        let suffix = format!(":{}", self.port);
        let name = host.strip_suffix(&suffix).or((self.port == 80).then_some(host));
        name.is_some_and(|name| matches!(name, "localhost" | "127.0.0.1" | "[::1]"))
    }
}
