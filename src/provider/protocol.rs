//! The protocols by which a client sends a file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Protocol by which the client sends the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = UploadProtocol)]
pub enum Protocol {
    /// One PUT with the file as its body.
    Put,
    /// PUTs with `Content-Range`, 308 in between.
    PutContentRange,
    /// One multipart form.
    PostForm,
    /// Multipart forms with `Content-Range`.
    PostFormContentRange,
    /// tus 1.0 on an upload that exists already.
    TusExisting,
    /// tus 1.0, creation by the client.
    TusCreate,
}

impl Protocol {
    /// The HTTP method of the first request.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Put | Self::PutContentRange => "PUT",
            Self::PostForm | Self::PostFormContentRange | Self::TusCreate => "POST",
            Self::TusExisting => "PATCH",
        }
    }

    /// The file is sent in a multipart form.
    pub(crate) const fn is_form(self) -> bool {
        matches!(self, Self::PostForm | Self::PostFormContentRange)
    }
}
