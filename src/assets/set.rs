//! The files of a page, below a path with the digest of all of them.

use std::collections::BTreeMap;

use axum::response::Response;
use http::HeaderMap;
use sha2::{Digest, Sha256};

use super::asset::{Asset, Caching};
use super::media_types::SCRIPT;
use super::pack::{Module, pack_modules};

/// Hexadecimal digits of a digest in an address.
const DIGITS: usize = 16;

/// Files by path, such as `app.js`. They are served as `<digest>/app.js`.
#[derive(Debug)]
pub struct AssetSet {
    digest: String,
    files: BTreeMap<String, Asset>,
}

impl AssetSet {
    /// Makes the set of these files: path, media type and content.
    pub fn new<C: Into<bytes::Bytes>>(files: impl IntoIterator<Item = (String, &'static str, C)>) -> Self {
        let files: BTreeMap<_, _> = files
            .into_iter()
            .map(|(path, kind, content)| (path, Asset::new(kind, content)))
            .collect();
        let mut digest = Sha256::new();
        for (path, asset) in &files {
            digest.update(path.as_bytes());
            digest.update([0]);
            digest.update(Sha256::digest(asset.plain()));
        }
        Self {
            digest: hex::encode(digest.finalize())[..DIGITS].to_owned(),
            files,
        }
    }

    /// Packs the modules of a page ([`pack_modules`]), and adds its other files.
    ///
    /// # Panics
    /// A module has another form. The modules are part of the program, and the tests of each page pack its own.
    #[expect(
        clippy::expect_used,
        reason = "the modules are part of the program, and a test packs them"
    )]
    pub fn of_modules(
        modules: &[Module],
        entries: &[&str],
        main: Option<&str>,
        others: &[(&str, &'static str, String)],
    ) -> Self {
        let scripts = pack_modules(modules, entries, main).expect("the modules have the form that is packed");
        let scripts = scripts.into_iter().map(|(path, text)| (path, SCRIPT, text));
        let others = others
            .iter()
            .map(|(path, kind, text)| ((*path).to_owned(), *kind, text.clone()));
        Self::new(scripts.chain(others))
    }

    /// The digest of all files: the first part of their addresses.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The paths, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Answers a GET for `<digest>/<path>`. `None`: there is no such file.
    ///
    /// The file of another digest is this set's file of that path, and clients keep nothing of it. Why: while a release
    /// is rolled out, a file of one release can name a file that a process of the other release is asked for.
    pub async fn respond(&self, address: &str, request: &HeaderMap) -> Option<Response> {
        let (digest, path) = address.split_once('/')?;
        let is_digest = digest.len() == DIGITS && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        let asset = self.files.get(path).filter(|_| is_digest)?;
        let caching = if digest == self.digest {
            Caching::Immutable
        } else {
            Caching::NoStore
        };
        Some(asset.respond(request, caching).await)
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, header};

    use super::AssetSet;

    fn set(text: &'static str) -> AssetSet {
        AssetSet::new([("a.js".to_owned(), "text/javascript", text)])
    }

    #[tokio::test]
    async fn an_address_is_kept_for_ever_only_with_its_own_digest() {
        let (set, other) = (set("1"), set("2"));
        assert_ne!(set.digest(), other.digest());
        let cached = async |address: String| {
            let answer = set.respond(&address, &HeaderMap::new()).await?;
            Some(
                answer.headers()[header::CACHE_CONTROL]
                    .to_str()
                    .unwrap()
                    .to_owned(),
            )
        };
        let own = cached(format!("{}/a.js", set.digest())).await.unwrap();
        assert!(own.contains("immutable"), "{own}");
        assert_eq!(
            cached(format!("{}/a.js", other.digest())).await.unwrap(),
            "no-store"
        );
        for wrong in [
            "a.js",
            "x/a.js",
            "0123456789abcdeg/a.js",
            "0123456789abcdef/b.js",
            "",
        ] {
            assert_eq!(cached(wrong.to_owned()).await, None, "{wrong}");
        }
    }
}
