//! The events of a change, queued in the change's own transaction.

use serde_json::Value;

use crate::local::{
    app::App,
    ids,
    store::{self, Asset, Event, Track, Write},
    view::{self, AssetParts, WireFormat},
};

/// Queues `video.upload.*` (`kind`) with the upload's current JSON, [`view::upload_json`].
pub(super) async fn queue_upload_event(
    app: &App,
    write: &mut Write,
    kind: &str,
    upload: &store::Upload,
) -> Result<(), sqlx::Error> {
    let data = view::upload_json(upload, &app.public_url);
    queue_event(
        app,
        write,
        Event {
            kind,
            object_type: "upload",
            object_id: &upload.id,
            data,
        },
    )
    .await
}

/// Queues `video.asset.*` (`kind`) with the asset as the transaction sees it.
pub(super) async fn queue_asset_event(
    app: &App,
    write: &mut Write,
    kind: &str,
    asset: &Asset,
) -> Result<(), sqlx::Error> {
    let data = asset_payload(write, asset).await?;
    queue_event(
        app,
        write,
        Event {
            kind,
            object_type: "asset",
            object_id: &asset.id,
            data,
        },
    )
    .await
}

/// Queues `video.asset.static_rendition.{ending}`, one event for each static rendition of the asset.
pub(super) async fn queue_static_events(
    app: &App,
    write: &mut Write,
    asset_id: &str,
    ending: &str,
) -> Result<(), sqlx::Error> {
    for file in store::static_renditions::static_renditions_in(write, asset_id).await? {
        let kind = format!("video.asset.static_rendition.{ending}");
        let data = view::static_event_json(&file, asset_id);
        queue_event(
            app,
            write,
            Event {
                kind: &kind,
                object_type: "asset",
                object_id: asset_id,
                data,
            },
        )
        .await?;
    }
    Ok(())
}

/// Queues `video.asset.track.{ending}` of one track.
pub(super) async fn queue_track_event(
    app: &App,
    write: &mut Write,
    ending: &str,
    (asset_id, track): (&str, &Track),
) -> Result<(), sqlx::Error> {
    let event = Event {
        kind: &format!("video.asset.track.{ending}"),
        object_type: "track",
        object_id: &track.id,
        data: view::track_event_json(track, asset_id),
    };
    queue_event(app, write, event).await
}

/// Returns the `data` of an asset's webhook as the transaction sees it: [`view::asset_json`].
pub(super) async fn asset_payload(write: &mut Write, asset: &Asset) -> Result<Value, sqlx::Error> {
    let parts = AssetParts {
        playback_ids: store::playback_ids::playback_ids_in(write, &asset.id).await?,
        static_renditions: store::static_renditions::static_renditions_in(write, &asset.id).await?,
        tracks: store::tracks::tracks_in(write, &asset.id).await?,
    };
    Ok(view::asset_json(asset, &parts, WireFormat::Webhook))
}

/// Queues one [`Event`] under a fresh id, for every receiver.
pub(super) async fn queue_event(app: &App, write: &mut Write, event: Event<'_>) -> Result<(), sqlx::Error> {
    let addresses: Vec<&str> = app
        .receivers
        .iter()
        .map(|receiver| receiver.stored_as.as_str())
        .collect();
    store::outbox::insert_event(write, &ids::event_id(), &event, &addresses, app.clock.now()).await
}

/// Commits, and wakes the webhook worker.
pub(super) async fn commit_and_wake(app: &App, write: Write) -> Result<(), sqlx::Error> {
    write.commit().await?;
    app.outbox_wake.notify_one();
    Ok(())
}
