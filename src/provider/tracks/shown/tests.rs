//! The merge of the provider's list and the requests: each row of its table, and rules that hold for any of both.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::*;

fn asked(number: u128, action: TrackAction, state: RequestState) -> AskedTrack {
    let at = DateTime::<Utc>::from_timestamp(1_780_000_000, 0).unwrap_or_default();
    AskedTrack {
        state,
        ..AskedTrack::new(
            Uuid::from_u128(number),
            action,
            TrackKind::Subtitles,
            "en".to_owned(),
            "English".to_owned(),
            at,
        )
    }
}

fn listed(provider_id: &str, status: TrackStatus) -> ListedTrack {
    ListedTrack {
        provider_id: provider_id.to_owned(),
        kind: TrackKind::Subtitles,
        language: Some("en".to_owned()),
        name: Some("English".to_owned()),
        status,
        origin: Some(TrackOrigin::Embedded),
    }
}

fn is_like(listed: &ListedTrack, asked: &AskedTrack) -> bool {
    listed.kind == asked.kind
        && listed.language.as_ref() == Some(&asked.language)
        && listed.name.as_ref() == Some(&asked.name)
}

fn merged(theirs: &[ListedTrack], ours: &[AskedTrack]) -> Vec<ShownTrack> {
    show(Uuid::nil(), theirs, ours, is_like)
}

/// Status and source of the one track that is shown; `None` where none is.
fn one(theirs: &[ListedTrack], ours: &AskedTrack) -> Option<(ShownTrackStatus, TrackOrigin)> {
    let shown = merged(theirs, std::slice::from_ref(ours));
    assert!(shown.len() < 2, "{shown:?}");
    shown.first().map(|track| (track.status, track.source))
}

#[test]
fn a_track_that_nobody_asked_for_is_shown_as_the_list_has_it() {
    let theirs = listed("1", TrackStatus::Ready);
    let shown = merged(std::slice::from_ref(&theirs), &[]);
    let expected = ShownTrack {
        id: computed_id(Uuid::nil(), "1"),
        kind: TrackKind::Subtitles,
        language: "en".to_owned(),
        name: "English".to_owned(),
        status: ShownTrackStatus::Ready,
        source: TrackOrigin::Embedded,
        failure: None,
        listed: Some(theirs),
    };
    assert_eq!(shown, [expected]);
    let nameless = ListedTrack {
        kind: TrackKind::Audio,
        language: None,
        name: None,
        origin: None,
        ..listed("2", TrackStatus::Ready)
    };
    let shown = merged(&[nameless], &[]);
    assert_eq!(
        (
            shown[0].language.as_str(),
            shown[0].name.as_str(),
            shown[0].source
        ),
        ("und", "Audio", TrackOrigin::Embedded)
    );
}

#[test]
fn a_computed_id_stays_for_ever() {
    let reference = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001);
    // Fixed: rows and applications keep it.
    assert_eq!(
        computed_id(reference, "t1").to_string(),
        "8464cb96-0b4a-8fd7-a85c-4ef02ceaa8fe",
        "it may change in no release"
    );
    assert_ne!(computed_id(reference, "t1"), computed_id(Uuid::nil(), "t1"));
    assert_ne!(computed_id(reference, "t1"), computed_id(reference, "t2"));
}

#[test]
fn an_asked_track_takes_the_status_of_the_list_once_it_is_there() {
    use ShownTrackStatus::{Errored, Preparing, Ready};
    for (action, source) in [
        (TrackAction::Add, TrackOrigin::Uploaded),
        (TrackAction::Generate, TrackOrigin::Generated),
    ] {
        for state in [RequestState::Calling, RequestState::Done] {
            let request = asked(1, action, state);
            for (told, status) in [
                (TrackStatus::Preparing, Preparing),
                (TrackStatus::Ready, Ready),
                (TrackStatus::Errored, Errored),
            ] {
                assert_eq!(one(&[listed("1", told)], &request), Some((status, source)));
            }
            assert_eq!(one(&[], &request), Some((Preparing, source)));
        }
    }
}

#[test]
fn a_request_that_was_not_sent_is_no_track_of_the_list() {
    let shown = merged(
        &[listed("1", TrackStatus::Ready)],
        &[asked(1, TrackAction::Add, RequestState::Wanted)],
    );
    let statuses: Vec<_> = shown.iter().map(|track| track.status).collect();
    assert_eq!(statuses, [ShownTrackStatus::Ready, ShownTrackStatus::Preparing]);
}

#[test]
fn a_track_that_was_there_before_is_another_one() {
    let request = AskedTrack {
        others: vec!["1".to_owned()],
        ..asked(1, TrackAction::Add, RequestState::Done)
    };
    let shown = merged(&[listed("1", TrackStatus::Errored)], &[request]);
    let statuses: Vec<_> = shown.iter().map(|track| track.status).collect();
    assert_eq!(statuses, [ShownTrackStatus::Errored, ShownTrackStatus::Preparing]);
}

