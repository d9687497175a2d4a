//! What nobody asks for but time brings: late uploads, old test assets, files without an owner.

use std::time::Duration;

use super::{App, changes};

const EVERY: Duration = Duration::from_secs(2);

/// Sweeps until the provider stops.
pub(crate) async fn run(app: &App) {
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
