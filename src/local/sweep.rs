//! What nobody asks for but time brings: late uploads, old test assets, originals of errored assets, files without an owner.

use std::time::Duration;

use super::{app::App, changes, store::FileKind};

const EVERY: Duration = Duration::from_secs(2);

/// Sweeps until the provider stops.
pub(crate) async fn run(app: &App) {
    if let Err(error) = disown(app).await {
        tracing::warn!(%error, "files without an owner could not be looked for");
    }
    while !app.stop.is_cancelled() {
        if let Err(error) = sweep(app).await {
            tracing::warn!(%error, "the local provider's sweep failed");
        }
        tokio::select! {
            () = app.stop.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Files whose upload or asset is gone: a crash between the row and the files. And those that an earlier release left:
/// nobody is charged for them yet, and the originals of errored assets have no time at which they go.
async fn disown(app: &App) -> Result<(), sqlx::Error> {
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
        if !app.store.owns_files(&id).await? {
            app.store.throw_away_later(&id).await?;
        } else if !app.store.knows_files(&id, kind).await? {
            let bytes = app.folders.measure_bytes(&id, kind).await.unwrap_or_default();
            app.store.adopt_files(&id, kind, bytes).await?;
            if kind == FileKind::Original {
                let discard = app.clock.now() + changes::outcome::KEEP_ERRORED;
                app.store.discard_later(&id, discard).await?;
            }
        }
        if app.stop.is_cancelled() {
            return Ok(());
        }
    }
    Ok(())
}

async fn sweep(app: &App) -> Result<(), sqlx::Error> {
    let now = app.clock.now();
    app.store.expire_uploads(now).await?;
    app.store.discard_originals(now).await?;
    for asset in app.store.stale_test_assets(now).await? {
        changes::assets::delete(app, &asset).await?;
    }
    empty_trash(app).await
}

/// Removes the files of what is gone. A file still being written (an upload that was cancelled a moment ago)
/// is asked to stop first.
async fn empty_trash(app: &App) -> Result<(), sqlx::Error> {
    for id in app.store.trash().await? {
        let _writer = app.uploads.take(&id).await;
        app.running.stop(&id).await;
        match app.folders.remove_files(&id).await {
            Ok(()) => app.store.emptied(&id).await?,
            Err(error) => tracing::warn!(%error, "files of a deleted video could not be removed yet"),
        }
    }
    Ok(())
}
