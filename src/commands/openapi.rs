//! `yourbit-video openapi`

use crate::http::openapi_document;

/// Prints the OpenAPI document.
pub(super) fn openapi() {
    print!("{}", openapi_document());
}
