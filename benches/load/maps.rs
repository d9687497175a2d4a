//! The action maps of the run: Mux's without its rate, and one that asks for the three tokens of the measured peers.

use std::path::Path;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

const MUX: &str = include_str!("../../config/providers/mux.toml");

/// A folder of maps, and the key that they sign with.
pub(crate) struct Maps {
    folder: TempDir,
    key: KeyPair,
}

impl Maps {
    pub(crate) fn write() -> Self {
        let folder = TempDir::new().unwrap();
        let hasty = without(MUX, "rate = ");
        let three = hasty
            .replace(", animated = { aud = \"g\" }", "")
            .replace("signed_params = \"claims\"", "");
        let three = without(&three, "animated = ");
        std::fs::write(folder.path().join("mux.toml"), hasty).unwrap();
        std::fs::write(folder.path().join("three.toml"), three).unwrap();
        Self {
            folder,
            key: KeyPair::generate(KeySize::Rsa2048).unwrap(),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) const fn key(&self) -> &KeyPair {
        &self.key
    }

    /// Base64 of the key's PEM, as Mux shows it.
    pub(crate) fn private_key(&self) -> String {
        let der: Pkcs8V1Der<'_> = self.key.as_der().unwrap();
        let text = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        STANDARD.encode(format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            lines.join("\n")
        ))
    }
}

/// The text without the lines that begin so.
fn without(text: &str, beginning: &str) -> String {
    text.split_inclusive('\n')
        .filter(|line| !line.starts_with(beginning))
        .collect()
}
