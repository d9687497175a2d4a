//! A problem as a page: at `/problems/{code}`, and in place of the problem document where a browser opens an address
//! that refuses.

use std::sync::Arc;

use super::files::FILES;
use crate::config::Settings;
use crate::http::problem::{Code, Problem};

/// What a problem's page may link, and the path in front of its links. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProblemPage {
    /// The path of `http.public_url`, empty or `/like/this`.
    prefix: Arc<str>,
    /// Whether the console page is served.
    console: bool,
    /// Whether the documents are served, and with them the style sheet.
    docs: bool,
}

impl ProblemPage {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            prefix: settings.http.path_prefix().into(),
            console: settings.http.console,
            docs: settings.http.docs,
        }
    }

    /// Returns the page of one refusal: its `detail`, the code's remedy and the request's id.
    pub(crate) fn of_refusal(&self, problem: &Problem) -> String {
        let request = format!(
            "\n    <p class=\"hint\">Request <code>{}</code></p>",
            escape(&problem.request_id)
        );
        self.render(problem.code, problem.status, &problem.detail, &request)
    }

    /// Returns the page that explains a code.
    pub(crate) fn of_code(&self, code: Code) -> String {
        self.render(code, code.status(), code.meaning(), "")
    }

    fn render(&self, code: Code, status: u16, detail: &str, request: &str) -> String {
        format!(
            include_str!("problem.html"),
            styles = self.styles(),
            status = status,
            code = escape(code.as_str()),
            title = escape(code.title()),
            detail = render_prose(detail),
            remedy = render_prose(code.remedy()),
            request = request,
            links = self.links(),
        )
    }

    /// Returns the elements of icon and style sheet. Without the documents the page has the browser's own style.
    fn styles(&self) -> String {
        if !self.docs {
            return String::new();
        }
        let prefix = escape(&self.prefix);
        let digest = FILES.digest();
        format!(
            "\n  <link rel=\"icon\" href=\"{prefix}/docs/{digest}/icon.svg\" type=\"image/svg+xml\">\
             \n  <link rel=\"stylesheet\" href=\"{prefix}/docs/{digest}/docs.css\">"
        )
    }

    /// Returns the links to what is served: the console page, the documents.
    fn links(&self) -> String {
        let prefix = escape(&self.prefix);
        let all = [
            (self.console, "primary", format!("{prefix}/"), "To the videos"),
            (self.docs, "quiet", format!("{prefix}/docs"), "The API"),
        ];
        let served = all.into_iter().filter(|(served, ..)| *served);
        let links = served.fold(String::new(), |links, (_, class, address, words)| {
            links + &format!("<a class=\"button {class}\" href=\"{address}\">{words}</a>")
        });
        if links.is_empty() {
            return links;
        }
        format!("\n    <p class=\"actions\">{links}</p>")
    }
}

/// Renders text as HTML, with its backquoted parts as `<code>`.
fn render_prose(text: &str) -> String {
    let text = escape(text);
    let parts = text.split('`').enumerate();
    parts
        .map(|(at, part)| {
            if at % 2 == 1 {
                format!("<code>{part}</code>")
            } else {
                part.to_owned()
            }
        })
        .collect()
}

/// Escapes what would be markup, in text and in attributes with double quotes.
///
/// Why: `detail` may repeat parts of the request, such as the name of a query parameter.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let hostile = "</p><script>alert('1')</script> \" `<b>`";
        let shown = render_prose(hostile);
        assert_eq!(
            shown,
            "&lt;/p&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &quot; <code>&lt;b&gt;</code>"
        );
    }

    #[test]
    fn only_what_is_served_is_linked() {
        let bare = ProblemPage::default().of_code(Code::NotFound);
        assert!(!bare.contains("href"), "{bare}");
        let page = ProblemPage {
            prefix: "/video".into(),
            console: true,
            docs: false,
        };
        let page = page.of_code(Code::NotFound);
        assert!(page.contains("href=\"/video/\""), "{page}");
        assert!(!page.contains("/docs"), "{page}");
    }
}
