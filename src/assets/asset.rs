//! One embedded file.

use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use super::encoding::Encoding;

/// How long clients may use a file without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caching {
    /// Not at all: they ask each time, and get a 304 where nothing changed.
    Revalidate,
    /// For a year: the address changes with the content.
    Immutable,
    /// They keep nothing.
    NoStore,
}

impl Caching {
    fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Revalidate => "no-cache",
            Self::Immutable => "public, max-age=31536000, immutable",
            Self::NoStore => "no-store",
        })
    }
}

/// A file: its media type and its content, and its compressed forms once they were asked for. A clone shares them.
#[derive(Clone, Debug)]
pub struct Asset(Arc<Content>);

#[derive(Debug)]
struct Content {
    content_type: &'static str,
    plain: Bytes,
    etag: HeaderValue,
    brotli: OnceLock<Option<Bytes>>,
    gzip: OnceLock<Option<Bytes>>,
}

impl Content {
    /// The place of one compressed form.
    const fn compressed(&self, encoding: Encoding) -> &OnceLock<Option<Bytes>> {
        match encoding {
            Encoding::Brotli => &self.brotli,
            Encoding::Gzip => &self.gzip,
        }
    }
}

impl Asset {
    /// Makes a file. `content_type` is sent as it is.
    pub fn new(content_type: &'static str, content: impl Into<Bytes>) -> Self {
        let plain = content.into();
        // Why a weak tag: the encodings of a file share it.
        let tag = format!("W/\"{}\"", hex::encode(&Sha256::digest(&plain)[..12]));
        Self(Arc::new(Content {
            content_type,
            etag: HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("W/\"\"")),
            plain,
            brotli: OnceLock::new(),
            gzip: OnceLock::new(),
        }))
    }

    /// The content, not compressed.
    pub fn plain(&self) -> &Bytes {
        &self.0.plain
    }

    /// Answers a GET with the headers `request`: 304 where `If-None-Match` names the content, else 200.
    pub async fn respond(&self, request: &HeaderMap, caching: Caching) -> Response {
        let kept = [
            (header::CACHE_CONTROL, caching.header()),
            (header::ETAG, self.0.etag.clone()),
            (header::VARY, HeaderValue::from_static("Accept-Encoding")),
            nosniff(),
        ];
        if request
            .get(header::IF_NONE_MATCH)
            .is_some_and(|tags| self.is_named(tags))
        {
            return (StatusCode::NOT_MODIFIED, kept).into_response();
        }
        let kind = [(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.0.content_type),
        )];
        let Some((encoding, content)) = self.encoded(request).await else {
            return (kept, kind, Body::from(self.0.plain.clone())).into_response();
        };
        let encoding = [(
            header::CONTENT_ENCODING,
            HeaderValue::from_static(encoding.name()),
        )];
        (kept, kind, encoding, Body::from(content)).into_response()
    }

    /// Returns the compressed content in the encoding that the client likes best. `None`: it takes none.
    async fn encoded(&self, request: &HeaderMap) -> Option<(Encoding, Bytes)> {
        let encoding = Encoding::accepted(request)?;
        if let Some(known) = self.0.compressed(encoding).get() {
            return known.clone().map(|content| (encoding, content));
        }
        // Why on a thread for blocking work: a large script takes a tenth of a second. Once a file and encoding: whoever
        // comes meanwhile waits for the same result.
        let content = Arc::clone(&self.0);
        let compressed = spawn_blocking(move || {
            let place = content.compressed(encoding);
            place.get_or_init(|| encoding.compress(&content.plain)).clone()
        });
        Some((encoding, compressed.await.ok()??))
    }

    /// Returns whether an `If-None-Match` names this content.
    fn is_named(&self, tags: &HeaderValue) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let own = opaque(self.0.etag.to_str().unwrap_or_default());
        let mut tags = tags.to_str().unwrap_or_default().split(',');
        tags.any(|tag| tag.trim() == "*" || opaque(tag) == own)
    }
}

/// The type is what the answer says, whatever a browser makes of the content.
fn nosniff() -> (HeaderName, HeaderValue) {
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    )
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

    use super::{Asset, Caching};

    fn request(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[tokio::test]
    async fn a_file_comes_compressed_or_as_it_is_and_once() {
        let asset = Asset::new("text/css", "a { color: red }\n".repeat(50));
        let plain = asset.respond(&HeaderMap::new(), Caching::Revalidate).await;
        assert_eq!(plain.headers()[header::CACHE_CONTROL], "no-cache");
        assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
        let etag = plain.headers()[header::ETAG].to_str().unwrap().to_owned();
        assert_eq!(to_bytes(plain.into_body(), 10_000).await.unwrap(), asset.plain());

        for encoding in ["br", "gzip"] {
            let accept = request(header::ACCEPT_ENCODING, encoding);
            let answer = asset.respond(&accept, Caching::Immutable).await;
            assert_eq!(answer.headers()[header::CONTENT_ENCODING], encoding);
            assert_eq!(answer.headers()[header::VARY], "Accept-Encoding");
            assert_eq!(answer.headers()[header::ETAG], etag.as_str());
            let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
            assert!(body.len() < asset.plain().len() / 3);
        }

        for tag in [
            etag.clone(),
            etag.replace("W/", ""),
            format!("\"x\", {etag}"),
            "*".to_owned(),
        ] {
            let known = request(header::IF_NONE_MATCH, &tag);
            let answer = asset.respond(&known, Caching::Revalidate).await;
            assert_eq!(answer.status(), StatusCode::NOT_MODIFIED, "{tag}");
        }
        let other = request(header::IF_NONE_MATCH, "W/\"x\"");
        assert_eq!(
            asset.respond(&other, Caching::NoStore).await.status(),
            StatusCode::OK
        );
    }
}
