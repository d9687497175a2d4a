//! Nobody else on the machine reads what lies in the provider's folder.

use std::{
    fs::Permissions,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;

use crate::support::{Provider, clips, playback_id};

/// What lies open to others below a folder.
fn open_to_others(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        let mode = std::fs::symlink_metadata(&path).unwrap().mode();
        if mode & 0o077 != 0 {
            found.push(path.clone());
        }
        if path.is_dir() {
            left.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
    }
    found
}

fn loosen(folder: &Path) {
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }
}

/// Another user of the machine; only root can be one.
fn reads_as_nobody(file: &Path) -> Option<bool> {
    let read = Command::new("cat").arg(file).uid(65_534).gid(65_534).output();
    read.ok().map(|read| read.status.success())
}

#[tokio::test]
async fn all_that_is_made_is_for_its_user_alone() {
    let provider = Provider::start().await;
    let asset = provider
        .ingest(
            &clips::usual(),
            json!({ "playback_policies": ["public"], "static_renditions": [{ "resolution": "highest" }] }),
        )
        .await;
    provider.inbox.first("video.asset.static_rendition.ready").await;
    let id = playback_id(&asset, "public");
    for picture in ["thumbnail.jpg", "animated.gif", "storyboard.jpg"] {
        assert_eq!(
            provider.status(&format!("{id}/{picture}")).await,
            200,
            "{picture}"
        );
    }
    assert_eq!(open_to_others(provider.dir()), Vec::<PathBuf>::new());
    for beside in ["local.db-wal", "local.db-shm", "credentials.json", "lock"] {
        assert!(provider.dir().join(beside).exists(), "{beside}");
    }
}

#[tokio::test]
async fn what_an_earlier_release_left_open_is_tightened_at_the_start() {
    let provider = Provider::start().await;
    provider
        .ingest(&clips::silent(2), json!({ "playback_policies": ["public"] }))
        .await;
    loosen(provider.dir());
    let database = provider.dir().join("local.db");
    // What is above it is for everybody here, as /var/lib is.
    if let Some(reads) = reads_as_nobody(&database) {
        assert!(reads, "another user reads it now");
    }
    let provider = provider.restart().await;
    assert_eq!(open_to_others(provider.dir()), Vec::<PathBuf>::new());
    if let Some(reads) = reads_as_nobody(&database) {
        assert!(!reads, "and does not any more");
    }
}
