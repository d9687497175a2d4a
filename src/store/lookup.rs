//! Group reads: videos that are asked for while a read runs share the next one.
//!
//! A point read costs PostgreSQL and us mostly its round trip; under load this divides that among all who wait. There
//! is no timer and nothing is kept: a row is always read after it was asked for, and a single question never waits
//! for company.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::{Mutex, mpsc, oneshot};
use uuid::Uuid;

use super::arrays;
use super::record::VideoRecord;
use crate::domain::Video;

/// Questions that may wait; whoever finds no place reads for itself.
const QUEUE: usize = 4096;
/// Questions that share a read.
const BATCH: usize = 128;
/// Reads at the same time: one is answered while another runs.
const LANES: usize = 2;

/// Where single videos are asked for. Cheap to clone; the tasks end when the last handle is dropped.
#[derive(Clone, Debug)]
pub(super) struct Lookup(mpsc::Sender<Waiting>);

#[derive(Debug)]
struct Waiting {
    id: Uuid,
    answer: oneshot::Sender<Option<Video>>,
}

impl Lookup {
    /// Starts the tasks that read.
    pub(super) fn start(pool: &PgPool) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..LANES {
            tokio::spawn(read_batches(pool.clone(), receiver.clone()));
        }
        Self(sender)
    }

    /// The video, as its row is after this call was made. `Err` where the shared read failed or the row cannot be
    /// read: then the caller asks for itself, and gets an error of its own.
    pub(super) async fn video(&self, id: Uuid) -> Result<Option<Video>, ReadAlone> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(Waiting { id, answer }).map_err(|_| ReadAlone)?;
        answered.await.map_err(|_| ReadAlone)
    }
}

/// The shared read gave no answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadAlone;

async fn read_batches(pool: PgPool, receiver: Arc<Mutex<mpsc::Receiver<Waiting>>>) {
    let mut waiting = Vec::with_capacity(BATCH);
    while receiver.lock().await.recv_many(&mut waiting, BATCH).await > 0 {
        let mut ids: Vec<Uuid> = waiting.iter().map(|waiting| waiting.id).collect();
        ids.sort_unstable();
        ids.dedup();
        match arrays::videos_by_id(&pool, &ids).await {
            Ok(rows) => answer(&mut waiting, rows),
            // Whoever waited reads alone, and tells of the error.
            Err(_) => waiting.clear(),
        }
    }
}

fn answer(waiting: &mut Vec<Waiting>, rows: Vec<VideoRecord>) {
    let mut found: HashMap<Uuid, Option<Video>> = HashMap::with_capacity(rows.len());
    for row in rows {
        found.insert(row.id(), Video::try_from(row).ok());
    }
    for Waiting { id, answer } in waiting.drain(..) {
        let video = match found.get(&id) {
            None => None,
            Some(Some(video)) => Some(video.clone()),
            // Unreadable: dropping the sender sends the caller to read alone.
            Some(None) => continue,
        };
        // Who has gone away misses nothing.
        let _gone = answer.send(video);
    }
}
