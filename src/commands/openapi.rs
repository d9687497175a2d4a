//! `yourbit-video openapi`: prints the OpenAPI document.

use super::error::CommandError;
use super::print;
use crate::http::openapi_document;

/// Prints the document that `GET /openapi.json` serves ([`openapi_document`]).
pub(super) fn print_openapi() -> Result<(), CommandError> {
    Ok(print::print_bytes(openapi_document().as_bytes())?)
}
