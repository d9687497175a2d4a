//! The webhook workers, one for each receiver: each takes the due deliveries of its receiver, applies the faults made on
//! purpose, sends, and sets the next attempt of what was not accepted.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::future::join_all;
use tokio::{sync::Notify, task::JoinSet};

use super::{envelope, receiver::Receiver, send};
use crate::local::{app::App, ids, store::PendingEvent};

/// Webhooks under way to one receiver at the same time.
const AT_ONCE: usize = 8;
/// Rows read at once: enough to find some that are not under way.
const DUE_AT_ONCE: i64 = 16;
/// Age at which a delivery is given up, in microseconds: 24 hours.
const GIVE_UP_US: i64 = 24 * 3600 * 1_000_000;
/// Earlier attempts that an envelope shows.
const MAX_ATTEMPTS_SHOWN: usize = 30;
/// Delay of an event that the next ones are to overtake, in microseconds: 2 seconds.
const REORDER_DELAY_US: i64 = 2_000_000;
/// Pause between two reads of the outbox without a wake-up.
const POLL_EVERY: Duration = Duration::from_millis(500);

/// Delivers to every receiver until the provider stops.
pub(crate) async fn run(app: &App) {
    let workers: Vec<Worker> = app.receivers.iter().cloned().map(Worker::new).collect();
    let wakes: Vec<Arc<Notify>> = workers.iter().map(|worker| worker.wake.clone()).collect();
    // Why passed on: `outbox_wake` stores one permit, and every worker needs its own.
    let pass_on = async {
        while !app.stop.is_cancelled() {
            tokio::select! {
                () = app.stop.cancelled() => {}
                () = app.outbox_wake.notified() => wakes.iter().for_each(|wake| wake.notify_one()),
            }
        }
    };
    tokio::join!(
        pass_on,
        join_all(workers.into_iter().map(|worker| worker.run(app)))
    );
}

/// The deliveries to one receiver.
struct Worker {
    receiver: Arc<Receiver>,
    wake: Arc<Notify>,
    tasks: JoinSet<String>,
    /// The ids of the events under way.
    busy: HashSet<String>,
}

impl Worker {
    fn new(receiver: Receiver) -> Self {
        Self {
            receiver: Arc::new(receiver),
            wake: Arc::default(),
            tasks: JoinSet::new(),
            busy: HashSet::new(),
        }
    }

    /// Delivers until the provider stops, [`AT_ONCE`] events at a time. Attempts under way are dropped then and repeated
    /// after the next start.
    async fn run(mut self, app: &App) {
        while !app.stop.is_cancelled() {
            self.start_due(app).await;
            tokio::select! {
                () = app.stop.cancelled() => {}
                Some(done) = self.tasks.join_next() => self.release_event(done),
                () = self.wake.notified() => {}
                () = tokio::time::sleep(POLL_EVERY) => {}
            }
        }
        self.tasks.shutdown().await;
    }

    /// Frees the place of an ended task.
    fn release_event(&mut self, done: Result<String, tokio::task::JoinError>) {
        match done {
            Ok(id) => {
                self.busy.remove(&id);
            }
            // Why all: a task that panicked took its event's id with it. At worst some events are sent twice.
            Err(_) => self.busy.clear(),
        }
    }

    /// Starts tasks for due deliveries while places are free.
    async fn start_due(&mut self, app: &App) {
        if self.busy.len() >= AT_ONCE {
            return;
        }
        // Why before the list is read: what a reset has deleted must not be sent after it.
        let sending = Arc::new(app.sending.clone().read_owned().await);
        let address = &self.receiver.stored_as;
        let due = match app.store.due_events(address, app.clock.now(), DUE_AT_ONCE).await {
            Ok(due) => due,
            Err(error) => return tracing::warn!(%error, "the outbox cannot be read"),
        };
        for event in due {
            if self.busy.len() >= AT_ONCE {
                return;
            }
            // Why checked: the row of a delivery under way is still due.
            if self.busy.insert(event.id.clone()) {
                let (app, receiver, sending) = (app.clone(), self.receiver.clone(), sending.clone());
                self.tasks.spawn(async move {
                    if let Err(error) = deliver_event(&app, &receiver, &event).await {
                        tracing::warn!(%error, event.id = %event.id, "the outbox cannot be written");
                    }
                    drop(sending);
                    event.id
                });
            }
        }
    }
}

/// Makes one attempt by [`send::send_event`] and records its result.
async fn deliver_event(app: &App, receiver: &Receiver, event: &PendingEvent) -> Result<(), sqlx::Error> {
    let address = &receiver.stored_as;
    // Why once: a retried or postponed delivery is marked as decided.
    if !event.decided && apply_chaos(app, receiver, event).await? {
        return Ok(());
    }
    let began = app.clock.now().timestamp_micros();
    let status = send::send_event(app, receiver, event).await;
    if status.is_some_and(|status| (200..300).contains(&status)) {
        return app.store.forget_delivery(&event.id, address).await;
    }
    let due = began + delay_us(event.tries);
    if due - event.created_us > GIVE_UP_US {
        tracing::warn!(event.id = %event.id, event.kind = %event.kind, "webhook given up after 24 hours");
        return app.store.forget_delivery(&event.id, address).await;
    }
    let mut attempts = event.attempts.0.clone();
    if attempts.len() < MAX_ATTEMPTS_SHOWN {
        attempts.push(envelope::attempt_json(&ids::event_id(), receiver, status, began));
    }
    app.store.retry_delivery(&event.id, address, &attempts, due).await
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
async fn apply_chaos(app: &App, receiver: &Receiver, event: &PendingEvent) -> Result<bool, sqlx::Error> {
    let (chaos, address) = (&app.settings.chaos, &receiver.stored_as);
    if ids::chance(chaos.drop) {
        app.store.forget_delivery(&event.id, address).await?;
        return Ok(true);
    }
    let now = app.clock.now().timestamp_micros();
    if ids::chance(chaos.delay) {
        let micros =
            i64::try_from(ids::random_up_to(chaos.delay_s.saturating_mul(1_000_000))).unwrap_or_default();
        let due = now.saturating_add(micros);
        app.store.postpone_delivery(&event.id, address, due).await?;
        return Ok(true);
    }
    if ids::chance(chaos.reorder) {
        let due = now + REORDER_DELAY_US;
        app.store.postpone_delivery(&event.id, address, due).await?;
        return Ok(true);
    }
    if ids::chance(chaos.duplicate) {
        send::send_event(app, receiver, event).await;
    }
    Ok(false)
}
