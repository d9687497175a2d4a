use super::*;

const SECOND: i64 = 1_000_000;
/// Begin of every test: a time that is special in no way.
const BEGIN: i64 = 1_780_000_000 * SECOND;

/// A process that takes permits as the client does: one request at a time, and calls when its permit begins.
struct Process {
    background: bool,
    turns: u32,
    /// Time of its next request.
    free_at: i64,
    /// Time from a permit until the next request.
    rest_us: i64,
}

/// Random numbers that are small and the same in every run: the shape of the load matters, not its luck.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, most: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        i64::try_from(self.0 >> 33).unwrap() % most.max(1)
    }
}

/// Runs a load for `for_us`. Returns the time of each call, and `true` for background work.
fn run_load(pace: &Pace, mut all: Vec<Process>, for_us: i64, ledger: &mut Ledger) -> Vec<(i64, bool)> {
    let mut calls = Vec::new();
    loop {
        let process = all.iter_mut().min_by_key(|process| process.free_at).unwrap();
        let now = process.free_at;
        if now > BEGIN + for_us {
            calls.sort_unstable();
            return calls;
        }
        let request = PermitRequest {
            permits: process.turns,
            background: process.background,
            patience_us: 15 * SECOND,
        };
        match ledger.take_permits(pace, &request, now) {
            PermitOutcome::Taken(wait) => {
                let mut last = now;
                for before in (0..process.turns).rev() {
                    last = now + (wait - i64::from(before) * pace.interval_us).max(0);
                    calls.push((last, process.background));
                }
                process.free_at = last + process.rest_us;
            }
            PermitOutcome::NotTaken(again) => process.free_at = now + again.max(1),
        }
    }
}

fn new_process(background: bool, rest_us: i64) -> Process {
    Process {
        background,
        turns: 1,
        free_at: BEGIN,
        rest_us,
    }
}

/// In every window that begins with a call, at most `burst + per_s * T` calls.
#[track_caller]
fn assert_law(calls: &[(i64, bool)], per_s: f64, burst: f64) {
    for (first, (begin, _)) in calls.iter().enumerate() {
        for (last, (end, _)) in calls.iter().enumerate().skip(first) {
            let count = f64::from(u32::try_from(last - first + 1).unwrap());
            let window_s = f64::from(u32::try_from(end - begin).unwrap()) / SECOND_US;
            assert!(
                count <= burst + per_s * window_s + 1e-6,
                "{count} calls in {window_s} s at {per_s}/s with a burst of {burst}"
            );
        }
    }
}

#[test]
fn no_window_has_more_calls_than_burst_and_rate_allow() {
    for (per_s, burst) in [
        (1.0, 5.0),
        (5.0, 10.0),
        (3.0, 10.0),
        (0.5, 1.0),
        (7.3, 2.5),
        (1.0, 1.0),
    ] {
        let pace = Pace::new(per_s, burst, 15.0);
        let mut dice = Dice(42);
        for replicas in 1..=6 {
            let all = (0..replicas).flat_map(|_| {
                [
                    Process {
                        turns: u32::try_from(1 + dice.roll(3)).unwrap(),
                        ..new_process(false, dice.roll(2 * pace.interval_us))
                    },
                    new_process(true, dice.roll(pace.interval_us)),
                ]
            });
            let calls = run_load(&pace, all.collect(), 60 * SECOND, &mut Ledger::default());
            assert!(calls.len() > 20);
            assert_law(&calls, per_s, burst);
        }
    }
}

#[test]
fn a_rate_that_is_asked_for_is_given_whole() {
    let pace = Pace::new(1.0, 5.0, 15.0);
    let all = (0..4).map(|_| new_process(false, 0)).collect();
    let calls = run_load(&pace, all, 60 * SECOND, &mut Ledger::default());
    assert!(calls.len() >= 64, "{} of 65", calls.len());
}

#[test]
fn background_work_has_at_most_half_while_requests_wait_and_everything_else() {
    for (per_s, burst) in [(1.0, 5.0), (8.0, 20.0), (5.0, 1.0)] {
        let pace = Pace::new(per_s, burst, 15.0);
        let mut ledger = Ledger::default();
        let busy = (0..3)
            .map(|_| new_process(false, 1000))
            .chain((0..3).map(|_| new_process(true, 500)));
        let calls = run_load(&pace, busy.collect(), 120 * SECOND, &mut ledger);
        let background = calls.iter().filter(|(_, background)| *background).count();
        // Before the first request had to wait there was no request to share with.
        let half = f64::midpoint(burst, 120.0 * per_s) + burst;
        assert!(
            f64::from(u32::try_from(background).unwrap()) <= half + 1.0,
            "{background} of {} at {per_s}/s",
            calls.len()
        );
        assert!(background > calls.len() / 3, "it is not starved: {background}");
        let alone = vec![new_process(true, 0), new_process(true, 0)];
        let calls = run_load(&pace, alone, 120 * SECOND, &mut Ledger::default());
        let all = (burst + 120.0 * per_s).floor();
        assert!(
            f64::from(u32::try_from(calls.len()).unwrap()) >= all - 2.0,
            "{} of {all}",
            calls.len()
        );
    }
}

