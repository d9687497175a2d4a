//! The threads that sign with slow keys: one a core, for the whole process, never without work while somebody waits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use aws_lc_rs::error::Unspecified;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use flume::{Receiver, Sender};
use tokio::sync::{Notify, oneshot};

use super::key::SigningKey;

/// As many threads.
static CORES: LazyLock<usize> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));

/// Jobs for each thread that keep it at work until more come: videos are read from the database meanwhile.
const AHEAD: usize = 2;

/// Told when no more jobs wait than that.
static ROOM: Notify = Notify::const_new();

/// First come, first served. As many wait as the service takes requests.
static QUEUE: LazyLock<Sender<Job>> = LazyLock::new(|| {
    let (sender, receiver) = flume::unbounded();
    for number in 0..*CORES {
        let receiver = receiver.clone();
        let thread = std::thread::Builder::new().name(format!("signer-{number}"));
        if let Err(error) = thread.spawn(move || work(&receiver)) {
            tracing::error!(%error, "a thread that signs could not be started");
        }
    }
    sender
});

type Tokens = Result<Vec<Arc<str>>, Unspecified>;

struct Job {
    key: Arc<SigningKey>,
    unsigned: Vec<String>,
    answer: oneshot::Sender<Tokens>,
}

/// The tokens of these texts, in order.
pub(super) async fn sign(key: Arc<SigningKey>, unsigned: Vec<String>) -> Tokens {
    let (answer, answered) = oneshot::channel();
    let job = Job {
        key,
        unsigned,
        answer,
    };
    QUEUE.send(job).map_err(|_| Unspecified)?;
    answered.await.map_err(|_| Unspecified)?
}

/// Returns when the threads will be without work unless more comes. Whoever waits is let go together.
pub(super) async fn room() {
    // From here on nothing that is told is missed.
    let told = ROOM.notified();
    if !has_room() {
        told.await;
    }
}

fn has_room() -> bool {
    QUEUE.len() <= *CORES * AHEAD
}

/// Many more jobs than leave room.
#[cfg(test)]
pub(super) fn too_many() -> usize {
    *CORES * (AHEAD + 4)
}

/// As [`sign`], on this thread: for keys that are quick.
pub(super) fn sign_here(key: &SigningKey, unsigned: &[String]) -> Tokens {
    let token = |text: &String| {
        let signature = key.sign(text.as_bytes())?;
        let length = text.len() + 1 + base64::encoded_len(signature.len(), false).unwrap_or_default();
        let mut token = String::with_capacity(length);
        token.push_str(text);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(Arc::from(token))
    };
    unsigned.iter().map(token).collect()
}

fn work(jobs: &Receiver<Job>) {
    for Job {
        key,
        unsigned,
        answer,
    } in jobs
    {
        if has_room() {
            ROOM.notify_waiters();
        }
        // Nobody waits any more.
        if answer.is_closed() {
            continue;
        }
        // A panic takes the answer with it, never the thread.
        let signed = catch_unwind(AssertUnwindSafe(|| sign_here(&key, &unsigned)));
        let _gone = answer.send(signed.unwrap_or(Err(Unspecified)));
    }
}
