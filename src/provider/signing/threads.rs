//! The threads that sign with slow keys: one a core, for the whole process, never without work while somebody waits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use aws_lc_rs::error::Unspecified;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use flume::{Receiver, Sender};
use tokio::sync::oneshot;

use super::key::SigningKey;

/// As many threads.
static CORES: LazyLock<usize> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));

/// First come, first served: who may come, and in which order, is decided by permits before (`FairSemaphore`).
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

/// How many videos are signed at the same time: one a core.
pub fn threads() -> usize {
    *CORES
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
        // Nobody waits any more.
        if answer.is_closed() {
            continue;
        }
        // A panic takes the answer with it, never the thread.
        let signed = catch_unwind(AssertUnwindSafe(|| sign_here(&key, &unsigned)));
        let _gone = answer.send(signed.unwrap_or(Err(Unspecified)));
    }
}
