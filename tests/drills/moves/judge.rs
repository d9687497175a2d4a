//! What has to hold in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use http::Method;
use serde_json::Value;

use super::{Drill, LONG_AGO, token};
use crate::two_providers::Account;

/// What the maps allow in a second, and at once.
const PER_S: f64 = 20.0;
const BURST: f64 = 10.0;
/// Calls that arrive later than they were sent, and so closer to the next ones.
const JITTER: f64 = 6.0;

/// Both providers were called within their rates, and while requests waited no more than half of that was for nobody who
/// waits.
pub(super) fn judge_rates(name: &str, old: &Account, new: &Account) {
    for (provider, account) in [("old", old), ("new", new)] {
        let (all, background) = account.times();
        // Why not all of them: where no request waits, the background may have the whole rate. That is so for moments, above
        // all while the service starts again, and on a busy machine.
        let beside = beside_requests(&all, &background);
        let (most, most_background) = (peak(&all, PER_S), peak(&beside, PER_S / 2.0));
        println!(
            "{name}: {provider}: {} calls, {} in the background, {} of them beside requests; above the rate {most:.1}, above \
             its share {most_background:.1}",
            all.len(),
            background.len(),
            beside.len()
        );
        assert!(
            most <= BURST + JITTER,
            "{name}: {provider}: too many calls: {most}"
        );
        assert!(
            most_background <= BURST + JITTER,
            "{name}: {provider}: too many calls that nobody waits for: {most_background}"
        );
    }
}

/// The background calls before which a request's call came within one interval of the rate: a request was waiting.
fn beside_requests(all: &[Instant], background: &[Instant]) -> Vec<Instant> {
    let interval = Duration::from_secs_f64(1.0 / PER_S);
    let mut requests: Vec<Instant> = all.to_vec();
    for at in background {
        let index = requests.iter().position(|one| one == at).unwrap();
        requests.swap_remove(index);
    }
    requests.sort_unstable();
    let is_beside = |at: &Instant| {
        let before = requests.partition_point(|one| one <= at);
        before > 0 && *at - requests[before - 1] < interval
    };
    background.iter().copied().filter(is_beside).collect()
}

/// By how many calls the rate is exceeded where it is exceeded the most: over every span from one call to another.
fn peak(times: &[Instant], per_s: f64) -> f64 {
    let Some(first) = times.first() else { return 0.0 };
    let mut times: Vec<f64> = times.iter().map(|at| (*at - *first).as_secs_f64()).collect();
    times.sort_unstable_by(f64::total_cmp);
    // A bucket that is emptied by each call and filled by time.
    let (mut level, mut last, mut most) = (0.0_f64, 0.0, 0.0_f64);
    for at in times {
        level = (level - (at - last) * per_s).max(0.0) + 1.0;
        last = at;
        most = most.max(level);
    }
    most
}

/// Every video is where it was wished and as it was; every webhook arrived; and old files go once, when their time has come.
pub(super) async fn judge_end(drill: &Drill, videos: &[Value]) {
    let name = drill.name;
    for before in videos {
        let after = drill.show(before).await;
        assert_eq!(
            (&after["status"], &after["provider"]),
            (&"ready".into(), &"clips".into()),
            "{name}: {after}"
        );
        for member in [
            "id",
            "owner",
            "title",
            "external_id",
            "metadata",
            "playback_policy",
            "created_at",
        ] {
            assert_eq!(after[member], before[member], "{name}: {member} of {after}");
        }
        assert!(
            after["version"].as_i64() > before["version"].as_i64(),
            "{name}: {after}"
        );
        assert_eq!(after["replacement"], Value::Null, "{name}: {after}");
    }
    drill
        .wait("every webhook is acknowledged", async || {
            drill.old.account.has_told_all() && drill.new.account.has_told_all()
        })
        .await;
    settle_inbox(drill).await;
    judge_inbox(drill).await;
    judge_clips(drill, videos).await;
    judge_old_files(drill, videos).await;
    for account in [&drill.old.account, &drill.new.account] {
        assert_eq!(account.faults(), [""; 0], "{name}");
    }
}

