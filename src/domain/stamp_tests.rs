//! Stamps: which report is the fresher one, in every order, with slow answers and clocks that differ.

use std::time::Duration;

use chrono::DateTime;
use proptest::prelude::*;
use serde_json::json;

use super::join_tests::{join_all, time_at};
use super::{AnswerTime, Fact, Field, Knowledge, Observation, Status, event_time};

/// A report of a duration.
fn duration_report(at: Option<i64>, event_id: &str, seconds: f64) -> Observation {
    Observation {
        at: at.map(time_at),
        seen_at: time_at(0),
        event_id: event_id.to_owned(),
        fields: vec![(Field::Duration, json!(seconds))],
        ..Observation::default()
    }
}

fn known_duration(known: &Knowledge) -> Option<f64> {
    known.facts.number(Field::Duration)
}

#[test]
fn equal_stamps_are_decided_by_kind_then_question_then_status_then_id_then_value() {
    let event = Observation {
        status: Some(Status::Ready),
        ..duration_report(Some(5), "z", 1.0)
    };
    let answer = |asked: i64, seconds: f64| Observation {
        asked_at: Some(time_at(asked)),
        ..duration_report(Some(5), "", seconds)
    };
    // From the weakest to the strongest.
    let ladder = [
        duration_report(None, "z", 9.0),
        duration_report(Some(4), "z", 9.0),
        duration_report(Some(5), "y", 2.0),
        duration_report(Some(5), "z", 2.0),
        duration_report(Some(5), "z", 3.0),
        event,
        answer(1, 1.5),
        answer(2, 1.0),
        Observation {
            status: Some(Status::Preparing),
            ..answer(2, 0.5)
        },
        duration_report(Some(6), "a", 0.25),
    ];
    for (index, weak) in ladder.iter().enumerate() {
        for strong in &ladder[index + 1..] {
            let (one, other) = (join_all([weak, strong]), join_all([strong, weak]));
            assert_eq!(one, other);
            let wanted = strong.fields[0].1.as_f64();
            assert_eq!(known_duration(&one), wanted, "{strong:?} over {weak:?}");
        }
    }
}

#[test]
fn the_time_of_an_answer_is_ours_as_far_as_the_providers_allows() {
    let at = |millis: i64| DateTime::from_timestamp_millis(1_700_000_000_000 + millis).unwrap_or_default();
    let stamp = |asked: i64, took: u64, date: Option<i64>| {
        AnswerTime::new(at(asked), Duration::from_millis(took), date.map(at)).at
    };
    // The clocks agree: our time stands, though `Date` has whole seconds, also where the answer was slow.
    assert_eq!(stamp(700, 100, Some(0)), at(700));
    assert_eq!(stamp(700, 9_000, Some(9_000)), at(700));
    assert_eq!(stamp(700, 100, None), at(700));
    // This clock is behind: the query went out at the earliest `took` before the answer.
    assert_eq!(stamp(700, 100, Some(60_000)), at(59_900));
    // This clock is ahead: the query went out within the second of the answer at the latest.
    let end = at(1_000) - chrono::Duration::microseconds(1);
    assert_eq!(stamp(60_000, 100, Some(0)), end);
    assert_eq!(stamp(60_000, 100_000_000, Some(0)), end);
    let forever = AnswerTime::new(at(0), Duration::MAX, Some(at(9_000)));
    assert_eq!(forever.at, at(0));
}

#[test]
fn an_event_too_far_ahead_counts_as_its_receipt() {
    assert_eq!(event_time(None, time_at(0)), None);
    for (ahead, wanted) in [(-9_000, -9_000), (0, 0), (300, 300), (301, 0), (31_536_000, 0)] {
        assert_eq!(
            event_time(Some(time_at(ahead)), time_at(0)),
            Some(time_at(wanted))
        );
    }
}

