//! The join, tested on random histories: no order, repetition or interruption may show in the result.

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{AskedFor, Field, Knowledge, NeededIds, Observation, Policy, ShownStatus, Status};

pub(super) fn time_at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap_or_default()
}

fn any_status() -> impl Strategy<Value = Option<Status>> {
    prop::option::weighted(0.8, prop::sample::select(Status::ALL.to_vec()))
}

/// Few distinct values and times, so that ties and contradictions are common.
fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        (0..3_u8).prop_map(|n| json!(n)),
        (0..3_u8).prop_map(|n| json!(n.to_string())),
        (0..2_u8).prop_map(|n| json!(f64::from(n) + 0.5)),
    ]
}

fn any_observation() -> impl Strategy<Value = Observation> {
    let fields = prop::collection::vec((prop::sample::select(Field::ALL.to_vec()), any_value()), 0..4);
    let flags = (
        prop::bool::weighted(0.05),
        prop::bool::weighted(0.05),
        prop::bool::weighted(0.05),
        prop::bool::weighted(0.05),
    );
    let ids = (prop::bool::ANY, prop::bool::ANY);
    (
        prop::option::weighted(0.7, 0..3_i64),
        (0..3_u8, prop::option::weighted(0.3, 0..3_i64)),
        any_status(),
        flags,
        ids,
        fields,
    )
        .prop_map(
            |(
                at,
                (event, answer),
                status,
                (gone, delete_requested, cancel_confirmed, discarded),
                (upload, asset),
                fields,
            )| {
                Observation {
                    at: at.map(time_at),
                    asked_at: answer.map(time_at),
                    seen_at: time_at(100),
                    event_id: answer.map_or_else(|| format!("event-{event}"), |_| String::new()),
                    status,
                    gone,
                    delete_requested,
                    cancel_confirmed,
                    discarded,
                    upload_id: upload.then(|| "upload".to_owned()),
                    asset_id: asset.then(|| "asset".to_owned()),
                    fields,
                }
            },
        )
}

pub(super) fn join_all<'a>(history: impl IntoIterator<Item = &'a Observation>) -> Knowledge {
    let mut known = Knowledge::default();
    for seen in history {
        known
            .join(seen)
            .expect("all observations of a history name the same ids");
    }
    known
}

