//! Replacements, simulated: events of two providers about the assets of one video, permuted and repeated, answers, deletions,
//! further replacements and crashes between any two steps, while rows exchange their assets.
//!
//! Reads and writes are apart, as in the database: a write counts where its row still has the revision that was read. Each
//! rule is also taken out once, and the simulation must notice. A failure names its seed.

mod asset;
mod schedule;
mod world;

use self::world::World;
use super::NeededIds;

const NEEDS: NeededIds = NeededIds {
    playback_id: true,
    asset_id: false,
    upload_id: false,
};

/// The rules that hold, or that are taken out.
#[derive(Clone, Copy, Debug)]
struct Rules {
    /// A passthrough is looked up among references, and an answer is written to the row that has the asset.
    by_reference: bool,
    /// Revisions grow at an exchange, and are not exchanged.
    revisions_grow: bool,
    /// The provider is asked once more before the exchange.
    asks_again: bool,
}

const ALL_RULES: Rules = Rules {
    by_reference: true,
    revisions_grow: true,
    asks_again: true,
};

/// Runs one schedule. Returns the number of exchanges.
fn run(seed: u64, rules: Rules) -> usize {
    let mut world = World::new(seed, rules);
    for _ in 0..120 {
        world.step();
        world.check_plays();
    }
    world.settle();
    world.check_plays();
    world.check_end();
    world.exchanges
}

/// Runs schedules and returns the first seed that fails, if one does.
fn first_failure(rules: Rules, seeds: std::ops::Range<u64>) -> Option<u64> {
    seeds
        .into_iter()
        .find(|seed| std::panic::catch_unwind(|| run(*seed, rules)).is_err())
}

/// Runs the schedules of these seeds. Returns the number of exchanges.
fn run_all(seeds: std::ops::Range<u64>) -> usize {
    seeds
        .map(|seed| {
            let ran = std::panic::catch_unwind(|| run(seed, ALL_RULES));
            ran.unwrap_or_else(|_| panic!("the schedule of seed {seed} failed"))
        })
        .sum()
}

#[test]
fn whatever_happens_each_asset_ends_in_one_row_with_all_that_is_known_of_it() {
    const SCHEDULES: u64 = 15_000;
    const THREADS: u64 = 4;
    let each = SCHEDULES / THREADS;
    let exchanges: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || run_all(thread * each..(thread + 1) * each)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a schedule failed, see above"))
            .sum()
    });
    assert!(exchanges > 5_000, "{exchanges} exchanges are few");
}

#[test]
fn a_look_up_by_the_rows_own_id_is_noticed() {
    let rules = Rules {
        by_reference: false,
        ..ALL_RULES
    };
    assert!(first_failure(rules, 0..2_000).is_some());
}

#[test]
fn an_exchanged_revision_is_noticed() {
    let rules = Rules {
        revisions_grow: false,
        ..ALL_RULES
    };
    assert!(first_failure(rules, 0..20_000).is_some());
}

#[test]
fn an_exchange_without_a_second_question_is_noticed() {
    let rules = Rules {
        asks_again: false,
        ..ALL_RULES
    };
    assert!(first_failure(rules, 0..2_000).is_some());
}
