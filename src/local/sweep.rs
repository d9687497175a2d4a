//! The sweep: removes what becomes old. Late uploads end, test assets and the originals of errored assets go after a
//! day, and the files of deleted rows are removed from the disk.

use std::time::Duration;

use super::{app::App, changes, store::FileKind};

/// Pause between two sweeps.
const SWEEP_EVERY: Duration = Duration::from_secs(2);

/// Runs [`adopt_or_trash_files`] once, then [`sweep_once`] every [`SWEEP_EVERY`] until the provider stops.
pub(crate) async fn run(app: &App) {
    if let Err(error) = adopt_or_trash_files(app).await {
        tracing::warn!(%error, "files without an owner could not be looked for");
    }
    while !app.stop.is_cancelled() {
        if let Err(error) = sweep_once(app).await {
            tracing::warn!(%error, "the local provider's sweep failed");
        }
        tokio::select! {
            () = app.stop.cancelled() => {}
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
    }
}

/// Walks all files at start. Files without an upload or asset (a crash came between the row and the files) go to the
/// trash. Files that no row of `files` counts (an earlier release wrote them) are charged to their owner; the
/// originals of errored assets among them get the time at which they go.
async fn adopt_or_trash_files(app: &App) -> Result<(), sqlx::Error> {
    let kinds = [
        FileKind::Original,
        FileKind::Media,
        FileKind::Static,
        FileKind::Images,
        FileKind::Tracks,
    ];
    for (kind, id) in kinds
        .into_iter()
        .flat_map(|kind| app.folders.list_ids(kind).into_iter().map(move |id| (kind, id)))
    {
        if !app.store.has_owner(&id).await? {
            app.store.trash_files(&id).await?;
        } else if kind == FileKind::Static && app.store.list_static_renditions(&id).await?.is_empty() {
            // A crash came between the deletion of a rendition and that of its file.
            let _unremoved = app.folders.remove_static(&id).await;
        } else if kind == FileKind::Tracks {
            // Why nothing is measured: no release before has written tracks, and each change counts them.
            changes::tracks::remove_leftovers(app, &id).await?;
        } else if !app.store.has_recorded_bytes(&id, kind).await? {
            let bytes = app.folders.measure_bytes(&id, kind).await.unwrap_or_default();
            app.store.record_untracked(&id, kind, bytes).await?;
            if kind == FileKind::Original {
                let discard = app.clock.now() + changes::outcome::KEEP_ERRORED_ORIGINAL;
                app.store.schedule_discard(&id, discard).await?;
            }
        }
        // Why checked here too: the first start after an upgrade may have many files to measure.
        if app.stop.is_cancelled() {
            return Ok(());
        }
    }
    Ok(())
}

/// Runs one sweep: expired uploads, originals of errored assets, old test assets, then [`empty_trash`].
pub(crate) async fn sweep_once(app: &App) -> Result<(), sqlx::Error> {
    let now = app.clock.now();
    app.store.expire_uploads(now).await?;
    app.store.discard_originals(now).await?;
    for asset in app.store.stale_test_assets(now).await? {
        changes::assets::delete_asset(app, &asset).await?;
    }
    empty_trash(app).await
}

/// Removes the files of every id in `trash`. A failure is logged and tried again by the next sweep.
pub(crate) async fn empty_trash(app: &App) -> Result<(), sqlx::Error> {
    for id in app.store.list_trash().await? {
        // Why first: a request may still write to a cancelled upload, and a job to a deleted asset. Both stop here.
        let _writer = app.uploads.take_over(&id).await;
        app.running.stop_all_and_wait(&id).await;
        match app.folders.remove_files(&id).await {
            Ok(()) => app.store.forget_files(&id).await?,
            Err(error) => tracing::warn!(%error, "files of a deleted video could not be removed yet"),
        }
    }
    Ok(())
}
