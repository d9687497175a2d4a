//! `POST /v1/uploads`: an upload URL for a new video.
//!
//! | file | contents |
//! |---|---|
//! | `create` | the handler, from the request to the response |
//! | `request` | the body, its limits, and the [`Choices`](request::Choices) made of it and the settings |
//! | `limits` | the limits of the token, the settings and the provider |
//! | `offer` | what a token may choose, for `GET /v1/session` |
//! | `provider_settings` | the member `provider_settings`, as far as the operator allows |
//! | `claim` | `Idempotency-Key`: claimed, answered, released |
//! | `begin` | the row, the provider's steps, and what becomes of both |
//! | `answer` | the 201 |
//!
//! The steps of a request:
//! 1. **Read** the body and choose policy, quality, provider and origin, within the limits. A refusal (422) gives way to the stored answer
//!    of the same request, where there is one: what was accepted once is answered again.
//! 2. **Quota** of uploads a minute, looked at before anything is written: 429, or the stored answer.
//! 3. **Claim** the `Idempotency-Key` ([`claim_key`](claim::claim_key)). Outcomes: ours; answered (that 201 again);
//!    running (409); reused for another body (422). Ours costs one of the quota; where another request took the last
//!    one meanwhile, the claim is released (429).
//! 4. **Begin**, in a task that outlives the client:
//!    1. `check_provider`: it takes such an upload, and can play the video.
//!    2. `find_interrupted`: the row that an interrupted request with this key left, to be continued.
//!    3. Take the provider's rate for all steps ahead (503, and no row is left).
//!    4. `insert_row`, within the owner's limit of open uploads (429), its quotas and the token's count (403), which are
//!       counted under a lock of the owner. **From here on a webhook finds its row.**
//!    5. `run_steps`: each step's call, and `store_captures` of it. After the last one the video is `waiting`.
//!    6. Where a call fails, `mark_failed`: the row is `errored`, the token's count is given back, and the response says why (502, 503, 507 or 413).
//! 5. **Store the answer** under the key, or release the claim after any refusal. A claim that does neither (a crash)
//!    lapses after 60 s, and the next request with the key continues at 4.2.

mod answer;
mod begin;
mod claim;
pub(super) mod create;
mod limits;
mod offer;
mod provider_settings;
mod request;

pub(super) use self::limits::quota_of;
pub(super) use self::offer::{Offer, offer_uploads};
