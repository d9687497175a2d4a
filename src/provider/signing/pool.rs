//! The thread pool that signs with slow keys: one thread per core, for all providers of the process.
//!
//! 1. [`sign_in_pool`] puts one job, the tokens of one video, into the queue.
//! 2. A worker takes the oldest job. A job whose request is gone is skipped.
//! 3. It signs all texts of the job and answers the request. A panic is an error of this job alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use aws_lc_rs::error::Unspecified;
use flume::{Receiver, Sender};
use tokio::sync::oneshot;

use super::signed_text::TextSigner;

/// Number of threads in the pool: one per core.
static THREADS: LazyLock<usize> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));

/// The queue of [`Job`]s; its first use starts the threads.
// Why unbounded and first in, first out: HTTP requests acquire a signing permit before they come here, and the limiter
// of the permits bounds their number and is fair among callers.
static QUEUE: LazyLock<Sender<Job>> = LazyLock::new(|| {
    let (sender, receiver) = flume::unbounded();
    for number in 0..*THREADS {
        let receiver = receiver.clone();
        let thread = std::thread::Builder::new().name(format!("signer-{number}"));
        if let Err(error) = thread.spawn(move || run_worker(&receiver)) {
            tracing::error!(%error, "a thread that signs could not be started");
        }
    }
    sender
});

/// The tokens of a [`Job`], in the order of its texts.
type Tokens = Result<Vec<Arc<str>>, Unspecified>;

/// The texts of one video that one [`TextSigner`] signs.
struct Job {
    signer: Arc<TextSigner>,
    unsigned: Vec<String>,
    response: oneshot::Sender<Tokens>,
}

/// Signs texts on a thread of the pool, and waits for the tokens. They come in order.
///
/// # Errors
/// Signing failed or panicked.
pub(super) async fn sign_in_pool(signer: Arc<TextSigner>, unsigned: Vec<String>) -> Tokens {
    let (response, signed) = oneshot::channel();
    let job = Job {
        signer,
        unsigned,
        response,
    };
    QUEUE.send(job).map_err(|_| Unspecified)?;
    signed.await.map_err(|_| Unspecified)?
}

/// Returns how many jobs are signed at the same time: one per core.
pub fn signing_threads() -> usize {
    *THREADS
}

/// Signs texts on the calling thread, in order.
pub(super) fn sign_tokens(signer: &TextSigner, unsigned: &[String]) -> Tokens {
    unsigned.iter().map(|text| signer.sign_text(text)).collect()
}

/// Takes [`Job`]s until the process ends.
fn run_worker(jobs: &Receiver<Job>) {
    for Job {
        signer,
        unsigned,
        response,
    } in jobs
    {
        // Why: a request that gave up has dropped its receiver, and signing for it would hold up the others.
        if response.is_closed() {
            continue;
        }
        // Why: a panic must end the job and not the thread, which is never started again.
        let signed = catch_unwind(AssertUnwindSafe(|| sign_tokens(&signer, &unsigned)));
        let _request_is_gone = response.send(signed.unwrap_or(Err(Unspecified)));
    }
}
