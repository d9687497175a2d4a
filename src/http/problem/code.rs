//! The closed list of codes that a problem document can have: what each means, and what to do about it.
//!
//! A new code is one more row in `codes!`; the OpenAPI document and `GET /problems/{code}` follow. A code is never
//! renamed: programs compare it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Declares [`Code`] from rows of variant, name, status, title, meaning and remedy.
macro_rules! codes {
    ($($variant:ident $name:literal $status:literal $title:literal $meaning:literal $remedy:literal)*) => {
        /// What went wrong, for programs. `GET /problems/{code}` says what to do about each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[schema(as = ProblemCode, example = "not_found")]
        pub enum Code {
            $(
                #[doc = $meaning]
                $variant,
            )*
        }

        impl Code {
            /// All codes, in ascending order of status.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Returns the name in JSON and in the path of its page, in `snake_case`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Returns the HTTP status that the code comes with, but for a few documents that set another
            /// (`provider_unavailable` with 503, `invalid_request` with 414 and 431).
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }

            /// Returns the document's `title`: a few words, the same for every problem of this code.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// Returns a sentence or two on the cause; the document's `detail` where a refusal has no own text.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }

            /// Returns the advice to the caller that the code's page shows.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy),* }
            }
        }
    };
}

codes! {
    InvalidRequest "invalid_request" 400 "The request is not valid"
        "The body is not JSON, or a query parameter or a header is not acceptable."
        "Read `detail`: it names what is wrong. Send the request again when it is mended."
    InvalidCursor "invalid_cursor" 400 "The cursor is not valid"
        "Take the cursor from `next_cursor` of the page before."
        "Begin again with the first page, and pass `next_cursor` on as it is."
    Unauthenticated "unauthenticated" 401 "A valid token is needed"
        "There is no token, or it is not believed: wrong key, expired, or not for this service."
        "Send `Authorization: Bearer <token>` with a fresh token of your application."
    InvalidSignature "invalid_signature" 401 "The signature does not hold"
        "The signature is wrong, missing, or too old."
        "Compare the webhook secret here with the provider's, and the clocks of both."
    Forbidden "forbidden" 403 "Not allowed"
        "The token is good, but lacks the scope that this call needs."
        "Ask for a token with the scope that `detail` names."
    QuotaExceeded "quota_exceeded" 403 "A quota is used up"
        "What is kept and what is on its way reaches a quota."
        "Delete videos that are not needed, or ask the operator for more: `used` and `limit` say how much it is."
    NotFound "not_found" 404 "Not found"
        "There is nothing here for you."
        "Check the id. Somebody else's video answers as one that does not exist; so does a deleted one."
    MethodNotAllowed "method_not_allowed" 405 "Method not allowed"
        "This address does not take this method."
        "The header Allow names the methods that it takes."
    NotAcceptable "not_acceptable" 406 "No suitable form of the answer"
        "The answer has no form that the Accept header allows."
        "Ask for application/json."
    VideoNotReady "video_not_ready" 409 "The video does not play"
        "The video is not ready, and perhaps never will be: `video_status` says what it is."
        "Follow the video's events and ask again when it is ready."
    UploadFinished "upload_finished" 409 "Too late to cancel"
        "The file has arrived, or the video is in another final state."
        "Delete the video instead. A replacement that has taken a video's place is undone by another one."
    CancelUnsupported "cancel_unsupported" 409 "The upload cannot be cancelled"
        "This provider cannot call an upload off; it ends by itself."
        "Delete the video, or let the upload expire."
    IdempotencyInProgress "idempotency_in_progress" 409 "The first request still runs"
        "A request with this Idempotency-Key is being answered."
        "Wait as long as Retry-After says and send the same request again."
    VideoTaken "video_taken" 409 "The video is known already"
        "What is to be adopted has a row here: of another owner, or one that was deleted. `video_id` is its id."
        "Where it should belong to somebody else, delete that video first, or leave it as it is."
    NotSupported "not_supported" 409 "The provider cannot do this"
        "The action map of the video's provider has no place for what is asked."
        "Read `detail`. `capabilities` of `GET /v1/session` says what each provider can do."
    ReplacementInProgress "replacement_in_progress" 409 "The video is being replaced"
        "Another file is on its way into this video's place: `replacement` of the video says how far it is."
        "Wait until it is ready, or give it up: DELETE /v1/videos/{id}/replacement."
    TrackExists "track_exists" 409 "The video has such a track"
        "A track of this kind, language and name is there, or on its way: `detail` has its id."
        "Give the new one another name, or delete the other one first."
    TooManyTracks "too_many_tracks" 409 "The video has too many tracks"
        "A video has at most 100 tracks."
        "Delete tracks that are not needed."
    PreconditionFailed "precondition_failed" 412 "The video has changed"
        "The video has changed since: read it again."
        "Read the video, decide anew, and send the change with the new ETag."
    PayloadTooLarge "payload_too_large" 413 "The body is too large"
        "The body is larger than this address takes."
        "Send less. Files go to the upload's URL, never here."
    UnsupportedMediaType "unsupported_media_type" 415 "The body must be JSON"
        "Send JSON, with Content-Type: application/json."
        "Set the header Content-Type to application/json."
    InvalidBody "invalid_body" 422 "The body is not acceptable"
        "The body is JSON, but members of it are not acceptable: `errors` names each."
        "Mend what `errors` names, by its pointers."
    IdempotencyKeyReused "idempotency_key_reused" 422 "The key belongs to another request"
        "This Idempotency-Key was used with another body."
        "Take a new key for a new request; keep the key only for a repetition."
    RateLimited "rate_limited" 429 "Too many requests"
        "Come again later."
        "Wait as long as Retry-After says."
    TooManyOpenUploads "too_many_open_uploads" 429 "Too many uploads wait for their file"
        "As many of your uploads wait for their file as may at the same time."
        "Send their files, or cancel some: an upload counts until its file has arrived or its URL has expired."
    Internal "internal" 500 "Something went wrong"
        "The fault is ours; the request id finds it in the log."
        "Tell the operators the `request_id`."
    ProviderRejected "provider_rejected" 502 "The video provider refused"
        "The video provider refused the request."
        "Read `detail`. Where it says nothing, the operators find the provider's answer in the log."
    ProviderUnavailable "provider_unavailable" 502 "The video provider does not answer"
        "The video provider failed or did not answer in time."
        "Try again later, with the same Idempotency-Key."
    ProviderBusy "provider_busy" 503 "The video provider's rate is used up"
        "So many calls wait for the rate that the video provider allows that this one would wait too long. The provider was not asked."
        "Wait as long as Retry-After says and send the request again, with the same Idempotency-Key. Where it happens often, ask the provider for a higher rate and set `[api].rate` of its action map."
    Unavailable "unavailable" 503 "Not available now"
        "The service cannot answer now. Come again."
        "Wait as long as Retry-After says and send the request again."
    NoRoom "no_room" 507 "No room for the file"
        "The video provider has no room for another file."
        "Read `detail`, and delete videos that are not needed. Where it is the built-in provider, the operators can give it more room."
}
