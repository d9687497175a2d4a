//! The request id: one for each request, in its headers, its log lines, and its response.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header that carries the id, of requests and responses.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's id: the caller's where it is `[A-Za-z0-9._-]{1,64}`, else 24 random hex digits.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// Takes the caller's id, or makes one and writes it into the request's headers in place of the caller's. From here
    /// on [`read_request_id`] finds the same id there.
    pub(crate) fn settle(headers: &mut HeaderMap) -> Self {
        let given = headers.get(REQUEST_ID).filter(|id| is_request_id(id.as_bytes()));
        if let Some(given) = given {
            return Self(given.clone());
        }
        let id = hex::encode(rand::random::<[u8; 12]>());
        let id = HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static(""));
        headers.insert(REQUEST_ID, id.clone());
        Self(id)
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// Writes the id into a response's headers.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        headers.insert(REQUEST_ID, self.0);
    }
}

/// Returns the id of a request by its headers, after [`RequestId::settle`]; empty outside of the layers.
pub(crate) fn read_request_id(headers: &HeaderMap) -> String {
    headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

fn is_request_id(bytes: &[u8]) -> bool {
    (1..=64).contains(&bytes.len())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}
