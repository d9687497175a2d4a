//! The page's HTML, with what it is told in `<meta>` elements.

use http::{HeaderMap, HeaderValue, header};

use super::policy::{policy, public_name};
use super::{Options, TokenSource};

const TEMPLATE: &str = include_str!("index.html");
const TOKEN: &str = "{{token}}";

/// The page, ready but for the token.
pub(super) struct Page {
    before_token: String,
    after_token: String,
    policy: HeaderValue,
    public_url: String,
    development_token: Option<TokenSource>,
}

impl Page {
    pub(super) fn new(options: Options) -> Self {
        let mode = match options.development_token {
            Some(_) => "development",
            None => "",
        };
        let html = TEMPLATE
            .replace("{{hls_js_url}}", &escaped(&options.hls_js_url))
            .replace("{{hls_js_integrity}}", &escaped(&options.hls_js_integrity))
            .replace("{{public_url}}", &escaped(&options.public_url))
            .replace("{{mode}}", mode);
        let (before, after) = html.split_once(TOKEN).unwrap_or((&html, ""));
        Self {
            before_token: before.to_owned(),
            after_token: after.to_owned(),
            policy: policy(&options.hls_js_url, &options.public_url),
            public_url: options.public_url,
            development_token: options.development_token,
        }
    }

    pub(super) fn policy(&self) -> HeaderValue {
        self.policy.clone()
    }

    /// The HTML, in development mode with a fresh token.
    pub(super) fn html(&self) -> String {
        let token = self
            .development_token
            .as_ref()
            .and_then(|make| make())
            .unwrap_or_default();
        format!("{}{}{}", self.before_token, escaped(&token), self.after_token)
    }

    /// Where the page is to be opened instead, if this request came by another name of this machine.
    pub(super) fn elsewhere(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
        public_name(&self.public_url, host)
    }
}

/// For an attribute in double quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::Page;
    use crate::console::Options;

    fn options(token: Option<&'static str>) -> Options {
        Options {
            hls_js_url: "https://x.example/\"><script>".to_owned(),
            hls_js_integrity: String::new(),
            public_url: "http://127.0.0.1:1".to_owned(),
            development_token: token.map(|token| Box::new(move || Some(token.to_owned())) as _),
        }
    }

    #[test]
    fn the_token_stands_in_the_page_in_development_mode_alone() {
        let html = Page::new(options(Some("to.ke.n"))).html();
        assert!(html.contains("content=\"to.ke.n\""), "{html}");
        let html = Page::new(options(None)).html();
        assert!(html.contains("name=\"token\" content=\"\""), "{html}");
        assert!(!html.contains("{{"), "{html}");
    }

    #[test]
    fn settings_cannot_leave_their_attribute() {
        let html = Page::new(options(None)).html();
        assert!(
            html.contains("https://x.example/&quot;&gt;&lt;script&gt;"),
            "{html}"
        );
    }
}
