//! Authentication: bearer tokens and their scopes, tickets of event streams, and development mode.
//!
//! [`Authenticator::authenticate`] verifies a token in these steps; the first that fails gives an [`AuthError`]:
//!
//! 1. `token_cache`: a token that was verified lately under the same keys is only checked for its times.
//! 2. `token_header`: the header says which algorithm and key the token claims. A claim is a hint, never the decision.
//! 3. `key_set`, `jwks`: the key is looked up; a key verifies with its own algorithm alone.
//! 4. The signature is verified (crate `jsonwebtoken`).
//! 5. `claims`: issuer, audience and times are checked, and subject, scopes and limits are read.
//! 6. The result is a [`Caller`], which alone says what may be done with a [`Video`](crate::domain::Video): `scope` has the
//!    [`Scope`]s and the [`Act`]s that they permit, `upload_claim` what narrows them.
//!
//! The caller of the API gets one sentence ([`AuthError::detail`]); the exact reason goes to the log.
//!
//! Beside tokens: [`Tickets`] open one event stream, or the file of one track, each (`ticket`, `track_ticket`), and `local_request` is the guard of development mode
//! ([`Development`]), in which only requests of this machine are served.

mod authenticator;
mod caller;
mod claims;
mod development;
mod error;
mod issue;
mod jwks;
mod key_set;
mod local_request;
mod scope;
mod ticket;
mod token_cache;
mod token_header;
mod track_ticket;
mod upload_claim;

pub use self::authenticator::Authenticator;
pub use self::caller::{Caller, Visible};
pub use self::development::{Development, DevelopmentError, check_development, page_link};
pub use self::error::AuthError;
pub use self::issue::{Grant, issue_token};
pub use self::jwks::{Jwks, JwksError};
pub use self::local_request::{NotLocal, check_request};
pub use self::scope::{Act, Scope};
pub use self::ticket::Tickets;
pub use self::upload_claim::{QuotaClaim, UploadClaim};
