//! Credentials that are generated at first start: API token, webhook secret, signing key.
//!
//! They lie in `credentials.json` (mode 0600). An environment variable of the same meaning replaces each of them.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::DecodingKey;
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{
    folders::Folders,
    ids,
    options::{LocalError, Options},
};
use crate::config::read_pem;

/// The API's base, as the service reaches it.
const API: &str = "VIDEO_LOCAL_API";
/// The base that browsers reach.
const PUBLIC: &str = "VIDEO_LOCAL_PUBLIC";
/// The API token's id, the user of Basic auth.
const TOKEN: &str = "VIDEO_LOCAL_TOKEN";
/// The API token's secret, the password of Basic auth.
const SECRET: &str = "VIDEO_LOCAL_SECRET";
/// The key of webhook signatures; see [`Credentials::webhook_secret`].
const WEBHOOK_SECRET: &str = "VIDEO_LOCAL_WEBHOOK_SECRET";
/// The id of the signing key; see [`Credentials::key_id`].
const SIGNING_KEY: &str = "VIDEO_LOCAL_SIGNING_KEY";
/// The private half of the signing key, in PEM or base64 of it.
const PRIVATE_KEY: &str = "VIDEO_LOCAL_PRIVATE_KEY";

/// The credentials in use: all variables for the action map, and parsed forms of those that requests need. Made by
/// [`Credentials::load`].
pub(crate) struct Credentials {
    /// Values by variable name, such as `VIDEO_LOCAL_TOKEN`.
    variables: BTreeMap<&'static str, SecretString>,
    /// SHA-256 of token and secret. Equal lengths keep a comparison from telling anything.
    basic: [u8; 32],
    webhook_secret: SecretString,
    /// The id of the signing key, which tokens name as `kid`.
    kid: String,
    /// The public half of the signing key, parsed once.
    verifier: DecodingKey,
}

/// The content of `credentials.json`; see [`Folders::credentials_file`].
#[derive(Serialize, Deserialize)]
struct StoredCredentials {
    token: String,
    secret: String,
    webhook_secret: String,
    signing_key: String,
    private_key: String,
}

impl Credentials {
    /// Reads the file, or generates it at first start. Variables in [`Options::env`] replace its values.
    ///
    /// # Errors
    /// [`LocalError::Credential`] for an empty variable, a key that is not RSA of 2048 bits or more, or a file that
    /// is no JSON of this shape; [`LocalError::Folder`] when the file cannot be read or written.
    pub(crate) fn load(folders: &Folders, options: &Options) -> Result<Self, LocalError> {
        let kept = StoredCredentials::read_or_generate(&folders.credentials_file())?;
        let made = [
            (API, options.api_url.clone()),
            (PUBLIC, options.public_url.clone()),
            (TOKEN, kept.token),
            (SECRET, kept.secret),
            (WEBHOOK_SECRET, kept.webhook_secret),
            (SIGNING_KEY, kept.signing_key),
            (PRIVATE_KEY, kept.private_key),
        ];
        let mut plain = BTreeMap::new();
        for (name, value) in made {
            let value = match options.env.get(name) {
                Some(given) if given.trim().is_empty() => {
                    return Err(LocalError::Credential {
                        name: name.into(),
                        problem: "is set but empty",
                    });
                }
                Some(given) => given.clone(),
                None => value,
            };
            plain.insert(name, value);
        }
        Self::from_variables(&plain)
    }

    /// Parses the values of all variables.
    fn from_variables(plain: &BTreeMap<&'static str, String>) -> Result<Self, LocalError> {
        let value = |name: &str| plain.get(name).map(String::as_str).unwrap_or_default();
        Ok(Self {
            basic: digest_pair(value(TOKEN), value(SECRET)),
            webhook_secret: SecretString::from(value(WEBHOOK_SECRET)),
            kid: value(SIGNING_KEY).to_owned(),
            verifier: DecodingKey::from_rsa_der(&derive_public_key(value(PRIVATE_KEY))?),
            variables: plain
                .iter()
                .map(|(name, value)| (*name, SecretString::from(value.as_str())))
                .collect(),
        })
    }