#[test]
fn facts_of_an_earlier_release_are_read_and_it_reads_ours() {
    let read = |text: &str| serde_json::from_str::<Fact>(text).unwrap_or_else(|error| panic!("{error}"));
    let (event, answer) = (r#"{"v":1,"t":5,"r":3,"e":"id"}"#, r#"{"v":1,"t":5,"r":3,"e":""}"#);
    assert_eq!(read(event).stamp.asked_us, None);
    assert_eq!(read(answer).stamp.asked_us, Some(5));
    // An event is written as ever; an answer has the time of its query, beside what was there before.
    assert_eq!(serde_json::to_string(&read(event)).ok().as_deref(), Some(event));
    let ours = read(r#"{"v":1,"t":5,"r":3,"e":"","a":4}"#);
    assert_eq!(ours.stamp.asked_us, Some(4));
    let written = serde_json::to_value(&ours).unwrap_or_default();
    assert_eq!(written, json!({"v": 1, "t": 5, "r": 3, "e": "", "a": 4}));
}

/// A provider whose asset gets another duration at each of these times, and clocks that differ from ours.
#[derive(Clone, Debug)]
struct World {
    /// Milliseconds, in order: when the asset changes. Each change is an event.
    changes: Vec<i64>,
    /// Milliseconds that the provider's clock is ahead of ours.
    ahead: i64,
    /// Milliseconds until an event has come in, each.
    delays: Vec<i64>,
    /// Queries: the time of each, the time until the provider reads the asset, and the time until the answer is here.
    questions: Vec<(i64, i64, i64)>,
}

impl World {
    fn duration_at(&self, at: i64) -> f64 {
        let changes = self.changes.iter().filter(|change| **change <= at).count();
        f64::from(u32::try_from(changes).unwrap_or_default()) + 1.0
    }

    fn change_event(&self, index: usize) -> Observation {
        let at = self.changes[index];
        let theirs = time_at(0) + chrono::Duration::milliseconds(at + self.ahead);
        let received_at = time_at(0) + chrono::Duration::milliseconds(at + self.delays[index]);
        Observation {
            at: event_time(Some(theirs), received_at),
            ..duration_report(None, &format!("event-{index}"), self.duration_at(at))
        }
    }

    /// The answer to a query at `asked`. The provider reads the asset, and says the time in whole seconds.
    fn fetched_answer(&self, asked: i64, until_read: i64, until_here: i64) -> Observation {
        let read = asked + until_read;
        let date = (read + self.ahead).div_euclid(1000);
        let asked_at = time_at(0) + chrono::Duration::milliseconds(asked);
        let took = Duration::from_millis(u64::try_from(until_read + until_here).unwrap_or_default());
        Observation {
            fields: vec![(Field::Duration, json!(self.duration_at(read)))],
            ..Observation::from_answer(AnswerTime::new(asked_at, took, Some(time_at(date))), asked_at)
        }
    }
}

fn any_world() -> impl Strategy<Value = World> {
    let changes = prop::collection::vec(0..20_000_i64, 1..6);
    let questions = prop::collection::vec((0..20_000_i64, 0..4_000_i64, 0..4_000_i64), 0..6);
    (
        changes,
        -5_000..5_000_i64,
        prop::collection::vec(0..3_000_i64, 6),
        questions,
    )
        .prop_map(|(mut changes, ahead, delays, questions)| {
            changes.sort_unstable();
            World {
                changes,
                ahead,
                delays,
                questions,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Queries that each event raises go out when it has come in; others at any time. Whatever is known in the end
    /// is what the provider has: no stale answer and no older event stands.
    #[test]
    fn what_the_provider_has_last_is_known_in_the_end(
        world in any_world(),
        swaps in prop::collection::vec(any::<prop::sample::Index>(), 12),
    ) {
        let mut all: Vec<Observation> = (0..world.changes.len()).map(|index| world.change_event(index)).collect();
        let last = all.len() - 1;
        // The last event asks: its answer is no older than it.
        let mut because = world.fetched_answer(world.changes[last] + world.delays[last], 10, 10);
        because.at = because.at.max(all[last].at);
        all.push(because);
        // An answer that was read before the last change must not beat the last event, whatever the clocks say, as
        // long as they tell it apart from the question by more than the second that `Date` leaves open.
        let (end, open) = (world.changes[last], 1_000 + world.ahead.abs());
        let stale = world.questions.iter().filter(|(asked, read, _)| asked + read + open < end);
        let fresh = world.questions.iter().filter(|(asked, ..)| *asked > end);
        all.extend(stale.chain(fresh).map(|(asked, read, here)| world.fetched_answer(*asked, *read, *here)));
        let wanted = world.duration_at(i64::MAX / 2);
        let ordered = join_all(&all);
        prop_assert_eq!(known_duration(&ordered), Some(wanted), "{:?}", all);
        let count = all.len();
        for (from, to) in swaps.iter().enumerate() {
            all.swap(from % count, to.index(count));
        }
        prop_assert_eq!(join_all(&all), ordered);
    }

    /// With clocks that agree, an answer that was under way when the asset changed loses to the event of the change,
    /// and one that was queried later wins, however slow it was.
    #[test]
    fn clocks_that_agree_tell_slow_answers_from_fresh_ones(world in any_world()) {
        let world = World { ahead: 0, ..world };
        let last = world.changes.len() - 1;
        for (asked, read, here) in &world.questions {
            let pair = [world.change_event(last), world.fetched_answer(*asked, *read, *here)];
            let wanted = world.duration_at(i64::MAX / 2);
            prop_assert_eq!(known_duration(&join_all(&pair)), Some(wanted));
        }
    }
}