/// Every order of four things.
fn all_orders() -> Vec<[usize; 4]> {
    let mut all = Vec::new();
    for a in 0..4 {
        for b in (0..4).filter(|b| *b != a) {
            for c in (0..4).filter(|c| ![a, b].contains(c)) {
                all.push([a, b, c, 6 - a - b - c]);
            }
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn four_observations_leave_the_same_row_in_every_order_and_with_repetitions(
        history in prop::collection::vec(any_observation(), 4),
        again in prop::collection::vec(0..4_usize, 0..4),
    ) {
        let expected = join_all(&history);
        for order in all_orders() {
            prop_assert_eq!(&join_all(order.iter().map(|i| &history[*i])), &expected);
            let repeated = order.iter().chain(&again).map(|i| &history[*i]);
            prop_assert_eq!(&join_all(repeated), &expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn long_histories_do_not_remember_their_order(
        (history, shuffled) in prop::collection::vec(any_observation(), 0..24)
            .prop_flat_map(|h| (Just(h.clone()), Just(h).prop_shuffle())),
    ) {
        prop_assert_eq!(join_all(&history), join_all(&shuffled));
    }
}

fn status_report(status: Status) -> Observation {
    Observation {
        at: Some(time_at(0)),
        seen_at: time_at(0),
        status: Some(status),
        ..Observation::default()
    }
}

const NEEDS: NeededIds = NeededIds {
    playback_id: true,
    asset_id: false,
    upload_id: false,
};

/// An upload that asked for this policy and has no limits.
const fn asks(policy: Policy) -> AskedFor {
    AskedFor {
        policy,
        max_duration_s: None,
        is_being_replaced: false,
    }
}

/// An upload that may last ten seconds.
const TEN_SECONDS: AskedFor = AskedFor {
    policy: Policy::Signed,
    max_duration_s: Some(10),
    is_being_replaced: false,
};

/// A report of `ready` that plays, with a duration where one is given.
fn ready_report(duration: Option<f64>) -> Observation {
    let mut fields = vec![(Field::PlaybackId, json!("p"))];
    fields.extend(duration.map(|seconds| (Field::Duration, json!(seconds))));
    Observation {
        fields,
        ..status_report(Status::Ready)
    }
}

#[test]
fn a_video_longer_than_allowed_never_plays_whatever_is_told_later() {
    let long = ready_report(Some(11.5));
    let short = Observation {
        at: Some(time_at(60)),
        ..ready_report(Some(9.0))
    };
    for known in [join_all([&long, &short]), join_all([&short, &long])] {
        assert_eq!(known.shown_status(TEN_SECONDS, NEEDS), ShownStatus::Errored);
        assert_eq!(
            known.shown_status(asks(Policy::Signed), NEEDS),
            ShownStatus::Ready
        );
    }
}

#[test]
fn a_second_above_the_limit_is_allowed_and_more_is_not() {
    let shown = |duration| join_all([&ready_report(Some(duration))]).shown_status(TEN_SECONDS, NEEDS);
    assert_eq!(shown(11.0), ShownStatus::Ready);
    assert_eq!(shown(11.001), ShownStatus::Errored);
}

#[test]
fn a_limited_video_waits_until_its_duration_is_told_together_with_ready() {
    let early = Observation {
        fields: vec![(Field::Duration, json!(5.0))],
        ..status_report(Status::Preparing)
    };
    let known = join_all([&early, &ready_report(None)]);
    assert_eq!(known.shown_status(TEN_SECONDS, NEEDS), ShownStatus::Preparing);
    let known = join_all([&early, &ready_report(None), &ready_report(Some(5.0))]);
    assert_eq!(known.shown_status(TEN_SECONDS, NEEDS), ShownStatus::Ready);
}

#[test]
fn an_asset_that_was_discarded_leaves_the_reason_on_show() {
    let gone = Observation {
        gone: true,
        ..Observation::default()
    };
    let asked_to_delete = Observation {
        delete_requested: true,
        ..Observation::default()
    };
    let long = ready_report(Some(20.0));
    for known in [join_all([&long, &gone]), join_all([&gone, &long])] {
        assert_eq!(known.shown_status(TEN_SECONDS, NEEDS), ShownStatus::Errored);
    }
    let known = join_all([&gone, &long, &asked_to_delete]);
    assert_eq!(known.shown_status(TEN_SECONDS, NEEDS), ShownStatus::Deleted);
    let cancelled = Observation {
        cancel_confirmed: true,
        ..Observation::default()
    };
    let known = join_all([&gone, &cancelled]);
    assert_eq!(
        known.shown_status(asks(Policy::Signed), NEEDS),
        ShownStatus::Cancelled
    );
}

#[test]
fn an_error_after_ready_changes_nothing() {
    let playback = vec![(Field::PlaybackId, json!("p"))];
    let ready = Observation {
        fields: playback,
        ..status_report(Status::Ready)
    };
    let late = Observation {
        at: Some(time_at(50)),
        ..status_report(Status::Errored)
    };
    assert_eq!(
        join_all([&ready, &late]).shown_status(asks(Policy::Signed), NEEDS),
        ShownStatus::Ready
    );
}

#[test]
fn a_late_update_does_not_revive_a_deleted_video() {
    let gone = Observation {
        gone: true,
        ..Observation::default()
    };
    let known = join_all([
        &status_report(Status::Ready),
        &gone,
        &status_report(Status::Ready),
    ]);
    assert_eq!(
        known.shown_status(asks(Policy::Signed), NEEDS),
        ShownStatus::Deleted
    );
}

#[test]
fn ready_without_the_id_that_plays_is_still_preparing() {
    assert_eq!(
        join_all([&status_report(Status::Ready)]).shown_status(asks(Policy::Signed), NEEDS),
        ShownStatus::Preparing
    );
}

#[test]
fn another_policy_than_asked_for_fails_closed() {
    let fields = vec![
        (Field::PlaybackId, json!("p")),
        (Field::PlaybackPolicy, json!("public")),
    ];
    let known = join_all([&Observation {
        fields,
        ..status_report(Status::Ready)
    }]);
    assert_eq!(
        known.shown_status(asks(Policy::Signed), NEEDS),
        ShownStatus::Errored
    );
    assert_eq!(
        known.shown_status(asks(Policy::Public), NEEDS),
        ShownStatus::Ready
    );
}

#[test]
fn another_asset_id_is_a_conflict_and_joins_nothing() {
    let mut known = join_all([&Observation {
        asset_id: Some("one".into()),
        ..status_report(Status::Preparing)
    }]);
    let before = known.clone();
    let other = Observation {
        asset_id: Some("two".into()),
        ..status_report(Status::Ready)
    };
    assert!(known.join(&other).is_err());
    assert_eq!(known, before);
}

#[test]
fn a_told_time_of_ready_beats_our_clock() {
    let untold = Observation {
        at: None,
        seen_at: time_at(1),
        ..status_report(Status::Ready)
    };
    let told = Observation {
        at: Some(time_at(9)),
        seen_at: time_at(9),
        ..status_report(Status::Ready)
    };
    assert_eq!(join_all([&untold, &told]).ready_at(), Some(time_at(9)));
    assert_eq!(join_all([&told, &untold]).ready_at(), Some(time_at(9)));
}
