//! `POST /v1/uploads`: an upload URL for a new video. `POST /v1/videos` takes the same steps.
//!
//! | file | contents |
//! |---|---|
//! | `create` | the handler, from the request to the response |
//! | `kind` | the two routes |
//! | `request` | the body, its limits, and the [`Choices`](request::Choices) made of it and the settings |
//! | `limits` | the limits of the token, the settings and the provider |
//! | `offer` | what a token may choose, for `GET /v1/session` |
//! | `provider_settings` | the member `provider_settings`, as far as the operator allows |
//! | `replaces` | the member `replaces`: rights, and what goes with it |
//! | `claim` | `Idempotency-Key`: claimed, answered, released |
//! | `begin` | the parts of [`begin`](crate::jobs::begin), made of the request |
//! | `answer` | the 201 |
//!
//! The steps of a request:
//! 1. **Read** the body and choose policy, quality, provider and origin, within the limits. A refusal (422) gives way to the stored answer
//!    of the same request, where there is one: what was accepted once is answered again.
//! 2. **Quota** of uploads a minute, looked at before anything is written: 429, or the stored answer.
//! 3. **Claim** the `Idempotency-Key` ([`claim_key`](claim::claim_key)). Outcomes: ours; answered (that 201 again);
//!    running (409); reused for another body (422). Ours costs one of the quota; where another request took the last
//!    one meanwhile, the claim is released (429).
//! 4. **Begin**, in a task that outlives the client: the steps of [`begin`](crate::jobs::begin). The row comes first, then
//!    the provider's steps. Outcomes: what the client needs to send its file; a refusal before there is a row (422, 429,
//!    403, 503); a call that failed, and an `errored` row (502, 503, 507 or 413).
//! 5. **Store the answer** under the key, or release the claim after any refusal. A claim that does neither (a crash)
//!    lapses after 60 s, and the next request with the key continues that row.

mod answer;
mod begin;
mod claim;
pub(super) mod create;
mod kind;
mod limits;
mod offer;
mod provider_settings;
mod replaces;
mod request;

pub(super) use self::answer::NewIngest;
pub(super) use self::claim::{ClaimOutcome, claim, read_key};
pub(super) use self::kind::Kind;
pub(super) use self::limits::quota_of;
pub(super) use self::offer::{IngestOffer, Offer, offer_ingests, offer_uploads};
pub(super) use self::request::IngestRequest;
