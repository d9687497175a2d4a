//! One question to the source, redirects included.

use reqwest::{Response, header};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;
use url::Url;

use super::{connect::Fetcher, failure::FetchEnd, rules};

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 3;
/// Statuses that redirect.
const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

/// Asks the source for the bytes behind `offset`, by the validator; for all of them where it is 0. Follows at most
/// [`MAX_REDIRECTS`] redirects.
pub(super) async fn ask_source(
    fetcher: &Fetcher,
    url: &SecretString,
    (offset, validator): (u64, Option<&str>),
) -> Result<Response, FetchEnd> {
    // Why checked anew: the settings may have changed since the request.
    let first = rules::check_url(&fetcher.options, url.expose_secret())
        .map_err(|problem| FetchEnd::unreachable(format!("The URL {problem}")))?;
    let mut url = first.clone();
    for _ in 0..=MAX_REDIRECTS {
        let response = send_request(fetcher, url.clone(), offset, validator).await?;
        if !REDIRECTS.contains(&response.status().as_u16()) {
            return Ok(response);
        }
        let location = response.headers().get(header::LOCATION);
        let location = location.and_then(|value| value.to_str().ok());
        let location = location.ok_or_else(|| FetchEnd::unreachable("The source redirects to nowhere"))?;
        url = follow_redirect(fetcher, &first, &url, location)?;
    }
    Err(FetchEnd::unreachable(format!(
        "The source redirects more than {MAX_REDIRECTS} times"
    )))
}

/// Returns where a redirect leads to, by [`rules::check_redirect`].
fn follow_redirect(fetcher: &Fetcher, first: &Url, from: &Url, location: &str) -> Result<Url, FetchEnd> {
    rules::check_redirect(&fetcher.options, first, from, location)
        .map_err(|problem| FetchEnd::unreachable(format!("The source redirects {problem}")))
}

/// Sends one request and waits for the head of its answer.
async fn send_request(
    fetcher: &Fetcher,
    url: Url,
    offset: u64,
    validator: Option<&str>,
) -> Result<Response, FetchEnd> {
    let mut request = fetcher
        .client
        .get(url)
        .header(header::ACCEPT, "*/*")
        // Why: compressed bytes have other offsets, and unpacking would need bounds of its own.
        .header(header::ACCEPT_ENCODING, "identity");
    if let (1.., Some(validator)) = (offset, validator) {
        request = request
            .header(header::RANGE, format!("bytes={offset}-"))
            .header(header::IF_RANGE, validator);
    }
    match timeout(fetcher.options.times.head, request.send()).await {
        Ok(answer) => answer.map_err(FetchEnd::from_request),
        Err(_) => Err(FetchEnd::broken("The source did not answer in time")),
    }
}
