//! Random histories: events permuted, repeated and truncated, crashes between any two steps, webhooks, reconcilers and
//! replicas racing. Whatever happened, each video ends as after the plain run in order.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::form;
use crate::mux::Life;
use crate::support::Db;
use crate::world::World;

/// An event of a history: which video's (modulo their number), and which one of its (modulo theirs).
type Pick = (usize, usize);

/// One step.
#[derive(Clone, Debug)]
enum Step {
    /// The provider sends an event.
    Send(Pick),
    /// It sends one, and the process dies after so many awaits.
    SendAndDie(Pick, usize),
    /// What is due is applied, refreshes included.
    Apply,
    /// The same, and the process dies after so many awaits.
    ApplyAndDie(usize),
    /// What is due is applied; the process dies before any refresh.
    ApplyWithoutRefresh,
    /// One pass of the reconciler.
    Reconcile,
    /// The same, and the process dies after so many awaits; its leases stay.
    ReconcileAndDie(usize),
    /// A pass whose answers take two seconds; the provider sends an event meanwhile.
    ReconcileSlowly(Pick),
    /// Two replicas send, apply and reconcile at the same time.
    Race(Pick),
    /// The owner deletes the video, where that is its life.
    Delete(usize),
    /// Three minutes pass.
    Wait,
    /// The leases of the dead end.
    LeasesEnd,
}

/// What happens to some videos.
#[derive(Clone, Debug)]
struct History {
    lives: Vec<Life>,
    /// Members that are missing, one mask an event.
    cuts: Vec<u8>,
    /// Seconds that the provider's clock is ahead of ours.
    ahead: i64,
    steps: Vec<Step>,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let pick = || (0..3_usize, 0..8_usize);
    let awaits = || 0..40_usize;
    let step = prop_oneof![
        6 => pick().prop_map(Step::Send),
        2 => (pick(), awaits()).prop_map(|(pick, awaits)| Step::SendAndDie(pick, awaits)),
        3 => Just(Step::Apply),
        3 => awaits().prop_map(Step::ApplyAndDie),
        1 => Just(Step::ApplyWithoutRefresh),
        2 => Just(Step::Reconcile),
        2 => awaits().prop_map(Step::ReconcileAndDie),
        2 => pick().prop_map(Step::ReconcileSlowly),
        2 => pick().prop_map(Step::Race),
        1 => (0..3_usize).prop_map(Step::Delete),
        2 => Just(Step::Wait),
        1 => Just(Step::LeasesEnd),
    ];
    prop::collection::vec(step, 4..32)
}

fn histories() -> impl Strategy<Value = History> {
    let lives = prop::collection::vec(prop::sample::select(&Life::ALL[..]), 1..4);
    // Most events are whole.
    let cut = prop_oneof![2 => Just(0_u8), 3 => any::<u8>()];
    let cuts = prop::collection::vec(cut, 24);
    (lives, cuts, -3..4_i64, steps()).prop_map(|(lives, cuts, ahead, steps)| History {
        lives,
        cuts,
        ahead,
        steps,
    })
}

/// Takes members out of an event: its id, times, facts, and ids that others stand in for. Others are wrong: it is dated
/// next year, or has no time and tells a duration of long ago.
fn truncate(event: &mut Value, cut: u8) {
    let members = |value: &mut Value, names: &[&str]| {
        let object = value.as_object_mut().unwrap();
        object.retain(|name, _| !names.contains(&name.as_str()));
    };
    let data: [(u8, &[&str]); 4] = [
        (1, &["playback_ids"]),
        (2, &["duration", "aspect_ratio", "tracks"]),
        (4, &["passthrough", "new_asset_settings"]),
        (8, &["upload_id", "status"]),
    ];
    for (bit, names) in data {
        if cut & bit != 0 {
            members(&mut event["data"], names);
        }
    }
    if cut & 64 != 0 {
        event["created_at"] = "2027-06-28T20:26:40Z".into();
    }
    if cut & (128 | 16) == 128 | 16 && !event["data"]["duration"].is_null() {
        event["data"]["duration"] = 7.5.into();
    }
    for (bit, name) in [(16, "created_at"), (32, "id")] {
        if cut & bit != 0 {
            members(event, &[name]);
        }
    }
}

