//! The page's HTML, with what it is told in `<meta>` elements.

use http::{HeaderMap, HeaderValue, header};

use super::files::FILES;
use super::policy::{policy, public_name};

const TEMPLATE: &str = include_str!("index.html");

/// What the page needs to know.
pub struct Options {
    /// Where browsers reach the service.
    pub public_url: String,
    /// The path of that address, which stands in front of the page's own files.
    pub prefix: String,
    /// The API's page is served at `docs`.
    pub docs: bool,
    /// Development mode: the page takes a token from its address, and says where such a link is printed.
    pub development: bool,
}

/// The page.
pub(super) struct Page {
    html: String,
    policy: HeaderValue,
    public_url: String,
}

impl Page {
    pub(super) fn new(options: Options) -> Self {
        let mode = if options.development { "development" } else { "" };
        Self {
            html: TEMPLATE
                .replace("{{public_url}}", &escaped(&options.public_url))
                .replace("{{prefix}}", &escaped(&options.prefix))
                .replace("{{digest}}", FILES.digest())
                .replace("{{docs}}", if options.docs { "docs" } else { "" })
                .replace("{{mode}}", mode),
            policy: policy(&options.public_url),
            public_url: options.public_url,
        }
    }

    pub(super) fn policy(&self) -> HeaderValue {
        self.policy.clone()
    }

    /// The HTML: the same for everybody.
    pub(super) fn html(&self) -> String {
        self.html.clone()
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
    use super::{FILES, Options, Page};

    fn options() -> Options {
        Options {
            public_url: "http://127.0.0.1:1/video\"><script>".to_owned(),
            prefix: "/video".to_owned(),
            docs: true,
            development: false,
        }
    }

    #[test]
    fn the_pages_files_lie_below_the_path_of_the_public_address() {
        let html = Page::new(options()).html();
        assert!(
            html.contains(&format!("src=\"/video/console/{}/app.js\"", FILES.digest())),
            "{html}"
        );
        assert!(!html.contains("=\"/console/") && !html.contains("{{"), "{html}");
    }

    #[test]
    fn settings_cannot_leave_their_attribute() {
        let html = Page::new(options()).html();
        assert!(
            html.contains("http://127.0.0.1:1/video&quot;&gt;&lt;script&gt;"),
            "{html}"
        );
    }
}
