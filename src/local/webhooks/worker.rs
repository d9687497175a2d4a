//! The webhook worker: takes due events, applies the faults made on purpose, sends, and sets the next attempt of what
//! was not accepted.

use std::{collections::HashSet, time::Duration};

use tokio::task::JoinSet;

use super::{envelope, send};
use crate::local::{app::App, ids, store::PendingEvent};

/// Webhooks under way at the same time.
const AT_ONCE: usize = 8;
/// Rows read at once: enough to find some that are not under way.
const DUE_AT_ONCE: i64 = 16;
/// Age at which an event is given up, in microseconds: 24 hours.
const GIVE_UP_US: i64 = 24 * 3600 * 1_000_000;
/// Earlier attempts that an envelope shows.
const MAX_ATTEMPTS_SHOWN: usize = 30;
/// Delay of an event that the next ones are to overtake, in microseconds: 2 seconds.
const REORDER_DELAY_US: i64 = 2_000_000;
/// Pause between two reads of the outbox without a wake-up.
const POLL_EVERY: Duration = Duration::from_millis(500);

/// Delivers until the provider stops, [`AT_ONCE`] events at a time. Attempts under way are dropped then and repeated
/// after the next start.
pub(crate) async fn run(app: &App) {
    let mut tasks: JoinSet<String> = JoinSet::new();
    let mut busy = HashSet::new();
    while !app.stop.is_cancelled() {
        start_due(app, &mut tasks, &mut busy).await;
        tokio::select! {
            () = app.stop.cancelled() => {}
            Some(done) = tasks.join_next() => release_event(&mut busy, done),
            () = app.outbox_wake.notified() => {}
            () = tokio::time::sleep(POLL_EVERY) => {}
        }
    }
    tasks.shutdown().await;
}

/// Frees the place of an ended task.
fn release_event(busy: &mut HashSet<String>, done: Result<String, tokio::task::JoinError>) {
    match done {
        Ok(id) => {
            busy.remove(&id);
        }
        // Why all: a task that panicked took its event's id with it. At worst some events are sent twice.
        Err(_) => busy.clear(),
    }
}

/// Starts tasks for due events while places are free.
async fn start_due(app: &App, tasks: &mut JoinSet<String>, busy: &mut HashSet<String>) {
    if busy.len() >= AT_ONCE {
        return;
    }
    let due = match app.store.due_events(app.clock.now(), DUE_AT_ONCE).await {
        Ok(due) => due,
        Err(error) => return tracing::warn!(%error, "the outbox cannot be read"),
    };
    for event in due {
        if busy.len() >= AT_ONCE {
            return;
        }
        // Why checked: the row of an event under way is still due.
        if busy.insert(event.id.clone()) {
            let app = app.clone();
            tasks.spawn(async move {
                if let Err(error) = deliver_event(&app, &event).await {
                    tracing::warn!(%error, event.id = %event.id, "the outbox cannot be written");
                }
                event.id
            });
        }
    }
}

/// Makes one attempt by [`send::send_event`] and records its result.
async fn deliver_event(app: &App, event: &PendingEvent) -> Result<(), sqlx::Error> {
    // Why once: a retried or postponed event is marked as decided.
    if !event.decided && apply_chaos(app, event).await? {
        return Ok(());
    }
    let began = app.clock.now().timestamp_micros();
    let status = send::send_event(app, event).await;
    if status.is_some_and(|status| (200..300).contains(&status)) {
        return app.store.forget_event(&event.id).await;
    }
    let due = began + delay_us(event.tries);
    if due - event.created_us > GIVE_UP_US {
        tracing::warn!(event.id = %event.id, event.kind = %event.kind, "webhook given up after 24 hours");
        return app.store.forget_event(&event.id).await;
    }
    let mut attempts = event.attempts.0.clone();
    if attempts.len() < MAX_ATTEMPTS_SHOWN {
        attempts.push(envelope::attempt_json(
            &ids::event_id(),
            &app.webhook_url,
            status,
            began,
        ));
    }
    app.store.retry_event(&event.id, &attempts, due).await
}

/// Returns the delay before the next attempt, in microseconds: 1 s, 2 s, 4 s … up to an hour, with up to a tenth of
/// jitter. After [`GIVE_UP_US`] there is none.
fn delay_us(tries: i64) -> i64 {
    let seconds = 1_i64 << tries.clamp(0, 12);
    let base = seconds.min(3600) * 1_000_000;
    let jitter = ids::random_up_to(u64::try_from(base / 10).unwrap_or_default());
    base + i64::try_from(jitter).unwrap_or_default()
}

/// Applies `[local.chaos]`. Returns true when the event is not to be sent now, or ever.
async fn apply_chaos(app: &App, event: &PendingEvent) -> Result<bool, sqlx::Error> {
    let chaos = &app.settings.chaos;
    if ids::chance(chaos.drop) {
        app.store.forget_event(&event.id).await?;
        return Ok(true);
    }
    let now = app.clock.now().timestamp_micros();
    if ids::chance(chaos.delay) {
        let micros =
            i64::try_from(ids::random_up_to(chaos.delay_s.saturating_mul(1_000_000))).unwrap_or_default();
        app.store
            .postpone_event(&event.id, now.saturating_add(micros))
            .await?;
        return Ok(true);
    }
    if ids::chance(chaos.reorder) {
        app.store
            .postpone_event(&event.id, now + REORDER_DELAY_US)
            .await?;
        return Ok(true);
    }
    if ids::chance(chaos.duplicate) {
        send::send_event(app, event).await;
    }
    Ok(false)
}
