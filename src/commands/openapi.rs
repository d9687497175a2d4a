//! `yourbit-video openapi`

use super::{CommandError, print};
use crate::http::openapi_document;

/// Prints the OpenAPI document.
pub(super) fn openapi() -> Result<(), CommandError> {
    Ok(print::bytes(openapi_document().as_bytes())?)
}
