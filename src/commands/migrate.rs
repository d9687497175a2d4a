//! `yourbit-video migrate`: applies the pending migrations of the database.

use super::error::CommandError;
use super::print;
use crate::app::StartError;
use crate::config::Settings;
use crate::store::Store;

/// Applies the pending migrations ([`Store::migrate`]) and prints their number.
pub(super) async fn apply_migrations(settings: &Settings) -> Result<(), CommandError> {
    let store = Store::connect(&settings.database)
        .await
        .map_err(StartError::from)?;
    let done = store.migrate().await.map_err(StartError::from)?;
    store.close().await;
    let (kind, known, applied) = (store.kind(), done.known, done.applied);
    Ok(print::print_line(format_args!(
        "{kind}: {known} migrations known, {applied} applied now"
    ))?)
}
