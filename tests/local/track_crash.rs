//! `kill -9` while tracks are added and made.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    support::{child::Service, clips, eventually},
    track_media::film,
};

const VTT: &str = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHello\n";

async fn ready(service: &Service, file: Vec<u8>) -> Value {
    let body = json!({ "new_asset_settings": { "playback_policies": ["public"] } });
    let upload = service.api("POST", "/uploads", Some(body)).await;
    let range = format!("bytes 0-{}/{}", file.len() - 1, file.len());
    assert_eq!(service.put(&upload, &range, file).await.unwrap().status(), 200);
    let path = format!("/uploads/{}", upload["id"].as_str().unwrap());
    let id = service.api("GET", &path, None).await["asset_id"]
        .as_str()
        .unwrap()
        .to_owned();
    eventually("the asset is ready", async || {
        let asset = service.api("GET", &format!("/assets/{id}"), None).await;
        (asset["status"] == "ready").then_some(asset)
    })
    .await
}

fn tracks(asset: &Value) -> &Vec<Value> {
    asset["tracks"].as_array().unwrap()
}

/// The names in an asset's folder of tracks.
fn files(dir: &std::path::Path, id: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(dir.join("tracks").join(id))
        .into_iter()
        .flatten();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_track_that_was_answered_is_there_and_no_file_without_a_row_stays() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start(dir.path()).await;
    let asset = ready(&service, std::fs::read(clips::silent(2)).unwrap()).await;
    let id = asset["id"].as_str().unwrap();
    let mut answered = BTreeSet::new();
    for round in 0..4_u64 {
        let sending = async {
            while let Some(track) = service.put_text(id, VTT).await {
                answered.insert(track["id"].as_str().unwrap().to_owned());
            }
        };
        let some = tokio::time::sleep(std::time::Duration::from_millis(150 + 31 * round));
        tokio::select! {
            () = sending => {}
            () = some => {}
        }
        // What a crash between the file and its row leaves.
        let stray = dir
            .path()
            .join("tracks")
            .join(id)
            .join(format!("{}.vtt", "A".repeat(44)));
        std::fs::write(&stray, VTT).unwrap();
        let foreign = dir.path().join("tracks").join("B".repeat(44));
        std::fs::create_dir_all(foreign.join("C".repeat(44))).unwrap();
        service.kill_and_start(dir.path()).await;
        eventually("the strays go", async || {
            (!stray.exists() && !foreign.exists()).then_some(())
        })
        .await;
        let asset = service.api("GET", &format!("/assets/{id}"), None).await;
        let texts = tracks(&asset).iter().filter(|track| track["type"] == "text");
        let shown: BTreeSet<String> = texts
            .map(|track| {
                assert_eq!(track["status"], "ready", "{track}");
                track["id"].as_str().unwrap().to_owned()
            })
            .collect();
        assert!(answered.is_subset(&shown), "an answered track is there");
        let expected: BTreeSet<String> = shown.iter().map(|id| format!("{id}.vtt")).collect();
        assert_eq!(files(dir.path(), id), expected);
        answered = shown;
    }
    assert!(!answered.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_the_tracks_of_a_file_are_made_they_are_made_afterwards_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start(dir.path()).await;
    let asset = ready(&service, std::fs::read(film()).unwrap()).await;
    let id = asset["id"].as_str().unwrap();
    let all: Vec<Value> = tracks(&asset).iter().map(|track| track["id"].clone()).collect();
    assert_eq!(all.len(), 6, "{asset}");
    for made in 0..4 {
        eventually("a track more is made", async || {
            (files(dir.path(), id).len() > made).then_some(())
        })
        .await;
        service.kill_and_start(dir.path()).await;
    }
    let asset = eventually("all tracks are made", async || {
        let asset = service.api("GET", &format!("/assets/{id}"), None).await;
        let is_made = tracks(&asset).iter().all(|track| track["status"] != "preparing");
        is_made.then_some(asset)
    })
    .await;
    let now: Vec<Value> = tracks(&asset).iter().map(|track| track["id"].clone()).collect();
    assert_eq!(now, all, "the same tracks, none twice");
    assert!(
        tracks(&asset)
            .iter()
            .skip(1)
            .all(|track| track["status"] == "ready"),
        "{asset}"
    );
    assert_eq!(files(dir.path(), id).len(), 4);
    let playback = asset["playback_ids"][0]["id"].as_str().unwrap();
    for track in tracks(&asset).iter().filter(|track| track["type"] == "text") {
        let path = format!("{playback}/text/{}.vtt", track["id"].as_str().unwrap());
        assert!(
            service.view(&path).await.unwrap().starts_with("WEBVTT\n"),
            "{path}"
        );
    }
}
