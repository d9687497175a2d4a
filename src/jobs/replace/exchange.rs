//! Steps 2 to 5: a ready asset takes its video's place; and the exchange back.

use chrono::Duration;
use futures::{StreamExt, stream};
use uuid::Uuid;

use crate::domain::{ExchangeTerms, IdentityConflict, Video};
use crate::jobs::provider_status::fetch_status;
use crate::provider::{Capability, Priority, Provider};
use crate::state::AppState;
use crate::store::{Edit, Exchanged, StoreError};

/// Life of the lease of a row, in seconds. A row that was not exchanged is taken again when it ends.
const LEASE_S: i64 = 60;
/// Rows that are taken at a time.
// Why as many as `CONCURRENCY`: none waits while its lease runs.
const BATCH: i64 = 8;
/// Rows that are worked on at the same time.
const CONCURRENCY: usize = 8;
/// The caller's members, of which the provider of the new asset is told.
const CALLERS_MEMBERS: [&str; 4] = ["title", "external_id", "thumbnail_time", "metadata"];

/// Exchanges every hidden row that is ready. Returns the number of exchanges.
///
/// # Errors
/// The database fails. Providers that fail are logged, and asked again later.
pub async fn exchange_ready(state: &AppState) -> Result<usize, StoreError> {
    let mut exchanged = 0;
    loop {
        // Why a read first: an idle job never waits for SQLite's one writer.
        if !state.store.has_ready_replacement().await? {
            return Ok(exchanged);
        }
        let ready = state.store.lease_ready_replacements(BATCH, LEASE_S).await?;
        if ready.is_empty() {
            return Ok(exchanged);
        }
        let results: Vec<_> = stream::iter(ready)
            .map(|hidden| put_in_place(state, hidden))
            .buffer_unordered(CONCURRENCY)
            .collect()
            .await;
        // Why after all of them: an error of one row must not drop the questions that are under way.
        for result in results {
            exchanged += usize::from(result?);
        }
    }
}

/// Exchanges a video's asset with the one that its last exchange put aside, where that is still there.
///
/// # Errors
/// The database fails.
pub async fn undo(state: &AppState, video_id: Uuid) -> Result<Exchanged, StoreError> {
    let hidden = state.store.find_hidden_of(video_id).await?;
    let last = hidden.iter().max_by_key(|row| (row.exchanged_at, row.id));
    let provider = last.map(|row| row.provider.as_str());
    let terms = ExchangeTerms {
        is_undo: true,
        ..terms_of(state, provider.unwrap_or_default())
    };
    state.store.undo_exchange(video_id, &terms).await
}

/// Steps 3 and 4 for one row. Returns whether the exchange was made.
async fn put_in_place(state: &AppState, hidden: Video) -> Result<bool, StoreError> {
    let (id, video_id) = (hidden.id, hidden.replaces.unwrap_or_default());
    let Some(provider) = state.providers.by_name(&hidden.provider) else {
        tracing::error!(video.id = %video_id, provider = hidden.provider, "a replacement waits: its provider's map is not loaded");
        return Ok(false);
    };
    if !ask_once_more(state, provider, &hidden).await? {
        return Ok(false);
    }
    let outcome = state.store.exchange(id, &terms_of(state, &hidden.provider)).await;
    match outcome {
        Ok(Exchanged::Done(video)) => {
            tracing::info!(video.id = %video.id, provider = video.provider, "a replacement took its video's place");
            // Why: members are to be sent to the new asset, and the old one may be due for its deletion.
            state.store.end_lease(id).await?;
            state.wake_reconciler.notify_one();
            Ok(true)
        }
        Ok(Exchanged::Ending | Exchanged::Missing) => {
            state.store.delete_hidden_of(video_id, state.clock.now()).await?;
            state.wake_reconciler.notify_one();
            Ok(false)
        }
        Ok(Exchanged::Already | Exchanged::NotReady | Exchanged::InProgress) => Ok(false),
        // Another writer was faster, or held what this one waits for: the row is still due.
        Err(error) if error.is_contention() => {
            state.store.end_lease(id).await?;
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Asks the provider about the new asset and joins the answer. Returns false where nothing is to be exchanged now.
async fn ask_once_more(state: &AppState, provider: &Provider, hidden: &Video) -> Result<bool, StoreError> {
    if state.sightings.is_halted(provider.account()) {
        return Ok(false);
    }
    let answer = match fetch_status(provider, hidden, Priority::Background, &state.clock).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::warn!(video.id = %hidden.id, %error, "a replacement waits: its provider could not be asked");
            return Ok(false);
        }
    };
    let now = state.clock.now();
    if answer.confirms_video() {
        state.sightings.record_hit(provider.account(), now);
    }
    let edit = state.store.edit_asset(hidden.asset_key(), now, |row| {
        let needs = provider.required_ids(row.playback_policy);
        let before = row.status;
        for seen in &answer.observations {
            row.observe(seen, needs)?;
        }
        row.note_missing(answer.missing_asset(row), needs, now);
        row.restart_schedule(before, &state.check_times, now);
        Ok(())
    });
    let conflict: IdentityConflict = match edit.await? {
        Edit::Done(row) => return Ok(row.may_take_place(now)),
        Edit::Missing => return Ok(false),
        Edit::Refused(conflict) => conflict,
    };
    tracing::error!(video.id = %hidden.id, error = %conflict, "the provider's answer about a replacement is about something else");
    Ok(false)
}

/// Makes the terms of an exchange that begins now, for an asset at this provider.
fn terms_of(state: &AppState, provider: &str) -> ExchangeTerms {
    let now = state.clock.now();
    let kept = i64::try_from(state.settings.replace.keep_old_s).unwrap_or(i64::MAX / 1000);
    let is_told = state
        .providers
        .by_name(provider)
        .is_some_and(|provider| provider.supports(Capability::AssetUpdate));
    ExchangeTerms {
        now,
        keep_until: now + Duration::seconds(kept),
        unsent: if is_told {
            CALLERS_MEMBERS.map(str::to_owned).to_vec()
        } else {
            Vec::new()
        },
        is_undo: false,
    }
}
