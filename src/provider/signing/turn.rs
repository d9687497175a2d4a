//! When an answer begins that will wait for slow signatures: as late as keeps the threads that make them at work. Its video
//! is read with those of others then, and what is read is not old when it is signed.

use std::sync::LazyLock;

use quick_cache::sync::Cache;
use uuid::Uuid;

use super::threads;

/// Videos that are remembered: a few more than the signatures that are kept are of.
const REMEMBERED: usize = 8_192;

/// Videos that were asked for lately: their signatures are likely to be known.
static LATELY: LazyLock<Cache<Uuid, ()>> = LazyLock::new(|| Cache::new(REMEMBERED));

/// Returns when playback of this video may begin: at once where it was asked for lately, or nobody waits for signatures.
/// Nothing depends on either but the time that it takes.
pub async fn turn(video: Uuid) {
    if LATELY.get(&video).is_none() {
        threads::room().await;
        LATELY.insert(video, ());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use futures::poll;

    use super::super::key::rsa;
    use super::*;

    #[tokio::test]
    async fn who_was_asked_for_lately_does_not_wait_for_signatures() {
        let key = KeyPair::generate(KeySize::Rsa2048);
        let key = Arc::new(rsa(Ok(key.unwrap())).unwrap());
        let (known, unknown) = (Uuid::from_u128(1), Uuid::from_u128(2));
        turn(known).await;
        let job = || Box::pin(threads::sign(key.clone(), vec!["text".to_owned(); 5_000]));
        let mut jobs: Vec<_> = (0..threads::too_many()).map(|_| job()).collect();
        for job in &mut jobs {
            assert!(poll!(job).is_pending());
        }

        assert!(poll!(std::pin::pin!(turn(known))).is_ready());
        let mut waits = std::pin::pin!(turn(unknown));
        assert!(poll!(&mut waits).is_pending());

        // What nobody waits for is not signed.
        drop(jobs);
        let let_go = tokio::time::timeout(Duration::from_mins(1), waits).await;
        assert!(let_go.is_ok());
    }
}
