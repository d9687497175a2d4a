//! Host and port of a URL: the key by which a call is recognised as one to the provider's own API.

use url::Url;

/// Returns `host:port`, with the scheme's default port where the URL names none.
///
/// `None` where the URL has no host, or no port that its scheme implies.
pub(crate) fn host_of(url: &Url) -> Option<String> {
    // Why with the port: `https://host` and `https://host:443` are one host, `https://host:8443` is another.
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}