#[test]
fn who_would_wait_longer_takes_no_turn_and_is_told_how_long() {
    let pace = Pace::new(1.0, 1.0, 15.0);
    let mut ledger = Ledger::default();
    let request = |patience_s: i64| PermitRequest {
        permits: 1,
        background: false,
        patience_us: patience_s * SECOND,
    };
    assert_eq!(
        ledger.take_permits(&pace, &request(15), BEGIN),
        PermitOutcome::Taken(0)
    );
    assert_eq!(
        ledger.take_permits(&pace, &request(15), BEGIN),
        PermitOutcome::Taken(SECOND)
    );
    let before = ledger;
    assert_eq!(
        ledger.take_permits(&pace, &request(1), BEGIN),
        PermitOutcome::NotTaken(2 * SECOND)
    );
    assert_eq!(ledger, before);
    assert_eq!(
        ledger.take_permits(&pace, &request(2), BEGIN),
        PermitOutcome::Taken(2 * SECOND)
    );
}

#[test]
fn the_turns_of_an_upload_come_one_after_another() {
    let pace = Pace::new(1.0, 1.0, 15.0);
    let request = PermitRequest {
        permits: 3,
        background: false,
        patience_us: 15 * SECOND,
    };
    let mut ledger = Ledger::default();
    // The first begins at once, the last two intervals later.
    assert_eq!(
        ledger.take_permits(&pace, &request, BEGIN),
        PermitOutcome::Taken(2 * SECOND)
    );
}

#[test]
fn a_pause_holds_everybody_and_leaves_no_burst_behind() {
    let pace = Pace::new(1.0, 5.0, 15.0);
    let mut ledger = Ledger::default();
    ledger.pause(7 * SECOND, BEGIN);
    ledger.pause(2 * SECOND, BEGIN);
    assert_eq!(ledger.paused_for_us(BEGIN), 7 * SECOND, "the longer one holds");
    let request = PermitRequest {
        permits: 1,
        background: false,
        patience_us: 15 * SECOND,
    };
    let waits: Vec<PermitOutcome> = (0..3)
        .map(|_| ledger.take_permits(&pace, &request, BEGIN))
        .collect();
    assert_eq!(waits, [7, 8, 9].map(|s| PermitOutcome::Taken(s * SECOND)));
    let mut ledger = Ledger::default();
    ledger.pause(60 * SECOND, BEGIN);
    assert_eq!(
        ledger.take_permits(&pace, &request, BEGIN),
        PermitOutcome::NotTaken(60 * SECOND)
    );
}

#[test]
fn a_clock_that_jumps_costs_at_most_what_may_lie_ahead() {
    let pace = Pace::new(1.0, 5.0, 15.0);
    let day = 86_400 * SECOND;
    let request = |background| PermitRequest {
        permits: 1,
        background,
        patience_us: 60 * SECOND,
    };
    let mut ahead = Ledger {
        next_us: BEGIN + day,
        background_us: BEGIN + day,
        requests_us: BEGIN + day,
        paused_us: 0,
    };
    // Backwards by a day: no request waits longer than wait_s, the burst and one interval.
    assert_eq!(
        ahead.take_permits(&pace, &request(false), BEGIN),
        PermitOutcome::Taken(21 * SECOND)
    );
    assert!(ahead.requests_us <= BEGIN + 21 * SECOND);
    let mut ahead = Ledger {
        background_us: BEGIN + day,
        requests_us: BEGIN,
        ..Ledger::default()
    };
    assert_eq!(
        ahead.take_permits(&pace, &request(true), BEGIN),
        PermitOutcome::NotTaken(2 * SECOND)
    );
    let mut paused = Ledger {
        paused_us: BEGIN + day,
        ..Ledger::default()
    };
    assert_eq!(paused.paused_for_us(BEGIN), LONGEST_PAUSE_US);
    paused.pause(SECOND, BEGIN);
    assert_eq!(paused.paused_for_us(BEGIN), LONGEST_PAUSE_US);
    // Forwards: one burst, as after any idle day.
    let mut idle = Ledger::default();
    let calls = run_load(&pace, vec![new_process(false, 0)], 20 * SECOND, &mut idle);
    assert_law(&calls, 1.0, 5.0);
}

#[test]
fn lots_are_for_rates_above_fifty_and_keep_the_law() {
    assert_eq!(Pace::new(50.0, 100.0, 15.0).batch, 1);
    assert_eq!(Pace::new(100.0, 1.0, 15.0).batch, 1, "a lot fits into the burst");
    for (per_s, burst) in [(100.0, 20.0), (200.0, 5.0), (60.0, 100.0)] {
        let pace = Pace::new(per_s, burst, 15.0);
        assert!(pace.batch > 1);
        let lot_us = i64::from(pace.batch) * pace.interval_us;
        assert!(
            lot_us <= SECOND / 10 + pace.interval_us,
            "at most a tenth of a second"
        );
        let mut ledger = Ledger::default();
        let mut dice = Dice(7);
        let mut calls = Vec::new();
        let mut free = [BEGIN; 3];
        let request = PermitRequest {
            permits: pace.batch,
            background: false,
            patience_us: 15 * SECOND,
        };
        // Each process uses its lot at any time until it is forfeited.
        while *free.iter().min().unwrap() < BEGIN + 3 * SECOND {
            let next = free.iter_mut().min().unwrap();
            let PermitOutcome::Taken(wait) = ledger.take_permits(&pace, &request, *next) else {
                unreachable!("nobody reserves more than one lot");
            };
            let at = *next + wait;
            calls.extend((0..pace.batch).map(|_| (at + dice.roll(lot_us + 1), false)));
            *next = at + dice.roll(lot_us);
        }
        calls.sort_unstable();
        assert_law(&calls, per_s, burst);
    }
}
