use super::*;

#[tokio::test]
async fn who_finds_no_place_waits_a_while_and_is_refused() {
    let admission = Arc::new(Admission::new(2, Duration::ZERO, Duration::from_millis(10)));
    let one = admission.enter().await.unwrap();
    let _two = admission.enter().await.unwrap();
    let begun = Instant::now();
    assert!(admission.enter().await.is_none());
    assert!(begun.elapsed() >= Duration::from_millis(50));
    let (third, ()) = tokio::join!(admission.enter(), async { drop(one) });
    assert!(third.is_some());
    assert_eq!(admission.taken.load(Ordering::SeqCst), 2);
    assert_eq!(admission.waiting.load(Ordering::SeqCst), 0);
}

#[test]
fn who_is_answered_late_anyway_may_wait_as_long() {
    let queue = Duration::from_millis(50);
    let admission = Admission::new(8, Duration::ZERO, queue);
    for (idle_ms, wait_ms) in [(1, 50), (200, 200), (60_000, 1_000)] {
        admission.idle_us.store(idle_ms * 1_000, Ordering::Relaxed);
        assert_eq!(admission.in_turn(), Duration::from_millis(wait_ms));
    }
    // Sixteen wait for eight places, of 200 ms each: 400 ms for the last.
    admission.waiting.store(16, Ordering::SeqCst);
    admission.mean_us.store(200_000, Ordering::Relaxed);
    assert!(admission.is_calm());
    admission.idle_us.store(200_000, Ordering::Relaxed);
    assert!(!admission.is_calm());
}

/// The order in which three who wait get the one place.
async fn order(mean_us: u64) -> Vec<usize> {
    let admission = Arc::new(Admission::new(1, Duration::ZERO, Duration::from_millis(10)));
    admission.mean_us.store(mean_us, Ordering::Relaxed);
    let first = admission.enter().await.unwrap();
    let served = std::sync::Mutex::new(Vec::new());
    let wait = async |number: usize| {
        if let Some(place) = admission.enter().await {
            served.lock().unwrap().push(number);
            drop(place);
        }
    };
    tokio::join!(wait(1), wait(2), wait(3), async { drop(first) });
    served.into_inner().unwrap()
}

#[tokio::test]
async fn the_first_is_the_first_until_too_many_wait() {
    assert_eq!(order(1_000).await, [1, 2, 3]);
    assert_eq!(order(4_000).await[0], 3);
}

#[tokio::test]
async fn a_place_is_lent_while_its_client_dawdles() {
    let admission = Arc::new(Admission::new(1, Duration::ZERO, Duration::from_millis(10)));
    let slow = admission.enter().await.unwrap();
    slow.leave();
    let quick = admission.enter().await.unwrap();
    slow.come_back(Duration::from_secs(1));
    assert_eq!(admission.taken.load(Ordering::SeqCst), 2);
    slow.answered();
    quick.leave();
    drop(quick);
    assert_eq!(admission.taken.load(Ordering::SeqCst), 0);
}

#[test]
fn a_bottleneck_of_eight_is_found_and_given_up_again() {
    // A model of a service that does eight at the same time in 10 ms each, and of a hundred who ask.
    let admission = Admission::new(512, Duration::from_millis(5), Duration::from_millis(50));
    let time_of = |taken: usize| 10_000 * u64::try_from(taken.div_ceil(8)).unwrap();
    for _ in 0..100 {
        let taken = admission.places.load(Ordering::Relaxed).min(100);
        let took_us = time_of(taken);
        for _ in 0..20 {
            admission.window.answers.fetch_add(1, Ordering::Relaxed);
            admission.window.sum_us.fetch_add(took_us, Ordering::Relaxed);
        }
        admission.window.full.store(taken < 100, Ordering::Relaxed);
        admission.learn(time_of(1));
        admission.look_again(20 * took_us / u64::try_from(taken).unwrap());
    }
    let found = admission.places.load(Ordering::Relaxed);
    assert!((8..=24).contains(&found), "{found}");
}