/// Waits until no event is pending.
async fn settle_inbox(drill: &Drill) {
    let pending = "select count(*) from webhook_events where state = 'pending'";
    drill
        .wait("every event is applied", async || {
            drill.rows.number(pending).await == 0
        })
        .await;
}

/// What was acknowledged is in the inbox, once, and was applied.
async fn judge_inbox(drill: &Drill) {
    let name = drill.name;
    // Why before the inbox is read: the providers may still tell of deletions meanwhile.
    let told: BTreeSet<String> = [&drill.old.account, &drill.new.account]
        .iter()
        .flat_map(|account| account.acknowledged())
        .collect();
    let inbox = drill.rows.inbox().await;
    let lost: Vec<&String> = told.iter().filter(|id| inbox.get(*id) != Some(&1)).collect();
    assert!(lost.is_empty(), "{name}: not in the inbox once: {lost:?}");
    let states = drill.rows.states().await;
    println!("{name}: {} webhooks acknowledged; {states:?}", told.len());
    for state in ["failed", "parked", "given_up"] {
        assert!(!states.contains_key(state), "{name}: {states:?}");
    }
}

/// Of each video there is one clip that plays. Clips of calls that were cut off are deleted.
async fn judge_clips(drill: &Drill, videos: &[Value]) {
    let name = drill.name;
    drill
        .wait("clips of calls that were cut off are deleted", async || {
            let left = drill.new.clips();
            left.values()
                .filter(|clip| !clip.is_deleted && clip.source.is_some())
                .count()
                == videos.len()
        })
        .await;
    let clips = drill.new.clips();
    for video in videos {
        let after = drill.show(video).await;
        let clip = &clips[after["asset_id"].as_str().unwrap()];
        assert!(
            !clip.is_deleted && clip.source.is_some(),
            "{name}: {clip:?} of {after}"
        );
    }
    let all = clips.values().filter(|clip| clip.source.is_some()).count();
    println!("{name}: {} videos by {all} clips", videos.len());
}

/// Old files are there until their time has come, then each is deleted once.
async fn judge_old_files(drill: &Drill, videos: &[Value]) {
    let name = drill.name;
    let is_old = |id: &str| videos.iter().any(|video| video["asset_id"] == id);
    let deleted = || {
        let assets = drill.old.assets();
        let gone = assets.iter().filter(|(id, asset)| is_old(id) && asset.is_deleted);
        gone.count()
    };
    assert_eq!(deleted(), 0, "{name}: before its time");
    drill.old.allow_deletions();
    drill
        .rows
        .run(&format!(
            "update videos set delete_at = '{LONG_AGO}' where exchanged_at is not null"
        ))
        .await;
    drill
        .wait("old files are deleted", async || deleted() == videos.len())
        .await;
    let all = drill.old.account.calls();
    let mut calls = BTreeMap::new();
    for video in videos {
        let asset = video["asset_id"].as_str().unwrap();
        let deletion = format!("DELETE /video/v1/assets/{asset}");
        let count = all.iter().filter(|call| **call == deletion).count();
        *calls.entry(count).or_insert(0) += 1;
    }
    println!("{name}: old files by the number of calls that deleted them: {calls:?}");
    assert_eq!(calls, BTreeMap::from([(1, videos.len())]), "{name}");
    // Nobody notices.
    for video in videos {
        assert_eq!(drill.show(video).await["status"], "ready", "{name}");
    }
}

impl Drill {
    /// The video as its owner sees it.
    async fn show(&self, video: &Value) -> Value {
        let (owner, id) = (video["owner"].as_str().unwrap(), video["id"].as_str().unwrap());
        let path = format!("/v1/videos/{id}");
        self.call(Method::GET, &path, &token(owner, ""), None)
            .await
            .expect(200)
    }
}