/// Runs a history to its end; returns each video's end, and how often the process died.
async fn run(db: Db, history: &History) -> (Vec<Value>, usize) {
    let mut world = World::begin(db, &history.lives, history.ahead).await;
    for (index, video) in world.events.iter_mut().enumerate() {
        for (number, event) in video.iter_mut().enumerate() {
            truncate(event, history.cuts[(index * 8 + number) % history.cuts.len()]);
        }
    }
    for step in &history.steps {
        match step {
            Step::Send(pick) => world.send(*pick).await,
            Step::SendAndDie(pick, awaits) => world.send_and_die(*pick, *awaits).await,
            Step::Apply => world.apply().await,
            Step::ApplyAndDie(awaits) => world.apply_and_die(*awaits).await,
            Step::ApplyWithoutRefresh => world.apply_without_refresh().await,
            Step::Reconcile => world.reconcile().await,
            Step::ReconcileAndDie(awaits) => Box::pin(world.reconcile_and_die(*awaits)).await,
            Step::ReconcileSlowly(pick) => Box::pin(world.reconcile_slowly(*pick)).await,
            Step::Race(pick) => Box::pin(world.race(*pick)).await,
            Step::Delete(video) => world.delete(*video).await,
            Step::Wait => world.wait(),
            Step::LeasesEnd => world.rows.end_leases().await,
        }
    }
    world.end().await
}

/// The same, on the heap.
fn runs(db: Db, history: &History) -> std::pin::Pin<Box<dyn Future<Output = (Vec<Value>, usize)> + '_>> {
    Box::pin(run(db, history))
}

/// Every life, whole and in order.
fn plain() -> History {
    let sends = |video| (0..8).map(move |event| Step::Send((video, event)));
    History {
        lives: Life::ALL.to_vec(),
        cuts: vec![0],
        ahead: 0,
        steps: (0..Life::ALL.len())
            .flat_map(|video| sends(video).chain([Step::Apply]))
            .collect(),
    }
}

fn every_history_ends_as_the_plain_one(db: Db) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (ends, _) = runtime.block_on(runs(db, &plain()));
    let expected: HashMap<Life, Value> = Life::ALL.into_iter().zip(ends).collect();
    for (life, end) in &expected {
        assert_eq!(end["status"], life.end(), "the plain run itself: {end}");
    }
    let (mut cases, mut steps, mut deaths) = (0, 0, 0);
    let mut runner = TestRunner::new(Config {
        cases: u32::try_from(form("DRILL_CASES", 12)).unwrap(),
        max_shrink_iters: 100,
        failure_persistence: None,
        ..Config::default()
    });
    let counts = std::cell::RefCell::new((&mut cases, &mut steps, &mut deaths));
    let result = runner.run(&histories(), |history| {
        let (ends, died) = runtime.block_on(runs(db, &history));
        let mut counts = counts.borrow_mut();
        *counts.0 += 1;
        *counts.1 += history.steps.len();
        *counts.2 += died;
        for (life, end) in history.lives.iter().zip(ends) {
            prop_assert_eq!(&end, &expected[life], "{:?}", life);
        }
        Ok(())
    });
    println!("{db:?}: {cases} histories, {steps} steps, {deaths} deaths");
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn every_history_ends_as_the_plain_one_on_sqlite() {
    every_history_ends_as_the_plain_one(Db::Sqlite);
}

#[test]
fn every_history_ends_as_the_plain_one_on_postgres() {
    every_history_ends_as_the_plain_one(Db::Postgres);
}