    /// Returns all values that the action map may name, by variable.
    pub(crate) fn variables(&self) -> &BTreeMap<&'static str, SecretString> {
        &self.variables
    }

    /// Returns true for the API token and its secret. Every wrong pair takes the same time.
    pub(crate) fn accepts_token(&self, token: &str, secret: &str) -> bool {
        self.basic.ct_eq(&digest_pair(token, secret)).into()
    }

    /// Returns the key of webhook signatures.
    pub(crate) fn webhook_secret(&self) -> &[u8] {
        self.webhook_secret.expose_secret().as_bytes()
    }

    /// Returns the id of the signing key.
    pub(crate) fn key_id(&self) -> &str {
        &self.kid
    }

    /// Returns the key that verifies the tokens of signed playback ids.
    pub(crate) fn verifier(&self) -> &DecodingKey {
        &self.verifier
    }
}

/// Returns the generated id of the folder's signing key, which tells this folder from others. No environment variable
/// changes it.
pub(crate) fn folder_id(folders: &Folders) -> Result<String, LocalError> {
    Ok(StoredCredentials::read_or_generate(&folders.credentials_file())?.signing_key)
}

impl StoredCredentials {
    /// Reads the file; a missing one is generated and written.
    fn read_or_generate(path: &Path) -> Result<Self, LocalError> {
        let failed = |what: &'static str| {
            move |source: io::Error| LocalError::Folder {
                what,
                path: path.display().to_string(),
                source,
            }
        };
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| LocalError::Credential {
                name: path.display().to_string(),
                problem: "cannot be read; remove it to have new credentials made",
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = Self::generate()?;
                made.write_file(path).map_err(failed("cannot write"))?;
                Ok(made)
            }
            Err(error) => Err(failed("cannot read")(error)),
        }
    }

    /// Generates all credentials.
    fn generate() -> Result<Self, LocalError> {
        Ok(Self {
            token: ids::random_text(36),
            secret: ids::random_text(75),
            webhook_secret: ids::random_text(32).to_ascii_lowercase(),
            signing_key: ids::new_id(),
            private_key: generate_key().map_err(|_| LocalError::Credential {
                name: PRIVATE_KEY.into(),
                problem: "no RSA key could be made",
            })?,
        })
    }

    /// Writes the file through a temporary one, so that it is whole or missing. No other user can read it at any
    /// time.
    fn write_file(&self, path: &Path) -> io::Result<()> {
        let fresh = path.with_extension("new");
        // Why: a crash may have left a temporary file, and `create_new` refuses to replace it.
        let _ = std::fs::remove_file(&fresh);
        let mut file = create_private_file(&fresh)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(fresh, path)
    }
}

/// Creates a file with mode 0600; an existing one is an error.
fn create_private_file(path: &Path) -> io::Result<File> {
    File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Generates an RSA key of 2048 bits, as Mux's are. Returns PEM of its PKCS#8 form, made by [`encode_pem`].
fn generate_key() -> Result<String, aws_lc_rs::error::Unspecified> {
    let pair = KeyPair::generate(KeySize::Rsa2048)?;
    let der: Pkcs8V1Der<'_> = pair.as_der()?;
    Ok(encode_pem(der.as_ref()))
}

/// Returns the PEM form of PKCS#8 bytes: base64 in lines of 64 characters.
fn encode_pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = String::from("-----BEGIN PRIVATE KEY-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
    out + "-----END PRIVATE KEY-----\n"
}

/// Returns the public half (PKCS#1 DER) of a private key. `given` has a form that Mux's clients take: PEM (PKCS#1 or
/// PKCS#8), or base64 of one.
fn derive_public_key(given: &str) -> Result<Vec<u8>, LocalError> {
    let wrong = || LocalError::Credential {
        name: PRIVATE_KEY.into(),
        problem: "must be an RSA private key of 2048 bits or more in PEM, or base64 of one",
    };
    let pem = read_pem(given).ok_or_else(wrong)?;
    let pair = match PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| wrong())? {
        PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
        _ => return Err(wrong()),
    };
    Ok(pair.map_err(|_| wrong())?.public_key().as_ref().to_vec())
}

/// Returns SHA-256 over token, a zero byte and secret.
fn digest_pair(token: &str, secret: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(token)
        // Why a zero byte: without it, bytes could move from the token to the secret.
        .chain_update([0])
        .chain_update(secret)
        .finalize()
        .into()
}