#[test]
fn a_settled_track_that_the_list_has_no_more_is_gone() {
    let request = AskedTrack {
        is_settled: true,
        provider_id: Some("1".to_owned()),
        ..asked(1, TrackAction::Add, RequestState::Done)
    };
    assert_eq!(one(&[], &request), None);
}

#[test]
fn a_refused_track_shows_why_unless_it_is_there() {
    let failure = TrackFailure {
        code: ErrorCode::ProviderRejected,
        message: "no".to_owned(),
    };
    let request = AskedTrack {
        failure: Some(failure.clone()),
        ..asked(1, TrackAction::Add, RequestState::Refused)
    };
    for theirs in [Vec::new(), vec![listed("1", TrackStatus::Errored)]] {
        let shown = merged(&theirs, std::slice::from_ref(&request));
        assert_eq!(
            (shown[0].status, shown[0].failure.clone()),
            (ShownTrackStatus::Errored, Some(failure.clone()))
        );
    }
    let there = one(&[listed("1", TrackStatus::Ready)], &request);
    assert_eq!(there, Some((ShownTrackStatus::Ready, TrackOrigin::Uploaded)));
}

#[test]
fn a_deletion_shows_until_the_list_has_the_track_no_more() {
    let deleting = |state| AskedTrack {
        provider_id: Some("1".to_owned()),
        ..asked(1, TrackAction::Delete, state)
    };
    let shows = Some((ShownTrackStatus::Deleting, TrackOrigin::Uploaded));
    for state in [RequestState::Wanted, RequestState::Calling, RequestState::Done] {
        assert_eq!(one(&[listed("1", TrackStatus::Ready)], &deleting(state)), shows);
    }
    assert_eq!(one(&[], &deleting(RequestState::Wanted)), shows);
    assert_eq!(one(&[], &deleting(RequestState::Done)), None);
}

/// Few ids and states, so that requests and the list meet often.
fn any_asked() -> impl Strategy<Value = Vec<AskedTrack>> {
    let one = (
        prop::sample::select(vec![TrackAction::Add, TrackAction::Generate, TrackAction::Delete]),
        prop::sample::select(vec![
            RequestState::Wanted,
            RequestState::Calling,
            RequestState::Done,
            RequestState::Refused,
        ]),
        prop::option::of(0..4_u8),
        prop::bool::ANY,
        prop::collection::vec(0..4_u8, 0..2),
    );
    prop::collection::vec(one, 0..5).prop_map(|all| {
        let made = all.into_iter().enumerate();
        made.map(|(number, (action, state, id, is_settled, others))| AskedTrack {
            provider_id: id.map(|id| id.to_string()),
            // Why: what is not sent yet was never shown by the provider.
            is_settled: is_settled && (state == RequestState::Done || action == TrackAction::Delete),
            others: others.into_iter().map(|id| id.to_string()).collect(),
            ..asked(number as u128 + 1, action, state)
        })
        .collect()
    })
}

fn any_listed() -> impl Strategy<Value = Vec<ListedTrack>> {
    let status = prop::sample::select(vec![
        TrackStatus::Preparing,
        TrackStatus::Ready,
        TrackStatus::Errored,
    ]);
    prop::collection::btree_map(0..4_u8, status, 0..4).prop_map(|all| {
        all.into_iter()
            .map(|(id, status)| listed(&id.to_string(), status))
            .collect()
    })
}

proptest! {
    #[test]
    fn every_listed_track_is_shown_once_and_every_request_at_most_once(ours in any_asked(), theirs in any_listed()) {
        let shown = merged(&theirs, &ours);
        let ids: BTreeSet<Uuid> = shown.iter().map(|track| track.id).collect();
        prop_assert_eq!(ids.len(), shown.len(), "no id twice");
        let of_list: Vec<&str> = shown
            .iter()
            .filter_map(|track| track.listed.as_ref().map(|listed| listed.provider_id.as_str()))
            .collect();
        let all: Vec<&str> = theirs.iter().map(|track| track.provider_id.as_str()).collect();
        prop_assert_eq!(of_list, all, "each once, in the order of the list");
        for request in &ours {
            let place = shown.iter().find(|track| track.id == request.id);
            let Some(track) = place else {
                let is_over = request.is_settled || request.action == TrackAction::Delete;
                prop_assert!(is_over && request.state == RequestState::Done, "{:?} is not shown", request);
                continue;
            };
            if let (Some(known), Some(listed)) = (&request.provider_id, &track.listed) {
                prop_assert_eq!(known, &listed.provider_id);
            }
            if let Some(listed) = track.listed.as_ref().filter(|_| request.provider_id.is_none()) {
                prop_assert!(!request.others.contains(&listed.provider_id));
            }
            prop_assert_eq!(track.failure.is_some() || track.status != ShownTrackStatus::Errored || request.is_refused(), true);
        }
        for track in &shown {
            if !ours.iter().any(|request| request.id == track.id) {
                prop_assert_eq!(track.id, computed_id(Uuid::nil(), &track.listed.as_ref().unwrap().provider_id));
            }
        }
    }
}
