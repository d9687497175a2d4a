//! What nobody asks for but time brings: late uploads, old test assets, files without an owner.

use std::time::Duration;

use super::{App, changes};

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

/// Files whose upload or asset is gone: a crash between the row and the files.
async fn disown(app: &App) -> Result<(), sqlx::Error> {
    for id in app.folders.owners() {
        if !app.store.owns_files(&id).await? {
            app.store.throw_away_later(&id).await?;
        }
    }
    Ok(())
}

async fn sweep(app: &App) -> Result<(), sqlx::Error> {
    let now = app.clock.now();
    app.store.expire_uploads(now).await?;
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
        match app.folders.remove(&id).await {
            Ok(()) => app.store.emptied(&id).await?,
            Err(error) => tracing::warn!(%error, "files of a deleted video could not be removed yet"),
        }
    }
    Ok(())
}
