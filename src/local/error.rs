//! Error responses in Mux's shape: `{"error": {"type", "messages"}}`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// A response other than success. `IntoResponse` writes the JSON body and the headers `WWW-Authenticate` (401) and
/// `Retry-After`.
#[derive(Debug)]
pub(crate) struct MuxError {
    /// The response's status.
    status: StatusCode,
    /// `error.type`.
    kind: &'static str,
    /// The only entry of `error.messages`.
    message: String,
    /// `Retry-After` in seconds, set by [`MuxError::retry_after`]; no header for `None`.
    retry_after_s: Option<u32>,
}

impl MuxError {
    /// Makes an error without `Retry-After`.
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
            retry_after_s: None,
        }
    }

    /// 400: the request cannot be understood or is not allowed.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_parameters", message)
    }

    /// 401: the credentials are missing or wrong.
    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized request")
    }

    /// 403: the request is understood and not allowed.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404: `what` does not exist.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("{what} not found"))
    }

    /// 405: the route exists, the method does not.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "Method not allowed",
        )
    }

    /// 408: the client stopped sending.
    pub(crate) fn idle_timeout() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "timeout",
            "No data came for too long",
        )
    }

    /// 409: another request got there first.
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    /// 410: the upload URL no longer accepts bytes.
    pub(crate) fn gone(message: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, "gone", message)
    }

    /// 412: the asset or file is not ready, or errored.
    pub(crate) fn not_ready(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "failed_request", message)
    }

    /// 413: the file is larger than `limit` bytes.
    pub(crate) fn too_large(limit: u64) -> Self {
        let message = format!("The file is larger than the {limit} bytes that are allowed");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    /// 429: the caller exceeds a limit.
    pub(crate) fn too_many(message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message)
    }

    /// 500: logs `cause` and tells the caller nothing of it.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(error = %cause, "local provider failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong",
        )
    }

    /// 503: the request may succeed later.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", message)
    }

    /// 507: the disk has fewer free bytes than it must keep.
    pub(crate) fn disk_full(min_free_bytes: u64) -> Self {
        Self::no_room(format!(
            "The disk is too full for uploads: fewer than the {min_free_bytes} bytes of local.min_free_bytes are free"
        ))
    }

    /// 507: the owner's other files take `kept` bytes of the `limit` that is allowed.
    pub(crate) fn over_share(kept: u64, limit: u64) -> Self {
        Self::no_room(format!(
            "The other files of this owner take {kept} bytes, and {limit} are allowed: delete some of them first"
        ))
    }

    /// 507 with the given message; see [`MuxError::disk_full`] and [`MuxError::over_share`].
    fn no_room(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "insufficient_storage", message)
    }

    /// 400: Mux has `what`, and the local provider has not. A 404 would mean a wrong id.
    pub(crate) fn unsupported(what: &str) -> Self {
        Self::invalid(format!("{what} is not supported by the local provider"))
    }

    /// Adds a `Retry-After` header.
    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl From<sqlx::Error> for MuxError {
    fn from(error: sqlx::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<std::io::Error> for MuxError {
    fn from(error: std::io::Error) -> Self {
        if matches!(
            error.kind(),
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
        ) {
            // Why 507 and not 500: the disk may have room again.
            return Self::no_room("The disk is full");
        }
        Self::internal(&error)
    }
}

impl IntoResponse for MuxError {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": { "type": self.kind, "messages": [self.message] } }));
        let mut response = (self.status, body).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let basic = HeaderValue::from_static("Basic realm=\"local\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, basic);
        }
        if let Some(seconds) = self.retry_after_s {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
