//! What nobody asks for but time brings: late uploads, old test assets, originals of errored assets, files without an owner.

use std::time::Duration;

use super::{app::App, changes, store::FileKind};

const SWEEP_EVERY: Duration = Duration::from_secs(2);

/// Sweeps until the provider stops.
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

/// Files whose upload or asset is gone: a crash between the row and the files. And those that an earlier release left:
/// nobody is charged for them yet, and the originals of errored assets have no time at which they go.
async fn adopt_or_trash_files(app: &App) -> Result<(), sqlx::Error> {
    let kinds = [
        FileKind::Original,
        FileKind::Media,
        FileKind::Static,
        FileKind::Images,
    ];
    for (kind, id) in kinds
        .into_iter()
        .flat_map(|kind| app.folders.list_ids(kind).into_iter().map(move |id| (kind, id)))
    {
        if !app.store.has_owner(&id).await? {
            app.store.trash_files(&id).await?;
        } else if !app.store.has_recorded_bytes(&id, kind).await? {
            let bytes = app.folders.measure_bytes(&id, kind).await.unwrap_or_default();
            app.store.record_untracked(&id, kind, bytes).await?;
            if kind == FileKind::Original {
                let discard = app.clock.now() + changes::outcome::KEEP_ERRORED_ORIGINAL;
                app.store.schedule_discard(&id, discard).await?;
            }
        }
        if app.stop.is_cancelled() {
            return Ok(());
        }
    }
    Ok(())
}

async fn sweep_once(app: &App) -> Result<(), sqlx::Error> {
    let now = app.clock.now();
    app.store.expire_uploads(now).await?;
    app.store.discard_originals(now).await?;
    for asset in app.store.stale_test_assets(now).await? {
        changes::assets::delete_asset(app, &asset).await?;
    }
    empty_trash(app).await
}

/// Removes the files of what is gone. A file still being written (an upload that was cancelled a moment ago)
/// is asked to stop first.
async fn empty_trash(app: &App) -> Result<(), sqlx::Error> {
    for id in app.store.list_trash().await? {
        let _writer = app.uploads.take_over(&id).await;
        app.running.stop_and_wait(&id).await;
        match app.folders.remove_files(&id).await {
            Ok(()) => app.store.forget_files(&id).await?,
            Err(error) => tracing::warn!(%error, "files of a deleted video could not be removed yet"),
        }
    }
    Ok(())
}
