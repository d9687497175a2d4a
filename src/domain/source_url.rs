//! The address from which a provider fetches a video.

use std::fmt::{self, Write as _};

use super::mask::mask_addresses;

/// The address from which a provider fetches a video. It may hold a secret, so it shows as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceUrl(String);

impl SourceUrl {
    /// Wraps an address that was checked.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// Returns the address, for the provider and the row alone.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns a text without any address, in which repetitions of this one without its scheme are masked too: whole or only
    /// from its path on, as plain text, in JSON, or percent-encoded.
    pub fn mask_in(&self, text: &str) -> String {
        let mut spellings = Vec::new();
        if let Some((_, rest)) = self.0.split_once("://")
            && let Some(path) = rest.find('/').and_then(|at| rest.get(at..))
        {
            spellings.push(rest.to_owned());
            // Why not a short one: it would mask parts of other words.
            if path.len() > MIN_PATH_BYTES {
                spellings.push(path.to_owned());
            }
        }
        let mut masked = mask_addresses(text);
        for spelling in spellings {
            for form in [
                spelling.replace('/', "\\/"),
                percent_encode(&spelling),
                spelling.replace('&', "&amp;"),
                spelling,
            ] {
                masked = masked.replace(&form, "***");
            }
        }
        masked
    }
}

/// Bytes of the longest path that is not masked by itself.
const MIN_PATH_BYTES: usize = 8;

/// Percent-encodes everything but RFC 3986's unreserved characters.
fn percent_encode(text: &str) -> String {
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut out, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                let _infallible = write!(out, "%{byte:02X}");
            }
            out
        })
}

impl fmt::Debug for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SourceUrl(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_shows_nowhere() {
        let url = SourceUrl::new("https://files.example/secret-path/clip.mp4?sig=a&b=c");
        assert_eq!(format!("{url:?}"), "SourceUrl(***)");
        for text in [
            "cannot fetch https://files.example/secret-path/clip.mp4?sig=a&b=c: 403",
            "cannot fetch files.example/secret-path/clip.mp4?sig=a&b=c",
            "GET /secret-path/clip.mp4?sig=a&b=c failed",
            r#"{"url":"https:\/\/files.example\/secret-path\/clip.mp4?sig=a&b=c"}"#,
            "https%3A%2F%2Ffiles.example%2Fsecret-path%2Fclip.mp4%3Fsig%3Da%26b%3Dc",
            "<a>https://files.example/secret-path/clip.mp4?sig=a&amp;b=c</a>",
        ] {
            let masked = url.mask_in(text);
            assert!(
                masked.contains("***") && !masked.contains("secret-path") && !masked.contains("sig"),
                "{masked}"
            );
        }
        assert_eq!(url.mask_in("nothing of it"), "nothing of it");
        assert_eq!(
            SourceUrl::new("https://a.example/b").mask_in("a/b or /b"),
            "a/b or /b"
        );
    }
}
